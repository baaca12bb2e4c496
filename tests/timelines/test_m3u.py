"""The playlist is what VLC reads: options of the item that follows, and its place as a URL."""

from __future__ import annotations

import os
from pathlib import PurePath
from urllib.parse import unquote_to_bytes, urlsplit

from framecue.timelines.m3u import write_m3u
from framecue.timelines.pick import Pick
from support.picks import assembly_of, pick


def lines(picks: list[Pick]) -> list[str]:
    content = write_m3u(assembly_of(picks, {}))
    assert content.endswith(b"\n")
    return content.decode().splitlines()


def test_each_result_is_played_from_its_start_to_its_end() -> None:
    assert lines([pick(), pick("/b.mp4", 61.0, 64.25, query="")]) == [
        "#EXTM3U",
        "#PLAYLIST:a dog",
        "#EXTINF:2,a dog: dog.mp4",
        "#EXTVLCOPT:start-time=1.000",
        "#EXTVLCOPT:stop-time=3.500",
        "file:///films/dog.mp4",
        "#EXTINF:3,b.mp4",
        "#EXTVLCOPT:start-time=61.000",
        "#EXTVLCOPT:stop-time=64.250",
        "file:///b.mp4",
    ]


def test_a_picture_is_shown_for_some_seconds() -> None:
    found = lines([pick("/p.png", 0.0, 0.0, kind="image")])
    assert found[2:] == ["#EXTINF:5,a dog: p.png", "#EXTVLCOPT:image-duration=5", "file:///p.png"]


def test_an_instant_is_long_enough_to_be_seen() -> None:
    assert "#EXTVLCOPT:stop-time=1.100" in lines([pick(start_seconds=1.0, end_seconds=1.0)])


def test_any_name_is_one_line_and_found_again() -> None:
    path = "/films/#EXTVLCOPT:x\n%20 猫\udcff.mp4"
    found = lines([pick(path, query="#\n")])
    assert len(found) == 6
    assert found[-1].isascii()
    assert os.fsdecode(unquote_to_bytes(urlsplit(found[-1]).path)) == path
    assert found[-1] == PurePath(path).as_uri()
