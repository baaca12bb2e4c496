"""How files are indexed: the one list of options that Python, the command line and folders that are followed share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from framecue.errors import InputError
from framecue.library.files.exclude import Exclude
from framecue.video import STALL_SECONDS, Segmentation

__all__ = ["AddKeywords", "AddOptions"]


@dataclass(frozen=True, kw_only=True)
class AddOptions:
    """How files are indexed.

    Args:
        exclude: globs of files and folders to leave out: without ``/`` for names at any depth, with ``/`` for paths
            below the folders that are given. Kept as a tuple.
        prune: whether to take out of the library what is gone from the folders that are given. A folder that is not
            there, or has no video any more, may be on a disk that is not mounted; nothing below it is taken out.
        segmentation: how videos are cut into segments. A library keeps to what it was made with, so this is for a new
            one; None for the library's own, or the usual one.
        captions: whether to describe each segment with the method's captioner, for full text search.
        stall_seconds: how long reading a file may give no sign of life before the file is skipped.

    Raises:
        InputError: a glob is empty, or ``stall_seconds`` is not above 0.
    """

    exclude: Sequence[str] = ()
    prune: bool = False
    segmentation: Segmentation | None = None
    captions: bool = False
    stall_seconds: float = STALL_SECONDS

    def __post_init__(self) -> None:
        # A text is a sequence of letters, but one glob. What a caller may still change is not what is kept.
        globs = (self.exclude,) if isinstance(self.exclude, str) else tuple(self.exclude)
        object.__setattr__(self, "exclude", globs)
        Exclude(globs)
        if not 0 < self.stall_seconds < float("inf"):
            raise InputError(f"stall_seconds is {self.stall_seconds}; it must be above 0")


class AddKeywords(TypedDict, total=False):
    """The same options as keywords of ``Library.add``, for type checkers; a test holds the two lists together."""

    exclude: Sequence[str]
    prune: bool
    segmentation: Segmentation | None
    captions: bool
    stall_seconds: float
