"""The driver's loop, with actors in this process that are lost when a test says so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from framecue.cluster.crew import ActorLostError, DataLostError, Hello, Kind, Member, Ticket
from framecue.cluster.driving import Drive, DrivePlan
from framecue.cluster.encoding import EncoderAbout, Vectors
from framecue.cluster.reading import Answer, Hashed, NotSeen, ReadMoment, ReadMoments
from framecue.cluster.report import ClusterReport
from framecue.cluster.team import MOST_FAILED_STARTS
from framecue.encoder import Computation
from framecue.errors import FramecueError, InputError, VideoError
from framecue.library.indexing.encode import EncodedVideo, End, FailedUnit
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.progress import FilesDone
from framecue.video import Content, FrameSampling, ReadOptions

FRAMES = 4
OPTIONS = ReadOptions(FrameSampling(FRAMES))
Tells = Literal["at once", "when the node is missed", "never"]


@dataclass
class Actor:
    node: str
    path: str = ""
    number: int = 0
    stage: int = 0
    is_lost: bool = False


@dataclass
class FakeCrew:
    """Actors in this process. A file's name says what its content is and how many moments it has: ``a-3``.

    Attributes:
        nodes: where actors are started, in turn.
        lose: given (kind, path, node) before each answer, returns whether the actor is lost.
        hello: what is wrong with an actor on a node, by kind; None if nothing.
    """

    nodes: Sequence[str] = ("north", "south")
    lose: Callable[[Kind, str, str], bool] = lambda kind, path, node: False
    hello: Callable[[Kind, str], Hello] = lambda kind, node: Hello(
        node, node, [] if kind == "reader" else EncoderAbout(node, None, 16)
    )
    alive: set[str] = field(default_factory=set)
    actors: dict[Member, Actor] = field(default_factory=dict)
    asked: dict[Ticket, tuple[Member, Callable[[], object]]] = field(default_factory=dict)
    pixels: dict[Ticket, tuple[str, list[np.ndarray]]] = field(default_factory=dict)
    encoded: list[list[str]] = field(default_factory=list)
    begun: Counter[str] = field(default_factory=Counter)
    lost_data: set[str] = field(default_factory=set)
    hired: Counter[Kind] = field(default_factory=Counter)
    order: random.Random = field(default_factory=lambda: random.Random(7))
    num_made: int = 0
    most_pixels: int = 0

    def __post_init__(self) -> None:
        self.alive = set(self.nodes)

    def hire(self, kind: Kind) -> Member:
        self.num_made += 1
        member = Member(kind, self.num_made)
        living = [node for node in self.nodes if node in self.alive]
        self.hired[kind] += 1
        self.actors[member] = Actor(living[self.hired[kind] % len(living)])
        return member

    def dismiss(self, member: Member) -> None:
        del self.actors[member]

    def ask(self, member: Member, method: str, *arguments: object) -> Ticket:
        actor = self.actors[member]
        if method == "hello":
            return self._ticket(member, lambda: self.hello(member.kind, actor.node))
        assert method == "begin"
        path, options, _ = arguments
        assert options is OPTIONS
        actor.path, actor.stage = str(path), 0
        self.begun[str(path)] += 1
        return self._ticket(member, lambda: None)

    def ask_for_more(self, member: Member, wanted: bool | None) -> Ticket:
        ticket = self._ticket(member, lambda: self._more(ticket, self.actors[member], wanted))
        return ticket

    def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
        given = [self.pixels[ticket] for ticket in pixels]
        actor = self.actors[member]

        def encode() -> Vectors:
            paths = [path for path, _ in given]
            if any(self.lose("encoder", path, actor.node) for path in paths):
                actor.is_lost = True
                raise ActorLostError
            for path in paths:
                if path in self.lost_data:
                    self.lost_data.discard(path)
                    raise DataLostError
            self.encoded.append(paths)
            moments = [each for _, of_part in given for each in of_part]
            return Vectors(
                np.stack([each[0, 0, 0] for each in moments]).astype(np.float32), (None,) * len(moments), 0.1
            )

        return self._ticket(member, encode)

    def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
        # One answer at a time, of anybody, but of each actor the one that was asked first.
        self.most_pixels = max(self.most_pixels, sum(len(each) for _, each in self.pixels.values()))
        first: dict[Member, Ticket] = {}
        for ticket in tickets:
            first.setdefault(self.asked[ticket][0], ticket)
        return [self.order.choice(list(first.values()))] if first else []

    def answer(self, ticket: Ticket) -> object:
        member, call = self.asked[ticket]
        actor = self.actors.get(member)
        if actor is None or actor.is_lost or actor.node not in self.alive:
            raise ActorLostError
        return call()

    def drop(self, ticket: Ticket) -> None:
        self.asked.pop(ticket, None)
        self.pixels.pop(ticket, None)

    def alive_nodes(self) -> set[str]:
        return set(self.alive)

    def _ticket(self, member: Member, call: Callable[[], object]) -> Ticket:
        self.num_made += 1
        ticket = Ticket(self.num_made)
        self.asked[ticket] = member, call
        return ticket

    def _more(self, ticket: Ticket, actor: Actor, wanted: bool | None) -> Answer:
        if self.lose("reader", actor.path, actor.node):
            actor.is_lost = True
            raise ActorLostError
        name = Path(actor.path).name
        content, _, number = name.partition("-")
        actor.stage += 1
        if content == "unseen":
            return Answer((NotSeen(),), 0.0)
        if actor.stage == 1:
            return Answer((Hashed(content),), 0.1)
        if actor.stage == 2 and not wanted:
            return Answer((Content(content, is_wanted=False), End()), 0.1)
        told: list[Content | ReadMoments | End] = []
        if actor.stage == 2:
            told.append(Content(content, True, float(number), int(number)))
        place = actor.stage - 2
        if content == "broken" and place == 1:
            return Answer((End(VideoError(actor.path, "it breaks off", cause="content")),), 0.1)
        told.append(ReadMoments((ReadMoment(place, place + 1.0, b"", FRAMES),), 100))
        self.pixels[ticket] = actor.path, [np.full((FRAMES, 2, 2, 3), place, np.uint8)]
        if place + 1 == int(number):
            told.append(End())
        return Answer(tuple(told), 0.1 * actor.stage)


def units(*names: str, folder: str = "/videos") -> list[Unit]:
    return [Unit(f"{folder}/{name}", FileState(int(name.rpartition("-")[2] or 0), 1.0)) for name in names]


class Now:
    """A clock that goes on by itself, a tenth of a second at each look."""

    seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 0.1
        return self.seconds


def drive(
    crew: FakeCrew,
    *,
    report: ClusterReport | None = None,
    on_notice: Callable[[str], None] | None = None,
    **plan: object,
) -> Drive:
    wanted = {"num_readers": 2, "num_encoders": 2, "options": OPTIONS, "frames_at_once": 8, **plan}
    return Drive(crew, DrivePlan(**wanted), report or ClusterReport(), on_notice=on_notice, clock=Now())  # type: ignore[arg-type]


def run(made: Drive, wanted: list[Unit], known: Set[str] = frozenset(), **more: object) -> dict[str, int | str]:
    """Return the numbers of segments by name, or the reason where there are none."""
    found: dict[str, int | str] = {}
    for result in made.run(wanted, known=known, **more):  # type: ignore[arg-type]
        name = Path(result.unit.path).name
        assert name not in found
        if isinstance(result, EncodedVideo):
            assert [each.start_seconds for each in result.segments] == list(range(len(result.segments)))
            assert [each.vector[0] for each in result.segments] == list(range(len(result.segments)))
            found[name] = len(result.segments)
        else:
            found[name] = result.reason
    return found


def test_every_unit_comes_back_once_with_its_segments_in_order() -> None:
    crew, report = FakeCrew(), ClusterReport()
    found = run(drive(crew, report=report), units("a-3", "b-1", "broken-4", "c-12", "d-2"))
    assert found == {"a-3": 3, "b-1": 1, "broken-4": "it breaks off", "c-12": 12, "d-2": 2}
    assert (report.num_videos, report.num_segments, report.num_nodes) == (4, 18, 2)
    assert (report.num_readers, report.num_encoders, report.actors_lost) == (2, 2, 0)
    # Nothing is kept of what was encoded.
    assert crew.pixels == {}
    assert len(crew.actors) == 4


def test_batches_go_across_videos() -> None:
    crew = FakeCrew()
    run(drive(crew, num_readers=8, num_encoders=1), units(*(f"{letter}-1" for letter in "abcdefgh")))
    assert any(len(set(paths)) > 1 for paths in crew.encoded)


def test_known_contents_and_copies_are_not_encoded() -> None:
    crew = FakeCrew()
    wanted = [*units("a-3", "b-2"), *units("b-2", folder="/copies")]
    results = list(drive(crew, num_readers=1).run(wanted, known={"a"}))
    assert sorted(
        (result.unit.path, len(result.segments)) for result in results if isinstance(result, EncodedVideo)
    ) == [
        ("/copies/b-2", 0),
        ("/videos/a-3", 0),
        ("/videos/b-2", 2),
    ]


def test_a_lost_reader_or_encoder_costs_nothing_but_another_try() -> None:
    lost: Counter[str] = Counter()

    def lose(kind: Kind, path: str, node: str) -> bool:
        lost[kind] += 1
        return lost[kind] == 4

    crew, report = FakeCrew(lose=lose), ClusterReport()
    assert run(drive(crew, report=report), units("a-3", "b-5", "c-4")) == {"a-3": 3, "b-5": 5, "c-4": 4}
    assert (report.actors_lost, report.nodes_lost, report.skipped) == (2, 0, 0)
    assert report.tried_again >= 2
    assert crew.pixels == {}
    # What an encoder had in hand is not read again.
    assert sum(crew.begun.values()) == 4


@pytest.mark.parametrize("kind", ["reader", "encoder"])
def test_a_file_that_ends_its_actor_three_times_is_skipped_and_no_other(kind: Kind) -> None:
    crew = FakeCrew(lose=lambda which, path, node: which == kind and path.endswith("poison-2"))
    report = ClusterReport()
    found = run(drive(crew, report=report, num_encoders=1), units("a-2", "poison-2", "b-2", "c-3"))
    reason = found.pop("poison-2")
    assert found == {"a-2": 2, "b-2": 2, "c-3": 3}
    assert "3 times (on " in str(reason)
    assert (report.skipped, report.actors_lost) == (1, 3)
    assert crew.pixels == {}


def test_a_lost_node_is_nobodys_fault() -> None:
    crew, report = FakeCrew(), ClusterReport()
    lost: list[str] = []

    def lose(kind: Kind, path: str, node: str) -> bool:
        # The node goes that this file comes to first; that it is gone is known later.
        if node in (lost or [node]) and path.endswith("unlucky-9") and kind == "reader":
            lost.append(node)
            crew.alive.discard(node)
            return True
        return False

    crew.lose = lose
    found = run(drive(crew, report=report), units("a-2", "unlucky-9", "b-4"))
    assert found == {"a-2": 2, "unlucky-9": 9, "b-4": 4}
    assert (report.nodes_lost, report.skipped) == (1, 0)
    assert lost


def test_what_a_lost_node_had_is_read_again() -> None:
    crew, report = FakeCrew(lost_data={"/videos/a-6"}), ClusterReport()
    assert run(drive(crew, report=report), units("a-6", "b-2")) == {"a-6": 6, "b-2": 2}
    assert crew.begun["/videos/a-6"] == 2
    assert (report.actors_lost, report.tried_again, crew.pixels) == (0, 1, {})


def test_no_more_readers_are_started_than_encoders_are_ready_for() -> None:
    """Those that wait for room would take that of an encoder that is lost, until there is none."""

    class Small(FakeCrew):
        """Has room for two encoders; others wait for it."""

        def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
            encoders = [member for member in self.actors if member.kind == "encoder"][:2]
            room = [each for each in tickets if (who := self.asked[each][0]).kind == "reader" or who in encoders]
            return super().wait(room, seconds)

    crew, report = Small(), ClusterReport()
    names = [f"{letter}-2" for letter in "abcdefghijkl"]
    made = drive(crew, report=report, num_readers=9, num_encoders=9)
    assert run(made, units(*names)) == dict.fromkeys(names, 2)
    assert (report.num_readers, report.num_encoders) == (2, 2)
    assert sum(member.kind == "reader" for member in crew.actors) == 2


def test_actors_that_end_while_they_start_end_the_run() -> None:
    def hello(kind: Kind, node: str) -> Hello:
        if kind == "encoder":
            raise ActorLostError
        return Hello(node, node, [])

    crew, report = FakeCrew(hello=hello), ClusterReport()
    with pytest.raises(FramecueError, match="too little memory"):
        run(drive(crew, report=report), units("a-1"))
    assert report.actors_lost == MOST_FAILED_STARTS


def test_a_node_that_does_not_see_the_files_is_left_out_and_told_of() -> None:
    def hello(kind: Kind, node: str) -> Hello:
        if kind == "reader":
            return Hello(node, node, ["/videos/a-2"] if node == "north" else [])
        return Hello(node, node, EncoderAbout(node, None, 16))

    lines: list[str] = []
    report = ClusterReport()
    found = run(
        drive(FakeCrew(hello=hello), report=report, on_notice=lines.append, sample=("/videos/a-2",), num_readers=4),
        units("a-2", "b-1", "c-1", "d-1"),
    )
    assert found == {"a-2": 2, "b-1": 1, "c-1": 1, "d-1": 1}
    [line] = lines
    assert line.startswith("node north: it does not see /videos/a-2, which is here")
    assert report.notes == [line.removesuffix("; the run goes on without it")]


def test_if_no_node_sees_the_files_the_run_ends_before_anything_is_skipped() -> None:
    crew = FakeCrew(
        hello=lambda kind, node: Hello(
            node, node, ["/videos/a-2"] if kind == "reader" else EncoderAbout(node, None, 16)
        )
    )
    with pytest.raises(InputError, match=r"no node of the cluster can be used: node .* shared disk"):
        run(drive(crew, sample=("/videos/a-2",)), units("a-2", "b-1"))


def test_a_single_file_that_a_node_does_not_see_is_not_to_blame(tmp_path: Path) -> None:
    (tmp_path / "unseen-1").touch()
    [here] = drive(FakeCrew()).run(units("unseen-1", folder=str(tmp_path)))
    [gone] = drive(FakeCrew()).run(units("unseen-1", folder="/nowhere"))
    assert isinstance(here, FailedUnit)
    assert isinstance(gone, FailedUnit)
    assert "does not see it, though it is here" in here.reason
    assert (here.cause, gone.reason, gone.cause) == (None, "no such file", None)


def test_a_model_that_cannot_be_loaded_anywhere_ends_the_run_with_the_reason() -> None:
    def hello(kind: Kind, node: str) -> Hello:
        return (
            Hello(node, node, []) if kind == "reader" else Hello(node, node, error="there is no model at /models/clip")
        )

    with pytest.raises(InputError, match=r"node .*: there is no model at /models/clip"):
        run(drive(FakeCrew(hello=hello)), units("a-1"))


def test_encoders_that_compute_otherwise_are_sent_away() -> None:
    def hello(kind: Kind, node: str) -> Hello:
        precision = "float32" if node == "north" else "bfloat16"
        about = EncoderAbout(node, Computation("torch", precision), 16)
        return Hello(node, node, [] if kind == "reader" else about)

    lines: list[str] = []
    crew = FakeCrew(hello=hello)
    made = drive(crew, on_notice=lines.append, computation=Computation("torch", "float32", "said"), num_encoders=4)
    assert run(made, units("a-4")) == {"a-4": 4}
    [line] = lines
    assert line.startswith("node south: it would encode by torch in bfloat16, and all are to by torch in float32")


def test_no_more_pixels_wait_than_there_is_room_for() -> None:
    crew = FakeCrew()
    run(drive(crew, most_bytes=500, num_readers=4, num_encoders=1), units("a-40", "b-40", "c-40", "d-40"))
    # Five parts are 500 bytes; each of the readers may have been asked before these were there.
    assert crew.most_pixels <= 5 + 4


def test_progress_grows_and_names_a_file() -> None:
    told: list[FilesDone] = []
    run(drive(FakeCrew()), units("a-9", "b-9"), on_progress=told.append)
    assert sorted(told) == told
    assert 0 < told[len(told) // 2] < 2
    assert told[-1] == 2
    assert {each.path for each in told} >= {"/videos/a-9", "/videos/b-9"}


def test_a_second_pass_has_the_same_actors_and_nothing_of_the_first() -> None:
    crew = FakeCrew()
    made = drive(crew)
    assert run(made, units("a-3", "b-3")) == {"a-3": 3, "b-3": 3}
    members = set(crew.actors)
    assert run(made, units("b-3", "c-5")) == {"b-3": 3, "c-5": 5}
    assert set(crew.actors) == members


def test_a_run_that_is_given_up_stops_where_it_is() -> None:
    crew = FakeCrew()
    results: Iterator[object] = drive(crew).run(units("a-2", "b-2", "c-200"))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert crew.begun.total() <= 3


@dataclass
class Narrow(FakeCrew):
    """Nodes of one processor each, as Ray fills them: who waits for room may have any that is free, readers first.

    Attributes:
        goes_at: given (kind, what it was asked, node) of what is about to be answered, whether the node goes now. The
            head never does.
        tells: when who was to fetch pixels from a node that is gone says that they are lost.
    """

    nodes: Sequence[str] = ("head", "north", "south", "west")
    goes_at: Callable[[Kind, str, str], bool] = lambda kind, asked, node: False
    tells: Tells = "when the node is missed"
    asks: dict[Ticket, str] = field(default_factory=dict)
    fetched: dict[Ticket, list[str]] = field(default_factory=dict)
    from_node: dict[Ticket, str] = field(default_factory=dict)
    known: list[set[str]] = field(default_factory=list)
    num_idle: int = 0

    def hire(self, kind: Kind) -> Member:
        member = super().hire(kind)
        self.actors[member].node = ""
        return member

    def ask(self, member: Member, method: str, *arguments: object) -> Ticket:
        ticket = super().ask(member, method, *arguments)
        self.asks[ticket] = method
        return ticket

    def ask_for_more(self, member: Member, wanted: bool | None) -> Ticket:
        ticket = super().ask_for_more(member, wanted)
        self.asks[ticket], self.from_node[ticket] = "more", self.actors[member].node
        return ticket

    def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
        ticket = super().ask_to_encode(member, pixels)
        self.asks[ticket], self.fetched[ticket] = "encode", [self.from_node[each] for each in pixels]
        return ticket

    def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
        self._find_room()
        ready = super().wait([ticket for ticket in tickets if self._can_answer(ticket)], seconds)
        # Nothing happens for so long only if nothing will.
        self.num_idle = 0 if ready else self.num_idle + 1
        assert self.num_idle < 20_000, "it waits for ever"
        for ticket in ready:
            actor = self.actors[member := self.asked[ticket][0]]
            if actor.node in self.alive - {"head"} and self.goes_at(member.kind, self.asks[ticket], actor.node):
                self.alive.discard(actor.node)
        return ready

    def answer(self, ticket: Ticket) -> object:
        if self.asks[ticket] == "encode" and not self.alive.issuperset(self.fetched[ticket]):
            raise DataLostError
        return super().answer(ticket)

    def alive_nodes(self) -> set[str]:
        # That a node is gone is known some looks later.
        self.known.append(set(self.alive))
        return self._seen()

    def _seen(self) -> set[str]:
        return self.known[max(len(self.known) - 4, 0)] if self.known else set(self.nodes)

    def _can_answer(self, ticket: Ticket) -> bool:
        actor = self.actors[self.asked[ticket][0]]
        is_lost = actor.node not in self.alive
        waits_for = set(self.fetched.get(ticket, [])) - self.alive
        is_told = self.tells == "at once" or (self.tells != "never" and not waits_for & self._seen())
        if waits_for and not is_lost and not is_told:
            return False
        # Who has started nowhere starts elsewhere.
        return actor.node != "" and not (is_lost and self.asks[ticket] == "hello")

    def _find_room(self) -> None:
        has = {"reader": 0.2, "encoder": 0.7501}
        free = {node: 1.0 for node in self.nodes if node in self.alive}
        starting = {
            self.asked[ticket][0] for ticket, what in self.asks.items() if what == "hello" and ticket in self.asked
        }
        waiting = []
        for member, actor in self.actors.items():
            if actor.node in free:
                free[actor.node] -= 0 if actor.is_lost else has[member.kind]
            elif not actor.node or member in starting:
                waiting.append(member)
        for member in sorted(waiting, key=lambda each: each.kind, reverse=True):
            node = max(free, key=lambda each: free[each])
            if free[node] >= has[member.kind]:
                self.actors[member].node = node
                free[node] -= has[member.kind]


@pytest.mark.parametrize("tells", ["at once", "when the node is missed", "never"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("asked", ["hello", "more", "encode"])
@pytest.mark.parametrize("kind", ["reader", "encoder"])
def test_nodes_may_go_at_any_moment_until_the_head_is_left(kind: Kind, asked: str, seed: int, tells: Tells) -> None:
    """While something starts there, works there, or has done what it was asked and nobody has fetched it yet.

    Afterwards a file ends three encoders more: for each there has to be room again.
    """
    order = random.Random(seed)
    crew = Narrow(
        lose=lambda which, path, node: which == "encoder" and path.endswith("poison-2"),
        goes_at=lambda which, what, node: which == kind and what == asked and order.random() < 0.2,
        tells=tells,
    )
    crew.order = order
    # Some are read to their end long before they are encoded.
    names = [f"{letter}-{1 + number % 6}" for number, letter in enumerate("abcdefghijklmnopqrst")]
    found = run(drive(crew, num_readers=4, num_encoders=4, frames_at_once=16), units(*names, "poison-2"))
    assert "3 times" in str(found.pop("poison-2"))
    assert found == {name: int(name[2:]) for name in names}
    assert tells == "never" or crew.pixels == {}  # an encoder that never answers may still have some


def test_what_was_given_together_with_pixels_that_are_lost_is_encoded_all_the_same() -> None:
    """Its own are on a node that lives, and it is read to its end: nobody else would miss it."""
    given: list[str] = []

    class Mixed(Narrow):
        def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
            ticket = super().ask_to_encode(member, pixels)
            others = set(self.fetched[ticket]) - {"head", self.actors[member].node}
            if not given and others and len(set(self.fetched[ticket])) > 1:
                given.extend(self.pixels[each][0] for each in pixels)
                self.alive -= {sorted(others)[0]}
            return ticket

    crew, report = Mixed(), ClusterReport()
    names = [f"{letter}-1" for letter in "abcdefghijklmnop"]
    found = run(drive(crew, report=report, num_readers=4, num_encoders=1, frames_at_once=16), units(*names))
    assert found == dict.fromkeys(names, 1)
    assert len(given) > 1
    assert report.nodes_lost == 1
    # What is where it was is not read again.
    assert 1 <= sum(crew.begun[path] - 1 for path in given) < len(given)


def test_readers_that_were_many_leave_room_for_the_encoder_of_the_one_node_that_is_left() -> None:
    """As a run once stood at 17 of 18: two idle readers on the last node, where no encoder had room beside them."""
    crew = Narrow()
    killed: list[str] = []

    def lose(kind: Kind, path: str, node: str) -> bool:
        # All nodes but the head go as soon as one of each has done something; readers notice it first.
        if kind == "encoder" and len(crew.encoded) > 6 and node == "head" and len(killed) < 2:
            killed.append(node)
            return True
        return False

    crew.lose = lose
    crew.goes_at = lambda kind, asked, node: len(crew.encoded) > 3 and kind == "reader"
    names = [f"{letter}-9" for letter in "abcdefgh"]
    assert run(drive(crew, num_readers=4, num_encoders=4), units(*names)) == dict.fromkeys(names, 9)
    assert crew.alive == {"head"}
    assert len(killed) == 2


def test_waiting_for_the_cluster_is_told_once_each_time_also_in_the_midst() -> None:
    lines: list[str] = []
    blocked = [False]

    class Full(FakeCrew):
        """Has room for a second encoder only some looks later."""

        num_waits = 0

        def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
            self.num_waits = self.num_waits + 1 if blocked[0] else 0
            if self.hired["encoder"] == 2 and 0 < self.num_waits < 500:
                tickets = [each for each in tickets if self.asked[each][0].kind == "reader"]
            return super().wait(tickets, seconds)

    def lose(kind: Kind, path: str, node: str) -> bool:
        blocked[0] = blocked[0] or len(crew.encoded) == 2
        return kind == "encoder" and blocked[0] and crew.hired["encoder"] == 1

    crew = Full(lose=lose)
    assert run(drive(crew, num_readers=1, num_encoders=1, on_notice=lines.append), units("a-6")) == {"a-6": 6}
    [line] = lines
    assert line.startswith("waiting for the cluster: ")
    assert line.endswith("0 of 1 encoders and 1 of 1 readers are ready")
