"""RAVDESS: 24 actors speak and sing two sentences in eight emotions, at two intensities.

A file's name says what it shows, such as `02-01-06-01-02-01-12.mp4`: modality, channel, emotion,
intensity, statement, repetition, actor. Its archives, one an actor and channel, unpack to
`Actor_01` and so on, which may lie at any depth; sound files are not looked at. A recording has
one file with sound and one without; they show the same picture, so that one of them is taken.
Nobody sings disgust or surprise, and actor 18 does not sing.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root, videos_below
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params_video import RavdessParams

CODES = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
"""The emotion in a file's name."""

MODALITIES = {"01": "audio_visual", "02": "video_only"}
CHANNELS = {"01": "speech", "02": "song"}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "kids", "02": "dogs"}
"""\"Kids are talking by the door\" and \"Dogs are sitting by the door\"."""

WITH_CALM = tuple(sorted((*CLASSES, "calm")))
ACTORS = 24

NAME = re.compile(
    r"(?P<modality>0[12])-(?P<channel>0[12])-(?P<emotion>\d\d)-(?P<intensity>0[12])"
    r"-(?P<statement>0[12])-(?P<repetition>0[12])-(?P<actor>\d\d)"
)


def make_ravdess(params: RavdessParams, context: Context) -> FileDataset:
    """The data set `ravdess`."""
    return FileDataset(partial(read_ravdess, params))


def read_ravdess(params: RavdessParams) -> Reading:
    """List the videos of the modality and channel that are asked for.

    Raises: FerkitError: not the folder of RAVDESS, or nothing in it to use.
    """
    classes = WITH_CALM if params.calm == "keep" else CLASSES
    access = "RAVDESS (files such as 'Actor_01/01-01-01-01-01-01-01.mp4')."
    found = Gathered(params.path, classes, access=access)
    others = 0
    for video in videos_below(found.root):
        name = NAME.fullmatch(video.stem)
        if name is None or not 1 <= int(name["actor"]) <= ACTORS:
            what = "is none of its seven pairs of digits."
            found.problem("bad name", below_root(found, video), what)
        elif MODALITIES[name["modality"]] != params.modality or (
            params.channel not in ("both", CHANNELS[name["channel"]])
        ):
            others += 1
        else:
            _add(found, video, name, calm=params.calm)
    try:
        return found.reading()
    except FerkitError as error:
        if not others:
            raise
        raise FerkitError(
            f"holds no usable {params.modality} video of {_said(params.channel)}, but {others} "
            "others.",
            where=params.path,
            hint="Set 'modality' and 'channel' to what was downloaded.",
        ) from error


def _said(channel: str) -> str:
    return "speech or song" if channel == "both" else channel


def _add(found: Gathered, video: Path, name: re.Match[str], *, calm: str) -> None:
    relative = below_root(found, video)
    emotion = CODES.get(name["emotion"])
    if emotion is None:
        found.problem("unknown label", relative, f"'{name['emotion']}' is none of the eight.")
        return
    if emotion == "calm" and calm == "leave_out":
        found.problem("left out", relative, "its class, calm, is none of the seven.")
        return
    found.add(
        video,
        "neutral" if emotion == "calm" and calm == "as_neutral" else emotion,
        id=video.stem,
        subject=name["actor"],
        attributes={
            "channel": CHANNELS[name["channel"]],
            "intensity": INTENSITIES[name["intensity"]],
            "statement": STATEMENTS[name["statement"]],
            "repetition": int(name["repetition"]),
        },
    )
