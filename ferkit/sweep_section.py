"""The section `sweep` of a recipe, as a pydantic model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ferkit.section import Section

Metric = Literal["loss", "accuracy", "mean_class_accuracy", "macro_f1"]
PrunedBy = Literal["none", "median", "hyperband"]
Number = Annotated[int, Strict()] | Annotated[float, Strict()]


class _NameAlone:
    """Lets the name of a way of pruning alone stand for a mapping with it in `by`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_written_out, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": ["none", "median", "hyperband"]}, handler(schema)]}


def _written_out(given: Any) -> Any:
    return {"by": given} if isinstance(given, str) else given


class PruningSection(Section):
    """When a trial that does worse than others is ended early."""

    by: PrunedBy = Field(
        "none",
        description="none: every trial is finished. median: a trial is ended where its best epoch "
        "so far is worse than the median of the finished trials at the same epoch. hyperband: "
        "trials are thinned out in rungs, of which each lets one of `reduction` go on",
    )
    startup_trials: int = Field(
        5, ge=0, description="median: so many trials are finished before any is ended"
    )
    warmup_epochs: int = Field(
        5, ge=1, description="no trial is ended before it has had so many epochs"
    )
    every: int = Field(1, ge=1, description="median: look at every so many epochs")
    epochs: int | None = Field(
        None, ge=1, description="hyperband: epochs of a whole trial; null: of the first finished"
    )
    reduction: int = Field(3, ge=2, description="hyperband: one of so many trials goes on")


class RangeSection(Section):
    """Numbers from low to high, both included."""

    low: Number = Field(description="the least value")
    high: Number = Field(description="the largest value")
    log: bool = Field(False, strict=True, description="drawn evenly over the logarithm")
    step: Number | None = Field(
        None, gt=0, description="low, low + step, ... are drawn; null: anything between"
    )


class ChoicesSection(Section):
    """Values of which one is taken."""

    choices: list[Any] | dict[str, Any] = Field(
        description="a list of values, or a mapping: name -> value"
    )


class SweepSection(Section):
    """A search over ranges of a recipe's values, by `ferkit sweep`.

    A key of `space` names a value of the recipe, as `--set` does. Below it stand `low` and `high`
    (and `log`, `step`), or a list of choices, or `choices` with a list or with a mapping of names
    to values. Numbers written without a decimal point are drawn as whole numbers. A choice that is
    a mapping is laid over what the recipe has there.
    """

    space: dict[str, Any] = Field(description="key of the recipe -> a range or choices")
    trials: int | None = Field(
        None, ge=1, description="how many are tried; null: 30, and by `grid` all"
    )
    seed: int = Field(0, ge=0, description="of the search; the same seed draws the same trials")
    seeds: tuple[int, ...] = Field(
        (0,), min_length=1, description="of the runs of a trial, whose value is the mean over them"
    )
    metric: Metric = Field(
        "accuracy", description="of the validation split; the test split is not looked at"
    )
    sampler: Literal["tpe", "random", "grid"] = Field(
        "tpe",
        description="tpe: learns from the trials before. random: at random. grid: all combinations",
    )
    pruning: Annotated[PruningSection, _NameAlone()] = Field(
        default_factory=PruningSection, description="its name alone, or with parameters"
    )
    keep: Literal["best", "all"] = Field(
        "best", description="whose weights stay on the disk: those of the best trial, or all"
    )
