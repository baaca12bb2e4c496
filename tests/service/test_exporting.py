from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from framecue.errors import AbsentError, InputError
from framecue.service.desk import Desk
from framecue.service.exporting import MOST_HITS, ExportRequest, MomentRequest, export, formats_document, picks_for
from framecue.timelines import formats as formats_module
from framecue.timelines.pick import Pick
from support.picks import pick
from support.served import Served


@pytest.fixture(scope="module")
def ids(desk: Desk) -> dict[str, str]:
    """The ids of what is served, by the names of the files."""
    with desk.shelf().reading() as library:
        return {Path(video.path).name: video.video_id for video in library.videos()}


def picked(desk: Desk, *hits: MomentRequest) -> list[Pick]:
    with desk.shelf().reading() as library:
        return picks_for(library, hits)


def test_moments_become_picks_of_the_librarys_files(desk: Desk, ids: dict[str, str], served: Served) -> None:
    film = MomentRequest(id=ids["film.mp4"], start_seconds=4.5, end_seconds=6, query="a\nworm", score=0.5)
    (found,) = picked(desk, film)
    assert (found.path, found.start_seconds, found.end_seconds) == (served.film, 4.5, 6)
    assert (found.query, found.rank, found.score, found.confidence) == ("a worm", 1, 0.5, None)
    assert found.duration_seconds == pytest.approx(16, abs=0.1)


def test_what_the_library_does_not_hold_is_refused(desk: Desk, ids: dict[str, str]) -> None:
    with pytest.raises(AbsentError, match="no video with this id"):
        picked(desk, MomentRequest(id="../../etc/passwd", start_seconds=0, end_seconds=1))
    with pytest.raises(InputError, match=r"hits\.0: its video ends at 16(\.\d+)? seconds, before the moment begins"):
        picked(desk, MomentRequest(id=ids["film.mp4"], start_seconds=17, end_seconds=18))
    with pytest.raises(InputError, match="the end not before the start"):
        picked(desk, MomentRequest(id=ids["film.mp4"], start_seconds=3, end_seconds=2))


@pytest.mark.parametrize(
    "given",
    [
        {"hits": [], "format": "csv"},
        {"hits": [{"id": "a", "start_seconds": 0, "end_seconds": 1}] * (MOST_HITS + 1), "format": "csv"},
        {"hits": [{"id": "a", "start_seconds": 0, "end_seconds": 1}], "format": "../x.csv"},
        {"hits": [{"id": "a", "start_seconds": 0, "end_seconds": 1, "path": "/etc/passwd"}], "format": "csv"},
        *(
            {"hits": [{"id": "a", "start_seconds": start, "end_seconds": 2}], "format": "csv"}
            for start in (-1, "1", True, None, float("nan"), float("inf"), 1e8)
        ),
    ],
)
def test_requests_that_make_no_sense_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExportRequest(**given)


def test_subtitles_of_several_videos_come_in_an_archive() -> None:
    picks = [pick("/a.mp4"), pick("/b.mp4", query="a cat")]
    one, other = export(picks, "srt"), export(picks, "srt")
    assert one == other
    assert (one.name, one.media_type) == ("framecue-2-searches.srt.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        assert archive.namelist() == ["a.srt", "b.srt"]
        assert b"a cat" in archive.read("b.srt")
    alone = export(picks[:1], "srt")
    assert (alone.name, alone.media_type) == ("a-dog.srt", "application/x-subrip")


def test_no_name_in_an_archive_leads_out_of_a_folder_or_is_there_twice() -> None:
    paths = ["/..\\..\\x.mp4", "/a\n\u202eb.mp4", "/k/dog.mp4", "/l/Dog.mov", "/c\udcff.mp4"]
    made = export([pick(path) for path in paths], "vtt")
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.namelist() == ["_.._x.vtt", "a b.vtt", "dog.vtt", "Dog-2.vtt", "c\ufffd.vtt"]


@pytest.mark.parametrize(
    ("query", "name"),
    [('"x"\r\nset-cookie: y', "x-set-cookie-y.m3u"), ("猫", "framecue.m3u"), ("a" * 99, "a" * 40 + ".m3u")],
)
def test_the_name_of_the_file_is_plain(query: str, name: str) -> None:
    assert export([pick(query=query)], "m3u").name == name


def test_formats_are_told_with_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    document = formats_document()
    assert {"name": "csv", "suffix": ".csv", "description": "Table"} in document["formats"]
    assert (document["problem"], document["most_hits"]) == (None, MOST_HITS)
    monkeypatch.setattr(formats_module, "find_spec", lambda name: None)
    document = formats_document()
    assert [each["name"] for each in document["formats"]] == ["csv", "m3u", "m3u8", "vtt", "srt"]
    assert "pip install 'framecue[timelines]'" in document["problem"]
