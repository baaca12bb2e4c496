"""Zero is the container's start, the earliest of sound and pictures, wherever the pictures begin."""

from __future__ import annotations

import re
import struct

import av
import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import (
    Content,
    FrameSampling,
    Moment,
    ReadOptions,
    Segmentation,
    VideoReader,
    clip_video,
    probe,
    read_frames,
    read_moments,
    read_packet_index,
)
from support.recordings import flagged, record

WRAP_SECONDS = 2**33 / 90_000  # the time stamps of a transport stream start again


def moments(path, **segmentation):
    options = ReadOptions(FrameSampling(4), Segmentation(**segmentation))
    content, *found = read_moments(str(path), options, lambda video_id: True)
    assert isinstance(content, Content)
    assert all(isinstance(moment, Moment) for moment in found)
    return content, found


@pytest.mark.parametrize("origin", [0, 600])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".ts", ".flv"])
@pytest.mark.parametrize("lead", [0, 0.3, 7])
def test_pictures_that_begin_after_the_sound(tmp_path, suffix, lead, origin):
    if suffix == ".flv" and origin:
        pytest.skip("the format begins at 0")
    span = (origin + lead, origin + lead + 2)
    path = record(tmp_path / f"film{suffix}", pictures=span, sound=(origin, origin + lead + 2))
    index = read_packet_index(path)
    # Encoders put some priming before the sound, which some containers count.
    assert index.start_seconds == pytest.approx(lead, abs=0.07)
    assert (index.start_seconds == 0) == (lead == 0)
    assert index.duration_seconds == pytest.approx(lead + 2, abs=0.2)
    assert not index.by_order
    assert index.times_seconds[0] == index.start_seconds
    np.testing.assert_allclose(np.diff(index.times_seconds), 0.1, atol=0.002)
    info = probe(path)
    assert (info.start_seconds, info.duration_seconds) == (index.start_seconds, index.duration_seconds)
    assert index.warning is None
    content, (moment,) = moments(path)
    assert (moment.start_seconds, moment.end_seconds) == (index.start_seconds, content.duration_seconds)


@pytest.mark.parametrize("lead", [0, 2])
def test_time_stamps_that_wrap(tmp_path, lead):
    origin = WRAP_SECONDS - 1
    span = (origin + lead, origin + lead + 3)
    index = read_packet_index(record(tmp_path / "a.ts", pictures=span, sound=(origin, span[1])))
    assert index.start_seconds == pytest.approx(lead, abs=0.1)
    assert index.duration_seconds == pytest.approx(lead + 3, abs=0.1)


def test_what_has_no_sound_begins_with_its_pictures(tmp_path):
    for name in ("a.mkv", "a.mp4", "a.ts", "a.h264", "a.avi"):
        path = record(tmp_path / name, pictures=(0 if name == "a.h264" else 8, 10), b_frames=0)
        assert read_packet_index(path).start_seconds == 0, name


def test_sound_that_begins_later_does_not_matter(tmp_path):
    index = read_packet_index(record(tmp_path / "a.mkv", pictures=(0, 2), sound=(1, 2)))
    assert index.times_seconds[0] == index.start_seconds == 0


@pytest.mark.parametrize("at_seconds", [0.0, 1.5])
def test_data_and_cover_art_do_not_count(tmp_path, at_seconds):
    index = read_packet_index(record(tmp_path / "a.ts", pictures=(2, 4), data_at=at_seconds))
    assert (index.start_seconds, index.warning) == (0, None)


def test_a_cut_without_encoding_hides_what_comes_before_zero(tmp_path):
    source = record(tmp_path / "a.mp4", pictures=(0, 6), sound=(0, 6))
    cut = clip_video(source, tmp_path / "b.mp4", 2.5, 5)
    assert cut.is_copied
    index = read_packet_index(cut.output)
    assert index.start_seconds == pytest.approx(0, abs=0.07)
    assert index.duration_seconds == pytest.approx(2.5, abs=0.31)


def test_a_recording_joined_in_the_middle(tmp_path):
    source, joined = record(tmp_path / "a.ts", pictures=(5, 9), sound=(5, 9), b_frames=0), tmp_path / "b.ts"
    with av.open(str(source)) as whole, av.open(str(joined), "w") as target:
        outputs = {stream.index: target.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            # The keyframe at 5 s is lost; the next one is at 6 s.
            if packet.dts is not None and packet.pts * packet.time_base > whole.start_time / 1e6 + 0.3:
                packet.stream = outputs[packet.stream.index]
                target.mux(packet)
    index = read_packet_index(joined)
    assert index.num_skipped > 0
    assert index.start_seconds == pytest.approx(0.7, abs=0.1)
    assert index.duration_seconds == pytest.approx(3.7, abs=0.1)
    (moment,) = moments(joined)[1]
    assert moment.start_seconds == index.start_seconds


def test_segments_begin_with_the_pictures(tmp_path):
    path = record(tmp_path / "a.mkv", pictures=(10, 26), sound=(0, 26))
    content, found = moments(path, kind="windows", segment_seconds=4, overlap_seconds=2)
    assert content.duration_seconds == pytest.approx(26, abs=0.1)
    assert content.num_segments == len(found) == 7
    starts = [moment.start_seconds for moment in found]
    assert starts == pytest.approx([10, 12, 14, 16, 18, 20, 22], abs=0.05)
    assert found[-1].end_seconds == content.duration_seconds
    with VideoReader(path) as video:
        # The same pictures as those of the same moment counted from the first picture.
        alone = record(tmp_path / "alone.mkv", pictures=(0, 16))
        for moment, start in zip(found, range(0, 14, 2), strict=True):
            frames = read_frames(alone, FrameSampling(4), start_seconds=start, end_seconds=start + 4)
            np.testing.assert_array_equal(moment.pixels, frames.pixels)
        frames = video.read_frames(FrameSampling(4), start_seconds=0, end_seconds=11)
        assert (frames.times_seconds >= video.index.start_seconds).all()
        with pytest.raises(VideoError, match=r"ends at 8 seconds, but the first picture is shown at 10\.0"):
            video.read_frames(FrameSampling(4), start_seconds=5, end_seconds=8)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_clips_are_cut_by_the_same_clock(tmp_path, suffix, exact):
    source = record(tmp_path / f"a{suffix}", pictures=(4, 10), sound=(0, 10))
    cut = clip_video(source, tmp_path / "clip.mp4", 7, 9, exact=exact)
    assert cut.start_seconds == pytest.approx(7, abs=0.11)
    assert cut.end_seconds == pytest.approx(9, abs=0.31)
    wanted = read_frames(source, FrameSampling(1), start_seconds=7, end_seconds=7.1).pixels.mean()
    assert read_frames(cut.output, FrameSampling(20)).pixels[0].mean() == pytest.approx(wanted, abs=3)
    with pytest.raises(VideoError, match=r"the moment ends at 3 seconds, but the first picture is shown at [34]\.\d+"):
        clip_video(source, tmp_path / "none.mp4", 1, 3)
    early = clip_video(source, tmp_path / "early.mp4", 1, 6, exact=exact)
    assert early.start_seconds == pytest.approx(4, abs=0.07)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_the_last_picture_stays_while_the_sound_goes_on(tmp_path, suffix):
    path = record(tmp_path / f"a{suffix}", pictures=(0, 4), sound=(0, 30))
    content, found = moments(path)
    assert content.duration_seconds == pytest.approx(30, abs=0.2)
    assert found[-1].end_seconds == content.duration_seconds
    # Which frames stand for the whole is not changed by that.
    alone = record(tmp_path / f"alone{suffix}", pictures=(0, 4))
    whole, only = (read_frames(file, FrameSampling(8)) for file in (path, alone))
    np.testing.assert_array_equal(whole.pixels, only.pixels)
    late = read_frames(path, FrameSampling(2), start_seconds=20, end_seconds=22)
    assert late.times_seconds == pytest.approx([3.9, 3.9], abs=0.01)


def test_sound_that_is_a_little_longer_changes_nothing(tmp_path):
    longer = read_packet_index(record(tmp_path / "a.mp4", pictures=(0, 4), sound=(0, 4.6)))
    alone = read_packet_index(record(tmp_path / "b.mp4", pictures=(0, 4)))
    assert (longer.duration_seconds, longer.end, longer.tail) == (alone.duration_seconds, alone.end, 0)


@pytest.mark.parametrize("first", [0, 3, 40])
def test_packets_that_are_flagged_corrupt_count_as_frames(tmp_path, first):
    whole = record(tmp_path / "a.ts", pictures=(0, 6))
    damaged = tmp_path / "b.ts"
    damaged.write_bytes(flagged(whole.read_bytes(), first=first))
    expected, index = read_packet_index(whole), read_packet_index(damaged)
    assert (index.num_frames, index.duration_seconds) == (expected.num_frames, expected.duration_seconds)
    frames = read_frames(damaged, FrameSampling(60))
    np.testing.assert_array_equal(frames.pixels, read_frames(whole, FrameSampling(60)).pixels)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".flv"])
@pytest.mark.parametrize("part", [0.5, 0.7])
def test_a_file_that_breaks_off_is_told(tmp_path, suffix, part):
    options = {"movflags": "+faststart"} if suffix == ".mp4" else {}
    whole = record(tmp_path / f"a{suffix}", pictures=(0, 20), sound=(0, 20), options=options)
    assert read_packet_index(whole).warning is None
    data = whole.read_bytes()
    cut = tmp_path / f"b{suffix}"
    cut.write_bytes(data[: int(len(data) * part)])
    content, found = moments(cut)
    assert content.warning is not None
    assert re.fullmatch(r"only .+ of its 20\.\d seconds are there: it is damaged or was cut off", content.warning)
    assert found[-1].end_seconds == content.duration_seconds < 19


def box(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def edited(content, edits):
    """Return an mp4 file whose first track's edit list is another: (length, start in the track) in milliseconds."""
    at = content.index(b"elst") - 4
    (size,) = struct.unpack(">I", content[at : at + 4])
    scale_at = content.index(b"mdhd") + 16
    (scale,) = struct.unpack(">I", content[scale_at : scale_at + 4])
    listed = b"".join(
        struct.pack(">IiI", length, start if start < 0 else start * scale // 1000, 1 << 16) for length, start in edits
    )
    new = box(b"elst", struct.pack(">II", 0, len(edits)) + listed)
    changed = bytearray(content[:at] + new + content[at + size :])
    for name in (b"edts", b"trak", b"moov"):
        place = changed.rindex(name, 0, at + 8) - 4
        changed[place : place + 4] = struct.pack(
            ">I", struct.unpack(">I", changed[place : place + 4])[0] + len(new) - size
        )
    return bytes(changed)


@pytest.mark.parametrize(
    "edits",
    [[(3000, -1), (17000, 0)], [(16000, 4000)], [(12000, 0)], [(5000, 2000)], [(4000, -1), (5000, 3050)]],
)
def test_an_edit_list_is_no_damage(tmp_path, edits):
    whole = record(tmp_path / "a.mp4", pictures=(0, 20), sound=(0, 20))  # its index stands at the end
    path = tmp_path / "b.mp4"
    path.write_bytes(edited(whole.read_bytes(), edits))
    index = read_packet_index(path)
    shown = sum(length for length, start in edits if start >= 0) / 1000
    assert index.pictures_end_seconds - index.start_seconds == pytest.approx(shown, abs=0.3)
    assert index.warning is None


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
def test_a_copy_that_starts_off_a_keyframe_is_no_damage(tmp_path, suffix):
    source = record(tmp_path / "a.mp4", pictures=(0, 20), sound=(0, 20), gop=60)
    path = tmp_path / f"b{suffix}"
    with av.open(str(source)) as whole, av.open(str(path), "w") as target:
        outputs = {stream.index: target.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is not None and packet.pts * packet.time_base >= 0.9:
                packet.stream = outputs[packet.stream.index]
                packet.pts -= int(4 / packet.time_base)
                packet.dts -= int(4 / packet.time_base)
                target.mux(packet)
    assert read_packet_index(path).warning is None


def test_sound_alone_does_not_make_up_for_pictures(tmp_path):
    # Sound first, then pictures, which are cut off.
    path = record(tmp_path / "a.mp4", pictures=(0, 20), options={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert read_packet_index(path).warning is not None


def test_what_is_whole_raises_no_doubt(real_videos):
    paths = [path for path in sorted(real_videos.iterdir()) if path.suffix != ".md"]
    assert paths
    for path in paths:
        index = read_packet_index(path)
        assert (index.warning, index.start_seconds, index.tail) == (None, 0, 0), path


def test_the_recordings_that_were_found_wrong(real_videos):
    cases = real_videos.parent / "cases"
    if not cases.is_dir():
        pytest.skip("no such recordings here")
    late = read_packet_index(cases / "late.mkv")
    assert (late.start_seconds, late.duration_seconds) == pytest.approx((10.0, 30.0), abs=0.03)
    found = moments(cases / "late.mkv")[1]
    assert any(moment.start_seconds <= 25 < moment.end_seconds for moment in found)
    assert read_packet_index(cases / "cc0.ts").duration_seconds == pytest.approx(6)
    assert probe(cases / "cc0.ts").num_frames == 150
