from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import VideoError
from framecue.video import IsolatedReader
from framecue.words.fitting import fit_lines_of
from framecue.words.source import WordsUnit
from framecue.words.subtitles import SubtitleTracks
from framecue.words.timed_text import TimedText
from support.subtitled import Track, write_subtitled


def said(start: float, end: float, text: str, language: str | None = None) -> TimedText:
    return TimedText(start, end, text, "said", language)


@pytest.mark.isolated
def test_tracks_inside_a_file_are_words(tmp_path: Path) -> None:
    path = write_subtitled(
        tmp_path / "a.mkv",
        Track([(500, 1000, r"{\i1}Good{\i0} morning,\Nworld"), (3000, 500, "Bye")], "ass", "eng"),
        Track([(500, 1000, "Guten Morgen"), (2000, 500, r"{\p1}m 0 0 l 9 9")], "ass", "ger"),
        Track([(500, 1000, "Good morning, world")], "subrip", "eng"),
    )
    source = SubtitleTracks()
    (tmp_path / "b.mkv").write_bytes(b"no video")
    with IsolatedReader() as reader:
        assert list(source.find(WordsUnit(str(path), [(0.0, 6.0)]), reader)) == [
            said(0.5, 1.5, "Good morning, world", "en"),
            said(0.5, 1.5, "Guten Morgen", "de"),
            said(3.0, 3.5, "Bye", "en"),
        ]
        assert not list(source.find(WordsUnit(str(path), [(0.0, 0.0)], "image"), reader))
        with pytest.raises(VideoError):
            list(source.find(WordsUnit(str(tmp_path / "b.mkv"), [(0.0, 6.0)]), reader))
    assert source.fingerprint.key == SubtitleTracks().fingerprint.key


@pytest.mark.isolated
def test_a_line_ends_with_its_file(tmp_path: Path) -> None:
    path = write_subtitled(
        tmp_path / "a.mkv", Track([(1000, 36_000_000, "Hours"), (5000, 3000, "Bye"), (7000, 1000, "Gone")])
    )
    with IsolatedReader() as reader:
        unit = WordsUnit(str(path), [(0.0, 4.0), (2.0, 6.0)])
        fitted = fit_lines_of(unit, SubtitleTracks().find(unit, reader), reader)
    assert fitted.lines == (said(1.0, 6.0, "Hours"), said(5.0, 6.0, "Bye"))
    assert fitted.remark == (
        "1 line beginning behind its end (0:07) is left out, 1 line lasting beyond its end is cut there"
    )
