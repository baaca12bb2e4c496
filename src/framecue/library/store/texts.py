"""Full text search in a library's table: BM25 over the words of names, captions and subtitles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from lancedb.index import FTS
from lancedb.query import BooleanQuery, MatchQuery, Occur

from framecue.errors import LibraryError
from framecue.library.store.table import Table
from framecue.library.store.time_limit import time_left
from framecue.library.store.vectors import Match, match_columns, matches_of

__all__ = ["TextMatch", "ensure_text_index", "has_text_index", "search_texts"]

COLUMN = "text"
# Rows that came after the index was made are found too, by reading them all. With more of them than this, the index is
# updated.
ROWS_BEFORE_UPDATE = 10_000


@dataclass(frozen=True)
class TextMatch:
    """A segment that contains a word of the query.

    Attributes:
        match: the segment.
        score: from full text search (BM25), more is better; comparable within one query only.
        text: the text that was searched: names, caption, subtitles.
        said: caption and subtitles only, which belong to this segment and not to the whole file.
        caption: the caption alone, or None.
        subtitles: the subtitles alone, or None.
    """

    match: Match
    score: float
    text: str
    said: str
    caption: str | None = None
    subtitles: str | None = None


def has_text_index(table: Table) -> bool:
    """Whether the table has an index for full text search."""
    return _index_name(table) is not None


def ensure_text_index(table: Table) -> None:
    """Make the index for full text search if there is none, and bring it up to date if much was added since.

    A search sees rows that were added, changed or removed later in any case; this makes it fast.

    Raises:
        LibraryError: the library cannot be written.
    """
    name = _index_name(table)
    if name is None:
        # Finds words in all scripts, also those without spaces, and folds case and accents. No endings are cut off and
        # no common words left out, since names and subtitles may be in any language.
        config = FTS(base_tokenizer="icu/split", stem=False, remove_stop_words=False, max_token_length=None)
        try:
            table.commit("written", lambda: table.lance.create_index(COLUMN, config=config))
        except LibraryError:
            # Another process may have made it at the same time.
            table.catch_up()
            if not has_text_index(table):
                raise
        return
    stats = table.read(lambda: table.lance.index_stats(name))
    if stats is not None and stats.num_unindexed_rows > ROWS_BEFORE_UPDATE:
        table.commit("written", table.lance.optimize)


def search_texts(
    table: Table,
    texts: Sequence[tuple[str, float]],
    vector: np.ndarray,
    *,
    limit: int,
    where: str | None = None,
    filters_first: bool = True,
) -> list[TextMatch]:
    """Return the segments that contain words of some texts.

    Args:
        table: of segments, with the text index.
        texts: with their weights, which are above 0.
        vector: float32 (E,), the query's vector, for the cosine scores of the segments that are found.
        limit: how many at most.
        where: an SQL condition on the rows that are looked at.
        filters_first: whether to find out first which rows pass, which may read them all; if not, of the best
            ``limit`` those are returned that pass.

    Returns:
        Best first; equal scores in the order of path and start. If ``limit`` leaves out some of several with equal
        scores, LanceDB chooses which, and may choose differently in the next search.
    """
    words = [MatchQuery(text, COLUMN, boost=weight) for text, weight in texts]  # type: ignore[call-arg]
    wanted = BooleanQuery([(Occur.SHOULD, query) for query in words])
    search = table.lance.search(wanted, query_type="fts").with_row_id(True)
    if where is not None:
        search = search.where(where, prefilter=filters_first)
    columns = [*match_columns(table), COLUMN, "caption", "subtitles", "_score"]
    found = table.read(lambda: search.limit(limit).select(columns).to_arrow(timeout=time_left()))
    values = (found.column(name).to_pylist() for name in ("_score", COLUMN, "caption", "subtitles"))
    matches = [
        TextMatch(match, score, text, "\n".join(part for part in (caption, subtitles) if part), caption, subtitles)
        for match, score, text, caption, subtitles in zip(
            matches_of(found, np.asarray(vector, dtype=np.float32)), *values, strict=True
        )
    ]
    return sorted(matches, key=lambda found: (-found.score, found.match.path, found.match.start_seconds))


def _index_name(table: Table) -> str | None:
    return next((index.name for index in table.indexes if list(index.columns) == [COLUMN]), None)
