"""Subtitle tracks inside a video file as words with times."""

from __future__ import annotations

from collections.abc import Iterator

from framecue.video import IsolatedReader, SubtitleTrack
from framecue.video.isolate.questions.subtitle_tracks import SubtitleTracksQuestion
from framecue.words.cue_texts import timed_texts
from framecue.words.cues import Cue, plain_dialogue
from framecue.words.languages import short_code
from framecue.words.source import WordsFingerprint, WordsUnit
from framecue.words.timed_text import SAID, Kind, TimedText

__all__ = ["SubtitleTracks"]

# It rises when the same tracks are to give other words.
_VERSION = "3"


class SubtitleTracks:
    """The text subtitle tracks inside video files, all languages of them."""

    kind: Kind = SAID

    @property
    def fingerprint(self) -> WordsFingerprint:
        """What it is; there is no model."""
        return WordsFingerprint(source="subtitles", version=_VERSION)

    def find(self, unit: WordsUnit, reader: IsolatedReader) -> Iterator[TimedText]:
        """Yield what the tracks of a file say, in the order of the beginnings; nothing of a picture.

        Args:
            unit: the file.
            reader: reads it.

        Raises:
            VideoError: the file cannot be read.
        """
        if unit.kind != "video":
            return
        tracks = [part for part in reader.ask(SubtitleTracksQuestion(unit.path)) if isinstance(part, SubtitleTrack)]
        found: dict[TimedText, None] = {}  # two tracks may say the same, of which one has more
        for track in tracks:
            found |= dict.fromkeys(timed_texts(_cues(track)))
        yield from sorted(found, key=lambda text: text.start_seconds)


def _cues(track: SubtitleTrack) -> Iterator[Cue]:
    language = short_code(track.language)
    for line in track.lines:
        if text := plain_dialogue(line.dialogue):
            yield Cue(line.start_seconds, line.end_seconds, text, language)
