"""The errors a user reads. Imports nothing heavy: the command line uses it at start-up."""

from __future__ import annotations

from collections.abc import Sequence


class FerkitError(Exception):
    """Something the user can act on, in one line: where, what, and what to do.

    Args:
        what: what is wrong, a sentence without the place ("no backbone 'resnett'.").
        where: the place: a path, `file:line:column`, a command or a recipe key.
        hint: what to do about it ("Did you mean 'resnet'?").

    Attributes:
        status: exit status of the command line. 2: what the user gave is wrong.
    """

    status = 2

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    @property
    def advice(self) -> str:
        """What is wrong and what to do, without the place."""
        return f"{self.what} {self.hint}" if self.hint else self.what

    def __str__(self) -> str:
        return f"{self.where}: {self.advice}" if self.where else self.advice


class FerkitErrors(FerkitError):
    """Several errors found in one pass, such as all those of a recipe: one line each."""

    def __init__(self, errors: Sequence[FerkitError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class RunError(FerkitError):
    """What the user gave was right and the run itself went wrong (disk full, loss not finite)."""

    status = 1


class BlockedError(RunError):
    """Something outside the run stands in its way: a full disk, a folder that another process uses,
    a server that does not answer. The run goes on once that is put right."""
