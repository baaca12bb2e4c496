"""Which of a file's streams is the video."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from av.stream import Disposition

from framecue.errors import VideoError
from framecue.video.read.source import _video_stream


def stream(*, marks=0, size=(64, 48), frames=0, pix_fmt="yuv420p", codec="h264"):
    context = SimpleNamespace(name=codec) if codec else None
    width, height = size
    return SimpleNamespace(
        disposition=Disposition(marks),
        width=width,
        height=height,
        frames=frames,
        pix_fmt=pix_fmt,
        codec_context=context,
    )


def chosen(*streams, best=0):
    """Return the number of the stream that is chosen where ffmpeg's own choice is another."""
    for number, item in enumerate(streams):
        item.index = number
    everything = SimpleNamespace(video=streams, audio=(), best=lambda _: streams[best])
    container = SimpleNamespace(streams=everything, format=SimpleNamespace(name="mov"))
    return _video_stream(Path("a.mp4"), container).index


FILM = {"frames": 100}
# What else may be in a file, all of it larger than the film.
OTHERS = {
    "the second eye": {"marks": Disposition.dependent, "frames": 100, "size": (128, 96)},
    "an enhancement layer": {"marks": Disposition.dependent, "size": (1920, 1080)},
    "a cover": {"marks": Disposition.attached_pic, "size": (3000, 3000)},
    "thumbnails in time": {"marks": Disposition.timed_thumbnails, "frames": 9},
    "metadata": {"marks": Disposition.metadata, "frames": 100, "size": (128, 96)},
    "a still picture": {"marks": Disposition.still_image, "frames": 1, "size": (4000, 3000)},
    "a picture that is not marked": {"frames": 1, "size": (4000, 3000)},
    "how opaque it is": {"frames": 100, "pix_fmt": "gray"},
    "how opaque it is, in ten bits": {"frames": 100, "pix_fmt": "gray10le"},
    "an unknown codec": {"frames": 100, "codec": None},
}


@pytest.mark.parametrize("best", [0, 1])
@pytest.mark.parametrize("other", OTHERS)
def test_the_film_is_chosen_whatever_else_there_is(other, best):
    assert chosen(stream(**OTHERS[other]), stream(**FILM), best=best) == 1
    assert chosen(stream(**FILM), stream(**OTHERS[other]), best=best) == 0


def test_all_of_it_at_once():
    streams = [stream(**other) for other in OTHERS.values()]
    assert chosen(*streams[:5], stream(**FILM), *streams[5:]) == 5


def test_ffmpegs_choice_counts_between_films():
    films = [stream(frames=100), stream(frames=100, size=(1920, 1080)), stream(frames=100)]
    assert [chosen(*films, best=best) for best in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "wanted"), [("a still picture", True), ("how opaque it is", True), ("the second eye", False)]
)
def test_a_stream_that_is_alone(name, wanted):
    if wanted:
        assert chosen(stream(**OTHERS[name])) == 0
    else:
        with pytest.raises(VideoError, match="parts of one that is not in it"):
            chosen(stream(**OTHERS[name]))


def test_a_grey_film_beside_a_colourful_one_of_another_size_is_a_film():
    assert chosen(stream(frames=100, pix_fmt="gray"), stream(frames=100, size=(32, 32))) == 0
