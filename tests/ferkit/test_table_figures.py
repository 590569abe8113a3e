"""The published figures in the recipes of the papers' tables, against the papers' text.

The numbers below were typed from the papers, table by table, not from the recipes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import ferkit

FOLDER = Path(ferkit.__file__).parent / "recipes" / "tables"

TABLE_I = """
           none   st     sw     st_sw
ck_plus    99.19  99.19  99.27  99.43
rafd       99.29  99.5   99.49  99.71
raf_db     83.44  83.6   83.83  84.61
affectnet  55.48  56.62  57.31  57.37
"""
TABLE_II = """
           own_test  ck_plus  rafd
raf_db     84.61     84.81    84.94
affectnet  57.37     61.54    62.25
"""
TABLE_III = {
    "none": """
               ck_plus  rafd   raf_db  affectnet
    ck_plus    -        75.83  46.15   38.56
    rafd       80.9     -      48.34   39.75
    raf_db     72.49    70.5   -       42.2
    affectnet  82.92    84.79  63.03   -
    """,
    "st": """
               ck_plus  rafd   raf_db  affectnet
    ck_plus    -        76.04  45.79   38.82
    rafd       82.76    -      48.96   40.58
    raf_db     71.35    84.86  -       43.17
    affectnet  86.48    92.18  64.73   -
    """,
    "st_sw": """
               ck_plus  rafd   raf_db  affectnet
    ck_plus    -        86.56  48.45   39.87
    rafd       87.54    -      49.54   41.63
    raf_db     73.26    91.61  -       44.08
    affectnet  87.37    94.02  64.65   -
    """,
}
TABLES_IV_TO_VI = {
    "LOMo": {"ck_plus": 95.1},
    "IACNN": {"ck_plus": 95.37},
    "BDBN, 6 classes, 8 folds": {"ck_plus": 96.7},
    "DTAGN": {"ck_plus": 97.25},
    "PPDN, 6 classes": {"ck_plus": 97.3},
    "Facenet2expnet, 6 classes": {"ck_plus": 98.6},
    "PPDN": {"ck_plus": 99.3},
    "BAE-BNN-3": {"rafd": 96.93},
    "TLCNN+FOS": {"rafd": 97.75},
    "Carcagni et al.": {"rafd": 98.5},
    "CAKE": {"raf_db": 68.9, "affectnet": 58.1},
    "DLP-CNN": {"raf_db": 74.2},
    "Vielzeuf et al.": {"raf_db": 80},
    "PG-CNN": {"raf_db": 83.27, "affectnet": 55.33},
    "IPA2LT, trained on RAF and AffectNet": {"raf_db": 86.77, "affectnet": 57.31},
    "AlexNet": {"affectnet": 58},
}

AFEW = {
    "CNN-RNN (2016)": 45.43,
    "DSN-HoloNet (2017)": 46.47,
    "DSN-VGGFace (2018)": 48.04,
    "VGG-Face + LSTM (2017)": 48.6,
    "VGG-Face (2019)": 49,
    "ResNet-18 (2018)": 49.7,
    "FAN (2019)": 51.18,
    "DenseNet-161 (2018)": 51.44,
    "VGG-Face + BLSTM (2018)": 53.91,
}
CK_PLUS = {
    "LOMo (2016)": 92,
    "CNN + Island Loss (2018)": 94.35,
    "FAN, fusion (2019)": 94.8,
    "Hierarchical DNN (2019)": 96.46,
    "DTAGN (2015)": 97.25,
    "MDSTFN (2019)": 98.38,
    "Compact CNN (2018)": 98.47,
    "ST Network (2017)": 98.47,
    "FAN (2019)": 99.69,
}
OURS_AFEW = {"without_iterations": 52.49, "with_iterations": 55.17}
OURS_CK_PLUS = {"without_iterations": 98.77, "with_iterations": 99.69}
COMPONENTS = {
    "baseline": 47.5,
    "preprocessing": 48.3,
    "all_blocks": 49.3,
    "spatial_attention": 50.3,
    "regions": 51.2,
    "channel_attention": 51.7,
    "frame_attention": 52.5,
    "iterations": 55.2,
}
ITERATIONS = [52.5, 53.5, 54.6, 54.9, 55.2]
STUDENTS = {
    "student_18": [52.5, 53.5, 54.6, 54.9, 55.2, 55.2],
    "student_34": [52.5, 53.5, 54.5, 54.8, 55.2, 55.2],
}
VGG_16, RESNET_18, DENSENET_161 = (15.5, 138.4), (1.81, 11.7), (7.73, 28.7)
"""10^9 multiply-adds of a frame of 224 px, 10^6 parameters. Fig. 7 estimates costs by the backbone
as well; its text gives no number."""


def grid(text: str) -> dict[str, dict[str, float]]:
    """Row -> column -> figure; "-" is none."""
    head, *rows = (line.split() for line in text.strip().splitlines())
    cells = {name: dict(zip(head, figures, strict=True)) for name, *figures in rows}
    return {
        name: {column: float(figure) for column, figure in row.items() if figure != "-"}
        for name, row in cells.items()
    }


def figures_of(name: str) -> dict[str, Any]:
    """`matrix.paper` of a recipe and of its twin without the words, which are the same figures."""
    real, twin = (
        yaml.safe_load((FOLDER / f"{each}.yaml").read_text(encoding="utf-8"))["matrix"]["paper"]
        for each in (name, f"{name}_rendered")
    )
    words = ("source", "comparable", "note")
    figures = {key: value for key, value in real.items() if key not in words}
    assert figures == {key: value for key, value in twin.items() if key not in words}, name
    return figures


def test_table_i_of_paper_a_and_the_published_rows_of_tables_iv_to_vi() -> None:
    assert figures_of("a_table_1") == {"cells": grid(TABLE_I), "rows": TABLES_IV_TO_VI}


def test_table_ii_of_paper_a() -> None:
    cells = {
        f"{data}-{source}": {"st_sw": figure}
        for data, row in grid(TABLE_II).items()
        for source, figure in row.items()
    }
    assert figures_of("a_table_2") == {"cells": cells}


def test_table_iii_of_paper_a() -> None:
    cells: dict[str, dict[str, float]] = {}
    for variant, text in TABLE_III.items():
        for train, row in grid(text).items():
            for test, figure in row.items():
                cells.setdefault(f"{train}-{test}-transductive", {})[variant] = figure
    assert sum(map(len, cells.values())) == 36
    assert figures_of("a_table_3") == {"cells": cells}


def test_table_1_of_paper_b() -> None:
    rows: dict[str, dict[str, float]] = {}
    for setting, column in (("afew", AFEW), ("ck_plus", CK_PLUS)):
        for model, figure in column.items():
            rows.setdefault(model, {})[setting] = figure
    cells = {"afew": OURS_AFEW, "ck_plus": OURS_CK_PLUS}
    assert figures_of("b_table_1") == {"cells": cells, "rows": rows}


def test_table_2_of_paper_b() -> None:
    assert figures_of("b_table_2_components") == {
        "cells": {name: {"ours": figure} for name, figure in COMPONENTS.items()},
        "rounds": {"iterations": {"ours": ITERATIONS}},
    }
    assert figures_of("b_table_2_students") == {
        "cells": {name: rounds[-1] for name, rounds in STUDENTS.items()},
        "rounds": STUDENTS,
    }


def test_figures_5_to_7_of_paper_b() -> None:
    assert figures_of("b_fig_5") == {
        "cells": {"eyes": {"ours": 35.02}, "mouth": {"ours": 36.8}, "all": {"ours": 52.5}},
        "further": {"macro_f1": {"cells": {"eyes": {"ours": 29}, "mouth": {"ours": 32}}}},
    }
    assert figures_of("b_fig_6") == {"cells": {"student": 55.17, "no_noise": 53.5}}
    costs = {
        "DSN-VGGFace (2018)": VGG_16,
        "VGG-Face + LSTM (2017)": VGG_16,
        "VGG-Face (2019)": VGG_16,
        "VGG-Face + BLSTM (2018)": VGG_16,
        "ResNet-18 (2018)": RESNET_18,
        "DenseNet-161 (2018)": DENSENET_161,
    }
    assert figures_of("b_fig_7") == {
        "cells": {"ours_18": OURS_AFEW},
        "rows": {name: {"ours_18": figure} for name, figure in AFEW.items()},
        "costs": {
            name: {"gflops": gflops, "parameters": parameters}
            for name, (gflops, parameters) in costs.items()
        },
    }
