from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ferkit.sections import DataSection


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"labels": 5, "labels_per_class": 2}, "data.labels and data.labels_per_class both say"),
        ({"labels_per_class": 5, "labels_fraction": 0.2}, "data.labels_fraction both say"),
        ({"labels_fraction": 0.0}, "greater than 0"),
        ({"labels_per_class": {"happy": 0}}, "greater than or equal to 1"),
        ({"split": {"folds": 1}}, "greater than or equal to 2"),
        ({"split": {"folds": "people"}}, "'subject'"),
        ({"split": {"folds": 5, "fold": 5}}, "5 folds, numbered from 0 to 4, and 5 is none"),
        ({"split": {"fold": 1}}, "there are no folds"),
        ({"split": {"folds": "subject", "by": "stratified"}}, "goes with `by: subject`"),
        ({"split": {"folds": 5}, "test": "x"}, "data.split.folds and data.test both say"),
        ({"reported": "validation", "test": "x"}, "does not go with data.test"),
        ({"reported": "validation", "split": {"folds": 2}}, "does not go with data.split.folds"),
        ({"reported": "validation", "split": {"given": "pool"}}, "with data.split.given: pool"),
        ({"noise": {"rate": 1.0}}, "less than 1"),
    ],
)
def test_what_contradicts_itself_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataSection(train=None, **data)


def test_which_recipes_hide_labels() -> None:
    def hides(**data: Any) -> bool:
        return DataSection(train=None, **data).hides_labels

    assert hides(labels=1)
    assert hides(labels_per_class=3)
    assert hides(labels_per_class={"happy": 3})
    assert hides(labels_fraction=0.5)
    assert not hides(labels_fraction=1.0)
    assert not hides()
