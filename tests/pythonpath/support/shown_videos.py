"""A folder of videos as a person might have one: clips, a film with subtitles, a title, an old format, a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from framecue.datasets.moji_motion.files import FRAMES_PER_SECOND, IMAGE_SIZE, draw_meanings, write_clips
from framecue.datasets.moji_motion.film import Event, write_film
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import make_scene
from framecue.video import write_video

__all__ = ["DAYS", "SAID", "SCENE_SECONDS", "SEED", "TITLE", "ShownLibraries", "ShownVideos", "write_shown_videos"]

SEED = 14
SCENE_SECONDS = 5
SAID = (
    (6.0, 9.0, "The harbour is closed on Sundays"),
    (12.0, 14.5, "Nobody has seen the lighthouse keeper"),
    (26.0, 29.0, "We sail for the islands at noon"),
)
"""What is said in the film: when it begins and ends, in seconds, and the words."""
TITLE = "GRAND OPENING"
"""What is written in the titled clip."""
DAYS = ("2024-05-31", "2024-06-01", "2025-02-14")
"""When the clips were recorded: a third of them on each day."""

_SCENES = (
    Act("cat", "rise"),
    Act("octopus", "grow"),
    Act("robot", "spin"),
    Act("panda", "shrink"),
    Act("rocket", "fall"),
    Act("whale", "circle"),
    Act("cat", "rise"),
)


@dataclass(frozen=True)
class ShownVideos:
    """What lies in the folder.

    Attributes:
        folder: with everything in it.
        clips: the clips of MojiMotion, each with what happens in it.
        film: the film; `film.srt` lies beside it.
        events: what happens in the film, and when.
        titled: the clip with `TITLE` in its picture.
        old: an AVI in MPEG-4 part 2, which no browser plays.
        old_meaning: what happens in it.
        picture: a PNG.
    """

    folder: Path
    clips: tuple[tuple[Path, Meaning], ...]
    film: Path
    events: tuple[Event, ...]
    titled: Path
    old: Path
    old_meaning: Meaning
    picture: Path


@dataclass(frozen=True)
class ShownLibraries:
    """Libraries that are served, and what is in them.

    Attributes:
        videos: the files of the first.
        library: holds all of `videos`.
        small: holds one video.
        small_clip: that video, an AVI.
        empty: held it, and holds nothing any more.
    """

    videos: ShownVideos
    library: Path
    small: Path
    small_clip: Path
    empty: Path


def write_shown_videos(folder: Path, *, num_clips: int) -> ShownVideos:
    """Draw everything into a folder; the same each time."""
    rng = np.random.default_rng(SEED)
    # What the other files show happens in no clip, so that each of them is found by what it shows.
    apart = {act.actor for act in _SCENES} | {"fox", "snail", "tractor"}
    drawn = draw_meanings("test", num_clips=8 * num_clips, rng=rng)
    meanings = [meaning for meaning in drawn if not apart & {act.actor for act in meaning.acts}][:num_clips]
    written = write_clips(folder, meanings, seed=SEED, twins=False)
    for index, clip in enumerate(written):
        noon = datetime.fromisoformat(f"{DAYS[index * len(DAYS) // num_clips]}T12:00:00").timestamp()
        os.utime(clip.video, (noon, noon))
    film = folder / "film.mp4"
    events = write_film(film, [(Meaning(act), SCENE_SECONDS) for act in _SCENES], seed=SEED)
    film.with_suffix(".srt").write_text(_srt(SAID), encoding="utf-8")
    titled = folder / "titled.mp4"
    write_video(titled, _titled(_frames(Meaning(Act("fox", "still")), 36, rng)), frames_per_second=FRAMES_PER_SECOND)
    old, old_meaning = folder / "old camera.avi", Meaning(Act("tractor", "left"))
    _write_avi(old, _frames(old_meaning, 60, rng))
    picture = folder / "poster.png"
    Image.fromarray(_frames(Meaning(Act("snail", "still")), 1, rng)[0]).save(picture)
    clips = tuple((clip.video, meaning) for clip, meaning in zip(written, meanings, strict=True))
    return ShownVideos(folder, clips, film, tuple(events), titled, old, old_meaning, picture)


def _frames(meaning: Meaning, num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a meaning, uint8 (F, S, S, 3)."""
    times = (np.arange(num_frames) + 0.5) / num_frames
    pixels: np.ndarray = draw(make_scene(meaning, rng).sprites(times), IMAGE_SIZE).permute(0, 2, 3, 1).numpy()
    return pixels


def _titled(frames: np.ndarray) -> list[np.ndarray]:
    """Put the title over the lower end of frames (F, S, S, 3)."""
    made = []
    for frame in frames:
        picture = Image.fromarray(frame)
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, IMAGE_SIZE - 40, IMAGE_SIZE, IMAGE_SIZE), fill="black")
        middle = (IMAGE_SIZE / 2, IMAGE_SIZE - 20)
        pen.text(middle, TITLE, fill="white", anchor="mm", font=ImageFont.load_default(24))
        made.append(np.asarray(picture))
    return made


def _write_avi(path: Path, frames: np.ndarray) -> None:
    """Write MPEG-4 part 2 in an AVI, as cameras did twenty years ago."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_PER_SECOND, options={"qscale": "3"})
        stream.height, stream.width, stream.pix_fmt = IMAGE_SIZE, IMAGE_SIZE, "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _srt(lines: Sequence[tuple[float, float, str]]) -> str:
    def clock(seconds: float) -> str:
        whole, thousandths = divmod(round(seconds * 1000), 1000)
        return f"00:{whole // 60:02d}:{whole % 60:02d},{thousandths:03d}"

    cues = [f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n" for n, (start, end, text) in enumerate(lines, start=1)]
    return "\n".join(cues)
