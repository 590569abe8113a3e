"""Parameters of the data set `rendered`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ferkit.plugin import Params

Share = Annotated[float, Field(ge=0, le=1)]
Angle = Annotated[float, Field(ge=0, le=25)]

_DOMAIN = "; default: the domain's"


class RenderedParams(Params):
    """What is drawn. Sample i depends on `seed` and `start` + i only."""

    domain: Literal["lab", "easy", "wild", "hard"] = Field(
        "easy",
        description="lab: frontal, even light, peak intensity; easy; wild: turned heads, darkness, "
        "side light, blur, noise, occluders, low intensity; hard: more of it, and blends",
    )
    count: int = Field(1000, ge=1, le=10_000_000, description="samples")
    seed: int = Field(0, ge=0, lt=2**32, description="of everything drawn")
    start: int = Field(
        0,
        ge=0,
        lt=2**31,
        description="number of the first sample; data sets of one seed whose ranges from start to "
        "start + count do not meet share no sample",
    )
    target: Literal["emotion", "subject"] = Field(
        "emotion",
        description="what the label says; subject: who it is, of `identities` people, to pretrain "
        "a network on faces",
    )
    labelled: bool = Field(True, description="false: labels are hidden, the truth is kept")
    noise: Share = Field(0.0, description="probability that a given label is wrong")
    noise_kind: Literal["symmetric", "confusion"] = Field(
        "symmetric",
        description="a wrong label is any of the six others, or the second emotion of that face",
    )
    imbalance: float = Field(
        1.0,
        ge=1,
        description="how many times as frequent the most frequent class (happy) is as the least "
        "frequent (disgust); 1: balanced",
    )
    clip_length: int = Field(1, ge=1, le=10_000, description="frames of each sample; 1: stills")
    aligned: bool = Field(
        True,
        description="true: crops are drawn by the true landmarks; false: raw frames go to the "
        "face detector",
    )
    frame_size: int = Field(160, ge=32, le=2048, description="side of a raw frame, pixels")
    identities: int | None = Field(
        None,
        ge=1,
        description="distinct subjects of this seed, whatever start and count; default: a new one "
        "every 5 samples, so that ranges that do not meet share none (start a multiple of 5)",
    )
    least_intensity: Share | None = Field(None, description="lowest peak intensity" + _DOMAIN)
    au_jitter: Share | None = Field(
        None,
        description="deviation of random activations of all action units, full activation = 1"
        + _DOMAIN,
    )
    asymmetry: Share | None = Field(
        None, description="deviation of the relative left-right difference" + _DOMAIN
    )
    blends: Share | None = Field(None, description="fraction of faces with two emotions" + _DOMAIN)
    occluders: Share | None = Field(None, description="fraction partly hidden" + _DOMAIN)
    glasses: Share | None = Field(None, description="fraction of subjects with glasses" + _DOMAIN)
    darkness: Share | None = Field(None, description="largest loss of exposure, fraction" + _DOMAIN)
    side_light: Share | None = Field(
        None, description="largest sideways part of the light's direction" + _DOMAIN
    )
    blur: Annotated[float, Field(ge=0, le=0.05)] | None = Field(
        None, description="largest deviation of the blur, fraction of the frame's side" + _DOMAIN
    )
    sensor_noise: Annotated[float, Field(ge=0, le=0.5)] | None = Field(
        None, description="largest noise deviation per raw pixel, full scale = 1" + _DOMAIN
    )
    roll: Annotated[float, Field(ge=0, le=45)] | None = Field(
        None, description="largest roll of the head, degrees" + _DOMAIN
    )
    yaw: Angle | None = Field(None, description="largest turn to the side, degrees" + _DOMAIN)
    pitch: Angle | None = Field(None, description="largest nod, degrees" + _DOMAIN)
    clutter: Share | None = Field(None, description="contrast of the background" + _DOMAIN)

    @model_validator(mode="after")
    def _who_it_is(self) -> RenderedParams:
        if self.target == "subject" and not 2 <= (self.identities or 0) <= 10_000:
            raise ValueError("target: subject needs 'identities', 2 to 10000 people to tell apart.")
        if self.target == "subject" and self.noise_kind == "confusion" and self.noise > 0:
            raise ValueError("noise_kind: confusion is of emotions, not of subjects.")
        return self
