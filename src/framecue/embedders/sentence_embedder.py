"""Multimodal embedding models that `sentence-transformers` loads: Qwen3-VL-Embedding and its like.

Such a folder or hub page has a `modules.json`, which says how tokens become one vector. Videos go in as frames, texts
as queries, each with the instruction that the model's page defines for it. Code that comes with a model is never run.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from framecue.backbone.dtype import as_dtype
from framecue.backbone.quiet import quiet_transformers
from framecue.embedders.embedder import Embedder, usable_device
from framecue.errors import InputError, ModelError, first_line

__all__ = ["EXTRA", "SentenceEmbedder", "load_sentence_transformer"]

EXTRA = "framecue[embedders]"
NUM_FRAMES = 12
SIDE = 384
# What a processor is told about the frames, which are spread evenly over a segment whose length it does not learn.
FRAMES_PER_SECOND = 2.0


class SentenceEmbedder(Embedder):
    """A `SentenceTransformer` that takes videos.

    Frames keep their shape: they lie in the middle of a black square of `SIDE` pixels, since the videos of a batch have
    one shape here. The model's own processor scales and cuts them further.

    Args:
        model: the `SentenceTransformer`.
        name: its name on the hub, or its folder.
        revision: the hub's commit, or a hash of the folder's weights.
        dtype: what it computes in.
        device: where to compute; None takes a GPU if there is one.

    Raises:
        ModelError: the model takes no videos, or no texts.
    """

    kind = "sentence-transformers"

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        revision: str,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device | None = None,
    ) -> None:
        super().__init__(name=name, revision=revision, dtype=dtype, num_frames=NUM_FRAMES)
        lacking = [modality for modality in ("video", "text") if not model.supports(modality)]
        if lacking:
            raise ModelError(
                f"{name}: a model for {', '.join(map(str, model.modalities))} takes no {' and no '.join(lacking)}; "
                "give an embedding model for videos and texts, such as Qwen/Qwen3-VL-Embedding-2B"
            )
        self.model = model
        self.device = usable_device(model, device)

    @property
    def embedding_dim(self) -> int:
        """The embedding's width E."""
        return int(self.model.get_embedding_dimension())

    @property
    def short_side(self) -> int:
        """The side of the square that frames are put in."""
        return SIDE

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames uint8 (F, H, W, 3) into squares float32 (F, 3, S, S), from 0 to 255, black where no frame is."""
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not frames.size:
            raise InputError(f"frames must be uint8 (F, H, W, 3) in RGB; got {frames.dtype} of shape {frames.shape}")
        height, width = frames.shape[1:3]
        scale = SIDE / max(height, width)
        rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
        squares = np.zeros((len(frames), 3, SIDE, SIDE), dtype=np.float32)
        for square, frame in zip(squares, frames, strict=True):
            resized = Image.fromarray(frame).resize((columns, rows), Image.Resampling.BICUBIC)
            square[:, top : top + rows, left : left + columns] = np.asarray(resized).transpose(2, 0, 1)
        return squares

    def _embed_videos(self, pixel_values: np.ndarray) -> Tensor:
        count = pixel_values.shape[1]
        metadata = {
            "fps": FRAMES_PER_SECOND,
            "total_num_frames": count,
            "duration": count / FRAMES_PER_SECOND,
            "frames_indices": list(range(count)),
        }
        videos = [
            {"video": {"array": video.round().astype(np.uint8), "video_metadata": metadata}} for video in pixel_values
        ]
        # The frames were chosen here, so the processor chooses none among them.
        return self._encode(
            self.model.encode_document, videos, processing_kwargs={"video": {"do_sample_frames": False}}
        )

    def _embed_texts(self, texts: list[str]) -> Tensor:
        return self._encode(self.model.encode_query, texts)

    def _encode(self, encode: Any, inputs: list[Any], **options: Any) -> Tensor:
        with quiet_transformers():
            embeddings: Tensor = encode(
                inputs, batch_size=len(inputs), show_progress_bar=False, convert_to_tensor=True, **options
            )
        return embeddings


def load_sentence_transformer(
    name: str | Path,
    *,
    revision: str,
    commit: str | None = None,
    dtype: str | torch.dtype = torch.float32,
    device: str | torch.device | None = None,
    local_only: bool = False,
) -> SentenceEmbedder:
    """Load an embedding model with `sentence-transformers`.

    Args:
        name: a folder, or a name on the hub.
        revision: the hub's commit, or a hash of the folder's weights; part of a library's fingerprint.
        commit: of a model on the hub; None for a folder.
        dtype: of the weights and the computation.
        device: where to compute; None takes a GPU if there is one.
        local_only: whether to use only the hub's cache.

    Raises:
        ModelError: the package is not installed, or the model cannot be loaded or takes no videos.
        InputError: the dtype or the device does not exist.
    """
    number_format = as_dtype(dtype)
    try:
        sentence_transformers = importlib.import_module("sentence_transformers")
    except ImportError as error:
        raise ModelError(
            f"{name}: an embedding model of this layout (modules.json) is loaded by sentence-transformers, which "
            f"cannot be imported ({first_line(error)}); pip install '{EXTRA}'"
        ) from error
    try:
        with quiet_transformers():
            model = sentence_transformers.SentenceTransformer(
                str(name),
                device="cpu",
                revision=commit,
                trust_remote_code=False,
                local_files_only=local_only,
                model_kwargs={"dtype": number_format, "use_safetensors": True},
            ).eval()
    except Exception as error:  # it and transformers raise whatever their readers raise
        raise ModelError(
            f"{name}: cannot be loaded by sentence-transformers: {first_line(error)}; code that a model brings is "
            "not run, and videos need torchvision beside it"
        ) from error
    return SentenceEmbedder(model, name=str(name), revision=revision, dtype=number_format, device=device)
