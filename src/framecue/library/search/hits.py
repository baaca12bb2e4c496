"""From what a search has found to the hits that people get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from framecue.library.results import Hit, LegHit, PartHit
from framecue.library.search.found import Found
from framecue.library.search.judge import Judge, least_sure
from framecue.library.search.legs.leg import LegMatch
from framecue.library.store.rows import kind_of
from framecue.library.store.vectors import Details

__all__ = ["make_hit"]


def make_hit(
    rank: int,
    found: Found,
    details: Details,
    *,
    judge: Judge,
    hybrid: bool,
    parts: Sequence[tuple[str, Judge]] = (),
    names: Sequence[str] = (),
) -> Hit:
    """Return a hit.

    Args:
        rank: 1 for the best.
        found: what it shows.
        details: what else its row holds.
        judge: says how surely it is what is meant; of what has parts, the least sure of them says that.
        hybrid: whether the search was hybrid.
        parts: of each part of what was asked for, if it has some, its name and who judges what was found for it.
        names: the taught names that were understood in the query.
    """
    match = found.match
    has_segment = found.own_seconds is not None and not found.parts
    of_parts = [_part_hit(name, own, moment) for (name, own), moment in zip(parts, found.parts, strict=False)]
    confidence = least_sure([part.confidence for part in of_parts]) if found.parts else judge.of(found)
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
        legs=_leg_hits(judge, found),
        segment_seconds=segment,
        parts=tuple(of_parts),
        names=tuple(names),
    )


def _part_hit(name: str, judge: Judge, moment: Found) -> PartHit:
    return PartHit(
        part=name,
        start_seconds=moment.start_seconds,
        end_seconds=moment.end_seconds,
        score=moment.score,
        legs=_leg_hits(judge, moment),
        confidence=judge.of(moment),
    )


def _leg_hits(judge: Judge, found: Found) -> tuple[LegHit, ...]:
    return tuple(replace(_leg_hit(leg), confidence=judge.of_leg(found, leg)) for leg in found.legs)


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
