from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.cli import sheet as sheet_module
from framecue.cli.sheet import FRAME_SIZE, FRAMES_SHOWN, SheetRow, contact_sheet
from framecue.errors import InputError
from framecue.library import BestFrame, Explanation, Library
from framecue.library.results import Hit
from framecue.video import write_video

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "yellow": (220, 220, 30)}
PAPER, EMPTY = (250, 250, 250), (232, 232, 232)
MARK = (20, 140, 70)
STEP = FRAME_SIZE[0] + 3
STRIP = FRAMES_SHOWN * STEP - 3


def hit(path: Path | str, rank: int = 1, start_seconds: float = 0.0, end_seconds: float = 2.0) -> Hit:
    return Hit(rank, str(path), start_seconds, end_seconds, 1 / rank, "hash", 2.0)


def frame_at(sheet: np.ndarray, row: int, column: int, place: int) -> np.ndarray:
    """The pixels of a frame, without its edge; the layout is worked out here on its own."""
    top = 16 + row * (20 + 6 + FRAME_SIZE[1] + 20 + 16) + 26
    left = 16 + column * (STRIP + 16) + place * STEP
    return sheet[top + 4 : top + FRAME_SIZE[1] - 4, left + 4 : left + FRAME_SIZE[0] - 4]


def label_at(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    top = 16 + row * (20 + 6 + FRAME_SIZE[1] + 20 + 16) + 26 + FRAME_SIZE[1] + 3
    left = 16 + column * (STRIP + 16)
    return sheet[top : top + 18, left : left + STRIP]


def has_colour(pixels: np.ndarray, colour: tuple[int, int, int], *, within: int = 12) -> bool:
    return bool((np.abs(pixels.astype(int) - colour).max(axis=-1) <= within).any())


def is_colour(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    # Chroma subsampling and the encoder shift a colour a little.
    return bool(np.abs(pixels.reshape(-1, 3).mean(axis=0) - colour).max() < 12)


def draw(rows: list[SheetRow], folder: Path) -> np.ndarray:
    file = contact_sheet(rows, folder / "sheet.png", overwrite=True)
    assert file == folder / "sheet.png"
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


@pytest.fixture
def videos(tmp_path: Path) -> dict[str, Path]:
    """A clip of each colour, and one that goes through red, green and blue."""
    made = {}
    for name in (*COLOURS, "changing"):
        colours = ["red", "green", "blue"] if name == "changing" else [name] * 3
        frames = [np.full((64, 64, 3), COLOURS[colour], dtype=np.uint8) for colour in colours for _ in range(5)]
        made[name] = tmp_path / f"{name}.mp4"
        write_video(made[name], frames, frames_per_second=7.5)
    return made


def test_frames_are_where_they_belong(videos: dict[str, Path], tmp_path: Path) -> None:
    rows = [
        SheetRow("first", [hit(videos["red"], 1), hit(videos["green"], 2), hit(videos["blue"], 3)]),
        SheetRow("second", [hit(videos["yellow"], 1), hit(videos["red"], 2), hit(videos["green"], 3)]),
    ]
    sheet = draw(rows, tmp_path)
    assert sheet.shape == (16 + 2 * 146, 16 + 3 * (STRIP + 16), 3)
    for row, names in enumerate((["red", "green", "blue"], ["yellow", "red", "green"])):
        for column, name in enumerate(names):
            for place in range(FRAMES_SHOWN):
                assert is_colour(frame_at(sheet, row, column, place), COLOURS[name])
            assert has_colour(label_at(sheet, row, column), (110, 110, 110), within=40)


def test_frames_are_in_the_order_of_time_and_of_the_moment_that_was_found(
    videos: dict[str, Path], tmp_path: Path
) -> None:
    whole, end = hit(videos["changing"]), hit(videos["changing"], 2, start_seconds=4 / 3)
    sheet = draw([SheetRow("changes", [whole, end])], tmp_path)
    shown = [next(n for n in COLOURS if is_colour(frame_at(sheet, 0, 0, p), COLOURS[n])) for p in range(5)]
    assert shown == sorted(shown, key=["red", "green", "blue"].index)
    assert set(shown) == {"red", "green", "blue"}
    assert all(is_colour(frame_at(sheet, 0, 1, place), COLOURS["blue"]) for place in range(FRAMES_SHOWN))


def test_the_right_answer_alone_is_marked(videos: dict[str, Path], tmp_path: Path) -> None:
    hits = [hit(videos["red"], 1), hit(videos["blue"], 2)]
    marked = draw([SheetRow("x", hits, expected=str(videos["blue"])), SheetRow("y", hits, expected="gone")], tmp_path)
    for row, column, is_right in ((0, 0, False), (0, 1, True), (1, 0, False), (1, 1, False)):
        assert has_colour(label_at(marked, row, column), MARK) is is_right
        left, top = 16 + column * (STRIP + 16), 16 + row * 146 + 26
        frame = marked[top - 3, left - 3 : left + STRIP + 2]
        assert bool((frame == MARK).all()) is is_right
    assert not has_colour(draw([SheetRow("x", hits)], tmp_path), MARK, within=0)


def test_a_vanished_or_damaged_file_keeps_its_place(videos: dict[str, Path], tmp_path: Path) -> None:
    videos["red"].unlink()
    videos["green"].write_bytes(b"not a video")
    sheet = draw(
        [SheetRow("x", [hit(videos[name], i) for i, name in enumerate(("red", "green", "blue"), 1)])], tmp_path
    )
    for column in (0, 1):
        assert has_colour(frame_at(sheet, 0, column, 2), EMPTY, within=0)
        assert has_colour(label_at(sheet, 0, column), (110, 110, 110), within=40)
    assert is_colour(frame_at(sheet, 0, 2, 0), COLOURS["blue"])


def test_a_still_image_and_a_video_that_was_cut_since(videos: dict[str, Path], tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    Image.new("RGB", (80, 80), COLOURS["yellow"]).save(still)
    hits = [hit(still, 1, end_seconds=0.0), hit(videos["red"], 2, start_seconds=60, end_seconds=61)]
    sheet = draw([SheetRow("x", hits)], tmp_path)
    assert all(is_colour(frame_at(sheet, 0, 0, place), COLOURS["yellow"]) for place in range(FRAMES_SHOWN))
    assert has_colour(frame_at(sheet, 0, 1, 2), EMPTY, within=0)


def test_pictures_that_are_not_square_are_shown_whole(tmp_path: Path) -> None:
    wide = np.full((32, 128, 3), COLOURS["red"], dtype=np.uint8)
    wide[:, 64:] = COLOURS["blue"]
    write_video(tmp_path / "wide.mp4", [wide] * 8, frames_per_second=4)
    sheet = draw([SheetRow("x", [hit(tmp_path / "wide.mp4")])], tmp_path)
    frame = frame_at(sheet, 0, 0, 0)
    middle = frame[len(frame) // 2]
    assert is_colour(middle[:20], COLOURS["red"])
    assert is_colour(middle[-20:], COLOURS["blue"])


@pytest.mark.parametrize(
    "query", ["word " * 300, "a\nb\tc\r\nd", "\u732b\u304c\u8df3\u306d\u308b \U0001f408", "", "caf\udce9 [red]"]
)
def test_any_query_fits_on_its_line(videos: dict[str, Path], tmp_path: Path, query: str) -> None:
    sheet = draw([SheetRow(query, [hit(videos["red"])])], tmp_path)
    assert sheet.shape == (16 + 146, 16 + STRIP + 16, 3)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["red"])
    assert (sheet[:, -16:] == PAPER).all()  # nothing runs over the margin
    assert (sheet[:16] == PAPER).all()
    assert has_colour(sheet[16:42], (25, 25, 25), within=60) is bool(query)


def test_a_long_file_name_does_not_run_into_the_next_result(videos: dict[str, Path], tmp_path: Path) -> None:
    long = videos["red"].rename(tmp_path / f"{'x' * 200}.mp4")
    sheet = draw([SheetRow("x", [hit(long, 1), hit(videos["blue"], 2)])], tmp_path)
    top = 16 + 26 + FRAME_SIZE[1] + 3
    assert (sheet[top : top + 18, 16 + STRIP : 16 + STRIP + 16] == PAPER).all()


def test_queries_that_found_nothing(videos: dict[str, Path], tmp_path: Path) -> None:
    sheet = draw([SheetRow("found nothing", []), SheetRow("found one", [hit(videos["red"])])], tmp_path)
    assert (frame_at(sheet, 0, 0, 0) == PAPER).all()
    assert is_colour(frame_at(sheet, 1, 0, 0), COLOURS["red"])
    assert draw([SheetRow("found nothing", [])], tmp_path).shape == (16 + 146, 16 + STRIP + 16, 3)


def test_what_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    rows = [SheetRow("x", [])]
    with pytest.raises(InputError, match="give at least one"):
        contact_sheet([], tmp_path / "sheet.png")
    with pytest.raises(InputError, match=r"missing/sheet\.png: cannot be written \(No such file or directory\)"):
        contact_sheet(rows, tmp_path / "missing" / "sheet.png")
    with pytest.raises(InputError, match=r"sheet\.txt: not the name of a picture file .*\.png"):
        contact_sheet(rows, tmp_path / "sheet.txt")


def test_results_go_on_in_the_next_line_after_the_third(videos: dict[str, Path], tmp_path: Path) -> None:
    order = ["red", "green", "blue", "yellow", "red", "green", "blue"]
    rows = [
        SheetRow("many", [hit(videos[name], rank) for rank, name in enumerate(order, 1)]),
        SheetRow("one", [hit(videos["yellow"])]),
    ]
    sheet = draw(rows, tmp_path)
    cell = FRAME_SIZE[1] + 20 + 16
    assert sheet.shape == (16 + (26 + 3 * cell) + (26 + cell), 16 + 3 * (STRIP + 16), 3)
    for place, name in enumerate(order):
        top, left = 16 + 26 + place // 3 * cell, 16 + place % 3 * (STRIP + 16)
        assert is_colour(sheet[top + 4 : top + 80, left + 4 : left + 80], COLOURS[name])
    top = 16 + 26 + 3 * cell + 26
    assert is_colour(sheet[top + 4 : top + 80, 20:96], COLOURS["yellow"])
    assert (sheet[16 + 26 + 2 * cell : 16 + 26 + 3 * cell, 16 + STRIP + 16 :] == PAPER).all()


def picture(colour: str, *, side: int = 40, kind: str = "WEBP") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), COLOURS[colour]).save(buffer, kind)
    return buffer.getvalue()


def test_the_thumbnail_of_a_file_that_is_gone(videos: dict[str, Path], tmp_path: Path) -> None:
    videos["green"].unlink()
    videos["blue"].unlink()
    hits = [hit(videos[name], rank) for rank, name in enumerate(("red", "green", "blue"), 1)]
    thumbnails = (picture("yellow"), picture("green"), b"no picture")
    sheet = draw([SheetRow("x", hits, thumbnails=thumbnails)], tmp_path)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["red"])  # the file itself, where it is there
    assert is_colour(frame_at(sheet, 0, 1, 0), COLOURS["green"])
    assert has_colour(frame_at(sheet, 0, 1, 2), EMPTY, within=0)
    assert has_colour(frame_at(sheet, 0, 1, 1), (110, 110, 110), within=40)  # the note, beside the picture
    assert has_colour(frame_at(sheet, 0, 2, 0), EMPTY, within=0)


def test_a_library_may_keep_what_is_no_small_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hits = [hit(tmp_path / "gone.mp4", rank) for rank in (1, 2)]
    row = SheetRow("x", hits, thumbnails=(picture("green", side=1025), picture("green", kind="PNG")))
    sheet = draw([row], tmp_path)
    for column in range(2):
        assert has_colour(frame_at(sheet, 0, column, 0), EMPTY, within=0)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)  # Pillow warns of more, and opens no more than twice that
    thumbnails = (picture("green", side=500), picture("green", side=700))
    sheet = draw([SheetRow("x", hits, thumbnails=thumbnails)], tmp_path)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["green"])
    assert has_colour(frame_at(sheet, 0, 1, 0), EMPTY, within=0)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_file_that_crashes_the_decoder_costs_its_own_place(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import sys; sys.path[:] = sys.argv[1:]\n"
        "import ctypes\n"
        "from framecue.video.isolate import serve\n"
        "serve.main(lambda question, decide: (\n"
        "    ctypes.string_at(0) if 'green' in question.path else question.answer(decide)))\n"
    )
    monkeypatch.setattr("framecue.video.isolate.process._BOOTSTRAP", script)
    hits = [hit(videos[name], rank) for rank, name in enumerate(("red", "green", "blue"), 1)]
    sheet = draw([SheetRow("x", hits)], tmp_path)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["red"])
    assert has_colour(frame_at(sheet, 0, 1, 0), EMPTY, within=0)
    assert is_colour(frame_at(sheet, 0, 2, 0), COLOURS["blue"])


def test_the_frame_that_matched_best_is_shown_and_outlined(videos: dict[str, Path], tmp_path: Path) -> None:
    frame = BestFrame(1.1, 0.5, np.full((90, 90, 3), COLOURS["yellow"], dtype=np.uint8))
    explained = replace(hit(videos["changing"]), explanation=Explanation([], frame))
    gone = replace(hit(videos["red"], 2), explanation=Explanation([], None, "no such file"))
    sheet = draw([SheetRow("x", [explained, gone])], tmp_path)
    assert [is_colour(frame_at(sheet, 0, 0, place), COLOURS["yellow"]) for place in range(5)].count(True) == 1
    assert is_colour(frame_at(sheet, 0, 0, 2), COLOURS["yellow"])  # of 2 s, the nearest in time
    edge = 16 + 2 * STEP
    assert (sheet[42 : 42 + FRAME_SIZE[1], edge : edge + 3] == (230, 130, 0)).all()
    assert not has_colour(sheet[:, 16 + STRIP :], (230, 130, 0), within=0)


def test_a_moment_has_its_times_and_a_whole_video_has_none(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = sheet_module._write
    monkeypatch.setattr(sheet_module, "_write", lambda *args, **kw: (written.append(args[2]), write(*args, **kw)))
    part = hit(videos["changing"], 2, start_seconds=0.5, end_seconds=1.25)
    draw([SheetRow("x", [hit(videos["red"], end_seconds=1.95), part])], tmp_path)
    assert written == ["x", "1.  1.000  red.mp4", "2.  0.500  0:00.5-0:01.2  changing.mp4"]


@pytest.mark.parametrize("there", [True, False])
def test_letters_beyond_ascii_are_written_as_well_as_the_machine_can(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if not there:
        monkeypatch.setattr(sheet_module, "_FONTS", ())
        assert sheet_module._system_font(12) is None
    assert sheet_module._ascii("süße Żółty 猫") == "su?e Zo?ty ?"
    sheet = draw([SheetRow("süße Häuser", [])], tmp_path)
    assert has_colour(sheet[16:42], (25, 25, 25), within=60)


def test_what_exists_and_what_is_indexed(run, loader, clips: Path, tmp_path: Path, colour_model) -> None:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    video = clips / "red.mp4"
    picture, link = tmp_path / "sheet.png", tmp_path / "link.png"
    picture.write_text("mine")
    os.link(video, link)
    before = video.read_bytes()
    asked = len(loader.asked)
    for output, options, says in [
        (picture, [], "exists already; name another file, or replace it (--force, overwrite=True)"),
        (video, ["--force"], "is the video itself, which is never replaced"),
        (link, ["--force"], f"is the video itself ({video}), which is never replaced"),
        ("s3://bucket/a.png", [], "s3://bucket/a.png: files in object stores and on the web cannot be written yet"),
        (tmp_path / "none" / "a.png", [], "cannot be written"),
    ]:
        result = run("search", "red", "--library", uri, "--sheet", output, *options)
        assert (result.code, result.out) == (1, "")
        assert says in result.err
    assert len(loader.asked) == asked  # said before a model is loaded
    assert (picture.read_text(), video.read_bytes()) == ("mine", before)
    assert run("search", "red", "--library", uri, "--sheet", picture, "--force").code == 0
    with Image.open(picture) as made:
        assert made.format == "PNG"
