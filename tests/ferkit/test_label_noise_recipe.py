"""The recipe of a robustness table: four rates of wrong labels, two methods, three seeds."""

from __future__ import annotations

from pathlib import Path

from ferkit.catalogue import catalogue
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import models_for, read_recipe, validate
from ferkit.running.assemble import read_data
from ferkit.running.plan import plan_runs, run_document

RATES = {"clean": 0.0, "wrong10": 0.1, "wrong20": 0.2, "wrong30": 0.3}


def test_every_rate_is_trained_on_by_both_methods(tmp_path: Path) -> None:
    components = catalogue(load())
    read = read_recipe("label_noise", catalogue=components, look=True)
    assert read.matrix is not None
    runs = plan_runs(read.matrix)
    assert len(runs) == 24
    assert {run.seed for run in runs} == {0, 1, 2}
    models = models_for(read.document, components)
    met = set()
    for run in {run.cell: run for run in runs}.values():
        document = run_document(read.document, read.matrix, run, name=read.name, root=tmp_path)
        recipe = validate(document, catalogue=components, folder=read.folder, models=models)
        assert recipe.data.noise is not None
        assert recipe.data.noise.rate == RATES[str(run.setting)]
        assert recipe.loop.keep == "last"
        weightings = [one.use for one in recipe.labelled.weightings]
        assert weightings == ([] if run.variant == "supervised" else ["elr"])
        met.add((run.setting, run.variant))
    assert len(met) == 8
    sets = read_data(recipe, components, Context())
    assert {name: len(one.samples) for name, one in sets.items()} == {"train": 560, "test": 420}
