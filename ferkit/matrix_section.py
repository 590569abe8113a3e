"""The section `matrix` of a recipe, as a pydantic model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from ferkit.paper_section import PaperSection
from ferkit.sections import Section
from ferkit.table_section import TableSection


class MatrixSection(Section):
    """Several runs of one recipe and a table over them.

    `first` and each of `variants` are recipe fragments laid over the rest of the recipe
    (mappings merge, anything else replaces); with `settings` or `axes`, over the recipe with each
    setting, or each combination of the axes' values, laid over it.
    """

    variants: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="name -> overrides; may be left out where there are axes, settings, folds or "
        "several seeds",
    )
    seeds: tuple[int, ...] = Field(
        (0,), min_length=1, description="of the runs: every variant is run with each of them"
    )
    folds: int | tuple[int, ...] | dict[str, int | tuple[int, ...]] | None = Field(
        None,
        description="cross-validation: one run for each fold. A number: so many, which sets "
        "data.split.folds where the recipe does not; a list: these of data.split.folds; a "
        "mapping: either by setting, and settings that it does not name have no folds",
    )
    settings: dict[str, dict[str, Any]] | None = Field(
        None, description="outer axis: name -> overrides below those of `first` and `variants`"
    )
    axes: dict[str, Any] | None = Field(
        None,
        description="dotted key of the recipe -> its values, as a list or by short names; or a "
        "free name -> short names -> overrides. Every combination is a setting",
    )
    exclude: tuple[dict[str, Any], ...] = Field(
        (), description="combinations left out: axis, `setting` or `variant` -> value or list"
    )
    include: tuple[dict[str, Any], ...] = Field(
        (), description="combinations added: axis -> value, for all axes; may name `variant`"
    )
    pretrain: dict[str, Any] | None = Field(
        None,
        description="overrides, without any setting, of a model trained once, with the first seed; "
        "`first`, or without it the variants, start from it",
    )
    not_pretrained: tuple[str, ...] = Field(
        (), description="settings that do not start from `pretrain`"
    )
    first: dict[str, Any] | None = Field(
        None, description="overrides of a model trained once per seed, from which variants start"
    )
    from_scratch: tuple[str, ...] = Field((), description="variants that do not start from `first`")
    baseline: str | None = Field(None, description="paired differences are to this variant")
    metric: Literal["accuracy", "mean_class_accuracy", "macro_f1"] = "accuracy"
    compare: Literal["baseline", "all"] = Field(
        "baseline",
        description="which variants of a setting are tested on the same samples: each against the "
        "baseline, or every two",
    )
    paper: PaperSection | None = Field(None, description="published figures beside ours")
    table: TableSection | None = Field(
        None, description="lays the compact table out by two axes; null: a row per combination"
    )

    def omitted(self) -> frozenset[tuple[str | None, str]]:
        """Setting and variant of what is not run."""
        return frozenset()

    def axis_values(self) -> Mapping[str, Mapping[str, Any]]:
        """Setting -> axis -> the value that tables show; {} without axes."""
        return {}

    def as_given(self) -> MatrixSection:
        """The matrix as a recipe has it."""
        return self

    def folds_of(self, setting: str | None) -> int | tuple[int, ...] | None:
        """What `folds` says of a setting."""
        if isinstance(self.folds, dict):
            return self.folds.get(setting or "")
        return self.folds

    def fold_numbers(self, setting: str | None = None) -> tuple[int | None, ...]:
        """The folds that are run in a setting; None alone where there is no cross-validation."""
        folds = self.folds_of(setting)
        if folds is None:
            return (None,)
        return tuple(range(folds)) if isinstance(folds, int) else folds
