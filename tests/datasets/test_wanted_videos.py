from __future__ import annotations

from pathlib import Path

from framecue.datasets import Clip, Twin
from framecue.datasets.wanted_videos import wanted_videos
from framecue.frame_store import WantedVideo


def test_windows_and_twins() -> None:
    clips = [
        Clip(Path("a.mp4"), ("x",), "train", start_seconds=1.0, end_seconds=2.5),
        Clip(Path("b.mp4"), ("y",), "test", Twin(Path("b-back.mp4"), ("z",))),
        Clip(Path("a.mp4"), ("x",), "train", start_seconds=4.0),
    ]
    assert wanted_videos(clips) == [
        WantedVideo(Path("a.mp4"), 1.0, 2.5),
        WantedVideo(Path("b.mp4")),
        WantedVideo(Path("b-back.mp4")),
        WantedVideo(Path("a.mp4"), 4.0, None),
    ]
