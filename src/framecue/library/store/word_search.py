"""Searching what is said and written: words by BM25 on their stems, phrases exactly, each with its own times."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import pyarrow as pa
from lancedb.query import BooleanQuery, FullTextQuery, MatchQuery, Occur, PhraseQuery

from framecue.library.store.languages import PLAIN, column_of, language_of
from framecue.library.store.misheard import misheard_places, shares_stem
from framecue.library.store.passing import passing_conditions
from framecue.library.store.phrases import Token, phrase_places, spelled, tokens_of, unspaced_runs
from framecue.library.store.sql import quoted
from framecue.library.store.table import Table
from framecue.library.store.time_limit import time_left
from framecue.library.store.timed_text_rows import PHRASES, RUN_ON_WORDS, SHOWN, HeldText, held_texts, joins
from framecue.library.store.timed_texts import of_videos
from framecue.library.store.words import distinct_words, query_words
from framecue.words.request import SPEECH
from framecue.words.timed_text import SAID, WRITTEN, Kind, TimedText

__all__ = ["WordMatch", "search_misheard", "search_words"]

# How many lines are asked for first, and how many times as many if those that pass are too few.
_FIRST_LIMIT, _GROWTH = 256, 4
# Segments and lines of one moment may be this much apart: times are rounded.
_SLACK_SECONDS = 0.05
# So many words of a query are looked up one by one at most: of a longer one, one that is mistaken changes little.
_MOST_LOOKED_UP = 16
# By what a line is known.
_PLACE = ("video_id", "source", "kind", "language", "number")


@dataclass(frozen=True)
class WordMatch:
    """Words that were found in a video.

    Attributes:
        video_id: hash of the file's content.
        path: absolute path of the file.
        start_seconds: when it begins: the phrase itself where its words' times are known, else the line.
        end_seconds: when it ends.
        text: the line; several, divided by spaces, where a phrase runs over them.
        kind: "said" or "written".
        source: what found it: "speech", "screen", "subtitles".
        language: ISO 639-1 code; None if nobody knows it.
        confidence: of the source in the line, in [0, 1]; None if it was written by a person.
        score: from full text search (BM25), more is better; comparable within one query only.
        spans: (start, end) of the found words in ``text``, in characters, in order. For a search of words these are
            the forms of them that could be told, perhaps none.
        words_seconds: when the first of these begins and the last ends, where the words' own times are known.
    """

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    text: str
    kind: Kind
    source: str
    language: str | None
    confidence: float | None
    score: float
    spans: tuple[tuple[int, int], ...] = ()
    words_seconds: tuple[float, float] | None = None


def search_words(
    texts: Table,
    segments: Table,
    query: str,
    *,
    kinds: Sequence[Kind] = (SAID, WRITTEN),
    phrase: bool = False,
    limit: int,
    where: str | None = None,
) -> list[WordMatch]:
    """Return the lines that contain words of a text, or the places where they contain the whole of it.

    Args:
        texts: the table of lines.
        segments: the table of segments.
        query: the words, or the phrase.
        kinds: which kinds of lines.
        phrase: whether the text is to be found as it stands. Case, accents and punctuation do not matter, and it may
            run over the end of a line. Each place is a match of its own.
        limit: how many at most.
        where: an SQL condition on segments: a match counts if it is in a segment that passes.

    Returns:
        Best first; equal scores in the order of path and start.
    """
    query = unicodedata.normalize("NFC", query)
    wanted = tokens_of(query)
    if not wanted or not kinds or limit < 1:
        return []
    asked = _phrase_query(wanted[: RUN_ON_WORDS + 1]) if phrase else _words_query(texts, query)
    of_kind = [f"kind IN ({', '.join(quoted(kind) for kind in kinds)})"] if len(set(kinds)) == 1 else []
    passing = passing_conditions(segments, where)
    if passing is None:
        return []
    condition = " AND ".join([*passing, *of_kind]) or None
    depth = max(_FIRST_LIMIT, limit)
    while True:
        rows = _found(texts, asked, depth, condition)
        lines = list(zip(held_texts(rows), rows.column("_score").to_pylist(), strict=True))
        places = _Places(segments, {line.video_id for line, _ in lines}, where)
        lines = [(line, score) for line, score in lines if line.video_id in places]
        found = _phrases(texts, lines, wanted) if phrase else _words(texts, lines, query)
        matches = [placed for match in found if (placed := places.placed(match)) is not None]
        if len(matches) >= limit or rows.num_rows < depth:
            matches.sort(key=lambda match: (-match.score, match.path, match.start_seconds, match.source))
            return matches[:limit]
        depth *= _GROWTH


def search_misheard(
    texts: Table, segments: Table, phrase: str, *, limit: int, where: str | None = None
) -> list[WordMatch]:
    """Return the places in which speech was heard as nearly a phrase; see `misheard.py`.

    Args:
        texts: the table of lines.
        segments: the table of segments.
        phrase: as it was said; where it stands as it is, is left out.
        limit: how many lines with words of it are looked at.
        where: an SQL condition on segments: a place counts if it is in a segment that passes.

    Returns:
        Best first; equal scores in the order of path and start.
    """
    wanted = tokens_of(unicodedata.normalize("NFC", phrase))
    if len(wanted) < 2:
        return []
    rows = _found(texts, _words_query(texts, phrase), limit, f"source = {quoted(SPEECH)}")
    lines = list(zip(held_texts(rows), rows.column("_score").to_pylist(), strict=True))
    found = []
    for line, score in lines:
        words = tokens_of(line.text.text)
        for first, last in misheard_places(wanted, words):
            found.append(_phrase_match([line], [0], line.text.text, words[first].start, words[last - 1].end, score))
    places = _Places(segments, {match.video_id for match in found}, where)
    matches = [placed for match in found if (placed := places.placed(match)) is not None]
    return sorted(matches, key=lambda match: (-match.score, match.path, match.start_seconds))


def _words_query(texts: Table, query: str) -> FullTextQuery:
    """Return the query for words: their stems in each language of the library, and what has no spaces as a phrase."""
    words = distinct_words(query_words(query))
    indexed = {index.columns[0] for index in texts.indexes}
    columns = [name for name in texts.schema.names if name in indexed and (name == PLAIN or language_of(name))]
    parts: list[FullTextQuery] = [MatchQuery(words, name) for name in columns]  # type: ignore[call-arg]
    parts += [_phrase_query(tokens_of(run)) for run in unspaced_runs(words)]
    return BooleanQuery([(Occur.SHOULD, part) for part in parts])


def _phrase_query(tokens: Sequence[Token]) -> PhraseQuery:
    return PhraseQuery(spelled(tokens), PHRASES)  # type: ignore[call-arg]


def _found(texts: Table, asked: FullTextQuery, limit: int, condition: str | None) -> pa.Table:
    search = texts.lance.search(asked, query_type="fts")
    if condition is not None:
        search = search.where(condition)
    return texts.read(lambda: search.limit(limit).select([*SHOWN, "_score"]).to_arrow(timeout=time_left()))


class _Places:
    """Where contents lie, and which moments of them pass a filter.

    Args:
        segments: the table of segments.
        video_ids: the contents.
        where: an SQL condition on segments; None if all pass.
    """

    def __init__(self, segments: Table, video_ids: set[str], where: str | None) -> None:
        self._paths: dict[str, str] = {}
        # (start, end, whether it passes) of each segment.
        self._segments: dict[str, list[tuple[float, float, bool]]] = {}
        if not video_ids:
            return
        condition = of_videos(sorted(video_ids))
        if where is None:
            # The first segment of each is enough to know where it lies.
            for video_id, path in _columns(segments, condition, "video_id", "path"):
                self._paths.setdefault(video_id, path)
            return
        passing = set(_columns(segments, f"({condition}) AND ({where})", "video_id", "path", "start_seconds"))
        contents = {video_id for video_id, _, _ in passing}
        self._paths = {video_id: path for video_id, path, _ in passing}
        if contents:
            every = _columns(segments, of_videos(sorted(contents)), "video_id", "path", "start_seconds", "end_seconds")
            for video_id, path, start, end in every:
                passes = (video_id, path, start) in passing
                self._segments.setdefault(video_id, []).append((start, end, passes))

    def __contains__(self, video_id: str) -> bool:
        return video_id in self._paths

    def placed(self, match: WordMatch) -> WordMatch | None:
        """Return a match with its path; None if it is in no segment that passes."""
        if match.video_id not in self._paths:
            return None
        segments = self._segments.get(match.video_id)
        if segments is not None:
            # Sound may begin before the first picture, and go on after the last: the nearest segment is then meant.
            gaps = [max(start - match.end_seconds, match.start_seconds - end) for start, end, _ in segments]
            least = max(min(gaps), -_SLACK_SECONDS)
            if not any(passes and gap <= least for gap, (_, _, passes) in zip(gaps, segments, strict=True)):
                return None
        return replace(match, path=self._paths[match.video_id])


def _columns(table: Table, condition: str, *names: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows of some columns, as tuples."""
    rows = table.scan(names, where=condition)
    return zip(*(rows.column(name).to_pylist() for name in names), strict=True)


def _words(texts: Table, lines: Sequence[tuple[HeldText, float]], query: str) -> Iterator[WordMatch]:
    """Yield lines in which some words of a query were found, each with where these stand in it."""
    typed = {token.text for token in tokens_of(query)}
    forms = _forms(texts, [line for line, _ in lines], query)
    for line, score in lines:
        varied = forms if _has_forms(line) else ()
        words = [
            token
            for token in tokens_of(line.text.text)
            if token.text in typed or any(line in forms[word] for word in _alike(token, varied))
        ]
        spans = tuple((token.start, token.end) for token in words)
        found = _match(line, line.text.text, line.text.start_seconds, line.text.end_seconds, score, spans)
        if spans and line.text.words:
            found = replace(found, words_seconds=_times(line.text, spans[0][0], spans[-1][1]))
        yield found


def _has_forms(line: HeldText) -> bool:
    """Whether words are found in a line by their stems, as its language is known."""
    return language_of(column_of(line.text.language)) is not None


def _alike(token: Token, words: Iterable[str]) -> Iterator[str]:
    """Yield the words of which one may be another form."""
    return (word for word in words if word != token.text and shares_stem(token.text, word))


def _forms(texts: Table, lines: Sequence[HeldText], query: str) -> dict[str, set[HeldText]]:
    """Return for each word of a query those of some lines in which a form of it stands.

    Only full text search knows: "from" looks as much like a form of "frog" as "frogs" does. A line is known to have one
    word of the query; of several, those are looked up of which something in a line may be a form.

    Args:
        texts: the table of lines.
        lines: each has a word of the query at least.
        query: the words.
    """
    words = dict.fromkeys(token.text for token in tokens_of(query_words(query)))
    forms = {word: set(lines) for word in words}
    if len(words) == 1:
        return forms
    open_ones: dict[str, set[HeldText]] = {}
    for line in filter(_has_forms, lines):
        for token in tokens_of(line.text.text):
            for word in _alike(token, words):
                open_ones.setdefault(word, set()).add(line)
    for word, some in islice(open_ones.items(), _MOST_LOOKED_UP):
        numbers = _listed({line.number for line in some})
        condition = f"{of_videos(sorted({line.video_id for line in some}))} AND number IN ({numbers})"
        search = texts.lance.search(_words_query(texts, word), query_type="fts").where(condition)
        # As many as there may be: some videos have lines of one number in several languages, of several sources.
        search = search.limit(texts.count(condition)).select([*_PLACE, "_score"])
        told = texts.read(partial(search.to_arrow, timeout=time_left()))
        places = set(zip(*(told.column(name).to_pylist() for name in _PLACE), strict=True))
        forms[word] = {line for line in some if (*line.sequence, line.number) in places}
    return forms


def _phrases(texts: Table, lines: Sequence[tuple[HeldText, float]], wanted: Sequence[Token]) -> Iterator[WordMatch]:
    """Yield the places in which a phrase begins in one of some lines."""
    tokens = {line: tokens_of(line.text.text) for line, _ in lines}
    open_ended = [line for line, _ in lines if _may_run_on(tokens[line], wanted)]
    after = _following(texts, open_ended, len(wanted))
    for line, score in lines:
        joined, own = [line], len(tokens[line])
        if line in after:
            joined += after[line]
        text, starts = "", []
        for part in joined:
            starts.append(len(text))
            text += part.text.text + " "
        text = text[:-1]
        for first, last in phrase_places(wanted, words := tokens_of(text)):
            if first < own:
                yield _phrase_match(joined, starts, text, words[first].start, words[last - 1].end, score)


def _may_run_on(tokens: Sequence[Token], wanted: Sequence[Token]) -> bool:
    """Whether a phrase may begin in a line and end in a later one."""
    return any(
        all(token.text == word.text for token, word in zip(tokens[first:], wanted, strict=False))
        for first in range(max(0, len(tokens) - len(wanted) + 1), len(tokens))
    )


def _following(texts: Table, lines: Sequence[HeldText], num_words: int) -> dict[HeldText, list[HeldText]]:
    """Return the lines in which some lines go on, as many as a phrase may run over."""
    if not lines:
        return {}
    # As few lines as there may be of them: each has a word at least, mostly several. Others of these videos may have
    # the same numbers; a condition for each line would be looked up far more slowly.
    numbers = {line.number + after for line in lines for after in range(1, num_words)}
    condition = f"{of_videos(sorted({line.video_id for line in lines}))} AND number IN ({_listed(numbers)})"
    rows = texts.scan(SHOWN, where=condition)
    before: dict[str, list[int]] = {}
    for line in sorted(lines, key=lambda line: line.number):
        before.setdefault(line.video_id, []).append(line.number)
    places = zip(rows.column("video_id").to_pylist(), rows.column("number").to_pylist(), strict=True)
    # To make a line of a row takes far longer than to see that it is one of those others.
    is_after = [_is_after(number, before[video_id], num_words) for video_id, number in places]
    rows = rows.filter(pa.array(is_after, pa.bool_()))
    by_place = {(held.sequence, held.number): held for held in held_texts(rows)}
    found: dict[HeldText, list[HeldText]] = {}
    for line in lines:
        parts = [line]
        while (held := by_place.get((line.sequence, parts[-1].number + 1))) and joins(parts[-1].text, held.text):
            parts.append(held)
        found[line] = parts[1:]
    return found


def _is_after(number: int, before: Sequence[int], num_words: int) -> bool:
    """Whether a line is one of the next few after one of some others, whose numbers are in order."""
    place = bisect_left(before, number)
    return place > 0 and number - before[place - 1] < num_words


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _phrase_match(
    lines: Sequence[HeldText], starts: Sequence[int], text: str, start: int, end: int, score: float
) -> WordMatch:
    """Return the match of a phrase in some lines that were joined.

    Args:
        lines: that were joined, one at least.
        starts: where each of them begins in the joined text.
        text: of all of them.
        start: the first character of the phrase in the joined text.
        end: the character after its last.
        score: of the first line.
    """
    first = max(number for number, begin in enumerate(starts) if begin <= start)
    last = max(number for number, begin in enumerate(starts) if begin < end)
    begin = starts[first]
    shown = text[begin : starts[last] + len(lines[last].text.text)]
    start_seconds, _ = _times(lines[first].text, start - begin, min(end - begin, len(lines[first].text.text)))
    _, end_seconds = _times(lines[last].text, max(start - starts[last], 0), end - starts[last])
    return _match(lines[first], shown, start_seconds, end_seconds, score, ((start - begin, end - begin),))


def _times(line: TimedText, start: int, end: int) -> tuple[float, float]:
    """Return when a part of a line is said, by its words' own times; the whole line's times where it has none.

    Args:
        line: with its words.
        start: the first character of the part.
        end: the character after its last.
    """
    inside, place = [], 0
    for word in line.words:
        bare = word.text.strip()
        found = line.text.find(bare, place)
        if found < 0 or not bare:
            continue
        place = found + len(bare)
        if found < end and place > start:
            inside.append(word)
    if not inside:
        return line.start_seconds, line.end_seconds
    return inside[0].start_seconds, inside[-1].end_seconds


def _match(
    line: HeldText,
    text: str,
    start_seconds: float,
    end_seconds: float,
    score: float,
    spans: tuple[tuple[int, int], ...],
) -> WordMatch:
    return WordMatch(
        line.video_id,
        "",
        start_seconds,
        end_seconds,
        text,
        line.text.kind,
        line.source,
        line.text.language,
        line.text.confidence,
        score,
        spans,
    )
