"""Which stretches of a video to decode for the frames that are wanted: arithmetic on a packet index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framecue.video.read.packets import PacketIndex

__all__ = ["Run", "plan_runs", "share_runs", "straight_run"]

# Frames that a jump must save before it pays: after it, the file is read anew and the decoder's pipeline is empty.
_MIN_SAVED_FRAMES = 8


@dataclass(frozen=True)
class Run:
    """One stretch of decoding.

    Attributes:
        key: the keyframe (its number in the index) to jump to; ``None`` to start at the file's beginning.
        places: the frames to take, ascending.
        num_decoded: frames that will be decoded for them.
    """

    key: int | None
    places: tuple[int, ...]
    num_decoded: int


def plan_runs(index: PacketIndex, places: Sequence[int]) -> list[Run]:
    """Choose between decoding straight through and jumping to keyframes, whichever decodes fewer frames.

    Args:
        index: the video.
        places: the frames to take, ascending, at least one.

    Returns:
        Stretches of decoding, in order, that together take all the places.
    """
    straight = straight_run(index, places)
    # By time, not by decoding order: a frame shown before a keyframe but decoded after it may need what precedes both.
    keys = np.searchsorted(index.key_times, index.times[list(places)], side="right") - 1
    if index.by_order or keys.min() < 0:
        return [straight]
    groups: list[tuple[int, list[int]]] = []
    reached = 0
    for place, key in zip(places, keys.tolist(), strict=True):
        if not groups or index.key_ranks[key] - reached > _MIN_SAVED_FRAMES:
            groups.append((key, []))
        groups[-1][1].append(place)
        reached = max(reached, int(index.ranks[place]))
    runs = [Run(key, tuple(group), int(index.ranks[group].max() - index.key_ranks[key]) + 1) for key, group in groups]
    saved = straight.num_decoded - sum(run.num_decoded for run in runs)
    return runs if saved > _MIN_SAVED_FRAMES else [straight]


def straight_run(index: PacketIndex, places: Sequence[int]) -> Run:
    """Decode from the file's beginning to the last of the places.

    Args:
        index: the video.
        places: the frames to take, ascending, at least one.

    Returns:
        The one stretch.
    """
    num_decoded = int(index.ranks[list(places)].max()) + 1 - index.num_skipped
    return Run(None, tuple(places), num_decoded)


def share_runs(runs: Sequence[Run], num_shares: int) -> list[list[Run]]:
    """Divide runs among several decoders.

    Args:
        runs: in order, at least one.
        num_shares: at most so many shares, at least 1.

    Returns:
        Neighbours together and in order, with about as many frames to decode in each share; none is empty.
    """
    ends = np.cumsum([run.num_decoded for run in runs])
    middles = ends - np.array([run.num_decoded for run in runs]) / 2
    shares: dict[int, list[Run]] = {}
    for run, number in zip(runs, (middles * num_shares / ends[-1]).astype(int).tolist(), strict=True):
        shares.setdefault(number, []).append(run)
    return list(shares.values())
