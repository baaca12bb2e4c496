"""CLIP4Clip (Luo et al., Neurocomputing 2022, arXiv 2104.08860), sequential type: a Transformer over frame features.

With f_i the image encoder's features of F frames and p_i learned positions, f'_i = f_i + T(f + p)_i, and a video is the
direction of the mean of the directions of the f'_i ("seqTransf", the best of the paper's heads on large training sets).
T starts, as released, from the text tower's first four layers, and p from its positions. The released code keeps a
position for each of the 77 places of a text; here there is one for each frame of a training video, so that on a
ViT-B/32 with 12 frames there are 4 * 3 152 384 + 12 * 512 = 12 615 680 new parameters. The parameter-free type is
`mean-pool`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods.base import Method, MethodConfig
from framecue.methods.temporal import TemporalEncoder
from framecue.validation import AtLeastOne

__all__ = ["Clip4Clip", "Clip4ClipConfig"]


@dataclass(frozen=True, kw_only=True)
class Clip4ClipConfig(MethodConfig):
    """Options of CLIP4Clip, with the released values.

    Attributes:
        max_words: longer texts are cut to this many tokens, including the special ones; a tower that was trained on
            texts of one length keeps that length.
        temporal_layers: layers of the temporal encoder, which are copied from the text tower; at most as many as that
            has.
    """

    max_words: Annotated[int, Field(ge=3)] = 32
    temporal_layers: AtLeastOne = 4


class Clip4Clip(Method):
    """Mean pooling of frame features that a Transformer has related to each other: order is seen, and it is offline."""

    Config: ClassVar[type[Clip4ClipConfig]] = Clip4ClipConfig
    masks_frames = True  # the Transformer attends to no frame of zeros
    frames_alone = True
    paper = "CLIP4Clip (Neurocomputing 2022, arXiv 2104.08860): seqTransf"
    config: Clip4ClipConfig

    def __init__(self, config: Clip4ClipConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.temporal = TemporalEncoder(backbone, num_layers=config.temporal_layers, num_frames=config.num_frames)

    def max_text_tokens(self, backbone: Backbone) -> int:
        """See `Method.max_text_tokens`."""
        text = backbone.text
        return text.context_length if text.pads_texts else min(self.config.max_words, text.context_length)

    def relate(self, frame_features: Tensor) -> Tensor:
        """Turn frame features (B, F, E), not normalised, into those that know of each other; absent frames stay 0."""
        # The comparison may be in a higher precision than the model.
        own = self.temporal.position_embedding.dtype
        return self.temporal(frame_features.to(own)).to(frame_features.dtype)

    def pool(self, frame_features: Tensor) -> Tensor:
        """Pool frame features (B, F, E), in chronological order, to embeddings (B, E); see `Method.pool`."""
        return super().pool(self.relate(frame_features))
