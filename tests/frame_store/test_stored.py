from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

from framecue.frame_store.stored import StoredVideo
from framecue.video import Extent


def test_a_document_says_all_but_the_place() -> None:
    video = StoredVideo(
        id=7,
        path="a/b.mp4",
        size_bytes=9,
        modified_ns=10**18 + 1,
        start_seconds=0.1,
        extent=Extent(0.04, 2.0, 2.1),
        first_moment=0,
        moment_frames=np.array([0, 0, 1], np.int32),
        stand_ins=np.array([2]),
        times_seconds=np.array([0.04, 1 / 3]),
        checksums=np.array([2**32 - 1, 0]),
    )
    document = json.loads(json.dumps(video.to_dict()))
    again = StoredVideo.from_dict(document, shard=3, offsets=[512, 2048], lengths=[10, 20])
    for each in fields(StoredVideo):
        if each.name not in ("shard", "offsets", "lengths"):
            one, other = getattr(video, each.name), getattr(again, each.name)
            np.testing.assert_array_equal(one, other)
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None), each.name
    assert (again.shard, again.offsets.tolist(), again.lengths.tolist()) == (3, [512, 2048], [10, 20])
    for wrong in ({}, {**document, "extent": [1]}, {**document, "more": 1}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            StoredVideo.from_dict(wrong, shard=0, offsets=[], lengths=[])


@pytest.mark.parametrize(
    ("held", "wanted", "covers"),
    [
        ((None, None), (None, None), True),
        ((None, None), (1, 2), True),
        ((1, None), (None, None), False),
        ((1, None), (1, 5), True),
        ((1, None), (0.9, 5), False),
        ((1, 3), (1, 3), True),
        ((1, 3), (1, 3.1), False),
        ((1, 3), (2, None), False),
        ((None, 3), (None, 3), True),
    ],
)
def test_which_windows_are_held(held: tuple, wanted: tuple, covers: bool) -> None:
    video = StoredVideo(id=0, path="", size_bytes=0, modified_ns=0, start_seconds=held[0], end_seconds=held[1])
    assert video.covers(*wanted) is covers


def test_one_that_could_not_be_read() -> None:
    assert StoredVideo(id=0, path="", size_bytes=0, modified_ns=0).is_readable
    assert not StoredVideo(id=0, path="", size_bytes=0, modified_ns=0, reason="no video").is_readable
