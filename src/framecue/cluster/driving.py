"""The driver's loop: units go to readers, what they read to encoders, and results come back, with losses made good.

It runs in the process that has the library, knows neither Ray nor the library, and decides everything: which unit is read
by whom, which contents are encoded, and what is tried again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field

from framecue.cluster.crew import ActorLostError, Crew, DataLostError, Hello, Member, Ticket
from framecue.cluster.encoding import EncoderAbout, Vectors
from framecue.cluster.losses import MOST_LOSSES, VERDICT_SECONDS, Losses
from framecue.cluster.reading import Answer, Hashed, NotSeen, ReadMoments, Told
from framecue.cluster.report import Clock, ClusterReport
from framecue.cluster.units import Try, Units
from framecue.encoder import Computation
from framecue.errors import FramecueError, InputError, VideoError
from framecue.library.indexing.encode import EncodedSegment, EncodedVideo, End, FailedUnit
from framecue.library.indexing.unit import Unit
from framecue.paths import exists
from framecue.progress import FilesDone
from framecue.video import Content, ReadOptions

__all__ = ["Drive", "Plan"]

# How long the driver waits for an answer before it looks whether there is anything else to do, such as a commit.
_WAIT_SECONDS = 0.25
# Whether nodes live is asked this often.
_LOOK_SECONDS = 1.0
# One call is carried out, and what the next one needs is brought meanwhile.
_CALLS_PER_ENCODER = 2
# Actors of one kind that end one after the other before any has done anything would go on doing so.
_MOST_FAILED_STARTS = 5
_SLOW_START_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Plan:
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


@dataclass
class _Reader:
    member: Member
    ticket: Ticket | None
    node: str | None = None
    at_work: Try | None = None
    wanted: bool | None = None
    read_seconds: float = 0.0


@dataclass(frozen=True)
class _Part:
    """Moments of a unit that wait to be encoded, or are."""

    of: Try
    number: int
    read: ReadMoments
    pixels: Ticket
    node: str


@dataclass
class _Call:
    ticket: Ticket
    parts: list[_Part]


@dataclass
class _Encoder:
    member: Member
    hello: Ticket
    node: str | None = None
    frames_at_once: int = 0
    calls: deque[_Call] = field(default_factory=deque)


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
        plan: Plan,
        report: ClusterReport,
        *,
        on_notice: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        verdict_seconds: float = VERDICT_SECONDS,
    ) -> None:
        self._crew, self._plan, self._report, self._time = crew, plan, report, clock
        self._on_notice = on_notice
        self._verdict_seconds = verdict_seconds
        self._num_readers, self._num_encoders = plan.num_readers, plan.num_encoders
        self._readers: dict[Member, _Reader] = {}
        self._encoders: dict[Member, _Encoder] = {}
        self._machines: dict[str, str] = {}
        self._gone: set[str] = set()
        self._faults: list[str] = []
        self._num_failed_starts = 0
        self._parts: deque[_Part] = deque()
        self._to_put_back: list[int] = []
        self._bytes = 0
        self._looked_at = self._began_at = clock()
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
        clock = Clock(self._report, self._time)
        path = ""
        while not self._units.is_done:
            self._staff()
            self._give_units()
            self._ask_readers()
            self._give_parts()
            clock.worked()
            ready = self._crew.wait(self._tickets(), _WAIT_SECONDS)
            if self._has_both():
                clock.waited(self._idle_part())
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
                path = next((self._path(each.at_work) for each in self._readers.values() if each.at_work), path)
                on_progress(FilesDone(self._units.progress(), path))
        clock.worked()

    def _begin_run(self, units: Units) -> None:
        self._units = units
        self._losses = Losses(lambda node: node not in self._gone, verdict_seconds=self._verdict_seconds)
        # What an earlier run has left under way, as it was not wanted any more, is nothing of this one.
        self._to_put_back = []
        for reader in self._readers.values():
            reader.at_work = None
        for call in (call for encoder in self._encoders.values() for call in encoder.calls):
            self._release(call.parts)
            call.parts = []
        self._release(self._parts)
        self._parts.clear()

    # Dealing out

    def _staff(self) -> None:
        """Start the actors that are missing; readers no more than there is to read."""
        # Encoders first: they take longer to be ready, and more of a node.
        while len(self._encoders) < self._num_encoders:
            member = self._crew.hire("encoder")
            self._encoders[member] = _Encoder(member, self._crew.ask(member, "hello"))
        num_at_work = sum(reader.at_work is not None for reader in self._readers.values())
        while len(self._readers) < min(self._num_readers, num_at_work + self._units.num_to_begin):
            member = self._crew.hire("reader")
            self._readers[member] = _Reader(member, self._crew.ask(member, "hello", self._plan.sample))

    def _give_units(self) -> None:
        for reader in self._readers.values():
            if reader.node is None or reader.at_work is not None or reader.ticket is not None:
                continue
            if (begun := self._units.begin()) is None:
                return
            reader.at_work, reader.wanted = begun, None
            options = self._plan.options
            path = self._path(begun)
            # That it has begun need not be waited for: an actor answers one after another.
            self._crew.drop(self._crew.ask(reader.member, "begin", path, options, self._plan.frames_at_once))

    def _ask_readers(self) -> None:
        """Ask readers for more, unless so much waits to be encoded that they had better wait."""
        for reader in self._readers.values():
            if reader.at_work is not None and reader.ticket is None and self._bytes < self._plan.most_bytes:
                reader.ticket = self._crew.ask_for_more(reader.member, reader.wanted)
                reader.wanted = None

    def _give_parts(self) -> None:
        while (encoder := self._free_encoder()) is not None:
            parts = self._next_parts(encoder)
            if not parts:
                return
            ticket = self._crew.ask_to_encode(encoder.member, [part.pixels for part in parts])
            encoder.calls.append(_Call(ticket, parts))

    def _free_encoder(self) -> _Encoder | None:
        """Return an encoder that has least to do, on the node of the next part if there is one there."""
        ready = [each for each in self._encoders.values() if each.node is not None]
        free = [each for each in ready if len(each.calls) < _CALLS_PER_ENCODER]
        if not free or not self._parts:
            return None
        node = self._parts[0].node
        return min(free, key=lambda each: (len(each.calls), each.node != node))

    def _next_parts(self, encoder: _Encoder) -> list[_Part]:
        """Take what an encoder is to encode together; nothing if it had better wait for more to come."""
        found: list[_Part] = []
        num_frames = 0
        for part in list(self._parts):
            number = part.of.number
            if self._losses.has_to_wait(number):
                continue
            if self._losses.is_suspect(number):
                # What may have ended an encoder goes alone, so that nobody else is blamed for it.
                if found:
                    continue
                return self._taken([part])
            found.append(part)
            num_frames += part.read.num_frames
            if num_frames >= encoder.frames_at_once:
                break
        is_more_to_come = any(reader.at_work is not None for reader in self._readers.values())
        if encoder.calls and num_frames < encoder.frames_at_once and is_more_to_come:
            return []
        return self._taken(found)

    def _taken(self, parts: list[_Part]) -> list[_Part]:
        taken = {id(part) for part in parts}
        self._parts = deque(part for part in self._parts if id(part) not in taken)
        return parts

    # Answers

    def _tickets(self) -> list[Ticket]:
        tickets = [reader.ticket for reader in self._readers.values() if reader.ticket is not None]
        for encoder in self._encoders.values():
            tickets += [call.ticket for call in encoder.calls] if encoder.node is not None else [encoder.hello]
        return tickets

    def _take(self, ticket: Ticket) -> None:
        for reader in list(self._readers.values()):
            if reader.ticket == ticket:
                self._take_from_reader(reader, ticket)
                return
        for encoder in list(self._encoders.values()):
            if encoder.node is None and encoder.hello == ticket:
                self._take_hello(encoder, ticket)
                return
            for call in encoder.calls:
                if call.ticket == ticket:
                    self._take_vectors(encoder, call)
                    return
        self._crew.drop(ticket)  # of an actor that is no more, or was dismissed

    def _take_from_reader(self, reader: _Reader, ticket: Ticket) -> None:
        try:
            answer = self._crew.answer(ticket)
        except ActorLostError:
            self._lose_reader(reader)
            return
        reader.ticket = None
        if isinstance(answer, Hello):
            self._crew.drop(ticket)
            self._welcome_reader(reader, answer)
            return
        assert isinstance(answer, Answer)
        self._report.read_seconds += answer.read_seconds - reader.read_seconds
        reader.read_seconds = answer.read_seconds
        has_pixels = False
        if reader.at_work is not None and self._units.is_current(reader.at_work):
            for told in answer.told:
                has_pixels |= isinstance(told, ReadMoments)
                self._note(reader, reader.at_work, told, ticket)
        if not has_pixels:
            self._crew.drop(ticket)
        if reader.at_work is not None and not self._units.is_current(reader.at_work):
            reader.at_work = None

    def _note(self, reader: _Reader, of: Try, told: Told, ticket: Ticket) -> None:
        """Note one thing that was told of a unit."""
        number = of.number
        if isinstance(told, Hashed):
            reader.wanted = self._units.hashed(number, told.video_id)
        elif isinstance(told, Content):
            self._units.opened(number, told)
        elif isinstance(told, ReadMoments):
            part = self._units.read(
                number,
                num_moments=len(told.moments),
                num_frames=told.num_frames,
                num_replaced=sum(moment.num_replaced for moment in told.moments),
            )
            assert reader.node is not None
            self._parts.append(_Part(of, part, told, ticket, reader.node))
            self._bytes += told.size_bytes
            self._report.moved_bytes += told.size_bytes
        else:
            end = self._end_of_unseen(reader, of) if isinstance(told, NotSeen) else told
            reader.at_work = None
            self._units.ended(number, end)

    def _end_of_unseen(self, reader: _Reader, of: Try) -> End:
        """Return how a file ends that a node does not see: whether it is here, or nowhere."""
        path = self._path(of)
        reason = "there is no such file any more"
        if exists(path):
            reason = (
                f"node {self._machine(reader.node)} does not see it, though it is here: files on disks are indexed by a "
                "cluster whose nodes all have them under the same path, as on a shared disk"
            )
        return End(VideoError(path, reason))

    def _take_vectors(self, encoder: _Encoder, call: _Call) -> None:
        try:
            found = self._crew.answer(call.ticket)
        except ActorLostError:
            self._lose_encoder(encoder)
            return
        except DataLostError:
            encoder.calls.remove(call)
            self._release(call.parts)
            on_lost_nodes = [part for part in call.parts if part.node in self._gone]
            self._begin_again(
                {part.of.number for part in on_lost_nodes or call.parts if self._units.is_current(part.of)}
            )
            return
        encoder.calls.remove(call)
        self._crew.drop(call.ticket)
        self._release(call.parts)
        assert isinstance(found, Vectors)
        self._report.encode_seconds += found.seconds
        place = 0
        for part in call.parts:
            moments = part.read.moments
            segments = [
                EncodedSegment(
                    moment.start_seconds,
                    moment.end_seconds,
                    found.vectors[place + offset],
                    moment.thumbnail,
                    found.captions[place + offset],
                )
                for offset, moment in enumerate(moments)
            ]
            place += len(moments)
            if self._units.is_current(part.of):
                self._units.encoded(part.of.number, part.number, segments)

    def _take_hello(self, encoder: _Encoder, ticket: Ticket) -> None:
        try:
            hello = self._crew.answer(ticket)
        except ActorLostError:
            self._lose_encoder(encoder)
            return
        self._crew.drop(ticket)
        assert isinstance(hello, Hello)
        fault = hello.error
        if fault is None:
            assert isinstance(hello.about, EncoderAbout)
            wanted, found = self._plan.computation, hello.about.computation
            if wanted is not None and found is not None and wanted.to_dict() != found.to_dict():
                fault = (
                    f"it would encode by {found.runtime} in {found.precision}, and the others by {wanted.runtime} in "
                    f"{wanted.precision}"
                )
            encoder.frames_at_once = max(hello.about.frames_at_once, self._plan.frames_at_once)
        if fault is not None:
            self._send_away(encoder, hello, fault)
            return
        encoder.node = hello.node
        self._meet(hello)
        self._report.num_encoders = max(self._report.num_encoders, _num_ready(self._encoders.values()))

    def _welcome_reader(self, reader: _Reader, hello: Hello) -> None:
        unseen = hello.about
        if self._plan.sample and isinstance(unseen, (list, tuple)) and len(unseen) == len(self._plan.sample):
            fault = (
                f"it does not see {unseen[0]}, which is here; files on disks are indexed by a cluster whose nodes all "
                "have them under the same path, as on a shared disk (or index them from an object store: s3://...)"
            )
            self._send_away(reader, hello, fault)
            return
        reader.node = hello.node
        self._meet(hello)
        self._report.num_readers = max(self._report.num_readers, _num_ready(self._readers.values()))

    def _meet(self, hello: Hello) -> None:
        self._machines[hello.node] = hello.machine
        self._num_failed_starts = 0
        self._report.num_nodes = max(self._report.num_nodes, len(self._machines))

    # Losses

    def _send_away(self, member: _Reader | _Encoder, hello: Hello, fault: str) -> None:
        """Do without an actor that is of no use on its node: the next one there would not be, either.

        Raises:
            InputError: none is left.
        """
        line = f"node {hello.machine}: {fault}"
        if line not in self._faults:
            self._faults.append(line)
        self._remove(member)
        if isinstance(member, _Reader):
            self._num_readers -= 1
        else:
            self._num_encoders -= 1
        if not self._num_readers or not self._num_encoders:
            raise InputError(f"no node of the cluster can be used: {self._faults[-1]}")
        if line not in self._report.notes:
            self._tell(f"{line}; the run goes on without it")
            self._report.notes.append(line)

    def _lose_reader(self, reader: _Reader) -> None:
        self._remove(reader)
        self._count_loss(reader.node)
        of = reader.at_work
        if of is None or not self._units.is_current(of):
            return
        assert reader.node is not None
        self._losses.note(of.number, reader.node, self._time())
        self._begin_again({of.number})

    def _lose_encoder(self, encoder: _Encoder) -> None:
        self._remove(encoder)
        self._count_loss(encoder.node)
        numbers: set[int] = set()
        parts = [part for call in encoder.calls for part in call.parts]
        if encoder.calls and encoder.node is not None:
            # It carried out the first; the others had not begun.
            numbers = {part.of.number for part in encoder.calls[0].parts if self._units.is_current(part.of)}
            for number in numbers:
                self._losses.note(number, encoder.node, self._time())
        # Their pixels are where they were read, so they need not be read again.
        current = [part for part in parts if self._units.is_current(part.of)]
        self._release([part for part in parts if part not in current])
        self._parts.extendleft(reversed(current))
        self._report.tried_again += len({part.of.number for part in current})

    def _count_loss(self, node: str | None) -> None:
        """Count a lost actor.

        Raises:
            FramecueError: they end one after the other before they are ready.
        """
        self._report.actors_lost += 1
        if node is None:
            self._num_failed_starts += 1
            if self._num_failed_starts >= _MOST_FAILED_STARTS:
                raise FramecueError(
                    f"the cluster's actors end while they start, {_MOST_FAILED_STARTS} times one after the other: its "
                    "nodes may have too little memory for the model; Ray's logs on its nodes (/tmp/ray) say more, and "
                    "--ray-workers starts fewer"
                )

    def _begin_again(self, numbers: set[int]) -> None:
        """Have units read again from their beginning."""
        for number in numbers:
            self._units.give_up(number)
            self._to_put_back.append(number)
        left = [part for part in self._parts if not self._units.is_current(part.of)]
        self._release(left)
        self._taken(left)
        self._report.tried_again += len(numbers)

    def _judge(self) -> None:
        """Skip the units whose fault it is, and begin the others again."""
        self._losses.judge(self._time())
        waiting, self._to_put_back = self._to_put_back, []
        for number in waiting:
            if self._losses.is_to_blame(number):
                self._skip(number)
            elif self._losses.has_to_wait(number):
                self._to_put_back.append(number)
            else:
                self._units.put_back(number)
        for number in {part.of.number for part in self._parts}:
            if self._losses.is_to_blame(number):
                self._skip(number)
                parts = [part for part in self._parts if part.of.number == number]
                self._release(parts)
                self._taken(parts)

    def _skip(self, number: int) -> None:
        machines = ", ".join(dict.fromkeys(map(self._machine, self._losses.nodes(number))))
        self._units.fail(
            number,
            f"whatever read or encoded it was ended by that {MOST_LOSSES} times (on {machines}): it may take too much "
            "memory there, or crash the model; index it apart, on one machine, to see which",
        )
        self._report.skipped += 1
        for reader in self._readers.values():
            if reader.at_work is not None and reader.at_work.number == number:
                reader.at_work = None

    def _look_at_nodes(self) -> None:
        """See which nodes are gone, now and then; what was on them is lost."""
        now = self._time()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        alive = self._crew.alive_nodes()
        for node in [node for node in self._machines if node not in alive and node not in self._gone]:
            self._gone.add(node)
            self._report.nodes_lost += 1
            for reader in [each for each in self._readers.values() if each.node == node]:
                self._lose_reader(reader)
            for encoder in [each for each in self._encoders.values() if each.node == node]:
                self._lose_encoder(encoder)
        self._begin_again({part.of.number for part in self._parts if part.node in self._gone})

    def _remove(self, member: _Reader | _Encoder) -> None:
        self._crew.dismiss(member.member)
        if isinstance(member, _Reader):
            del self._readers[member.member]
            if member.ticket is not None:
                self._crew.drop(member.ticket)
        else:
            del self._encoders[member.member]
            for ticket in [call.ticket for call in member.calls] or [member.hello]:
                self._crew.drop(ticket)

    def _release(self, parts: Iterable[_Part]) -> None:
        """Forget the pixels of some parts."""
        for part in parts:
            self._bytes -= part.read.size_bytes
            self._crew.drop(part.pixels)

    # What is told

    def _has_both(self) -> bool:
        return _num_ready(self._readers.values()) > 0 and _num_ready(self._encoders.values()) > 0

    def _idle_part(self) -> float:
        ready = [encoder for encoder in self._encoders.values() if encoder.node is not None]
        return sum(not encoder.calls for encoder in ready) / len(ready)

    def _tell_if_slow(self) -> None:
        if not self._has_told and self._time() - self._began_at > _SLOW_START_SECONDS:
            self._has_told = True
            self._tell("waiting for the cluster: no node has room yet for what reads and encodes (`ray status`)")

    def _tell(self, line: str) -> None:
        if self._on_notice is not None:
            self._on_notice(line)

    def _count(self, result: EncodedVideo | FailedUnit) -> None:
        if isinstance(result, EncodedVideo) and result.segments:
            self._report.num_videos += 1
            self._report.num_segments += len(result.segments)

    def _path(self, of: Try) -> str:
        return self._units.unit(of.number).path

    def _machine(self, node: str | None) -> str:
        return self._machines.get(node or "", "unknown")


def _num_ready(members: Iterable[_Reader | _Encoder]) -> int:
    return sum(each.node is not None for each in members)
