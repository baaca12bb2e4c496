from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library.indexing.encode import EncodedVideo, End, PreparedMoment, SegmentEncoder, encode_units
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.video import Content, Moment, Segmentation
from support.colours import ColourEncoder, ColourOfEach


def moment(value: int, *, num_frames: int = 4, start_seconds: float = 0.0) -> Moment:
    pixels = np.full((num_frames, 8, 10, 3), value, dtype=np.uint8)
    return Moment(start_seconds, start_seconds + 5, pixels, b"picture")


def test_a_moment_is_prepared_and_becomes_a_vector(colour_model) -> None:
    encoder = SegmentEncoder(colour_model)
    first = encoder.prepare(moment(255, start_seconds=2.5))
    assert (first.pixels.dtype, first.pixels.shape) == (np.float32, (4, 3, 2, 2))
    segments = encoder.encode([first, encoder.prepare(moment(0))])
    assert (segments[0].start_seconds, segments[0].end_seconds, segments[0].thumbnail) == (2.5, 7.5, b"picture")
    vectors = [segment.vector for segment in segments]
    assert vectors[0].dtype == np.float32
    white = np.array([0.5, 0.5, 0.5, 0.1]) / np.linalg.norm([0.5, 0.5, 0.5, 0.1])
    np.testing.assert_allclose(vectors[0], white, atol=1e-6)
    np.testing.assert_allclose(vectors[1], white * [-1, -1, -1, 1], atol=1e-6)
    assert [segment.caption for segment in segments] == [None, None]
    assert colour_model.batches == [2]


def test_captions_are_the_models_own(colour_model) -> None:
    colour_model.has_captioner = True
    colour_model.describe = lambda pixel_values: [f"grey {float(clip.mean()):.1f}" for clip in pixel_values]
    encoder = SegmentEncoder(colour_model, captions=True)
    segments = encoder.encode([encoder.prepare(moment(255)), encoder.prepare(moment(51))])
    assert [segment.caption for segment in segments] == ["grey 1.0", "grey 0.2"]


def test_captions_without_a_captioner_are_refused(colour_model) -> None:
    colour_model.has_captioner, colour_model.method_name = False, "mean-pool"
    with pytest.raises(InputError, match="method mean-pool has no captioner"):
        SegmentEncoder(colour_model, captions=True)


class RawColourEncoder(ColourEncoder):
    """Takes frames as they are decoded."""

    takes_frames, frames_at_once = True, 256

    def embed_raw(self, videos: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean colours' vectors, one call a batch."""
        assert all(frames.dtype == np.uint8 for frames in videos)
        return self.embed_videos(np.stack([self.prepare(frames) for frames in videos]))


def test_frames_stay_as_they_are_for_an_encoder_that_makes_them_ready_itself(colour_model) -> None:
    raw = RawColourEncoder()
    encoder, usual = SegmentEncoder(raw), SegmentEncoder(colour_model)
    assert encoder.segments_per_encode == 64
    oblong = Moment(0.0, 5.0, np.full((4, 6, 20, 3), 90, dtype=np.uint8), b"other size")
    moments = [moment(200), oblong]
    prepared = [encoder.prepare(each) for each in moments]
    assert all(one.pixels is other.pixels for one, other in zip(prepared, moments, strict=True))
    for found, expected in zip(
        encoder.encode(prepared), usual.encode([usual.prepare(each) for each in moments]), strict=True
    ):
        np.testing.assert_array_equal(found.vector, expected.vector)
        assert (found.start_seconds, found.thumbnail) == (expected.start_seconds, expected.thumbnail)
    assert raw.batches == [2]


def test_where_it_does_not_or_captions_are_wanted_they_are_prepared_as_ever() -> None:
    raw = RawColourEncoder()
    raw.has_captioner = True
    raw.describe = lambda pixel_values: ["grey"] * len(pixel_values)
    encoder = SegmentEncoder(raw, captions=True)
    assert encoder.encode([encoder.prepare(moment(9))])[0].caption == "grey"
    raw.takes_frames = False
    assert SegmentEncoder(raw).prepare(moment(9)).pixels.dtype == np.float32


def test_what_is_read_is_what_the_model_samples(make_model) -> None:
    segmentation = Segmentation(kind="windows", segment_seconds=3, overlap_seconds=1)
    options = SegmentEncoder(make_model(num_frames=7), segmentation=segmentation).options
    assert (options.sampling.num_frames, options.segmentation, options.short_side) == (7, segmentation, 200)


def test_batches_hold_about_as_many_frames_whatever_the_sampling(make_model) -> None:
    assert SegmentEncoder(make_model(num_frames=4)).segments_per_encode == 16
    assert SegmentEncoder(make_model(num_frames=12)).segments_per_encode == 5
    assert SegmentEncoder(make_model(num_frames=100)).segments_per_encode == 1


def test_frames_that_segments_share_are_encoded_once() -> None:
    # Two shots of five frames' distance, each a minute of windows that share half, then pictures.
    encoder, plain = ColourOfEach(num_frames=12), ColourEncoder(num_frames=12)
    film = np.random.default_rng(0).integers(0, 255, (200, 8, 10, 3), dtype=np.uint8)
    shots = [[film[first + 6 * n : first + 6 * n + 12] for n in range(9)] for first in (0, 100)]
    pixels = [*shots[0], *shots[1], *(np.broadcast_to(film[n], (12, 8, 10, 3)) for n in range(190, 194))]
    units = [Unit("/v/a.mp4", FileState(1, 1.0)), Unit("/v/b.mp4", FileState(1, 1.0))]

    def encoded(by: SegmentEncoder) -> list[np.ndarray]:
        events: list[tuple[Unit, Content | PreparedMoment | End]] = []
        for unit, part in zip(units, (pixels[:9], pixels[9:]), strict=True):
            events.append((unit, Content("hash", True, 10.0, len(part))))
            events += [(unit, by.prepare(Moment(float(n), n + 5.0, each, b""))) for n, each in enumerate(part)]
            events.append((unit, End()))
        videos = list(encode_units(events, by))
        assert [video.unit for video in videos] == units
        return [segment.vector for video in videos if isinstance(video, EncodedVideo) for segment in video.segments]

    found, expected = encoded(SegmentEncoder(encoder)), encoded(SegmentEncoder(plain))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # A shot has 60 frames and stays together; a picture is one frame.
    assert sum(encoder.frames) == 60 + 60 + 4
    assert encoder.batches == [9, 13]
    assert plain.batches == [5, 5, 5, 5, 2]


def test_what_waits_is_bounded_whatever_it_shares() -> None:
    encoder = SegmentEncoder(ColourOfEach(num_frames=12))
    picture = encoder.prepare(moment(7, num_frames=12))
    assert [encoder.is_due([picture] * number) for number in (14, 15)] == [False, True]
    assert not encoder.is_due([picture] * 14, picture)


@pytest.mark.parametrize(
    ("warning", "num_segments", "num_replaced", "expected"),
    [
        (None, 2, 0, None),
        (None, 2, 2, None),
        (None, 2, 3, "3 of 8 frames cannot be decoded: it is damaged"),
        (None, 3, 3, "1 of its 3 segments cannot be decoded: it is damaged"),
        ("it was cut off", 3, 3, "it was cut off"),
    ],
)
def test_what_cannot_be_decoded_is_no_secret(colour_model, warning, num_segments, num_replaced, expected) -> None:
    unit, encoder = Unit("/v/a.mp4", FileState(1, 1.0)), SegmentEncoder(colour_model)
    content = Content("hash", True, 10.0, num_segments, warning=warning)
    moments = [encoder.prepare(moment(0)), encoder.prepare(replace(moment(0), num_replaced=num_replaced))]
    (video,) = encode_units([(unit, event) for event in (content, *moments, End())], encoder)
    assert video.warning == expected
