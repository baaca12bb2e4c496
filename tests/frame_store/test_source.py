"""Frames from a store are those that the video itself gives to the same sampling, but for the compression."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import DatasetError, InputError, VideoError
from framecue.frame_store import StoreFrameSource, StoreOptions, WantedVideo, prepare_store
from framecue.video import FrameSampling, read_frames
from support.stored_videos import HereSource, psnr, write_video

# What JPEG of quality 90 leaves of smooth pictures; a neighbour on the grid has less than 33.
LEAST = 36.0

VARIABLE = [0.0, 0.04, 0.08, 0.9, 0.95, 1.7, 1.75, 1.8, 2.6, 2.65, 3.9]
KINDS: dict[str, tuple[list[float], dict[str, object]]] = {
    "even": ([number / 10 for number in range(40)], {}),
    "fast": ([number / 50 for number in range(150)], {}),
    "slow": ([float(number) for number in range(5)], {}),
    "variable rate": (VARIABLE, {}),
    "rotated": ([number / 10 for number in range(30)], {"turned": 90}),
    "oblong pixels": ([number / 10 for number in range(30)], {"pixel": Fraction(4, 3)}),
    "two frames": ([0.0, 0.1], {}),
    "one frame": ([0.0], {}),
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of each kind and a store of them, which no test changes."""
    folder = tmp_path_factory.mktemp("kinds")
    for name, (times, shape) in KINDS.items():
        write_video(folder / "videos" / f"{name}.mp4", times, **shape)
    videos = [WantedVideo(path) for path in sorted((folder / "videos").iterdir())]
    options = StoreOptions(short_side=40)
    prepare_store(folder / "store", videos, root=folder / "videos", options=options, num_workers=1, source=HereSource())
    return folder


@pytest.mark.parametrize("sampling", [FrameSampling(4, None, 3), FrameSampling(8, 4, 3), FrameSampling(6, 2, 1)])
@pytest.mark.parametrize("window", [(None, None), (0.5, 1.6), (0.4, 0.45), (1.0, None), (None, 0.7)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_frames_are_those_of_the_video(
    kinds: Path, kind: str, window: tuple[float | None, float | None], sampling: FrameSampling
) -> None:
    path, store = kinds / "videos" / f"{kind}.mp4", StoreFrameSource(kinds / "store")
    start, end = window
    options = {"start_seconds": start, "end_seconds": end, "short_side": 40}
    for seed in (None, 0, 1):
        drawn = [None if seed is None else np.random.default_rng(seed) for _ in range(2)]
        try:
            raw = read_frames(path, sampling, rng=drawn[0], **options)
        except VideoError as error:
            with pytest.raises(VideoError, match=error.reason[:20]):
                store.read_frames(path, sampling, rng=drawn[1], **options)
            continue
        kept = store.read_frames(path, sampling, rng=drawn[1], **options)
        np.testing.assert_array_equal(kept.times_seconds, raw.times_seconds)
        assert kept.pixels.shape == raw.pixels.shape
        assert kept.pixels.dtype == np.uint8
        assert psnr(kept.pixels, raw.pixels) > LEAST
        assert kept.num_replaced == 0
        if seed is not None:  # whatever is drawn next is the same, too
            assert drawn[0].integers(1 << 30) == drawn[1].integers(1 << 30)


def test_the_bound_tells_frames_apart(kinds: Path) -> None:
    store, sampling = StoreFrameSource(kinds / "store"), FrameSampling(12, None, 3)
    kept = store.read_frames(kinds / "videos" / "even.mp4", sampling).pixels
    assert psnr(kept[1:], kept[:-1]) < LEAST - 3


def test_smaller_frames_are_scaled_down(kinds: Path) -> None:
    store, path = StoreFrameSource(kinds / "store"), kinds / "videos" / "rotated.mp4"
    sampling = FrameSampling(3, None, 3)
    for short_side in (30, 10):
        kept, raw = (
            source(path, sampling, short_side=short_side).pixels for source in (store.read_frames, read_frames)
        )
        assert kept.shape == raw.shape
        assert psnr(kept, raw) > 30
    assert store.read_frames(path, sampling).pixels.shape[1:3] == (53, 40)
    assert store.read_frames(path, sampling, short_side=400).pixels.shape[1:3] == (53, 40)
    with pytest.raises(InputError, match="short_side is 0"):
        store.read_frames(path, sampling, short_side=0)


def test_a_grid_that_the_store_does_not_have(kinds: Path) -> None:
    store, path = StoreFrameSource(kinds / "store"), kinds / "videos" / "even.mp4"
    with pytest.raises(InputError, match=r"holds 3 frames a second, .* takes any; .*frames_per_second: 3"):
        store.read_frames(path, FrameSampling(4))
    for rate in (2, 6, 1.7):
        with pytest.raises(InputError, match=r"no multiple of the .* that are wanted; prepare one with --fps"):
            store.read_frames(path, FrameSampling(4, None, rate))
    store.check_rate(1.5)
    with pytest.raises(InputError, match="no window runs from 2"):
        store.read_frames(path, FrameSampling(4, None, 3), start_seconds=2, end_seconds=1)


def test_a_data_set_that_lies_elsewhere_and_videos_that_are_gone(kinds: Path, tmp_path: Path) -> None:
    store, sampling = StoreFrameSource(kinds / "store"), FrameSampling(4, None, 3)
    there = store.read_frames(kinds / "videos" / "even.mp4", sampling)
    moved = store.read_frames(tmp_path / "anywhere" / "even.mp4", sampling)
    np.testing.assert_array_equal(there.pixels, moved.pixels)
    (tmp_path / "even.mp4").write_bytes(b"another film")
    with pytest.raises(DatasetError, match=r"even.mp4: has 12 bytes, and had \d+ when .*prepare.* reads it again"):
        StoreFrameSource(kinds / "store", data_dir=tmp_path).read_frames(tmp_path / "even.mp4", sampling)


def test_a_video_that_the_store_lacks(kinds: Path) -> None:
    store, missing = StoreFrameSource(kinds / "store"), kinds / "videos" / "new.mp4"
    with pytest.raises(DatasetError, match=r"new.mp4: is not in frame store .*`framecue datasets prepare .* adds"):
        store.read_frames(missing, FrameSampling(4, None, 3))
    store.require([kinds / "videos" / "even.mp4"])
    with pytest.raises(DatasetError, match=r"lacks 1 of 2 videos \(.*new.mp4\); `framecue datasets prepare NAME"):
        store.require([missing, kinds / "videos" / "even.mp4", missing])


def test_a_video_that_could_not_be_read(prepare, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.mp4").write_bytes(b"no video at all")
    prepare()
    store = StoreFrameSource(tmp_path / "store")
    store.require([folder / "broken.mp4"])
    with pytest.raises(VideoError, match=r"broken.mp4: .* \(when frame store .* was made\)"):
        store.read_frames(folder / "broken.mp4", FrameSampling(4, None, 3))


def test_windows_that_were_not_wanted(prepare, folder: Path, tmp_path: Path) -> None:
    path = folder / "4.mp4"
    prepare(WantedVideo(path, 1.2, 1.8))
    store, sampling = StoreFrameSource(tmp_path / "store"), FrameSampling(2, None, 3)
    kept, raw = (
        source(path, sampling, start_seconds=1.2, end_seconds=1.8).times_seconds
        for source in (store.read_frames, read_frames)
    )
    np.testing.assert_array_equal(kept, raw)
    with pytest.raises(DatasetError, match=r"holds it from 1\.0 to 2\.0 seconds, .*datasets prepare.* adds the rest"):
        store.read_frames(path, sampling)


def test_stand_ins_are_counted(prepare, folder: Path, tmp_path: Path, here, monkeypatch: pytest.MonkeyPatch) -> None:
    read = here.read_grid

    def damaged(path: Path, options):
        frames = read(path, options)
        return replace(frames, stand_ins=(1, 2))

    monkeypatch.setattr(here, "read_grid", damaged)
    prepare()
    frames = StoreFrameSource(tmp_path / "store").read_frames(folder / "4.mp4", FrameSampling(9, None, 3))
    assert frames.num_replaced == 2


def test_it_is_pickled_and_shared(kinds: Path) -> None:
    store, sampling = StoreFrameSource(kinds / "store"), FrameSampling(4, None, 3)
    paths = [kinds / "videos" / f"{kind}.mp4" for kind in KINDS] * 4
    alone = [store.read_frames(path, sampling).pixels for path in paths]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda path: store.read_frames(path, sampling).pixels, paths))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    again = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(again.read_frames(paths[0], sampling).pixels, alone[0])
    assert len(pickle.dumps(store)) < 1000  # not the index


class TestFilesOfOneName:
    @pytest.fixture
    def store(self, prepare, folder: Path, tmp_path: Path) -> Path:
        (folder / "sub").mkdir()
        # The very file, so that its size does not tell.
        for name in ("sub/0.mp4", "sub/1.mp4"):
            (folder / name).write_bytes((folder / "0.mp4").read_bytes())
        prepare(folder / "0.mp4", folder / "2.mp4", folder / "sub" / "1.mp4")
        return tmp_path / "store"

    def test_a_video_is_known_by_its_path_below_the_data_set(self, store: Path, folder: Path, tmp_path: Path) -> None:
        moved = folder.rename(tmp_path / "moved")
        for source in (
            StoreFrameSource(store, data_dir=moved),
            pickle.loads(pickle.dumps(StoreFrameSource(store, data_dir=moved))),
        ):
            source.require([moved / "0.mp4", moved / "sub" / "1.mp4"])
            with pytest.raises(DatasetError, match=r"lacks 3 of 4 videos \(\S+sub/0\.mp4, \S+/1\.mp4, \S+/0\.mp4\)"):
                source.require([moved / "0.mp4", moved / "sub" / "0.mp4", moved / "1.mp4", tmp_path / "0.mp4"])
            with pytest.raises(DatasetError, match=r"sub/0\.mp4: is not in frame store"):
                source.read_frames(moved / "sub" / "0.mp4", FrameSampling(2, None, 3))

    def test_where_the_data_set_lies_is_told_by_the_others(self, store: Path, folder: Path, tmp_path: Path) -> None:
        source, sampling = StoreFrameSource(store), FrameSampling(2, None, 3)
        with pytest.raises(DatasetError, match=r"lacks 1 of 3 videos \(\S+/sub/0\.mp4\)"):
            source.require([folder / "sub" / "0.mp4", folder / "0.mp4", folder / "sub" / "1.mp4"])
        with pytest.raises(DatasetError, match=r"sub/0\.mp4: is not in frame store"):
            source.read_frames(folder / "sub" / "0.mp4", sampling)
        # A copy of the data set elsewhere is no matter.
        source.require([tmp_path / "copy" / "0.mp4", tmp_path / "copy" / "sub" / "1.mp4"])

    def test_an_end_that_two_videos_have(self, prepare, folder: Path, store: Path) -> None:
        prepare(folder / "0.mp4", folder / "sub" / "0.mp4")
        with pytest.raises(DatasetError, match=r"lacks 1 of 1 videos \(\S+/sub/0\.mp4\)"):
            StoreFrameSource(store).require([folder / "sub" / "0.mp4"])
        StoreFrameSource(store, data_dir=folder).require([folder / "0.mp4", folder / "sub" / "0.mp4"])


class TestDamage:
    @pytest.fixture
    def store(self, prepare, tmp_path: Path) -> Path:
        prepare()
        return tmp_path / "store"

    def test_no_store(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"nothing: there is no frame store; `framecue datasets prepare NAME"):
            StoreFrameSource(tmp_path / "nothing")

    def test_a_shard_is_lost(self, store: Path) -> None:
        (store / "shard-00000.tar").unlink()
        with pytest.raises(DatasetError, match=r"shard-00000.tar: cannot be found .*; restore it, or remove"):
            StoreFrameSource(store)

    def test_a_shard_is_cut_off(self, store: Path) -> None:
        shard = store / "shard-00000.tar"
        shard.write_bytes(shard.read_bytes()[:-1000])
        with pytest.raises(DatasetError, match=r"shard-00000.tar: has \d+ bytes, not \d+; restore it, or remove it"):
            StoreFrameSource(store)

    def test_a_picture_is_damaged(self, store: Path, folder: Path) -> None:
        shard = store / "shard-00000.tar"
        data = bytearray(shard.read_bytes())
        data[700] ^= 1
        shard.write_bytes(data)
        opened, sampling = StoreFrameSource(store), FrameSampling(3, None, 3)
        with pytest.raises(DatasetError, match=r"shard-00000.tar: is damaged \(video 0.mp4\); restore it, or remove"):
            opened.read_frames(folder / "0.mp4", sampling)
        opened.read_frames(folder / "1.mp4", sampling)  # the others are whole

    def test_a_shard_that_goes_while_it_is_read(self, store: Path, folder: Path) -> None:
        opened = StoreFrameSource(store)
        (store / "shard-00000.tar").unlink()
        with pytest.raises(DatasetError, match=r"shard-00000.tar: cannot be read"):
            opened.read_frames(folder / "0.mp4", FrameSampling(3, None, 3))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork(kinds: Path) -> None:
    store, path = StoreFrameSource(kinds / "store"), kinds / "videos" / "even.mp4"
    expected = store.read_frames(path, FrameSampling(4, None, 3)).pixels
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(
        target=lambda: queue.put(store.read_frames(path, FrameSampling(4, None, 3)).pixels), daemon=True
    )
    child.start()
    np.testing.assert_array_equal(queue.get(timeout=60), expected)
    child.join(60)
