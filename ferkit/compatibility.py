"""Refuses, when a recipe is read, combinations of components that can't work together.

Components say in `requires` and `provides` what they need and offer, in single words: "maps",
"votes", "regions>=3" and "regions=3". Aggregations say by "slot=space", "slot=regions" and
"slot=frames" which slots they fit, and by "penalty" that `model.penalty` has something to count.
Label updates and sample weightings say by "split=unlabelled" that they are of these samples alone.

The recipe itself provides "unlabelled" where it says that there are samples without labels, and
"validation" where a part of the training data is held out; a data set whose rows may be without
labels or of the validation split provides these words too, and whether there are any is seen when
it is read. It provides "class_maps" where the network's features are weighted means of the
backbone's last maps, so that its last layer says what each place of a map says for each class:
the backbone says "pooled_maps" and all three aggregations "linear", and no layer is between.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from ferkit.catalogue import Catalogue, Entry, spoken
from ferkit.plugin import SLOT, SPLIT, Kind
from ferkit.recipe_models import kind_of_field
from ferkit.sections import ModelSection, Recipe

_NUMBERED = re.compile(r"([a-z_][a-z0-9_-]*)\s*(>=|<=|==|=|>|<)\s*(\d+)")
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
}
_REMEDIES = {
    "unlabelled": "Give data.unlabelled, data.labels or data.transductive.",
    "validation": "Set data.split.validation above 0.",
}
_OF_CLASS_MAPS = {Kind.BACKBONE: "pooled_maps", Kind.AGGREGATION: "linear"}
"""What these components of a network must say, so that the recipe provides "class_maps"."""


class ChosenPart(NamedTuple):
    """A component that a recipe uses. location: such as ("labelled", "weightings", 0)."""

    location: tuple[str | int, ...]
    kind: Kind
    params: Any

    @property
    def name(self) -> str:
        """What the recipe says after `use:`."""
        name: str = self.params.use
        return name


class Incompatibility(NamedTuple):
    """A component whose requirement nothing fulfils. location: its key, part by part."""

    location: tuple[str | int, ...]
    what: str
    hint: str


def chosen_parts(recipe: Recipe) -> list[ChosenPart]:
    """All components that a validated recipe uses, in the order of its sections."""
    return list(_parts(recipe, ()))


def provided(recipe: Recipe, catalogue: Catalogue) -> set[str]:
    """All words that the recipe and its components provide."""
    words = {word for part in chosen_parts(recipe) for word in _words(part, catalogue)}
    data = recipe.data
    if data.unlabelled is not None or data.hides_labels or data.uses_test_unlabelled:
        words.add("unlabelled")
    if data.split.validation > 0 or data.selection == "reported":
        words.add("validation")
    if recipe.model.feature_dim is None and all(
        _OF_CLASS_MAPS[part.kind] in _words(part, catalogue)
        for part in _parts(recipe.model, ("model",))
    ):
        words.add("class_maps")
    return words


def _words(part: ChosenPart, catalogue: Catalogue) -> set[str]:
    """What a component provides with the parameters it has here."""
    entry = catalogue.get(part.kind, part.name)
    return {*entry.component.provides, *part.params.provides()}


def incompatibilities(recipe: Recipe, catalogue: Catalogue) -> list[Incompatibility]:
    """What the recipe's components need of each other and do not find."""
    offered = provided(recipe, catalogue)
    found = []
    for part in chosen_parts(recipe):
        entry = catalogue.get(part.kind, part.name)
        if (misplaced := _misplaced(part, entry)) is not None:
            found.append(misplaced)
            continue
        for word in entry.component.requires:
            if not fulfils(offered, word):
                what = (
                    f"the {spoken(part.kind)} {part.name!r} needs {word!r}, and nothing in this "
                    "recipe provides it."
                )
                found.append(Incompatibility(part.location, what, _remedy(word, catalogue)))
    return [*found, *_halved_on_cpu(recipe)]


def _halved_on_cpu(recipe: Recipe) -> Iterator[Incompatibility]:
    """Half precision on a CPU that the recipe names; what 'auto' will be is not known yet."""
    if recipe.training.device != "cpu":
        return
    for key in ("precision", "prediction_precision"):
        if getattr(recipe.training, key) == "16-mixed":
            what = f"training.{key} '16-mixed' needs a GPU, and training.device is cpu."
            hint = "Write bf16-mixed or 32-true, or another device."
            yield Incompatibility(("training", key), what, hint)


def without_effect(recipe: Recipe, catalogue: Catalogue) -> list[Incompatibility]:
    """What the recipe asks for and none of its components would heed.

    No combination that can't work: a run begun before components said so may still go on.
    """
    networks: list[tuple[tuple[str, ...], ModelSection | None]] = [
        (("model",), recipe.model),
        (("student", "model"), recipe.student.model),
    ]
    found = []
    for location, section in networks:
        if section is None or not section.penalty:
            continue
        pools = [part for part in _parts(section, location) if part.kind is Kind.AGGREGATION]
        entries = [catalogue.get(part.kind, part.name) for part in pools]
        if not any("penalty" in entry.component.provides for entry in entries):
            names = ", ".join(dict.fromkeys(repr(part.name) for part in pools))
            what = (
                f"{'.'.join(location)}.penalty would count nothing: none of this network's "
                f"aggregations ({names}) has a penalty."
            )
            hint = f"Leave it out or set it to 0. {_remedy('penalty', catalogue)}"
            found.append(Incompatibility((*location, "penalty"), what, hint))
    return found


def slots(entry: Entry) -> tuple[str, ...]:
    """The slots that an aggregation says it fits; () if it leaves that to its factory."""
    words = entry.component.provides
    return tuple(word.removeprefix(SLOT) for word in words if word.startswith(SLOT))


def fulfils(offered: set[str], word: str) -> bool:
    """Whether the offered words cover a requirement.

    >>> fulfils({"maps", "regions=3"}, "regions>=3")
    True
    """
    if word in offered:
        return True
    wanted = _NUMBERED.fullmatch(word)
    if wanted is None:
        return False
    name, relation, number = wanted.groups()
    given = (_NUMBERED.fullmatch(each) for each in offered)
    return any(
        _COMPARE[relation](int(each[3]), int(number))
        for each in given
        if each is not None and each[1] == name
    )


def _misplaced(part: ChosenPart, entry: Entry) -> Incompatibility | None:
    """What to say of an aggregation in a slot that it does not fit."""
    fit = slots(entry) if part.kind is Kind.AGGREGATION else ()
    if part.kind in (Kind.LABEL_UPDATE, Kind.SAMPLE_WEIGHTING):
        return _of_other_samples(part, entry)
    *above, slot = part.location
    if not fit or slot in fit:
        return None
    what = f"the {spoken(part.kind)} {part.name!r} pools over {' or '.join(fit)}, not over {slot}."
    keys = [".".join(map(str, (*above, name))) for name in fit]
    return Incompatibility(part.location, what, f"Use it as {' or '.join(keys)}.")


def _of_other_samples(part: ChosenPart, entry: Entry) -> Incompatibility | None:
    """What to say of a policy in the list of samples that it can't be of."""
    own = entry.component.provides
    words = (*own, *part.params.provides())
    fit = [word.removeprefix(SPLIT) for word in words if word.startswith(SPLIT)]
    split, key = str(part.location[0]), str(part.location[1])
    if not fit or split in fit:
        return None
    name = f"the {spoken(part.kind)} {part.name!r}"
    so = "" if any(word.startswith(SPLIT) for word in own) else ", as it is set here,"
    what = f"{name}{so} is of {' or '.join(fit)} samples, not of {split}."
    keys = [f"{each}.{key}" for each in fit]
    return Incompatibility(part.location, what, f"Use it in {' or '.join(keys)}.")


def _remedy(word: str, catalogue: Catalogue) -> str:
    if word in _REMEDIES:
        return _REMEDIES[word]
    if word == "class_maps":
        backbones, pools = (_able(each, catalogue) for each in _OF_CLASS_MAPS.values())
        return (
            f"Use a backbone whose features are means of its last map (such as {backbones}), "
            f"weighted means of them ({pools}), and no model.feature_dim."
        )
    able = _able(word, catalogue)
    return f"Provided by: {able}." if able else "No installed component provides it."


def _able(word: str, catalogue: Catalogue) -> str:
    """The components that provide a word whatever their parameters are; "" if none does."""
    able: list[Entry] = [
        entry for entry in catalogue.entries() if fulfils(set(entry.component.provides), word)
    ]
    return ", ".join(f"{spoken(entry.kind)} {entry.name!r}" for entry in able)


def _parts(section: BaseModel, above: tuple[str | int, ...]) -> Iterator[ChosenPart]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        kind = kind_of_field(type(section), name)
        if kind is None:
            if isinstance(value, BaseModel):
                yield from _parts(value, (*above, name))
        elif isinstance(value, tuple):
            for index, params in enumerate(value):
                yield ChosenPart((*above, name, index), kind, params)
        elif value is not None:
            yield ChosenPart((*above, name), kind, value)
