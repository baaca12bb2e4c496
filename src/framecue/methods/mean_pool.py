"""Mean pooling: each frame passes through the backbone by itself, then the mean of the directions is taken.

Without training it is the zero-shot baseline of both papers; in training, every parameter of the backbone is trained.
It cannot see the order of frames: a video and the same video played backwards get the same embedding.
"""

from __future__ import annotations

from framecue.methods.base import Method

__all__ = ["MeanPool"]


class MeanPool(Method):
    """The hooks of `Method`, unchanged."""

    masks_frames = True
    frames_alone = True
    paper = "CLIP4Clip (arXiv 2104.08860), mean pooling"
