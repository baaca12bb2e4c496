"""Objects of a store in the decoding process: a part is read for a part, all of it once, and errors name the URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.user_cache import CACHE_VARIABLE
from framecue.video import Content, FrameSampling, IsolatedReader, Moment, Progress, ReadOptions, clip_video
from framecue.video.isolate.objects import Asked, ObjectReader
from framecue.video.isolate.process import _harmless_environment
from framecue.video.isolate.question import Question
from framecue.video.isolate.questions.condition import ConditionQuestion
from framecue.video.isolate.questions.grid import GridQuestion
from framecue.video.isolate.questions.looks import LooksQuestion
from framecue.video.isolate.questions.playable import PlayableQuestion
from framecue.video.isolate.questions.probe import ProbeQuestion
from framecue.video.isolate.questions.streams import StreamsQuestion
from framecue.video.isolate.questions.subtitle_tracks import SubtitleTracksQuestion
from framecue.video.isolate.questions.timebase import TimebaseQuestion
from framecue.video.isolate.spool import kept_spool
from framecue.video.limits import SPOOL_VARIABLE
from framecue.video.read.grid_frames import GridOptions
from framecue.video.read.stored_object import BLOCK_BYTES, CachedObject, find_object
from framecue.video.write.playable import PlayableParts
from support.far_films import make_long_film
from support.object_server import Bucket, ObjectServer

OPTIONS = ReadOptions(FrameSampling(4), short_side=32)

pytestmark = pytest.mark.isolated


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_long_film(tmp_path_factory.mktemp("films") / "a film #1.mp4")


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedReader]:
    with IsolatedReader() as reader:
        yield reader


@pytest.fixture(autouse=True)
def spool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "spool"


def fetched(server: ObjectServer) -> int:
    """Return how many bytes of objects have been asked for."""
    return sum(request.sent for request in server.requests("GET"))


def copies(spool: Path) -> list[Path]:
    return [path for path in spool.rglob("*") if path.is_file() and not path.name.endswith(".lock")]


def moments(reader: IsolatedReader, path: str) -> tuple[Content, list[Moment]]:
    events = list(reader.read(path, OPTIONS, lambda video_id: True))
    (content,) = (event for event in events if isinstance(event, Content))
    return content, [event for event in events if isinstance(event, Moment)]


def test_a_clip_of_two_seconds_takes_a_part_of_the_object(
    bucket: Bucket, object_server: ObjectServer, film: Path, tmp_path: Path, reader: IsolatedReader
) -> None:
    url = bucket.put(f"my films/{film.name}", film)
    made = clip_video(url, tmp_path / "far.mp4", 30, 32, reader=reader)
    assert made.source == url
    assert made.to_dict()["path"] == url
    clip_video(film, tmp_path / "near.mp4", 30, 32, reader=reader)
    assert (tmp_path / "far.mp4").read_bytes() == (tmp_path / "near.mp4").read_bytes()
    size = film.stat().st_size
    assert size > 4_000_000
    assert 0 < fetched(object_server) < size / 4
    # Each question sees that the object is what it was; what is known of it by then is not fetched again.
    before = fetched(object_server)
    clip_video(url, tmp_path / "again.mp4", 30, 32, reader=reader)
    assert fetched(object_server) == before
    assert len(object_server.requests("HEAD")) == 2


def test_frames_of_a_moment_take_a_part_and_are_the_same(
    bucket: Bucket, object_server: ObjectServer, film: Path, reader: IsolatedReader
) -> None:
    url = bucket.put("a.mp4", film)
    far = reader.read_frames(url, FrameSampling(4), start_seconds=40, end_seconds=42)
    near = reader.read_frames(film, FrameSampling(4), start_seconds=40, end_seconds=42)
    np.testing.assert_array_equal(far.pixels, near.pixels)
    np.testing.assert_array_equal(far.times_seconds, near.times_seconds)
    assert fetched(object_server) < film.stat().st_size / 4


def test_what_is_read_whole_is_fetched_once_and_kept_for_the_run(
    bucket: Bucket, object_server: ObjectServer, film: Path, reader: IsolatedReader, spool: Path
) -> None:
    url = bucket.put("a.mp4", film)
    with kept_spool():
        far, near = moments(reader, url), moments(reader, str(film))
        assert far[0] == near[0]
        for one, other in zip(far[1], near[1], strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)
            assert (one.start_seconds, one.thumbnail) == (other.start_seconds, other.thumbnail)
        assert sum(1 for _ in reader.read_sound(url)) > 1
        assert reader.probe(url).num_frames == 300
        assert fetched(object_server) == film.stat().st_size
        assert [path.name for path in copies(spool)] == ["a.mp4"]
    assert copies(spool) == []
    # Nobody keeps it without a run.
    assert sum(1 for _ in reader.read_sound(url)) > 1
    assert fetched(object_server) == 2 * film.stat().st_size
    assert copies(spool) == []


def test_one_in_fragments_is_fetched_whole_as_its_tables_are_all_over_it(
    bucket: Bucket, object_server: ObjectServer, tmp_path: Path, reader: IsolatedReader
) -> None:
    path = make_long_film(tmp_path / "a.mp4", seconds=12, options={"movflags": "frag_keyframe+empty_moov"})
    url = bucket.put("a.mp4", path)
    clip_video(url, tmp_path / "clip.mp4", 3, 4, reader=reader)
    assert fetched(object_server) == BLOCK_BYTES + path.stat().st_size


def test_without_room_it_is_read_by_ranges(
    bucket: Bucket, film: Path, reader: IsolatedReader, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SPOOL_VARIABLE, "0.001")
    url = bucket.put("a.mp4", film)
    assert moments(reader, url)[0] == moments(reader, str(film))[0]
    assert not spool.exists() or copies(spool) == []


def test_a_store_that_keeps_one_waiting_is_no_decoder_that_hangs(
    bucket: Bucket, object_server: ObjectServer, film: Path
) -> None:
    url = bucket.put("a.mp4", film)
    object_server.fault("stall", seconds=1.2, method="GET", after=1)
    with IsolatedReader(stall_seconds=0.6) as reader:
        assert reader.probe(url).num_frames == 300
    assert any(request.fault == "stall" for request in object_server.requests())


@pytest.mark.parametrize("room", ["10", "0"])
def test_an_object_that_changes_while_it_is_read_is_noticed(
    bucket: Bucket, film: Path, room: str, monkeypatch: pytest.MonkeyPatch, object_server: ObjectServer
) -> None:
    """By ranges when its pictures are read, after its hash; as a copy while it is fetched."""
    monkeypatch.setenv(SPOOL_VARIABLE, room)
    url = bucket.put("a.mp4", film)

    def overwrite(video_id: str) -> bool:
        bucket.put("a.mp4", film.read_bytes()[:-1] + b"!")
        return True

    with IsolatedReader() as fresh:
        if room == "0":
            # Blocks that were kept are of the first content; there are too few of them for all of it.
            monkeypatch.setattr("framecue.video.read.stored_object._CACHE_BYTES", 1 << 20)
            monkeypatch.setattr(CachedObject.__init__, "__kwdefaults__", {"cache_bytes": 1, "most_bytes_at_once": 1})
            with pytest.raises(VideoError, match=rf"^{url}: it changed while it was being read$") as caught:
                list(fresh.read(url, OPTIONS, overwrite))
        else:
            found = find_object(url)
            overwrite("")
            with pytest.raises(VideoError, match=rf"^{url}: it changed while it was being read$") as caught:
                found.read(0, 10)
    assert caught.value.cause is None


def test_a_store_that_refuses_is_no_fault_of_the_file(
    bucket: Bucket, object_server: ObjectServer, film: Path, reader: IsolatedReader, spool: Path
) -> None:
    url = bucket.put("a.mp4", film)
    for after, ask in ((0, moments), (1, lambda reader, url: reader.probe(url))):
        object_server.fault("status", status=403, code="AccessDenied", method="GET", after=after)
        with pytest.raises(VideoError, match=rf"^{url}: access denied; ") as caught:
            ask(reader, url)
        assert caught.value.cause is None
        object_server.heal()
    assert moments(reader, url)[0].num_segments > 0
    assert copies(spool) == []


def test_what_is_wrong_with_the_content_is_said_of_the_url(bucket: Bucket, film: Path, reader: IsolatedReader) -> None:
    cases = {"empty.mp4": b"", "cut off.mp4": film.read_bytes()[:700_000], "text.mp4": b"no video " * 99}
    reasons = ("the file is empty", "an incomplete mp4 file", "not a video file")
    for (name, content), reason in zip(cases.items(), reasons, strict=True):
        url = bucket.put(name, content)
        with pytest.raises(VideoError, match=rf"^{url}: {reason}") as caught:
            moments(reader, url)
        assert (caught.value.cause, "cache" in str(caught.value)) == ("content", False)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("gone.mp4", "no such object$"),
        ("shard.tar/a.mp4", r"no such object: videos in tar archives are read on a disk alone"),
    ],
)
def test_what_is_not_there(bucket: Bucket, reader: IsolatedReader, key: str, reason: str) -> None:
    with pytest.raises(VideoError, match=rf"^{bucket.url}/{key}: {reason}") as caught:
        reader.probe(f"{bucket.url}/{key}")
    assert caught.value.cause is None


@pytest.mark.parametrize("wanted", [None, (0,), ("a", 1), (0, 0), (-1, 5), (5, -1), (0, 1 << 40), (90, 20), (1.5, 2)])
def test_the_decoding_process_gets_no_more_than_the_object(bucket: Bucket, wanted: object) -> None:
    url = bucket.put("a", b"x" * 100)
    asked = Asked(ProbeQuestion(url), url, CachedObject(find_object(url)))
    assert asked.bytes_for((90, 10)) == b"x" * 10
    with pytest.raises(ValueError, match=r"range"):
        asked.bytes_for(wanted)
    with pytest.raises(ValueError, match="nothing to read"):
        Asked(ProbeQuestion("a.mp4"), "a.mp4").bytes_for((0, 1))


def test_the_decoding_process_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN"):
        monkeypatch.setenv(name, "secret")
    environment = _harmless_environment()
    assert "secret" not in environment.values()
    assert "PATH" in environment


def test_a_download_that_nobody_waits_for_is_given_up(bucket: Bucket, object_server: ObjectServer, spool: Path) -> None:
    url = bucket.put("a.mkv", b"x" * 1000)
    question = ProbeQuestion(url)
    with (
        pytest.raises(VideoError, match=rf"^{url}: reading it was given up, as its reader was closed$"),
        ObjectReader().opened(question, lambda: True),
    ):
        pass
    assert object_server.requests("GET") == []
    assert copies(spool) == []


def plain(part: object) -> object:
    """Return a part of an answer as what can be compared, without the name of its file."""
    if is_dataclass(part):
        return {field.name: plain(getattr(part, field.name)) for field in fields(part) if field.name != "path"}
    return part.tolist() if isinstance(part, np.ndarray) else part


def test_every_question_is_answered_alike(bucket: Bucket, tmp_path: Path, reader: IsolatedReader) -> None:
    path = make_long_film(tmp_path / "a.mp4", seconds=12)
    url = bucket.put("a.mp4", path)
    made = tmp_path / "made.mp4"
    questions: list[Question[object]] = [
        ProbeQuestion(url),
        StreamsQuestion(url),
        TimebaseQuestion(url),
        ConditionQuestion(url),
        SubtitleTracksQuestion(url),
        LooksQuestion(url, (1.0, 7.5), 64),
        GridQuestion(url, GridOptions(1, 32)),
        PlayableQuestion(url, str(made), ".mp4", 2.0, 4.0, PlayableParts(picture=True, sound=True)),
    ]
    for question in questions:
        far, near = (
            [plain(part) for part in reader.ask(asked, lambda told: True) if not isinstance(part, Progress)]
            for asked in (question, replace(question, path=str(path)))
        )
        assert far == near, question
    assert made.stat().st_size > 1000
