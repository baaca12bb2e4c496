"""What is asked in a test: its videos and texts by names that stay the same on every machine, and a hash of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from framecue.checks import check_text
from framecue.datasets.clips import Clip
from framecue.errors import DatasetError, InputError

__all__ = ["Queries", "check_captions", "clip_id", "queries_of"]


@dataclass(frozen=True, eq=False)
class Queries:
    """The videos and the texts of a test.

    Attributes:
        video_ids: B names, each once.
        texts: N captions.
        owners: int64 (N,), each text's own video, ascending.
    """

    video_ids: tuple[str, ...]
    texts: tuple[str, ...]
    owners: np.ndarray

    @cached_property
    def text_ids(self) -> tuple[str, ...]:
        """N names: a text's video, # and its number among the captions of that video, from 0."""
        firsts = np.searchsorted(self.owners, np.arange(len(self.video_ids)))
        places = np.arange(len(self.owners)) - firsts[self.owners]
        return tuple(
            f"{self.video_ids[owner]}#{place}"
            for owner, place in zip(self.owners.tolist(), places.tolist(), strict=True)
        )

    @cached_property
    def data_hash(self) -> str:
        """A hash of names and captions: equal for equal tests, whatever folder they lie in."""
        digest = hashlib.sha256()
        for video, text in zip(self.owners.tolist(), self.texts, strict=True):
            digest.update(json.dumps([self.video_ids[video], text]).encode() + b"\n")
        return digest.hexdigest()[:16]


def queries_of(clips: Sequence[Clip], data_dir: Path | None = None) -> Queries:
    """Return the videos and the texts of a split, without twins.

    Args:
        clips: the gallery.
        data_dir: the folder that names are relative to; None for the paths as they are.

    Raises:
        DatasetError: a clip occurs twice, or no model can read a caption.
    """
    check_captions(clips)
    names = [clip_id(clip, data_dir) for clip in clips]
    twice, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DatasetError(f"{twice}: is twice in the split; give all captions of a clip together")
    return Queries(
        tuple(names),
        tuple(caption for clip in clips for caption in clip.captions),
        np.repeat(np.arange(len(clips)), [len(clip.captions) for clip in clips]),
    )


def check_captions(clips: Sequence[Clip]) -> None:
    """Refuse captions that no model can read, those of twins among them, before anything is encoded.

    Raises:
        DatasetError: one is too long or not Unicode; the video is named, and which of its captions it is.
    """
    for clip in clips:
        described = [(clip.key, clip.captions)]
        if clip.twin is not None:
            described.append((str(clip.twin.video), clip.twin.captions))
        for name, captions in described:
            for number, caption in enumerate(captions, start=1):
                try:
                    check_text(caption)
                except InputError as error:
                    raise DatasetError(f"{name}, caption {number}: {error}") from error


def clip_id(clip: Clip, data_dir: Path | None = None) -> str:
    """Return a clip's name: its `key` with the path below the folder, `a.mp4`, or `a.mp4@1.5-4` for a window."""
    path = clip.video
    if data_dir is not None and path.is_relative_to(data_dir):
        path = path.relative_to(data_dir)
    return replace(clip, video=path).key
