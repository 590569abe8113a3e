"""The section of a recipe that says how a network is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.section import Section
from ferkit.view_sections import AugmentationSection, StrongSection

DEVICE = r"^(auto|cpu|cuda(:[0-9]+)?|mps)$"


class OptimiserSection(Section):
    """Defaults: paper A (A15)."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-4, gt=0, description="learning rate")
    betas: tuple[float, float] = Field((0.9, 0.999), description="of adam and adamw")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "cosine", "step"] = "constant"
    step_epochs: int | None = Field(
        30, ge=1, description="schedule step: epochs between two; null: a quarter of the phase"
    )
    step_factor: float = Field(0.6, gt=0, le=1, description="schedule step: factor of each")


class TrainingSection(Section):
    """How it is trained."""

    batch_size: int = Field(32, ge=1, description="samples per optimiser step")
    accumulate: int = Field(1, ge=1, description="cut each step's batch into so many pieces")
    clip_norm: float | None = Field(None, gt=0, description="largest gradient norm")
    class_weights: bool = Field(False, description="weigh the loss by N / (K n_k) (B12)")
    optimiser: OptimiserSection = Field(default_factory=OptimiserSection)
    augmentation: AugmentationSection | None = Field(
        default_factory=AugmentationSection, description="null: none"
    )
    strong: StrongSection | None = Field(
        default_factory=StrongSection,
        description="null: none, which a loop that asks for strong views refuses",
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    prediction_precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "auto",
        description="of the predictions of training samples between epochs, which only choose, "
        "weigh and relabel samples and so bear rounding; validation, test and the final tables are "
        "computed in `precision`. auto: bf16-mixed on a CUDA device that has it, else `precision`",
    )
    device: str = Field("auto", pattern=DEVICE, description="auto, cpu, cuda, cuda:N or mps")
    threads: int | None = Field(None, ge=1, description="CPU threads of torch; default: torch's")
    prediction_batch_size: int = Field(256, ge=1, description="samples per batch without gradient")
    checkpoint_minutes: float = Field(
        5.0, gt=0, description="also save within an epoch, after so many minutes"
    )
