"""Reads `registry.toml`: the plugins, weights and data sets that ferkit knows of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from ferkit.errors import FerkitError, FerkitErrors
from ferkit.plugin import Kind


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PluginEntry(_Entry):
    """A plugin. package: its import name. paper: what it follows, "" if nothing."""

    name: str
    package: str
    kinds: tuple[Kind, ...]
    summary: str
    licence: str
    paper: str
    builtin: bool


class WeightsEntry(_Entry):
    """A file of weights. component: "kind:name" that they are for.

    Either `url`, or `instructions` where it can't be fetched or need not be. sha256, bytes: of
    the file; left out where nobody published them.
    """

    name: str
    component: str = Field(pattern=r"^[a-z_]+:\S+$")
    url: str | None = None
    instructions: str | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    bytes: int | None = Field(None, gt=0)
    licence: str
    commercial_use: bool
    trained_on: str

    @model_validator(mode="after")
    def _one_way_to_get_it(self) -> WeightsEntry:
        if (self.url is None) == (self.instructions is None):
            raise ValueError("give either url or instructions")
        return self


Number = NonNegativeInt | tuple[NonNegativeInt, NonNegativeInt] | Literal["unknown"]
"""How many samples; least and most, where copies of a release differ."""

Counts = dict[str, Number | dict[str, Number]]
"""Of each split ("all" where the distribution has none), by class or in all."""


class ExpectedFor(_Entry):
    """How many samples there are with other parameters than the default ones.

    parameters: those that are not as by default, but for the path and for `same_counts`; all others
    are. note: said when these counts are compared.
    """

    parameters: dict[str, Any] = Field(min_length=1)
    expected: Counts = Field(min_length=1)
    note: str = ""


class DatasetEntry(_Entry):
    """A data set. access: how to get it. holds: what is in its folder. classes: in label order, by
    default.

    expected: how many samples there are with the default parameters. same_counts: parameters that
    change no count. expected_for: the counts with others; what is not listed is not known.
    known: kind of a problem -> how many of it the release itself has ("duplicated": files with the
    same bytes as one before); these are told and are no difference. note: said with the counts.
    """

    name: str
    homepage: str
    access: str
    holds: str = ""
    licence: str
    classes: tuple[str, ...]
    expected: Counts
    note: str = ""
    same_counts: tuple[str, ...] = ()
    expected_for: tuple[ExpectedFor, ...] = ()
    known: dict[str, PositiveInt] = {}

    @model_validator(mode="after")
    def _each_once(self) -> DatasetEntry:
        met: list[dict[str, Any]] = []
        for each in self.expected_for:
            if each.parameters in met:
                raise ValueError(f"expected_for has {each.parameters} twice")
            if both := set(each.parameters) & set(self.same_counts):
                raise ValueError(f"{min(both)} is in same_counts and in expected_for")
            met.append(each.parameters)
        if self.expected_for and not self.expected:
            raise ValueError("expected_for needs expected, for the default parameters")
        return self


class MadeEntry(_Entry):
    """A file or folder that a command makes and that ferkit's recipes take from a variable.

    what: it is. by: the command, in quotes, and where it leaves it. dataset: that it is made of;
    None where nothing else is to be got for it.
    """

    variable: str = Field(pattern=r"^FERKIT_[A-Z0-9_]+$")
    what: str
    by: str
    dataset: str | None = None


class Registry(_Entry):
    """The whole file."""

    schema_version: Literal[1]
    plugins: tuple[PluginEntry, ...] = Field((), alias="plugin")
    weights: tuple[WeightsEntry, ...] = ()
    datasets: tuple[DatasetEntry, ...] = Field((), alias="dataset")
    made: tuple[MadeEntry, ...] = ()


def registry_file() -> Path:
    """Where the registry lies: in the package, or in the repository of an editable install.

    An editable install may leave an old copy in the environment's own `ferkit` folder; the one
    beside this source is the right one.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "registry.toml"
    return packaged if packaged.is_file() else here.parent / "registry.toml"


def read_registry(path: Path | None = None) -> Registry:
    """Read a registry.

    Args:
        path: the file; None: ferkit's own.
    Raises: FerkitError, FerkitErrors: it can't be read, or entries in it are wrong.
    """
    path = registry_file() if path is None else path
    return checked(parse(path), path)


def parse(path: Path) -> dict[str, Any]:
    """A registry's TOML as it stands.

    Raises: FerkitError: it can't be read, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise FerkitError(f"can't be read: {error.strerror}.", where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FerkitError(f"not valid TOML: {error}.", where=str(path)) from error


def checked(content: Mapping[str, Any], path: Path) -> Registry:
    """The registry that `content` says; `path` is only named in errors.

    Raises: FerkitErrors: entries are wrong.
    """
    try:
        return Registry.model_validate(content)
    except ValidationError as error:
        raise FerkitErrors(
            [
                FerkitError(
                    f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}.",
                    where=str(path),
                )
                for each in error.errors(include_url=False)
            ]
        ) from error
