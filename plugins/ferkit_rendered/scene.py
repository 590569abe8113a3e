"""All that is known of a frame before any pixel is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from torch import Tensor

from ferkit_rendered.backdrop import Backdrop, backdrop_of
from ferkit_rendered.camera import Pose, Turn, pose_at, turn_of
from ferkit_rendered.domains import Settings
from ferkit_rendered.expression import (
    Actions,
    Emotion,
    actions_at,
    emotion_of,
    envelope,
    motion_at,
)
from ferkit_rendered.form import Form, form_of
from ferkit_rendered.identity import Identity, identity_of
from ferkit_rendered.keyed import Draws
from ferkit_rendered.light import Light, light_of
from ferkit_rendered.occluders import Occluder, occluder_of
from ferkit_rendered.raster import LATTICE
from ferkit_rendered.sensor import Sensor, sensor_of


class Scene(NamedTuple):
    """N frames. lean: (N,) offset of the neck. level: (N,) envelope of the expression."""

    who: Identity
    shown: Emotion
    actions: Actions
    level: Tensor
    form: Form
    pose: Pose
    turn: Turn
    light: Light
    backdrop: Backdrop
    occluder: Occluder
    sensor: Sensor
    lean: Tensor


def scene_of(
    samples: Draws,
    people: Draws,
    settings: Settings,
    *,
    emotion: Tensor,
    second: Tensor,
    time: Tensor,
    length: int,
    frame_size: int,
) -> Scene:
    """What each frame shows.

    Args:
        samples: of the samples, one key per frame, (N,).
        people: of their subjects, (N,).
        settings: of the domain.
        emotion, second: (N,) int64 classes.
        time: (N,) float32 frame numbers.
        length: frames of a clip.
        frame_size: side of a raw frame, pixels.
    """
    who = identity_of(people, settings.glasses)
    shown = emotion_of(samples, emotion, second, settings)
    level = envelope(samples, time, length)
    actions = actions_at(samples, shown, settings, level=level, time=time)
    motion = motion_at(samples, settings, time=time, length=length)
    pose = pose_at(samples, settings, frame_size=frame_size, time=time, length=length)
    return Scene(
        who,
        shown,
        actions,
        level,
        form_of(who, actions, motion),
        pose,
        turn_of(pose),
        light_of(samples, settings),
        backdrop_of(samples, settings),
        occluder_of(samples, settings, time),
        sensor_of(samples, settings, frame_size=frame_size, time=time),
        samples.uniform("lean", -0.12, 0.12),
    )


Tree = TypeVar("Tree")


def rows_of(tree: Tree, rows: slice | Tensor) -> Tree:
    """The same structure, a tensor or named tuples of them, with some of its rows."""
    return _each(tree, lambda tensor: tensor[rows])


def spread(tree: Tree) -> Tree:
    """Make values broadcast over maps: (N,) -> (N, 1, 1), (N, 3) -> (N, 3, 1, 1), and so on.

    Tables of textures (N, LATTICE^2) stay as they are.
    """

    def one(tensor: Tensor) -> Tensor:
        is_table = tensor.dim() == 2 and tensor.shape[1] == LATTICE * LATTICE
        return tensor if is_table else tensor[..., None, None]

    return _each(tree, one)


def _each(tree: Tree, change: Callable[[Tensor], Tensor]) -> Tree:
    if isinstance(tree, Tensor):
        return cast(Tree, change(tree))
    parts = cast(tuple[Any, ...], tree)
    return cast(Tree, type(parts)(*(_each(part, change) for part in parts)))
