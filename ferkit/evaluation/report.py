"""Writes `report.html`: one page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path

from ferkit.evaluation.captions import CAPTIONS, SECTIONS
from ferkit.evaluation.matrix_report import write_matrix_report
from ferkit.evaluation.page import Picture, picture, render
from ferkit.evaluation.report_attention import attention_section, stability_section
from ferkit.evaluation.report_epochs import epochs_section
from ferkit.evaluation.report_expressions import expression_section
from ferkit.evaluation.report_facts import alerts, facts, file_table, reproduce, subtitle
from ferkit.evaluation.report_results import class_results, headline, result_notes, unreadable
from ferkit.evaluation.report_rounds import rounds_section
from ferkit.evaluation.report_training import data_section, label_section, training_section
from ferkit.evaluation.run_folder import read_run
from ferkit.evaluation.writing import write_text

__all__ = ["write_matrix_report", "write_report"]


def write_report(folder: Path) -> Path:
    """Write the report of a run from the files in its folder, figures included.

    What is missing is left out, and the page says so. Call `write_figures` before.

    Args:
        folder: the run folder.
    Returns: `report.html` in it.
    Raises:
        FerkitError: `folder` is not a folder.
        RunError: the page cannot be written.
    """
    run = read_run(folder)
    pictures, broken = read_pictures(folder / "figures")
    sections = {
        "data": data_section(run),
        "classes": class_results(run.results),
        "attention": attention_section(run.results),
        "stability": stability_section(run.results),
        "rounds": rounds_section(run.results),
        "training": training_section(run.metrics),
        "labels": label_section(run.train_samples),
    }
    placed = {name: [pictures.pop(key) for key in keys if key in pictures]
              for name, keys in SECTIONS.items()}  # fmt: skip
    content = {
        name: {**section, "figures": placed[name]} if section else None
        for name, section in sections.items()
    }
    # Figures whose section has nothing to say are still worth seeing.
    homeless = [one for name, section in sections.items() if not section for one in placed[name]]
    notes = run.run.get("notes")
    page = render(
        "run.html",
        {
            **content,
            "title": str(run.run.get("name") or folder.name),
            "subtitle": subtitle(run),
            "alerts": [*alerts(run), *unreadable(run.results), *broken],
            "headline": headline(run.results),
            "epochs": epochs_section(run.results),
            "expressions": expression_section(run.results),
            "notes": result_notes(run.results, notes if isinstance(notes, list) else []),
            "facts": facts(run),
            "errors": placed["errors"],
            "further_figures": [*homeless, *pictures.values()],
            "reproduce": reproduce(run),
            "files": file_table(folder),
        },
    )
    return write_text(folder / "report.html", page)


def read_pictures(folder: Path) -> tuple[dict[str, Picture], list[str]]:
    """All PNGs of a folder by name, and a sentence for each that can't be shown."""
    pictures: dict[str, Picture] = {}
    broken: list[str] = []
    if not folder.is_dir():
        return {}, ["There are no figures in this folder, so none are shown."]
    for path in sorted(folder.glob("*.png")):
        caption = CAPTIONS.get(path.stem, path.stem.replace("_", " ").capitalize() + ".")
        try:
            pictures[path.stem] = picture(path.read_bytes(), caption)
        except (OSError, ValueError) as error:
            broken.append(f"figures/{path.name} can't be shown ({error}).")
    return pictures, broken
