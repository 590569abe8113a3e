"""The section `matrix` of a recipe, as a pydantic model."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ferkit.paper_section import PaperSection
from ferkit.sections import Section


class MatrixSection(Section):
    """Several runs of one recipe and a table over them.

    `first` and each of `variants` are recipe fragments laid over the rest of the recipe
    (mappings merge, anything else replaces); with `settings`, over the recipe with each setting
    laid over it.
    """

    variants: dict[str, dict[str, Any]] = Field(description="name -> overrides")
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    settings: dict[str, dict[str, Any]] | None = Field(
        None, description="outer axis: name -> overrides below those of `first` and `variants`"
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
