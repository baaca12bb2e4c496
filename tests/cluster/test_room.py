from __future__ import annotations

from framecue.cluster.at_work import ReaderAtWork
from framecue.cluster.crew import Member
from framecue.cluster.room import LAST_SECONDS, ROOM_SECONDS, ReaderRoom
from framecue.cluster.units import Try


def reader(number: int, *, node: str | None = "north", at_work: bool = False) -> ReaderAtWork:
    return ReaderAtWork(Member("reader", number), None, node, Try(number, 0) if at_work else None)


def test_there_are_as_many_readers_as_the_ready_encoders_have_use_for_and_those_of_one_at_first() -> None:
    room = ReaderRoom(0.0)
    for num_ready, most in [(0, 3), (1, 3), (4, 12)]:
        room.look(num_ready, 3, 1.0)
        assert room.most == most
        assert room.too_many([reader(number) for number in range(most)], 1.0) == []


def test_those_that_wait_for_room_go_at_once_and_others_when_no_encoder_has_come_for_a_while() -> None:
    room = ReaderRoom(0.0)
    waits, reads, idles = reader(1, node=None), reader(2, at_work=True), reader(3)
    room.look(1, 1, 10.0)
    assert room.too_many([reads, idles, waits], 10.0) == [waits]
    assert room.too_many([reads, idles], 10.0 + ROOM_SECONDS - 1) == []
    assert room.too_many([reads, idles], 10.0 + ROOM_SECONDS) == [idles]
    # Who reads comes to an end, as there is an encoder.
    assert room.too_many([reads, reader(4, at_work=True)], 10.0 + ROOM_SECONDS) == []
    # With as many as there may be it begins anew.
    room.too_many([reads], 50.0)
    assert room.too_many([reads, idles], 50.0 + ROOM_SECONDS - 1) == []


def test_without_any_encoder_even_those_go_that_read_and_in_the_end_the_last() -> None:
    room = ReaderRoom(0.0)
    first, second = reader(1, at_work=True), reader(2, at_work=True)
    room.look(0, 1, 1.0)
    assert room.too_many([first, second], 1.0) == []
    room.look(0, 1, 1.0 + ROOM_SECONDS)
    assert room.too_many([first, second], 1.0 + ROOM_SECONDS) == [first]
    assert room.too_many([second], 1.0 + ROOM_SECONDS) == []
    room.look(0, 1, LAST_SECONDS)
    assert room.most == 0
    assert room.too_many([second], LAST_SECONDS) == []
    assert room.too_many([second], LAST_SECONDS + ROOM_SECONDS) == [second]
    # The first encoder that is there has its share again, and the time begins anew when it is lost.
    room.look(1, 1, LAST_SECONDS + 60)
    assert room.most == 1
    room.look(0, 1, LAST_SECONDS + 61)
    assert room.most == 1
