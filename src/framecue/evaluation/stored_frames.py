"""Giving a model frames from a store: the store has to have them, and the model then takes the store's grid."""

from __future__ import annotations

from framecue.errors import InputError
from framecue.frame_store import StoreFrameSource
from framecue.model import VideoTextModel

__all__ = ["take_stored_frames"]


def take_stored_frames(model: VideoTextModel, store: StoreFrameSource) -> bool:
    """Make a model sample frames that a store holds: on the grid that it was trained with, or else on the store's.

    Args:
        model: takes the store's grid if it has none; an adapter that is made of it then records the grid.
        store: the frames.

    Returns:
        Whether the model had no grid before.

    Raises:
        InputError: the store does not hold the frames of the model's grid, or holds them smaller than the model looks
            at them.
    """
    resize = model.backbone.preprocess.resize
    side = resize if isinstance(resize, int) else min(resize)
    if side > store.options.short_side:
        raise InputError(
            f"the model looks at frames with a short side of {side} pixels, and frame store {store.folder} holds them "
            f"at {store.options.short_side}; prepare one with --short-side {side}, or read the videos"
        )
    rate = model.method.config.frames_per_second
    if rate is not None:
        store.check_rate(rate)
        return False
    model.take_grid(store.options.frames_per_second)
    return True
