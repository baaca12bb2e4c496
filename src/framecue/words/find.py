"""Looking for the words of one file, without a library."""

from __future__ import annotations

from collections.abc import Iterable

from framecue.errors import VideoError
from framecue.video import IsolatedReader, Segmentation
from framecue.words.source import WordSource, WordsUnit
from framecue.words.timed_text import TimedText

__all__ = ["find_words", "unit_of"]


def find_words(path: str, sources: Iterable[WordSource], reader: IsolatedReader) -> list[tuple[str, TimedText]]:
    """Return what is said and written in a file, each with the name of the source, in the order of start and end.

    Args:
        path: absolute path of the file.
        sources: that look for it.
        reader: decodes it.

    Raises:
        VideoError: the file cannot be read.
    """
    unit = unit_of(path, reader)
    found = [(source.fingerprint.source, text) for source in sources for text in source.find(unit, reader)]
    return sorted(found, key=lambda item: (item[1].start_seconds, item[1].end_seconds))


def unit_of(path: str, reader: IsolatedReader) -> WordsUnit:
    """Return a file as a source takes it, cut into windows as a library cuts what has no shots.

    Raises:
        VideoError: the file cannot be read; not if it holds sound alone, which has no pictures to be cut.
    """
    try:
        length = reader.probe(path).duration_seconds
    except VideoError as error:
        if error.cause != "sound":
            raise
        return WordsUnit(path, ())
    if not length:
        return WordsUnit(path, ((0.0, 0.0),), "image")
    return WordsUnit(path, tuple(Segmentation().segments(length)))
