"""The recipe format for editors (JSON Schema) and for people (Markdown)."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from ferkit.catalogue import Catalogue, Entry, spoken
from ferkit.matrix_section import MatrixSection
from ferkit.parameters import Parameter, parameters
from ferkit.plugin import Kind
from ferkit.recipe_models import RecipeModels
from ferkit.sections import Recipe, Section
from ferkit.sweep_section import PruningSection, SweepSection

_OPENING = """# Recipe reference

Written by `ferkit schema --format markdown`; a test holds it to the code. A recipe is a YAML
file with the sections below. Only `data.train` must be given. Where a key takes a component, write
its name, or a mapping with `use` and its parameters:

```yaml
model:
  backbone: small_cnn              # the same as {use: small_cnn}
loop: {use: supervised, epochs: 10}
```

Paths are relative to the recipe's folder. `ferkit run recipe.yaml --set model.dropout=0.5` changes
a value from the command line: the dots go down into sections, a number into a list, from 0. `--set
loop.use=supervised` names another component and so drops the parameters of the one before; what it
dropped is told, as it is where `--set` replaces a whole section. Settings apply in order, of the
same key the last one counts, and one that would undo an earlier one is refused.
"""


def json_schema(catalogue: Catalogue) -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe file, with all components of the catalogue."""
    schema = RecipeModels(catalogue).with_matrix().model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "ferkit recipe",
    }


def recipe_reference(catalogue: Catalogue) -> str:
    """All keys of a recipe and all components' parameters, as Markdown."""
    lines = [_OPENING]
    for key, section in _sections(Recipe, ""):
        lines += [f"## {key or 'Top level'}", "", _doc(section), "", *_table(section, key), ""]
    lines += ["## matrix", "", _doc(MatrixSection), "", *_table(MatrixSection, "matrix"), ""]
    lines += [
        "A variant that names another component in `use` than the rest of the recipe replaces that "
        "component with its parameters. `seed` and `name` are not set in variants.",
        "",
        "## sweep",
        "",
        _doc(SweepSection),
        "",
        *_table(SweepSection, "sweep"),
        "",
        "## sweep.pruning",
        "",
        _doc(PruningSection),
        "",
        *_table(PruningSection, "sweep.pruning"),
        "",
        "# Components",
        "",
    ]
    for kind in Kind:
        entries = catalogue.entries(kind)
        if entries:
            lines += [f"## {kind.value}", ""]
            for entry in entries:
                lines += [*_component(catalogue, entry), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sections(section: type[Section], key: str) -> Iterator[tuple[str, type[Section]]]:
    """A section and those below it, with their dotted keys."""
    yield key, section
    for name, info in section.model_fields.items():
        inner = _section_in(info.annotation)
        if inner is not None:
            yield from _sections(inner, f"{key}.{name}" if key else name)


def _section_in(annotation: Any) -> type[Section] | None:
    union = get_origin(annotation) in (Union, types.UnionType)
    for part in get_args(annotation) if union else (annotation,):
        if isinstance(part, type) and issubclass(part, Section):
            return part
    return None


def _table(model: type[BaseModel], key: str) -> list[str]:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for parameter in parameters(model):
        if _section_in(model.model_fields[parameter.name].annotation) is not None:
            below = f"{key}.{parameter.name}" if key else parameter.name
            anchor = below.replace(".", "")
            rows.append(f"| `{parameter.name}` | [a section](#{anchor}) | | {_cell(parameter)} |")
        else:
            rows.append(_row(parameter))
    return rows


def _row(parameter: Parameter) -> str:
    default = "required" if parameter.default == "required" else f"`{parameter.default}`"
    return (
        f"| `{parameter.name}` | {parameter.type.replace('|', chr(92) + '|')} | {default} | "
        f"{_cell(parameter)} |"
    )


def _cell(parameter: Parameter) -> str:
    return parameter.description.replace("|", "\\|").replace("\n", " ")


def _component(catalogue: Catalogue, entry: Entry) -> list[str]:
    component = entry.component
    lines = [f"### {spoken(entry.kind)} `{entry.name}`", ""]
    about = f"{component.summary[:1].upper()}{component.summary[1:]}."
    facts = [f"Plugin `{entry.plugin}`."]
    if component.source:
        facts.append(f"Source: {component.source}.")
    if component.requires:
        facts.append(f"Needs {', '.join(f'`{word}`' for word in component.requires)}.")
    if component.provides:
        facts.append(f"Provides {', '.join(f'`{word}`' for word in component.provides)}.")
    lines += [about, " ".join(facts), ""]
    model = catalogue.params_model(entry.kind, entry.name)
    return lines + (_table(model, "") if parameters(model) else ["No parameters."])


def _doc(section: type[Section]) -> str:
    paragraphs = (section.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
