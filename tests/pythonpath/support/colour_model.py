"""The tests' encoder with the public methods of VideoTextModel besides, which give tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from framecue.video import FrameSource, read_frames
from support.colours import COLOURS, ColourEncoder

__all__ = ["ColourModel"]


class ColourModel(ColourEncoder):
    """Stands in for VideoTextModel; it captions a video with its colour."""

    def preprocess(self, frames: np.ndarray) -> torch.Tensor:
        """Turn frames into pixel values."""
        return torch.from_numpy(self.prepare(frames))

    def read_video(
        self,
        path: str | Path,
        *,
        source: FrameSource | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> torch.Tensor:
        """Return the pixel values of a file, or of a window of it."""
        read = read_frames if source is None else source.read_frames
        frames = read(path, self.sampling, start_seconds=start_seconds, end_seconds=end_seconds)
        return self.preprocess(frames.pixels)

    def encode_frames(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Return the vectors of videos."""
        return torch.from_numpy(self.embed_videos(pixel_values.numpy()))

    def encode_text(self, texts: list[str]) -> torch.Tensor:
        """Return the vectors of texts."""
        return torch.from_numpy(self.embed_texts(texts))

    def caption_frames(self, pixel_values: torch.Tensor) -> list[str]:
        """Return the name of each video's colour."""
        names = list(COLOURS)
        nearest = (self.encode_frames(pixel_values) @ self.encode_text(names).T).argmax(dim=1)
        return [names[i] for i in nearest.tolist()]
