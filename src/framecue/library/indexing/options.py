"""How files are indexed: the one list of options, for Python, for the command line and for watching folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from framecue.checks import check_flags, check_kind, is_number
from framecue.errors import InputError
from framecue.library.files.exclude import Exclude
from framecue.video import STALL_SECONDS, Segmentation

__all__ = ["AddKeywords", "AddOptions"]


@dataclass(frozen=True, kw_only=True)
class AddOptions:
    """How files are indexed.

    Args:
        exclude: globs of files and folders to leave out: without ``/`` for names at any depth, with ``/`` for paths
            below the given folders. Kept as a tuple.
        prune: whether to remove from the library the files that are gone from the given folders. A folder that does not
            exist, or has no video any more, may be on a disk that is not mounted, so nothing below it is removed.
        segmentation: how videos are cut into segments. A library keeps the segmentation with which it was made, so this
            is for a new one; None for the library's own, or for the default.
        captions: whether to describe each segment with the method's captioner, for full text search.
        images: whether to index the pictures in the folders too. A picture that is named is always indexed, and one
            that the library holds is kept up to date.
        retry: whether to read files again that earlier runs could not read, though they have not changed.
        stall_seconds: how long the reader of a file may show no sign of life before the file is skipped.
        max_cpu_seconds: how much processor time reading a file may take before it is skipped; None for 60 seconds, and
            500 more for each megabyte of the file.
        max_megapixels: how many megapixels one pass over a file may decode before it is skipped; None for 4000, and
            100 more for each kilobyte.
        gpu_decode: whether to decode videos of 1920 x 1080 pixels or more on an NVIDIA GPU, by torchcodec (the extra
            gpu-decode); a file that it cannot decode is decoded by PyAV, and the report counts it.

    Raises:
        InputError: a glob is empty, or a limit is not above 0.
    """

    exclude: Sequence[str] = ()
    prune: bool = False
    segmentation: Segmentation | None = None
    captions: bool = False
    images: bool = False
    retry: bool = False
    stall_seconds: float = STALL_SECONDS
    max_cpu_seconds: float | None = None
    max_megapixels: float | None = None
    gpu_decode: bool = False

    def __post_init__(self) -> None:
        # A string is a sequence of letters, but one glob. A list is copied, as the caller may still change it.
        globs: object = (self.exclude,) if isinstance(self.exclude, str) else self.exclude
        globs = tuple(globs) if isinstance(globs, Iterable) else (globs,)
        if not all(isinstance(glob, str) for glob in globs):
            raise InputError(f"exclude is {self.exclude!r}; give a glob, or several")
        object.__setattr__(self, "exclude", globs)
        Exclude(self.exclude)
        check_flags(prune=self.prune, captions=self.captions, images=self.images, retry=self.retry)
        check_flags(gpu_decode=self.gpu_decode)
        check_kind("segmentation", self.segmentation, Segmentation)
        if not is_number(self.stall_seconds) or self.stall_seconds <= 0:
            raise InputError(f"stall_seconds is {self.stall_seconds!r}; it must be above 0")
        for name in ("max_cpu_seconds", "max_megapixels"):
            value = getattr(self, name)
            if value is not None and (not is_number(value) or value <= 0):
                raise InputError(f"{name} is {value!r}; it must be above 0")


class AddKeywords(TypedDict, total=False):
    """The same options as keywords of ``Library.add``, for type checkers; a test holds the two lists together."""

    exclude: Sequence[str]
    prune: bool
    segmentation: Segmentation | None
    captions: bool
    images: bool
    retry: bool
    stall_seconds: float
    max_cpu_seconds: float | None
    max_megapixels: float | None
    gpu_decode: bool
