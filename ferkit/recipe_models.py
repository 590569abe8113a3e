"""Builds, from the catalogue, the exact pydantic models of a recipe.

`sections.py` says where a recipe names components; here each such field becomes a union of the
parameter models of that kind, told apart by `use`. Numbers and booleans are made strict: the text
'5' is not the number 5, and a bare `no` is not false.
"""

from __future__ import annotations

import re
import types
from collections.abc import Collection
from copy import copy
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitError
from ferkit.loop_policies import with_loop_names
from ferkit.matrix_section import MatrixSection
from ferkit.plugin import Kind
from ferkit.sections import Chosen, Pick, Recipe, Section
from ferkit.sweep_section import SweepSection

AnySection = TypeVar("AnySection", bound=Section)


class OneOf:
    """Validates a chosen component: its name, or a mapping with `use` and its parameters.

    Args:
        kind: of the component.
        picks: name -> its parameters with the field `use`.
        catalogue: says what is wrong with a name that is not in `picks`.
        nullable: whether null stands for none.
    """

    def __init__(
        self, kind: Kind, picks: dict[str, type[Pick]], catalogue: Catalogue, *, nullable: bool
    ) -> None:
        self.kind = kind
        self.picks = picks
        self.nullable = nullable
        self._catalogue = catalogue

    def known(self) -> list[str]:
        """Names of all components of this kind."""
        return self._catalogue.names(self.kind)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices: CoreSchema = core_schema.any_schema()
        if self.picks:
            choices = core_schema.tagged_union_schema(
                {name: handler.generate_schema(pick) for name, pick in self.picks.items()},
                discriminator="use",
            )
        schema: CoreSchema = core_schema.no_info_before_validator_function(self._expand, choices)
        return core_schema.nullable_schema(schema) if self.nullable else schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        by_name = sorted(
            name
            for name, pick in self.picks.items()
            if not any(
                field.is_required() for key, field in pick.model_fields.items() if key != "use"
            )
        )
        written_out = handler(schema)
        return {"anyOf": [{"enum": by_name}, written_out]} if by_name else written_out

    def _expand(self, value: Any) -> Any:
        """A name as a mapping; refuses what names no component of this kind."""
        if isinstance(value, str):
            value = {"use": value}
        if not isinstance(value, dict):
            raise PydanticCustomError("chosen_type", "not a component")
        if "use" not in value:
            raise PydanticCustomError("use_missing", "no component is named")
        name = value["use"]
        if not isinstance(name, str):
            raise PydanticCustomError("use_type", "use is not text")
        if name not in self.picks:
            raise PydanticCustomError("use_unknown", "{text}", {"text": self._explain(name)})
        return value

    def _explain(self, name: str) -> str:
        try:
            self._catalogue.params_model(self.kind, name)
        except FerkitError as error:
            return str(error)
        raise AssertionError(f"the models were not built for {name!r}")


class RecipeModels:
    """The models for one catalogue: `recipe`, `matrix` and `sweep`.

    Args:
        catalogue: the components.
        names: components that may occur; None for all. The parameter modules of others are not
            imported, so that a broken one harms only recipes that use it.
    """

    def __init__(self, catalogue: Catalogue, names: Collection[str] | None = None) -> None:
        self._catalogue = catalogue
        self._names = None if names is None else with_loop_names(names, catalogue)
        self._sections: dict[type[Section], type[Section]] = {}
        self._picks: dict[tuple[Kind, str], type[Pick] | None] = {}
        self.recipe = self._section(Recipe)
        self.matrix = self._section(MatrixSection)
        self.sweep = self._section(SweepSection)

    def with_matrix(self) -> type[Recipe]:
        """The recipe with the keys `matrix` and `sweep`, as a file holds it; for the JSON
        schema."""
        fields: dict[str, Any] = {
            "matrix": (
                self.matrix | None,
                Field(None, description="several runs of this recipe and a table over them"),
            ),
            "sweep": (
                self.sweep | None,
                Field(None, description="a search over values of this recipe, by 'ferkit sweep'"),
            ),
        }
        return cast(type[Recipe], _create("Recipe", self.recipe, fields))

    def _section(self, section: type[AnySection]) -> type[AnySection]:
        if section not in self._sections:
            fields = {
                name: self._field(info)
                for name, info in section.model_fields.items()
                if self._exact(info) is not info.annotation or _made_of_section(info)
            }
            self._sections[section] = _create(section.__name__, section, fields)
        return cast(type[AnySection], self._sections[section])

    def _field(self, info: FieldInfo) -> tuple[Any, FieldInfo]:
        """A section's field with exact types, its default validated like a given value."""
        rest = [item for item in info.metadata if not isinstance(item, Chosen)]
        exact = cast(Any, Annotated)[(self._exact(info), *rest)] if rest else self._exact(info)
        if info.is_required():
            return exact, Field(description=info.description)
        default: Any = {} if _made_of_section(info) else info.default
        validate = default is not None
        return exact, Field(default, validate_default=validate, description=info.description)

    def _exact(self, info: FieldInfo) -> Any:
        chosen = next((item for item in info.metadata if isinstance(item, Chosen)), None)
        if chosen is None:
            return self._type(info.annotation)
        nullable = chosen.nullable or (not info.is_required() and info.default is None)
        given = info.default if isinstance(info.default, dict) else {}
        return self._union(chosen.kind, nullable=nullable, default=given.get("use"))

    def _type(self, annotation: Any) -> Any:
        """The annotation with sections, choices and strict scalars put in."""
        if isinstance(annotation, type) and issubclass(annotation, Section):
            return self._section(annotation)
        if get_origin(annotation) is Annotated:
            inner, *metadata = get_args(annotation)
            chosen = next((item for item in metadata if isinstance(item, Chosen)), None)
            if chosen is not None:
                return self._union(chosen.kind, nullable=chosen.nullable)
            return cast(Any, Annotated)[(self._type(inner), *metadata)]
        return _rebuilt(annotation, self._type)

    def _union(self, kind: Kind, *, nullable: bool, default: str | None = None) -> Any:
        picks = {}
        for name in self._catalogue.names(kind):
            if self._names is None or name in self._names or name == default:
                pick = self._pick(kind, name)
                if pick is not None:
                    picks[name] = pick
        return Annotated[Any, OneOf(kind, picks, self._catalogue, nullable=nullable)]

    def _pick(self, kind: Kind, name: str) -> type[Pick] | None:
        """The component's parameters with `use`; None if they can't be imported."""
        if (kind, name) not in self._picks:
            try:
                self._picks[kind, name] = pick_model(self._catalogue, kind, name)
            except FerkitError:
                self._picks[kind, name] = None  # OneOf says why when the recipe uses it
        return self._picks[kind, name]


def pick_model(catalogue: Catalogue, kind: Kind, name: str) -> type[Pick]:
    """A component's parameter model with the field `use`, its scalars strict.

    Raises: FerkitError: there is no such component, or its parameters can't be imported.
    """
    params = catalogue.params_model(kind, name)
    fields: dict[str, Any] = {
        key: (_strict(info.annotation), _copied(info))
        for key, info in params.model_fields.items()
        if _strict(info.annotation) is not info.annotation
    }
    fields["use"] = (Literal[name], Field(description="name of the component"))
    words = re.split(r"[^A-Za-z0-9]+", f"{kind.value}_{name}")
    title = "".join(word.capitalize() for word in words)
    return cast(type[Pick], _create(title, params, fields, Pick))


def _copied(info: FieldInfo) -> FieldInfo:
    """A field of its own: pydantic before 2.12 adds the new annotation's metadata to its list."""
    own = copy(info)
    own.metadata = list(info.metadata)
    return own


def _create(name: str, base: type[Any], fields: dict[str, Any], *first: type[Any]) -> type[Any]:
    """A model like `base` with other fields; it lives in `base`'s module, for annotations."""
    make = cast(Any, create_model)
    bases = (*first, base) if not issubclass(base, first or (Pick,)) else (base,)
    made: type[Any] = make(
        name, __base__=bases, __module__=base.__module__, __doc__=base.__doc__, **fields
    )
    return made


def _made_of_section(info: FieldInfo) -> bool:
    factory = info.default_factory
    return isinstance(factory, type) and issubclass(factory, Section)


def _strict(annotation: Any) -> Any:
    """The annotation with strict numbers and booleans; the same object if it has none."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        exact = _strict(inner)
        return annotation if exact is inner else cast(Any, Annotated)[(exact, *metadata)]
    return _rebuilt(annotation, _strict)


def _rebuilt(annotation: Any, change: Any) -> Any:
    """`annotation` with `change` applied to what it is made of, scalars made strict.

    The same object comes back where nothing changed.
    """
    if annotation in (int, float, bool):
        return Annotated[annotation, Strict()]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        changed = tuple(change(part) for part in inner)
        return annotation if _same(changed, inner) else Union[changed]  # noqa: UP007
    if origin in (tuple, list, set, frozenset) or origin is dict:
        # Keys of a mapping are always text in YAML, so they stay as lax as pydantic is.
        kept = inner[:1] if origin is dict else ()
        changed = (*kept, *(part if part is ... else change(part) for part in inner[len(kept) :]))
        return annotation if _same(changed, inner) else origin[changed]
    return annotation


def _same(changed: tuple[Any, ...], inner: tuple[Any, ...]) -> bool:
    return all(new is old for new, old in zip(changed, inner, strict=True))


def kind_of_field(section: type[BaseModel], name: str) -> Kind | None:
    """The kind of component that a field of a recipe's section names; None if it names none."""
    info = section.model_fields[name]
    for metadata in (info.metadata, *(get_args(part) for part in get_args(info.annotation))):
        for each in metadata:
            if isinstance(each, OneOf | Chosen):
                return each.kind
    return None
