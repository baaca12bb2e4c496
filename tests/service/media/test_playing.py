"""What browsers play and what they do not."""

from __future__ import annotations

import pytest

from framecue.service.media.playing import Plays, playability
from framecue.video.read.streams import FileStreams, PictureStream, SoundStream

MP4, MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"


def film(
    container: str, codec: str, sound: str | None, *, pixel_format: str = "yuv420p", is_webm: bool = False
) -> FileStreams:
    bits = 10 if "10" in pixel_format else 8
    picture = PictureStream(codec, None, None, pixel_format, bits, "", b"", 1920, 1080, 25.0)
    sounds = () if sound is None else (SoundStream(sound, None, b"", is_default=True),)
    return FileStreams(container, None, is_webm, picture, sounds, 60.0)


@pytest.mark.parametrize(
    ("streams", "plays", "reason", "copies"),
    [
        (film(MP4, "h264", "aac"), "yes", None, (True, True)),
        (film(MP4, "h264", None), "yes", None, (True, True)),
        (film(MATROSKA, "vp9", "opus", is_webm=True), "yes", None, (True, True)),
        (film(MATROSKA, "vp8", "vorbis", is_webm=True), "yes", None, (False, False)),
        (film(MATROSKA, "h264", "aac"), "perhaps", "Not every browser plays Matroska files.", (True, True)),
        (film(MP4, "hevc", "aac"), "perhaps", "Not every browser plays HEVC.", (False, True)),
        (film(MP4, "av1", "opus"), "perhaps", "Not every browser plays AV1.", (False, True)),
        (
            *(film(MP4, "h264", "aac", pixel_format="yuv420p10le"), "perhaps"),
            *("Not every browser plays H.264 of 10 bits.", (False, True)),
        ),
        (
            *(film(MP4, "h264", "aac", pixel_format="yuv444p"), "no"),
            *("Browsers do not play H.264 in the format yuv444p.", (False, True)),
        ),
        (film(MP4, "h264", "ac3"), "perhaps", "Not every browser plays AC-3 sound.", (True, False)),
        (film(MP4, "h264", "pcm_s16le"), "no", "Browsers do not play PCM sound.", (True, False)),
        (
            *(film(MATROSKA, "hevc", "dts"), "no"),
            *("Browsers do not play DTS sound.", (False, False)),
        ),
        (film("mpegts", "h264", "aac"), "no", "Browsers do not play MPEG-TS files.", (True, True)),
        (
            *(film("avi", "mpeg4", "mp3"), "no"),
            *("Browsers do not play AVI files and MPEG-4 part 2.", (False, True)),
        ),
        (
            *(film("asf", "wmv3", "wmav2"), "no"),
            *("Browsers do not play Windows Media files, WMV 9 and WMA sound.", (False, False)),
        ),
    ],
)
def test_films(streams: FileStreams, plays: Plays, reason: str | None, copies: tuple[bool, bool]) -> None:
    found = playability(streams)
    assert (found.plays, found.reason) == (plays, reason)
    assert (found.copies_picture, found.copies_sound) == copies


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (film(MP4, "h264", "aac"), 'video/mp4; codecs="avc1.640028, mp4a.40.2"'),
        (film(MATROSKA, "vp9", None, is_webm=True), 'video/webm; codecs="vp09.00.10.08"'),
        (film(MATROSKA, "h264", "ac3"), 'video/x-matroska; codecs="avc1.640028, ac-3"'),
        (film("avi", "msmpeg4v3", "mp3"), "video/x-msvideo"),  # browsers have no name for its codec
        (film("nut", "ffv1", None), "application/octet-stream"),
    ],
)
def test_types(streams: FileStreams, expected: str) -> None:
    assert playability(streams).type == expected
