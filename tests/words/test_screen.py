"""Text on screen: titles that are drawn into films here are read, with the times at which they are shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from framecue.errors import InputError, VideoError
from framecue.video import IsolatedReader
from framecue.words import screen as module
from framecue.words.denormals import without_denormals
from framecue.words.screen import ScreenText
from framecue.words.screen_models import choose_models
from framecue.words.source import WordsUnit
from framecue.words.timed_text import TimedText
from support.denormals import are_zero

pytest.importorskip("rapidocr", reason="text on screen is read by the extra screen-text, which is not installed")

# (start, end) in seconds, the text, and the height of its upper edge.
Title = tuple[float, float, str, int]
SIZE = 180, 320
RATE = 6


class HereReader:
    """Answers questions in this process, and counts them."""

    def __init__(self, num_parts: int | None = None) -> None:
        self.num_asked = 0
        self._num_parts = num_parts

    def ask(self, question: Any) -> Iterator[Any]:
        self.num_asked += 1
        for number, part in enumerate(question.answer(lambda told: True)):
            if number == self._num_parts:
                raise VideoError(question.path, "it broke off")
            yield part


@pytest.fixture(scope="module")
def source() -> ScreenText:
    return ScreenText()


def find(source: ScreenText, path: Path, seconds: float, reader: Any = None, **options: Any) -> list[TimedText]:
    return list(source.find(WordsUnit(str(path), [(0.0, seconds)], **options), reader or HereReader()))


def write_film(path: Path, titles: Sequence[Title], seconds: float) -> Path:
    """Write a film of a texture that moves, with titles over it."""
    rng = np.random.default_rng(0)
    height, width = SIZE
    coarse = rng.integers(60, 160, (height // 20, width // 10, 3), dtype=np.uint8)
    texture = cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    letters = ImageFont.load_default(18)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for number in range(round(seconds * RATE)):
            picture = Image.fromarray(np.ascontiguousarray(texture[:, number : number + width]))
            for start, end, text, top in titles:
                if start <= number / RATE < end:
                    ImageDraw.Draw(picture).text(
                        (40, top), text, font=letters, fill="white", stroke_width=1, stroke_fill="black"
                    )
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode(None))
    return path


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_titles_are_read_with_the_times_at_which_they_are_shown(tmp_path: Path, source: ScreenText) -> None:
    titles = [
        (0.0, 2.5, "Happy Birthday", 20),
        (3.5, 7.0, "Chapter 12: Home", 80),
        (3.5, 7.0, "sweet home", 104),
        (5.5, 8.0, "Written by Anna", 150),
    ]
    film = write_film(tmp_path / "a.mp4", titles, 8)
    found = find(source, film, 8)
    assert [text.text for text in found] == ["Happy Birthday", "Chapter 12: Home sweet home", "Written by Anna"]
    for text, (start, end) in zip(found, [(0.0, 2.5), (3.5, 7.0), (5.5, 8.0)], strict=True):
        assert (text.start_seconds, text.end_seconds) == pytest.approx((start, end), abs=0.4)
        assert (text.kind, text.language, text.words) == ("written", None, ())
        assert text.confidence is not None
        assert 0.9 < text.confidence <= 1
    assert found == find(source, film, 8)


def test_a_video_without_text_gives_nothing_and_is_read_once(tmp_path: Path, source: ScreenText) -> None:
    reader = HereReader()
    assert find(source, write_film(tmp_path / "a.mp4", [], 4), 4, reader) == []
    assert reader.num_asked == 1


def test_a_line_that_stands_still_is_read_once(
    tmp_path: Path, source: ScreenText, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = np.full((*SIZE, 3), 40, np.uint8)
    for top in (40, 90):
        cv2.putText(page, "a slide that stays", (20, top), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    path = tmp_path / "slides.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=2)
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv420p"
        for _ in range(16):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(page)))
        container.mux(stream.encode(None))
    read = source._engine.recognize_txt
    num_read = 0

    def counted(pictures: list[np.ndarray]) -> Any:
        nonlocal num_read
        num_read += len(pictures)
        return read(pictures)

    monkeypatch.setattr(source._engine, "recognize_txt", counted)
    (text,) = find(source, path, 8)
    assert (text.start_seconds, text.end_seconds) == (0.0, 8.0)
    assert text.text == "a slide that stays a slide that stays"
    assert num_read == 2


def test_the_models_run_where_the_smallest_numbers_are_zero(
    tmp_path: Path, source: ScreenText, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def watched(run: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*given: Any) -> Any:
            seen.append(are_zero())
            return run(*given)

        return watch

    for name in ("detect_and_crop", "recognize_txt"):
        monkeypatch.setattr(source._engine, name, watched(getattr(source._engine, name)))
    path = write_film(tmp_path / "a.mp4", [(0.0, 2.0, "A quiet title", 20)], 2)
    assert [text.text for text in find(source, path, 2)] == ["A quiet title"]
    with without_denormals():
        can_be_zero = are_zero()
    assert len(seen) >= 2
    assert set(seen) == {can_be_zero}
    assert not are_zero()


def test_chinese_and_other_letters_in_a_picture(tmp_path: Path, source: ScreenText) -> None:
    picture = Image.new("RGB", (640, 360), (40, 60, 90))
    chinese = ImageFont.truetype(str(files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"), 40)
    latin = ImageFont.truetype(str(files("manimgx_fonts") / "NotoSans[wght].ttf"), 30)
    pen = ImageDraw.Draw(picture)
    pen.text((40, 30), "生日快乐 北京", font=chinese, fill="white")
    pen.text((40, 200), "Größe über Äpfel", font=latin, fill="white")
    picture.save(tmp_path / "a.png")
    found = find(source, tmp_path / "a.png", 0.0, kind="image")
    assert [text.text.replace(" ", "") for text in found] == ["生日快乐北京", "GrößeüberÄpfel"]
    assert {(text.start_seconds, text.end_seconds) for text in found} == {(0.0, 0.0)}


@pytest.mark.parametrize(
    ("letters", "text"),
    [("NotoSansHebrew[wght].ttf", "יום הולדת שמח"), ("NotoSansArabic[wght].ttf", "عيد ميلاد سعيد")],
)
def test_what_the_model_cannot_read_gives_no_words(tmp_path: Path, source: ScreenText, letters: str, text: str) -> None:
    picture = Image.new("RGB", (640, 360), (40, 60, 90))
    font = ImageFont.truetype(str(files("manimgx_fonts") / letters), 40)
    ImageDraw.Draw(picture).text((40, 150), text, font=font, fill="white")
    picture.save(tmp_path / "a.png")
    assert find(source, tmp_path / "a.png", 0.0, kind="image") == []


def test_textures_and_shapes_have_no_words(tmp_path: Path, source: ScreenText) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (270, 480, 3), dtype=np.uint8)
    shapes = np.full((270, 480, 3), 200, np.uint8)
    for _ in range(30):
        x, y, r = rng.integers(0, 270, 3).tolist()
        cv2.circle(shapes, (x, y), r // 5 + 2, (30, 60, 90), 2)
        cv2.line(shapes, (x + 200, y), (y + 200, x), (90, 20, 20), 3)
    for number, pixels in enumerate((noise, cv2.blur(noise, (9, 9)), shapes, noise[:8], noise[:, :20])):
        assert find(source, save(tmp_path / f"{number}.png", pixels), 0.0, kind="image") == []


def test_of_a_picture_full_of_text_the_largest_lines_are_read(
    tmp_path: Path, source: ScreenText, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Image.new("RGB", (640, 360), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((20, 10), "A large headline", font=ImageFont.load_default(44), fill="black")
    for number in range(10):
        pen.text((20, 80 + 27 * number), f"and a line of the page {number}", font=ImageFont.load_default(17), fill=0)
    picture.save(tmp_path / "page.png")
    words = " ".join(text.text for text in find(source, tmp_path / "page.png", 0.0, kind="image"))
    assert words.count("line of the page") == 10
    monkeypatch.setattr(module, "_MAX_LENGTHS", 9.0)
    (text,) = find(source, tmp_path / "page.png", 0.0, kind="image")
    assert text.text == "A large headline"


def test_what_was_read_before_a_file_breaks_off_is_given(tmp_path: Path, source: ScreenText) -> None:
    film = write_film(tmp_path / "a.mp4", [(0.0, 5.0, "Happy Birthday", 60)], 5)
    reader: Any = HereReader(num_parts=1)
    texts = source.find(WordsUnit(str(film), [(0.0, 5.0)]), reader)
    assert next(texts).text == "Happy Birthday"
    with pytest.raises(VideoError, match="it broke off"):
        next(texts)


def test_a_file_that_is_no_video_is_an_error_and_no_segments_are_no_words(tmp_path: Path, source: ScreenText) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError):
        find(source, tmp_path / "a.mp4", 5)
    reader: Any = HereReader()
    assert list(source.find(WordsUnit(str(tmp_path / "a.mp4"), []), reader)) == []


@pytest.mark.isolated
def test_nothing_is_printed_and_another_process_decodes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    film = write_film(tmp_path / "a.mp4", [(0.0, 4.0, "Good Morning", 60)], 4)
    with IsolatedReader() as reader:
        assert [text.text for text in find(ScreenText(), film, 4, reader)] == ["Good Morning"]
    assert capfd.readouterr() == ("", "")


def test_the_fingerprint_is_that_of_the_models_wherever_they_are(tmp_path: Path, source: ScreenText) -> None:
    models = choose_models(None)
    for file in (models.finding, models.reading):
        shutil.copy(file, tmp_path)
    copied = ScreenText(tmp_path)
    assert copied.fingerprint.key == source.fingerprint.key
    assert copied.fingerprint.model == str(tmp_path)
    assert source.fingerprint.source == "screen"
    assert ScreenText(min_confidence=0.5).fingerprint.key != source.fingerprint.key


def test_models_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    for name in ("det.onnx", "rec.onnx"):
        (tmp_path / name).write_bytes(b"no model")
    page = save(tmp_path / "a.png", np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(InputError, match=f"RapidOCR cannot use {tmp_path}: "):
        find(ScreenText(tmp_path), page, 0.0, kind="image")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"min_confidence": 1.5}, "min_confidence is 1.5"), ({"min_confidence": -0.1}, "min_confidence is -0.1")],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScreenText(**options)
