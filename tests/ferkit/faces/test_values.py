"""Parameters as plain values, whatever aliases and exclusions their models have."""

from __future__ import annotations

import pickle
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices, ConfigDict, Field, ValidationError, computed_field, create_model

from ferkit.faces.values import own_params, plain_values
from ferkit.plugin import Params


class Shape(Enum):
    ROUND = "round"


class Inner(Params):
    depth: float = Field(3, alias="d")
    hidden: float = Field(4, exclude=True)


class Odd(Params):
    """What a plugin may declare."""

    a: int = Field(1, alias="b")
    width: float = Field(2, validation_alias=AliasChoices("w", "wide"), serialization_alias="W")
    secret: float = Field(5, exclude=True)
    file: Path = Path("net.pt")
    shape: Shape = Shape.ROUND
    inner: Inner = Inner()
    several: tuple[Inner, ...] = (Inner(),)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> float:
        return self.width**2


USUAL = {
    "a": 1,
    "width": 2.0,
    "secret": 5.0,
    "file": "net.pt",
    "shape": "round",
    "inner": {"depth": 3.0, "hidden": 4.0},
    "several": [{"depth": 3.0}],
}


def as_text(values: dict[str, Any]) -> str:
    return repr(sorted(values.items()))


def test_names_of_fields_and_values_of_their_types() -> None:
    assert as_text(plain_values(Odd())) == as_text(USUAL), "2.0 and not 2"
    given = Odd.model_validate({"b": 1, "wide": 2, "secret": 5, "inner": {"d": 3, "hidden": 4}})
    assert as_text(plain_values(given)) == as_text(USUAL)


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"b": 7}, {"a": 7}),
        ({"w": 7}, {"width": 7.0}),
        ({"secret": 7}, {"secret": 7.0}),
        ({"inner": {"d": 7}}, {"inner": {"depth": 7.0, "hidden": 4.0}}),
        ({"inner": {"hidden": 7}}, {"inner": {"depth": 3.0, "hidden": 7.0}}),
        ({"several": [{"d": 7}]}, {"several": [{"depth": 7.0}]}),
    ],
)
def test_each_value_counts(given: dict[str, Any], changed: dict[str, Any]) -> None:
    assert plain_values(Odd.model_validate(given)) == USUAL | changed


def test_the_models_own_names_stay_as_they_were() -> None:
    plain_values(Odd())
    with pytest.raises(ValidationError):
        Odd.model_validate({"a": 1})


def test_more_than_the_model_declares_counts() -> None:
    class Open(Params):
        model_config = ConfigDict(extra="allow")
        size: float = 1

    assert plain_values(Open.model_validate({"more": 3})) == {"size": 1.0, "more": 3}


class Crossed(Params):
    """The alias of one field is the name of the other."""

    first: int = Field(1, alias="second")
    second: int = Field(2, alias="third")


def test_a_recipes_values_go_into_the_models_own_class() -> None:
    def derived(model: type[Params]) -> type[Params]:
        return create_model(model.__name__, __base__=model, use=(str, ...))

    odd = derived(Odd).model_validate({"use": "odd", "b": 7, "w": 8, "secret": 9})
    own = own_params(odd, Odd)
    assert own == Odd.model_validate({"b": 7, "w": 8, "secret": 9})
    assert own.model_fields_set == {"a", "width", "secret"}
    assert pickle.loads(pickle.dumps(own)) == own
    crossed = derived(Crossed).model_validate({"use": "x", "second": 3, "third": 4})
    assert own_params(crossed, Crossed) == Crossed.model_validate({"second": 3, "third": 4})
