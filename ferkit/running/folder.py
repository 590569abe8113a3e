"""The run folder: made once, locked while in use, every file written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferkit.errors import FerkitError
from ferkit.evaluation.wording import HEADLINES, is_number
from ferkit.files import told_plainly, write_whole
from ferkit.locking import locked

SCHEMA_VERSION = 1
"""Of run folders; written to run.json."""

LOCK = ".lock"


class DamagedError(FerkitError):
    """A file that ferkit wrote is not whole any more, such as after a full disk."""


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as readable JSON, whole or not at all."""
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that ferkit wrote.

    Raises: DamagedError: it is cut off, empty or something else. FerkitError: it is missing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FerkitError("no such file; is this a run folder?", where=str(path)) from None
    except OSError as error:
        raise FerkitError(f"can't be read ({error.strerror}).", where=str(path)) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DamagedError(f"can't be read ({error}).", where=str(path)) from error
    if not isinstance(content, dict):
        raise DamagedError("is not a JSON object.", where=str(path))
    return content


def read_state(path: Path) -> dict[str, Any]:
    """Read a run.json, matrix.json or sweep.json.

    Raises: DamagedError: it is no such file any more. FerkitError: it is missing, or of another
        format than this ferkit's.
    """
    content = read_json(path)
    version = content.get("schema_version")
    if version is None:
        raise DamagedError("is damaged: it does not say its format.", where=str(path))
    if version != SCHEMA_VERSION:
        raise FerkitError(
            f"is of format {version}; this ferkit reads {SCHEMA_VERSION}.",
            where=str(path),
            hint="Another version of ferkit wrote it.",
        )
    return content


def is_done(folder: Path, state: Mapping[str, Any]) -> bool:
    """Whether a run is finished: it says so, and its whole results and its report are there.

    Args:
        state: content of run.json.
    """
    if state.get("status") != "done" or not (folder / "report.html").is_file():
        return False
    try:
        results = read_json(folder / "results.json")
    except FerkitError:
        return False
    return all(_is_measured(results, state, split) for split in ("test", "validation"))


def _is_measured(results: Mapping[str, Any], state: Mapping[str, Any], split: str) -> bool:
    """Whether the figures of a split are there, if it has labelled samples and was looked at."""
    if split in results:
        figures = results[split]
        return isinstance(figures, Mapping) and all(
            isinstance(figures.get(name), Mapping) and is_number(figures[name].get("value"))
            for name in HEADLINES
        )
    if split == "test" and state.get("without_test"):
        return True
    data: Any = state.get("data") or {}
    sizes: Any = (data.get("splits") or {}).get(split) or {}
    return not any(n for name, n in (sizes.get("classes") or {}).items() if name)


def now() -> str:
    """The time in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_folder(out: Path | None, name: str, *, occupied: bool = False) -> Path:
    """Make the folder of a new run.

    Args:
        out: what the user asked for; None: `runs/<name>-<time>` below the current folder.
        name: the recipe's name.
        occupied: whether `out` may hold something.
    Raises: FerkitError: the folder holds something already, or can't be made.
    """
    if out is None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        return _first_free(Path("runs") / f"{name}-{stamp}")
    if not occupied:
        refuse_occupied(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerkitError(f"can't make this folder ({error.strerror}).", where=str(out)) from error
    return out


def refuse_occupied(out: Path) -> None:
    """Raise FerkitError unless `out` is an empty folder, or may become one."""
    try:
        entries = [entry.name for entry in out.iterdir() if entry.name != LOCK]
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise FerkitError("is a file, not a folder.", where=str(out)) from None
    except OSError as error:
        raise FerkitError(f"can't be looked into ({error.strerror}).", where=str(out)) from error
    if entries:
        known = (out / "run.json").exists() or (out / "matrix.json").exists()
        command = "sweep" if (out / "sweep.json").exists() else "run"
        known = known or command == "sweep"
        raise FerkitError(
            f"holds a {command} already." if known else "is not empty.",
            where=str(out),
            hint=f"Go on with it by 'ferkit {command} --resume {out}', or choose another folder."
            if known
            else "Choose another folder.",
        )


def _first_free(wanted: Path) -> Path:
    """`wanted`, or `wanted-2`, `wanted-3`, ... where runs started within the same second."""
    for number in range(1, 1000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise FerkitError(
                f"can't make this folder ({error.strerror}).",
                where=str(path),
                hint="Name another one with --out.",
            ) from error
        return path
    raise FerkitError("a thousand runs of this name started within a second.", where=str(wanted))


@contextmanager
def held(folder: Path, *, patience: float = 5.0) -> Iterator[None]:
    """Hold a run folder for this process; the lock dies with the process, however it dies.

    Args:
        patience: seconds to wait for another process to let go.
    Raises: RunError: another process is using the folder.
    """
    with ExitStack() as stack:
        with told_plainly(folder):
            stack.enter_context(
                locked(
                    folder / LOCK,
                    what="this folder",
                    waiting=lambda _: None,
                    patience_s=patience,
                )
            )
        yield
