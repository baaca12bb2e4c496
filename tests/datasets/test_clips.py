"""Clips: what they are known by, and which of them show the same pictures."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from framecue.datasets.clips import Clip, check_clip_window, overlapping, shared_pictures
from framecue.errors import DatasetError


def clip(name: str, start: float | None = None, end: float | None = None) -> Clip:
    return Clip(Path(name), ("a caption",), "train", start_seconds=start, end_seconds=end)


def test_a_clip_is_known_by_its_file_and_window() -> None:
    assert clip("a.mp4").key == "a.mp4"
    assert not clip("a.mp4").has_window
    assert clip("a.mp4", 1.5, 4).key == "a.mp4@1.5-4"
    assert clip("a.mp4", None, 4).key == "a.mp4@0-4"
    assert clip("a.mp4", 2).key == "a.mp4@2-"
    assert clip("a.mp4", 0.0).has_window


def test_overlapping_windows_of_a_file_share_pictures() -> None:
    clips = [
        *(clip("a", 0, 5), clip("a", 5, 9), clip("a", 8, 12), clip("a", 11, 20), clip("a", 20)),
        *(clip("b", 0, 5), clip("b"), clip("c")),
    ]
    assert shared_pictures(clips) == ["a@0-5", *["a@5-9"] * 3, "a@20-", "b@0-5", "b@0-5", "c"]


def test_shared_pictures_are_chains_of_overlaps() -> None:
    # Independently: a name for each connected component of "overlaps".
    rng = random.Random(0)
    for _ in range(50):
        starts = [rng.randrange(30) for _ in range(12)]
        clips = [clip("ab"[rng.randrange(2)], start, start + rng.randrange(1, 6)) for start in starts]
        names = shared_pictures(clips)
        component = list(range(len(clips)))
        for _ in clips:
            for i, one in enumerate(clips):
                for j, other in enumerate(clips):
                    if (
                        one.video == other.video
                        and one.start_seconds < other.end_seconds
                        and other.start_seconds < one.end_seconds
                    ):
                        component[i] = component[j] = min(component[i], component[j])
        for i in range(len(clips)):
            for j in range(len(clips)):
                assert (names[i] == names[j]) == (component[i] == component[j])


@pytest.mark.parametrize(("start", "end"), [(-1, None), (3, 3), (4, 2), (float("nan"), None), (0, float("inf"))])
def test_a_window_that_no_video_has_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(DatasetError, match=r"^x, line 3: the window runs from .*; give 0 <= start_seconds"):
        check_clip_window(start, end, "x, line 3")
    check_clip_window(None, None, "x")
    check_clip_window(0, 0.1, "x")
    check_clip_window(None, 3, "x")


def test_overlapping_windows_are_those_that_any_pair_of_moments_says() -> None:
    rng = random.Random(0)

    def drawn(number: int) -> list[Clip]:
        found = []
        for _ in range(number):
            start = rng.choice([None, *range(9)])
            end = rng.choice([None, (start or 0) + rng.randint(1, 4)])
            found.append(clip(rng.choice("ab"), start, end))
        return found

    def seconds(one: Clip) -> set[int]:
        return set(range(int(one.start_seconds or 0), 30 if one.end_seconds is None else int(one.end_seconds)))

    kept = 0
    for _ in range(300):
        clips, others = drawn(6), drawn(rng.randint(0, 4))
        expected = [
            one for one in clips if any(one.video == other.video and seconds(one) & seconds(other) for other in others)
        ]
        assert overlapping(clips, others) == expected
        kept += len(clips) - len(expected)
    assert kept > 100
