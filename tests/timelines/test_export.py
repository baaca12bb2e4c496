"""Hits are written whole or not at all, and what there is to say of them is said."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path

import pysubs2
import pytest

from framecue.errors import InputError, OutputExistsError
from framecue.library.results import Hit
from framecue.timelines import Exported, export, timeline_of, write_hits
from framecue.timelines.export import make_files, title_of
from framecue.timelines.formats import format_for
from framecue.video import VideoTimebase
from support.picks import NTSC, StandInReader, hit, pick
from support.timed import write_timed

TEXT_SUFFIXES = ["csv", "m3u", "m3u8", "vtt", "srt"]


@pytest.fixture
def hits(tmp_path: Path) -> list[Hit]:
    return [hit(tmp_path / "a.mp4", 1, 3), hit(tmp_path / "a.mp4", 5, 6, rank=2)]


@pytest.fixture(autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInReader | None:
    if request.node.get_closest_marker("isolated") is not None:
        return None
    reader = StandInReader({str(tmp_path / "a.mp4"): VideoTimebase(Fraction(25))})
    monkeypatch.setattr(export, "IsolatedReader", lambda: reader)
    return reader


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
def test_a_file_of_each_kind_is_written(tmp_path: Path, hits: list[Hit], suffix: str) -> None:
    path = tmp_path / f"hits.{suffix}"
    assert write_hits(hits, path, query="a dog") == Exported((path,))
    assert "a dog" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", [*TEXT_SUFFIXES, "edl"])
def test_nothing_is_overwritten_unless_that_is_asked_for(tmp_path: Path, hits: list[Hit], suffix: str) -> None:
    path = tmp_path / f"hits.{suffix}"
    path.write_text("mine")
    with pytest.raises(OutputExistsError):
        write_hits(hits, path)
    assert path.read_text() == "mine"
    write_hits(hits, path, overwrite=True)
    assert path.read_text() != "mine"
    with pytest.raises(InputError, match="never replaced"):
        write_hits(hits, path, overwrite=True, kept=lambda: [path])


def test_a_file_is_asked_for_its_rate_once_and_only_where_that_is_needed(
    tmp_path: Path, hits: list[Hit], reader: StandInReader
) -> None:
    write_hits(hits, tmp_path / "hits.m3u")
    assert reader.asked == []
    write_hits(hits, tmp_path / "hits.csv")
    assert reader.asked == [str(tmp_path / "a.mp4")]


def test_subtitles_of_several_videos_are_a_file_each(tmp_path: Path, hits: list[Hit]) -> None:
    more = [*hits, hit(tmp_path / "b.mp4", 2, 3), hit(tmp_path / "more" / "b.mkv", 7, 8)]
    found = write_hits(more, tmp_path / "hits.srt", query="a dog")
    assert [path.name for path in found.paths] == ["hits.a.srt", "hits.b.srt", "hits.b-2.srt"]
    starts = [[event.start for event in pysubs2.load(str(path))] for path in found.paths]
    assert starts == [[1000, 5000], [2000], [7000]]
    assert found.remarks == ("SubRip subtitles are of one video each, so there is a file for each of 3",)


def test_of_several_files_none_is_written_if_one_is_there(tmp_path: Path, hits: list[Hit]) -> None:
    (tmp_path / "hits.b.srt").write_text("mine")
    with pytest.raises(OutputExistsError):
        write_hits([*hits, hit(tmp_path / "b.mp4", 2, 3)], tmp_path / "hits.srt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hits.b.srt"]


def test_pictures_are_left_out_of_subtitles(tmp_path: Path, hits: list[Hit]) -> None:
    still = hit(tmp_path / "p.png", 0, 0, kind="image")
    found = write_hits([still, *hits], tmp_path / "hits.vtt")
    assert found.remarks == ("1 result left out: a picture has no times",)
    with pytest.raises(InputError, match="all results are pictures, which have no times"):
        write_hits([still], tmp_path / "none.vtt")
    assert not (tmp_path / "none.vtt").exists()


@pytest.mark.parametrize("suffix", [*TEXT_SUFFIXES, "otio", "edl"])
def test_no_hits_are_no_file(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match="there are no results to export"):
        write_hits([], tmp_path / f"hits.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_gone_and_rates_that_vary_are_told(tmp_path: Path) -> None:
    reader = StandInReader({"/v.mp4": VideoTimebase(30 * NTSC, is_variable=True)})
    made = make_files([pick("/gone.mp4"), pick("/v.mp4")], format_for("csv"), title="a dog", reader=reader)
    assert made.remarks == (
        "/gone.mp4: no such file; its frames are counted at the timeline's rate",
        "/v.mp4: its frame rate varies; it is counted at 29.97 frames a second, the nearest usual rate",
    )


def test_the_same_hits_give_the_same_bytes(tmp_path: Path, hits: list[Hit]) -> None:
    pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')
    for suffix in [*TEXT_SUFFIXES, "otio", "edl"]:
        one, other = (write_hits(hits, tmp_path / f"{name}.{suffix}").paths[0] for name in "xy")
        assert one.read_bytes() == other.read_bytes()


def test_titles_say_what_was_searched_for() -> None:
    assert title_of([pick(), pick("/b.mp4")]) == "a dog"
    assert title_of([pick(), pick(query="a cat")]) == "framecue: 2 searches"
    assert title_of([pick(query="")]) == "framecue"


@pytest.mark.isolated
def test_a_timeline_of_real_files(tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')
    film = write_timed(tmp_path / "film.mov", 30 * NTSC, num_frames=120, timecode="01:00:00;00", reel="A001")
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(film.read_bytes()[:2000])
    found = [hit(film, 1.0, 2.0, duration_seconds=4.004), hit(damaged, 1.0, 2.0), hit(tmp_path / "gone.mp4", 0, 1)]
    exported = write_hits(found, tmp_path / "hits.otio", query="a dog")
    assert len(exported.remarks) == 2
    assert all(remark.endswith("; its frames are counted at the timeline's rate") for remark in exported.remarks)
    timeline = otio.adapters.read_from_file(str(exported.paths[0]))
    assert timeline.is_equivalent_to(timeline_of(found, query="a dog"))
    first = next(iter(timeline.find_clips()))
    assert otio.opentime.to_timecode(first.source_range.start_time) == "01:00:01;00"
    assert first.available_range().duration.value == 120
    assert json.load(io.StringIO(exported.paths[0].read_text()))["OTIO_SCHEMA"].startswith("Timeline.")
