"""Lines as rows: the columns of the table of what is said and written, and lines made of rows and rows of lines.

A line is stored as it is shown, with its words' own times, and in the two forms in which it is searched:

- ``phrases``: its words divided by spaces, and the next few of the line after it, so that a phrase that runs over two
  lines is found by the first of them (:mod:`framecue.library.store.phrases`).
- one column for its language (:mod:`framecue.library.store.languages`), as an index brings words to the stems of one
  language only. If nobody says which it is, it is guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pyarrow as pa

from framecue.library.store.languages import PLAIN, column_of, guessed_language
from framecue.library.store.phrases import Token, spelled, tokens_of
from framecue.words.timed_text import Kind, TimedText, TimedWord

__all__ = ["PHRASES", "RUN_ON_WORDS", "SCHEMA", "SHOWN", "HeldText", "held_texts", "in_time", "joins", "rows_of"]

PHRASES = "phrases"
# How many words of the following lines are searched with a line. A phrase of one more word is found wherever it begins;
# of a longer one the beginning is looked up and the rest is compared.
RUN_ON_WORDS = 5
# A line that begins later than this after the one before is not its continuation.
_LONGEST_PAUSE_SECONDS = 5.0

_WORD = pa.struct(
    [pa.field("start_seconds", pa.float64()), pa.field("end_seconds", pa.float64()), pa.field("text", pa.string())]
)
SCHEMA = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        # Its place among the lines of its video, source, kind and language.
        pa.field("number", pa.int32(), nullable=False),
        pa.field("start_seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("confidence", pa.float32()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("words", pa.list_(_WORD)),
        pa.field(PHRASES, pa.string(), nullable=False),
        pa.field(PLAIN, pa.string()),
    ]
)
SHOWN = (
    "video_id",
    "source",
    "kind",
    "language",
    "number",
    "start_seconds",
    "end_seconds",
    "confidence",
    "text",
    "words",
)


@dataclass(frozen=True)
class HeldText:
    """A line as a library holds it.

    Attributes:
        video_id: hash of the file's content.
        source: what found it: "speech", "screen", "subtitles".
        number: its place among the lines of its video, source, kind and language.
        text: the line, with its times.
    """

    video_id: str
    source: str
    number: int
    text: TimedText

    @property
    def sequence(self) -> tuple[str, str, str, str | None]:
        """Which lines it stands among: those of its video, source, kind and language."""
        return self.video_id, self.source, self.text.kind, self.text.language


def held_texts(rows: pa.Table) -> list[HeldText]:
    """Return the lines in an Arrow table with the columns SHOWN."""
    found = []
    for row in rows.select(SHOWN).to_pylist():
        words = tuple(TimedWord(**word) for word in row["words"] or ())
        text = TimedText(
            row["start_seconds"],
            row["end_seconds"],
            row["text"],
            cast(Kind, row["kind"]),
            row["language"],
            row["confidence"],
            words,
        )
        found.append(HeldText(row["video_id"], row["source"], row["number"], text))
    return found


def joins(one: TimedText, following: TimedText) -> bool:
    """Whether a line goes on in the one after it."""
    return following.start_seconds - one.end_seconds <= _LONGEST_PAUSE_SECONDS


def rows_of(video_id: str, source: str, texts: Sequence[TimedText]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the lines that a source found in a content."""
    sequences: dict[tuple[str, str | None], list[TimedText]] = {}
    for text in sorted(map(_composed, texts), key=in_time):
        sequences.setdefault((text.kind, text.language), []).append(text)
    for (kind, language), lines in sequences.items():
        words = [tokens_of(line.text) for line in lines]
        searched_as = language or guessed_language(token.text for tokens in words for token in tokens)
        for number, line in enumerate(lines):
            yield {
                "video_id": video_id,
                "source": source,
                "kind": kind,
                "language": language,
                "number": number,
                "start_seconds": line.start_seconds,
                "end_seconds": line.end_seconds,
                "confidence": line.confidence,
                "text": line.text,
                "words": [vars(word) for word in line.words] or None,
                PHRASES: spelled([*words[number], *_run_on(lines, words, number)]),
                column_of(searched_as): line.text,
            }


def _run_on(lines: Sequence[TimedText], words: Sequence[Sequence[Token]], number: int) -> list[Token]:
    """Return the first words of the lines in which a line goes on."""
    found: list[Token] = []
    for after in range(number + 1, len(lines)):
        if len(found) >= RUN_ON_WORDS or not joins(lines[after - 1], lines[after]):
            break
        found += words[after]
    return found[:RUN_ON_WORDS]


def in_time(text: TimedText) -> tuple[float, float]:
    """Return by what lines are put in order: when they begin, then when they end."""
    return text.start_seconds, text.end_seconds


def _composed(text: TimedText) -> TimedText:
    """Return a line in the one encoding in which lines are searched."""
    if text.text.isascii():
        return text
    words = tuple(replace(word, text=unicodedata.normalize("NFC", word.text)) for word in text.words)
    return replace(text, text=unicodedata.normalize("NFC", text.text), words=words)
