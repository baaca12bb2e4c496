"""The driver's loop: units go to readers, what they read to encoders, and results come back, with losses made good.

It runs in the process that has the library, knows neither Ray nor the library, and decides everything: which unit is
read by whom, which contents are encoded, and what is tried again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass

from framecue.cluster.at_work import Call, EncoderAtWork, Part, ReaderAtWork
from framecue.cluster.crew import ActorLostError, Crew, DataLostError, Hello, Ticket
from framecue.cluster.encoding import Vectors
from framecue.cluster.losses import MOST_LOSSES, VERDICT_SECONDS, Losses
from framecue.cluster.reading import Answer, Hashed, NotSeen, ReadMoments, Told
from framecue.cluster.report import Clock, ClusterReport
from framecue.cluster.team import Team
from framecue.cluster.units import Try, Units
from framecue.encoder import Computation
from framecue.errors import VideoError
from framecue.library.indexing.encode import EncodedSegment, EncodedVideo, End, FailedUnit
from framecue.library.indexing.unit import Unit
from framecue.paths import exists
from framecue.progress import FilesDone
from framecue.video import Content, ReadOptions

__all__ = ["Drive", "DrivePlan"]

# How long the driver waits for an answer before it looks whether there is anything else to do, such as a commit.
_WAIT_SECONDS = 0.25
# Whether nodes live is asked this often.
_LOOK_SECONDS = 1.0
_SLOW_START_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class DrivePlan:
    """How a run uses the cluster.

    Attributes:
        num_readers: how many actors read.
        num_encoders: how many encode.
        options: what is read of each file.
        computation: what the encoders have to compute by, as the driver's own does; None if it does not say.
        frames_at_once: about how many frames are sent together, at least.
        most_bytes: of pixels that wait to be encoded, about.
        sample: some files that the driver sees, by which it is known which nodes see them.
    """

    num_readers: int
    num_encoders: int
    options: ReadOptions
    computation: Computation | None = None
    frames_at_once: int = 64
    most_bytes: int = 1 << 28
    sample: tuple[str, ...] = ()


class Drive:
    """Runs units on a crew; it may do so several times, with the same actors.

    Args:
        crew: starts actors and asks them.
        plan: how to use them.
        report: what becomes of it.
        on_notice: called with a line for people.
        clock: gives the time, in seconds from any point.
        verdict_seconds: see :class:`~framecue.cluster.losses.Losses`.
    """

    def __init__(
        self,
        crew: Crew,
        plan: DrivePlan,
        report: ClusterReport,
        *,
        on_notice: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        verdict_seconds: float = VERDICT_SECONDS,
    ) -> None:
        self._crew, self._plan, self._report, self._time = crew, plan, report, clock
        self._tell = on_notice or _ignore
        self._team = Team(
            crew,
            report,
            num_readers=plan.num_readers,
            num_encoders=plan.num_encoders,
            sample=plan.sample,
            computation=plan.computation,
            frames_at_once=plan.frames_at_once,
            tell=self._tell,
            now=clock(),
        )
        self._verdict_seconds = verdict_seconds
        self._parts: deque[Part] = deque()
        self._to_put_back: list[int] = []
        self._bytes = 0
        self._looked_at = clock()
        self._waiting_since: float | None = None
        self._has_told = False

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[FilesDone], None] | None = None,
    ) -> Iterator[EncodedVideo | FailedUnit]:
        """Yield the result of each unit once; see :meth:`framecue.library.indexing.runner.Runner.run`."""
        self._begin_run(Units(units, known))
        team, clock = self._team, Clock(self._report, self._time)
        path = ""
        while not self._units.is_done:
            self._do_without(team.too_many(self._time()))
            num_at_work = sum(reader.at_work is not None for reader in team.readers)
            team.fill(num_at_work + self._units.num_to_begin)
            self._give_units()
            self._ask_readers()
            self._give_parts()
            clock.worked()
            ready = self._crew.wait(team.tickets(), _WAIT_SECONDS)
            if team.can_work:
                clock.waited(team.idle_part)
            else:
                clock.started()
            self._tell_if_slow()
            for ticket in ready:
                self._take(ticket)
            self._look_at_nodes()
            self._judge()
            for result in self._units.results():
                self._count(result)
                path = result.unit.path
                yield result
            if on_progress is not None:
                path = next((self._path(each.at_work) for each in team.readers if each.at_work), path)
                on_progress(FilesDone(self._units.progress(), path))
        clock.worked()

    def _begin_run(self, units: Units) -> None:
        self._units = units
        self._losses = Losses(lambda node: node not in self._team.gone, verdict_seconds=self._verdict_seconds)
        # What an earlier run has left under way, as it was not wanted any more, is nothing of this one.
        self._to_put_back = []
        for reader in self._team.readers:
            reader.at_work = None
        for call in (call for encoder in self._team.encoders for call in encoder.calls):
            self._release(call.parts)
            call.parts = []
        self._release(self._parts)
        self._parts.clear()

    # Dealing out

    def _give_units(self) -> None:
        for reader in self._team.readers:
            if reader.node is None or reader.at_work is not None or reader.ticket is not None:
                continue
            if (begun := self._units.begin()) is None:
                return
            reader.at_work, reader.wanted = begun, None
            about = (self._path(begun), self._plan.options, self._plan.frames_at_once)
            # That it has begun need not be waited for: an actor answers one after another.
            self._crew.drop(self._crew.ask(reader.member, "begin", *about))

    def _ask_readers(self) -> None:
        """Ask readers for more, unless so much waits to be encoded that they had better wait."""
        for reader in self._team.readers:
            if reader.at_work is not None and reader.ticket is None and self._bytes < self._plan.most_bytes:
                reader.ticket = self._crew.ask_for_more(reader.member, reader.wanted)
                reader.wanted, reader.asked_at = None, self._time()

    def _give_parts(self) -> None:
        while self._parts and (encoder := self._team.free_encoder(self._parts[0].node)) is not None:
            parts = self._next_parts(encoder)
            if not parts:
                return
            ticket = self._crew.ask_to_encode(encoder.member, [part.pixels for part in parts])
            if not encoder.calls:
                encoder.began_at = self._time()
            encoder.calls.append(Call(ticket, parts))

    def _next_parts(self, encoder: EncoderAtWork) -> list[Part]:
        """Take what an encoder is to encode together; nothing if it had better wait for more to come."""
        found: list[Part] = []
        num_frames = 0
        for part in self._parts:
            if self._losses.has_to_wait(part.of.number):
                continue
            if self._losses.is_suspect(part.of.number):
                # What may have ended an encoder goes alone, so that nobody else is blamed for it.
                if found or encoder.calls:
                    continue
                return self._taken([part])
            found.append(part)
            num_frames += part.read.num_frames
            if num_frames >= encoder.frames_at_once:
                break
        is_more_to_come = any(reader.at_work is not None for reader in self._team.readers)
        if encoder.calls and num_frames < encoder.frames_at_once and is_more_to_come:
            return []
        return self._taken(found)

    def _taken(self, parts: list[Part]) -> list[Part]:
        """Take parts out of those that wait."""
        taken = {id(part) for part in parts}
        self._parts = deque(part for part in self._parts if id(part) not in taken)
        return parts

    # Answers

    def _take(self, ticket: Ticket) -> None:
        for reader in self._team.readers:
            if reader.ticket == ticket:
                return self._take_from_reader(reader, ticket)
        for encoder in self._team.encoders:
            if encoder.node is None and encoder.hello == ticket:
                return self._take_hello(encoder)
            for call in encoder.calls:
                if call.ticket == ticket:
                    return self._take_vectors(encoder, call)
        return None  # of an actor that was lost just now

    def _take_from_reader(self, reader: ReaderAtWork, ticket: Ticket) -> None:
        try:
            answer = self._crew.answer(ticket)
        except (ActorLostError, DataLostError):
            self._lose_reader(reader)
            return
        reader.ticket = None
        if isinstance(answer, Hello):
            self._crew.drop(ticket)
            self._team.welcome_reader(reader, answer)
            return
        assert isinstance(answer, Answer)
        self._report.read_seconds += answer.read_seconds - reader.read_seconds
        reader.read_seconds = answer.read_seconds
        has_pixels = False
        of = reader.at_work
        if of is not None and self._units.is_current(of):
            for told in answer.told:
                has_pixels |= isinstance(told, ReadMoments)
                self._note(reader, of, told, ticket)
        else:
            reader.at_work = None
        if not has_pixels:
            self._crew.drop(ticket)

    def _note(self, reader: ReaderAtWork, of: Try, told: Told, ticket: Ticket) -> None:
        """Note one thing that was told of a unit."""
        if isinstance(told, Hashed):
            reader.wanted = self._units.hashed(of.number, told.video_id)
        elif isinstance(told, Content):
            self._units.opened(of.number, told)
        elif isinstance(told, ReadMoments):
            assert reader.node is not None
            number = self._units.read(
                of.number,
                num_moments=len(told.moments),
                num_frames=told.num_frames,
                num_replaced=sum(moment.num_replaced for moment in told.moments),
            )
            self._parts.append(Part(of, number, told, ticket, reader.node))
            self._bytes += told.size_bytes
            self._report.moved_bytes += told.size_bytes
        else:
            reader.at_work = None
            self._units.ended(of.number, self._end_of_unseen(reader, of) if isinstance(told, NotSeen) else told)

    def _end_of_unseen(self, reader: ReaderAtWork, of: Try) -> End:
        """Return how a file ends that a node does not see: whether it is here, or nowhere any more."""
        path, reason = self._path(of), "no such file"
        if exists(path):
            reason = (
                f"node {self._team.machine(reader.node)} of the cluster does not see it, though it is here; all nodes "
                "need it under the same path, as on a shared disk"
            )
        return End(VideoError(path, reason))

    def _take_hello(self, encoder: EncoderAtWork) -> None:
        try:
            hello = self._crew.answer(encoder.hello)
        except (ActorLostError, DataLostError):
            self._lose_encoder(encoder)
            return
        assert isinstance(hello, Hello)
        self._team.welcome_encoder(encoder, hello)
        self._crew.drop(encoder.hello)

    def _take_vectors(self, encoder: EncoderAtWork, call: Call) -> None:
        try:
            found = self._crew.answer(call.ticket)
        except ActorLostError:
            self._lose_encoder(encoder)
            return
        except DataLostError:
            found = None
        encoder.calls.remove(call)
        encoder.began_at = self._time()
        self._crew.drop(call.ticket)
        current = [part for part in call.parts if self._units.is_current(part.of)]
        if found is None:
            on_lost_nodes = [part for part in current if part.node in self._team.gone]
            lost = {part.of.number for part in on_lost_nodes or current}
            # What else it was given with these is where it was read, and nobody has encoded it.
            self._parts.extendleft(reversed([part for part in current if part.of.number not in lost]))
            self._release(
                [part for part in call.parts if part.of.number in lost or not self._units.is_current(part.of)]
            )
            self._begin_again(lost)
            return
        self._release(call.parts)
        assert isinstance(found, Vectors)
        self._report.encode_seconds += found.seconds
        place = 0
        for part in call.parts:
            segments = _segments(part, found, place)
            place += len(segments)
            if self._units.is_current(part.of):
                self._units.encoded(part.of.number, part.number, segments)

    # Losses

    def _lose_reader(self, reader: ReaderAtWork) -> None:
        self._team.lose(reader)
        of = reader.at_work
        if of is not None and self._units.is_current(of) and reader.node is not None:
            self._losses.note(of.number, reader.node, self._time())
            self._begin_again({of.number})

    def _lose_encoder(self, encoder: EncoderAtWork) -> None:
        self._team.lose(encoder)
        # It carried out the first; the others had not begun. Nor had that, if pixels of it are gone with their node.
        if encoder.calls and encoder.node is not None and not self._has_lost_pixels(encoder.calls[0]):
            for number in {part.of.number for part in encoder.calls[0].parts if self._units.is_current(part.of)}:
                self._losses.note(number, encoder.node, self._time())
        # Their pixels are where they were read, so they need not be read again.
        parts = [part for call in encoder.calls for part in call.parts]
        again = [part for part in parts if self._units.is_current(part.of)]
        self._release([part for part in parts if not self._units.is_current(part.of)])
        self._parts.extendleft(reversed(again))
        self._report.tried_again += len({part.of.number for part in again})

    def _has_lost_pixels(self, call: Call) -> bool:
        return any(part.node in self._team.gone for part in call.parts)

    def _do_without(self, readers: Iterable[ReaderAtWork]) -> None:
        """End readers whose room an encoder needs; it is nobody's fault."""
        for reader in readers:
            self._team.remove(reader)
            if reader.at_work is not None and self._units.is_current(reader.at_work):
                self._begin_again({reader.at_work.number})

    def _begin_again(self, numbers: Collection[int]) -> None:
        """Have units read again from their beginning."""
        for number in numbers:
            self._units.give_up(number)
            self._to_put_back.append(number)
        left = [part for part in self._parts if not self._units.is_current(part.of)]
        self._release(self._taken(left))
        self._report.tried_again += len(numbers)

    def _judge(self) -> None:
        """Skip the units whose fault it is that actors were lost, and begin others again that were given up."""
        self._losses.judge(self._time())
        given_up, self._to_put_back = self._to_put_back, []
        for number in given_up:
            if self._losses.is_to_blame(number):
                self._skip(number)
            elif self._losses.has_to_wait(number):
                self._to_put_back.append(number)
            else:
                self._units.put_back(number)
        for number in {part.of.number for part in self._parts if self._losses.is_to_blame(part.of.number)}:
            self._skip(number)
            self._release(self._taken([part for part in self._parts if part.of.number == number]))

    def _skip(self, number: int) -> None:
        machines = ", ".join(dict.fromkeys(map(self._team.machine, self._losses.nodes(number))))
        self._units.fail(
            number,
            f"what read or encoded it was ended by that, {MOST_LOSSES} times (on {machines}): it may take too much "
            "memory there, or crash the model; index it apart, on one machine, to see which",
        )
        self._report.skipped += 1

    def _look_at_nodes(self) -> None:
        """See which nodes are gone, and who has fallen silent, now and then; what these had is lost."""
        now = self._time()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        for actor in self._team.find_lost(now):
            if isinstance(actor, ReaderAtWork):
                self._lose_reader(actor)
            else:
                self._lose_encoder(actor)
        self._begin_again({part.of.number for part in self._parts if part.node in self._team.gone})

    def _release(self, parts: Iterable[Part]) -> None:
        """Forget the pixels of some parts."""
        for part in parts:
            self._bytes -= part.read.size_bytes
            self._crew.drop(part.pixels)

    # What is told

    def _tell_if_slow(self) -> None:
        """Tell that nothing can be done, once each time."""
        if self._team.can_work:
            self._waiting_since, self._has_told = None, False
            return
        now = self._time()
        if self._waiting_since is None:
            self._waiting_since = now
        if not self._has_told and now - self._waiting_since > _SLOW_START_SECONDS:
            self._has_told = True
            self._tell(
                "waiting for the cluster: its nodes load the model, or have no room yet (`ray status` says more); "
                f"{self._team.ready_part()} are ready"
            )

    def _count(self, result: EncodedVideo | FailedUnit) -> None:
        if isinstance(result, EncodedVideo) and result.segments:
            self._report.num_videos += 1
            self._report.num_segments += len(result.segments)

    def _path(self, of: Try) -> str:
        return self._units.unit(of.number).path


def _segments(part: Part, found: Vectors, place: int) -> list[EncodedSegment]:
    """Return what the moments of a part became, which begin at a place of what was encoded together."""
    return [
        EncodedSegment(
            each.start_seconds, each.end_seconds, found.vectors[number], each.thumbnail, found.captions[number]
        )
        for number, each in enumerate(part.read.moments, place)
    ]


def _ignore(_: str) -> None:
    """Do nothing: nobody wants to be told."""
