"""The data set `rendered`: rows, landmarks, pixels and the truth behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import CLASSES, Problem, Sample
from ferkit.plugin import Context
from ferkit_rendered.domains import SETTING_NAMES, settings_of
from ferkit_rendered.expression import emotion_of
from ferkit_rendered.keyed import Draws, combine, sample_key
from ferkit_rendered.labels import emotions, given_labels, people, second_emotions, subjects
from ferkit_rendered.params import RenderedParams
from ferkit_rendered.render import draw_scene, scene_landmarks
from ferkit_rendered.scene import Scene, rows_of, scene_of

DRAWING_VERSION = 1
"""Raised whenever the same parameters give other pixels; part of the fingerprint."""

_PEOPLE = 0x70E0
"""Keeps the keys of subjects apart from those of samples."""

_BLOCK = 256
"""Frames whose scenes are held at a time; each takes some 12 kB of texture tables."""

NOT_DRAWN = {"use", "count", "start", "target", "labelled", "noise", "noise_kind"}
"""Parameters that change no pixel of a sample."""


class FrameTruth(NamedTuple):
    """Ground truth of every frame of B clips of T frames, float32.

    intensity: (B, T) of the expression, 0 none, 1 full. actions: (B, T, A, 2) activation of
    each of `expression.ACTIONS` at the image's left and right. pose: (B, T, 3) yaw, pitch
    and roll in degrees. light: (B, T, 3) direction towards the light in the head's upright
    view, x right, y down, z to the viewer. exposure: (B, T).
    """

    intensity: Tensor
    actions: Tensor
    pose: Tensor
    light: Tensor
    exposure: Tensor


class RenderedDataset:
    """Faces drawn from a seed. Sample i depends on `seed` and `start` + i only.

    Args:
        params: what to draw.
        context: its device is where pixels are drawn and returned.
    """

    def __init__(self, params: RenderedParams, context: Context) -> None:
        self.params = params
        self.classes = CLASSES if params.target == "emotion" else people(params.identities or 0)
        self.device = torch.device(context.device)
        self.frame_size = (params.frame_size, params.frame_size)
        self.clip_length = params.clip_length
        self.aligned = params.aligned
        self.settings = settings_of(
            params.domain, {name: getattr(params, name) for name in SETTING_NAMES}
        )
        self._samples: tuple[Sample, ...] | None = None

    def samples(self) -> Sequence[Sample]:
        """One row for each face or clip."""
        if self._samples is None:
            self._samples = self._rows()
        return self._samples

    def _rows(self) -> tuple[Sample, ...]:
        params = self.params
        number = torch.arange(params.count) + params.start
        emotion = emotions(params.seed, number, params.imbalance)
        second = second_emotions(params.seed, number, emotion)
        shown = emotion_of(Draws(sample_key(params.seed, number)), emotion, second, self.settings)
        subject = subjects(params.seed, number, params.identities)
        by_emotion = params.target == "emotion"
        truth = emotion if by_emotion else subject
        given = given_labels(
            params.seed,
            number,
            truth,
            second,
            params.noise,
            params.noise_kind,
            classes=len(self.classes),
        )
        label = given if params.labelled else torch.full_like(given, -1)
        columns = zip(
            number.tolist(),
            label.tolist(),
            truth.tolist(),
            subject.tolist(),
            shown.peak.tolist(),
            second.tolist(),
            shown.share.tolist(),
            strict=True,
        )
        return tuple(
            Sample(
                id=f"{params.domain}-seed{params.seed}/{at:07d}",
                label=label,
                truth=true,
                # Where people are the classes, all of them belong into every split.
                subject=f"seed{params.seed}-{person:07d}" if by_emotion else "",
                attributes={
                    "intensity": peak,
                    "second": CLASSES[other],
                    "second_share": share,
                    "domain": params.domain,
                },
            )
            for at, label, true, person, peak, other, share in columns
        )

    def problems(self) -> Sequence[Problem]:
        """None: nothing is read."""
        return ()

    def fingerprint(self) -> str:
        """Digest of the version of the drawing and of the parameters that decide pixels.

        Which samples are used and how they are labelled does not, so that data sets that overlap
        share what is drawn.
        """
        deciding = self.params.model_dump_json(exclude=NOT_DRAWN)
        text = f"rendered {DRAWING_VERSION} {deciding}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _frames(self, index: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Sample number and time of every frame of rows `index`, clip by clip: (B T,) each."""
        length = self.params.clip_length
        rows = torch.as_tensor(list(index), dtype=torch.int64, device=self.device)
        if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= self.params.count):
            raise IndexError(f"rows must be in 0 to {self.params.count - 1}")
        number = (rows + self.params.start).repeat_interleave(length)
        time = torch.arange(length, device=self.device, dtype=torch.float32)
        return number, time.repeat(len(rows))

    def _scene(self, number: Tensor, time: Tensor) -> Scene:
        params = self.params
        emotion = emotions(params.seed, number, params.imbalance)
        subject = subjects(params.seed, number, params.identities)
        people = combine(sample_key(params.seed, subject), _PEOPLE)
        return scene_of(
            Draws(sample_key(params.seed, number)),
            Draws(people),
            self.settings,
            emotion=emotion,
            second=second_emotions(params.seed, number, emotion),
            time=time,
            length=params.clip_length,
            frame_size=params.frame_size,
        )

    def _blocks(self, index: Sequence[int]) -> Iterator[tuple[slice, Scene]]:
        """The frames of rows `index` in bounded memory: where they belong, and their scene."""
        number, time = self._frames(index)
        for start in range(0, len(number), _BLOCK):
            place = slice(start, start + _BLOCK)
            yield place, self._scene(number[place], time[place])

    def scene(self, index: Sequence[int]) -> Scene:
        """All that is known of the frames of rows `index`, B T of them, clip by clip."""
        return self._scene(*self._frames(index))

    def landmarks(self, index: Sequence[int]) -> Tensor:
        """True landmarks: (B, T, 5, 2) float32, pixels of the raw frame."""
        points = torch.empty((len(index) * self.clip_length, 5, 2), device=self.device)
        for place, scene in self._blocks(index):
            points[place] = scene_landmarks(scene)
        return points.reshape(len(index), self.clip_length, 5, 2)

    def draw(
        self, index: Sequence[int], transforms: Tensor | None = None, size: int | None = None
    ) -> Tensor:
        """Draw rows `index`, as crops or as raw frames; see `DrawnDataset.draw`."""
        return self.draw_variant(index, transforms, size)

    def draw_variant(
        self,
        index: Sequence[int],
        transforms: Tensor | None = None,
        size: int | None = None,
        *,
        hide_face: bool = False,
    ) -> Tensor:
        """As `draw`, and `hide_face` covers the face: what is left must not tell the class.

        Args:
            index: B rows.
            transforms: (B, T, R, 2, 3) float32, raw pixels -> crop pixels; None: raw frames.
            size: side of the crops, pixels; needed with `transforms`.
            hide_face: a flat grey oval over brows, eyes, nose and mouth.
        Returns: (B, T, R, 3, S, S) uint8, or (B, T, 1, 3, H, W) for raw frames.
        """
        batch, length = len(index), self.clip_length
        if transforms is None:
            height, width = self.frame_size
            identity = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], device=self.device)
            transforms = identity.expand(batch, length, 1, 2, 3)
        elif size is None:
            raise ValueError("crops need a size")
        else:
            height = width = size
        regions = transforms.shape[2]
        if transforms.shape != (batch, length, regions, 2, 3):
            raise ValueError(
                f"transforms are {tuple(transforms.shape)}, not ({batch}, {length}, regions, 2, 3)"
            )
        views = transforms.to(self.device, torch.float32).reshape(-1, regions, 2, 3)
        pixels = torch.empty(
            (batch * length, regions, 3, height, width), dtype=torch.uint8, device=self.device
        )
        for place, scene in self._blocks(index):
            frames = torch.arange(len(scene.level), device=self.device)
            drawn = draw_scene(
                rows_of(scene, frames.repeat_interleave(regions)) if regions > 1 else scene,
                views[place].reshape(-1, 2, 3),
                height=height,
                width=width,
                frame_size=self.params.frame_size,
                hide_face=hide_face,
            )
            pixels[place] = drawn.reshape(-1, regions, 3, height, width)
        return pixels.reshape(batch, length, regions, 3, height, width)

    def frame_truth(self, index: Sequence[int]) -> FrameTruth:
        """Everything known of each frame but its landmarks."""
        scene = self.scene(index)
        shape = (len(index), self.clip_length)
        pose, light = scene.pose, scene.light
        return FrameTruth(
            (scene.level * scene.shown.peak).reshape(shape),
            torch.stack([scene.actions.left, scene.actions.right], -1).reshape(*shape, -1, 2),
            torch.stack([pose.yaw, pose.pitch, pose.roll], -1).reshape(*shape, 3),
            torch.stack([light.x, light.y, light.z], -1).reshape(*shape, 3),
            light.exposure.reshape(shape),
        )
