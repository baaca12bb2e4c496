"""A hole in the middle of a file is told; pictures that stay on for long are not taken for one."""

import av
import numpy as np
import pytest

from framecue.video import read_packet_index

RATE = 25
SIZE = (120, 160)
CODECS = {".mpg": "mpeg2video", ".mxf": "mpeg2video"}
QUICK = {"libx264": {"preset": "superfast", "threads": "1"}}
WITH_SOUND = (".ts", ".mkv", ".flv", ".mpg")
SOUND_RATE = 48_000
SOUND_CODECS = {".mpg": "mp2"}


def film(path, times, *, sound_seconds=0.0, sound_rate=SOUND_RATE, options=None):
    """Write pictures of noise at given times, in seconds."""
    rng = np.random.default_rng(0)
    pictures = [
        np.kron(rng.integers(0, 255, (15, 20, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8)) for _ in range(13)
    ]
    with av.open(str(path), "w", options=options or {}) as container:
        codec = CODECS.get(path.suffix, "libx264")
        stream = container.add_stream(codec, rate=RATE, options=QUICK.get(codec, {}))
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        if path.suffix == ".flv":
            stream.codec_context.max_b_frames = 0  # times below 0, which it refuses
        stream.codec_context.gop_size, stream.bit_rate = RATE, 400_000
        tone = None
        if sound_seconds:
            name = SOUND_CODECS.get(path.suffix, "aac")
            quick = {"aac_coder": "fast"} if name == "aac" else {}
            tone = container.add_stream(name, rate=sound_rate, layout="stereo", options=quick)
            tone.codec_context.open()
        num_given = 0

        def sound_until(seconds):
            nonlocal num_given
            while tone and num_given / sound_rate < min(seconds, sound_seconds):
                step = tone.codec_context.frame_size
                layout = "s16" if path.suffix == ".mpg" else "fltp"
                noise = rng.integers(-9000, 9000, (1, 2 * step)).astype(np.int16)
                if layout == "fltp":
                    noise = (noise.reshape(2, step) / 32768).astype(np.float32)
                piece = av.AudioFrame.from_ndarray(noise, format=layout, layout="stereo")
                piece.sample_rate, piece.pts = sound_rate, num_given
                num_given += step
                container.mux(tone.encode(piece))

        for number, seconds in enumerate(times):
            sound_until(seconds)
            frame = av.VideoFrame.from_ndarray(pictures[number % len(pictures)])
            frame.pts = round(seconds * RATE)
            container.mux(stream.encode(frame))
        sound_until(sound_seconds)
        container.mux(stream.encode(None))
        if tone:
            container.mux(tone.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("films"), {}

    def get(suffix, has_sound):
        if (suffix, has_sound) not in made:
            path = folder / f"{'sound' if has_sound else 'alone'}{suffix}"
            film(path, np.arange(0, 20, 1 / RATE), sound_seconds=20 if has_sound else 0)
            assert read_packet_index(path).warning is None
            made[suffix, has_sound] = path.read_bytes()
        return made[suffix, has_sound]

    return get


KINDS = [(suffix, False) for suffix in (".ts", ".m2ts", ".mkv", ".flv", ".mpg", ".mxf", ".avi")]
KINDS += [(suffix, True) for suffix in WITH_SOUND]


@pytest.mark.parametrize("fill", ["noise", "zeros"])
@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (1 / 3, 2 / 3), (0.5, 0.7)])
@pytest.mark.parametrize(("suffix", "has_sound"), KINDS)
def test_a_hole_in_the_middle_is_told(films, tmp_path, suffix, has_sound, start, end, fill):
    data = bytearray(films(suffix, has_sound))
    path = tmp_path / f"a{suffix}"
    start, end = round(len(data) * start), round(len(data) * end)
    data[start:end] = np.random.default_rng(1).bytes(end - start) if fill == "noise" else bytes(end - start)
    path.write_bytes(data)
    warning = read_packet_index(path).warning
    assert warning is not None
    assert "damaged" in warning
    assert "temporarily" not in warning


@pytest.mark.parametrize("suffix", [".mxf", ".avi"])
def test_what_a_header_declares_and_is_not_there(films, tmp_path, suffix):
    data = films(suffix, False)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: len(data) * 2 // 5])
    assert "of its 20.0 seconds are there" in (read_packet_index(path).warning or "")


@pytest.mark.parametrize("sound_seconds", [0, 30])
@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mp4", ".flv"])
@pytest.mark.parametrize(
    "times",
    [
        pytest.param(np.arange(0, 30, 5.0), id="slides"),
        pytest.param([*np.arange(0, 4, 0.04), *np.arange(20, 22, 0.04), 29.0], id="a screen that rests"),
        pytest.param(np.cumsum(np.random.default_rng(3).choice([0.04, 0.2, 4.0], 60, p=[0.6, 0.3, 0.1])), id="any"),
    ],
)
def test_pictures_that_stay_on_are_no_hole(tmp_path, suffix, times, sound_seconds):
    # Sound of a third of the samples is encoded in a third of the time, and is there as long.
    path = film(tmp_path / f"a{suffix}", times, sound_seconds=sound_seconds, sound_rate=16_000)
    assert read_packet_index(path).warning is None
