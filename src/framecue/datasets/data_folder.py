"""A dataset's folder as people have it: annotation files and videos anywhere below it, found by their names."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from framecue.errors import DatasetError, ListNotFoundError
from framecue.paths import is_dir, is_file
from framecue.video.read.suffixes import VIDEO_SUFFIXES

__all__ = ["DataFolder"]

logger = logging.getLogger(__name__)

DEPTH = 5
# Of two files with one name, the first of these counts; then any other ending, in the alphabet's order.
_PREFERRED = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v")
_ANNOTATIONS = frozenset((".json", ".jsonl", ".csv", ".tsv", ".txt", ".pkl"))
_PARTS_OF_NAME = 4


class DataFolder:
    """Everything below a folder, found by name: annotation files by their whole name, videos by it without its ending.

    People unpack the archives of a dataset in all manners, so folders are looked through 5 deep (links are followed);
    what is nearest to the top counts. The folder is read when this is made.

    Args:
        folder: the dataset's folder.
        video_dir: where the videos are, relative to it or absolute; None for anywhere below it.
        home: where people get the files, for the end of messages.

    Raises:
        DatasetError: a folder is not there.
    """

    def __init__(self, folder: Path, *, video_dir: Path | None = None, home: str = "") -> None:
        self.folder, self.home = folder, home
        self.video_dir = folder if video_dir is None else folder / video_dir
        for place in (folder, self.video_dir):
            if not is_dir(place):
                raise DatasetError(f"{place}: no such folder; give the folder of the dataset's files{home}")
        self._annotations: dict[str, Path] = {}
        self._videos: dict[str, Path] = {}
        self._told = False
        for path in _files(folder):
            if path.suffix.lower() in _ANNOTATIONS:
                self._annotations.setdefault(path.name.casefold(), path)
            elif self.video_dir == folder:
                self._note_video(path)
        if self.video_dir != folder:
            for path in _files(self.video_dir):
                self._note_video(path)

    def find(self, *names: str) -> Path | None:
        """Return the annotation file of the first of these names that is there; None if none is."""
        return next(
            (self._annotations[name.casefold()] for name in names if name.casefold() in self._annotations), None
        )

    def require(self, *names: str) -> Path:
        """Return the annotation file of the first of these names that is there.

        Raises:
            ListNotFoundError: none is; the message says where it was looked for, and where people get it.
        """
        found = self.find(*names)
        if found is None:
            others = f" (nor {', '.join(names[1:])})" if len(names) > 1 else ""
            raise ListNotFoundError(
                f"{self.folder}: there is no {names[0]}{others} in it or in its folders, {DEPTH} deep{self.home}"
            )
        return found

    def video(self, *names: str) -> Path | None:
        """Return the video file of the first of these names, without ending, that is there; None if none is."""
        return next((self._videos[name] for name in names if name in self._videos), None)

    def suggestions(self, missing: Iterable[str], taken: Iterable[Path]) -> dict[str, Path]:
        """Return for missing names the file that is probably meant: another case, prefix or ending, other zeros.

        Args:
            missing: names without ending that have no file.
            taken: files that have a name of their own.
        """
        used = set(taken)
        by_form: dict[str, Path] = {}
        for name, path in sorted(self._videos.items()):
            if path not in used:
                for form in _forms(name):
                    by_form.setdefault(form, path)
        found = ((name, by_form.get(_canonical(name))) for name in missing)
        return {name: path for name, path in found if path is not None}

    def _note_video(self, path: Path) -> None:
        if path.suffix.lower() in VIDEO_SUFFIXES:
            self._add(path.name[: -len(path.suffix)], path)
        elif "." not in (bare := path.name.rstrip(".")):  # some Flickr videos have no ending
            self._add(bare, path)

    def _add(self, name: str, path: Path) -> None:
        held = self._videos.setdefault(name, path)
        if held == path:
            return
        if held.parent == path.parent:
            self._videos[name] = min(held, path, key=_rank)
        elif not self._told:
            self._told = True
            logger.warning("%s and %s have one name; the former is read (video_dir=... names the folder)", held, path)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, level by level, each level in the alphabet's order."""
    level, seen = [folder], {os.path.realpath(folder)}
    for _ in range(DEPTH + 1):
        deeper: list[Path] = []
        for each in level:
            try:
                entries = sorted(os.scandir(each), key=lambda entry: entry.name)
            except OSError as error:
                if each == folder:
                    raise DatasetError(f"{each}: cannot be read ({error.strerror})") from error
                logger.warning("%s: cannot be read (%s); it is passed over", each, error.strerror)
                continue
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = Path(entry.path)
                if is_dir(path):
                    place = os.path.realpath(path)
                    if place not in seen:
                        seen.add(place)
                        deeper.append(path)
                elif is_file(path):
                    yield path
        level = deeper


def _rank(path: Path) -> tuple[int, str]:
    suffix = path.suffix.lower()
    return _PREFERRED.index(suffix) if suffix in _PREFERRED else len(_PREFERRED), path.name


def _canonical(name: str) -> str:
    """Return a name without case and without the zeros before its numbers."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.casefold())


def _forms(name: str) -> Iterator[str]:
    """Yield what a file's name may stand for: itself, and itself without some parts at its beginning or end."""
    parts = re.split(r"([^0-9A-Za-z]+)", name)
    for skipped in range(0, min(_PARTS_OF_NAME * 2, len(parts)), 2):
        yield _canonical("".join(parts[skipped:]))
        if skipped:
            yield _canonical("".join(parts[:-skipped]))
