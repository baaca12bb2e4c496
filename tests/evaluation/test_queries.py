from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framecue.datasets.clips import Clip, Twin
from framecue.errors import DatasetError
from framecue.evaluation.queries import clip_id, queries_of

CLIPS = [
    Clip(Path("data/clips/a.mp4"), ("a dog", "a cat"), "test"),
    Clip(Path("data/clips/b c.mp4"), ("a man",), "test", start_seconds=1.5, end_seconds=4.0),
    Clip(Path("data/clips/b c.mp4"), ("a cat",), "test", end_seconds=1.5),
]


def test_names_are_relative_to_the_folder_and_say_the_window() -> None:
    queries = queries_of(CLIPS, Path("data"))
    assert queries.video_ids == ("clips/a.mp4", "clips/b c.mp4@1.5-4", "clips/b c.mp4@0-1.5")
    assert queries.text_ids == (
        "clips/a.mp4#0",
        "clips/a.mp4#1",
        "clips/b c.mp4@1.5-4#0",
        "clips/b c.mp4@0-1.5#0",
    )
    assert queries.texts == ("a dog", "a cat", "a man", "a cat")
    assert queries.owners.tolist() == [0, 0, 1, 2]
    assert clip_id(CLIPS[0]) == "data/clips/a.mp4"
    assert clip_id(CLIPS[0], Path("elsewhere")) == "data/clips/a.mp4"


def test_the_hash_is_that_of_names_and_captions_wherever_they_lie() -> None:
    moved = [replace(clip, video=Path("other") / clip.video.relative_to("data")) for clip in CLIPS]
    ours = queries_of(CLIPS, Path("data")).data_hash
    assert queries_of(moved, Path("other")).data_hash == ours
    others = (
        CLIPS[:2],
        [CLIPS[1], CLIPS[0], CLIPS[2]],
        [replace(CLIPS[0], captions=("a dog", "a bat")), *CLIPS[1:]],
        [*CLIPS[:2], replace(CLIPS[2], end_seconds=2.0)],
    )
    hashes = {queries_of(other, Path("data")).data_hash for other in others}
    assert len(hashes | {ours}) == 5


def test_a_clip_that_is_there_twice_is_named() -> None:
    with pytest.raises(DatasetError, match=r"clips/a\.mp4: is twice in the split"):
        queries_of([*CLIPS, CLIPS[0]], Path("data"))


def test_a_caption_that_no_model_can_read_is_named_by_its_video() -> None:
    twin = Twin(Path("data/back.mp4"), ("fine", "a" * 10_001))
    for clips, says in (
        ([Clip(Path("data/a.mp4"), ("fine", "\ud800"), "test")], "data/a.mp4, caption 2: the text"),
        ([Clip(Path("data/a.mp4"), ("a" * 10_000,), "test", twin)], "data/back.mp4, caption 2: the text"),
    ):
        with pytest.raises(DatasetError, match=says):
            queries_of(clips)
