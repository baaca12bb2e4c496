"""The loop that hands files to actors, with actors that a test scripts: no Ray, and a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from framecue.cluster.crew import ActorLostError, DataLostError, Hello, Kind, Member, Ticket
from framecue.cluster.words_drive import WordsDrive, WordsReport
from framecue.errors import FramecueError, InputError
from framecue.library.indexing.words_runner import FoundWords, WordsWork
from framecue.progress import FilesDone
from framecue.words.source import WordsUnit
from framecue.words.timed_text import SAID, TimedText

KEYS = {"speech": "whisper", "screen": "rapidocr"}


@dataclass
class Script:
    """A crew whose actors answer at the next wait.

    Attributes:
        kills: what ends the actor that looks, by (video, source): how many times; -1 for always.
        hello: what an actor says first, by its number.
        nodes: those that live; actors are spread over them in turn.
        asked: (video, source, number of the actor) in order.
    """

    kills: dict[tuple[str, str], int] = field(default_factory=dict)
    hello: Callable[[int, str], Hello | Exception] = lambda number, node: Hello(node, f"machine {node}", KEYS)
    nodes: list[str] = field(default_factory=lambda: ["a", "b"])
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    dismissed: list[int] = field(default_factory=list)
    seconds: float = 0.0
    is_silent: Callable[[Member], bool] = lambda _: False

    def __post_init__(self) -> None:
        self.num_hired = self.num_tickets = 0
        self.answers: dict[Ticket, object] = {}
        self.of: dict[Ticket, Member] = {}

    def hire(self, kind: Kind) -> Member:
        self.num_hired += 1
        return Member(kind, self.num_hired)

    def dismiss(self, member: Member) -> None:
        self.dismissed.append(member.number)

    def ask(self, member: Member, method: str, *arguments: object) -> Ticket:
        self.num_tickets += 1
        ticket = Ticket(self.num_tickets)
        self.of[ticket] = member
        if method == "hello":
            self.answers[ticket] = self.hello(member.number, self.nodes[member.number % len(self.nodes)])
            return ticket
        assert method == "look"
        work, source = arguments
        assert isinstance(work, WordsWork)
        assert isinstance(source, str)
        self.asked.append((work.video_id, source, member.number))
        left = self.kills.get((work.video_id, source), 0)
        if left:
            self.kills[work.video_id, source] = left - 1
            self.answers[ticket] = ActorLostError()
        else:
            line = TimedText(0, 1, f"{work.video_id} by {source}", SAID)
            self.answers[ticket] = FoundWords(work.video_id, source, (line,))
        return ticket

    def ask_for_more(self, member: Member, wanted: bool | None) -> Ticket:
        raise NotImplementedError

    def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
        raise NotImplementedError

    def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
        self.seconds += 1
        return [ticket for ticket in tickets if not self.is_silent(self.of[ticket])]

    def answer(self, ticket: Ticket) -> object:
        answer = self.answers[ticket]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def drop(self, ticket: Ticket) -> None:
        self.answers.pop(ticket, None)

    def alive_nodes(self) -> set[str]:
        return set(self.nodes)


def works(number: int, *sources: str) -> list[WordsWork]:
    every = (f"v{each}" for each in range(number))
    return [WordsWork(name, WordsUnit(f"/a/{name}.mp4", ((0, 1),)), sources or ("speech", "screen")) for name in every]


def drive(script: Script, num_actors: int = 2, *, notices: list[str] | None = None) -> tuple[WordsDrive, WordsReport]:
    report = WordsReport()
    made = WordsDrive(
        script,
        num_actors,
        KEYS,
        report,
        on_notice=None if notices is None else notices.append,
        clock=lambda: script.seconds,
        verdict_seconds=5,
    )
    return made, report


def found_in(script: Script, what: Sequence[WordsWork], num_actors: int = 2) -> tuple[list[FoundWords], WordsReport]:
    made, report = drive(script, num_actors)
    return list(made.run(what, on_progress=lambda _: None)), report


def pairs(found: Sequence[FoundWords]) -> list[tuple[str, str]]:
    return sorted((each.video_id, each.source) for each in found)


def expected(what: Sequence[WordsWork]) -> list[tuple[str, str]]:
    return sorted((work.video_id, source) for work in what for source in work.sources)


def test_every_source_answers_once_and_a_file_stays_with_its_actor() -> None:
    script, what = Script(), works(5)
    found, report = found_in(script, what)
    assert pairs(found) == expected(what)
    assert all(each.lines[0].text == f"{each.video_id} by {each.source}" for each in found)
    by_file = {video: {actor for name, _, actor in script.asked if name == video} for video, _, _ in script.asked}
    assert all(len(actors) == 1 for actors in by_file.values())
    assert (script.num_hired, report.machines, report.actors_lost) == (2, {"machine a", "machine b"}, 0)


def test_files_are_drawn_as_there_are_actors_for_them() -> None:
    drawn: list[str] = []

    def lazily() -> Iterator[WordsWork]:
        for work in works(9, "speech"):
            drawn.append(work.video_id)
            yield work

    made, _ = drive(Script())
    found = made.run(lazily(), on_progress=lambda _: None)
    next(found)
    assert len(drawn) <= 2
    assert 1 + len(list(found)) == 9


def test_progress_rises_and_ends_with_all_files() -> None:
    told: list[FilesDone] = []
    made, _ = drive(Script())
    assert len(list(made.run(works(3), on_progress=told.append))) == 6
    assert told == sorted(told)
    assert (told[-1], told[-1].path.startswith("/a/")) == (3, True)


def test_what_was_lost_is_tried_again_from_the_source_at_hand() -> None:
    script, what = Script(kills={("v1", "screen"): 1}), works(3)
    found, report = found_in(script, what)
    assert pairs(found) == expected(what)
    assert [source for video, source, _ in script.asked if video == "v1"] == ["speech", "screen", "screen"]
    assert (report.actors_lost, report.tried_again, report.skipped) == (1, 1, 0)


def test_who_could_not_be_reached_is_ended_as_it_would_keep_the_room_of_the_next() -> None:
    script, what = Script(kills={("v1", "screen"): 1}), works(3)
    found_in(script, what)
    (lost,) = [actor for video, source, actor in script.asked if (video, source) == ("v1", "screen")][:1]
    assert script.dismissed == [lost]


def test_an_answer_that_is_lost_with_its_node_is_asked_for_again() -> None:
    class Lossy(Script):
        def answer(self, ticket: Ticket) -> object:
            try:
                return super().answer(ticket)
            except ActorLostError:
                raise DataLostError from None

    script, what = Lossy(kills={("v1", "screen"): 1}), works(3)
    found, report = found_in(script, what)
    assert pairs(found) == expected(what)
    assert (report.actors_lost, report.tried_again, report.skipped) == (1, 1, 0)


def test_a_file_that_ends_three_actors_is_given_up_by_that_source_alone() -> None:
    script, what = Script(kills={("v1", "speech"): -1}), works(3)
    found, report = found_in(script, what)
    assert pairs(found) == expected(what)
    (failed,) = [each for each in found if each.failure]
    assert (failed.video_id, failed.source, failed.lines) == ("v1", "speech", ())
    assert failed.failure is not None
    assert "ended by that 3 times (on machine " in failed.failure.reason
    assert failed.failure.cause is None  # another run may try it
    assert (report.actors_lost, report.tried_again, report.skipped) == (3, 2, 1)


def test_a_file_is_not_blamed_for_nodes_that_go() -> None:
    script = Script(nodes=["a", "b"])

    def silent(member: Member) -> bool:
        # Whoever is on `b` says hello and then nothing; the node is gone.
        is_there = script.nodes[member.number % 2] == "b" if len(script.nodes) == 2 else False
        if is_there and script.seconds > 3:
            script.nodes = ["a", "a"]
        return member.number == 1 and script.seconds > 1

    script.is_silent = silent
    found, report = found_in(script, works(4))
    assert pairs(found) == expected(works(4))
    assert (report.actors_lost, report.skipped) == (1, 0)
    assert 1 in script.dismissed


def test_nodes_that_would_find_other_words_are_left_out() -> None:
    def hello(number: int, node: str) -> Hello:
        if node == "a":
            return Hello(node, "machine a", {"speech": "another whisper", "screen": "rapidocr"})
        return Hello(node, "machine b", KEYS)

    script, notices = Script(hello=hello), []
    made, report = drive(script, notices=notices)
    found = list(made.run(works(3), on_progress=lambda _: None))
    assert pairs(found) == expected(works(3))
    (note,) = notices
    assert note.startswith("node machine a finds no words: its speech is another whisper, and here it is whisper")
    assert report.notes == notices
    assert report.machines == {"machine b"}


def test_a_cluster_that_cannot_find_words_is_an_error_with_its_reason() -> None:
    script = Script(hello=lambda _, node: Hello(node, f"machine {node}", error="speech needs a package"))
    with pytest.raises(InputError, match="node machine b finds no words: speech needs a package"):
        found_in(script, works(2))


def test_actors_that_end_before_they_begin_are_not_started_for_ever() -> None:
    script = Script(hello=lambda _, __: ActorLostError())
    with pytest.raises(FramecueError, match="5 processes of the cluster have ended"):
        found_in(script, works(2))


def test_a_cluster_without_room_is_told_once() -> None:
    script, notices = Script(), []
    script.is_silent = lambda _: script.seconds < 40
    made, _ = drive(script, notices=notices)
    assert len(list(made.run(works(1), on_progress=lambda _: None))) == 2
    assert notices == ["the cluster has no room for what finds words yet, or starts it slowly; waiting"]
