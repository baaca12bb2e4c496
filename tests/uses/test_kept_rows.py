from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from pyarrow import parquet

from framecue.errors import InputError
from framecue.model import VideoTextModel
from framecue.uses import kept_rows as module
from framecue.uses.embed import BATCH_TEXTS, embed_texts, embed_videos
from framecue.uses.kept_rows import parts_folder
from framecue.video import PlainFrameSource
from support.colours import ColourEncoder, write_clip

SOURCE = PlainFrameSource()


def stop_after(number: int) -> Callable[[float, int], None]:
    def progress(done: float, _: int) -> None:
        if done == number:
            raise KeyboardInterrupt

    return progress


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.parquet"


@pytest.fixture
def begun(videos: list[str], output: Path) -> Path:
    """An output of which a run has done the first video and noted that the second cannot be read."""
    Path(videos[1]).write_bytes(b"no video")
    with pytest.raises(KeyboardInterrupt):
        embed_videos(ColourEncoder(), videos, output, source=SOURCE, batch_size=1, progress=stop_after(2))
    assert not output.exists()
    assert [part.name for part in parts_folder(output).glob("part-*")] == ["part-00000.parquet"]
    return output


def test_a_run_goes_on_where_it_was_stopped(begun: Path, videos: list[str]) -> None:
    model = ColourEncoder()
    found = embed_videos(model, videos, begun, source=SOURCE, batch_size=1)
    assert (found.num_rows, model.num_encoded) == (2, 1)
    assert [item.path for item in found.skipped] == [videos[1]]
    assert "not a video" in found.skipped[0].reason
    assert parquet.read_table(begun)["path"].to_pylist() == [videos[0], videos[2]]
    assert not parts_folder(begun).exists()


def test_a_run_that_was_killed_goes_on(
    videos: list[str], output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_SECONDS", 0.0)

    def progress(done: float, _: int) -> None:
        if done == 2:  # what is on the disk now is what a kill would leave
            shutil.copytree(parts_folder(output), tmp_path / "left")

    embed_videos(ColourEncoder(), videos, output, source=SOURCE, batch_size=1, progress=progress)
    whole = output.read_bytes()
    output.unlink()
    (tmp_path / "left").rename(parts_folder(output))
    model = ColourEncoder()
    embed_videos(model, videos, output, source=SOURCE, batch_size=1)
    assert model.num_encoded == 1
    assert output.read_bytes() == whole


def test_what_comes_of_it_is_what_one_run_makes(
    make_model: Callable[..., VideoTextModel], videos: list[str], output: Path, tmp_path: Path
) -> None:
    model = make_model(num_test_frames=2)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    paths = [videos[0], str(tmp_path / "bad.mp4"), *videos[1:]]
    embed_videos(model, paths, tmp_path / "whole.parquet", frames=True, source=SOURCE, batch_size=2)
    with pytest.raises(KeyboardInterrupt):
        embed_videos(model, paths, output, frames=True, source=SOURCE, batch_size=2, progress=stop_after(1))
    embed_videos(model, paths, output, frames=True, source=SOURCE, batch_size=2)
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_file_that_came_or_changed_meanwhile_is_done(begun: Path, videos: list[str], tmp_path: Path) -> None:
    new = str(write_clip(tmp_path / "new.mp4", "red"))
    write_clip(Path(videos[0]).with_name("blue.mp4"), "blue").replace(videos[0])
    model = ColourEncoder()
    embed_videos(model, [new, *videos], begun, source=SOURCE, batch_size=1)
    assert model.num_encoded == 3
    rows = parquet.read_table(begun).to_pylist()
    assert [row["path"] for row in rows] == [new, videos[0], videos[2]]
    colours = ColourEncoder().embed_texts(["red", "blue"])
    assert [int(np.argmax(colours @ row["vector"])) for row in rows[:2]] == [0, 1]


def test_another_model_or_other_columns_are_refused(begun: Path, videos: list[str]) -> None:
    for model, frames, says in (
        (ColourEncoder(name="others"), False, "backbone was colours, and now it is others"),
        (ColourEncoder(num_frames=2), False, r"sampling\.num_frames was 4, and now it is 2"),
        (ColourEncoder(), True, "columns was path, duration_seconds, vector, and now it is path, .*frame_vectors"),
    ):
        with pytest.raises(InputError, match=rf"{says}; go on with the same, or remove .*out\.parquet\.parts to begin"):
            embed_videos(model, videos, begun, frames=frames, source=SOURCE)
    run = parts_folder(begun) / "run.json"
    held = run.read_text()
    for damaged in ("", "[]", json.dumps({**json.loads(held), "fingerprint": {}})):
        run.write_text(damaged)
        with pytest.raises(InputError, match=r"run\.json: cannot be read, so nobody knows what it goes with; "):
            embed_videos(ColourEncoder(), videos, begun, source=SOURCE)
    run.write_text(held)
    assert embed_videos(ColourEncoder(), videos, begun, source=SOURCE).num_rows == 2


def test_another_precision_is_refused(
    make_model: Callable[..., VideoTextModel], videos: list[str], output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(num_test_frames=2)
    with pytest.raises(KeyboardInterrupt):
        embed_videos(model, videos, output, source=SOURCE, batch_size=1, progress=stop_after(1))
    run = parts_folder(output) / "run.json"
    run.write_text(run.read_text().replace('"float32"', '"bfloat16"'))
    with pytest.raises(InputError, match="dtype was bfloat16, and now it is float32; go on with the same"):
        embed_videos(model, videos, output, source=SOURCE)


def test_a_damaged_part_is_named(begun: Path, videos: list[str]) -> None:
    part = parts_folder(begun) / "part-00000.parquet"
    part.write_bytes(b"no table")
    with pytest.raises(InputError, match=r"part-00000\.parquet: cannot be read, though a run has kept it; remove it"):
        embed_videos(ColourEncoder(), videos, begun, source=SOURCE)
    part.unlink()
    assert embed_videos(ColourEncoder(), videos, begun, source=SOURCE).num_rows == 2


def test_a_folder_of_somebody_elses_is_left_alone(videos: list[str], output: Path) -> None:
    parts_folder(output).mkdir()
    (parts_folder(output) / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"out\.parquet\.parts: is in the way"):
        embed_videos(ColourEncoder(), videos, output, source=SOURCE)
    assert [entry.name for entry in parts_folder(output).iterdir()] == ["mine.txt"]


def test_two_runs_do_not_make_one_output(begun: Path, videos: list[str]) -> None:
    with (
        FileLock(parts_folder(begun) / module.LOCK_FILE),
        pytest.raises(InputError, match="another run is making it; wait for its end, or name another output"),
    ):
        embed_videos(ColourEncoder(), videos, begun, source=SOURCE)
    assert embed_videos(ColourEncoder(), videos, begun, source=SOURCE).num_rows == 2


def test_texts_go_on_too(make_model: Callable[..., VideoTextModel], output: Path, tmp_path: Path) -> None:
    model = make_model()
    texts = [f"a cat {number % 40}" for number in range(2 * BATCH_TEXTS + 8)]
    embed_texts(model, texts, tmp_path / "whole.parquet")

    def stop(done: int) -> None:
        if done == BATCH_TEXTS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_texts(model, texts, output, progress=stop)
    asked = []
    embed = model.embed_texts
    model.embed_texts = lambda some: (asked.append(len(some)), embed(some))[1]  # type: ignore[method-assign]
    embed_texts(model, ["before", *texts[1:]], output)
    assert asked[0] == BATCH_TEXTS  # a batch in which something is new
    with pytest.raises(InputError, match="text 1: is ' '"):
        embed_texts(model, [" "], tmp_path / "no.parquet")
    assert not parts_folder(tmp_path / "no.parquet").exists()
    assert parquet.read_table(output)["text"].to_pylist() == ["before", *texts[1:]]
    wanted = parquet.read_table(tmp_path / "whole.parquet").to_pylist()[1:]
    np.testing.assert_allclose(
        [row["vector"] for row in parquet.read_table(output).to_pylist()[1:]],
        [row["vector"] for row in wanted],
        atol=1e-5,
    )
