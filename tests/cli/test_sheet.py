from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.cli import sheet as sheet_module
from framecue.cli.sheet import SheetRow, contact_sheet
from framecue.errors import InputError
from framecue.library import BestFrame, Explanation, Library
from framecue.library.results import Hit
from framecue.video import IsolatedFrameSource, write_video

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (220, 220, 30),
    "grey": (120, 120, 120),
}
PAPER, EMPTY = (250, 250, 250), (232, 232, 232)
MARK = (20, 140, 70)
FRAMES_SHOWN, WIDTH = 4, 192
STEP = WIDTH + 4
STRIP = FRAMES_SHOWN * STEP - 4
MARGIN, HEADING = 20, 36
WORDS = 6 + 22 + 18  # below a strip: a gap, the line of its name, that of its folder
CELL = WIDTH + WORDS + MARGIN  # of a square video
ROW = HEADING + CELL


def hit(path: Path | str, rank: int = 1, start_seconds: float = 0.0, end_seconds: float = 2.0) -> Hit:
    return Hit(rank, str(path), start_seconds, end_seconds, 1 / rank, "hash", 2.0)


def frame_at(sheet: np.ndarray, row: int, column: int, place: int) -> np.ndarray:
    """The pixels of a frame, without its edge; the layout is worked out here on its own, for square videos."""
    top = MARGIN + row * ROW + HEADING
    left = MARGIN + column * (STRIP + MARGIN) + place * STEP
    return sheet[top + 6 : top + WIDTH - 6, left + 6 : left + WIDTH - 6]


def label_at(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    top = MARGIN + row * ROW + HEADING + WIDTH
    left = MARGIN + column * (STRIP + MARGIN)
    return sheet[top + 4 : top + WORDS, left : left + STRIP]


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
        SheetRow("first", [hit(videos["red"], 1), hit(videos["green"], 2)]),
        SheetRow("second", [hit(videos["yellow"], 1), hit(videos["red"], 2)]),
    ]
    sheet = draw(rows, tmp_path)
    assert sheet.shape == (MARGIN + 2 * ROW, MARGIN + 2 * (STRIP + MARGIN), 3)
    for row, names in enumerate((["red", "green"], ["yellow", "red"])):
        for column, name in enumerate(names):
            for place in range(FRAMES_SHOWN):
                assert is_colour(frame_at(sheet, row, column, place), COLOURS[name])
            assert has_colour(label_at(sheet, row, column), (110, 110, 110), within=40)


def test_frames_are_in_the_order_of_time_and_of_the_moment_that_was_found(
    videos: dict[str, Path], tmp_path: Path
) -> None:
    whole, end = hit(videos["changing"]), hit(videos["changing"], 2, start_seconds=4 / 3)
    sheet = draw([SheetRow("changes", [whole, end])], tmp_path)
    shown = [next(n for n in COLOURS if is_colour(frame_at(sheet, 0, 0, p), COLOURS[n])) for p in range(FRAMES_SHOWN)]
    assert shown == sorted(shown, key=["red", "green", "blue"].index)
    assert set(shown) == {"red", "green", "blue"}
    assert all(is_colour(frame_at(sheet, 0, 1, place), COLOURS["blue"]) for place in range(FRAMES_SHOWN))


def test_the_right_answer_alone_is_marked(videos: dict[str, Path], tmp_path: Path) -> None:
    hits = [hit(videos["red"], 1), hit(videos["blue"], 2)]
    marked = draw([SheetRow("x", hits, expected=str(videos["blue"])), SheetRow("y", hits, expected="gone")], tmp_path)
    for row, column, is_right in ((0, 0, False), (0, 1, True), (1, 0, False), (1, 1, False)):
        assert has_colour(label_at(marked, row, column), MARK) is is_right
        left, top = MARGIN + column * (STRIP + MARGIN), MARGIN + row * ROW + HEADING
        frame = marked[top - 4, left - 4 : left + STRIP + 3]
        assert bool((frame == MARK).all()) is is_right
    assert not has_colour(draw([SheetRow("x", hits)], tmp_path), MARK, within=0)


def test_a_vanished_or_damaged_file_keeps_its_place(videos: dict[str, Path], tmp_path: Path) -> None:
    videos["red"].unlink()
    videos["green"].write_bytes(b"not a video")
    hits = [hit(videos[name], rank) for rank, name in enumerate(("blue", "red", "green"), 1)]
    sheet = draw([SheetRow("x", hits)], tmp_path)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["blue"])
    left, top = MARGIN + STRIP + MARGIN, MARGIN + HEADING
    for number in range(2):  # one below the other, beside the pictures, which are higher
        place = sheet[top : top + 96, left : left + STRIP]
        assert (place[-20:] == EMPTY).all()
        assert has_colour(place, (110, 110, 110), within=40)
        assert has_colour(sheet[top + 96 : top + 96 + WORDS, left : left + STRIP], (25, 25, 25), within=40), number
        top += 96 + WORDS + MARGIN


def test_a_still_image_is_one_picture(videos: dict[str, Path], tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    Image.new("RGB", (80, 80), COLOURS["yellow"]).save(still)
    hits = [hit(still, 1, end_seconds=0.0), hit(videos["red"], 2, start_seconds=60, end_seconds=61)]
    sheet = draw([SheetRow("x", hits)], tmp_path)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["yellow"])
    assert (frame_at(sheet, 0, 0, 1) == PAPER).all()
    assert (sheet[MARGIN + HEADING + 60, MARGIN + STRIP + MARGIN + 20 :][:80] == EMPTY).all()  # was cut since


@pytest.mark.parametrize(
    ("size", "height"), [((72, 128), 108), ((64, 64), 192), ((128, 72), 341), ((96, 128), 144), ((32, 320), 58)]
)
def test_pictures_have_the_shape_of_their_video(tmp_path: Path, size: tuple[int, int], height: int) -> None:
    halves = np.full((*size, 3), COLOURS["red"], dtype=np.uint8)
    halves[:, size[1] // 2 :] = COLOURS["blue"]
    write_video(tmp_path / "a.mp4", [halves] * 8, frames_per_second=4)
    sheet = draw([SheetRow("x", [hit(tmp_path / "a.mp4")])], tmp_path)
    top = MARGIN + HEADING
    assert sheet.shape[0] == top + height + WORDS + MARGIN
    for place in range(FRAMES_SHOWN):
        left = MARGIN + place * STEP
        middle = sheet[top + height // 2 - 3 : top + height // 2 + 3, left : left + WIDTH]
        assert is_colour(middle[:, 4:90], COLOURS["red"])
        assert is_colour(middle[:, 102:188], COLOURS["blue"])
    if size != (32, 320):  # which is shown whole, with bars
        assert is_colour(sheet[top : top + 3, MARGIN : MARGIN + 90], COLOURS["red"])
        assert is_colour(sheet[top + height - 3 : top + height, MARGIN : MARGIN + 90], COLOURS["red"])


@pytest.mark.parametrize(
    "query", ["word " * 300, "a\nb\tc\r\nd", "\u732b\u304c\u8df3\u306d\u308b \U0001f408", "", "caf\udce9 [red]"]
)
def test_any_query_fits_on_its_line(videos: dict[str, Path], tmp_path: Path, query: str) -> None:
    sheet = draw([SheetRow(query, [hit(videos["red"])])], tmp_path)
    assert sheet.shape == (MARGIN + ROW, MARGIN + STRIP + MARGIN, 3)
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["red"])
    assert (sheet[:, -MARGIN:] == PAPER).all()  # nothing runs over the margin
    assert (sheet[: MARGIN - 4] == PAPER).all()
    assert has_colour(sheet[MARGIN : MARGIN + HEADING], (25, 25, 25), within=60) is bool(query)


def test_a_long_name_does_not_run_into_the_next_result(videos: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 40) / ("er" * 60)
    folder.mkdir(parents=True)
    long = videos["red"].rename(folder / f"{'x' * 200}.mp4")
    sheet = draw([SheetRow("x", [hit(long, 1), hit(videos["blue"], 2)])], tmp_path)
    top = MARGIN + HEADING + WIDTH
    assert (sheet[top : top + WORDS, MARGIN + STRIP : MARGIN + STRIP + MARGIN] == PAPER).all()
    assert has_colour(sheet[top + 28 : top + WORDS, MARGIN + 30 : MARGIN + 300], (110, 110, 110), within=40)


def test_queries_that_found_nothing(videos: dict[str, Path], tmp_path: Path) -> None:
    sheet = draw([SheetRow("found nothing", []), SheetRow("found one", [hit(videos["red"])])], tmp_path)
    above = MARGIN + HEADING + 22 + MARGIN
    assert has_colour(sheet[MARGIN + HEADING : above, MARGIN : MARGIN + 120], (110, 110, 110), within=40)
    assert is_colour(sheet[above + HEADING : above + HEADING + WIDTH, MARGIN : MARGIN + WIDTH], COLOURS["red"])


def test_there_is_no_sheet_of_nothing(tmp_path: Path) -> None:
    assert contact_sheet([SheetRow("found nothing", []), SheetRow("nor this", [])], tmp_path / "sheet.png") is None
    assert not (tmp_path / "sheet.png").exists()


def test_results_that_look_the_same_are_shown_once(videos: dict[str, Path], tmp_path: Path, written: list[str]) -> None:
    copies = [tmp_path / f"copy {number}.mp4" for number in range(5)]
    for copy in copies:
        copy.write_bytes(videos["red"].read_bytes())
    hits = [hit(path, rank) for rank, path in enumerate((videos["red"], *copies[:3], videos["blue"], *copies[3:]), 1)]
    sheet = draw([SheetRow("x", hits, expected=str(copies[1]))], tmp_path)
    assert sheet.shape[1] == MARGIN + 2 * (STRIP + MARGIN)
    assert sheet.shape[0] == MARGIN + ROW + 4 * 18  # its lines, beside a strip without any
    assert is_colour(frame_at(sheet, 0, 0, 0), COLOURS["red"])
    assert is_colour(frame_at(sheet, 0, 1, 0), COLOURS["blue"])
    assert [text for text in written if text.startswith("looks the same")] == [
        f"looks the same: {rank}. {path}" for rank, path in zip((2, 3, 4), copies, strict=False)
    ]
    assert "and 2 more that look the same" in written
    assert has_colour(label_at(sheet, 0, 0), MARK)  # the right answer is among them


def test_what_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    rows = [SheetRow("x", [hit("gone.mp4")])]
    with pytest.raises(InputError, match="give at least one"):
        contact_sheet([], tmp_path / "sheet.png")
    with pytest.raises(InputError, match=r"missing/sheet\.png: cannot be written \(No such file or directory\)"):
        contact_sheet(rows, tmp_path / "missing" / "sheet.png")
    with pytest.raises(InputError, match=r"sheet\.txt: not the name of a picture file .*\.png"):
        contact_sheet(rows, tmp_path / "sheet.txt")


def test_each_result_goes_into_the_column_that_is_filled_least(videos: dict[str, Path], tmp_path: Path) -> None:
    write_video(tmp_path / "high.mp4", [np.full((128, 72, 3), COLOURS["red"], np.uint8)] * 8, frames_per_second=4)
    order = [tmp_path / "high.mp4", videos["green"], videos["blue"], videos["yellow"], videos["grey"]]
    sheet = draw([SheetRow("many", [hit(path, rank) for rank, path in enumerate(order, 1)])], tmp_path)
    high = 341 + WORDS + MARGIN
    corners = [(0, 0), (1, 0), (1, CELL), (0, high), (1, 2 * CELL)]
    assert sheet.shape == (MARGIN + HEADING + 3 * CELL, MARGIN + 2 * (STRIP + MARGIN), 3)
    for name, (column, down) in zip(("red", "green", "blue", "yellow", "grey"), corners, strict=True):
        top, left = MARGIN + HEADING + down, MARGIN + column * (STRIP + MARGIN)
        assert is_colour(sheet[top + 4 : top + 180, left + 4 : left + 180], COLOURS[name])


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
    top = MARGIN + HEADING + CELL
    assert has_colour(sheet[top : top + 96, MARGIN : MARGIN + STRIP], EMPTY, within=0)


def test_a_library_may_keep_what_is_no_small_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hits = [hit(tmp_path / "gone.mp4", rank) for rank in (1, 2)]
    row = SheetRow("x", hits, thumbnails=(picture("green", side=1025), picture("green", kind="PNG")))
    sheet = draw([row], tmp_path)
    assert not has_colour(sheet, COLOURS["green"])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)  # Pillow warns of more, and opens no more than twice that
    thumbnails = (picture("green", side=500), picture("green", side=700))
    row = SheetRow("x", hits, thumbnails=thumbnails)
    strips = sheet_module._strips(row, IsolatedFrameSource())
    assert [len(strip.frames) for strip in strips] == [1, 0]


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
    left, top = MARGIN + STRIP + MARGIN, MARGIN + HEADING
    assert (sheet[top + 80 : top + 96, left : left + STRIP] == EMPTY).all()
    below = top + 96 + WORDS + MARGIN
    assert is_colour(sheet[below + 6 : below + 180, left + 6 : left + 180], COLOURS["blue"])


def test_the_frame_that_matched_best_is_shown_and_outlined(videos: dict[str, Path], tmp_path: Path) -> None:
    frame = BestFrame(1.1, 0.5, np.full((90, 90, 3), COLOURS["yellow"], dtype=np.uint8))
    explained = replace(hit(videos["changing"]), explanation=Explanation([], frame))
    gone = replace(hit(videos["red"], 2), explanation=Explanation([], None, "no such file"))
    sheet = draw([SheetRow("x", [explained, gone])], tmp_path)
    assert [is_colour(frame_at(sheet, 0, 0, place), COLOURS["yellow"]) for place in range(FRAMES_SHOWN)].count(
        True
    ) == 1
    assert is_colour(frame_at(sheet, 0, 0, 2), COLOURS["yellow"])  # of 2 s, the nearest in time
    edge, top = MARGIN + 2 * STEP, MARGIN + HEADING
    assert (sheet[top : top + WIDTH, edge : edge + 4] == (230, 130, 0)).all()
    assert not has_colour(sheet[:, MARGIN + STRIP :], (230, 130, 0), within=0)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written on sheets, without what stands for more than one space."""
    texts: list[str] = []
    write = sheet_module.draw_text
    monkeypatch.setattr(
        sheet_module, "draw_text", lambda *args, **kw: (texts.append(" ".join(args[2].split())), write(*args, **kw))
    )
    return texts


def test_what_is_written_of_a_moment_and_of_a_whole_video(
    videos: dict[str, Path], tmp_path: Path, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "2024").mkdir()
    inner = videos["changing"].rename(tmp_path / "2024" / "changing.mp4")
    part = hit(inner, 2, start_seconds=0.5, end_seconds=1.25)
    draw([SheetRow("x", [hit(videos["red"], end_seconds=1.95), part, hit("/no/a.mp4", 3)])], tmp_path)
    assert written[0] == "x"
    whole, moment, gone = written[1:5], written[5:9], written[9:]
    assert whole == ["1.000", "1.", "red.mp4", "~"]
    assert moment == ["0:00.5\u20130:01.2 0.500", "2.", "changing.mp4", str(Path("~/2024"))]
    assert gone == ["cannot be read any more", "0.333", "3.", "a.mp4", str(Path("/no"))]


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
        (picture, [], "exists already; name another file, or replace it (--force)"),
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


def test_how_likely_a_result_is_stands_beside_its_score(videos: dict[str, Path], tmp_path: Path) -> None:
    def label(confidence: float | None) -> np.ndarray:
        shown = replace(hit(videos["red"]), confidence=confidence)
        return label_at(draw([SheetRow("red", [shown])], tmp_path), 0, 0)

    likely, unlikely, unsaid = label(0.87), label(0.12), label(None)
    np.testing.assert_array_equal(likely, label(0.87))
    assert (likely != unlikely).any()
    # Without it nothing stands in its place.
    ink = [(pixels != PAPER).any(axis=-1).sum() for pixels in (likely, unlikely, unsaid)]
    assert min(ink[:2]) > ink[2]
