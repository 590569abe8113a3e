"""Parameters of the data sets of videos."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import DataPath, Params


class AfewParams(Params):
    """Parameters of `afew`."""

    path: DataPath = Field(description="the folder with `Train_AFEW` and `Val_AFEW` in it")
    videos: Literal["original", "aligned"] = Field(
        "original",
        description="the videos, or the faces that were cut out of them for the distribution: a "
        "folder of images a video",
    )
    unlabelled_test: bool = Field(
        False,
        description="give the videos of the official test too, whose labels were never published, "
        "as unlabelled samples",
    )


class BoldParams(Params):
    """Parameters of `bold`."""

    path: DataPath = Field(description="the folder `BOLD_public`, or the one it is in")
    samples: Literal["clips", "people"] = Field(
        "clips",
        description="each clip is a sample, or each person of a clip whose feelings were rated",
    )
    frames: Literal["annotated", "all"] = Field(
        "annotated",
        description="the part of the clip in which the rated people are seen, or all of it",
    )
    splits: Literal["unlabelled", "official"] = Field(
        "unlabelled",
        description="all samples are unlabelled data, or they keep the split of the distribution; "
        "they have no label either way",
    )


class DfewParams(Params):
    """Parameters of `dfew`."""

    path: DataPath = Field(description="the folder with `Clip` and `EmoLabel_DataSplit` in it")
    fold: int = Field(1, ge=1, le=5, description="which of the five official splits")
    clips: Literal["frames", "original"] = Field(
        "frames",
        description="the aligned faces of `clip_224x224`, a folder of images a clip; or the videos",
    )
    votes: bool = Field(
        True,
        description="the ten annotators' votes are the targets of training; false: the label alone",
    )
    unlabelled: bool = Field(
        False,
        description="give the clips on whose one emotion the annotators did not agree too, as "
        "unlabelled samples; otherwise they are left out",
    )


class Ferv39kParams(Params):
    """Parameters of `ferv39k`."""

    path: DataPath = Field(
        description="the folder with `4_setups` and `2_ClipsforFaceCrop` (or `0_7_LabelClips`) "
        "in it"
    )
    clips: Literal["frames", "original"] = Field(
        "frames",
        description="the faces of `2_ClipsforFaceCrop`, a folder of images a clip; or the videos "
        "of `0_7_LabelClips`",
    )


class CremaDParams(Params):
    """Parameters of `crema_d`."""

    path: DataPath = Field(
        description="the repository's folder, with `VideoFlash` and `processedResults` in it"
    )
    votes: Literal["face", "voice", "audio_visual", "none"] = Field(
        "face",
        description="crowd votes of people who saw the clip without sound, heard it without the "
        "picture, or had both: the targets of training. The label, by which is measured, is what "
        "the actor was told to show; with none it is the target too",
    )


class RavdessParams(Params):
    """Parameters of `ravdess`."""

    path: DataPath = Field(
        description="the folder with the unpacked archives; `Actor_01` to `Actor_24` may lie at "
        "any depth"
    )
    modality: Literal["audio_visual", "video_only"] = Field(
        "audio_visual",
        description="which of the two files of a recording; both show the same picture",
    )
    channel: Literal["speech", "song", "both"] = Field("speech", description="spoken or sung")
    calm: Literal["leave_out", "as_neutral", "keep"] = Field(
        "leave_out",
        description="what becomes of recordings of the class calm, which is none of the seven",
    )
