from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.dates import date_in_metadata, date_in_name, iso_time, recorded_seconds

UTC = datetime(2024, 5, 31, 16, 12, 33, tzinfo=timezone.utc).timestamp()
LOCAL = datetime(2024, 5, 31, 18, 12, 33).timestamp()
DAY = datetime(2024, 5, 31).timestamp()


@pytest.mark.parametrize(
    ("metadata", "seconds"),
    [
        ({"creation_time": "2024-05-31T16:12:33.000000Z"}, UTC),
        ({"creation_time": "2024-05-31T16:12:33Z"}, UTC),
        ({"creation_time": "2024-05-31 16:12:33 +0000"}, UTC),
        (
            {"com.apple.quicktime.creationdate": "2024-05-31T18:12:33+0200", "creation_time": "2024-06-01T00:00:00Z"},
            UTC,
        ),
        ({"com.apple.quicktime.creationdate": "2024-05-31T14:12:33-02:00"}, UTC),
        ({"DATE_RECORDED": "2024-05-31 18:12:33"}, LOCAL),
        ({"DateTimeOriginal": "2024:05:31 18:12:33"}, LOCAL),
        ({"date": "2024-05-31"}, DAY),
        ({"date": "20240531"}, DAY),
        ({"creation_time": "Fri May 31 18:12:33 2024"}, LOCAL),
        ({"date": "2024"}, None),
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00.000000Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z", "date": "2024-05-31"}, DAY),
        ({"creation_time": "2099-01-01T00:00:00Z"}, None),
        ({"creation_time": "2024-02-31T00:00:00Z"}, None),
        ({"creation_time": ""}, None),
        ({"title": "2024-05-31"}, None),
        ({}, None),
    ],
)
def test_metadata(metadata: dict[str, str], seconds: float | None) -> None:
    assert date_in_metadata(metadata) == seconds


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("IMG_20240531_181233.mp4", LOCAL),
        ("PXL_20240531_181233123.mp4", LOCAL),
        ("PXL_20240531_181233123.TS.mp4", LOCAL),
        ("20240531181233.mp4", LOCAL),
        ("DJI_20240531181233_0001_D.MP4", LOCAL),
        ("2024-05-31 18.12.33.mov", LOCAL),
        ("2024-05-31_18-12-33.mkv", LOCAL),
        ("2024-05-31T18:12:33.mkv", LOCAL),
        ("Screen Recording 2024-05-31 at 18.12.33.mov", LOCAL),
        ("Screen Recording 2024-05-31 at 6.12.33 PM.mov", LOCAL),
        ("Screen Recording 2024-05-31 at 6.12.33\u202fPM.mov", LOCAL),
        ("WhatsApp Video 2024-05-31 at 18.12.33.mp4", LOCAL),
        ("signal-2024-05-31-181233.mp4", LOCAL),
        ("Screenrecorder-2024-05-31-18-12-33-123.mp4", LOCAL),
        ("VID-20240531-WA0001.mp4", DAY),
        ("2024.05.31 Birthday.mp4", DAY),
        ("2024-05-31.mp4", DAY),
        ("2024_05_31_99.mp4", DAY),
        ("31.05.2024.mp4", None),
        ("IMG_0042.MOV", None),
        ("120240531181233.mp4", None),
        ("2024-05.mp4", None),
        ("2024-13-31.mp4", None),
        ("2024-02-31.mp4", None),
        ("1080p 2160.mp4", None),
        ("clip.mp4", None),
    ],
)
def test_names(name: str, seconds: float | None) -> None:
    assert date_in_name(name) == seconds


def test_the_best_source_counts() -> None:
    name = "IMG_20240531_181233.mp4"
    assert recorded_seconds(name, modified_seconds=7.0, in_metadata=5.0) == 5.0
    assert recorded_seconds(name, modified_seconds=7.0, in_metadata=None) == LOCAL
    assert recorded_seconds("a.mp4", modified_seconds=7.0, in_metadata=None) == 7.0


def test_of_a_day_alone_the_modification_time_of_that_day_says_more() -> None:
    name = "VID-20240531-WA0001.mp4"
    assert recorded_seconds(name, modified_seconds=LOCAL, in_metadata=None) == LOCAL
    assert recorded_seconds(name, modified_seconds=LOCAL + 86_400, in_metadata=None) == DAY


@given(text=st.text(max_size=60) | st.from_regex(r"[-_0-9: TZ+.]{0,40}", fullmatch=True))
def test_any_text_gives_a_time_that_was_or_none(text: str) -> None:
    for seconds in (date_in_name(text), date_in_metadata({"creation_time": text})):
        assert seconds is None or seconds <= time.time() + 86_400


@given(seconds=st.integers(1_000_000_000, 1_700_000_000))
def test_what_was_written_is_read(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds)
    assert date_in_name(f"VID_{moment:%Y%m%d_%H%M%S}.mp4") == moment.timestamp()
    zoned = datetime.fromtimestamp(seconds, timezone.utc)
    assert date_in_metadata({"creation_time": f"{zoned:%Y-%m-%dT%H:%M:%S.000000Z}"}) == seconds


@given(seconds=st.floats(1e8, 2e9))
def test_an_iso_time_is_that_second_in_local_time(seconds: float) -> None:
    time = datetime.fromisoformat(iso_time(seconds))
    assert time.timestamp() == int(seconds)
    assert time.utcoffset() == datetime.fromtimestamp(int(seconds)).astimezone().utcoffset()
