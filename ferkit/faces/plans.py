"""How another process makes the parts of a preparation: all of it can be pickled."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from ferkit.contracts.faces import Sampling
from ferkit.faces.shards import Format
from ferkit.faces.steps import EVEN_16, Enhance, Keep, Steps
from ferkit.faces.track import Tracking
from ferkit.plugin import Context, Params


@dataclass(frozen=True)
class Plan:
    """How another process makes a component: by its factory, "module:callable"."""

    factory: str
    params: Params
    context: Context

    def build(self) -> Any:
        """Import the factory and call it."""
        module, _, name = self.factory.partition(":")
        return getattr(importlib.import_module(module), name)(self.params, self.context)


@dataclass(frozen=True)
class StepsPlan:
    """How `Steps` are made; the fields mean the same."""

    cropper: Plan
    detector: Plan | None = None
    reader: Plan | None = None
    enhancer: Plan | None = None
    enhance: Enhance = "face"
    sampling: Sampling = EVEN_16
    tracking: Tracking | None = None
    keep: Keep = "largest"
    min_score: float | None = None
    batch_size: int = 16
    device: str = "cpu"
    format: Format = "raw"
    jpeg_quality: int = 95

    def build(self) -> Steps:
        """Make the parts."""
        return Steps(
            cropper=self.cropper.build(),
            detector=self.detector.build() if self.detector else None,
            reader=self.reader.build() if self.reader else None,
            enhancer=self.enhancer.build() if self.enhancer else None,
            enhance=self.enhance,
            sampling=self.sampling,
            tracking=self.tracking,
            keep=self.keep,
            min_score=self.min_score,
            batch_size=self.batch_size,
            device=self.device,
            format=self.format,
            jpeg_quality=self.jpeg_quality,
        )
