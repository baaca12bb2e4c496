from __future__ import annotations

import numpy as np
import pytest

from framecue.cluster.units import Try, Units
from framecue.errors import VideoError
from framecue.library.indexing.encode import EncodedSegment, EncodedVideo, End, FailedUnit
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.video import Content


def units(*sizes: int, known: frozenset[str] = frozenset()) -> Units:
    return Units([Unit(f"/{number}", FileState(size, 1.0)) for number, size in enumerate(sizes)], known)


def segment(start: float = 0.0) -> EncodedSegment:
    return EncodedSegment(start, start + 1, np.ones(4, np.float32) / 2, b"")


def encode(all_units: Units, number: int, video_id: str) -> None:
    """Let a unit be read and encoded as one part."""
    if not all_units.hashed(number, video_id):
        all_units.opened(number, Content(video_id, is_wanted=False))
        all_units.ended(number, End())
        return
    all_units.opened(number, Content(video_id, True, 2.0, 1))
    part = all_units.read(number, num_moments=1, num_frames=4, num_replaced=0)
    all_units.ended(number, End())
    all_units.encoded(number, part, [segment()])


def handed_on(all_units: Units) -> list[tuple[str, int]]:
    """Return the paths of what is handed on, with their numbers of segments; -1 for what failed."""
    return [
        (result.unit.path, len(result.segments) if isinstance(result, EncodedVideo) else -1)
        for result in all_units.results()
    ]


def test_units_begin_in_order_and_end_in_any() -> None:
    found = units(1, 2, 3)
    assert [found.begin() for _ in range(4)] == [Try(0, 0), Try(1, 0), Try(2, 0), None]
    encode(found, 2, "c")
    assert handed_on(found) == [("/2", 1)]
    encode(found, 0, "a")
    encode(found, 1, "b")
    assert handed_on(found) == [("/0", 1), ("/1", 1)]
    assert handed_on(found) == []
    assert found.is_done
    assert found.progress() == 3


def test_parts_are_put_together_in_order_whichever_is_encoded_first() -> None:
    found = units(1)
    found.begin()
    found.hashed(0, "a")
    found.opened(0, Content("a", True, 2.0, 2))
    parts = [found.read(0, num_moments=1, num_frames=4, num_replaced=0) for _ in range(2)]
    found.encoded(0, parts[1], [segment(1.0)])
    assert 0 < found.progress() < 1
    found.ended(0, End())
    assert handed_on(found) == []
    found.encoded(0, parts[0], [segment(0.0)])
    [result] = found.results()
    assert isinstance(result, EncodedVideo)
    assert [each.start_seconds for each in result.segments] == [0.0, 1.0]
    assert (result.video_id, result.duration_seconds) == ("a", 2.0)


def test_known_contents_come_back_without_segments() -> None:
    found = units(1, known=frozenset({"a"}))
    found.begin()
    assert not found.hashed(0, "a")
    encode(found, 0, "a")
    assert handed_on(found) == [("/0", 0)]


def test_of_files_with_one_content_the_first_has_the_rows_whoever_is_read_first() -> None:
    found = units(7, 7, 8)
    for _ in range(3):
        found.begin()
    encode(found, 1, "same")
    encode(found, 2, "other")
    # The first may have the same content: it is as large, and nobody knows its hash.
    assert handed_on(found) == [("/2", 1)]
    assert found.hashed(0, "same")
    assert handed_on(found) == []
    encode(found, 0, "same")
    assert handed_on(found) == [("/0", 1), ("/1", 1)]


def test_a_copy_is_not_read_and_waits_for_the_file_that_brings_its_content() -> None:
    found = units(7, 7)
    for _ in range(2):
        found.begin()
    assert found.hashed(0, "same")
    encode(found, 1, "same")
    assert handed_on(found) == []
    found.opened(0, Content("same", True, 2.0, 1))
    found.ended(0, End(VideoError("/0", "it breaks off")))
    # What is encoded for nobody is for the next pass to find out.
    assert handed_on(found) == [("/0", -1), ("/1", 0)]


def test_other_contents_of_the_same_size_wait_for_a_hash_alone() -> None:
    found = units(7, 7)
    for _ in range(2):
        found.begin()
    encode(found, 1, "b")
    assert handed_on(found) == []
    found.hashed(0, "a")
    assert handed_on(found) == [("/1", 1)]


def test_a_unit_that_is_given_up_begins_again_and_what_it_had_counts_no_more() -> None:
    found = units(1, 2)
    first = found.begin()
    assert first == Try(0, 0)
    found.hashed(0, "a")
    found.opened(0, Content("a", True, 2.0, 1))
    found.read(0, num_moments=1, num_frames=4, num_replaced=0)
    found.give_up(0)
    assert not found.is_current(first)
    found.put_back(0)
    assert found.num_to_begin == 2
    assert found.begin() == Try(0, 1)
    encode(found, 0, "a")
    assert handed_on(found) == [("/0", 1)]


def test_a_unit_that_is_given_up_for_good_says_why() -> None:
    found = units(1)
    found.begin()
    found.fail(0, "it ends whatever reads it")
    [result] = found.results()
    assert isinstance(result, FailedUnit)
    assert (result.reason, result.cause) == ("it ends whatever reads it", None)
    assert found.is_done


@pytest.mark.parametrize("replaced", [0, 3])
def test_doubts_about_a_file_are_those_of_a_run_on_one_machine(replaced: int) -> None:
    found = units(1)
    found.begin()
    found.hashed(0, "a")
    found.opened(0, Content("a", True, 2.0, 1))
    part = found.read(0, num_moments=1, num_frames=4, num_replaced=replaced)
    found.encoded(0, part, [segment()])
    found.ended(0, End())
    [result] = found.results()
    assert isinstance(result, EncodedVideo)
    assert result.warning == ("3 of 4 frames cannot be decoded: it is damaged" if replaced else None)
