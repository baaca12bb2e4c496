"""The actors of a run: who reads and who encodes, where they are, and what each is busy with."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from framecue.cluster.crew import Crew, Hello, Kind, Member, Ticket
from framecue.cluster.encoding import EncoderAbout
from framecue.cluster.reading import ReadMoments
from framecue.cluster.report import ClusterReport
from framecue.cluster.units import Try
from framecue.encoder import Computation
from framecue.errors import FramecueError, InputError

__all__ = ["Call", "EncoderAtWork", "Part", "ReaderAtWork", "Team"]

# One call is carried out, and what the next one needs is brought meanwhile.
_CALLS_PER_ENCODER = 2
# Actors that end one after the other before they are ready would go on doing so.
MOST_FAILED_STARTS = 5
_ON_DISKS = (
    "files on disks are indexed by a cluster whose nodes all have them under the same path, as on a shared disk; or "
    "index them from an object store (s3://...)"
)


@dataclass(frozen=True)
class Part:
    """Moments of a unit that wait to be encoded, or are.

    Attributes:
        of: the try of the unit that they belong to.
        number: which part of it they are.
        read: what is told of them.
        pixels: the answer with which their pixels came.
        node: the node that has them.
    """

    of: Try
    number: int
    read: ReadMoments
    pixels: Ticket
    node: str


@dataclass
class Call:
    """Parts that an encoder was asked to encode together; its answer is to come."""

    ticket: Ticket
    parts: list[Part]


@dataclass(eq=False)
class ReaderAtWork:
    """A reader.

    Attributes:
        member: by which the crew knows it.
        ticket: its answer that is to come, if any: its first one, or what it has read.
        node: its node's id; None until it has said so.
        at_work: what it reads.
        wanted: whether the content is wanted of which it has told the hash; None where it need not be told.
        read_seconds: how long it has read, as it says.
    """

    member: Member
    ticket: Ticket | None
    node: str | None = None
    at_work: Try | None = None
    wanted: bool | None = None
    read_seconds: float = 0.0


@dataclass(eq=False)
class EncoderAtWork:
    """An encoder.

    Attributes:
        member: by which the crew knows it.
        hello: its first answer, that it is ready.
        node: its node's id; None until it is ready.
        frames_at_once: about how many frames it is to be given at once.
        calls: what it was asked; it answers in this order.
    """

    member: Member
    hello: Ticket
    node: str | None = None
    frames_at_once: int = 0
    calls: deque[Call] = field(default_factory=deque)


class Team:
    """The actors of a run.

    Args:
        crew: starts them.
        report: where they are counted.
        num_readers: how many there are to be.
        num_encoders: likewise.
        sample: files that the driver sees, by which it is known whether a node does.
        computation: what each encoder has to compute by; None if that is not known.
        frames_at_once: about how many frames an encoder is given at once, at least.
        tell: called with a line for people.

    Attributes:
        readers: those that there are.
        encoders: likewise.
        gone: the ids of the nodes that were lost.
    """

    def __init__(
        self,
        crew: Crew,
        report: ClusterReport,
        *,
        num_readers: int,
        num_encoders: int,
        sample: Sequence[str],
        computation: Computation | None,
        frames_at_once: int,
        tell: Callable[[str], None],
    ) -> None:
        self._crew, self._report, self._tell = crew, report, tell
        self._num_readers, self._num_encoders = num_readers, num_encoders
        self._sample, self._computation, self._frames_at_once = sample, computation, frames_at_once
        self.readers: list[ReaderAtWork] = []
        self.encoders: list[EncoderAtWork] = []
        self.gone: set[str] = set()
        self._machines: dict[str, str] = {}
        self._num_failed_starts: Counter[Kind] = Counter()

    def fill(self, num_to_read: int) -> None:
        """Start the actors that are missing; readers no more than there is to read.

        Nor more than there are for the encoders that are ready, and for one at first: readers take less of a node, so
        those that wait for room would take that of each encoder that is lost, until there is none.
        """
        # Encoders first: they take longer to be ready, and more of a node.
        while len(self.encoders) < self._num_encoders:
            member = self._crew.hire("encoder")
            self.encoders.append(EncoderAtWork(member, self._crew.ask(member, "hello")))
        num_ready = sum(encoder.node is not None for encoder in self.encoders)
        most_readers = max(num_ready, 1) * -(-self._num_readers // self._num_encoders)
        while len(self.readers) < min(self._num_readers, num_to_read, most_readers):
            member = self._crew.hire("reader")
            self.readers.append(ReaderAtWork(member, self._crew.ask(member, "hello", self._sample)))

    @property
    def has_both(self) -> bool:
        """Whether there is a reader and an encoder, so that anything can be done."""
        return any(each.node for each in self.readers) and any(each.node for each in self.encoders)

    @property
    def idle_part(self) -> float:
        """Which part of the encoders has nothing to do, in [0, 1]."""
        ready = [encoder for encoder in self.encoders if encoder.node is not None]
        return sum(not encoder.calls for encoder in ready) / len(ready)

    def tickets(self) -> list[Ticket]:
        """Return all answers that are to come."""
        tickets = [reader.ticket for reader in self.readers if reader.ticket is not None]
        for encoder in self.encoders:
            tickets += [encoder.hello] if encoder.node is None else [call.ticket for call in encoder.calls]
        return tickets

    def free_encoder(self, node: str) -> EncoderAtWork | None:
        """Return an encoder that may be asked, that with the least to do, on a certain node if there is one there."""
        free = [each for each in self.encoders if each.node is not None and len(each.calls) < _CALLS_PER_ENCODER]
        return min(free, key=lambda each: (len(each.calls), each.node != node), default=None)

    def welcome_reader(self, reader: ReaderAtWork, hello: Hello) -> None:
        """Take a reader in, or do without it if its node sees none of the files.

        Raises:
            InputError: none is left.
        """
        unseen = hello.about
        if self._sample and isinstance(unseen, (list, tuple)) and len(unseen) == len(self._sample):
            self._send_away(reader, hello, f"it does not see {unseen[0]}, which is here; {_ON_DISKS}")
            return
        reader.node = hello.node
        self._meet("reader", hello)
        self._report.num_readers = max(self._report.num_readers, sum(each.node is not None for each in self.readers))

    def welcome_encoder(self, encoder: EncoderAtWork, hello: Hello) -> None:
        """Take an encoder in, or do without it if it cannot be loaded there, or computes otherwise than the others.

        Raises:
            InputError: none is left.
        """
        if hello.error is not None:
            self._send_away(encoder, hello, hello.error)
            return
        assert isinstance(hello.about, EncoderAbout)
        wanted, found = self._computation, hello.about.computation
        if wanted is not None and found is not None and wanted.to_dict() != found.to_dict():
            theirs, ours = (f"{each.runtime} in {each.precision}" for each in (found, wanted))
            self._send_away(encoder, hello, f"it would encode by {theirs}, and all are to by {ours}")
            return
        encoder.node = hello.node
        encoder.frames_at_once = max(hello.about.frames_at_once, self._frames_at_once)
        self._meet("encoder", hello)
        self._report.num_encoders = max(self._report.num_encoders, sum(each.node is not None for each in self.encoders))

    def remove(self, actor: ReaderAtWork | EncoderAtWork) -> None:
        """End an actor; another takes its place when the team is filled again."""
        self._crew.dismiss(actor.member)
        if isinstance(actor, ReaderAtWork):
            self.readers.remove(actor)
            tickets = [actor.ticket] if actor.ticket is not None else []
        else:
            self.encoders.remove(actor)
            tickets = [actor.hello, *(call.ticket for call in actor.calls)]
        for ticket in tickets:
            self._crew.drop(ticket)

    def lose(self, actor: ReaderAtWork | EncoderAtWork) -> None:
        """Remove an actor that is lost, and count it.

        Raises:
            FramecueError: they end one after the other before they are ready.
        """
        self.remove(actor)
        self._report.actors_lost += 1
        if actor.node is not None:
            return
        kind = actor.member.kind
        self._num_failed_starts[kind] += 1
        if self._num_failed_starts[kind] >= MOST_FAILED_STARTS:
            raise FramecueError(
                f"the cluster's actors end while they start, {MOST_FAILED_STARTS} times one after the other: its nodes "
                "may have too little memory for the model; Ray's logs on its nodes (/tmp/ray) say more, and "
                "--ray-workers starts fewer"
            )

    def find_lost(self) -> list[ReaderAtWork | EncoderAtWork]:
        """Ask which nodes live, and return the actors on those that have been lost since."""
        alive = self._crew.alive_nodes()
        lost = {node for node in self._machines if node not in alive} - self.gone
        self.gone |= lost
        self._report.nodes_lost += len(lost)
        actors: list[ReaderAtWork | EncoderAtWork] = [*self.readers, *self.encoders]
        return [each for each in actors if each.node in lost]

    def machine(self, node: str | None) -> str:
        """Return a node's name, for people."""
        return self._machines.get(node or "", "unknown")

    def _meet(self, kind: Kind, hello: Hello) -> None:
        self._machines[hello.node] = hello.machine
        self._num_failed_starts[kind] = 0
        self._report.num_nodes = len(self._machines)

    def _send_away(self, actor: ReaderAtWork | EncoderAtWork, hello: Hello, fault: str) -> None:
        """Do without an actor that is of no use on its node: the next one there would not be, either."""
        self.remove(actor)
        if isinstance(actor, ReaderAtWork):
            self._num_readers -= 1
        else:
            self._num_encoders -= 1
        line = f"node {hello.machine}: {fault}"
        if not self._num_readers or not self._num_encoders:
            raise InputError(f"no node of the cluster can be used: {line}")
        if line not in self._report.notes:
            self._report.notes.append(line)
            self._tell(f"{line}; the run goes on without it")
