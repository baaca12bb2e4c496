"""Verifying a copy of a dataset: are the lists as published, are the videos there, and can each of them be read?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from framecue.datasets.base import FileDataset, SplitCopy
from framecue.datasets.overlap import Shared, shared_with
from framecue.errors import DatasetError, VideoError
from framecue.video import IsolatedFrameSource
from framecue.video.read.condition import Condition

__all__ = ["CopyReport", "SplitReport", "check_copy"]

Progress = Callable[[int, int], None]


class ConditionSource(Protocol):
    """What tells whether a video file is whole, for several threads at once."""

    def condition(self, path: str | Path) -> Condition:
        """Return what a file is and whether it is whole; raise VideoError if it cannot be read."""
        ...


@dataclass(frozen=True)
class SplitReport:
    """What a copy has of a split.

    Attributes:
        split: the split's name.
        listed: clips that the annotation files name; in training without those held out for validation.
        captions: their captions.
        captions_a_video: the fewest, the mean and the most captions of one; None where none is listed.
        published: how many videos the split has as it is published; None where that is not known or not fixed.
        published_captions: how many captions; None likewise, and where videos are held out of the split.
        missing: the names of videos that are not there.
        meant: for some of them, the file that is probably meant.
        unreadable: videos that cannot be read or are not whole, with the reason.
        known_broken: videos that everybody's copy lacks; they do not count.
        also_in_test: the clips that show pictures of the test split, too: the same file, or the same bytes.
        problem: why the split cannot be read at all; None if it can.
    """

    split: str
    listed: int = 0
    captions: int = 0
    captions_a_video: tuple[int, float, int] | None = None
    published: int | None = None
    published_captions: int | None = None
    missing: tuple[str, ...] = ()
    meant: tuple[tuple[str, Path], ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()
    known_broken: tuple[str, ...] = ()
    also_in_test: tuple[Shared, ...] = ()
    problem: str | None = None

    @property
    def complete(self) -> bool:
        """Return whether the split is as published, apart from the test, and each of its videos can be read."""
        as_published = self.published in (None, self.listed) and self.published_captions in (None, self.captions)
        return as_published and not (self.problem or self.missing or self.unreadable or self.also_in_test)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON shows it."""
        fewest, mean, most = self.captions_a_video or (None, None, None)
        return {
            "split": self.split,
            "complete": self.complete,
            "listed": self.listed,
            "published": self.published,
            "captions": self.captions,
            "published_captions": self.published_captions,
            "captions_a_video": {"min": fewest, "mean": mean, "max": most},
            "missing": list(self.missing),
            "renamed": [{"video": name, "file": str(path)} for name, path in self.meant],
            "unreadable": [{"path": str(path), "reason": reason} for path, reason in self.unreadable],
            "known_broken": list(self.known_broken),
            "also_in_test": [{"clip": one.clip.key, "test_video": str(one.video)} for one in self.also_in_test],
            "problem": self.problem,
        }


@dataclass(frozen=True)
class CopyReport:
    """What a copy of a dataset has.

    Attributes:
        dataset: the dataset's name.
        data_dir: the folder.
        splits: one for each split.
    """

    dataset: str
    data_dir: Path
    splits: tuple[SplitReport, ...]

    @property
    def complete(self) -> bool:
        """Return whether every split is complete."""
        return all(split.complete for split in self.splits)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON shows it."""
        return {
            "dataset": self.dataset,
            "data_dir": str(self.data_dir),
            "complete": self.complete,
            "splits": [split.to_dict() for split in self.splits],
        }


def check_copy(
    dataset: FileDataset,
    *,
    splits: Sequence[str] | None = None,
    decode: bool = True,
    num_readers: int = 1,
    progress: Progress | None = None,
    source: ConditionSource | None = None,
) -> CopyReport:
    """Verify a copy of a dataset.

    Args:
        dataset: the dataset, with its folder.
        splits: which splits; None for all.
        decode: whether each video is opened and frames of it decoded, each file once.
        num_readers: how many videos are read at once.
        progress: called with (videos done, videos in all).
        source: reads the files; None for processes of their own, which a damaged file may end.

    Raises:
        DatasetError: the folder is not there, or names no split.
    """
    copies: dict[str, SplitCopy | str] = {}
    for split in dataset.splits() if splits is None else splits:
        try:
            copies[split] = dataset.copy_of(split)
        except DatasetError as error:
            copies[split] = str(error)
    files = dict.fromkeys(clip.video for copy in copies.values() if isinstance(copy, SplitCopy) for clip in copy.clips)
    problems: dict[Path, str] = {}
    if decode and files:
        if source is None:
            with IsolatedFrameSource(num_processes=num_readers) as opened:
                problems = _read_all(files, opened, num_readers, progress)
        else:
            problems = _read_all(files, source, num_readers, progress)
    held = _held_out(dataset, copies)
    shared = _also_in_test(dataset, copies)
    reports = tuple(
        SplitReport(split, problem=copy)
        if isinstance(copy, str)
        else _report(dataset, copy, problems, held, shared.get(split, ()))
        for split, copy in copies.items()
    )
    return CopyReport(dataset.name, dataset.data_dir, reports)


def _read_all(
    files: Iterable[Path], source: ConditionSource, num_readers: int, progress: Progress | None
) -> dict[Path, str]:
    """Return what is wrong with each of the files with which something is."""

    def problem_of(file: Path) -> str | None:
        try:
            return source.condition(file).problem
        except VideoError as error:
            return error.reason

    paths = list(files)
    problems: dict[Path, str] = {}
    with ThreadPoolExecutor(max_workers=num_readers) as pool:
        for number, (path, problem) in enumerate(zip(paths, pool.map(problem_of, paths), strict=True), start=1):
            if problem is not None:
                problems[path] = problem
            if progress is not None:
                progress(number, len(paths))
    return problems


def _held_out(dataset: FileDataset, copies: dict[str, SplitCopy | str]) -> int:
    """Return how many videos of the training list are in the validation split."""
    val = copies.get("val")
    return val.listed if dataset.num_held_out and isinstance(val, SplitCopy) else dataset.num_held_out


def _also_in_test(dataset: FileDataset, copies: dict[str, SplitCopy | str]) -> dict[str, tuple[Shared, ...]]:
    """Return what the other splits share with the test split, where the folder's maker divided it."""
    if not dataset.has_own_splits or set(copies) <= {"test"}:
        return {}
    try:
        test = dataset.copy_of("test").clips
    except DatasetError:  # there is none, or its own report says what is wrong
        return {}
    return {
        split: tuple(shared_with(copy.clips, test))
        for split, copy in copies.items()
        if split != "test" and isinstance(copy, SplitCopy)
    }


def _report(
    dataset: FileDataset, copy: SplitCopy, problems: dict[Path, str], held: int, also_in_test: tuple[Shared, ...]
) -> SplitReport:
    counts = copy.caption_counts
    card = None if dataset.card is None else dataset.card.split(copy.split, dataset.options())
    held = held if copy.split == "train" else 0
    published = None if card is None or card.videos is None else card.videos - held
    files = dict.fromkeys(clip.video for clip in copy.clips)
    return SplitReport(
        copy.split,
        listed=copy.listed,
        captions=sum(counts),
        captions_a_video=(min(counts), sum(counts) / len(counts), max(counts)) if counts else None,
        published=published,
        published_captions=None if card is None or held else card.captions,
        missing=copy.missing,
        meant=tuple(copy.meant.items()),
        unreadable=tuple((path, problems[path]) for path in files if path in problems),
        known_broken=copy.known_broken,
        also_in_test=also_in_test,
    )
