"""What the last search of each library has shown, so that its results can be named by their ranks afterwards.

It lies in the user's cache, a file a library. What somebody looks for in their own videos is private: the files are
readable by their user alone, and none is written where FRAMECUE_HISTORY says that nothing is to be kept.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framecue.cli.prompt_history import HISTORY_VARIABLE, history_file
from framecue.errors import AbsentError, FramecueError, InputError
from framecue.outputs import written_beside
from framecue.user_cache import user_cache

if TYPE_CHECKING:
    from framecue.library import Hit, Library

__all__ = ["LastSearch", "hits_of", "keep_search", "last_search"]

_FORMAT = 1
_FOLDER = "last-searches"
# More than anybody reads, and few enough for a small file.
_MOST_HITS = 1000
_MOST_LIBRARIES = 50
_MOST_BYTES = 2_000_000
# What a result is found again by.
_FIELDS = ("rank", "path", "start_seconds", "end_seconds", "score", "video_id", "duration_seconds", "kind")


@dataclass(frozen=True)
class LastSearch:
    """The last search of a library.

    Attributes:
        library: its normal URI.
        query: what was searched for.
        searched_at: when, in seconds since 1970.
        hits: what was shown, by rank; of a hit only what a moment is known by.
    """

    library: str
    query: str
    searched_at: float
    hits: Mapping[int, Hit]


def keep_search(uri: str, query: str, hits: Sequence[Hit]) -> None:
    """Keep what a search has shown in place of what was kept for the library; of a further page, beside what was.

    Nothing comes of it where nothing is to be kept, or the cache cannot be written: the search itself went well.

    Args:
        uri: the library's normal URI.
        query: what was searched for.
        hits: what was shown, by rank ascending; the first thousand are kept.
    """
    if history_file() is None:
        return
    with suppress(OSError, ValueError, FramecueError):
        file = _file(uri)
        shown = [*_before(file, query, hits), *hits]
        document = {
            "format": _FORMAT,
            "library": uri,
            "query": query,
            "searched_at": time.time(),
            "hits": [_noted(hit) for hit in shown[:_MOST_HITS]],
        }
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_beside(file, overwrite=True) as partial:
            # Nobody else may read it, from the beginning.
            partial.touch(mode=0o600)
            partial.write_text(json.dumps(document), encoding="utf-8")
        _remove_old(file.parent)


def last_search(uri: str) -> LastSearch:
    """Return what the last search of a library has shown.

    Args:
        uri: its normal URI.

    Raises:
        InputError: no search of this library is kept.
    """
    found = _read(_file(uri))
    if found is not None and found.library == uri:
        return found
    if history_file() is None:
        raise InputError(
            f"{HISTORY_VARIABLE} says that no search is kept, so ranks mean nothing; name moments as PATH@START-END, "
            "which `framecue search --format hit` prints"
        )
    where = ""
    with suppress(OSError):
        others = [other for file in _files(_file(uri).parent) if (other := _read(file)) is not None]
        if others:
            where = f"; the last one was of library {others[-1].library}"
    raise InputError(
        f"no search of library {uri} is kept{where}: search it with `framecue search TEXT --library {uri}`, and then "
        "name the results by their ranks"
    )


def hits_of(library: Library, ranks: Sequence[int]) -> tuple[LastSearch, list[Hit]]:
    """Return the results of the last search of a library that ranks name.

    Returns:
        The search, and its results in the order of the ranks.

    Raises:
        LibraryNotFoundError: the library is not there.
        InputError: no search is kept, it had no such result, or the library no longer holds its moment.
        LibraryError: the library cannot be read.
    """
    # Of a name that is misspelt no search is kept either, and searching again would help nobody.
    library.count_videos()
    search = last_search(library.uri)
    if not search.hits:
        raise InputError(
            f"the last search of library {library.uri} ({search.query[:80]!r}) found nothing; search again"
        )
    found = []
    for rank in ranks:
        hit = search.hits.get(rank)
        if hit is None:
            raise InputError(
                f"the last search of library {library.uri} ({search.query[:80]!r}) showed no result {rank}; it showed "
                f"{min(search.hits)} to {max(search.hits)}"
            )
        _check_held(library, hit)
        found.append(hit)
    return search, found


def _check_held(library: Library, hit: Hit) -> None:
    """Raise if the library no longer holds the moment of a result.

    Raises:
        InputError: it does not.
    """
    with suppress(AbsentError):
        moments = library.moments_of(hit.video_id)
        # A result may be a phrase within a segment, or several things in a row: it overlaps one in any case.
        if any(part.start_seconds <= hit.end_seconds and part.end_seconds >= hit.start_seconds for part in moments):
            return
    raise InputError(
        f"result {hit.rank} of the last search is no longer in library {library.uri}, which has changed since; search "
        "again"
    )


def _before(file: Path, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return what earlier pages of a search have shown, so that a person can name results of several pages."""
    if not hits or hits[0].rank == 1:
        return []
    earlier = _read(file)
    if earlier is None or earlier.query != query:
        return []
    return [hit for rank, hit in sorted(earlier.hits.items()) if rank < hits[0].rank]


def _noted(hit: Hit) -> dict[str, Any]:
    noted = {name: getattr(hit, name) for name in _FIELDS}
    if hit.segment_seconds is not None:
        noted["segment_seconds"] = list(hit.segment_seconds)
    return noted


def _read(file: Path) -> LastSearch | None:
    """Return what a file keeps; None if it is not there, or nothing that this framecue has written."""
    from framecue.library.results import Hit

    try:
        if file.stat().st_size > _MOST_BYTES:
            return None
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            return None
        hits = {}
        for noted in document["hits"]:
            segment = noted.pop("segment_seconds", None)
            hit = Hit(**noted, segment_seconds=None if segment is None else (segment[0], segment[1]))
            hits[hit.rank] = hit
        return LastSearch(document["library"], document["query"], document["searched_at"], hits)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def _file(uri: str) -> Path:
    """Return the file for a library, named by a hash of its place.

    Raises:
        InputError: there is no place for a cache.
    """
    name = blake2b(os.fsencode(uri), digest_size=16).hexdigest()
    return user_cache() / _FOLDER / f"{name}.json"


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder, the oldest first."""
    return sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)


def _remove_old(folder: Path) -> None:
    for file in _files(folder)[:-_MOST_LIBRARIES]:
        file.unlink(missing_ok=True)
