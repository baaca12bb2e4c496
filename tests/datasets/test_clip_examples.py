from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from framecue.datasets import Clip, read_captions, write_captions
from framecue.datasets.clip_examples import ClipExamples
from framecue.errors import DatasetError
from framecue.video import Frames, FrameSampling, read_frames, write_video

NUM_FRAMES = 24


def to_pixels(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames[:, :8, :8])).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six videos that count their frames in their brightness, four to train on; each has two captions."""
    folder = tmp_path_factory.mktemp("videos")
    clips = []
    for number in range(6):
        frames = [np.full((16, 16, 3), 5 + 10 * place, dtype=np.uint8) for place in range(NUM_FRAMES)]
        for frame in frames:
            frame[:, :, 2] = 30 * number
        write_video(folder / f"{number}.mp4", frames, frames_per_second=8)
        split = "train" if number < 4 else "val"
        clips.append(Clip(folder / f"{number}.mp4", (f"first of {number}", f"second of {number}"), split))
    write_captions(folder, clips)
    return folder


@pytest.fixture
def damaged(videos: Path, tmp_path: Path) -> Path:
    """The same, with videos 1 and 4 spoilt."""
    for file in videos.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for number in (1, 4):
        (tmp_path / f"{number}.mp4").write_text("no video")
    return tmp_path


def folder_of(data_dir: Path, **options: Any) -> ClipExamples:
    split = options.pop("split", "train")
    chosen = {"sampling": FrameSampling(4), "preprocess": to_pixels, **options}
    return ClipExamples(read_captions(data_dir, split), **chosen)


def places(example: Any) -> list[int]:
    """Which frames an example has."""
    return [round((value - 5) / 10) for value in example.frames[:, 0].float().mean((1, 2)).tolist()]


def test_every_caption_is_an_example_to_train_on(videos: Path) -> None:
    source = folder_of(videos)
    assert len(source) == 8
    examples = source.__getitems__(range(8))
    assert [example.caption for example in examples] == [f"{n} of {v}" for v in range(4) for n in ("first", "second")]
    assert [example.caption for example in examples] == [source.caption_of(index) for index in range(8)]
    assert [example.video_id for example in examples] == [source.video_of(index) for index in range(8)]
    assert len({example.video_id for example in examples}) == 4
    assert examples[0].frames.shape == (4, 3, 8, 8)
    assert examples[0].frames.dtype == torch.uint8


def test_at_test_a_video_has_one_caption_and_the_frames_of_a_library(videos: Path) -> None:
    source = folder_of(videos, split="val", at_test=True)
    examples = source.__getitems__([0, 1])
    assert [example.caption for example in examples] == ["first of 4", "first of 5"]
    assert places(examples[0]) == FrameSampling(4).test_indices(NUM_FRAMES)
    source.set_epoch(3)
    assert places(source.__getitems__([0])[0]) == FrameSampling(4).test_indices(NUM_FRAMES)


def test_frames_come_from_the_seed_the_epoch_and_the_index(videos: Path) -> None:
    source, again, other = folder_of(videos, seed=1), folder_of(videos, seed=1), folder_of(videos, seed=2)
    first = [places(example) for example in source.__getitems__(range(8))]
    assert all(6 * part <= place < 6 * part + 6 for drawn in first for part, place in enumerate(drawn))
    assert [places(again.__getitems__([index])[0]) for index in reversed(range(8))] == first[::-1]
    assert [places(example) for example in other.__getitems__(range(8))] != first
    source.set_epoch(1)
    second = [places(example) for example in source.__getitems__(range(8))]
    assert second != first
    again.set_epoch(1)
    assert [places(example) for example in again.__getitems__(range(8))] == second
    source.set_epoch(0)
    assert [places(example) for example in source.__getitems__(range(8))] == first


def test_captions_of_a_video_draw_frames_of_their_own(videos: Path) -> None:
    drawn = {str(places(example)) for epoch in range(3) for example in _epoch(folder_of(videos), epoch)}
    assert len(drawn) > 20  # of 24


def _epoch(source: ClipExamples, epoch: int) -> list[Any]:
    source.set_epoch(epoch)
    return source.__getitems__(range(len(source)))


def test_an_unreadable_video_is_replaced_in_training(damaged: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = folder_of(damaged)
    with caplog.at_level(logging.WARNING):
        batch = source.__getitems__([0, 2])  # videos 0 and 1: 1 is spoilt, and 0 is in the batch
    assert [example.caption for example in batch] == ["first of 0", "first of 2"]
    assert source.unreadable == [damaged / "1.mp4"]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{damaged / '1.mp4'}: ")
    assert record.getMessage().endswith("; the clip is left out")
    assert "\n" not in record.getMessage()


def test_no_video_stands_twice_after_replacing(damaged: Path) -> None:
    source = folder_of(damaged)
    assert [example.caption for example in source.__getitems__([3, 4])] == ["first of 3", "first of 2"]
    # All others are in the batch: its place stays empty.
    assert [example.caption for example in source.__getitems__([0, 2, 4, 6])] == [
        "first of 0",
        "first of 2",
        "first of 3",
    ]
    assert [example.caption for example in source.__getitems__([7, 2])] == ["second of 3", "first of 2"]


def test_it_is_logged_once(damaged: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = folder_of(damaged)
    with caplog.at_level(logging.WARNING):
        for epoch in range(2):
            _epoch(source, epoch)
            source.__getitems__([2])
    assert len(caplog.records) == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_a_loading_process_finds_out_all_know(damaged: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = folder_of(damaged)
    for _ in range(2):
        loader = DataLoader(source, batch_sampler=[[0, 2], [4, 3]], num_workers=1, collate_fn=list)
        captions = [[example.caption for example in batch] for batch in loader]
        assert captions == [["first of 0", "first of 2"], ["first of 2", "first of 3"]]
    assert source.unreadable == [damaged / "1.mp4"]
    assert capfd.readouterr().err.count("1.mp4") <= 1


def test_at_test_an_unreadable_video_is_left_out(damaged: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = folder_of(damaged, split="val", at_test=True)
    with caplog.at_level(logging.WARNING):
        assert [example.caption for example in source.__getitems__([0, 1])] == ["first of 5"]
        assert source.__getitems__([0]) == []
    assert len(source) == 2
    assert len(caplog.records) == 1


@pytest.mark.parametrize("at_test", [False, True])
def test_nothing_readable_at_all(videos: Path, tmp_path: Path, at_test: bool) -> None:
    (tmp_path / "captions.jsonl").write_bytes((videos / "captions.jsonl").read_bytes())
    for number in range(6):
        (tmp_path / f"{number}.mp4").write_bytes(b"")
    source = folder_of(tmp_path, at_test=at_test)
    with pytest.raises(
        DatasetError, match=r"none of the 4 videos of split 'train' can be read; the first is .*0\.mp4$"
    ):
        source.__getitems__(range(len(source)))


def test_frames_are_read_through_the_source_that_is_given(videos: Path) -> None:
    class Backwards:
        """Plays every file backwards, and notes what it was asked."""

        def __init__(self) -> None:
            self.asked: list[tuple[str, FrameSampling, bool]] = []

        def read_frames(self, path: str | Path, sampling: FrameSampling, *, rng: Any = None, **window: Any) -> Frames:
            self.asked.append((Path(path).name, sampling, rng is not None))
            assert not any(value is not None for value in window.values())
            found = read_frames(path, sampling, rng=rng)
            return dataclasses.replace(found, pixels=found.pixels[::-1])

    source = Backwards()
    examples = folder_of(videos, seed=1, frame_source=source).__getitems__([2, 3])
    plain = folder_of(videos, seed=1).__getitems__([2, 3])
    assert [places(example) for example in examples] == [places(example)[::-1] for example in plain]
    (example,) = folder_of(videos, split="val", at_test=True, frame_source=source).__getitems__([0])
    assert places(example) == FrameSampling(4).test_indices(NUM_FRAMES)[::-1]
    assert source.asked == [("1.mp4", FrameSampling(4), True)] * 2 + [("4.mp4", FrameSampling(4), False)]


def test_a_clip_is_read_in_its_window(videos: Path) -> None:
    # Frames are at 8 a second, and show their places.
    windows = [(None, 1.0), (1.0, 2.0), (2.0, None), (2.0, 30.0)]
    clips = [Clip(videos / "0.mp4", ("x",), "train", None, {}, *window) for window in windows]
    options: dict[str, Any] = {"sampling": FrameSampling(4), "preprocess": to_pixels}
    for at_test in (True, False):
        source = ClipExamples(clips, at_test=at_test, seed=1, **options)
        found = [places(example) for example in source.__getitems__(range(len(clips)))]
        for start, drawn in zip((0, 8, 16, 16), found, strict=True):
            assert all(start <= place < start + 8 for place in drawn), (start, drawn)
            assert drawn == sorted(drawn)


def test_windows_of_a_file_are_videos_of_their_own_unless_they_overlap_in_training(videos: Path) -> None:
    windows = [(0.0, 1.0), (0.5, 1.5), (2.0, 3.0)]
    clips = [Clip(videos / "0.mp4", ("one", "two"), "train", None, {}, *window) for window in windows]
    options: dict[str, Any] = {"sampling": FrameSampling(2), "preprocess": to_pixels}
    training, test = ClipExamples(clips, **options), ClipExamples(clips, at_test=True, **options)
    ids = [training.video_of(index) for index in range(6)]
    assert ids[0] == ids[1] == ids[2] == ids[3] != ids[4] == ids[5]
    assert [test.video_of(index) for index in range(3)] == [clip.key for clip in clips]
    assert [example.video_id for example in test.__getitems__(range(3))] == [clip.key for clip in clips]


def test_a_window_beyond_the_end_costs_its_clip_alone(videos: Path, caplog: pytest.LogCaptureFixture) -> None:
    clips = [Clip(videos / "0.mp4", ("x",), "val", None, {}, *window) for window in ((0.0, 1.0), (50.0, 60.0))]
    source = ClipExamples(clips, sampling=FrameSampling(2), preprocess=to_pixels, at_test=True)
    with caplog.at_level(logging.WARNING):
        assert len(source.__getitems__([0, 1])) == 1
    assert len(caplog.records) == 1


def test_a_video_played_backwards_means_nothing_known(videos: Path) -> None:
    assert folder_of(videos).backwards(0) is None


def test_augmentation_depends_on_seed_epoch_and_index_alone(videos: Path) -> None:
    def noted(frames: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
        drawn = rng.integers(0, 256, 8)
        pixels = to_pixels(frames)
        pixels[:, 1, 0] = torch.from_numpy(drawn).to(torch.uint8)
        return pixels

    def drawn(source: ClipExamples, index: int) -> list[int]:
        frames = source.__getitems__([index])[0].frames
        assert (frames[:, 1, 0] == frames[0, 1, 0]).all()
        return frames[0, 1, 0].tolist()

    plain, source = folder_of(videos, seed=3), folder_of(videos, seed=3)
    source.augment_with(noted)
    seen = [drawn(source, index) for index in range(4)]
    assert len({tuple(each) for each in seen}) == 4
    assert [drawn(source, index) for index in reversed(range(4))] == seen[::-1]
    assert places(source.__getitems__([2])[0]) == places(plain.__getitems__([2])[0])  # the frames are the same
    source.set_epoch(1)
    assert drawn(source, 0) != seen[0]
    source.set_epoch(0)
    assert drawn(source, 0) == seen[0]
    other = folder_of(videos, seed=4)
    other.augment_with(noted)
    assert drawn(other, 0) != seen[0]
