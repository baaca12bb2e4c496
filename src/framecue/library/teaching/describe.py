"""What is kept of names, as it is shown to whoever asks a library for them."""

from __future__ import annotations

from collections.abc import Sequence

from framecue.library.results import TaughtExample, TaughtName
from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample, KeptName

__all__ = ["described"]


def described(store: Store, names: Sequence[KeptName]) -> list[TaughtName]:
    """Return names for people and programs.

    Args:
        store: the library.
        names: with their pictures.

    Raises:
        LibraryError: the library cannot be read.
    """
    if not names:
        return []
    every = [example for name in names for example in (*name.examples, *name.unlike)]
    held = store.held_ids({example.video_id for example in every if example.video_id is not None})
    made_for = store.names.made_for
    return [
        TaughtName(
            name=name.name,
            coarse=name.coarse,
            num_tokens=len(name.tokens.vectors),
            examples=tuple(_described(example, held) for example in name.examples),
            unlike=tuple(_described(example, held) for example in name.unlike),
            fits=name.made_for == made_for,
            taught_at=name.taught_at,
            notices=_notices(name, made_for),
        )
        for name in names
    ]


def _notices(name: KeptName, made_for: str) -> tuple[str, ...]:
    if name.made_for == made_for:
        return name.notices
    why = f": {name.failure}" if name.failed_for == made_for and name.failure else "; the next run of indexing does so"
    return (
        f"It was taught to another model than the library's, and is not understood until it is taught again{why}.",
        *name.notices,
    )


def _described(example: KeptExample, held: set[str]) -> TaughtExample:
    return TaughtExample(
        path=example.path,
        video_id=example.video_id,
        start_seconds=example.start_seconds,
        end_seconds=example.end_seconds,
        kind=example.kind,
        rank=example.rank,
        num_compared=example.num_compared,
        agrees=example.agrees,
        is_held=example.picture is not None or example.video_id in held,
    )
