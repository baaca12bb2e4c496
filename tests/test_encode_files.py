from __future__ import annotations

import io
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from framecue.backbone import Backbone
from framecue.errors import InputError, NotOfflineError, VideoError
from framecue.library import Library, Query
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.progress import FilesDone
from framecue.video import PlainFrameSource, write_video

PIXELS = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
SOURCE = PlainFrameSource()


def make(backbone: Backbone, method: str = "mean-pool", **options: Any) -> VideoTextModel:
    return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).eval()


@pytest.fixture
def model(backbone: Backbone) -> VideoTextModel:
    return make(backbone, num_test_frames=4)


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.mp4" for number in range(3)]
    for number, path in enumerate(paths):
        write_video(path, [np.roll(PIXELS[:64, :64], number * 20 + n, 0) for n in range(4)], frames_per_second=4)
    return paths


def in_every_form(folder: Path) -> list[Any]:
    path = folder / "a.png"
    Image.fromarray(PIXELS).save(path)
    return [
        path,
        str(path),
        path.read_bytes(),
        PIXELS,
        Image.open(io.BytesIO(path.read_bytes())),
        torch.from_numpy(PIXELS.copy()),
    ]


def test_a_picture_in_every_form_has_the_vector_that_a_search_by_picture_has(
    model: VideoTextModel, videos: list[Path], tmp_path: Path
) -> None:
    library = Library(tmp_path / "l.lance", model=model)
    library.add(videos[:1])
    forms = in_every_form(tmp_path)
    vectors = model.encode_image(PIXELS)
    assert vectors.shape == (1, 24)
    assert vectors.dtype == torch.float32
    for form in forms:
        assert torch.equal(model.encode_image(form, source=SOURCE), vectors)
    # Exactly, not nearly: the scores are equal to the last digit.
    expected = library.search(Query(vectors=vectors))
    assert library.search_many([Query(images=[form]) for form in forms]) == [expected] * len(forms)


def test_a_method_of_many_frames_sees_a_picture_as_a_video_of_one_frame(backbone: Backbone, tmp_path: Path) -> None:
    model = make(backbone, "prompt-switch")
    path = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(path)
    assert torch.equal(model.encode_image(PIXELS), model.encode_image(path, source=SOURCE))


def test_several_pictures_and_batches_of_them(model: VideoTextModel) -> None:
    several = np.stack([np.roll(PIXELS, 9 * number, 1) for number in range(5)])
    one_by_one = model.encode_image(several)
    assert one_by_one.shape == (5, 24)
    assert torch.equal(one_by_one, torch.cat([model.encode_image(one) for one in several]))
    torch.testing.assert_close(model.encode_image(list(several), batch_size=3), one_by_one, rtol=0, atol=1e-5)


def test_pictures_that_cannot_be_used(model: VideoTextModel, backbone: Backbone, videos: list[Path]) -> None:
    with pytest.raises(InputError, match="a video of 4 frames, not a picture"):
        model.encode_image(videos[0], source=SOURCE)
    with pytest.raises(VideoError, match="no such file"):
        model.encode_image("/nothing.jpg", source=SOURCE)
    with pytest.raises(InputError, match="array of float64"):
        model.encode_image(PIXELS / 255)
    with pytest.raises(InputError, match="no picture given"):
        model.encode_image([])
    with pytest.raises(NotOfflineError):
        make(backbone, "x-pool").encode_image(PIXELS)


def test_an_image_file_is_read_in_another_process_unless_a_source_is_given(
    model: VideoTextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG")
    used: list[str] = []

    class Isolated(PlainFrameSource):
        def __init__(self, **_: object) -> None:
            used.append("started")

        def __enter__(self) -> Isolated:
            return self

        def __exit__(self, *_: object) -> None:
            used.append("closed")

    monkeypatch.setattr("framecue.encode_files.IsolatedFrameSource", Isolated)
    assert torch.equal(model.encode_image(buffer.getvalue()), model.encode_image(PIXELS))
    assert used[:2] == ["started", "closed"]


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_batches_and_progress_change_nothing_but_the_last_digits(
    model: VideoTextModel, videos: list[Path], batch_size: int
) -> None:
    told: list[tuple[FilesDone, int]] = []
    found = model.encode_video(
        videos, source=SOURCE, batch_size=batch_size, progress=lambda done, total: told.append((done, total))
    )
    expected = torch.cat([model.encode_video(path, source=SOURCE) for path in videos])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert [(done, done.path, total) for done, total in told] == [
        (number + 1, str(path), 3) for number, path in enumerate(videos)
    ]


@pytest.mark.parametrize("batch_size", [1, 2])
def test_files_that_cannot_be_read_are_named_and_left_out(
    model: VideoTextModel, videos: list[Path], tmp_path: Path, batch_size: int, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    paths: list[str | Path] = [bad, videos[0], str(bad), videos[1], "/gone.mp4"]
    told: list[tuple[float, str]] = []
    with caplog.at_level(logging.WARNING, "framecue"):
        found = model.encode_video(
            paths,
            source=SOURCE,
            batch_size=batch_size,
            on_error="skip",
            progress=lambda done, total: told.append((float(done), done.path)),
        )
    assert found.paths == [str(videos[0]), str(videos[1])]
    torch.testing.assert_close(found.embeddings, model.encode_video(videos[:2], source=SOURCE), rtol=0, atol=1e-5)
    assert [str(error.path) for error in found.skipped] == [str(bad), str(bad), "/gone.mp4"]
    assert "no such file" in found.skipped[-1].reason
    assert [number for number, _ in told] == [1, 2, 3, 4, 5]
    assert {path for _, path in told} == {str(path) for path in paths}
    assert "skipped /gone.mp4: no such file" in caplog.messages
    with pytest.raises(VideoError, match=r"bad\.mp4"):
        model.encode_video(paths, source=SOURCE, batch_size=batch_size)


def test_nothing_that_can_be_read_is_no_error_when_skipping(model: VideoTextModel) -> None:
    found = model.encode_video(["/gone.mp4"], source=SOURCE, on_error="skip")
    assert found.embeddings.shape == (0, 24)
    assert found.paths == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number, 1 or more"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"batch_size": True}, "batch_size is True"),
        ({"on_error": "ignore"}, "on_error is 'ignore'; it must be 'raise' or 'skip'"),
    ],
)
def test_options_that_make_no_sense(model: VideoTextModel, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        model.encode_video("/a.mp4", **options)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_several_threads_encode_in_order_and_leave_out_what_cannot_be_read(
    model: VideoTextModel, videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    paths = [videos[0], bad, *videos[1:], *videos]
    expected = model.encode_video([*videos, *videos], source=SOURCE)
    names: set[str] = set()
    real = model.method.encode_frames

    def watched(*arguments: Any) -> Any:
        names.add(threading.current_thread().name)
        return real(*arguments)

    monkeypatch.setattr(model.method, "encode_frames", watched)
    monkeypatch.setattr(VideoTextModel, "max_threads", 3)
    told: list[str] = []
    found = model.encode_video(
        paths,
        source=SOURCE,
        batch_size=batch_size,
        on_error="skip",
        progress=lambda done, total: told.append(done.path),
    )
    torch.testing.assert_close(found.embeddings, expected, rtol=0, atol=1e-5)
    assert found.paths == [str(path) for path in paths if path != bad]
    assert told == [str(path) for path in paths]
    assert names
    assert all(name.startswith("framecue-work") for name in names)


def test_a_defect_of_a_method_ends_all_threads(
    model: VideoTextModel, videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(model.method, "encode_frames", broken)
    monkeypatch.setattr(VideoTextModel, "max_threads", 2)
    before = threading.enumerate()
    with pytest.raises(ZeroDivisionError):
        model.encode_video(videos, source=SOURCE)
    assert not [thread for thread in threading.enumerate() if thread not in before and "framecue-" in thread.name]
