"""The actors of a run: who reads and who encodes, where they are, and what each is busy with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from framecue.cluster.at_work import EncoderAtWork, ReaderAtWork
from framecue.cluster.crew import Crew, Hello, Kind, Ticket
from framecue.cluster.encoding import EncoderAbout
from framecue.cluster.report import ClusterReport
from framecue.cluster.room import ReaderRoom
from framecue.cluster.silence import is_silent
from framecue.encoder import Computation
from framecue.errors import FramecueError, InputError

__all__ = ["MOST_FAILED_STARTS", "Team"]

# One call is carried out, and what the next one needs is brought meanwhile.
_CALLS_PER_ENCODER = 2
# Actors that end one after the other before they are ready would go on doing so.
MOST_FAILED_STARTS = 5
_ON_DISKS = (
    "files on disks are indexed by a cluster whose nodes all have them under the same path, as on a shared disk; or "
    "index them from an object store (s3://...)"
)


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
        now: the time, in seconds from any point.

    Attributes:
        readers: those that there are.
        encoders: likewise.
        gone: the ids of the nodes that were lost, and when each was found to be.
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
        now: float,
    ) -> None:
        self._crew, self._report, self._tell = crew, report, tell
        self._num_readers, self._num_encoders = num_readers, num_encoders
        self._sample, self._computation, self._frames_at_once = sample, computation, frames_at_once
        self.readers: list[ReaderAtWork] = []
        self.encoders: list[EncoderAtWork] = []
        self.gone: dict[str, float] = {}
        self._room = ReaderRoom(now)
        self._machines: dict[str, str] = {}
        self._num_failed_starts: Counter[Kind] = Counter()

    def too_many(self, now: float) -> list[ReaderAtWork]:
        """Return the readers that are to go, as they take the room of encoders that are lost.

        Args:
            now: the time, in seconds.
        """
        share = -(-self._num_readers // self._num_encoders)
        self._room.look(len(self._ready()), share, now)
        return self._room.too_many(self.readers, now)

    def fill(self, num_to_read: int) -> None:
        """Start the actors that are missing; readers no more than there is to read, nor more than there is room for."""
        # Encoders first: they take longer to be ready, and more of a node.
        while len(self.encoders) < self._num_encoders:
            member = self._crew.hire("encoder")
            self.encoders.append(EncoderAtWork(member, self._crew.ask(member, "hello")))
        while len(self.readers) < min(self._num_readers, num_to_read, self._room.most):
            member = self._crew.hire("reader")
            self.readers.append(ReaderAtWork(member, self._crew.ask(member, "hello", self._sample)))

    @property
    def can_work(self) -> bool:
        """Whether there is an encoder, and what it encodes or a reader for more."""
        ready = self._ready()
        return bool(ready) and (any(each.node for each in self.readers) or any(each.calls for each in ready))

    def ready_part(self) -> str:
        """Return how many of the actors are ready, for people."""
        num_readers = sum(each.node is not None for each in self.readers)
        return f"{len(self._ready())} of {len(self.encoders)} encoders and {num_readers} of {len(self.readers)} readers"

    @property
    def idle_part(self) -> float:
        """Which part of the encoders has nothing to do, in [0, 1]."""
        ready = self._ready()
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

    def find_lost(self, now: float) -> list[ReaderAtWork | EncoderAtWork]:
        """Ask which nodes live, and return the actors on those that do not, and those that are silent.

        Args:
            now: the time, in seconds.
        """
        alive = self._crew.alive_nodes()
        lost = [node for node in self._machines if node not in alive and node not in self.gone]
        self.gone.update(dict.fromkeys(lost, now))
        self._report.nodes_lost += len(lost)
        actors: list[ReaderAtWork | EncoderAtWork] = [*self.readers, *self.encoders]
        return [each for each in actors if each.node in self.gone or is_silent(each, self.gone, now)]

    def machine(self, node: str | None) -> str:
        """Return a node's name, for people."""
        return self._machines.get(node or "", "unknown")

    def _ready(self) -> list[EncoderAtWork]:
        return [encoder for encoder in self.encoders if encoder.node is not None]

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
