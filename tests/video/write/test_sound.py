"""The sound of clips stays with the pictures: in recordings that were put together, whose clocks restart or jump."""

from pathlib import Path

import pytest

from framecue.video import clip_video
from support.beeps import FRAME_SECONDS, beeps_of, flashes_of, record

# One frame of pictures, and one of sound (AAC at 32 kHz).
TOLERANCE_SECONDS = FRAME_SECONDS + 1024 / 32000
FIRST, SECOND = (1.0, 3.0), (0.6, 2.4)
CASES = Path(__file__).parents[4] / "shared" / "cases"

# The parts, of 4 s each: when they beep, and how they are recorded.
JOINED = {
    "one after the other": [(FIRST, {}), (SECOND, {})],
    "three": [(FIRST, {}), (SECOND, {}), (FIRST, {})],
    "the second at another rate": [(FIRST, {}), (SECOND, {"sound_rate": 32000})],
    "the second was begun later": [(FIRST, {}), (SECOND, {"begin_seconds": 500})],
    "the second was begun before": [(FIRST, {"begin_seconds": 40}), (SECOND, {"begin_seconds": 7})],
    "more tracks in the second": [(FIRST, {}), (SECOND, {"sounds": ({}, {})})],
}
FORMATS = {"film.ts": ("mpegts", {}), "film.m2ts": ("mpegts", {"mpegts_m2ts_mode": "1"}), "film.vob": ("vob", {})}


def joined(folder, name, parts):
    """Put recordings together, byte after byte."""
    file_format, options = FORMATS[name]
    data = []
    for number, (beeps, how) in enumerate(parts):
        part = record(folder / f"part{number}", beeps, file_format=file_format, options=options, **how)
        data.append(part.read_bytes())
        part.unlink()
    film = folder / name
    film.write_bytes(b"".join(data))
    return film


def assert_in_sync(clip, track=0, num=None):
    flashes, beeps = flashes_of(clip), beeps_of(clip, track)
    if num is not None:
        assert len(beeps) == num
    for beep in beeps:
        assert min(abs(beep - flash) for flash in flashes) <= TOLERANCE_SECONDS, (flashes, beeps)
    return flashes, beeps


@pytest.mark.parametrize("name", ["film.ts", "film.vob"])
@pytest.mark.parametrize("parts", JOINED.values(), ids=JOINED)
def test_sound_is_in_step_in_each_part(tmp_path, parts, name):
    film = joined(tmp_path, name, parts)
    is_gap = "begin_seconds" in parts[1][1] and parts[1][1]["begin_seconds"] == 500
    if is_gap:
        start = 500 if name != "film.vob" else 500 - 0.5
        made = clip_video(film, tmp_path / "clip.mp4", start + 0.2, start + 3.4)
    else:
        made = clip_video(film, tmp_path / "clip.mkv", 4.3, 7.3, exact=True)
    assert (made.num_sounds, made.sounds_left_out) == (max(1, len(parts[1][1].get("sounds", ()))), ())
    assert_in_sync(made.output, num=2)


@pytest.mark.parametrize("name", FORMATS)
def test_sound_is_in_step_across_the_joint(tmp_path, name):
    film = joined(tmp_path, name, JOINED["one after the other"])
    made = clip_video(film, tmp_path / "clip.mp4", 2.6, 6.8)
    assert made.num_sounds == 1
    assert_in_sync(made.output, num=3)


@pytest.mark.parametrize("name", ["film.ts", "film.vob"])
def test_sound_that_begins_midway_is_taken_along(tmp_path, name):
    film = joined(tmp_path, name, [(FIRST, {"sounds": ()}), (SECOND, {})])
    made = clip_video(film, tmp_path / "clip.mp4", 2.6, 7.3)
    assert (made.num_sounds, made.sounds_left_out) == (1, ())
    assert_in_sync(made.output, num=2)
    silent = clip_video(film, tmp_path / "silent.mp4", 0.5, 2.0)
    assert silent.num_sounds == 0
    assert len(silent.sounds_left_out) == 1
    assert silent.sounds_left_out[0].endswith("has no sound there")


@pytest.mark.parametrize("name", ["film.ts", "film.vob"])
def test_sound_that_ends_midway(tmp_path, name):
    film = joined(tmp_path, name, [(FIRST, {}), (SECOND, {"sounds": ()})])
    made = clip_video(film, tmp_path / "clip.mp4", 0.5, 7.0)
    assert made.num_sounds == 1
    assert_in_sync(made.output, num=2)


@pytest.mark.parametrize("exact", [False, True])
def test_a_clock_that_begins_anew_after_26_hours(tmp_path, exact):
    wrap = 2**33 / 90000
    beeps = (3.0, 8.0, 12.0, 15.0)
    film = record(tmp_path / "film.ts", beeps, seconds=17, file_format="mpegts", begin_seconds=round(wrap - 10))
    for start, end, num in ((2, 9, 2), (7, 13, 2), (13.5, 16, 1)):
        made = clip_video(film, tmp_path / "clip.mp4", start, end, exact=exact, overwrite=True)
        assert made.is_copied is not exact
        assert_in_sync(made.output, num=num)


def test_a_gap_does_not_last_for_hours(tmp_path):
    film = joined(tmp_path, "film.ts", JOINED["the second was begun later"])
    made = clip_video(film, tmp_path / "clip.mp4", 2.5, 6.0)
    assert made.end_seconds == pytest.approx(6.0, abs=0.1)
    assert_in_sync(made.output, num=1)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize(("start", "end"), [(8, 10), (4, 7)])
def test_the_case_that_was_reported(tmp_path, start, end):
    made = clip_video(CASES / "joined.ts", tmp_path / "clip.mp4", start, end)
    assert (made.num_sounds, made.sounds_left_out) == (1, ())


def test_a_part_that_cannot_be_decoded_is_said(tmp_path):
    """Two codecs under one number: of the first there is no decoder any more when the second has been announced."""
    film = joined(tmp_path, "film.ts", [(FIRST, {}), (SECOND, {"sound_codec": "mp2"})])
    made = clip_video(film, tmp_path / "clip.mp4", 2.6, 6.8)
    assert made.sounds_left_out == ("a sound track (mp2) is silent where it cannot be decoded",)
    assert_in_sync(made.output, num=2)
    second = clip_video(film, tmp_path / "second.mp4", 4.3, 7.3)
    assert (second.num_sounds, second.sounds_left_out) == (1, ())
    assert_in_sync(second.output, num=2)
