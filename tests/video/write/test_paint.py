"""Frames for an encoder: upright, of one size, even; ordinary ones in one step."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video.read.shape import Decoded, Shape
from framecue.video.write.paint import ExactPainter, QuickPainter

FILE = Path("film.mp4")


def frame(pixel_format="yuv420p", *, size=(64, 48), level=120):
    grey = np.full((size[1], size[0], 3), level, np.uint8)
    return av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)


def level_of(made):
    return made.to_ndarray(format="rgb24").mean()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "yuv420p10le", "rgb24", "gray", "nv12"])
def test_both_show_the_same(pixel_format):
    decoded = Decoded(frame(pixel_format), Shape())
    for paint in (ExactPainter(FILE), QuickPainter(FILE, short_side=480)):
        made = paint(decoded)
        assert (made.width, made.height, made.format.name) == (64, 48, "yuv420p")
        assert level_of(made) == pytest.approx(120, abs=3)


def test_the_size_is_that_which_is_shown_and_even():
    odd = Decoded(frame(size=(71, 49)), Shape(Fraction(4, 3)))
    made = QuickPainter(FILE, short_side=480)(odd)
    assert (made.width, made.height) == (94, 48)
    large = Decoded(frame(size=(256, 192)), Shape())
    made = QuickPainter(FILE, short_side=96)(large)
    assert (made.width, made.height) == (128, 96)


def test_frames_of_another_size_are_fitted_into_the_first():
    paint = QuickPainter(FILE, short_side=480)
    paint(Decoded(frame(size=(96, 48)), Shape()))
    made = paint(Decoded(frame(size=(64, 48), level=200), Shape()))
    assert (made.width, made.height) == (96, 48)
    columns = made.to_ndarray(format="rgb24").mean(axis=(0, 2))
    assert columns[2] < 10
    assert columns[48] == pytest.approx(200, abs=3)


def test_colours_stay_what_the_file_says():
    encoder = av.CodecContext.create("libx264", "w")
    hdr = frame("yuv420p10le")
    hdr.color_primaries, hdr.color_trc, hdr.colorspace = 9, 16, 9  # BT.2020, PQ
    paint = QuickPainter(FILE, short_side=480)
    paint(Decoded(hdr, Shape()))
    paint.set_colours(encoder)
    assert (encoder.color_primaries, encoder.color_trc, encoder.colorspace, encoder.color_range) == (9, 16, 9, 1)
    small = QuickPainter(FILE, short_side=480)
    small(Decoded(frame(), Shape()))
    small.set_colours(encoder)
    assert encoder.colorspace == 5  # BT.601, which players take a small picture to be in that says nothing


@pytest.mark.parametrize("paint", [ExactPainter(FILE), QuickPainter(FILE, short_side=480)])
def test_what_is_too_small_for_an_encoder_has_words(paint):
    with pytest.raises(VideoError, match="is 1 x 48 pixels; an encoder needs 2 x 2"):
        paint(Decoded(frame("gray", size=(1, 48)), Shape()))
