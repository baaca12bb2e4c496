"""The units of a run on a cluster: which are to be read, what is known of each, and which results may be handed on.

Everything here is bookkeeping in the driver's process; no actor is known. Results come in any order, and files with
the same content end as they do on one machine: the first of them, in the order of the units, has the rows. So a result
waits for an earlier unit that has the same content, or that may have it, as it is as large and not hashed yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from framecue.library.indexing.encode import EncodedSegment, EncodedVideo, End, FailedUnit, VideoAtWork
from framecue.library.indexing.unit import Unit
from framecue.video import Content

__all__ = ["Try", "Units"]


@dataclass(frozen=True)
class Try:
    """One try of a unit; what comes of an earlier one counts no more.

    Attributes:
        number: the unit's place in the run.
        attempt: how often it was begun anew before.
    """

    number: int
    attempt: int


@dataclass
class _State:
    unit: Unit
    attempt: int = 0
    video_id: str | None = None
    video: VideoAtWork | None = None
    parts: dict[int, Sequence[EncodedSegment]] = field(default_factory=dict)
    num_parts: int = 0
    result: EncodedVideo | FailedUnit | None = None


class Units:
    """The units of a run.

    Args:
        units: in the order that decides which of several files with one content has the rows.
        known: hashes of contents that need no encoding.
    """

    def __init__(self, units: Iterable[Unit], known: Set[str]) -> None:
        self._states = [_State(unit) for unit in units]
        self._known = known
        self._to_begin = deque(range(len(self._states)))
        # The numbers of the units that have the same size, or the same content, in order.
        self._of_size: dict[int, deque[int]] = {}
        self._of_content: dict[str, set[int]] = {}
        for number, state in enumerate(self._states):
            self._of_size.setdefault(state.unit.state.size_bytes, deque()).append(number)
        self._claims: dict[str, int] = {}
        self._results: list[int] = []
        self._begun: set[int] = set()
        self.num_done = 0

    def __len__(self) -> int:
        return len(self._states)

    @property
    def is_done(self) -> bool:
        """Whether every result was handed on."""
        return self.num_done == len(self._states)

    @property
    def num_to_begin(self) -> int:
        """How many units wait to be read."""
        return len(self._to_begin)

    def unit(self, number: int) -> Unit:
        """Return a unit by its number."""
        return self._states[number].unit

    def is_current(self, of: Try) -> bool:
        """Whether what comes of a try still counts."""
        state = self._states[of.number]
        return state.attempt == of.attempt and state.result is None

    def begin(self) -> Try | None:
        """Return the next unit to read; None if none waits."""
        if not self._to_begin:
            return None
        number = self._to_begin.popleft()
        state = self._states[number]
        state.video, state.parts, state.num_parts = VideoAtWork(state.unit), {}, 0
        self._begun.add(number)
        return Try(number, state.attempt)

    def give_up(self, number: int) -> None:
        """Forget what has come of a unit; it is begun again by `put_back`."""
        self._states[number].attempt += 1

    def put_back(self, number: int) -> None:
        """Let a unit that was given up be begun again, before all others."""
        self._to_begin.appendleft(number)

    def hashed(self, number: int, video_id: str) -> bool:
        """Note the hash of a unit's content, and return whether it is to be encoded."""
        state = self._states[number]
        if state.video_id != video_id:
            self._forget_content(number)
            state.video_id = video_id
            self._of_content.setdefault(video_id, set()).add(number)
        if video_id in self._known:
            return False
        claim = self._claims.get(video_id, number)
        if claim < number:
            return False
        self._claims[video_id] = number
        return True

    def opened(self, number: int, content: Content) -> None:
        """Note what a unit's file is."""
        self._at_work(number).content = content

    def read(self, number: int, *, num_moments: int, num_frames: int, num_replaced: int) -> int:
        """Note that moments were read, and return the number of this part of the unit."""
        state, video = self._states[number], self._at_work(number)
        video.num_read += num_moments
        video.num_frames += num_frames
        video.num_replaced += num_replaced
        state.num_parts += 1
        return state.num_parts - 1

    def encoded(self, number: int, part: int, segments: Sequence[EncodedSegment]) -> None:
        """Note what a part of a unit became."""
        self._states[number].parts[part] = segments
        self._finish_if_complete(number)

    def ended(self, number: int, end: End) -> None:
        """Note that a unit was read to its end, or as far as it can be."""
        self._at_work(number).end = end
        self._finish_if_complete(number)

    def fail(self, number: int, reason: str) -> None:
        """Note that a unit is given up for good."""
        self._take(number, FailedUnit(self.unit(number), reason))

    def progress(self) -> float:
        """Return how many units are done; those at work count by the part that is read."""
        return self.num_done + sum(self._part_read(number) for number in self._begun)

    def _part_read(self, number: int) -> float:
        video = self._states[number].video
        if video is None or video.content is None:
            return 0.0
        return video.num_read / (max(video.content.num_segments, video.num_read) + 1)

    def results(self) -> Iterator[EncodedVideo | FailedUnit]:
        """Yield the results that need not wait for another unit; each once."""
        waiting: list[int] = []
        for number in sorted(self._results):
            if self._has_to_wait(number):
                waiting.append(number)
                continue
            state = self._states[number]
            assert state.result is not None
            result, state.video, state.parts = state.result, None, {}
            self._begun.discard(number)
            self.num_done += 1
            self._forget_content(number)
            yield result
        self._results = waiting

    def _has_to_wait(self, number: int) -> bool:
        """Whether an earlier unit has the same content, or may have it, and was not handed on."""
        state = self._states[number]
        if isinstance(state.result, FailedUnit) or state.video_id is None:
            return False
        if any(other < number for other in self._of_content.get(state.video_id, ())):
            return True
        of_size = self._of_size[state.unit.state.size_bytes]
        while of_size and self._is_known(of_size[0]):
            of_size.popleft()
        return bool(of_size) and of_size[0] < number

    def _is_known(self, number: int) -> bool:
        state = self._states[number]
        return state.video_id is not None or state.result is not None

    def _forget_content(self, number: int) -> None:
        video_id = self._states[number].video_id
        if video_id is not None and (numbers := self._of_content.get(video_id)) is not None:
            numbers.discard(number)
            if not numbers:
                del self._of_content[video_id]

    def _at_work(self, number: int) -> VideoAtWork:
        video = self._states[number].video
        assert video is not None
        return video

    def _finish_if_complete(self, number: int) -> None:
        state, video = self._states[number], self._at_work(number)
        if video.end is None or len(state.parts) < state.num_parts:
            return
        video.segments = [segment for part in sorted(state.parts) for segment in state.parts[part]]
        self._take(number, video.result())

    def _take(self, number: int, result: EncodedVideo | FailedUnit) -> None:
        self._states[number].result = result
        self._results.append(number)
