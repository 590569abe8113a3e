"""Published figures, paired tests and LaTeX in the tables and on the page of a matrix."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ferkit.evaluation.comparisons import Answer, Pair, compare_all
from ferkit.evaluation.latex import matrix_latex, settings_latex
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_sentences import compact_sentence
from ferkit.evaluation.matrix_table import matrix_markdown, matrix_rows, matrix_table
from ferkit.evaluation.published import INCOMPARABLE, Figures, with_paper
from ferkit.evaluation.replicates import replicate_key
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.settings_table import compact_cells, compact_markdown, settings_tables
from ferkit.evaluation.wording import UNKNOWN
from ferkit.running.matrix_comparisons import with_tests

ABOUT = {"source": "Doe et al. 2020, Table 1", "metric": "accuracy", "comparable": True}
STARS = "p < 0.05 (two-sided exact sign-flip test over samples; Holm over 2 comparisons). "


def results(accuracy: float) -> dict[str, Any]:
    return {
        "test": {
            "accuracy": {"value": accuracy},
            "mean_class_accuracy": {"value": accuracy - 0.1},
        }
    }


def answers(right: str) -> dict[str, Answer]:
    return {str(place): Answer("happy", one == "1", "") for place, one in enumerate(right)}


def pairs_of(setting: str = "") -> dict[str, Any]:
    old = {"0": answers("000000000000")}
    pairs = [("better_50%", "111111111111"), ("same", "100000000000")]
    return compare_all(
        Pair(setting, variant, "plain", {"0": answers(right)}, old) for variant, right in pairs
    )


def summary(*, folds: int = 0, tested: bool = True, paper: bool = True, setting: str = "") -> Any:
    keys = [replicate_key(0, fold) for fold in range(folds)] or ["0", "1", "2"]
    starts = {"plain": 0.5, "better_50%": 0.7, "same": 0.51}
    runs = {
        name: {key: results(start + 0.01 * place) for place, key in enumerate(keys)}
        for name, start in starts.items()
    }
    made = summarise_matrix(runs, baseline="plain", metric="accuracy")
    if tested:
        made = with_tests(made, pairs_of(setting), setting)
    if paper:
        about = {**ABOUT, "note": ""}
        figures = {"plain": 0.4, "better_50%": 0.7344}
        made = with_paper(made, about, figures=figures, models={"SCN & co_(2020)": 0.85})
    return made


def printed(*tables: Any, width: int) -> str:
    file = io.StringIO()
    console = Console(width=width, file=file, legacy_windows=False)
    console.print(*tables)
    return file.getvalue()


def test_ours_stands_beside_the_papers_figure() -> None:
    made = summary()
    paper = made["variants"]["better_50%"]["paper"]
    # Ours is 71 %, the mean of 70, 71 and 72.
    assert (paper["value"], paper["ours"]) == pytest.approx((0.7344, 0.71))
    assert paper["difference"] == pytest.approx(-0.0244)
    assert "paper" not in made["variants"]["same"]
    columns, rows = matrix_rows(made)
    assert columns[5:10] == [
        "gain over plain, points",
        "95 % interval of the gain",
        "p, Holm over 2",
        "paper",
        "ours less paper's, points",
    ]
    assert rows[1][5] == "+20.0 ± 0.0 *"
    assert rows[1][7:10] == ["< 0.001", "73.44 %", "\N{MINUS SIGN}2.44"]
    assert rows[2][5:10] == ["+1.0 ± 0.0", UNKNOWN, "1.00", UNKNOWN, UNKNOWN]
    assert rows[3][:3] == ["SCN & co_(2020)", "published", UNKNOWN]
    assert rows[3][8] == "85.00 %"
    assert {len(row) for row in rows} == {len(columns)}


def test_the_papers_metric_may_be_another() -> None:
    about = {**ABOUT, "metric": "mean_class_accuracy", "note": ""}
    made = with_paper(summary(paper=False), about, figures={"plain": 0.5}, models={})
    assert made["variants"]["plain"]["paper"]["difference"] == pytest.approx(-0.09)
    assert "our mean per-class accuracy is meant." in matrix_markdown(made)
    lacking = with_paper(made, {**about, "metric": "macro_f1"}, figures={"plain": 0.5}, models={})
    assert lacking["variants"]["plain"]["paper"]["difference"] is None
    assert f"50.00 % | {UNKNOWN} |" in matrix_markdown(lacking)


def several_metrics() -> Any:
    return with_paper(
        summary(paper=False, setting="s"),
        {**ABOUT, "note": ""},
        figures={"plain": 0.4},
        models={"SCN": 0.85},
        further={"mean_class_accuracy": Figures({"plain": 0.45, "same": 0.4}, {"SCN": 0.8})},
    )


def test_figures_of_several_metrics_have_columns_of_their_own(tmp_path: Path) -> None:
    made = several_metrics()
    # Ours: accuracy 51 %, mean per-class accuracy 41 %.
    papers = made["variants"]["plain"]["papers"]["mean_class_accuracy"]
    assert (papers["ours"], papers["difference"]) == pytest.approx((0.41, -0.04))
    columns, rows = matrix_rows(made)
    name = "mean per-class accuracy"
    wanted = ["paper: accuracy", "ours: accuracy", "difference: accuracy, points"]
    wanted += [f"paper: {name}", f"ours: {name}", f"difference: {name}, points"]
    assert columns[8:14] == wanted
    assert rows[0][8:14] == [
        "40.00 %",
        "51.00 %",
        "+11.00",
        "45.00 %",
        "41.00 %",
        "\N{MINUS SIGN}4.00",
    ]
    assert rows[2][8:12] == [UNKNOWN, UNKNOWN, UNKNOWN, "40.00 %"]
    assert (rows[3][8], rows[3][11]) == ("85.00 %", "80.00 %")
    assert {len(row) for row in rows} == {len(columns)}
    said = "Paper: accuracy and mean per-class accuracy as published (Doe et al. 2020, Table 1)"
    assert said in matrix_markdown(made)
    text = printed(matrix_table(made), width=80)
    assert max(map(len, text.splitlines())) <= 80
    for part in ("40.00", "(+11.00)", "45.00", "(\N{MINUS SIGN}4.00)"):
        assert part in text
    cell = compact_cells({"s": made})["s"]["plain"]
    assert cell.paper == "paper 40.00 (+11.00)"
    assert cell.further == "per class: paper 45.00, ours 41.00 (\N{MINUS SIGN}4.00)"
    assert compact_cells({"s": made})["s"]["SCN, published"].lines == ["85.00", "per class 80.00"]
    first, _, _, model = csv.DictReader(io.StringIO(matrix_csv(made)))
    assert (first["paper"], first["paper_metric"]) == ("0.400000", "accuracy")
    assert (first["paper_accuracy"], first["ours_less_paper_accuracy"]) == ("0.400000", "0.110000")
    assert first["paper_mean_class_accuracy"] == "0.450000"
    assert first["ours_less_paper_mean_class_accuracy"] == "-0.040000"
    assert (model["paper"], model["paper_mean_class_accuracy"]) == ("0.850000", "0.800000")
    assert ">45.00 %</td>" in write_page(tmp_path, {"name": "m", "summary": made})
    assert r"per class: paper 45.00, ours 41.00 ($-$4.00)" in settings_latex({"s": made})


def test_markdown_of_published_figures_is_escaped() -> None:
    about = {**ABOUT, "source": "Doe *et al.*", "note": "see <b>it</b>"}
    made = with_paper(summary(paper=False), about, figures={"plain": 0.5}, models={})
    for text in (matrix_markdown(made), compact_markdown({"s": made})):
        assert r"as published (Doe \*et al.\*)" in text
        assert r"See \<b>it\</b>." in text


def test_what_cannot_be_compared_says_so() -> None:
    about = {**ABOUT, "comparable": False, "note": "Ours are rendered faces"}
    made = with_paper(summary(paper=False), about, figures={"plain": 0.5}, models={"SCN": 0.8})
    said = matrix_markdown(made)
    assert "Paper: accuracy as published (Doe et al. 2020, Table 1), and ours less the" in said
    assert "Published: accuracy of models that were not run here" in said
    assert f"{INCOMPARABLE} Ours are rendered faces.\n" in said


def test_the_mark_is_explained_where_it_stands() -> None:
    assert STARS in matrix_markdown(summary())
    assert "| +20.0 ± 0.0 \\* |" in matrix_markdown(summary())
    assert "differs from" not in matrix_markdown(summary(tested=False))
    assert STARS in compact_sentence({"s": summary(setting="s")})


def test_compact_cells_hold_everything() -> None:
    made = {"s": summary(setting="s")}
    cells = compact_cells(made)["s"]
    assert cells["better_50%"].lines == [
        "71.0 ± 1.0",
        "[68.5, 73.5]",
        "+20.0 [\N{EN DASH}] *",
        "paper 73.44 (\N{MINUS SIGN}2.44)",
    ]
    assert cells["SCN & co_(2020), published"].lines == ["85.00"]
    assert "| 85.00 |" in compact_markdown(made)
    for width in (60, 100):
        text = printed(*settings_tables(made, width=width), width=width)
        assert max(map(len, text.splitlines())) <= width
        for part in ("71.0 ± 1.0", "+20.0 [\N{EN DASH}] *", "85.00", "published"):
            assert part in text


def test_the_console_table_stays_within_80_columns() -> None:
    text = printed(matrix_table(summary()), width=80)
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for part in ("71.0 ± 1.0", "+20.0 *", "73.44", "(\N{MINUS SIGN}2.44)", "85.00", "Holm over 2"):
        assert part in words


def test_csv_has_p_values_and_published_figures() -> None:
    rows = list(csv.DictReader(io.StringIO(matrix_csv(summary()))))
    assert [row["variant"] for row in rows][3] == "SCN & co_(2020)"
    better = rows[1]
    assert float(better["p"]) == pytest.approx(2 / 2**12, rel=1e-5)
    assert float(better["p_holm"]) == pytest.approx(4 / 2**12, rel=1e-5)
    assert (better["test_n"], better["test_units"]) == ("12", "12")
    assert better["test"] == "exact sign-flip test over samples, two-sided"
    assert (better["paper"], better["ours_less_paper"]) == ("0.734400", "-0.024400")
    assert (rows[0]["p"], rows[2]["paper"], rows[3]["n"]) == ("", "", "")
    assert (rows[3]["paper"], rows[3]["paper_source"]) == ("0.850000", ABOUT["source"])
    assert better["seed_1"] == "0.710000"
    axes = {"s": {"loop.tau": 0.6}, "t": {"loop.tau": 0.9}}
    found = {"s": summary(setting="s"), "t": summary(tested=False)}
    long = list(csv.DictReader(io.StringIO(settings_csv(found, axes=axes))))
    assert list(long[0])[:3] == ["setting", "loop.tau", "variant"]
    assert [row["loop.tau"] for row in long] == ["0.600000"] * 4 + ["0.900000"] * 4
    assert [row["method"] for row in long].count("published") == 2
    assert [row["p"] != "" for row in long] == [False, True, True] + [False] * 5


def test_folds_are_called_folds() -> None:
    made = summary(folds=3)
    columns, rows = matrix_rows(made)
    assert (columns[1], rows[0][1]) == ("folds", "3")
    assert "95 % interval over folds, corrected for shared training data" in compact_sentence(
        {"s": made}
    )
    assert "paired by fold" in compact_sentence({"s": made})
    row = next(csv.DictReader(io.StringIO(matrix_csv(made))))
    assert row["seed_0_fold_2"] == "0.520000"


def checked(text: str) -> list[str]:
    """Bodies of the tables, after a look at their structure."""
    begun, ended = re.findall(r"\\begin{(\w+)}", text), re.findall(r"\\end{(\w+)}", text)
    assert begun == ["table", "adjustbox", "tabular"] * (len(begun) // 3)
    assert ended == ["tabular", "adjustbox", "table"] * (len(begun) // 3)
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(f"\\{rule}\n") == len(begun) // 3
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    for line in text.splitlines():
        shown = re.sub(r"\\[%&_#$]", "", line)
        assert not re.search("[%_#^~<>|\N{EN DASH}\N{MINUS SIGN}±]", shown) or line[0] == "%", line
    bodies = re.findall(r"\\begin{tabular}{(l r*)}(.*?)\\end{tabular}".replace(" ", ""), text, re.S)
    for spec, body in bodies:
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(spec) - 1}
    return [body for _, body in bodies]


def test_latex_of_a_matrix() -> None:
    text = matrix_latex(summary())
    (body,) = checked(text)
    assert (
        r"better\_50\% & 3 & 71.0 \% & 1.0 & 68.5 to 73.5 & +20.0 $\pm$ 0.0\textsuperscript{*}"
        in body
    )
    assert r"SCN \& co\_(2020) & published" in body
    assert r"\caption{Accuracy on test. Intervals" in text
    assert r"\caption{Mind this." in matrix_latex(summary(), warning="Mind this.")


def test_latex_of_settings() -> None:
    made = {"a_1": summary(setting="a_1"), "b": summary(tested=False, paper=False)}
    compact, long = checked(settings_latex(made))
    rows = compact.splitlines()
    assert r"setting & plain & better\_50\% & same & SCN \& co\_(2020), published \\" in rows
    assert r"a\_1 & 51.0 $\pm$ 1.0 & \textbf{71.0 $\pm$ 1.0} & 52.0 $\pm$ 1.0 & 85.00 \\" in rows
    assert any(row.startswith(r" & {\footnotesize {[}48.5, 53.5{]}} &") for row in rows)
    assert any(r"{\footnotesize paper 73.44 ($-$2.44)}" in row for row in rows)
    assert sum(row.endswith(r"\\") for row in long.splitlines()) == 1 + 4 + 3
    assert "Bold: the highest mean of a row" in settings_latex(made)


def write_page(folder: Path, state: dict[str, Any]) -> str:
    (folder / "matrix.json").write_text(json.dumps(state))
    return write_matrix_report(folder).read_text(encoding="utf-8")


def test_the_page_has_tests_and_published_figures(tmp_path: Path) -> None:
    paper = {**ABOUT, "comparable": False, "note": "Ours are rendered faces."}
    state = {
        "name": "m",
        "matrix": {"paper": paper},
        "summary": summary(),
        "tests": pairs_of(),
        "runs": [{"variant": "plain", "seed": 0, "fold": 2, "folder": "plain/seed0-fold2"}],
    }
    page = write_page(tmp_path, state)
    assert f'<p class="note">{INCOMPARABLE.replace(chr(39), "&#39;")} Ours are rendered' in page
    assert "<h2>Paired tests</h2>" in page
    assert ">p, Holm</th>" in page
    assert "corrected for 2 comparisons" in page
    assert ">0, fold 2</td>" in page
    assert ">73.44 %</td>" in page
    assert re.search(r'class="name">SCN &amp; co_\(2020\)</th>', page)
    assert "Paired tests" not in write_page(tmp_path, {"name": "m", "summary": summary()})


def test_the_page_tells_why_something_was_not_tested(tmp_path: Path) -> None:
    none = compare_all([Pair("s", "new", "plain", {}, {}, without=["0", "1"])])
    made = with_tests(summary(paper=False, tested=False), none, "s")
    page = write_page(tmp_path, {"name": "m", "settings": {"s": made}, "tests": none})
    assert "not tested: predictions are missing; left out: runs without readable" in page
    assert ">s/new</th>" in page
    assert "sign-flip test over" not in page
