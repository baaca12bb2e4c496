"""Which files are indexed, which are passed over, which are not read again: pictures, sound, texts, damaged ones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import framecue.library.store.records
from framecue.cli.sheet import SheetRow, contact_sheet
from framecue.errors import InputError, VideoError
from framecue.library import Filters, Library, PassedOver
from framecue.library.library import SUFFIXES
from framecue.video import VIDEO_SUFFIXES, clip_video, read_moments
from support.colours import COLOURS


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    return Library(tmp_path / "l.lance", model=colour_model)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, in their order."""
    names: list[str] = []

    def read(path: str, *rest: object) -> Iterator[object]:
        names.append(os.path.basename(path))  # noqa: PTH119
        return read_moments(path, *rest)

    class Readers:
        def __enter__(self) -> list[Callable[..., Iterator[object]]]:
            return [read]

        def __exit__(self, *_: object) -> None:
            """Nothing to end."""

    monkeypatch.setattr("framecue.library.indexing.runner.open_readers", lambda **_: Readers())
    return names


def picture(path: Path, colour: str = "green", **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), COLOURS[colour]).save(path, **options)
    return path


def sound(path: Path, kind: str = "mp4", codec: str = "aac") -> Path:
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=48000)
        stream.layout = "mono"
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts, frame.time_base = 48000, 960 * number, Fraction(1, 48000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


CAMERA_SUFFIXES = """
    .mxf .3gpp .3g2 .m2t .mpe .dv .mod .tod .qt .rm .rmvb .ogm .ogg .m2v .m2p .insv .mk3d .MXF .lrv .h264 .hevc .y4m
    .ivf .nut .wtv .dvr-ms .trp .f4v .360 .MTS .dav
"""


@pytest.mark.parametrize("suffix", CAMERA_SUFFIXES.split())
def test_the_suffixes_of_cameras_and_recorders(suffix: str, library: Library, clips: Path) -> None:
    (clips / "red.mp4").rename(clips / f"red{suffix}")
    assert str(clips / f"red{suffix}") in [unit.path for unit in library.plan(clips).units]
    assert VIDEO_SUFFIXES < SUFFIXES


def test_pictures_are_indexed_when_they_are_wanted(library: Library, clips: Path, asked: list[str]) -> None:
    picture(clips / "green.png")
    picture(clips / "white.jpg", "white")
    report = library.add(clips)
    assert (report.added, report.num_videos, report.num_images, report.passed_over) == (4, 4, 0, PassedOver(images=2))
    assert report.skipped == []
    assert not {"green.png", "white.jpg"} & set(asked)
    report = library.add(clips, images=True)
    assert (report.added, report.unchanged, report.num_videos, report.num_images) == (2, 4, 4, 2)
    assert not report.passed_over
    # What is in the library is looked after.
    os.utime(clips / "green.png", (1, 1))
    report = library.add(clips)
    assert (report.unchanged, report.added, report.num_images, report.passed_over) == (6, 0, 2, PassedOver())
    info = library.info()
    assert (info.num_videos, info.num_images, len(info.files)) == (4, 2, 6)
    assert {file.kind for file in info.files if file.duration_seconds == 0} == {"image"}


def test_a_picture_that_is_named_is_indexed_and_a_folder_of_pictures_says_how(library: Library, tmp_path: Path) -> None:
    path = picture(tmp_path / "p" / "green.png")
    with pytest.raises(InputError, match="1 picture and no video; --images"):
        library.add(path.parent)
    report = library.add(path)
    assert (report.added, report.num_videos, report.num_images) == (1, 0, 1)


@pytest.mark.parametrize("name", ["still.gif", "photo.mp4"])
def test_what_a_file_is_tells_its_content_and_not_its_name(
    library: Library, clips: Path, asked: list[str], name: str
) -> None:
    picture(clips / name, format="GIF" if name.endswith("gif") else "JPEG")
    for _ in range(2):
        report = library.add(clips)
        assert (report.num_videos, report.num_images, report.skipped) == (4, 0, [])
        assert report.passed_over == PassedOver(images=1)
    assert asked.count(name) == 1
    assert library.add(clips, images=True).num_images == 1
    assert library.add(clips).passed_over == PassedOver()


def test_a_video_of_one_frame_and_a_moving_gif_are_videos(library: Library, tmp_path: Path, write_clip) -> None:
    folder = tmp_path / "v"
    write_clip(folder / "one.mp4", "red", seconds=0.125)
    frames = [Image.new("RGB", (8, 8), COLOURS[colour]) for colour in ("red", "green", "blue")]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:], duration=100)
    report = library.add(folder)
    assert (report.num_videos, report.num_images) == (2, 0)


def test_pictures_and_videos_are_told_apart_in_a_search(library: Library, clips: Path, tmp_path: Path) -> None:
    path = picture(clips / "green.png")
    library.add(clips, images=True)
    hits = {hit.path: hit for hit in library.search("green")}
    assert {hit.kind for hit in hits.values()} == {"video", "image"}
    hit = hits[str(path)]
    assert (hit.kind, hit.start_seconds, hit.end_seconds, hit.to_dict()["kind"]) == ("image", 0, 0, "image")
    assert [hit.path for hit in library.search("green", filters=Filters(kind="image"))] == [str(path)]
    assert len(library.search("green", filters=Filters(kind="video"))) == 4
    with pytest.raises(InputError, match="kind is 'film'; known: video, image"):
        Filters(kind="film")
    with pytest.raises(VideoError, match="still image, of which no clip"):
        clip_video(path, tmp_path / "x.mp4", hit.start_seconds, hit.end_seconds)


def test_where_no_kind_is_noted_the_name_says_it(make_store, colour_model, tmp_path: Path) -> None:
    names = ["/a.PNG", "/b.jpeg", "/c.mp4", "/png/d.mov", "/e.png.mp4"]
    store = make_store([{"path": path} for path in names])
    images = set(names[:2])
    for columns in (None, store.columns, [name for name in store.columns if name != "kind"]):
        for kind, expected in (("image", images), ("video", set(names) - images)):
            where = Filters(kind=kind).condition(columns)
            assert set(store.table.scan(["path"], where=where).column("path").to_pylist()) == expected
    assert (store.snapshot().num_videos, store.snapshot().num_images) == (3, 2)


def test_what_shares_a_suffix_with_videos_is_passed_over_and_counted(
    library: Library, clips: Path, asked: list[str]
) -> None:
    shutil.move(clips / "red.mp4", clips / "red.ts")
    (clips / "app.ts").write_text("export const a = 1;\n")
    (clips / "more" / "app.mts").write_text("")
    (clips / "go.mod").write_text("module x\n")
    (clips / "song.mod").write_bytes(bytes(1080) + b"M.K." + bytes(99))
    report = library.add(clips)
    assert (report.num_videos, report.skipped, report.passed_over) == (4, [], PassedOver(sounds=1, others=3))
    assert not {"app.ts", "go.mod", "song.mod"} & set(asked)
    assert library.add(clips).passed_over == PassedOver(sounds=1, others=3)
    # A file that is named is tried.
    assert [item.path for item in library.add(clips / "app.ts").skipped] == [str(clips / "app.ts")]


def test_sound_alone_is_passed_over_and_not_read_again(library: Library, clips: Path, asked: list[str]) -> None:
    sound(clips / "song.mp4")
    sound(clips / "song.ogg", "ogg", "libopus")
    for _ in range(2):
        report = library.add(clips)
        assert (report.skipped, report.passed_over) == ([], PassedOver(sounds=2))
    assert asked.count("song.mp4") == asked.count("song.ogg") == 1
    assert library.info().unreadable == []
    assert [item.reason for item in library.add(clips / "song.mp4").skipped] == ["no video stream, only sound"]


def broken_files(folder: Path) -> dict[str, bytes]:
    whole = (folder / "red.mp4").read_bytes()
    # The index stands at the end: this is what is left of a recording whose camera was switched off.
    return {"cut.mp4": whole[: whole.rindex(b"moov") - 4], "noise.mp4": b"noise" * 999, "empty.mov": b""}


def test_what_cannot_be_read_is_read_once_until_it_changes(library: Library, clips: Path, asked: list[str]) -> None:
    broken = broken_files(clips)
    for name, content in broken.items():
        (clips / name).write_bytes(content)
    first = library.add(clips)
    assert {Path(item.path).name for item in first.skipped} == set(broken)
    asked.clear()
    second = library.add(clips)
    assert (asked, second.skipped, second.unchanged) == ([], [], 4)
    assert sorted(second.still_unreadable, key=lambda item: item.path) == sorted(
        first.skipped, key=lambda item: item.path
    )
    assert library.info().unreadable == second.still_unreadable
    # Asked for, named, or changed: it is read again.
    assert len(library.add(clips, retry=True).skipped) == 3
    assert len(library.add(clips / "cut.mp4").skipped) == 1
    shutil.copy(clips / "blue.mp4", clips / "cut.mp4")
    with (clips / "cut.mp4").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    (clips / "noise.mp4").rename(clips / "renamed.mp4")
    report = library.add(clips)
    assert (report.added, [Path(item.path).name for item in report.skipped]) == (1, ["renamed.mp4"])
    assert [Path(item.path).name for item in library.info().unreadable] == ["empty.mov", "renamed.mp4"]
    # It can be taken out, and is forgotten.
    assert library.remove(clips / "renamed.mp4").removed == 1
    assert len(library.info().unreadable) == 1


def test_another_framecue_reads_it_again(library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clips / "noise.mp4").write_bytes(b"noise" * 999)
    library.add(clips)
    assert len(library.add(clips).still_unreadable) == 1
    monkeypatch.setattr(framecue.library.store.records, "READING", 99)
    assert len(library.add(clips).skipped) == 1


@pytest.mark.parametrize(
    "error",
    [VideoError("x", "the decoder was killed (SIGKILL)"), VideoError("x", "nothing came of it for 60 seconds")],
)
def test_what_may_pass_is_tried_again(
    library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch, error: VideoError
) -> None:
    is_ill = True

    def read(path: str, *rest: object) -> Iterator[object]:
        if is_ill and path.endswith("red.mp4"):
            raise error
        yield from read_moments(path, *rest)

    class Readers:
        def __enter__(self) -> list[Callable[..., Iterator[object]]]:
            return [read]

        def __exit__(self, *_: object) -> None:
            """Nothing to end."""

    monkeypatch.setattr("framecue.library.indexing.runner.open_readers", lambda **_: Readers())
    assert len(library.add(clips).skipped) == 1
    assert library.info().unreadable == []
    is_ill = False
    assert library.add(clips).added == 1


def test_a_broken_file_is_opened_before_it_is_hashed(
    library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clips / "cut.mp4").write_bytes(broken_files(clips)["cut.mp4"])
    hashed: list[str] = []
    content_hash = framecue.video.content_hash
    monkeypatch.setattr(
        "framecue.video.read.moments.content_hash", lambda path: (hashed.append(path), content_hash(path))[1]
    )
    library.add(clips)
    assert str(clips / "cut.mp4") not in hashed
    assert len(hashed) == 4


@pytest.mark.isolated
def test_the_cause_comes_from_the_process_that_reads(library: Library, clips: Path) -> None:
    (clips / "cut.mp4").write_bytes(broken_files(clips)["cut.mp4"])
    sound(clips / "song.mp4")
    first, second = library.add(clips), library.add(clips)
    assert (len(first.skipped), first.still_unreadable, first.passed_over) == (1, [], PassedOver(sounds=1))
    assert (second.skipped, second.still_unreadable, second.passed_over) == ([], first.skipped, PassedOver(sounds=1))


def test_what_is_gone_is_forgotten_and_a_disk_that_is_away_is_not(library: Library, clips: Path, write_clip) -> None:
    for name in ("a/noise.mp4", "b/noise.mp4"):
        write_clip(clips / name, "white").write_bytes(b"noise" * 999)
    library.add(clips)
    for name in ("a", "b"):
        (clips / name / "noise.mp4").unlink()
    (clips / "a" / "words.txt").touch()
    library.add(clips, prune=True)
    # As a mount point without its disk is.
    assert [item.path for item in library.info().unreadable] == [str(clips / "b" / "noise.mp4")]


def test_a_file_that_breaks_keeps_what_the_library_holds_of_it(library: Library, clips: Path, asked: list[str]) -> None:
    library.add(clips)
    (clips / "red.mp4").write_bytes(b"noise" * 999)
    assert len(library.add(clips).skipped) == 1
    asked.clear()
    report = library.add(clips)
    assert (asked, len(report.still_unreadable), report.num_videos) == ([], 1, 4)
    assert library.info().unreadable == report.still_unreadable


def test_removing_a_file_names_the_duplicate_that_takes_its_place(library: Library, clips: Path) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    library.add(clips)
    (duplicate,) = library.info().duplicates
    report = library.remove(duplicate.original)
    assert [(kept.path, kept.under) for kept in report.kept] == [(duplicate.original, duplicate.path)]
    assert library.remove(clips / "red.mp4").kept == []


def test_clips_and_sheets_that_framecue_made_are_passed_over_unless_they_are_named(
    library: Library, clips: Path, asked: list[str]
) -> None:
    library.add(clips)
    (clips / "cuts").mkdir()
    cut = clip_video(clips / "red.mp4", clips / "cuts" / "cut.mp4", 0.0, 0.5).output
    assert contact_sheet([SheetRow("red", library.search("red"))], clips / "sheet.png") == clips / "sheet.png"
    for _ in range(2):
        report = library.add(clips)
        assert (report.added, report.num_videos, report.skipped) == (0, 4, [])
        assert report.passed_over == PassedOver(images=1, clips=1)
    assert library.add(clips, images=True).passed_over == PassedOver(clips=2)
    assert (asked.count("cut.mp4"), asked.count("sheet.png")) == (1, 1)
    assert (library.info().unreadable, library.info().num_images) == ([], 0)
    with pytest.raises(InputError, match="a file that is named is indexed"):
        library.add(cut.parent)
    assert library.add(cut).added == 1
    # What the library holds is looked after, though it has changed.
    clip_video(clips / "blue.mp4", cut, 0.0, 0.5, overwrite=True)
    assert (library.add(clips).changed, library.add(clips).unchanged) == (1, 5)
