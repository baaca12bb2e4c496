"""Writing videos: what comes back is what went in, and the same frames give the same bytes."""

from fractions import Fraction

import av
import numpy as np
import pytest

from framecue.errors import InputError, OutputError
from framecue.video import FrameSampling, probe, read_frames, write_video


def moving_colours(num_frames=12, height=96, width=128):
    """Smooth pictures that change from frame to frame."""
    y, x = np.mgrid[0:height, 0:width]
    for number in range(num_frames):
        yield np.stack(
            [
                128 + 100 * np.sin(x / 40 + number / 6),
                128 + 100 * np.cos(y / 30 - number / 8),
                np.full_like(x, 30 + 12 * number, dtype=float),
            ],
            axis=-1,
        ).astype(np.uint8)


def test_round_trip(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, moving_colours(), frames_per_second=8)
    info, frames = probe(path), read_frames(path, FrameSampling(12))
    assert (info.num_frames, info.width, info.height) == (12, 128, 96)
    assert info.duration_seconds == pytest.approx(1.5, abs=1e-3)
    np.testing.assert_allclose(frames.times_seconds, np.arange(12) / 8, atol=1e-4)
    difference = np.abs(frames.pixels.astype(int) - np.stack(list(moving_colours())))
    assert difference.mean() < 1.5
    assert difference.max() < 16


def test_the_same_frames_give_the_same_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving_colours(), frames_per_second=12.5)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_any_player_opens_it(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, moving_colours(3, 720, 1280), frames_per_second=30000 / 1001)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, stream.average_rate) == ("h264", "yuv420p", Fraction(30000, 1001))
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_quality(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(4)]
    for crf in (10, 40):
        write_video(tmp_path / f"{crf}.mp4", frames, frames_per_second=10, crf=crf)
    assert (tmp_path / "10.mp4").stat().st_size > 2 * (tmp_path / "40.mp4").stat().st_size


def test_one_frame_and_views(tmp_path):
    picture = next(moving_colours())[::-1, ::-1]
    write_video(tmp_path / "one.mp4", [picture], frames_per_second=10)
    assert probe(tmp_path / "one.mp4").duration_seconds == pytest.approx(0.1, abs=1e-3)
    pixels = read_frames(tmp_path / "one.mp4", FrameSampling(1)).pixels[0]
    assert np.abs(pixels.astype(int) - picture).mean() < 1.5


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "at least one frame"),
        ([np.zeros((4, 4, 3), np.float32)], r"a frame is float32 \(4, 4, 3\); frames are uint8 \(H, W, 3\)"),
        ([np.zeros((4, 4), np.uint8)], r"a frame is uint8 \(4, 4\)"),
        ([np.zeros((4, 5, 3), np.uint8)], "even H and W"),
        ([np.zeros((0, 4, 3), np.uint8)], "even H and W"),
        (["picture"], r"a frame is str"),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)], "all frames have one size"),
    ],
)
def test_frames_that_cannot_be_written(tmp_path, frames, message):
    with pytest.raises(InputError, match=message):
        write_video(tmp_path / "bad.mp4", frames, frames_per_second=10)


@pytest.mark.parametrize("options", [{"frames_per_second": 0}, {"frames_per_second": 10, "crf": 52}])
def test_options_out_of_range(tmp_path, options):
    with pytest.raises(InputError, match=r"frames_per_second is 0|crf is 52"):
        write_video(tmp_path / "bad.mp4", moving_colours(1), **options)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be written \(No such file or directory\)"):
        write_video(tmp_path / "nowhere" / "clip.mp4", moving_colours(1), frames_per_second=10)


def test_what_exists_is_replaced_only_when_told(tmp_path):
    path = tmp_path / "one.mp4"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write_video(path, moving_colours(1), frames_per_second=10)
    with pytest.raises(InputError, match="a frame is"):
        write_video(path, [np.zeros((2, 2, 3))], frames_per_second=10, overwrite=True)
    assert path.read_text() == "mine"
    write_video(path, moving_colours(1), frames_per_second=10, overwrite=True)
    assert probe(path).num_frames == 1
    assert [file.name for file in tmp_path.iterdir()] == ["one.mp4"]
