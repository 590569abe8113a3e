"""How a section's field says that it holds a component."""

from __future__ import annotations

from dataclasses import dataclass

from ferkit.plugin import Kind


@dataclass(frozen=True)
class Chosen:
    """Marks a field that names a component of `kind` by `use:`.

    nullable: whether it may be null though its default is not.
    """

    kind: Kind
    nullable: bool = False
