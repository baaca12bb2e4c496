"""Examples become vectors: which segment a moment is, what is read of files, and what is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import AbsentError, InputError, VideoError
from framecue.library.files.mixed import ALL_FILES
from framecue.library.store import Store
from framecue.library.teaching.encode import ExampleEncoder
from framecue.library.teaching.examples import WantedExample
from framecue.pictures import EncodedPicture, as_image
from framecue.video import PlainFrameSource, content_hash
from framecue.words.timed_text import TimedText
from support.colours import COLOURS, ColourEncoder, write_clip

# Four segments of 5 s that overlap by half, each with a vector of its own.
FILM = [
    {"path": "/film.mp4", "video_id": "film", "start_seconds": 2.5 * number, "end_seconds": 2.5 * number + 5}
    | {"vector": np.eye(4)[number], "duration_seconds": 12.5, "thumbnail": b"%d" % number, "caption": f"part {number}"}
    for number in range(4)
]


@pytest.fixture
def encoder(make_store: Callable[..., Store]) -> ExampleEncoder:
    return ExampleEncoder(make_store(FILM), ColourEncoder(), PlainFrameSource(), ALL_FILES)


def held(span: tuple[float, float] | None = None, at: float | None = None) -> WantedExample:
    return WantedExample(video_id="film", span=span, at_seconds=at)


@pytest.mark.parametrize(
    ("wanted", "segments", "times"),
    [
        (held(span=(2.5, 7.5)), [1], (2.5, 7.5)),  # a segment itself, though others have their middle in it
        (held(span=(3.0, 9.0)), [1, 2], (3.0, 9.0)),
        (held(span=(0.2, 1.0)), [0], (0.2, 1.0)),  # shorter than a segment
        (held(span=(11.9, 12.5)), [3], (11.9, 12.5)),
        (held(at=5.0), [1], (2.5, 7.5)),
        (held(at=0.0), [0], (0.0, 5.0)),
        (held(), [0, 1, 2, 3], (0.0, 12.5)),  # short enough to be one moment
    ],
)
def test_a_moment_is_the_segment_nearest_to_it(
    encoder: ExampleEncoder, wanted: WantedExample, segments: list[int], times: tuple[float, float]
):
    found = encoder.encode(wanted)
    expected = np.eye(4)[segments].sum(axis=0)
    np.testing.assert_allclose(found.kept.vector, expected / np.linalg.norm(expected), atol=1e-6)
    assert (found.kept.start_seconds, found.kept.end_seconds) == times
    assert (found.kept.path, found.kept.video_id, found.kept.kind) == ("/film.mp4", "film", "video")
    assert found.texts == tuple(f"part {number}" for number in segments)
    assert found.thumbnail == b"%d" % segments[len(segments) // 2]


def test_what_is_said_at_the_moment_comes_along(make_store: Callable[..., Store]):
    store = make_store(FILM)
    lines = [TimedText(1.0, 2.0, "look at Rex", "said"), TimedText(9.0, 10.0, "later", "said")]
    store.words.write("film", "speech", lines)
    encoder = ExampleEncoder(store, ColourEncoder(), PlainFrameSource(), ALL_FILES)
    assert encoder.encode(held(span=(0.0, 5.0))).texts == ("part 0", "look at Rex")


def test_what_stands_in_files_beside_the_video_comes_along(make_store: Callable[..., Store]):
    store = make_store([{**FILM[0], "subtitles": "Rex waits\nand runs"}, *FILM[1:]])
    encoder = ExampleEncoder(store, ColourEncoder(), PlainFrameSource(), ALL_FILES)
    assert sorted(encoder.encode(held(span=(0.0, 5.0))).texts) == ["Rex waits", "and runs", "part 0"]


def test_a_time_that_the_video_does_not_have_is_refused(encoder: ExampleEncoder):
    with pytest.raises(AbsentError, match=r"the video film at 13 s is not there: the video lasts 12.5 s"):
        encoder.encode(held(at=13.0))
    with pytest.raises(AbsentError, match="at 20 to 21 s is not there"):
        encoder.encode(held(span=(20.0, 21.0)))
    with pytest.raises(InputError, match="lasts 100 s, and shows much that is not meant"):
        encoder.encode(held(span=(0.0, 100.0)))


def test_a_moment_of_a_file_is_read(encoder: ExampleEncoder, tmp_path: Path):
    path = write_clip(tmp_path / "red.mp4", "red", seconds=8)
    found = encoder.encode(WantedExample(str(path), at_seconds=1.0))
    assert (found.kept.start_seconds, found.kept.end_seconds) == (0.0, 5.0)
    assert (found.kept.video_id, found.kept.picture) == (content_hash(path), None)
    assert found.kept.vector @ ColourEncoder().embed_texts(["red"])[0] > 0.95
    assert found.thumbnail is not None
    whole = encoder.encode(WantedExample(str(path)))
    assert (whole.kept.start_seconds, round(whole.kept.end_seconds)) == (0.0, 8)
    with pytest.raises(AbsentError, match="at 30 s is not there"):
        encoder.encode(WantedExample(str(path), at_seconds=30.0))


def test_a_file_that_the_library_holds_is_not_read(make_store: Callable[..., Store], tmp_path: Path):
    path = write_clip(tmp_path / "red.mp4", "red")
    state = ALL_FILES.state(str(path))
    store = make_store([{"path": str(path), "video_id": content_hash(path), "state": state, "vector": (0, 0, 1, 0)}])
    model = ColourEncoder()
    found = ExampleEncoder(store, model, PlainFrameSource(), ALL_FILES).encode(WantedExample(str(path)))
    np.testing.assert_array_equal(found.kept.vector, [0, 0, 1, 0])
    assert model.num_encoded == 0


def test_pictures_are_encoded_and_kept(encoder: ExampleEncoder, tmp_path: Path):
    pixels = np.full((800, 1200, 3), COLOURS["green"], dtype=np.uint8)
    path = tmp_path / "green.png"
    Image.fromarray(pixels).save(path)
    green = ColourEncoder().embed_texts(["green"])[0]
    for wanted in (
        WantedExample(str(path), is_picture=True),
        WantedExample(picture=EncodedPicture(path.read_bytes()), is_picture=True),
        WantedExample(picture=as_image(pixels), is_picture=True),  # type: ignore[arg-type]
    ):
        found = encoder.encode(wanted)
        assert found.kept.vector @ green > 0.999
        assert (found.kept.kind, found.kept.start_seconds, found.kept.end_seconds) == ("image", 0.0, 0.0)
        assert found.kept.picture is not None
        with Image.open(io.BytesIO(found.kept.picture)) as image:
            assert (image.format, image.size) == ("WEBP", (1024, 683))
        # Taught again, it is kept as it is.
        again = WantedExample(
            found.kept.path, found.kept.video_id, None, None, EncodedPicture(found.kept.picture), True, True
        )
        path.unlink(missing_ok=True)
        assert encoder.encode(again).kept.picture == found.kept.picture
        Image.fromarray(pixels).save(path)


def test_a_file_that_is_gone_or_another_now_is_no_example(encoder: ExampleEncoder, tmp_path: Path):
    path = write_clip(tmp_path / "red.mp4", "red")
    with pytest.raises(AbsentError, match=r"red.mp4 at 0 to 1 s is gone"):
        encoder.encode(WantedExample(str(path), "another content", (0.0, 1.0)))
    assert encoder.encode(WantedExample(str(path), content_hash(path), (0.0, 1.0))).kept.path == str(path)
    with pytest.raises(VideoError, match="no such file"):
        encoder.encode(WantedExample(str(tmp_path / "none.mp4")))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoError):
        encoder.encode(WantedExample(str(tmp_path / "text.mp4")))


def test_a_model_that_gives_no_finite_vector_is_named(encoder: ExampleEncoder, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        ColourEncoder, "embed_videos", lambda self, pixels: np.full((len(pixels), 4), np.nan, np.float32)
    )
    path = write_clip(tmp_path / "red.mp4", "red")
    with pytest.raises(InputError, match="gives no vector for the example"):
        encoder.encode(WantedExample(str(path)))
