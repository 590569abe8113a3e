"""What is asked of every result about faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces

PIXELS, SCORE = 0.1, 1e-3
"""How far the same face may be off in another call of a network."""


def asked(what: str, ask: Callable[..., Any], *given: Any) -> Any:
    """What a component answers; an exception of its own becomes an AssertionError.

    Args:
        what: was given, to begin a sentence, such as "an empty batch".
        ask: a method of the component. given: its arguments.
    """
    try:
        return ask(*given)
    except Exception as error:
        raise AssertionError(f"{what}: an exception instead of an answer: {error!r}") from error


def check_faces(faces: Faces) -> None:
    """Hold the faces of one frame to the form that `Faces` describes.

    Raises: AssertionError: says what is wrong.
    """
    assert isinstance(faces, Faces), f"a result is a {type(faces).__name__}, not Faces"
    count = len(faces.score)
    shapes = ((count, 4), (count, 5, 2), (count,))
    for name, part, shape in zip(Faces._fields, faces, shapes, strict=True):
        assert tuple(part.shape) == shape, f"{name} is {tuple(part.shape)}, not {shape}"
        assert part.dtype == torch.float32, f"{name} is {part.dtype}, not float32"
        assert part.device.type == "cpu", f"{name} is on {part.device}, not on the CPU"
        assert bool(torch.isfinite(part).all()), f"{name} is not finite"
        assert not part.requires_grad, f"{name} asks for a gradient"
    assert bool(((faces.score >= 0) & (faces.score <= 1)).all()), "a score is not in [0, 1]"
    assert bool((faces.score.diff() <= 0).all()), "faces are not in descending score"
    ordered = faces.box_xyxy[:, :2] <= faces.box_xyxy[:, 2:]
    assert bool(ordered.all()), "a box is not x1, y1, x2, y2: its end is before its start"


def same_faces(found: Sequence[Faces], again: Sequence[Faces], what: str) -> None:
    """Assert that two calls found the same, to a tenth of a pixel.

    Args:
        what: is wrong if they did not, to follow "faces", such as "depend on the seed".
    """
    for one, other in zip(found, again, strict=True):
        assert len(one.score) == len(other.score), (
            f"faces {what}: {len(one.score)} and {len(other.score)} in the same frame"
        )
        for name, mine, its in zip(Faces._fields, one, other, strict=True):
            near = SCORE if name == "score" else PIXELS
            off = float((mine - its).abs().max()) if len(mine) else 0.0
            assert off <= near, f"faces {what}: {name} is off by {off:.3g}"


def overlap(box: Tensor, other: Tensor) -> float:
    """Intersection over union of two boxes (4,)."""
    low, high = torch.maximum(box[:2], other[:2]), torch.minimum(box[2:], other[2:])
    shared = float((high - low).clamp(min=0).prod())
    both = float((box[2:] - box[:2]).prod() + (other[2:] - other[:2]).prod()) - shared
    return shared / both if both > 0 else 0.0


def check_fingerprint(component: Any, again: Any) -> None:
    """Hold the attribute `fingerprint`, if there is one, to be text and the same when made again.

    Args:
        component: any. again: the same, made a second time.
    Raises: AssertionError: says what is wrong.
    """
    if not hasattr(component, "fingerprint"):
        return
    text = component.fingerprint
    assert isinstance(text, str), f"fingerprint is {text!r}, not a string"
    assert text, "fingerprint is empty"
    assert again.fingerprint == text, "fingerprint differs though nothing has changed"
