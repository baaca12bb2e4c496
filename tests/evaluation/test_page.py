from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framecue._version import __version__
from framecue.errors import InputError, VideoError
from framecue.evaluation.page import MOST_CHARACTERS, Measured, html_text, plain, write_html
from framecue.evaluation.report import Report
from framecue.video import Frames, FrameSampling
from support.reports import make_report

MEASURED = Measured(model="clip", adapter="tuned", dataset="folder", split="test", num_frames=12)
VOID = {"meta", "img"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><iframe src='//example.org'></iframe>",
    "{{ 7 * 7 }}{% for x in () %}",
    "\u202eback\x00to\x1bfront\udcff",
    "&amp;lt; 'quoted' & \"so\"",
]


class Source:
    """Gives every clip frames of one colour; the clips that are named are gone."""

    def __init__(self, *gone: str, shape: tuple[int, int] = (90, 120)) -> None:
        self.gone, self.shape = gone, shape
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def read_frames(self, path: str | Path, sampling: FrameSampling, **options: Any) -> Frames:
        self.asked.append((Path(path).name, options))
        if Path(path).name in self.gone:
            raise VideoError(path, "no such <file>")
        frames = np.full((sampling.num_frames, *self.shape, 3), 200, dtype=np.uint8)
        return Frames(frames, np.arange(sampling.num_frames, dtype=np.float64))


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, its texts; every element has to be closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and (not self.open or self.open[-1] != "style"):
            self.texts.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(report: Report, **options: Any) -> Page:
    options = {"measured": MEASURED, "frame_source": Source(), **options}
    return Page(html_text(report, **options))


def hostile_report() -> Report:
    report = make_report()
    texts = tuple(HOSTILE[number % len(HOSTILE)] for number in range(len(report.queries.texts)))
    names = tuple(f"{number} {HOSTILE[number]}.mp4" for number in range(len(report.queries.video_ids)))
    error = VideoError(f"{HOSTILE[0]}.mp4", HOSTILE[1])
    return replace(report, queries=replace(report.queries, texts=texts, video_ids=names), unreadable=(error,))


def test_nothing_in_data_becomes_part_of_the_page() -> None:
    words = Measured(model=HOSTILE[0], adapter=HOSTILE[1], dataset=HOSTILE[2], split=HOSTILE[3], rerank_with=HOSTILE[4])
    source = Source("0 a.mp4")
    tame, wild = page_of(make_report(), frame_source=source), page_of(hostile_report(), measured=words)
    known = {tag for tag, _ in tame.elements}
    assert "script" not in known
    assert {tag for tag, _ in wild.elements} - known <= {"ul", "li"}
    for tag, attributes in wild.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            # Only pictures are fetched, and they are in the page.
            assert name not in ("href", "srcset", "action", "background", "poster", "data")
            assert name != "src" or (tag == "img" and str(value).startswith("data:image/webp;base64,"))
    shown = " ".join(wild.texts)
    for text in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[5]):
        assert text in shown  # as it is written, not as it could be read
    assert "\u202eback\ufffdto\ufffdfront\ufffd" in shown
    assert wild.texts[0].startswith("Retrieval on </title></style>")
    (policy,) = [str(meta["content"]) for meta in wild.all("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_every_figure_and_interval_is_there() -> None:
    report = replace(make_report(reranked=True), normalised={"dual_softmax": said(make_report(seed=3))})
    texts = page_of(report).texts
    for name, stage in report.stages():
        for direction, scores in stage.directions.items():
            suffix = {"main": "", "reranked": ", reranked", "dual_softmax": ", dual softmax (transductive)"}[name]
            place = texts.index(direction.replace("_", " ") + suffix, texts.index("Metrics"))
            row = texts[place + 1 : place + 2 + 2 * 8]
            assert row[0] == str(len(scores.ranks))
            for value, interval, (metric, number) in zip(
                row[1::2], row[2::2], scores.metrics.to_dict().items(), strict=True
            ):
                assert value == f"{number:.1f}"
                low, high = stage.intervals[direction][metric]
                assert interval == f"{low:.1f} to {high:.1f}"
    assert any("is transductive" in text for text in texts)
    # Both conventions are explained where there are two.
    assert ": each video ranks all captions, and its rank is that of its best one." in texts
    assert not any("convention" in text or "each video ranks" in text for text in page_of(single()).texts)


def said(report: Report) -> Any:
    return replace(report.main, said={"transductive": True, "temperature": 1.0})


def single() -> Report:
    return make_report(sizes=(1, 1, 1, 1))


def test_ranks_are_drawn_with_numbers() -> None:
    report = make_report()
    page = page_of(report)
    pictures = [each for each in page.all("svg") if each.get("role") == "img"]
    assert [each["aria-label"] for each in pictures] == [
        f"How many queries have which rank, {name}"
        for name in ("text to video", "video to text", "video to text by caption")
    ]
    ranks = report.main.directions["text_to_video"].ranks
    first = int((ranks == 1).sum())
    assert f"rank 1: {first} queries, {100 * first / len(ranks):.1f}%" in page.texts
    widths = [float(str(each["width"]).rstrip("%")) for each in page.all("rect")]
    assert max(widths) == 100
    assert min(widths) >= 0


def test_queries_are_shown_with_frames_ranks_and_similarities() -> None:
    report = make_report(seed=2)
    source = Source("1 a.mp4", shape=(400, 300))
    page = page_of(report, num_queries=2, frame_source=source)
    assert len(page.all("article")) == 2 * 2 * 2
    for heading in ("Text to video", "Video to text"):
        assert f"{heading}: best queries" in page.texts
        assert f"{heading}: worst queries" in page.texts
    assert "ranked first instead" in page.texts
    assert any(text.startswith("similarity ") for text in page.texts)
    # Each clip is read once, scaled where it is decoded.
    names = [name for name, _ in source.asked]
    assert len(set(names)) == len(names)
    assert {options["short_side"] for _, options in source.asked} == {112}
    for image in page.all("img"):
        content = base64.b64decode(str(image["src"]).partition(",")[2], validate=True)
        assert len(content) < 20_000
        picture = Image.open(io.BytesIO(content))
        assert (picture.format, *picture.size) == ("WEBP", int(str(image["width"])), int(str(image["height"])))
        assert picture.size == (4 * 84 + 3 * 4, 112)
        assert str(image["alt"]).startswith("Frames of clips/")
    # One of them is gone since.
    assert "1 a.mp4" in names
    assert page.texts.count("no such <file>") >= 1


def test_a_page_without_queries_reads_nothing() -> None:
    source = Source()
    page = page_of(make_report(), num_queries=0, frame_source=source)
    assert (source.asked, page.all("article"), page.all("img")) == ([], [], [])
    with pytest.raises(InputError, match="num_queries is -1; give at least 0"):
        page_of(make_report(), num_queries=-1)


def test_what_was_measured() -> None:
    report = make_report()
    written = datetime(2026, 3, 4, 5, 6, tzinfo=timezone.utc)
    texts = page_of(report, written=written).texts
    facts = texts[texts.index("What was measured") + 1 :]
    assert dict(zip(facts[::2], facts[1::2], strict=True)) == {
        "model": "clip",
        "adapter or method": "tuned",
        "data set": "folder",
        "split": "test",
        "videos": "6",
        "texts": "10",
        "hash of videos and texts": report.queries.data_hash,
        "frames of each video": "12",
        "unreadable videos": "0",
        "intervals": "95% of 1000 resamples of the videos",
        "ties": "count against the model",
        "framecue": __version__,
        "written": "2026-03-04 05:06 UTC",
    }


def test_videos_that_cannot_be_read_are_named_but_not_without_end() -> None:
    errors = tuple(VideoError(f"{number}.mp4", "is empty") for number in range(130))
    page = page_of(replace(make_report(), unreadable=errors))
    assert "Videos that cannot be read" in page.texts
    assert len(page.all("li")) == 100 + 1
    assert "and 30 more" in page.texts
    assert "Videos that cannot be read" not in page_of(make_report()).texts


def test_long_texts_are_cut() -> None:
    assert plain("a" * MOST_CHARACTERS) == "a" * MOST_CHARACTERS
    assert plain("a" * 5000) == "a" * MOST_CHARACTERS + " …"
    assert plain("tab\tline\n\ud800é") == "tab\tline\n\ufffdé"


def test_a_file_is_not_replaced_unless_told(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    options: dict[str, Any] = {"measured": MEASURED, "frame_source": Source(), "num_queries": 1}
    assert write_html(hostile_report(), file, **options) == file
    first = file.read_text(encoding="utf-8")
    assert first.startswith("<!DOCTYPE html>")
    with pytest.raises(InputError, match="exists already"):
        write_html(make_report(), file, **options)
    assert file.read_text(encoding="utf-8") == first
    write_html(make_report(), file, overwrite=True, **options)
    assert file.read_text(encoding="utf-8") != first
    assert list(tmp_path.iterdir()) == [file]
