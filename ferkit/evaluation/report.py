"""Writes `report.html`: one page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path

from ferkit.evaluation.matrix_report import write_matrix_report
from ferkit.evaluation.page import Picture, picture, render
from ferkit.evaluation.report_facts import alerts, facts, file_table, reproduce, subtitle
from ferkit.evaluation.report_results import class_results, headline, result_notes, unreadable
from ferkit.evaluation.report_training import data_section, label_section, training_section
from ferkit.evaluation.run_folder import read_run
from ferkit.evaluation.writing import write_text

__all__ = ["write_matrix_report", "write_report"]

_CAPTIONS = {
    "splits": "Samples of each class in the splits that have labels.",
    "confusion": "Confusion matrix of the test split: each row holds the samples with one given "
    "label, as share of the row and as count.",
    "per_class": "Accuracy of each class with its 95 % interval; the dashed line is the accuracy "
    "over all samples.",
    "reliability": "How often predictions of the test split are right, by how confident they "
    "are; above the dashed line the model is too modest, below it too sure.",
    "learning_curves": "Losses and validation accuracy by epoch; dotted lines part the phases.",
    "weights": "Final weights of the training labels; where the truth is known, right and wrong "
    "labels are apart.",
    "target_confidence": "How sure the final targets are, by split.",
    "lowest_weights": "The training faces that weigh least, the lightest first.",
    "wrong_predictions": "Wrong predictions of the test split, the most confident first: given "
    "label above, prediction and its probability below.",
}
_SECTIONS = {
    "data": ("splits",),
    "classes": ("confusion", "per_class", "reliability"),
    "training": ("learning_curves",),
    "labels": ("weights", "target_confidence", "lowest_weights"),
    "errors": ("wrong_predictions",),
}


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
        "training": training_section(run.metrics),
        "labels": label_section(run.train_samples),
    }
    placed = {name: [pictures.pop(key) for key in keys if key in pictures]
              for name, keys in _SECTIONS.items()}  # fmt: skip
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
        caption = _CAPTIONS.get(path.stem, path.stem.replace("_", " ").capitalize() + ".")
        try:
            pictures[path.stem] = picture(path.read_bytes(), caption)
        except (OSError, ValueError) as error:
            broken.append(f"figures/{path.name} can't be shown ({error}).")
    return pictures, broken
