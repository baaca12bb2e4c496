"""The names of codecs as browsers take them; the expected ones are worked out by hand from the standards."""

from __future__ import annotations

from typing import Any

import pytest

from framecue.service.media.codecs import picture_codec, sound_codec
from framecue.video.read.streams import PictureStream, SoundStream


def picture(codec: str, setup: str = "", **changes: Any) -> PictureStream:
    fields = {"profile": None, "level": None, "pixel_format": "yuv420p", "bits": 8, "tag": ""}
    fields |= {"width": 64, "height": 48, "frames_per_second": None}
    return PictureStream(codec=codec, setup=bytes.fromhex(setup), **(fields | changes))


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (picture("h264", "0164001fffe1"), "avc1.64001F"),  # avcC: High, level 3.1
        (picture("h264", "0142c01effe1"), "avc1.42C01E"),  # Constrained Baseline, level 3
        (picture("h264", "00000001 0910 000001 6764000aac"), "avc1.64000A"),  # NAL units
        (picture("h264", profile="Main", level=31), "avc1.4D001F"),
        (picture("h264"), "avc1.640028"),
        # hvcC: Main, compatible with Main and Main 10, level 3.1, progressive and frames only.
        (picture("hevc", "01 01 60000000 b00000000000 5d f000"), "hvc1.1.6.L93.B0"),
        # Main 10, high tier, level 5.1.
        (picture("hevc", "01 22 20000000 b00000000000 99", tag="hev1"), "hev1.2.4.H153.B0"),
        (picture("hevc", bits=10, level=120), "hvc1.2.4.L120.B0"),
        (picture("vp9"), "vp09.00.10.08"),
        (picture("vp9", bits=10, pixel_format="yuv420p10le", level=41), "vp09.02.41.10"),
        (picture("vp9", pixel_format="yuv444p"), "vp09.01.10.08"),
        (picture("av1", "81 08 0c00"), "av01.0.08M.08"),  # Main, level 4.0
        (picture("av1", "81 2d c000", bits=10), "av01.1.13H.10"),  # High, level 5.1, high tier
        (picture("av1"), "av01.0.08M.08"),
        (picture("vp8"), "vp8"),
        (picture("mpeg4"), "mp4v.20.9"),
        (picture("wmv2"), None),
    ],
)
def test_pictures(stream: PictureStream, expected: str | None) -> None:
    assert picture_codec(stream) == expected


@pytest.mark.parametrize(
    ("codec", "setup", "expected"),
    [
        ("aac", "1190", "mp4a.40.2"),
        ("aac", "2b92", "mp4a.40.5"),
        ("aac", "f880", "mp4a.40.36"),  # 31, then 32 + 4
        ("aac", "", "mp4a.40.2"),
        ("mp3", "", "mp4a.6B"),
        ("opus", "", "opus"),
        ("ac3", "", "ac-3"),
        ("pcm_s16le", "", None),
        (None, "", None),
    ],
)
def test_sound(codec: str | None, setup: str, expected: str | None) -> None:
    assert sound_codec(SoundStream(codec, None, bytes.fromhex(setup), is_default=True)) == expected
