"""What a name is taught from: hits, moments of files and of videos that the library holds, and pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath

from framecue.checks import check_text, is_number
from framecue.errors import InputError
from framecue.library.results import Hit
from framecue.library.search.query import HeldMoment, VideoMoment
from framecue.library.store.taught_names import KeptExample
from framecue.object_store.urls import noted_path
from framecue.pictures import EncodedPicture, ImageLike, Picture, as_image, is_image
from framecue.video import IMAGE_SUFFIXES

__all__ = ["Example", "VideoSpan", "WantedExample", "kept_as_wanted", "wanted_examples"]


@dataclass(frozen=True)
class VideoSpan:
    """A stretch of a video file.

    Args:
        path: the file.
        start_seconds: where it starts.
        end_seconds: where it ends.

    Raises:
        InputError: the path is empty, or the times are no times, or it ends before it starts.
    """

    path: str | os.PathLike[str]
    start_seconds: float
    end_seconds: float

    def __post_init__(self) -> None:
        if not os.fspath(self.path):
            raise InputError("the video of an example has an empty name")
        for name in ("start_seconds", "end_seconds"):
            if not is_number(value := getattr(self, name)) or value < 0:
                raise InputError(f"{name} of an example is {value!r}; it must be a time in seconds, 0 or more")
        if self.end_seconds < self.start_seconds:
            raise InputError(
                f"the example {os.fspath(self.path)} ends at {self.end_seconds:g} s, before it starts at "
                f"{self.start_seconds:g} s; give START and END in this order"
            )


Shown = Hit | VideoMoment | HeldMoment | VideoSpan | ImageLike
Example = Shown | tuple[Shown, str]
"""What a name can be taught from. A path is a picture's or a video's, by its suffix; a whole video has to be short.

A text beside it says what is to be seen, with the name in it: ``(hit, "Rex catches a frisbee")``.
"""


@dataclass(frozen=True)
class WantedExample:
    """An example as it was given, or as it was kept: where to find what it shows.

    Attributes:
        path: absolute path of the file, or its URL; None where only the content is known, or pixels.
        video_id: hash of the content; None where only a file is known, or pixels.
        span: where the moment starts and ends, in seconds; None for no times.
        at_seconds: one time of the moment; None for no such time.
        picture: of a picture that was given in memory, or is kept.
        is_picture: whether it is a picture.
        is_kept: whether the picture is one that the library keeps.
        text: what is to be seen, with the name in it, as whoever gave it says; None if that was not said.
        texts: what was kept of what is said of it, with ``{}`` in the name's place.
    """

    path: str | None = None
    video_id: str | None = None
    span: tuple[float, float] | None = None
    at_seconds: float | None = None
    picture: Picture | EncodedPicture | None = None
    is_picture: bool = False
    is_kept: bool = False
    text: str | None = None
    texts: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.path is None:
            what = f"the picture {self.picture}" if self.video_id is None else f"the video {self.video_id}"
        else:
            what = self.path
        if self.span is not None:
            return f"{what} at {self.span[0]:g} to {self.span[1]:g} s"
        return what if self.at_seconds is None else f"{what} at {self.at_seconds:g} s"


def wanted_examples(given: Iterable[Example], argument: str) -> list[WantedExample]:
    """Return where to find what some examples show; nothing is read.

    Args:
        given: as a caller gave them, one or several.
        argument: what the caller calls them, for messages.

    Raises:
        InputError: one is no example.
    """
    if is_image(given) or isinstance(given, (Hit, VideoMoment, HeldMoment, VideoSpan)):
        given = [given]  # type: ignore[list-item]
    if not isinstance(given, Iterable):
        raise InputError(f"{argument} is {given!r}; give a list of hits, moments of videos and pictures")
    return [_wanted(example, argument) for example in given]


def kept_as_wanted(kept: KeptExample) -> WantedExample:
    """Return where to find what an example shows that is kept, for another model."""
    is_picture = kept.kind == "image"
    return WantedExample(
        path=kept.path,
        video_id=kept.video_id,
        span=None if is_picture else (kept.start_seconds, kept.end_seconds),
        picture=None if kept.picture is None else EncodedPicture(kept.picture),
        is_picture=is_picture,
        is_kept=kept.picture is not None,
        texts=kept.texts,
    )


def _wanted(example: Example, argument: str) -> WantedExample:
    if isinstance(example, tuple):
        if len(example) != 2 or not isinstance(example[1], str):
            raise InputError(f"{argument} has a tuple in it that is no pair of an example and a text; give such a pair")
        shown, text = example
        check_text(text)
        return replace(_wanted(shown, argument), text=text)
    if isinstance(example, Hit):
        is_picture = example.kind == "image"
        span = None if is_picture else (example.start_seconds, example.end_seconds)
        return WantedExample(example.path, example.video_id, span, is_picture=is_picture)
    if isinstance(example, HeldMoment):
        return WantedExample(video_id=example.video_id, at_seconds=example.at_seconds)
    if isinstance(example, VideoSpan):
        return WantedExample(noted_path(example.path), span=(example.start_seconds, example.end_seconds))
    if isinstance(example, VideoMoment):
        return WantedExample(noted_path(example.path), at_seconds=example.at_seconds)
    if not is_image(example):
        raise InputError(
            f"{argument} has a {type(example).__name__} in it; give hits, moments of videos (VideoSpan, VideoMoment, "
            "HeldMoment) and pictures"
        )
    image = as_image(example)
    if isinstance(image, (Picture, EncodedPicture)):
        return WantedExample(picture=image, is_picture=True)
    if not os.fspath(image):
        raise InputError(f"{argument} has an empty path in it; give a picture's or a video's")
    path = noted_path(image)
    return WantedExample(path, is_picture=PurePath(path).suffix.lower() in IMAGE_SUFFIXES)
