"""Filling a store: once each, bounded shards, whole after a kill, and what was wrong is told."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from framecue.errors import DatasetError, InputError, OutputError
from framecue.frame_store import Prepared, StoreFrameSource, StoreOptions, WantedVideo, prepare_store
from framecue.frame_store.index import read_index
from framecue.video import FrameSampling
from support.stored_videos import HereSource, even, write_video

Prepare = Callable[..., Prepared]
SAMPLING = FrameSampling(4, None, 3)


def files(store: Path) -> dict[str, bytes]:
    """All that a store holds, byte by byte."""
    return {path.name: path.read_bytes() for path in store.iterdir() if not path.name.startswith(".")}


def test_what_is_made(prepare: Prepare, folder: Path, tmp_path: Path, here: HereSource) -> None:
    seen: list[tuple[float, int, str]] = []
    made = prepare(progress=lambda done, total: seen.append((float(done), total, Path(done.path).name)))
    # Moments 0, 1/3, 2/3, ... of videos of 1, 1.5, 2, 2.5 and 3 seconds.
    assert (made.num_videos, made.num_decoded, made.num_frames, made.num_shards) == (5, 5, 3 + 5 + 6 + 8 + 9, 1)
    assert made.failed == ()
    assert made.size_bytes == (tmp_path / "store" / "shard-00000.tar").stat().st_size
    assert seen == [(0, 5, ""), *((number + 1, 5, f"{number}.mp4") for number in range(5))]
    assert sorted(files(tmp_path / "store")) == ["index.parquet", "shard-00000.tar", "store.json"]
    again = prepare()
    assert (again.num_decoded, again.num_frames) == (0, made.num_frames)
    assert here.asked == [f"{number}.mp4" for number in range(5)]


def test_shards_are_bounded_and_never_written_again(prepare: Prepare, folder: Path, tmp_path: Path) -> None:
    made = prepare(shard_bytes=12_000)
    store = tmp_path / "store"
    assert made.num_shards > 2
    shards = sorted(store.glob("*.tar"))
    assert all(shard.stat().st_size < 12_000 + 4_096 for shard in shards)
    before = {shard: (shard.stat().st_mtime_ns, shard.read_bytes()) for shard in shards}
    write_video(folder / "new.mp4", even(1))
    more = prepare(shard_bytes=12_000)
    assert (more.num_decoded, more.num_shards) == (1, made.num_shards + 1)
    assert {shard: (shard.stat().st_mtime_ns, shard.read_bytes()) for shard in shards} == before
    opened = StoreFrameSource(store)
    for path in folder.iterdir():
        assert opened.read_frames(path, SAMPLING).pixels.shape == (4, 48, 64, 3)


def test_each_file_once_in_all_its_windows(prepare: Prepare, folder: Path, tmp_path: Path, here: HereSource) -> None:
    path = folder / "4.mp4"
    made = prepare(WantedVideo(path, 1.2, 1.8), WantedVideo(path, 0.4, 0.9))
    assert here.asked == ["4.mp4"]
    assert (made.num_videos, made.num_frames) == (1, 6)  # the seconds 0 to 2
    assert prepare(WantedVideo(path, 0.5, 1.7)).num_decoded == 0
    assert prepare(WantedVideo(path, 0.5, None)).num_decoded == 1
    StoreFrameSource(tmp_path / "store").read_frames(path, SAMPLING, start_seconds=0.5)


def test_a_file_that_changed_is_read_again(prepare: Prepare, folder: Path, tmp_path: Path, here: HereSource) -> None:
    prepare()
    write_video(folder / "0.mp4", even(2))
    os.utime(folder / "1.mp4", ns=(0, 0))
    here.asked.clear()
    assert prepare().num_decoded == 2
    assert here.asked == ["0.mp4", "1.mp4"]
    opened = StoreFrameSource(tmp_path / "store")
    assert opened.read_frames(folder / "0.mp4", FrameSampling(6, None, 3)).times_seconds[-1] > 1.5


def test_a_video_that_cannot_be_read_is_noted_and_the_run_goes_on(
    prepare: Prepare, folder: Path, tmp_path: Path, here: HereSource, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "2 broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" * 9)
    made = prepare(*sorted(folder.iterdir()), folder / "gone.mp4")
    assert (made.num_videos, made.num_decoded) == (7, 5)
    assert [(Path(path).name, reason.partition(" ")[0]) for path, reason in made.failed] == [
        ("2 broken.mp4", made.failed[0][1].partition(" ")[0]),
        ("gone.mp4", "no"),
    ]
    assert "2 broken.mp4" in caplog.text
    rows = read_index(tmp_path / "store").videos
    assert rows["2 broken.mp4"].reason == made.failed[0][1]
    num_shards = len(list((tmp_path / "store").glob("*.tar")))
    for _ in range(2):  # tried again, as it may be there; the same words are not noted twice
        assert prepare(*sorted(folder.iterdir()), folder / "gone.mp4").failed == made.failed
    assert len(list((tmp_path / "store").glob("*.tar"))) == num_shards
    write_video(folder / "gone.mp4", even(1))
    assert [Path(path).name for path, _ in prepare(*sorted(folder.iterdir())).failed] == ["2 broken.mp4"]
    assert here.asked.count("gone.mp4") == 4


@pytest.mark.isolated
def test_files_are_decoded_in_other_processes(prepare: Prepare, folder: Path, tmp_path: Path) -> None:
    """The same bytes, whoever decodes, and however many at once."""
    (folder / "3 broken.mp4").write_bytes(b"no video")
    prepare()
    videos = [WantedVideo(path) for path in sorted(folder.iterdir())]
    prepare_store(tmp_path / "isolated", videos, root=folder, num_workers=2)
    assert files(tmp_path / "isolated") == files(tmp_path / "store")


class Stopped(BaseException):
    pass


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4])
def test_a_run_that_was_stopped_goes_on(
    prepare: Prepare, tmp_path: Path, here: HereSource, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    prepare(store="whole", shard_bytes=15_000)
    asked, read = list(here.asked), here.read_grid
    here.asked.clear()

    def stopping(path, options):
        if len(here.asked) == stop_after:
            raise Stopped
        return read(path, options)

    monkeypatch.setattr(here, "read_grid", stopping)
    with pytest.raises(Stopped):
        prepare(shard_bytes=15_000)
    monkeypatch.setattr(here, "read_grid", read)
    assert prepare(shard_bytes=15_000).num_videos == 5
    assert here.asked == asked  # nothing twice
    assert files(tmp_path / "store") == files(tmp_path / "whole")


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.8, 0.97, 0.999])
def test_a_shard_that_was_being_written(prepare: Prepare, tmp_path: Path, here: HereSource, kept: float) -> None:
    """Cut anywhere, as by a kill or a loss of power, the unfinished shard is mended."""
    prepare()
    store = tmp_path / "store"
    whole = files(store)
    data = whole["shard-00000.tar"]
    (store / "shard-00000.tar").unlink()
    (store / "index.parquet").unlink()
    (store / "shard-00000.tar.partial").write_bytes(data[: round(len(data) * kept)] + b"\xff" * 77)
    here.asked.clear()
    assert prepare().num_videos == 5
    assert files(store) == whole
    assert len(here.asked) <= 5 - int(kept * 4)


def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_files(folder: Path, tmp_path: Path) -> None:
    """SIGKILL while it writes, again and again; each run begins where the last one was."""
    for number in range(5, 40):
        shutil.copy(folder / f"{number % 5}.mp4", folder / f"{number:02d}.mp4")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from framecue.frame_store import *\n"
        "from framecue.video import read_grid\n"
        "class Here:\n"
        "    def read_grid(self, path, options):\n"
        "        return read_grid(path, options)\n"
        "folder, store, slow = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])\n"
        "videos = [WantedVideo(path) for path in sorted(folder.iterdir())]\n"
        "def tell(done, total):\n"
        "    print(int(done), flush=True)\n"
        "    time.sleep(slow)\n"
        "prepare_store(store, videos, root=folder, num_workers=1, shard_bytes=40_000, source=Here(), progress=tell)\n"
    )

    def start(store: str, slow: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(folder), str(tmp_path / store), str(slow)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with start("whole", 0) as run:
        run.communicate()
        assert run.returncode == 0
    begun = []
    for _ in range(2):
        with start("killed", 0.02) as run:
            assert run.stdout is not None
            begun.append(int(run.stdout.readline()))
            for _ in range(9):
                run.stdout.readline()
            os.kill(run.pid, signal.SIGKILL)
    with start("killed", 0) as run:
        begun.append(int(run.communicate()[0].split()[0]))
        assert run.returncode == 0
    assert 0 == begun[0] < begun[1] < begun[2] < 40
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_other_options_and_other_folders_are_refused(prepare: Prepare, folder: Path, tmp_path: Path) -> None:
    prepare()
    for options in ({"frames_per_second": 1.0}, {"short_side": 128}, {"quality": 80}):
        with pytest.raises(DatasetError, match=r"store: holds frames at 3 a second, short side 256, quality 90; asked"):
            prepare(**options)
    with pytest.raises(DatasetError, match=r"videos: holds something else already \(0.mp4\); name a new"):
        prepare(store="videos")
    (tmp_path / "store" / "store.json").unlink()
    with pytest.raises(DatasetError, match=r"has shards, but no store.json; restore it, or name another folder"):
        prepare()
    with pytest.raises(DatasetError, match="is a file; name a folder"):
        prepare(store="videos/0.mp4")
    with pytest.raises(InputError, match="no videos to prepare"):
        prepare_store(tmp_path / "new", [], root=folder)
    for option in ("num_workers", "shard_bytes"):
        with pytest.raises(InputError, match=f"{option} is 0"):
            prepare_store(tmp_path / "new", [WantedVideo(folder / "0.mp4")], root=folder, **{option: 0})
    with pytest.raises(InputError, match="short_side is 3; it must be at least 16"):
        StoreOptions(short_side=3)


def test_one_run_at_a_time(prepare: Prepare, tmp_path: Path) -> None:
    prepare()
    with FileLock(tmp_path / "store" / ".framecue.lock"), pytest.raises(DatasetError, match="another run is filling"):
        prepare()


def test_a_disk_that_will_not_hold_the_rest(
    prepare: Prepare, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5, 20):
        shutil.copy(folder / "4.mp4", folder / f"{number}.mp4")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10_000))
    with pytest.raises(OutputError, match=r"left will take about 0.0 GB, and 0.0 GB are free; make room and run"):
        prepare()
    monkeypatch.undo()
    assert prepare().num_decoded < 5  # what was done is not lost


@pytest.mark.parametrize("where", ["shard", "index"])
def test_a_full_disk(prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*(("os.fsync", full) if where == "shard" else ("pyarrow.parquet.write_table", full)))
        with pytest.raises(OutputError, match="No space left on device"):
            prepare()
    assert prepare().num_decoded == 0


def test_it_can_be_read_while_it_grows(prepare: Prepare, folder: Path, tmp_path: Path) -> None:
    """The index tells of finished shards alone."""
    seen: list[int] = []

    def look(done: float, total: int) -> None:
        if (tmp_path / "store" / "index.parquet").exists():
            opened = StoreFrameSource(tmp_path / "store")
            known = [path for path in folder.iterdir() if opened._find(path) is not None]
            for path in known:
                opened.read_frames(path, SAMPLING)
            seen.append(len(known))

    prepare(shard_bytes=9_000, progress=look)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 5


def test_lost_and_damaged_shards_are_filled_in(
    prepare: Prepare, folder: Path, tmp_path: Path, here: HereSource, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(shard_bytes=12_000)
    store = tmp_path / "store"
    (store / "shard-00000.tar").unlink()
    cut = store / "shard-00001.tar"
    cut.write_bytes(cut.read_bytes()[:-3_000])
    here.asked.clear()
    made = prepare(shard_bytes=12_000)
    assert 1 < len(here.asked) < 5
    assert "shard-00000.tar is not there" in caplog.text
    assert "shard-00001.tar has" in caplog.text
    opened = StoreFrameSource(store)
    for path in folder.iterdir():
        opened.read_frames(path, SAMPLING)
    assert made.num_decoded == len(here.asked)
    assert prepare(shard_bytes=12_000).num_decoded == 0


def test_a_lost_or_damaged_index_is_made_anew(
    prepare: Prepare, tmp_path: Path, here: HereSource, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(shard_bytes=12_000)
    store = tmp_path / "store"
    whole = files(store)
    for damaged in (None, b"PAR1 no more", whole["index.parquet"][:-99], b""):
        index = store / "index.parquet"
        index.unlink()
        with pytest.raises(DatasetError, match=r"the frame store has no index yet; `framecue datasets prepare"):
            StoreFrameSource(store)
        if damaged is not None:
            index.write_bytes(damaged)
            with pytest.raises(DatasetError, match=r"index.parquet: cannot be read .*; remove it, and `framecue"):
                StoreFrameSource(store)
        here.asked.clear()
        prepare(shard_bytes=12_000)
        assert here.asked == []
        assert files(store) == whole
    assert "making it anew from the shards" in caplog.text


@pytest.mark.isolated
def test_videos_in_an_archive(folder: Path, tmp_path: Path) -> None:
    """They are decoded where they lie, found again, and read anew if the archive has changed."""
    shard, store = tmp_path / "shard.tar", tmp_path / "store"

    def pack(*names: str) -> None:
        with tarfile.open(shard, "w") as tar:
            for place, name in enumerate(names):
                tar.add(folder / name, f"{place}.mp4")

    def make() -> Prepared:
        return prepare_store(store, [WantedVideo(shard / "0.mp4"), WantedVideo(shard / "1.mp4")], root=tmp_path)

    pack("0.mp4", "4.mp4")
    assert (make().num_decoded, make().num_decoded) == (2, 0)
    held = read_index(store).videos
    assert {name: video.size_bytes for name, video in held.items()} == {
        "shard.tar/0.mp4": (folder / "0.mp4").stat().st_size,
        "shard.tar/1.mp4": (folder / "4.mp4").stat().st_size,
    }
    opened = StoreFrameSource(store)
    assert opened.read_frames(shard / "1.mp4", SAMPLING).times_seconds[-1] > 2
    pack("0.mp4", "2.mp4")
    with pytest.raises(DatasetError, match="reads it again"):
        StoreFrameSource(store).read_frames(shard / "1.mp4", SAMPLING)
    assert make().num_decoded == 2
    assert StoreFrameSource(store).read_frames(shard / "1.mp4", SAMPLING).times_seconds[-1] < 2
    shard.unlink()
    assert StoreFrameSource(store).read_frames(shard / "1.mp4", SAMPLING).times_seconds[-1] < 2


def test_a_store_that_another_folder_fills_is_told(
    prepare: Prepare, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prepare()
    prepare()
    source = StoreFrameSource(tmp_path / "store", data_dir=folder)
    source.require(folder.iterdir())
    assert caplog.messages == []
    moved = folder.rename(tmp_path / "moved")
    source = StoreFrameSource(tmp_path / "store", data_dir=moved)
    source.require(moved.iterdir())
    (told,) = caplog.messages
    assert f"store was filled from {folder}; a video in {moved} is taken for the one of its name there" in told
    caplog.clear()
    made = prepare(*sorted(moved.iterdir()), root=moved)
    assert made.num_decoded == 0
    assert [message for message in caplog.messages if "make a store for each" in message] == [
        f"{tmp_path / 'store'} holds frames of the data set in {folder}, and goes on with {moved}: where these are two "
        "data sets, make a store for each, as videos of the same names take each other's place"
    ]
    caplog.clear()
    StoreFrameSource(tmp_path / "store", data_dir=moved).require(moved.iterdir())
    assert caplog.messages == []
