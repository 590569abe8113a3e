"""The student's network of a recipe (B16)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.model.face_model import FaceModel
from ferkit.running.initial import initial_weights
from ferkit.sections import ModelSection, StudentSection
from ferkit.training.job import Blueprint

if TYPE_CHECKING:
    from ferkit.sections import Recipe

WEIGHTLESS = {"dropout", "penalty", "frames"}
"""Settings of a model that its weights do not depend on."""


def student_of(
    recipe: Recipe, build: Callable[[ModelSection], FaceModel], *, init_is_first: bool = False
) -> Blueprint | None:
    """The network that the section `student` describes; None where it says nothing.

    Args:
        build: makes a network from its section.
        init_is_first: the recipe's `init` is the loop's first model, so nobody starts from it.
    Raises: FerkitError: no run or weights where `student.init` points.
    """
    student = recipe.student
    if student == StudentSection():
        return None
    section = student.model or recipe.model
    if student.dropout is not None:
        section = section.model_copy(update={"dropout": student.dropout})
    return Blueprint(section, lambda: build(section), _init(recipe, section, init_is_first))


def _init(recipe: Recipe, section: ModelSection, init_is_first: bool) -> Path | None:
    """Weights of its own, or the model's where both are alike."""
    if recipe.student.init is not None:
        return initial_weights(recipe.student.init, where="student.init")
    if init_is_first:
        return None
    one, other = (each.model_dump(exclude=WEIGHTLESS) for each in (recipe.model, section))
    return initial_weights(recipe.init) if one == other else None
