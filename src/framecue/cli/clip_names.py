"""Where clips go: the file that is named, or a name of their own in a folder, which nothing else has."""

from __future__ import annotations

import os
from pathlib import Path

import click

from framecue.errors import OutputError
from framecue.outputs import refuse_url
from framecue.paths import is_dir, user_path
from framecue.times import exact_clock

__all__ = ["ClipNames", "safe_stem"]

_OTHER_SUFFIX = ".mp4"
# Some file systems take names of no more bytes; the rest is for the times and a number.
_MAX_STEM_BYTES = 180
# Windows has no such characters in names.
_UNUSUAL = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))


def safe_stem(text: str) -> str:
    """Return a text as the beginning of a file's name that every file system takes."""
    stem = text.encode("utf-8", "replace").decode().translate(_UNUSUAL)
    return stem.encode()[:_MAX_STEM_BYTES].decode(errors="ignore")


class ClipNames:
    """Names files for clips.

    Args:
        output: what --output says: a folder, or for one hit a file; None for the working folder.
        num_hits: how many hits there are.
        overwrite: whether a file that exists may be replaced; one of the same run never is.

    Raises:
        click.UsageError: it is a file, and there are several hits.
        OutputError: it is a folder that cannot be made.
        InputError: it is on no disk.
    """

    def __init__(self, output: str | None, *, num_hits: int, overwrite: bool) -> None:
        self._file: Path | None = None
        self._folder = Path()
        self._overwrite = overwrite
        self._given: set[Path] = set()
        if output is None:
            return
        refuse_url(output)
        place = Path(user_path(output))
        if is_dir(place):
            self._folder = place
        elif output.endswith(("/", os.sep)) or (num_hits > 1 and not place.suffix):
            try:
                place.mkdir(parents=True)
            except OSError as error:
                raise OutputError(place, f"the folder cannot be made ({error.strerror or error})") from error
            self._folder = place
        elif num_hits > 1:
            raise click.UsageError(f"--output is a file, and there are {num_hits} moments; name a folder")
        else:
            self._file = place

    def target(self, source: str, start_seconds: float, end_seconds: float) -> Path:
        """Return the file for a clip: the source's name and the times, and a number if that name is taken."""
        if self._file is not None:
            return self._file
        from framecue.video import CLIP_SUFFIXES

        path = Path(source)
        suffix = path.suffix.lower() if path.suffix.lower() in CLIP_SUFFIXES else _OTHER_SUFFIX
        times = "-".join(exact_clock(seconds).replace(":", ".") for seconds in (start_seconds, end_seconds))
        stem = safe_stem(path.stem)
        number = 1
        while True:
            again = "" if number == 1 else f" ({number})"
            target = self._folder / f"{stem} {times}{again}{suffix}"
            if target not in self._given and (self._overwrite or not os.path.lexists(target)):
                self._given.add(target)
                return target
            number += 1
