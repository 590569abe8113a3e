"""The sections of a recipe, as pydantic models. `recipe.py` fills in the plugins' own models.

A field marked with `Chosen` holds a component: in YAML a mapping with `use: NAME` and that
component's parameters. Here such fields are typed loosely; `recipe.py` builds, from the
catalogue, the exact models in which they are unions discriminated by `use`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ferkit.chosen import Chosen as Chosen
from ferkit.data_section import DataSection as DataSection
from ferkit.data_section import NoiseSection as NoiseSection
from ferkit.data_section import SplitSection as SplitSection
from ferkit.plugin import DataPath, Kind, Params, WeightsPath
from ferkit.section import Section as Section
from ferkit.training_section import OptimiserSection as OptimiserSection
from ferkit.training_section import TrainingSection as TrainingSection
from ferkit.view_sections import AugmentationSection as AugmentationSection
from ferkit.view_sections import StrongSection as StrongSection

SCHEMA_VERSION = 1

RUN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Pick(Params):
    """A chosen component: the parameters, and in `use` its name."""

    use: str


class SamplingSection(Section):
    """Which frames of a video are prepared."""

    mode: Literal["all", "every", "even", "fps"] = "even"
    value: float = Field(16, gt=0, description="frames, or frames per second")


class TrackingSection(Section):
    """Detection on some frames of a video, and between them only near the faces found before."""

    every: int = Field(25, ge=1, description="frames from one full detection to the next")
    grow: float = Field(
        0.5, gt=0, le=4, description="margin that is searched, fraction of the last box's side"
    )
    cut: float = Field(
        0.15,
        gt=0,
        le=1,
        description="mean difference of two small grey frames, fraction of white, that is a cut:"
        " all tracks end and the frame is detected in full",
    )


class FacesSection(Section):
    """From files to crops."""

    detector: Annotated[Any, Chosen(Kind.FACE_DETECTOR, nullable=True)] = Field(
        default={"use": "mtcnn"},
        validate_default=True,
        description="null: images are crops already",
    )
    cropper: Annotated[Any, Chosen(Kind.REGION_CROPPER)] = Field(
        default={"use": "face"}, validate_default=True
    )
    reader: Annotated[Any, Chosen(Kind.VIDEO_READER)] = Field(
        default={"use": "decord"}, validate_default=True
    )
    enhancer: Annotated[Any, Chosen(Kind.ENHANCER)] = Field(
        None, description="evens out the light; null: nothing does"
    )
    enhance: Literal["frames", "face", "crops"] = Field(
        "face",
        description="what the enhancer gets. frames: whole frames, before detection. face: the"
        " aligned face, from which the other regions are then cut (B5). crops: each region",
    )
    sampling: SamplingSection = Field(default_factory=SamplingSection)
    tracking: TrackingSection | None = Field(
        None, description="follow faces in videos; null: every frame is detected in full"
    )
    keep: Literal["largest", "most_central", "all"] = Field(
        "largest",
        description="which faces of a frame. all: each face of a photograph, and each person"
        " followed through a video, is a sample of its own",
    )
    min_score: float | None = Field(
        None,
        ge=0,
        le=1,
        description="faces below are not used; null: what the detector itself relies on, 0.9 for"
        " mtcnn",
    )
    batch_size: int = Field(16, ge=1, description="frames per call of the detector")
    format: Literal["raw", "jpeg"] = Field(
        "raw", description="of the stored crops; jpeg is about a tenth of the size, and lossy"
    )
    jpeg_quality: int = Field(95, ge=50, le=100, description="of format jpeg")
    store: DataPath | None = Field(
        None, description="folder of the prepared store; default: the user's cache"
    )


class AggregationSlots(Section):
    """Pooling over the three axes."""

    space: Annotated[Any, Chosen(Kind.AGGREGATION)] = Field(
        default={"use": "mean"}, validate_default=True
    )
    regions: Annotated[Any, Chosen(Kind.AGGREGATION)] = Field(
        default={"use": "mean"}, validate_default=True
    )
    frames: Annotated[Any, Chosen(Kind.AGGREGATION)] = Field(
        default={"use": "mean"}, validate_default=True
    )


class ModelSection(Section):
    """The network."""

    backbone: Annotated[Any, Chosen(Kind.BACKBONE)] = Field(
        default={"use": "small_cnn"}, validate_default=True
    )
    aggregation: AggregationSlots = Field(default_factory=AggregationSlots)
    feature_dim: int | None = Field(
        None,
        ge=1,
        description="a dense layer brings a frame's features, pooled over regions, to so many"
        " numbers (B11); null: there is none",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="before the last layer")
    penalty: float = Field(0.0, ge=0, description="factor of the aggregations' penalty in the loss")
    frames: int = Field(8, ge=1, description="frames of a clip per training step, evenly spaced")


class StudentSection(Section):
    """The network of the phases that train a student, where it is to differ (B16, B18)."""

    model: ModelSection | None = Field(
        None, description="the student's network, whole; null: as the section `model`"
    )
    dropout: float | None = Field(
        None, ge=0, lt=1, description="of the student, instead of its model's"
    )
    init: WeightsPath | None = Field(
        None,
        description="run folder whose weights every student starts from; null: the recipe's `init` "
        "where the student's backbone and aggregation are the model's, else fresh ones",
    )


class PolicySection(Section):
    """What the samples of one split are to answer, and how much they count."""

    label_updates: tuple[Annotated[Any, Chosen(Kind.LABEL_UPDATE)], ...] = Field(
        (), description="composed in order"
    )
    weightings: tuple[Annotated[Any, Chosen(Kind.SAMPLE_WEIGHTING)], ...] = Field(
        (), description="multiplied"
    )


class EvaluationSection(Section):
    """The report."""

    bootstrap: int = Field(1000, ge=0, description="resamples of the 95 % intervals; 0: none")
    bins: int = Field(15, ge=2, description="of the expected calibration error")
    frames: int | None = Field(None, ge=1, description="frames per clip at test; default: all")
    figures: bool = Field(
        True, description="draw figures; false saves seconds for each of many short runs"
    )
    rounds: bool = Field(
        True,
        description="measure each round of a loop that has several on test as well; what counts "
        "is chosen by validation all the same",
    )
    epochs: bool = Field(
        True,
        description="measure the last epoch and that of the lowest validation loss on test, "
        "whichever the final weights are of",
    )
    stability: bool = Field(
        False,
        description="measure how much answers at test change under alterations of a clip (B28)",
    )


class Recipe(Section):
    """One run."""

    schema_version: int = Field(SCHEMA_VERSION, description="of the recipe format")
    name: str | None = Field(None, pattern=RUN_NAME, description="default: the file's name")
    seed: int = Field(0, ge=0, description="of everything random but the division of the data")
    data: DataSection
    faces: FacesSection = Field(default_factory=FacesSection)
    model: ModelSection = Field(default_factory=ModelSection)
    student: StudentSection = Field(default_factory=StudentSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    loop: Annotated[Any, Chosen(Kind.SSL_LOOP)] = Field(
        default={"use": "supervised"}, validate_default=True
    )
    labelled: PolicySection = Field(default_factory=PolicySection)
    unlabelled: PolicySection = Field(default_factory=PolicySection)
    evaluation: EvaluationSection = Field(default_factory=EvaluationSection)
    init: WeightsPath | None = Field(
        None, description="run folder whose weights the first phase starts from"
    )
