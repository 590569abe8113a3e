"""The database of a sweep: how it is opened, kept quiet, and what its errors say."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from ferkit.errors import BlockedError, FerkitError

_PRIMARY = 0xFF
"""Of an error code of SQLite, the bits that say its kind."""

_OUTSIDE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Kinds of errors that say nothing against what is in the file."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database; whoever holds it is waited for, for a minute."""
    return sqlite3.connect(path, timeout=60, check_same_thread=False)


@contextmanager
def asked(path: Path, *also: type[Exception]) -> Iterator[None]:
    """While Optuna works on the database: without its messages, and errors of the database in a
    line.

    Args:
        path: of the database. also: further errors that tell of it.
    Raises: BlockedError: the disk is full, or the file can't be written or read now; what it holds
        is kept. FerkitError: it is no database of a sweep.
    """
    kinds: tuple[type[Exception], ...] = (SQLAlchemyError, StorageInternalError, *also)
    try:
        with _quiet():
            yield
    except kinds as error:
        raise _in_words(error, path) from error


def _in_words(error: Exception, path: Path) -> FerkitError:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, sqlite3.Error):
        cause = getattr(cause, "orig", None) or cause.__cause__
    kind = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY
    reason = str(cause or error).splitlines()[0]
    if kind == sqlite3.SQLITE_FULL:
        return BlockedError("the disk is full.", where=str(path), hint="Make room.")
    if kind in _OUTSIDE:
        return BlockedError(f"can't be used now ({reason}).", where=str(path))
    return FerkitError(
        f"can't be used as the database of a sweep ({reason}).",
        where=str(path),
        hint="Begin the sweep anew in another folder.",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's messages on every trial and on what it calls experimental."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
