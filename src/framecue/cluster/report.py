"""What a run on a cluster tells of itself: how fast it was, and what it has waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Clock", "ClusterReport"]


@dataclass
class ClusterReport:
    """What a run on a cluster was like.

    The run's time is divided among what it waited for: ``starting_seconds``, ``decoding_seconds``,
    ``encoding_seconds`` and ``driver_seconds`` add up to it.

    Attributes:
        num_nodes: how many nodes had actors.
        num_readers: how many actors read files, at most at once.
        num_encoders: how many actors encoded.
        num_gpus: how many of these each on a GPU of its own.
        num_videos: how many units became videos.
        num_segments: how many segments were encoded.
        starting_seconds: until the first reader and the first encoder were ready.
        decoding_seconds: waited while encoders had nothing to do; in part where only some of them had.
        encoding_seconds: waited while they were busy.
        driver_seconds: the rest: dealing out, and the library's own commits.
        read_seconds: how long all readers have read, together.
        encode_seconds: how long all encoders have encoded, together.
        moved_bytes: of pixels that went from readers to encoders.
        actors_lost: how many actors ended by themselves, were killed, or could not be reached.
        nodes_lost: how many nodes went.
        tried_again: how many units or parts of units were tried again for that.
        skipped: how many units were given up, as each of their tries ended an actor.
        notes: what else a person should know, such as nodes that could not be used; a line each.
    """

    num_nodes: int = 0
    num_readers: int = 0
    num_encoders: int = 0
    num_gpus: int = 0
    num_videos: int = 0
    num_segments: int = 0
    starting_seconds: float = 0.0
    decoding_seconds: float = 0.0
    encoding_seconds: float = 0.0
    driver_seconds: float = 0.0
    read_seconds: float = 0.0
    encode_seconds: float = 0.0
    moved_bytes: int = 0
    actors_lost: int = 0
    nodes_lost: int = 0
    tried_again: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the run took on the cluster."""
        return self.starting_seconds + self.decoding_seconds + self.encoding_seconds + self.driver_seconds

    @property
    def videos_per_second(self) -> float | None:
        """How many videos a second were encoded, after the start; None if none was."""
        working = self.seconds - self.starting_seconds
        return self.num_videos / working if self.num_videos and working > 0 else None

    def share(self, seconds: float) -> float:
        """Return which part of the time after the start some of it is, in [0, 1]."""
        working = self.seconds - self.starting_seconds
        return seconds / working if working > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue index --ray ... --json`` prints of the cluster."""
        return {
            "nodes": self.num_nodes,
            "readers": self.num_readers,
            "encoders": self.num_encoders,
            "gpus": self.num_gpus,
            "videos": self.num_videos,
            "segments": self.num_segments,
            "seconds": self.seconds,
            "starting_seconds": self.starting_seconds,
            "videos_per_second": self.videos_per_second,
            "waiting": {
                "decoding": self.share(self.decoding_seconds),
                "encoding": self.share(self.encoding_seconds),
                "driver": self.share(self.driver_seconds),
            },
            "read_seconds": self.read_seconds,
            "encode_seconds": self.encode_seconds,
            "moved_bytes": self.moved_bytes,
            "actors_lost": self.actors_lost,
            "nodes_lost": self.nodes_lost,
            "tried_again": self.tried_again,
            "skipped": self.skipped,
            "notes": list(self.notes),
        }


class Clock:
    """Divides the time of a run among what it waits for.

    Args:
        report: where the seconds are added up.
        clock: gives the time, in seconds from any point.
    """

    def __init__(self, report: ClusterReport, clock: Callable[[], float] = time.monotonic) -> None:
        self._report, self._clock = report, clock
        self._last = clock()

    def worked(self) -> None:
        """Note that the driver has worked since the last note."""
        self._report.driver_seconds += self._passed()

    def started(self) -> None:
        """Note that since the last note nothing could be encoded, as not both kinds of actors were there."""
        self._report.starting_seconds += self._passed()

    def waited(self, idle: float) -> None:
        """Note that the driver has waited since the last note.

        Args:
            idle: which part of the encoders had nothing to do meanwhile, in [0, 1].
        """
        passed = self._passed()
        self._report.decoding_seconds += passed * idle
        self._report.encoding_seconds += passed * (1 - idle)

    def _passed(self) -> float:
        before, self._last = self._last, self._clock()
        return self._last - before
