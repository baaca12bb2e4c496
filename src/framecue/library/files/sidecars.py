"""Sidecars, the files beside a video that tell about it: subtitles (``.srt``, ``.vtt``) and descriptions (``.txt``).

They lie in the video's folder, and their names begin with its name, with or without its suffix: ``clip.srt``,
``clip.English.vtt``, ``clip.mp4.srt``, ``clip_zh_CN.srt``, ``Clip [forced].srt``. Of several videos the one with the
longest such name has the sidecar. Case and Unicode's normal forms do not matter, unless two videos differ in nothing
else. A sidecar that cannot be read is skipped with a reason; the video is indexed without it.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path

from framecue.forms import composed
from framecue.library.files.interface import Files, FoundFile
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.subtitles import read_text
from framecue.library.results import Skipped
from framecue.times import clock
from framecue.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from framecue.words.cue_texts import timed_texts
from framecue.words.cues import Cue, parse_cues, tidy
from framecue.words.languages import short_code
from framecue.words.timed_text import TimedText

__all__ = ["SIDECAR_SUFFIXES", "SidecarFinder", "Sidecars", "is_same_state", "is_sidecar_of"]

# (name, size in bytes, modification time in seconds, or the tag that an object store gives instead)
Entry = tuple[str, int, float | str]

SIDECAR_SUFFIXES = frozenset((".srt", ".txt", ".vtt"))

# A description is stored with every segment of its video, so a long one would be stored many times.
MAX_NOTES_CHARS = 4000
# People speak about 15 characters a second: this leaves room for several languages, but not enough to fill a disk.
_MAX_CHARS_PER_SECOND = 400
# What may be a language in the rest of a sidecar's name: ".en", ".zh_CN", ".en-eEY6OEpapPo", "_rus".
_LANGUAGE = re.compile(r"(?<![^\W_])([a-z]{2,3})(?![^\W_])", re.IGNORECASE)
# The names of languages that people write out, with the codes that they stand for.
_LANGUAGES_BY_NAME = {
    "arabic": "ar",
    "chinese": "zh",
    "czech": "cs",
    "english": "en",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hungarian": "hu",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}


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

    def timed_texts(self) -> list[TimedText]:
        """Return the words of the subtitles, each with its own times; the notes have no times, and are no such words.

        The language is what the file's name says, as in ``clip.en.srt``; None where it says none.
        """
        return timed_texts(self.cues)

    def beyond(self, end_seconds: float) -> list[str]:
        """Return what is wrong with each file of subtitles some of whose cues begin at the video's end or later.

        Such a cue belongs to no segment, so it is lost; the file is perhaps that of another cut.

        Args:
            end_seconds: where the video ends.
        """
        lost: dict[str, list[float]] = {}
        for cue in self.cues:
            if cue.start_seconds >= end_seconds:
                lost.setdefault(cue.file_name or "a file beside it", []).append(cue.start_seconds)
        return [_lost_cues(name, starts, end_seconds) for name, starts in sorted(lost.items())]

    @property
    def num_mended(self) -> int:
        """How many subtitles told times that are none."""
        return sum(cue.is_mended for cue in self.cues)

    @cached_property
    def _latest_ends(self) -> list[float]:
        """For each cue, the latest end of the cues up to it; bisected, as a segment may start far into the cues."""
        return list(accumulate((cue.end_seconds for cue in self.cues), max))


class SidecarFinder:
    """Finds and reads the sidecars of videos; it lists each folder once, so each run needs a new one.

    Args:
        files: where they lie.
    """

    def __init__(self, files: Files = ALL_FILES) -> None:
        self._files = files
        self._folders: dict[str, _Folder] = {}

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
            if self._files.leads_out(sidecar):
                skipped.append(Skipped(sidecar, "a link that leads out of its folder; put a copy in its place"))
                continue
            languages = _languages(sidecar, path)
            text = read_text(self._files, sidecar, languages=languages)
            if isinstance(text, Skipped):
                skipped.append(text)
            elif sidecar.lower().endswith(".txt"):
                notes.append(tidy(text))
            elif found := parse_cues(text, Path(sidecar).suffix.lower().lstrip(".")):
                language = next(filter(None, map(short_code, languages)), None)
                name = os.path.basename(sidecar)  # noqa: PTH119 (a string, as above)
                cues += (replace(cue, language=language, file_name=name) for cue in found)
            else:
                skipped.append(Skipped(sidecar, "no subtitles in it"))
        cues.sort(key=lambda cue: cue.start_seconds)
        return Sidecars(self.state(path), tuple(cues), _shortened("\n".join(notes)), tuple(skipped))

    def _entries(self, path: str) -> list[Entry]:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = _Folder.of(self._files.siblings(folder))
        return self._folders[folder].sidecars_of(name)


@dataclass(frozen=True)
class _Folder:
    """The sidecars and the videos of one folder.

    Attributes:
        sidecars: by the folded names that videos of theirs may have.
        videos: the names of videos, by their folded names with and without suffix.
    """

    sidecars: dict[str, list[Entry]]
    videos: dict[str, set[str]]

    @classmethod
    def of(cls, files: Iterable[FoundFile]) -> _Folder:
        folder = cls({}, {})
        for path, state in files:
            name = os.path.basename(path)  # noqa: PTH119 (strings, as there may be thousands of paths)
            suffix = Path(name).suffix.lower()
            if suffix in SIDECAR_SUFFIXES:
                when = state.modified_seconds if state.tag is None else state.tag
                for key in _beginnings(_folded(_stem(name))):
                    folder.sidecars.setdefault(key, []).append((name, state.size_bytes, when))
            elif suffix in VIDEO_SUFFIXES or suffix in IMAGE_SUFFIXES:
                folder.add_video(name)
        return folder

    def add_video(self, name: str) -> None:
        for key in _keys(name):
            self.videos.setdefault(key, set()).add(name)

    def sidecars_of(self, name: str) -> list[Entry]:
        """Return the sidecars of a video, in the order of their names."""
        if not self.sidecars:
            return []
        entries = {entry for key in _keys(name) for entry in self.sidecars.get(key, [])}
        if entries and name not in self.videos.get(_folded(name), ()):
            self.add_video(name)  # of a suffix that only a video that was named can have
        return sorted(entry for entry in entries if entry[0] != name and self._is_nearest(entry[0], name))

    def _is_nearest(self, sidecar: str, video: str) -> bool:
        """Whether no other video has a better claim to a sidecar."""
        base = _folded(_stem(sidecar))
        longest = next(key for key in _beginnings(base) if key in self.videos)
        claiming = self.videos[longest]
        # Where two names differ in nothing but case, each has what is written as it is.
        as_written = {name for name in claiming if sidecar.startswith((name, _stem(name)))}
        return video in (as_written or claiming)


def is_sidecar_of(sidecar: str, video: str) -> bool:
    """Whether a file would be a sidecar of a video in the same folder, by their names, if no other video claims it."""
    is_sidecar = Path(sidecar).suffix.lower() in SIDECAR_SUFFIXES
    return is_sidecar and sidecar != video and not _keys(video).isdisjoint(_beginnings(_folded(_stem(sidecar))))


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


def _lost_cues(name: str, starts: Sequence[float], end_seconds: float) -> str:
    """Return the sentence that cues of a file, which begin at these times in order, lie beyond the end of a video."""
    end = clock(end_seconds)
    if len(starts) == 1:
        return f"{name} has a cue at {clock(starts[0])}, beyond its end at {end}, which is left out"
    when = f"from {clock(starts[0])} to {clock(starts[-1])}"
    return f"{name} has {len(starts)} cues {when}, beyond its end at {end}, which are left out"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 (strings, as there may be thousands of names)


def _folded(name: str) -> str:
    """Return a name in the one form of all names that look the same but for their case."""
    return composed(composed(name).casefold())


def _keys(video: str) -> set[str]:
    """Return the folded names by which a video's sidecars may begin."""
    return {_folded(video), _folded(_stem(video))}


def _beginnings(base: str) -> Iterator[str]:
    """Yield the folded names that a folded name begins with, the longest first; no letter or digit follows them."""
    for end in range(len(base), 0, -1):
        if end == len(base) or not base[end].isalnum():
            yield base[:end]


def _languages(sidecar: str, video: str) -> list[str]:
    """Return the codes of the languages that a sidecar's name may give, after the video's name."""
    base, stem = Path(sidecar).stem, Path(video).stem
    rest = base[len(stem) :] if _folded(base).startswith(_folded(stem)) else base
    named = [code for name, code in _LANGUAGES_BY_NAME.items() if name in rest.lower()]
    return named + [found.lower() for found in _LANGUAGE.findall(rest)]


def _shortened(text: str) -> str:
    """Cut a long text after a word."""
    if len(text) <= MAX_NOTES_CHARS:
        return text
    return text[: MAX_NOTES_CHARS + 1].rsplit(maxsplit=1)[0][:MAX_NOTES_CHARS]
