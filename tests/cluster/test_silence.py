from __future__ import annotations

import pytest

from framecue.cluster.at_work import Call, EncoderAtWork, Part, ReaderAtWork
from framecue.cluster.crew import Member, Ticket
from framecue.cluster.reading import ReadMoments
from framecue.cluster.silence import ENCODER_SECONDS, PIXELS_SECONDS, READER_SECONDS, is_silent
from framecue.cluster.units import Try


def encoder(*nodes: str, began_at: float) -> EncoderAtWork:
    """Return one that was given parts from some nodes, a call each."""
    made = EncoderAtWork(Member("encoder", 1), Ticket(2), "north", began_at=began_at)
    made.calls.extend(Call(Ticket(3), [Part(Try(0, 0), 0, ReadMoments((), 0), Ticket(4), node)]) for node in nodes)
    return made


@pytest.mark.parametrize(("seconds", "silent"), [(READER_SECONDS - 1, False), (READER_SECONDS, True)])
def test_a_reader_that_was_asked_and_says_nothing_for_long_is_silent(seconds: float, silent: bool) -> None:
    reader = ReaderAtWork(Member("reader", 1), Ticket(2), "north", asked_at=5.0)
    assert is_silent(reader, {}, 5.0 + seconds) is silent
    reader.ticket = None  # nothing was asked
    assert not is_silent(reader, {}, 5.0 + seconds)


@pytest.mark.parametrize(("seconds", "silent"), [(ENCODER_SECONDS - 1, False), (ENCODER_SECONDS, True)])
def test_an_encoder_that_was_given_something_and_says_nothing_for_long_is_silent(seconds: float, silent: bool) -> None:
    assert is_silent(encoder("south", began_at=5.0), {}, 5.0 + seconds) is silent
    assert not is_silent(encoder(began_at=5.0), {}, 5.0 + seconds)


def test_one_that_was_to_fetch_pixels_from_a_node_that_is_gone_is_given_less_time() -> None:
    gone = {"south": 100.0, "west": 0.0}
    assert not is_silent(encoder("north", began_at=5.0), gone, 100.0 + PIXELS_SECONDS)
    for began_at, since in [(5.0, 100.0), (130.0, 130.0)]:
        asked = encoder("south", "north", began_at=began_at)
        assert not is_silent(asked, gone, since + PIXELS_SECONDS - 1)
        assert is_silent(asked, gone, since + PIXELS_SECONDS)
    # Only the first call is under way.
    assert not is_silent(encoder("north", "south", began_at=5.0), gone, 100.0 + PIXELS_SECONDS)


def test_one_that_starts_has_all_the_time_that_it_takes() -> None:
    reader = ReaderAtWork(Member("reader", 1), Ticket(2))
    starting = EncoderAtWork(Member("encoder", 1), Ticket(2))
    assert not is_silent(reader, {}, 1e9)
    assert not is_silent(starting, {}, 1e9)
