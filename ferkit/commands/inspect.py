"""`ferkit inspect`: what is in a prepared store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ferkit.faces.parts import SourceRow
    from ferkit.faces.survey import Survey

EXAMPLES = 3
"""Files named of each kind of failure, unless all are asked for."""
PARTS = ("detector", "cropper", "reader", "enhancer")
QUANTILES = {"lowest": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "highest": 1.0}


@click.command("inspect", short_help="Say what is in a store, and show its crops.")
@click.argument("store", type=click.Path(path_type=Path))
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw crops into this picture; of several stores, into FILE-HASH.png each.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1, max=1000),
    default=16,
    show_default=True,
    help="Crops in the picture, at most; half as many doubtful ones are added.",
)
@click.option("--failures", is_flag=True, help="Name every file that failed, not a few.")
@click.pass_context
def inspect(
    context: click.Context, store: Path, sheet: Path | None, rows: int, failures: bool
) -> None:
    """Say what is in STORE: crops, sizes, scores, failures with reasons, damage.

    STORE is the folder that 'ferkit prepare' names, or the part of it with one set of settings.
    Nothing in it is changed, and another process may be adding to it. The exit status is 1 if
    something in it is damaged.
    """
    from ferkit.errors import FerkitError
    from ferkit.faces.survey import settings_folders, survey

    if sheet is not None and sheet.suffix.lower() != ".png":
        raise FerkitError("the picture is a PNG file.", where=str(sheet), hint="End it in .png.")
    folders = settings_folders(store)
    sound = True
    for number, folder in enumerate(folders):
        if number:
            click.echo()
        try:
            found = survey(folder)
        except FerkitError as error:  # of a newer version, say; the others are still of use
            if len(folders) == 1:
                raise
            click.echo(f"{error}")
            sound = False
            continue
        for line in report(found, all_failures=failures):
            click.echo(line)
        sound = sound and not found.damage and not found.lacking
        if sheet is not None:
            click.echo(_write_sheet(found, _sheet_file(sheet, folder, len(folders)), rows))
    if not sound:
        context.exit(1)


def _sheet_file(sheet: Path, folder: Path, folders: int) -> Path:
    return sheet if folders == 1 else sheet.with_name(f"{sheet.stem}-{folder.name}{sheet.suffix}")


def _write_sheet(found: Survey, path: Path, rows: int) -> str:
    import io

    from ferkit.faces.contact_sheet import draw_sheet
    from ferkit.files import write_whole

    if not len(found.frames):
        return f"No crop to draw: {path} is not written."
    picture = io.BytesIO()
    draw_sheet(found, rows).save(picture, "PNG")
    return f"Picture: {write_whole(path, picture.getvalue())}"


def report(found: Survey, *, all_failures: bool = False) -> list[str]:
    """What to say of one store, in lines."""
    lines = [str(found.folder), *_settings(found)]
    if not found.sources and not len(found.frames):
        lines.append("  nothing has been prepared with these settings yet")
    else:
        lines += [*_counts(found), *_qualities(found), *_failures(found, all_failures)]
    return lines + _leftovers(found)


def _settings(found: Survey) -> list[str]:
    settings = dict(found.settings)
    if settings.get("sampling", {}).get("mode") == "all":
        settings["sampling"] = {"mode": "all"}  # its value is not used
    lines = [f"  {name}: {in_short(settings[name])}" for name in PARTS if name in settings]
    known = {*PARTS, "regions", "image_size", "format", "jpeg_quality"}
    others = {
        name: value
        for name, value in settings.items()
        if name not in known and value not in (None, {}, [])
    }
    lines += [f"  {name}: {in_short(value)}" for name, value in sorted(others.items())]
    encoding = found.encoding
    kept = "raw" if encoding.format == "raw" else f"JPEG of quality {encoding.quality}"
    size = encoding.image_size
    return [*lines, f"  crops: {', '.join(encoding.regions)}; {size} x {size} px, {kept}"]


def in_short(value: Any) -> str:
    """A setting on one line: a component's name, then its parameters; null is none."""
    if isinstance(value, Mapping):
        name = value.get("use", value.get("mode", ""))
        rest = [
            f"{key} {in_short(one)}" for key, one in value.items() if key not in ("use", "mode")
        ]
        return f"{name} ({', '.join(rest)})" if name and rest else name or ", ".join(rest)
    if isinstance(value, (list, tuple)):
        return " ".join(in_short(one) for one in value)
    return "none" if value is None else str(value)


def _counts(found: Survey) -> list[str]:
    import numpy as np

    good, partial, failed = (
        len(found.with_status(status)) for status in ("ok", "partial", "failed")
    )
    per_source = found.frames_per_source
    lines = [
        f"  sources: {good} ok, {partial} partial, {failed} failed",
        f"  crops: {len(found.frames)} of {found.tracks} tracks, {megabytes(found.disk_bytes)}",
    ]
    if len(per_source):
        middle = f"{np.median(per_source):g}"
        lines.append(f"  crops per source: {per_source[0]} to {per_source[-1]}, median {middle}")
    return lines


def _qualities(found: Survey) -> list[str]:
    import numpy as np

    if not len(found.frames):
        return []
    score = found.frames["score"].to_numpy()
    values = [f"{name} {np.nanquantile(score, at):.3f}" for name, at in QUANTILES.items()]
    lines = [f"  score: {', '.join(values)}"]
    shares = []
    for name, column in zip(found.encoding.regions, found.valid_fraction.T, strict=True):
        beyond = f"{name} {np.mean((column < 1) & (column > 0)):.1%}"
        missing = int((column <= 0).sum())
        shares.append(beyond + (f" ({missing} could not be cut)" if missing else ""))
    return [*lines, f"  reaching beyond the frame: {', '.join(shares)}"]


def _failures(found: Survey, everything: bool) -> list[str]:
    lines = []
    for word, rows in (
        ("failed", found.with_status("failed")),
        ("partial", found.with_status("partial")),
    ):
        counts = Counter(row.kind for row in rows)
        for kind, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
            own = [row for row in rows if row.kind == kind]
            lines.append(f"  {word}, {kind}: {count}")
            shown = own if everything else own[:EXAMPLES]
            lines += [f"    {named(found, row)}: {row.reason}" for row in shown]
            if len(shown) < count:
                lines.append(f"    ... and {count - len(shown)} more; --failures names them")
    return lines


def named(found: Survey, row: SourceRow) -> str:
    """The file of a source, and how many others have the same content."""
    names: Sequence[str] = found.names[row.key]
    others = len(names) - 1
    return (row.source or row.key) + (f" (and {others} alike)" if others else "")


def _leftovers(found: Survey) -> list[str]:
    lines = []
    if found.half_written:
        lines.append(
            f"  half-written files: {found.half_written}, of a writer at work or one that was"
            " killed; the next one removes what is left"
        )
    if found.orphan_shards:
        lines.append(
            f"  orphan shards: {found.orphan_shards}, of a writer at work or one that was killed;"
            " the next one removes what is left"
        )
    if found.orphan_crops:
        lines.append(
            f"  orphan crops: {found.orphan_crops}, of sources that are at work or were not"
            " finished; they are not used"
        )
    lines += [f"  damage: {error}" for error in found.damage]
    if found.lacking:
        lines.append(f"  damage: {found.lacking} sources lack crops that they should have")
    return lines


def megabytes(count: int) -> str:
    """Bytes in a unit that people read."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.2f} MB"
