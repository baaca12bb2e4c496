"""Sidecars, the files beside a video that tell about it: subtitles (``.srt``, ``.vtt``) and descriptions (``.txt``).

They lie in the video's folder and carry its name, with or without its suffix, perhaps with tags for the language and
the kind: ``clip.srt``, ``clip.en.vtt``, ``clip.mp4.srt``, ``clip.pt-BR.forced.srt``, ``clip.txt``. A sidecar that
cannot be read is skipped with a reason; the video is indexed without it.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path

from framecue.library.files.interface import Files
from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.subtitles import Cue, parse_cues, read_text, tidy
from framecue.library.results import Skipped
from framecue.video import VIDEO_SUFFIXES

__all__ = ["SIDECAR_SUFFIXES", "SidecarFinder", "Sidecars", "is_same_state", "is_sidecar_of"]

# (name, size in bytes, modification time in seconds)
Entry = tuple[str, int, float]

SIDECAR_SUFFIXES = frozenset((".srt", ".txt", ".vtt"))

# A description is stored with every segment of its video, so a long one would be stored many times.
MAX_NOTES_CHARS = 4000
# People speak about 15 characters a second: this leaves room for several languages, but not enough to fill a disk.
_MAX_CHARS_PER_SECOND = 400
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_KIND_TAGS = frozenset(("auto", "default", "forced", "full", "orig", "sdh"))


@dataclass(frozen=True)
class Sidecars:
    """The texts of the files beside one video.

    Attributes:
        state: which files they are, with their sizes and times; None if there are none.
        cues: texts with their times, in the order of their starts.
        notes: the text about the whole video.
        skipped: the files that could not be read, with reasons.
    """

    state: str | None = None
    cues: tuple[Cue, ...] = ()
    notes: str = ""
    skipped: tuple[Skipped, ...] = ()

    def text_between(self, start_seconds: float, end_seconds: float) -> str | None:
        """Return the text for a segment: the lines of its cues in the order of time, each line once, then the notes.

        Args:
            start_seconds: where the segment starts.
            end_seconds: where it ends.

        Returns:
            Lines; None if there is no text. A cue that only touches the segment does not belong to it.
        """
        room = MAX_NOTES_CHARS + _MAX_CHARS_PER_SECOND * max(0.0, end_seconds - start_seconds)
        lines: dict[str, None] = {}
        first = bisect_left(self._latest_ends, start_seconds)
        for cue in islice(self.cues, first, None):
            if cue.start_seconds >= end_seconds or room <= 0:
                break
            if cue.end_seconds > start_seconds or cue.start_seconds == cue.end_seconds == start_seconds:
                lines |= dict.fromkeys(cue.text.splitlines())
                room -= len(cue.text)
        return "\n".join([*lines, self.notes] if self.notes else lines) or None

    @cached_property
    def _latest_ends(self) -> list[float]:
        """For each cue, the latest end of the cues up to it; bisected, as a segment may start far into the cues."""
        return list(accumulate((cue.end_seconds for cue in self.cues), max))


class SidecarFinder:
    """Finds and reads the sidecars of videos; it lists each folder once, so each run needs a new one.

    Args:
        files: where they lie.
    """

    def __init__(self, files: Files = LOCAL_FILES) -> None:
        self._files = files
        # By folder, then by the names of videos, with or without suffix.
        self._folders: dict[str, dict[str, list[Entry]]] = {}

    def find(self, path: str) -> list[str]:
        """Return the absolute paths of a video's sidecars, in the order of their names."""
        folder = os.path.dirname(path)  # noqa: PTH120 (strings, as there may be thousands of paths)
        return [os.path.join(folder, name) for name, _, _ in self._entries(path)]  # noqa: PTH118

    def state(self, path: str) -> str | None:
        """Return which sidecars a video has and their states, as the column ``sidecars`` holds it; None for none."""
        entries = self._entries(path)
        # JSON in ASCII, whatever bytes a name has.
        return json.dumps(entries) if entries else None

    def read(self, path: str) -> Sidecars:
        """Read the sidecars of a video."""
        cues: list[Cue] = []
        notes: list[str] = []
        skipped: list[Skipped] = []
        for sidecar in self.find(path):
            text = read_text(self._files, sidecar)
            if isinstance(text, Skipped):
                skipped.append(text)
            elif sidecar.lower().endswith(".txt"):
                notes.append(tidy(text))
            elif found := parse_cues(text, Path(sidecar).suffix.lower().lstrip(".")):
                cues += found
            else:
                skipped.append(Skipped(sidecar, "no subtitles in it"))
        cues.sort(key=lambda cue: cue.start_seconds)
        return Sidecars(self.state(path), tuple(cues), _shortened("\n".join(notes)), tuple(skipped))

    def _entries(self, path: str) -> list[Entry]:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._sidecars_in(folder)
        listing = self._folders[folder]
        if not listing:
            return []
        entries = {entry for key in (name, Path(name).stem) for entry in listing.get(key, [])}
        return sorted(entry for entry in entries if entry[0] != name)

    def _sidecars_in(self, folder: str) -> dict[str, list[Entry]]:
        """Return the sidecars in a folder by the names of the videos that they may belong to."""
        found: dict[str, list[Entry]] = {}
        for path, state in self._files.siblings(folder):
            name = os.path.basename(path)  # noqa: PTH119 (strings, as there may be thousands of paths)
            for key in _videos_meant(name):
                found.setdefault(key, []).append((name, state.size_bytes, state.modified_seconds))
        return found


def is_sidecar_of(sidecar: str, video: str) -> bool:
    """Whether a file of one name would be a sidecar of a video of another name in the same folder."""
    keys = set(_videos_meant(sidecar))
    return sidecar != video and (video in keys or Path(video).stem in keys)


def is_same_state(noted: str | None, now: str | None) -> bool:
    """Whether two values of :meth:`SidecarFinder.state` mean the same; older libraries note nanoseconds."""
    return noted == now or (noted is not None and now is not None and _entries_of(noted) == _entries_of(now))


def _entries_of(state: str) -> list[Entry]:
    entries: list[Entry] = []
    for name, size_bytes, modified in json.loads(state):
        if isinstance(modified, int):
            # Exactly as Python turns nanoseconds into seconds, to the last bit.
            modified = modified // 10**9 + 1e-9 * (modified % 10**9)
        entries.append((name, size_bytes, modified))
    return entries


def _videos_meant(sidecar: str) -> Iterator[str]:
    """Yield the video names, with or without suffix, that a sidecar may belong to; none if it is no sidecar."""
    base, suffix = os.path.splitext(sidecar)  # noqa: PTH122 (strings, as there may be thousands of names)
    if suffix.lower() not in SIDECAR_SUFFIXES:
        return
    yield base
    while True:
        base, dot, tag = base.rpartition(".")
        is_tag = tag.lower() in _KIND_TAGS or (
            _LANGUAGE_TAG.fullmatch(tag) is not None and f".{tag.lower()}" not in VIDEO_SUFFIXES
        )
        if not (base and dot and is_tag):
            return
        yield base


def _shortened(text: str) -> str:
    """Cut a long text after a word."""
    if len(text) <= MAX_NOTES_CHARS:
        return text
    return text[: MAX_NOTES_CHARS + 1].rsplit(maxsplit=1)[0][:MAX_NOTES_CHARS]
