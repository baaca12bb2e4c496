from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library import HeldMoment, VideoMoment, VideoSpan
from framecue.library.results import Hit
from framecue.library.store.taught_names import KeptExample
from framecue.library.teaching.examples import WantedExample, kept_as_wanted, wanted_examples
from framecue.pictures import EncodedPicture

HIT = Hit(1, "/a.mp4", 3.0, 8.0, 0.5, "id", 60.0)


def test_everything_that_shows_something_can_be_an_example():
    given = [
        HIT,
        HeldMoment("id", 2.0),
        VideoMoment("/b.mp4", 4.0),
        VideoSpan(Path("/b.mp4"), 1, 2),
        "/c.JPG",
        "/d.mp4",
    ]
    assert wanted_examples(given, "like") == [
        WantedExample("/a.mp4", "id", (3.0, 8.0)),
        WantedExample(video_id="id", at_seconds=2.0),
        WantedExample("/b.mp4", at_seconds=4.0),
        WantedExample("/b.mp4", span=(1, 2)),
        WantedExample("/c.JPG", is_picture=True),
        WantedExample("/d.mp4"),
    ]
    assert wanted_examples([("/d.mp4", "Rex runs")], "like") == [WantedExample("/d.mp4", text="Rex runs")]
    (bytes_,) = wanted_examples([b"jpeg"], "like")
    assert (bytes_.picture, bytes_.is_picture) == (EncodedPicture(b"jpeg"), True)


def test_one_needs_no_list():
    assert wanted_examples(HIT, "like") == wanted_examples([HIT], "like")  # type: ignore[arg-type]
    assert len(wanted_examples(np.zeros((4, 4, 3), np.uint8), "like")) == 1  # type: ignore[arg-type]


def test_a_kept_example_is_wanted_where_it_was():
    vector = np.float32([1, 0])
    assert kept_as_wanted(KeptExample("/a.mp4", "id", 1.0, 3.0, "video", vector)) == WantedExample(
        "/a.mp4", "id", (1.0, 3.0)
    )
    picture = kept_as_wanted(KeptExample("/a.jpg", "id", 0.0, 0.0, "image", vector, picture=b"webp"))
    assert (picture.span, picture.picture, picture.is_kept) == (None, EncodedPicture(b"webp"), True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("", 0, 1), "empty name"),
        (("/a.mp4", -1, 1), "start_seconds of an example is -1"),
        (("/a.mp4", 0, float("nan")), "end_seconds of an example is nan"),
        (("/a.mp4", 2, 1), "ends at 1 s, before it starts at 2 s"),
    ],
)
def test_a_span_that_is_none_is_refused(arguments: tuple[str, float, float], said: str):
    with pytest.raises(InputError, match=said):
        VideoSpan(*arguments)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([""], "like has an empty path"),
        ([None], "like has a NoneType in it"),
        ([("/d.mp4", 3)], "no pair of an example and a text"),
    ],
)
def test_what_is_no_example_is_refused(given: list[object], said: str):
    with pytest.raises(InputError, match=said):
        wanted_examples(given, "like")  # type: ignore[arg-type]


def test_an_example_has_a_name_for_people():
    shown = [*wanted_examples([HIT, HeldMoment("id", 2.0), "/c.jpg", b"jpeg"], "like")]
    assert [str(each) for each in shown] == [
        "/a.mp4 at 3 to 8 s",
        "the video id at 2 s",
        "/c.jpg",
        "the picture in memory, 4 bytes",
    ]
