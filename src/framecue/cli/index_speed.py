"""How fast indexing was on this machine: the last runs' seconds of video a second, kept in the user's state folder.

It is for telling how long a run will take, and no more; where it cannot be read or written, nobody knows.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from platform import node
from types import TracebackType
from typing import Any

from framecue.errors import FramecueError
from framecue.outputs import written_beside

__all__ = ["Speed", "WorkTime", "measured_speed", "record_speed"]

# Less says more about starting than about indexing.
_FEWEST_VIDEO_SECONDS = 60.0
_MOST_RUNS = 50
_RUNS_PER_SPEED = 5
# A run tells of its progress far more often; what is longer was a pause (Ctrl-Z, a laptop's sleep).
_LONGEST_STEP_SECONDS = 60.0


@dataclass(frozen=True)
class Speed:
    """How fast the last runs were.

    Attributes:
        video_seconds_per_second: how much video they encoded in a second.
        num_runs: how many runs that is measured by.
    """

    video_seconds_per_second: float
    num_runs: int


class WorkTime:
    """Measures how long a run works, without its pauses. Use it in a ``with`` block, and call ``note`` often.

    Args:
        clock: gives the time, in seconds from any point.

    Attributes:
        seconds: the time until now.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = 0.0
        self._clock = clock
        self._last = clock()
        self._has_ended = False

    def end(self) -> None:
        """Note that the run is over: what is done after this is other work."""
        self.note()
        self._has_ended = True

    def note(self) -> None:
        """Note that the run goes on."""
        if self._has_ended:
            return
        now = self._clock()
        self.seconds += min(now - self._last, _LONGEST_STEP_SECONDS)
        self._last = now

    def __enter__(self) -> WorkTime:
        self._last = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.note()


def measured_speed(model: str) -> Speed | None:
    """Return how fast the last runs with a model were on this machine; None where none was measured.

    Args:
        model: the name of its backbone.
    """
    runs = [run for run in _runs() if (run["machine"], run["model"]) == (_machine(), model)][-_RUNS_PER_SPEED:]
    if not runs:
        return None
    return Speed(sum(run["video_seconds"] for run in runs) / sum(run["seconds"] for run in runs), len(runs))


def record_speed(model: str, video_seconds: float, seconds: float) -> None:
    """Note how fast a run was, if it was long enough to tell.

    Args:
        model: the name of its backbone.
        video_seconds: how long the videos are that it encoded.
        seconds: how long that took.
    """
    if video_seconds < _FEWEST_VIDEO_SECONDS or seconds <= 0:
        return
    run = {"machine": _machine(), "model": model, "video_seconds": video_seconds, "seconds": seconds}
    runs = [*_runs(), run][-_MOST_RUNS:]
    with suppress(OSError, FramecueError):  # a run that went well does not fail for this
        place = _place()
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_beside(place, overwrite=True) as partial:
            partial.write_text(json.dumps(runs, indent=1), encoding="utf-8")


def _place() -> Path:
    from platformdirs import user_state_path

    return user_state_path("framecue", appauthor=False) / "indexing-speeds.json"


def _machine() -> str:
    # A home folder may be on several machines.
    return f"{node()}, {os.cpu_count()} cores"


def _runs() -> list[dict[str, Any]]:
    """Return the runs that were noted, the last one last; none where there is no list that can be used."""
    try:
        content = json.loads(_place().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [run for run in content if _is_run(run)] if isinstance(content, list) else []


def _is_run(run: object) -> bool:
    if not isinstance(run, dict) or not all(isinstance(run.get(name), str) for name in ("machine", "model")):
        return False
    numbers = [run.get(name) for name in ("video_seconds", "seconds")]
    return all(isinstance(number, (int, float)) and 0 < number < 1e12 for number in numbers)
