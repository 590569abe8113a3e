"""Parameters as plain values under their fields' names, however a model is written outside."""

from __future__ import annotations

from functools import lru_cache
from types import new_class
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def plain_values(one: BaseModel) -> dict[str, Any]:
    """All of a model's values, as its types have them: a default of 2 for a float is 2.0.

    Fields go by their names, whatever their aliases, and those that the model itself leaves out
    when it is written (`exclude=True`) are there.
    """
    return _written(_coerced(one))


def own_params(one: BaseModel, model: type[AnyModel]) -> AnyModel:
    """The values of a recipe's model, which is derived from `model`, in one of `model` itself.

    They are not validated again: `one` is stricter.
    """
    fields = model.model_fields
    values = {info.alias or name: getattr(one, name) for name, info in fields.items()}
    return model.model_construct(one.model_fields_set & set(fields), **values)


def _coerced(one: BaseModel) -> BaseModel:
    """Validated again, so that defaults, which pydantic takes as they are, have their types."""
    model = type(one)
    values = {name: _with_models_coerced(getattr(one, name)) for name in model.model_fields}
    return _by_name(model).model_validate({**values, **(one.model_extra or {})})


def _with_models_coerced(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _coerced(value)
    if type(value) in (list, tuple):
        return type(value)(_with_models_coerced(each) for each in value)
    if type(value) is dict:
        return {key: _with_models_coerced(each) for key, each in value.items()}
    return value


@lru_cache(maxsize=256)
def _by_name(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, but that it takes fields by their names, too."""
    body = {"__module__": model.__module__, "model_config": ConfigDict(populate_by_name=True)}
    made = new_class(model.__name__, (model,), exec_body=lambda names: names.update(body))
    return cast(type[BaseModel], made)


def _written(one: BaseModel) -> dict[str, Any]:
    dumped = one.model_dump(mode="json", by_alias=False)
    values: dict[str, Any] = {}
    for name in (*type(one).model_fields, *(one.model_extra or {})):
        value = getattr(one, name)
        if isinstance(value, BaseModel):
            values[name] = _written(value)
        else:
            shown = name in dumped
            values[name] = dumped[name] if shown else to_jsonable_python(value, by_alias=False)
    return values
