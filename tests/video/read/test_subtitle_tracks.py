"""Subtitle tracks are read with the times at which players show them, whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from av.stream import Disposition

from framecue.errors import VideoError
from framecue.video import IsolatedReader, SubtitleTrack, read_subtitle_tracks
from framecue.video.isolate.questions.subtitle_tracks import SubtitleTracksQuestion
from framecue.video.read import subtitle_tracks as module
from framecue.words.cues import plain_dialogue
from support.subtitled import Track, write_subtitled

LINES = [(1000, 1500, "Hello"), (4000, 500, "Bye")]


def told(track: SubtitleTrack) -> list[tuple[float, float, str]]:
    return [
        (round(line.start_seconds, 3), round(line.end_seconds, 3), plain_dialogue(line.dialogue))
        for line in track.lines
    ]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mov_text"),
        ("a.mov", "mov_text"),
        ("a.mkv", "subrip"),
        ("a.mkv", "ass"),
        ("a.mkv", "webvtt"),
        ("a.webm", "webvtt"),
    ],
)
def test_every_kind_of_text_gives_its_lines_and_times(tmp_path: Path, name: str, codec: str) -> None:
    path = write_subtitled(tmp_path / name, Track(LINES, codec, "ger"))
    (track,) = read_subtitle_tracks(path)
    assert told(track) == [(1.0, 2.5, "Hello"), (4.0, 4.5, "Bye")]
    assert track.language == "ger"


def test_lines_are_on_the_clock_of_the_segments(tmp_path: Path) -> None:
    # Of a file without sound, that clock begins with the first picture.
    path = write_subtitled(tmp_path / "a.mkv", Track([(1000, 500, "before"), (2500, 1000, "Hello")]), first_ms=2000)
    (track,) = read_subtitle_tracks(path)
    assert told(track) == [(0.5, 1.5, "Hello")]


def test_tracks_come_in_order_with_their_languages_and_marks(tmp_path: Path) -> None:
    path = write_subtitled(
        tmp_path / "a.mkv",
        Track(LINES, language="eng", disposition=Disposition.forced),
        Track(LINES[:1], language="fre", disposition=Disposition.hearing_impaired),
        Track(LINES[1:], disposition=Disposition.comment),
    )
    one, two, three = read_subtitle_tracks(path)
    assert (one.language, one.is_forced, one.is_commentary, one.is_for_deaf) == ("eng", True, False, False)
    assert (two.language, two.is_forced, two.is_commentary, two.is_for_deaf) == ("fre", False, False, True)
    assert (three.is_forced, three.is_commentary, three.is_for_deaf) == (False, True, False)
    assert [len(track.lines) for track in (one, two, three)] == [2, 1, 1]


def test_a_line_without_an_end_is_shown_until_the_next_one_or_for_a_while(tmp_path: Path) -> None:
    path = write_subtitled(tmp_path / "a.mkv", Track([(1000, 0, "a"), (2000, 0, "b")]))
    assert told(read_subtitle_tracks(path)[0]) == [(1.0, 2.0, "a"), (2.0, 7.0, "b")]


def test_tracks_of_pictures_and_files_without_tracks_have_no_text(tmp_path: Path) -> None:
    pictures = Track(
        [(1000, 500, "")], "dvd_subtitle", raw=b"\x00\x10\x00\x08\x00\x00\xff\x00\x00\x00\x00\x08\xff\xff\xff\xff"
    )
    path = write_subtitled(tmp_path / "a.mkv", pictures, Track(LINES))
    assert [len(track.lines) for track in read_subtitle_tracks(path)] == [2]
    assert read_subtitle_tracks(write_subtitled(tmp_path / "b.mp4")) == ()


@pytest.mark.parametrize("raw", [b"\xff\xfe\xfd", b"\x00\xff\x00", b"{" * 1000, b"<" * 1000, b"\x00", b"1,2,3"])
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mov_text"), ("a.mkv", "ass"), ("a.mkv", "subrip")])
def test_a_damaged_track_costs_no_error(tmp_path: Path, raw: bytes, name: str, codec: str) -> None:
    path = write_subtitled(tmp_path / name, Track(LINES, codec, raw=raw), Track(LINES, codec))
    damaged, sound = read_subtitle_tracks(path)
    assert all(isinstance(line.dialogue, str) for line in damaged.lines)
    assert told(sound) == [(1.0, 2.5, "Hello"), (4.0, 4.5, "Bye")]


def test_what_a_track_gives_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = write_subtitled(tmp_path / "a.mkv", Track([(10 * i, 10, "word " * 50) for i in range(40)]), seconds=1)
    for name, bound in (("_MAX_LINES", 5), ("_MAX_TRACK_CHARS", 1200), ("_MAX_FILE_CHARS", 1200)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, bound)
            (track,) = read_subtitle_tracks(many)
            assert len(track.lines) == 5
    monkeypatch.setattr(module, "_MAX_PACKET_BYTES", 100)
    assert [len(track.lines) for track in read_subtitle_tracks(many)] == [0]


def test_a_file_that_is_no_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"nothing")
    with pytest.raises(VideoError):
        read_subtitle_tracks(tmp_path / "a.mkv")


@pytest.mark.isolated
def test_another_process_gives_the_same(tmp_path: Path) -> None:
    path = write_subtitled(tmp_path / "a.mkv", Track(LINES, language="eng"), Track(LINES))
    with IsolatedReader() as reader:
        assert tuple(reader.ask(SubtitleTracksQuestion(str(path)))) == read_subtitle_tracks(path)
