"""From what a search has found to the hits that people get."""

from __future__ import annotations

from collections.abc import Sequence

from framecue.library.results import Hit, LegHit, PartHit
from framecue.library.search.found import Found
from framecue.library.search.legs.leg import LegMatch
from framecue.library.store.rows import kind_of
from framecue.library.store.vectors import Details

__all__ = ["make_hit"]


def make_hit(
    rank: int,
    found: Found,
    details: Details,
    *,
    confidence: float | None,
    hybrid: bool,
    parts: Sequence[tuple[str, float | None]] = (),
    names: Sequence[str] = (),
) -> Hit:
    """Return a hit.

    Args:
        rank: 1 for the best.
        found: what it shows.
        details: what else its row holds.
        confidence: how surely it is what is meant, in [0, 1]; None if that cannot be said.
        hybrid: whether the search was hybrid.
        parts: of each part of what was found, if it has some, what was asked for, and how surely this is that.
        names: the taught names that were understood in the query.
    """
    match = found.match
    has_segment = found.own_seconds is not None and not found.parts
    segment = (match.start_seconds, match.end_seconds) if has_segment else None
    return Hit(
        rank=rank,
        path=match.path,
        start_seconds=found.start_seconds,
        end_seconds=found.end_seconds,
        score=match.score,
        video_id=match.video_id,
        duration_seconds=match.duration_seconds,
        recorded_seconds=match.recorded_seconds,
        kind=kind_of(match.kind, match.path),
        hybrid=hybrid,
        words=match.words,
        vector_rank=match.vector_rank,
        text_rank=match.text_rank,
        text_score=match.text_score,
        text=details.text,
        metadata=details.metadata,
        confidence=confidence,
        legs=tuple(map(_leg_hit, found.legs)),
        segment_seconds=segment,
        parts=tuple(
            PartHit(
                part=part,
                start_seconds=moment.start_seconds,
                end_seconds=moment.end_seconds,
                score=moment.score,
                legs=tuple(map(_leg_hit, moment.legs)),
                confidence=sure,
            )
            for (part, sure), moment in zip(parts, found.parts, strict=False)
        ),
        names=tuple(names),
    )


def _leg_hit(found: LegMatch) -> LegHit:
    return LegHit(
        leg=found.leg,
        rank=found.rank,
        score=found.score,
        strength=found.strength,
        text=found.text,
        words=found.words,
        spans=found.spans,
        start_seconds=found.start_seconds,
        end_seconds=found.end_seconds,
    )
