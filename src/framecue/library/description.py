"""What a library holds, for people: put together from its store and a snapshot of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

from framecue.library.fingerprint import fingerprint_of
from framecue.library.indexing.passages_run import are_passages_due, contents_due
from framecue.library.results import Duplicate, FileInfo, LibraryInfo, MeaningCount, Skipped, WordsCount, WordsFailure
from framecue.library.store import Store
from framecue.library.store.snapshot import Snapshot
from framecue.words.timed_text import SAID

__all__ = ["describe_library"]


def describe_library(uri: str, store: Store, snapshot: Snapshot) -> LibraryInfo:
    """Return what a library holds.

    Args:
        uri: its normal URI.
        store: it, opened.
        snapshot: of its present state.

    Raises:
        LibraryError: the library cannot be read.
    """
    held = snapshot.held
    originals = {item.video_id: path for path, item in held.items()}
    numbers = store.overview()
    return LibraryInfo(
        uri=uri,
        num_videos=snapshot.num_videos,
        num_images=snapshot.num_images,
        num_segments=snapshot.num_segments,
        fingerprint=fingerprint_of(store),
        files=[FileInfo(path, item.duration_seconds, item.kind) for path, item in sorted(held.items())],
        duplicates=[
            Duplicate(path, originals[copy.video_id])
            for path, copy in sorted(snapshot.copies.items())
            if path not in held and copy.video_id in originals
        ],
        unreadable=[
            Skipped(path, failure.reason)
            for path, failure in sorted(snapshot.failures.items())
            # A run that was killed may have left a note about a file that was indexed as it is.
            if failure.cause == "content" and not (path in held and held[path].state == failure.state)
        ],
        size_bytes=numbers.size_bytes,
        indexed_seconds=snapshot.indexed_seconds,
        num_indexed_segments=numbers.num_indexed_rows,
        has_text_index=numbers.has_text_index,
        text_kinds=_text_kinds(store, snapshot),
        computations=store.computations(),
        **_words(store, snapshot),
        **_meaning(store),
        names=[name.name for name in store.names.every()],
    )


def _text_kinds(store: Store, snapshot: Snapshot) -> list[str]:
    """Return which texts its segments have; every file has a name."""
    held = snapshot.held.values()
    there = {
        "names": bool(held),
        "captions": any(item.has_captions for item in held),
        # A file beside a video may hold none, or none of its time.
        "subtitles": any(item.sidecars is not None for item in held) and store.has_rows("subtitles IS NOT NULL"),
    }
    return [kind for kind, is_there in there.items() if is_there]


class _Meaning(TypedDict):
    meaning: MeaningCount | None
    is_meaning_unfinished: bool
    num_without_meaning: int


def _meaning(store: Store) -> _Meaning:
    """Return what was asked for of meanings, and what there is of them."""
    state = store.passages.state()
    if state is None:
        return {"meaning": None, "is_meaning_unfinished": False, "num_without_meaning": 0}
    count = MeaningCount(state.fingerprint.model, len(store.passages.keys()), store.passages.count())
    # All words are read for this, so only where some have changed.
    num_without = len(contents_due(store)) if are_passages_due(store) else 0
    return {"meaning": count, "is_meaning_unfinished": state.is_unfinished, "num_without_meaning": num_without}


class _Words(TypedDict):
    words: list[WordsCount]
    words_failed: list[WordsFailure]


def _words(store: Store, snapshot: Snapshot) -> _Words:
    """Return what words a library has, and where they could not be found."""
    asked = store.words_notes.asked()
    if not asked:
        return {"words": [], "words_failed": []}
    paths = {held.video_id: path for path, held in snapshot.held.items()}
    counts: dict[str, WordsCount] = {
        name: WordsCount(name, each.kind or SAID, each.model, each.request.language)
        for name, each in asked.items()
        if each.is_wanted
    }
    failed: list[WordsFailure] = []
    for (video_id, source), done in sorted(store.words_notes.done().items()):
        if video_id not in paths:
            continue
        count = counts.get(source) or WordsCount(source, SAID)
        counts[source] = replace(
            count,
            num_files=count.num_files + (done.reason is None),
            num_lines=count.num_lines + done.num_lines,
            num_failed=count.num_failed + (done.reason is not None),
        )
        if done.reason is not None:
            failed.append(WordsFailure(paths[video_id], source, done.reason))
    return {
        "words": [count for _, count in sorted(counts.items())],
        "words_failed": sorted(failed, key=lambda item: (item.path, item.source)),
    }
