from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framecue.errors import VideoError
from framecue.words.find import find_words, unit_of
from framecue.words.request import WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.timed_text import SAID, WRITTEN, TimedText
from support.scripted_words import Spoken


def reader(found: float | VideoError) -> Any:
    """Stand in for the reader of another process, which says how long a file is."""

    def probe(path: str) -> object:
        if isinstance(found, VideoError):
            raise found
        return SimpleNamespace(duration_seconds=found)

    return SimpleNamespace(probe=probe)


def test_a_file_is_cut_as_a_library_cuts_what_has_no_shots() -> None:
    found = unit_of("/a.mp4", reader(60.0))
    assert (found.kind, found.segments[0][0], found.segments[-1][1]) == ("video", 0.0, 60.0)
    assert len(found.segments) > 2
    assert unit_of("/a.png", reader(0.0)) == WordsUnit("/a.png", ((0.0, 0.0),), "image")


def test_sound_alone_can_be_listened_to_and_damage_cannot() -> None:
    assert unit_of("/a.mp3", reader(VideoError("/a.mp3", "sound alone", cause="sound"))) == WordsUnit("/a.mp3", ())
    with pytest.raises(VideoError, match="damaged"):
        unit_of("/a.mp4", reader(VideoError("/a.mp4", "damaged", cause="content")))


def test_the_words_of_all_sources_come_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"a")
    sources = [
        Spoken("speech")(WordsRequest(source="speech")),
        Spoken("screen", WRITTEN)(WordsRequest(source="screen")),
    ]
    found = find_words(str(tmp_path / "a.mp4"), sources, reader(2.0))
    assert found.failed == {}
    assert [(source, text.kind, text.start_seconds) for source, text in found.lines] == [
        ("speech", "said", 0.25),
        ("screen", "written", 0.25),
        ("speech", "said", 1),
        ("screen", "written", 1),
    ]


def test_what_cannot_be_of_the_file_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"a")
    source = Spoken("speech")(WordsRequest(source="speech"))
    lines = [TimedText(-3, -2, "before", SAID), TimedText(1, 2, "within", SAID)]
    source.find = lambda unit, reader: iter(lines)  # type: ignore[method-assign]
    found = find_words(str(tmp_path / "a.mp4"), [source], reader(2.0))
    assert found.lines == [("speech", lines[1])]
    assert found.remarks == {"speech": "1 line over before its beginning, or without a time, is left out"}


def test_damage_costs_neither_what_came_before_it_nor_what_others_find(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"a")
    speech = Spoken("speech")
    speech.damaged["a.mp4"] = VideoError(tmp_path / "a.mp4", "its sound is damaged", cause="content")
    sources = [speech(WordsRequest(source="speech")), Spoken("screen", WRITTEN)(WordsRequest(source="screen"))]
    found = find_words(str(tmp_path / "a.mp4"), sources, reader(2.0))
    assert [(source, text.start_seconds) for source, text in found.lines] == [
        ("speech", 0.25),
        ("screen", 0.25),
        ("screen", 1),
    ]
    assert found.failed == {"speech": speech.damaged["a.mp4"]}
