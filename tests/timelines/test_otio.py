"""What is written is read back by OpenTimelineIO: the same clips, ranges, marks and files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePath

import pytest

pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')

import opentimelineio as otio

from framecue.errors import VideoError
from framecue.timelines.otio import write_otio
from framecue.timelines.pick import Pick, Remark
from framecue.video import VideoTimebase
from support.picks import NTSC, assembly_of, pick

opentime = otio.opentime
ODD = "/films/Ä \"q\", 'n'\n\t= 猫\udcff.mp4"


def read_back(picks: list[Pick], timebase: object) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(write_otio(assembly_of(picks, timebase)).decode(), "otio_json")


@pytest.mark.parametrize(
    ("timebase", "start", "end"),
    [
        (VideoTimebase(24 * NTSC, timecode="10:00:00:00"), "10:00:01:00", "10:00:03:12"),
        (VideoTimebase(Fraction(24)), "00:00:01:00", "00:00:03:12"),
        (VideoTimebase(Fraction(25), timecode="01:00:00:00"), "01:00:01:00", "01:00:03:13"),
        (VideoTimebase(30 * NTSC, timecode="00:59:58;00"), "00:59:59;00", "01:00:01;15"),
        (VideoTimebase(Fraction(30)), "00:00:01:00", "00:00:03:15"),
        (VideoTimebase(Fraction(50)), "00:00:01:00", "00:00:03:25"),
        (VideoTimebase(60 * NTSC), "00:00:01;00", "00:00:03;30"),
        (VideoTimebase(Fraction(60)), "00:00:01:00", "00:00:03:30"),
        (VideoTimebase(30 * NTSC, is_variable=True), "00:00:01;00", "00:00:03;15"),
    ],
    ids=str,
)
def test_clips_have_the_right_timecodes(timebase: VideoTimebase, start: str, end: str) -> None:
    (clip,) = read_back([pick(start_seconds=1.0, end_seconds=3.5)], timebase).find_clips()
    rate = float(timebase.rate)
    assert clip.source_range.start_time.rate == rate
    assert opentime.to_timecode(clip.source_range.start_time, rate) == start
    assert opentime.to_timecode(clip.source_range.end_time_exclusive(), rate) == end
    assert clip.metadata["framecue"]["start_timecode"] == start
    assert Fraction(clip.metadata["framecue"]["frames_per_second"]) == timebase.rate
    assert clip.metadata["framecue"]["is_variable_rate"] == timebase.is_variable
    whole = clip.available_range()
    assert whole.contains(clip.source_range)
    assert whole.duration.to_seconds() == pytest.approx(100, abs=0.03)


def test_without_dropped_numbers_a_clip_begins_at_the_frame_that_its_timecode_counts() -> None:
    timebase = VideoTimebase(30 * NTSC, timecode="01:00:00:00")
    (clip,) = read_back([pick(start_seconds=1.0)], timebase).find_clips()
    assert clip.source_range.start_time.value == 108_030
    assert clip.metadata["framecue"]["start_timecode"] == "01:00:01:00"


def test_clips_follow_each_other_in_the_order_of_the_results() -> None:
    picks = [pick("/b.mp4", rank=1), pick("/a.mp4", rank=2), pick("/b.mp4", 0.0, 1.0, rank=3)]
    timebases = {"/a.mp4": VideoTimebase(24 * NTSC), "/b.mp4": VideoTimebase(Fraction(25))}
    timeline = read_back(picks, timebases)
    (track,) = timeline.tracks
    assert [clip.name for clip in track] == ["b.mp4", "a.mp4", "b.mp4"]
    starts = [clip.range_in_parent().start_time.to_seconds() for clip in track]
    assert starts == pytest.approx([0, 2.52, 2.52 + 2.5025], abs=1e-6)
    assert opentime.to_timecode(timeline.global_start_time) == "01:00:00:00"
    assert timeline.name == "a dog"


def test_files_are_found_again_whatever_they_are_called() -> None:
    (clip,) = read_back([pick(ODD, query='"quoted",\x1b')], VideoTimebase(Fraction(25))).find_clips()
    url = clip.media_reference.target_url
    assert url == PurePath(ODD).as_uri()
    assert url.isascii()
    assert clip.name == clip.media_reference.name == "Ä \"q\", 'n' = 猫\ufffd.mp4"


def test_markers_have_the_query_the_score_and_the_words() -> None:
    one = pick(
        start_seconds=10.0,
        end_seconds=14.0,
        words=(Remark("said", "hello", 11.0, 11.5), Remark("named", "dog"), Remark("said", "bye", 50.0, 51.0)),
        parts=(Remark("part", "a panda", 10.0, 12.0), Remark("part", "an octopus", 12.0, 14.0)),
    )
    (clip,) = read_back([one], VideoTimebase(Fraction(25))).find_clips()
    told = [(mark.name, mark.marked_range.start_time.value, mark.marked_range.duration.value) for mark in clip.markers]
    assert told == [("a dog", 250, 100), ("a panda", 250, 50), ("an octopus", 300, 50), ("hello", 275, 13)]
    assert clip.markers[0].comment == "result 1, fit 80%, score 0.312; said: hello; named: dog; said: bye"
    facts = clip.metadata["framecue"]
    assert (facts["query"], facts["rank"], facts["score"], facts["confidence"]) == ("a dog", 1, 0.3125, 0.8)
    assert [word["text"] for word in facts["words"]] == ["hello", "dog", "bye"]


def test_sound_lies_under_the_pictures_where_a_file_has_some() -> None:
    picks = [pick("/silent.mp4"), pick("/loud.mp4")]
    timebases = {
        "/silent.mp4": VideoTimebase(Fraction(25)),
        "/loud.mp4": VideoTimebase(Fraction(25), has_sound=True),
    }
    pictures, sounds = read_back(picks, timebases).tracks
    assert (pictures.kind, sounds.kind) == ("Video", "Audio")
    assert [type(item).__name__ for item in sounds] == ["Gap", "Clip"]
    assert sounds[1].source_range == pictures[1].source_range
    assert sounds[1].range_in_parent() == pictures[1].range_in_parent()
    # Only the pictures are marked, so that nothing stands twice.
    assert not sounds[1].markers
    assert len(read_back(picks[:1], timebases).tracks) == 1


def test_pictures_and_files_that_are_gone_are_clips_too() -> None:
    picks = [pick("/p.png", 0.0, 0.0, kind="image", duration_seconds=0.0), pick("/gone.mp4")]
    still, gone = read_back(picks, {"/gone.mp4": VideoError("/gone.mp4", "no such file")}).find_clips()
    assert still.source_range.duration.to_seconds() == 5
    assert (gone.media_reference.target_url, gone.metadata["framecue"]["is_rate_known"]) == ("file:///gone.mp4", False)


def test_the_reel_of_a_file_is_kept() -> None:
    (clip,) = read_back([pick()], VideoTimebase(Fraction(25), reel="A001C003")).find_clips()
    assert clip.media_reference.metadata["framecue"]["reel"] == "A001C003"
