"""Small films in the kinds of files that people have, with a tone in them, and libraries that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any

import av
import numpy as np

from framecue.library.files.mixed import ALL_FILES
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.records import Content, ContentFile
from framecue.library.store.rows import Row
from support.colours import ColourEncoder

__all__ = ["OneFileLibrary", "loud_seconds", "make_film", "write_library"]

RATE = 10
STEP = 12  # grey levels from one frame's number to the next
SOUND_RATE = 48_000


def make_film(
    path: Path,
    picture: str = "libx264",
    sound: str | None = "aac",
    *,
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (64, 48),
    num_frames: int = 20,
    loud: tuple[float, float] = (0.5, 1.0),
    times: list[int] | None = None,
    options: dict[str, str] | None = None,
    gop: int = 5,
) -> Path:
    """Write a film whose frames say by their grey level which one they are, with a tone between two seconds.

    Args:
        path: the file.
        picture: the encoder of the pictures.
        sound: the encoder of the sound; None for none.
        pixel_format: of the pictures.
        size: width and height.
        num_frames: ten a second.
        loud: when the tone is heard.
        times: of the frames, in milliseconds, where they are not ten a second.
        options: of the encoder.
        gop: frames from one keyframe to the next.
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(picture, rate=RATE, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.gop_size = gop
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        track: Any = container.add_stream(sound, rate=SOUND_RATE, layout="stereo") if sound else None
        for number in range(num_frames):
            grey = np.full((size[1], size[0], 3), number * STEP % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, RATE) if times is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
            if track is not None:
                container.mux(track.encode(_tone(number, loud, track.codec_context.format.name)))
        container.mux(stream.encode(None))
        if track is not None:
            container.mux(track.encode(None))
    return path


def _tone(number: int, loud: tuple[float, float], sample_format: str) -> av.AudioFrame:
    """Return the tenth of a second of sound that goes with a frame."""
    length = SOUND_RATE // RATE
    seconds = (number * length + np.arange(length)) / SOUND_RATE
    wave = 0.4 * np.sin(2 * np.pi * 440 * seconds) * ((seconds >= loud[0]) & (seconds < loud[1]))
    frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]).astype(np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * length, Fraction(1, SOUND_RATE)
    if sample_format == "fltp":
        return frame
    (made,) = av.AudioResampler(format=sample_format, layout="stereo", rate=SOUND_RATE).resample(frame)
    return made


def loud_seconds(path: Path) -> tuple[float, float]:
    """Return from when to when the sound of a file is loud, in its own time."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000)
        pieces: list[Any] = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        at = np.concatenate([float(p.pts * p.time_base) + np.arange(p.samples) / 16_000 for p in pieces])
        is_loud = np.abs(np.concatenate([p.to_ndarray()[0] for p in pieces])) > 0.1
    return float(at[is_loud].min()), float(at[is_loud].max())


class OneFileLibrary:
    """What a library is to whoever asks for a file by a hash: it holds one content.

    Args:
        paths: the files that have it, in order.
        duration_seconds: of the content.
        kind: "video" or "image".
    """

    video_id = "ab" * 16

    def __init__(self, *paths: Path, duration_seconds: float = 2.0, kind: str = "video") -> None:
        files = tuple(ContentFile(str(path), FileState.of(path.stat())) for path in paths)
        self._content = Content(self.video_id, kind, duration_seconds, files)

    def content(self, video_id: str) -> Content | None:
        return self._content if video_id == self.video_id else None


def write_library(place: Path, files: Mapping[str, Path | str], *, seconds: float = 2.0) -> dict[str, str]:
    """Write a library that holds files, without a model having seen them.

    Args:
        place: where the library is to be.
        files: by a name; objects of a store by their URLs.
        seconds: how long each lasts.

    Returns:
        The hash of each file's content, by its name.
    """
    ids = {name: blake2b(name.encode(), digest_size=16).hexdigest() for name in files}
    store = Store.create(str(place), {**ColourEncoder().fingerprint().to_dict(), "embedding_dim": 4})
    store.write(
        [
            Row(
                video_id=ids[name],
                path=str(path),
                start_seconds=start,
                end_seconds=start + 1.0,
                vector=np.array([1, 0, 0, 0], np.float32),
                duration_seconds=seconds,
                state=ALL_FILES.state(str(path)),
                thumbnail=f"WEBP of {name} at {start}".encode() if start < 1 else None,
                kind="image" if Path(path).suffix in (".jpg", ".png", ".tiff", ".heic") else "video",
            )
            for name, path in files.items()
            for start in (0.0, 1.0)
        ]
    )
    return ids
