"""How much of a file is converted at a time, and what of it is copied."""

from __future__ import annotations

import pytest

from framecue.library.state import FileState
from framecue.library.store.records import Content, ContentFile
from framecue.service.media import plan
from framecue.service.media.plan import MAX_SPAN_SECONDS, Conversion, plan_conversion
from framecue.service.media.playing import playability
from framecue.video.read.streams import FileStreams, PictureStream, SoundStream


def planned(
    codec: str = "mpeg4",
    *,
    seconds: float = 60.0,
    size: tuple[int, int] = (640, 360),
    rate: float | None = 25.0,
    size_bytes: int = 10_000_000,
    sound: str | None = "mp3",
) -> Conversion:
    picture = PictureStream(codec, None, None, "yuv420p", 8, "", b"", *size, rate)
    sounds = () if sound is None else (SoundStream(sound, None, b"", is_default=True),)
    streams = FileStreams("avi", None, False, picture, sounds, seconds)
    content = Content("ab", "video", seconds, (ContentFile("/film.avi", FileState(size_bytes, 1.0)),))
    return plan_conversion(content, streams, playability(streams), size_bytes=size_bytes)


def test_a_short_film_is_encoded_whole() -> None:
    found = planned()
    assert found.span_seconds is None
    assert (found.suffix, *found.parts) == (".mp4", False, False)
    assert found.type == 'video/mp4; codecs="avc1.640028, mp4a.40.2"'
    assert found.reason == "Browsers do not play AVI files and MPEG-4 part 2."


@pytest.mark.parametrize(
    ("size", "rate", "expected"),
    [((640, 360), 25.0, 56.0), ((640, 360), None, 56.0), ((1920, 1080), 60.0, 20.0), ((160, 120), 25.0, 120.0)],
)
def test_a_long_one_in_spans_that_are_there_soon(size: tuple[int, int], rate: float | None, expected: float) -> None:
    assert planned(seconds=7200, size=size, rate=rate).span_seconds == expected
    # A rest that is hardly longer is no piece of its own.
    assert planned(seconds=1.5 * expected, size=size, rate=rate).span_seconds is None


def test_what_is_copied_is_whole_but_for_the_largest() -> None:
    found = planned("h264", seconds=7200)
    assert (found.span_seconds, *found.parts) == (None, True, True)
    assert planned("h264", seconds=7200, size_bytes=9_000_000_000).span_seconds == MAX_SPAN_SECONDS
    assert planned("h264", sound=None).type == 'video/mp4; codecs="avc1.640028"'
    assert planned("h264", sound="ac3").type == 'video/mp4; codecs="avc1.640028, mp4a.40.2"'


def test_webm_is_encoded_whatever_the_file_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "playable_suffix", lambda: ".webm")
    found = planned("h264", sound="aac")
    assert (found.suffix, *found.parts) == (".webm", False, False)
    assert found.type == 'video/webm; codecs="vp09.00.40.08, opus"'
