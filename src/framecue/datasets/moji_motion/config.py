"""The datasets `moji-motion` and `moji-stills`: pictures that are drawn when training asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from framecue.datasets.base import DatasetConfig
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.validation import Integer, Number

if TYPE_CHECKING:
    from framecue.datasets.moji_motion.clips import MojiClips
    from framecue.datasets.moji_motion.stills import MojiStills
    from framecue.model import VideoTextModel
    from framecue.video import FrameSource

__all__ = ["VALIDATION_SEED_STEP", "MojiClipsData", "MojiStillsData"]

VALIDATION_SEED_STEP = 1_000_003
"""The difference between the seeds of the stills for validation and for training.

Each seed draws other stills, so any difference keeps the two apart. One as large as this also keeps validation apart
from the training of other runs, whose seeds people count up from 0. Another value would change the examples by which
the shipped models were chosen. Clips need none: their combinations of actors and motions are split between training and
validation.
"""


class _MojiData(DatasetConfig):
    """The fields that both have.

    Attributes:
        num_examples: the length of an epoch.
        num_val: how many examples choose the checkpoint.
        seed: each seed draws other examples.
    """

    shuffles: ClassVar[bool] = False

    num_examples: Integer = Field(gt=0)
    num_val: Integer = Field(default=500, gt=0)
    seed: Integer = Field(default=0, ge=0)


class MojiClipsData(_MojiData):
    """MojiMotion clips that are drawn when they are needed: `num_examples` an epoch.

    Attributes:
        single_share: the share of training clips with one actor.
        place_share: the share of training captions that tell where things are at first and then, not what they do.
        early_share: the share of training clips in which things come to rest halfway.
        motion_share: the share of training captions that tell what happens, but not to whom.
        title_share: the share of training clips with a title over the picture.
        walk_on_share: the share of training clips with actors that have no name, for a run that distils.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "MojiMotion clips, drawn while training asks for them.",
        splits=(
            SplitCard("train", source="generated (`num_examples`)"),
            SplitCard("val", source="generated (`num_val`)"),
        ),
    )

    name: Literal["moji-motion"] = "moji-motion"
    single_share: Number = Field(default=0.25, ge=0, le=1)
    place_share: Number = Field(default=0.0, ge=0, le=1)
    early_share: Number = Field(default=0.0, ge=0, le=1)
    motion_share: Number = Field(default=0.0, ge=0, le=1)
    title_share: Number = Field(default=0.0, ge=0, le=1)
    walk_on_share: Number = Field(default=0.0, ge=0, le=1)

    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> MojiClips:
        """Return clips of the combinations for training; the dataset's own seed draws them."""
        from framecue.datasets.moji_motion.clips import MojiClips

        return MojiClips(
            seed=self.seed,
            num_examples=self.num_examples,
            image_size=model.backbone.vision.image_size,
            sample=model.train_sampling.train_indices,
            single_share=self.single_share,
            place_share=self.place_share,
            early_share=self.early_share,
            motion_share=self.motion_share,
            title_share=self.title_share,
            walk_on_share=self.walk_on_share,
        )

    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> MojiClips:
        """Return clips of the combinations for validation; the shares do not change them, so runs can be compared."""
        from framecue.datasets.moji_motion.clips import MojiClips

        return MojiClips(
            seed=self.seed,
            num_examples=self.num_val,
            image_size=model.backbone.vision.image_size,
            sample=lambda length, rng: model.sampling.test_indices(length),
            split="val",
        )


class MojiStillsData(_MojiData):
    """MojiMotion stills that are drawn when they are needed: `num_examples` an epoch.

    Attributes:
        group_size: how many neighbouring stills share their actors.
        title_share: the share of training stills with a title over the picture.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "MojiMotion pictures, drawn while training asks for them.",
        splits=(
            SplitCard("train", source="generated (`num_examples`)"),
            SplitCard("val", source="generated (`num_val`)"),
        ),
    )

    name: Literal["moji-stills"] = "moji-stills"
    group_size: Integer = Field(default=1, gt=0)
    title_share: Number = Field(default=0.0, ge=0, le=1)

    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> MojiStills:
        """Return stills; the dataset's own seed draws them."""
        return self._stills(model, seed=self.seed, num_examples=self.num_examples, title_share=self.title_share)

    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> MojiStills:
        """Return other stills; the share of titles does not change them, so runs can be compared."""
        return self._stills(model, seed=self.seed + VALIDATION_SEED_STEP, num_examples=self.num_val, title_share=0.0)

    def _stills(self, model: VideoTextModel, *, seed: int, num_examples: int, title_share: float) -> MojiStills:
        from framecue.datasets.moji_motion.stills import MojiStills

        return MojiStills(
            seed=seed,
            num_examples=num_examples,
            image_size=model.backbone.vision.image_size,
            group_size=self.group_size,
            title_share=title_share,
        )
