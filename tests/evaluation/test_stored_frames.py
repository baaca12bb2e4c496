"""A model takes its frames from a store: on its own grid, or on the store's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation.stored_frames import take_stored_frames
from framecue.frame_store import StoreFrameSource, StoreOptions, WantedVideo, prepare_store
from framecue.model import load_model
from framecue.video import FrameSampling, PlainFrameSource
from support.stored_videos import HereSource, even, write_video


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "videos" / "a.mp4", even(3))


def make_store(video: Path, **options: float) -> StoreFrameSource:
    kept = StoreOptions(**{"short_side": 40, **options})
    prepare_store(
        video.parents[1] / "store", [WantedVideo(video)], root=video.parent, options=kept, source=HereSource()
    )
    return StoreFrameSource(video.parents[1] / "store")


def test_a_model_without_a_grid_takes_the_stores(clip_folder: Path, video: Path) -> None:
    store, model = make_store(video), load_model(clip_folder)
    assert model.sampling == FrameSampling(12)
    assert take_stored_frames(model, store)
    assert model.sampling == model.train_sampling == FrameSampling(12, None, 3.0)
    assert not take_stored_frames(model, store)
    kept, raw = (model.encode_video(video, source=source) for source in (store, PlainFrameSource()))
    assert float((kept * raw).sum()) > 0.999


def test_a_model_keeps_its_own_grid(clip_folder: Path, video: Path) -> None:
    store = make_store(video)
    model = load_model(clip_folder, options={"frames_per_second": 1.5, "num_test_frames": 4})
    assert not take_stored_frames(model, store)
    assert model.sampling == FrameSampling(4, None, 1.5)
    np.testing.assert_array_equal(
        store.read_frames(video, model.sampling).times_seconds,
        PlainFrameSource().read_frames(video, model.sampling).times_seconds,
    )
    other = load_model(clip_folder, options={"frames_per_second": 2})
    with pytest.raises(InputError, match="holds 3 frames a second, no multiple of the 2 that are wanted"):
        take_stored_frames(other, store)
    with pytest.raises(InputError, match="the model takes 2 frames a second, not 3"):
        other.take_grid(3)


def test_frames_that_are_too_small(clip_folder: Path, video: Path) -> None:
    store = make_store(video, short_side=16)
    with pytest.raises(
        InputError, match=r"short side of 32 pixels, and frame store .* at 16; prepare .*--short-side 32"
    ):
        take_stored_frames(load_model(clip_folder), store)


def test_rates_out_of_range(clip_folder: Path) -> None:
    for rate in (0, -1, 61, float("nan")):
        with pytest.raises(InputError, match="frames_per_second"):
            load_model(clip_folder, options={"frames_per_second": rate})
