"""VideoPrism's video-text encoders (Zhao et al., ICML 2024, arXiv 2402.13217), by `transformers`' own class.

They are `google/videoprism-lvt-base-f16r288` and `-large-f8r288`: a factorised video encoder that sees 16 or 8 frames
at 288 x 288 pixels together, and a text encoder of 64 tokens. The video encoders without text (`videoprism-base-...`)
cannot be searched with words and are refused.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import torch
from torch import Tensor

from framecue.backbone import Preprocess
from framecue.backbone.transformer import OpenedModel
from framecue.embedders.embedder import Embedder, usable_device

__all__ = ["VideoPrism"]

# Where punctuation was, a space.
_SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


class VideoPrism(Embedder):
    """VideoPrism with its preprocessing and its tokenizer.

    Args:
        opened: the model, read from a folder or the hub.
        device: where to compute; None takes a GPU if there is one.
    """

    kind = "videoprism"

    def __init__(self, opened: OpenedModel, *, device: str | torch.device | None = None) -> None:
        config = opened.config.vision_config
        super().__init__(
            name=opened.name, revision=opened.revision, dtype=opened.model.dtype, num_frames=config.num_frames
        )
        self.model: Any = opened.model.eval()
        self.device = usable_device(self.model, device)
        self.opened = opened
        size = config.image_size
        height, width = (size, size) if isinstance(size, int) else size
        # Pixels from 0 to 1, and nothing more, as the released models take them.
        self.preprocess = Preprocess((height, width), None, mean=(0.0,) * 3, std=(1.0,) * 3)

    @property
    def embedding_dim(self) -> int:
        """The embedding's width E."""
        return int(self.opened.config.vision_config.hidden_size)

    @property
    def short_side(self) -> int:
        """See `Encoder.short_side`."""
        return self.preprocess.short_side

    def check_texts(self) -> None:
        """Raise if the model has no tokenizer.

        Raises:
            ModelError: it has none.
        """
        _ = self.opened.tokenizer

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames uint8 (F, H, W, 3) into pixel values float32 (F, 3, S, S), from 0 to 1."""
        return self.preprocess(frames).numpy()

    def _embed_videos(self, pixel_values: np.ndarray) -> Tensor:
        pixels = torch.from_numpy(pixel_values).to(self.device, self.dtype)
        embeddings: Tensor = self.model.get_video_features(pixel_values_videos=pixels).pooler_output
        return embeddings.flatten(1)

    def _embed_texts(self, texts: list[str]) -> Tensor:
        batch = self.opened.tokenizer(
            [canonical(text) for text in texts],
            padding="max_length",
            padding_side="right",
            truncation=True,
            max_length=self.opened.config.text_config.max_position_embeddings,
            return_tensors="pt",
            return_attention_mask=True,
        )
        moved = {name: batch[name].to(self.device) for name in ("input_ids", "attention_mask")}
        embeddings: Tensor = self.model.get_text_features(**moved).pooler_output
        return embeddings


def canonical(text: str) -> str:
    """Return a text as VideoPrism was trained on it: small letters, single spaces, a full stop and no other sign.

    As `canonicalize_text` of google-deepmind/videoprism, videoprism/utils.py, describes it.
    """
    return " ".join(text.translate(_SPACES).lower().split()) + "."
