from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.library.files import sidecars as module
from framecue.library.files.sidecars import MAX_NOTES_CHARS, SidecarFinder, Sidecars, is_same_state, is_sidecar_of
from framecue.library.files.subtitles import MAX_TEXT_BYTES
from framecue.library.indexing.sidecar_update import with_sidecars
from framecue.library.results import Skipped
from framecue.library.state import FileState
from framecue.library.store.rows import Row
from framecue.words.cues import Cue
from framecue.words.timed_text import TimedText

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"


def put(path: Path, content: str | bytes = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def found(video: Path) -> list[str]:
    return [Path(path).name for path in SidecarFinder().find(str(video))]


@pytest.mark.parametrize(
    "name",
    [
        "clip.srt",
        "clip.VTT",
        "clip.txt",
        "clip.en.srt",
        "clip.PT-br.srt",
        "clip.zh-Hans-CN.vtt",
        "clip.eng.forced.srt",
        "clip.en-orig.vtt",
        "clip.mp4.srt",
        "clip.mp4.de.txt",
        "clip.English.srt",
        "clip.zh_CN.srt",
        "clip.en-eEY6OEpapPo.vtt",
        "clip.part1.srt",
        "clip.notes about it.txt",
        "clip..srt",
        "clip_rus.srt",
        "clip [German].srt",
        "clip - forced.srt",
        "Clip.srt",
        "CLIP.MP4.srt",
        "clip.avi.srt",  # where no other video has the name
    ],
)
def test_a_sidecar_has_the_videos_name(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    video = tmp_path / "clip.mp4"
    assert found(video) == [name]
    assert is_sidecar_of(name, "clip.mp4")


@pytest.mark.parametrize(
    "name",
    [
        "clip.jpg",
        "clip2.srt",
        "clip",
        "srt",
        ".srt",
        "my clip.srt",
        "clips.srt",
        "clipé.srt",
        "clip.mp4",
        "sub/clip.srt",
    ],
)
def test_other_files_are_none(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    assert found(tmp_path / "clip.mp4") == []
    assert not is_sidecar_of(name, "clip.mp4")


def test_folders_pipes_dead_links_and_the_video_itself_are_none(tmp_path: Path) -> None:
    (tmp_path / "clip.srt").mkdir()
    os.mkfifo(tmp_path / "clip.vtt")
    (tmp_path / "clip.en.vtt").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "clip.txt")
    assert found(tmp_path / "clip.txt") == []
    assert found(tmp_path / "nowhere" / "clip.mp4") == []
    assert not is_sidecar_of("clip.txt", "clip.txt")


def test_dots_in_a_videos_name_are_its_name(tmp_path: Path) -> None:
    for name in ("2024.05.01.srt", "2024.05.srt", "2024.05.01.en.srt"):
        put(tmp_path / name)
    assert found(tmp_path / "2024.05.01.mp4") == ["2024.05.01.en.srt", "2024.05.01.srt"]


@pytest.mark.parametrize(
    ("sidecar", "videos", "owners"),
    [
        ("Film.2.srt", ["Film.mp4", "Film.2.mkv"], ["Film.2.mkv"]),
        ("Film.2.English.srt", ["Film.mp4", "Film.2.mkv"], ["Film.2.mkv"]),
        ("Film.English.srt", ["Film.mp4", "Film.2.mkv"], ["Film.mp4"]),
        ("clip.avi.srt", ["clip.mp4", "clip.avi"], ["clip.avi"]),
        ("clip.srt", ["clip.mp4", "clip.avi"], ["clip.avi", "clip.mp4"]),
        ("movie.srt", ["Movie.mp4"], ["Movie.mp4"]),
        ("movie.srt", ["Movie.mp4", "movie.mp4"], ["movie.mp4"]),
        ("MOVIE.srt", ["Movie.mp4", "movie.mp4"], ["Movie.mp4", "movie.mp4"]),
        (unicodedata.normalize("NFC", "Café.srt"), [unicodedata.normalize("NFD", "Café.mp4")], ["Café.mp4"]),
        (unicodedata.normalize("NFD", "Café.en.srt"), [unicodedata.normalize("NFC", "Café.mp4")], ["Café.mp4"]),
        ("STRASSE.srt", ["Straße.mp4"], ["Straße.mp4"]),
        ("2024-05-01 beach.srt", ["2024-05-01.mp4", "2024.mp4"], ["2024-05-01.mp4"]),
        ("IMG_1.srt", ["IMG_1.MOV", "IMG_1.JPG"], ["IMG_1.JPG", "IMG_1.MOV"]),
    ],
)
def test_the_video_with_the_longest_name_has_the_sidecar(
    tmp_path: Path, sidecar: str, videos: list[str], owners: list[str]
) -> None:
    for name in (sidecar, *videos):
        put(tmp_path / name)
    having = [unicodedata.normalize("NFC", name) for name in sorted(videos) if found(tmp_path / name)]
    assert having == owners


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = put(tmp_path / "elsewhere" / "secret.txt", "password")
    folder = tmp_path / "videos"
    put(folder / "subtitles" / "a.srt", SRT.format("inside"))
    (folder / "clip.txt").symlink_to(secret)
    (folder / "clip.en.txt").symlink_to("../elsewhere/secret.txt")
    (folder / "clip.srt").symlink_to("subtitles/a.srt")
    words = SidecarFinder().read(str(folder / "clip.mp4"))
    assert words.text_between(0.0, 9.0) == "inside"
    reason = "a link that leads out of its folder; put a copy in its place"
    assert words.skipped == tuple(Skipped(str(folder / name), reason) for name in ("clip.en.txt", "clip.txt"))


@pytest.mark.parametrize("name", ["clip.ja.srt", "clip.jpn.srt", "clip.Japanese.srt", "clip_ja.srt", "clip.ja-JP.srt"])
def test_the_language_in_the_name_decides_what_cannot_be_told(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, SRT.format("おはようございます").encode("cp932"))
    assert SidecarFinder().read(str(tmp_path / "clip.mp4")).text_between(0.0, 9.0) == "おはようございます"


def test_a_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "0.srt")
    listed: list[str] = []
    real = os.scandir
    monkeypatch.setattr(module.os, "scandir", lambda folder: listed.append(folder) or real(folder))
    finder = SidecarFinder()
    states = [finder.state(str(tmp_path / f"{number}.mp4")) for number in range(50)]
    assert [state is not None for state in states] == [True] + [False] * 49
    assert listed == [str(tmp_path)]


def test_the_state_follows_names_sizes_and_times(tmp_path: Path) -> None:
    video = str(tmp_path / "clip.mp4")

    def state() -> str | None:
        return SidecarFinder().state(video)

    states = [state()]
    path = put(tmp_path / "clip.srt", "1")
    os.utime(path, (1, 1))
    states.append(state())
    assert state() == states[-1]
    put(path, "12")
    os.utime(path, (1, 1))
    states.append(state())
    os.utime(path, ns=(1, 1_000_000_001))
    states.append(state())
    path.rename(tmp_path / "clip.en.srt")
    states.append(state())
    assert states[0] is None
    assert len(set(states)) == 5


def test_a_name_of_any_bytes_has_a_state_that_can_be_stored(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.srt")
    try:
        put(Path(name), SRT.format("hello"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    state = SidecarFinder().state(name.removesuffix(".srt") + ".mp4")
    assert state is not None
    assert state.isascii()
    assert "\n" not in state


def test_what_several_sidecars_say_is_in_the_order_of_time_and_lines_come_once(tmp_path: Path) -> None:
    put(tmp_path / "clip.en.srt", "1\n00:00:05,000 --> 00:00:06,000\nthree\n\n2\n00:00:01,000 --> 00:00:02,000\none\n")
    put(tmp_path / "clip.vtt", "WEBVTT\n\n00:03.000 --> 00:04.000\ntwo\none\n")
    put(tmp_path / "clip.txt", "Our holiday\r\n\r\n  in   Wales \n")
    words = SidecarFinder().read(str(tmp_path / "clip.mp4"))
    assert words.skipped == ()
    assert words.text_between(0.0, 10.0) == "one\ntwo\nthree\nOur holiday\nin Wales"
    assert words.text_between(2.0, 5.0) == "two\none\nOur holiday\nin Wales"
    assert words.text_between(20.0, 30.0) == "Our holiday\nin Wales"


def test_a_cue_belongs_to_the_segments_in_which_it_is_shown() -> None:
    words = Sidecars("state", (Cue(1.0, 4.0, "a"), Cue(2.0, 2.0, "at once"), Cue(3.0, 3.5, "b")))
    assert words.text_between(0.0, 1.0) is None
    assert words.text_between(0.0, 1.1) == "a"
    assert words.text_between(2.0, 3.0) == "a\nat once"
    assert words.text_between(1.0, 2.0) == "a"
    assert words.text_between(3.5, 9.0) == "a"
    assert words.text_between(4.0, 9.0) is None
    assert Sidecars().text_between(0.0, 9.0) is None


@given(
    cues=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=12),
    start=st.integers(0, 20),
    length=st.integers(1, 8),
)
def test_cues_are_found_as_by_looking_at_each(cues: list[tuple[int, int]], start: int, length: int) -> None:
    end = start + length
    made = sorted(
        (Cue(at, at + lasts, str(i)) for i, (at, lasts) in enumerate(cues)), key=lambda cue: cue.start_seconds
    )
    shown = [
        cue.text
        for cue in made
        if max(cue.start_seconds, start) < min(cue.end_seconds, end)
        or (cue.start_seconds == cue.end_seconds and start <= cue.start_seconds < end)
    ]
    assert (Sidecars("state", tuple(made)).text_between(start, end) or "").split() == shown


def test_long_texts_are_cut(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", "word " * 5000)
    put(tmp_path / "a.en.txt", "more " * 5000)
    notes = SidecarFinder().read(str(tmp_path / "a.mp4")).notes
    assert MAX_NOTES_CHARS - 5 < len(notes) <= MAX_NOTES_CHARS
    assert notes.endswith("more")
    put(tmp_path / "b.txt", "x" * 10_000)
    assert SidecarFinder().read(str(tmp_path / "b.mp4")).notes == "x" * MAX_NOTES_CHARS
    # Cues that all last the whole video would be stored with each of its segments.
    words = Sidecars("state", tuple(Cue(0.0, 3600.0, f"{i:01000}") for i in range(5000)))
    assert 5_000 < len(words.text_between(10.0, 15.0) or "") < 8_000
    assert len(words.text_between(0.0, 3600.0) or "") > 1_000_000


def test_unreadable_sidecars_are_reported_and_the_others_used(tmp_path: Path) -> None:
    put(tmp_path / "clip.srt", SRT.format("hello"))
    put(tmp_path / "clip.de.srt", "not a subtitle")
    put(tmp_path / "clip.fr.srt", b"\0" * 100)
    put(tmp_path / "clip.it.vtt", b"x" * (MAX_TEXT_BYTES + 1))
    put(tmp_path / "clip.txt", b"")
    words = SidecarFinder().read(str(tmp_path / "clip.mp4"))
    assert words.text_between(0.0, 9.0) == "hello"
    assert words.skipped == (
        Skipped(str(tmp_path / "clip.de.srt"), "no subtitles in it"),
        Skipped(str(tmp_path / "clip.fr.srt"), "not a text"),
        Skipped(str(tmp_path / "clip.it.vtt"), "larger than 5 MB, which no subtitles are"),
    )


def test_a_sidecar_that_goes_while_it_is_read_is_reported(tmp_path: Path) -> None:
    path = put(tmp_path / "clip.srt", SRT.format("hello"))
    finder = SidecarFinder()
    assert finder.state(str(tmp_path / "clip.mp4")) is not None
    path.unlink()
    words = finder.read(str(tmp_path / "clip.mp4"))
    assert words.skipped == (Skipped(str(path), "cannot be read (No such file or directory)"),)


def test_rows_get_the_words_of_their_segments_in_place_of_earlier_ones() -> None:
    def row(start: float, end: float) -> Row:
        return Row(
            video_id="id",
            path="/a.mp4",
            start_seconds=start,
            end_seconds=end,
            vector=np.zeros(3),
            duration_seconds=9.0,
            state=FileState(1, 1.0),
            caption="kept",
            subtitles="old",
            sidecars="old",
        )

    rows = [row(0.0, 2.0), row(2.0, 4.0)]
    told = with_sidecars(rows, Sidecars("new", (Cue(1.0, 1.5, "hello"),)))
    assert [(one.subtitles, one.sidecars, one.caption) for one in told] == [
        ("hello", "new", "kept"),
        (None, "new", "kept"),
    ]
    assert [one.subtitles for one in rows] == ["old", "old"]
    assert [(one.subtitles, one.sidecars) for one in with_sidecars(rows, Sidecars())] == [(None, None)] * 2


def test_a_state_of_before_in_nanoseconds_is_the_same_state(tmp_path: Path) -> None:
    for number, name in enumerate(("clip.srt", "clip.en.srt")):
        (tmp_path / name).write_text("words")
        os.utime(tmp_path / name, ns=(1, 1_764_110_000_123_456_789 + number))
    now = SidecarFinder().state(str(tmp_path / "clip.mp4"))
    entries = [(name, 5, (tmp_path / name).stat().st_mtime_ns) for name in ("clip.en.srt", "clip.srt")]
    assert is_same_state(json.dumps(entries), now)
    assert not is_same_state(json.dumps([*entries[:1], ("clip.srt", 5, entries[1][2] + 10_000)]), now)
    assert not is_same_state(json.dumps(entries[:1]), now)
    assert not is_same_state(None, now)
    assert is_same_state(None, None)


def test_subtitles_are_words_with_times_and_the_language_of_their_name(tmp_path: Path) -> None:
    video = put(tmp_path / "clip.mp4")
    put(tmp_path / "clip.en.srt", SRT.format("- Good\n- morning"))
    put(tmp_path / "clip.German.vtt", "WEBVTT\n\n00:00.500 --> 00:01.500\nGuten Morgen\n")
    put(tmp_path / "clip.part.srt", SRT.format("bonjour"))
    put(tmp_path / "clip.txt", "a description has no times")
    assert SidecarFinder().read(str(video)).timed_texts() == [
        TimedText(0.5, 1.5, "Guten Morgen", "said", "de"),
        TimedText(1.0, 2.0, "- Good - morning", "said", "en"),
        TimedText(1.0, 2.0, "bonjour", "said"),
    ]


def test_cues_beyond_the_end_are_told_by_file_and_time(tmp_path: Path) -> None:
    video = put(tmp_path / "clip.mp4")
    put(tmp_path / "clip.srt", SRT.format("here") + "\n2\n00:01:01,500 --> 00:01:02,000\ngone\n")
    late = "\n\n".join(f"{minute:02}:00.000 --> {minute:02}:01.000\nline" for minute in (0, 1, 5, 3))
    put(tmp_path / "clip.de.vtt", f"WEBVTT\n\n{late}\n")
    put(tmp_path / "clip.txt", "notes")
    beside = SidecarFinder().read(str(video))

    assert beside.beyond(60.0) == [
        "clip.de.vtt has 3 cues from 1:00 to 5:00, beyond its end at 1:00, which are left out",
        "clip.srt has a cue at 1:01, beyond its end at 1:00, which is left out",
    ]
    assert beside.beyond(600.0) == []
    assert beside.text_between(0.0, 60.0) == "line\nhere\nnotes"
