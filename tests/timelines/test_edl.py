"""What is written is read back by OpenTimelineIO's adapter: the same cuts, reels, names and files."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')
pytest.importorskip("otio_cmx3600_adapter", reason='EDLs need the extra: pip install "framecue[timelines]"')

import opentimelineio as otio

from framecue.timelines.assembly import Media, Span
from framecue.timelines.edl import at_rate, edl_rate, reel_names, write_edl
from framecue.timelines.pick import Pick, Remark
from framecue.timelines.timecode import FrameRate
from framecue.video import VideoTimebase
from support.picks import NTSC, assembly_of, pick

EVENT = re.compile(
    r"^(?P<number>\d{3,})  (?P<reel>[A-Z0-9 ]{8}) V     C        (?P<times>(\d\d:\d\d:\d\d[:;]\d\d ?){4})$", re.M
)
RATES = [
    *(FrameRate(rate) for rate in (24 * NTSC, Fraction(24), Fraction(25), 30 * NTSC, Fraction(30), Fraction(50))),
    *(FrameRate(rate * NTSC, drops=True) for rate in (30, 60)),
    FrameRate(Fraction(60)),
]


def written(picks: list[Pick], timebase: object) -> str:
    return write_edl(assembly_of(picks, timebase)).decode()


def events(text: str) -> list[tuple[str, ...]]:
    return [(match["reel"].strip(), *match["times"].split()) for match in EVENT.finditer(text)]


@pytest.mark.parametrize(
    ("timebase", "mode", "times"),
    [
        (VideoTimebase(24 * NTSC), "NON-DROP", "00:00:01:00 00:00:03:12 01:00:00:00 01:00:02:12"),
        (VideoTimebase(Fraction(25)), "NON-DROP", "00:00:01:00 00:00:03:13 01:00:00:00 01:00:02:13"),
        (
            VideoTimebase(30 * NTSC, timecode="00:59:58;00"),
            "DROP",
            "00:59:59;00 01:00:01;15 01:00:00;00 01:00:02;15",
        ),
        (
            VideoTimebase(30 * NTSC, timecode="01:00:00:00"),
            "NON-DROP",
            "01:00:01:00 01:00:03:15 01:00:00:00 01:00:02:15",
        ),
        (VideoTimebase(Fraction(30)), "NON-DROP", "00:00:01:00 00:00:03:15 01:00:00:00 01:00:02:15"),
        (VideoTimebase(Fraction(50)), "NON-DROP", "00:00:01:00 00:00:03:25 01:00:00:00 01:00:02:25"),
        (VideoTimebase(60 * NTSC), "DROP", "00:00:01;00 00:00:03;30 01:00:00;00 01:00:02;30"),
        (VideoTimebase(Fraction(60)), "NON-DROP", "00:00:01:00 00:00:03:30 01:00:00:00 01:00:02:30"),
        # No EDL has 15 frames a second, and every one of them is two of 30.
        (VideoTimebase(Fraction(15)), "NON-DROP", "00:00:01:00 00:00:03:16 01:00:00:00 01:00:02:16"),
    ],
    ids=str,
)
def test_cuts_have_the_right_timecodes(timebase: VideoTimebase, mode: str, times: str) -> None:
    text = written([pick(start_seconds=1.0, end_seconds=3.5)], timebase)
    assert text.startswith(f"TITLE: a dog\nFCM: {mode} FRAME\n\n001  DOG ")
    assert events(text) == [("DOG", *times.split())]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{rate} {rate.drops}")
def test_the_adapter_reads_back_what_it_wrote(rate: FrameRate) -> None:
    start = "01:00:00;00" if rate.drops else "01:00:00:00"
    picks = [pick("/films/a.mp4", 59.0, 62.0), pick("/films/b, c.mp4", 0.0, 0.01), pick("/films/a.mp4", 3.0, 4.0)]
    assembly = assembly_of(picks, VideoTimebase(rate.rate, timecode=start))
    counted = float(rate.rate) if rate.drops else rate.nominal
    back = otio.adapters.read_from_string(write_edl(assembly).decode(), "cmx_3600", rate=counted)
    clips = list(back.find_clips())
    spans = [assembly.span(one) for one in picks]
    assert [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in clips] == [
        (span.first, span.num_frames) for span in spans
    ]
    assert [clip.name for clip in clips] == ["a.mp4", "b, c.mp4", "a.mp4"]
    assert clips[1].media_reference.target_url == "file:///films/b%2C%20c.mp4"
    assert [clip.metadata["cmx_3600"]["reel"] for clip in clips] == ["A", "BC", "A"]


def test_long_names_and_odd_ones_stand_beside_reels_of_eight_signs() -> None:
    long, odd = "/films/a very long name of a film 1.mov", "/films/Ünïcode\n= «q».mp4"
    text = written([pick(long), pick(odd, query="x\ny")], VideoTimebase(Fraction(25)))
    assert [event[0] for event in events(text)] == ["AVERYLON", "UNICODEQ"]
    assert "* FROM CLIP NAME:  a very long name of a film 1.mov\n" in text
    assert "* FROM CLIP NAME:  Ünïcode = «q».mp4\n" in text
    assert "* FROM CLIP: file:///films/a%20very%20long%20name%20of%20a%20film%201.mov\n" in text


def test_no_two_files_have_one_reel() -> None:
    media = Media(FrameRate(Fraction(25)))
    files = [
        "/x/holidays in Spain.mp4",
        "/x/holidays in Italy.mp4",
        "/y/holidays in Spain.mp4",
        "/x/猫.mp4",
        "/x/犬.mp4",
    ]
    names = reel_names((path, media) for path in [*files, files[0]])
    assert list(names.values()) == ["HOLIDAYS", "HOLIDAY2", "HOLIDAY3", "CLIP2", "CLIP3"]
    assert reel_names([("/x/bl.mp4", media), ("/x/ax.mp4", media)]) == {"/x/bl.mp4": "BL2", "/x/ax.mp4": "AX2"}
    assert reel_names([("/x/a.mp4", Media(media.rate, reel="a001_c003 x"))]) == {"/x/a.mp4": "A001C003"}


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12), unique=True, max_size=30))
def test_reels_are_one_to_eight_letters_and_digits(names: list[str]) -> None:
    media = Media(FrameRate(Fraction(25)))
    reels = reel_names((f"/x/{name}", media) for name in names)
    assert len(set(reels.values())) == len(names)
    assert all(re.fullmatch("[A-Z0-9]{1,8}", reel) for reel in reels.values())


def test_locators_stand_at_times_of_the_record() -> None:
    words = (Remark("said", "hello, you", 2.0, 2.5),)
    text = written([pick(), pick(words=words)], VideoTimebase(Fraction(25)))
    locators = [line for line in text.splitlines() if line.startswith("* LOC")]
    assert locators == [
        "* LOC: 01:00:00:00 GREEN   A DOG",
        "* LOC: 01:00:02:13 GREEN   A DOG",
        "* LOC: 01:00:03:13 YELLOW  HELLO, YOU",
    ]
    assert "* QUERY: a dog\n* RESULT: result 1, fit 80%, score 0.312\n* SAID: hello, you\n" in text


def test_a_file_at_another_rate_keeps_the_name_of_its_first_frame() -> None:
    picks = [pick("/a.mp4"), pick("/a.mp4"), pick("/b.mp4", 0.48, 2.48)]
    timebases = {
        "/a.mp4": VideoTimebase(24 * NTSC),
        "/b.mp4": VideoTimebase(Fraction(25), timecode="01:00:00:00"),
    }
    text = written(picks, timebases)
    # Twelve of 25 frames are as far as half a second, and so are twelve of 24; two seconds are 48 frames.
    assert events(text)[2][1:3] == ("01:00:00:12", "01:00:02:12")
    assert text.count("* SOURCE RATE: 25\n") == 1


@given(st.sampled_from(RATES), st.sampled_from(RATES), st.integers(0, 2_000_000), st.integers(1, 5000))
def test_frames_at_another_rate_begin_near_their_name_and_last_as_long(
    source: FrameRate, rate: FrameRate, first: int, num_frames: int
) -> None:
    span = Span(source, first, num_frames)
    found = at_rate(span, rate)
    assert found.rate == rate
    assert span.start_timecode[:8] == found.start_timecode[:8]
    off = rate.seconds_of(found.num_frames) - source.seconds_of(num_frames)
    assert abs(off) * rate.rate <= Fraction(1, 2) or found.num_frames == 1


@pytest.mark.parametrize(
    ("rate", "chosen"),
    [
        *((rate, rate) for rate in RATES),
        (FrameRate(Fraction(15)), FrameRate(Fraction(30))),
        (FrameRate(Fraction(12)), FrameRate(Fraction(24))),
        (FrameRate(Fraction(25, 2)), FrameRate(Fraction(25))),
        (FrameRate(15 * NTSC), FrameRate(30 * NTSC, drops=True)),
        (FrameRate(120 * NTSC), FrameRate(60 * NTSC, drops=True)),
        (FrameRate(Fraction(120)), FrameRate(Fraction(60))),
        (FrameRate(Fraction(100)), FrameRate(Fraction(50))),
        (FrameRate(Fraction(48)), FrameRate(Fraction(24))),
        (FrameRate(Fraction(183, 10)), FrameRate(24 * NTSC)),
    ],
    ids=str,
)
def test_an_edl_has_a_rate_that_edls_have(rate: FrameRate, chosen: FrameRate) -> None:
    assert edl_rate(rate) == chosen
