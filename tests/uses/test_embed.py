from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from framecue import __version__
from framecue.encoder import Fingerprint
from framecue.errors import InputError, NotOfflineError, OutputError
from framecue.model import VideoTextModel
from framecue.uses import embedding_table
from framecue.uses.embed import embed_texts, embed_videos
from framecue.uses.places import VideoPlace
from framecue.video import PlainFrameSource
from support.colours import ColourEncoder

SOURCE = PlainFrameSource()


def test_a_row_a_video_with_the_vector_of_the_model(
    make_model: Callable[..., VideoTextModel], videos: list[str], tmp_path: Path
) -> None:
    model = make_model(num_test_frames=4)
    output = tmp_path / "out.parquet"
    found = embed_videos(model, [*videos, videos[0]], output, frames=True, source=SOURCE, batch_size=2)
    assert (found.output, found.num_rows, found.embedding_dim, found.skipped) == (str(output), 3, 24, ())
    table = parquet.read_table(output)
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 24)
    assert table.schema.field("frame_vectors").type == pa.list_(pa.list_(pa.float32(), 24))
    assert table.column_names == ["path", "duration_seconds", "vector", "frame_seconds", "frame_vectors"]
    wanted = model.encode_video(videos, source=SOURCE).numpy()
    rows = table.to_pylist()
    assert [row["path"] for row in rows] == videos
    assert [row["duration_seconds"] for row in rows] == pytest.approx([2, 2, 2])
    np.testing.assert_allclose([row["vector"] for row in rows], wanted, atol=1e-5)
    for row in rows:
        np.testing.assert_allclose(row["frame_seconds"], [0.25, 0.75, 1.25, 1.75], atol=0.26)
        alone = model.embed_frames(model.read_video(row["path"], source=SOURCE).numpy())
        np.testing.assert_allclose(row["frame_vectors"], alone, atol=1e-5)
    metadata = table.schema.metadata
    assert Fingerprint.from_dict(json.loads(metadata[b"framecue.fingerprint"])) == model.fingerprint()
    assert metadata[b"framecue.version"] == __version__.encode()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.parquet"]


def test_rows_are_written_group_by_group(videos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_table, "GROUP_ROWS", 2)
    embed_videos(ColourEncoder(), videos, tmp_path / "a.parquet", source=SOURCE)
    file = parquet.ParquetFile(tmp_path / "a.parquet")
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [2, 1]
    monkeypatch.setattr(embedding_table, "GROUP_BYTES", 50)
    embed_videos(ColourEncoder(), videos, tmp_path / "b.parquet", frames=True, source=SOURCE)
    file = parquet.ParquetFile(tmp_path / "b.parquet")
    assert file.num_row_groups == 3
    assert len(file.read()["frame_vectors"][2].as_py()) == 4


def test_what_cannot_be_read_is_left_out_and_said(videos: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    done = []
    found = embed_videos(
        ColourEncoder(),
        [str(tmp_path / "bad.mp4"), *videos],
        tmp_path / "out.parquet",
        source=SOURCE,
        progress=lambda number, total: done.append((float(number), total)),
    )
    assert (found.num_rows, [Path(item.path).name for item in found.skipped]) == (3, ["bad.mp4"])
    assert done[-1] == (4, 4)
    assert parquet.read_table(tmp_path / "out.parquet")["path"].to_pylist() == videos


def test_where_nothing_can_be_read_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    output = tmp_path / "out.parquet"
    output.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"nothing could be embedded: .*bad\.mp4: "):
        embed_videos(ColourEncoder(), [str(tmp_path / "bad.mp4")], output, overwrite=True, source=SOURCE)
    assert output.read_bytes() == b"mine"
    with pytest.raises(InputError, match="none of the 2 files can be used; the first is"):
        embed_videos(ColourEncoder(), ["/no/a.mp4", "/no/b.mp4"], output, overwrite=True, source=SOURCE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mp4", "out.parquet"]


def test_a_run_that_fails_midway_leaves_what_was_there(videos: list[str], tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    output.write_bytes(b"mine")

    def stop(done: float, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_videos(ColourEncoder(), videos, output, overwrite=True, source=SOURCE, batch_size=1, progress=stop)
    assert output.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.parquet"]


def test_a_full_disk_is_told_by_the_files_name(
    videos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    with pytest.raises(OutputError, match=r"out.parquet: cannot be written \(.*No space left"):
        embed_videos(ColourEncoder(), videos, tmp_path / "out.parquet", source=SOURCE)
    assert not (tmp_path / "out.parquet").exists()


def test_outputs_that_must_not_be_written(videos: list[str], tmp_path: Path) -> None:
    (tmp_path / "there.parquet").write_bytes(b"mine")
    video = Path(videos[0]).rename(tmp_path / "video.parquet")
    for output, overwrite, says in (
        ("out.csv", False, "name a file that ends with .parquet"),
        ("there.parquet", False, "exists already"),
        ("video.parquet", True, "is the video itself"),
    ):
        with pytest.raises(InputError, match=says):
            embed_videos(ColourEncoder(), [str(video)], tmp_path / output, overwrite=overwrite, source=SOURCE)
    with pytest.raises(OutputError, match="cannot be written"):
        embed_videos(ColourEncoder(), [str(video)], tmp_path / "none" / "a.parquet", source=SOURCE)
    assert (tmp_path / "there.parquet").read_bytes() == b"mine"


def test_arguments_that_make_no_sense(videos: list[str], tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    with pytest.raises(InputError, match="a row is a whole file"):
        embed_videos(ColourEncoder(), [VideoPlace(videos[0], 0.0, 1.0)], output, source=SOURCE)
    with pytest.raises(InputError, match="no video"):
        embed_videos(ColourEncoder(), [], output)
    with pytest.raises(InputError, match="batch_size is 0"):
        embed_videos(ColourEncoder(), videos, output, batch_size=0)
    with pytest.raises(InputError, match="frames is 'yes'"):
        embed_videos(ColourEncoder(), videos, output, frames="yes")  # type: ignore[arg-type]
    with pytest.raises(NotOfflineError, match="no embedding of its own"):
        embed_videos(ColourEncoder(offline=False), videos, output)


def test_a_vector_that_is_not_finite_is_a_reason(videos: list[str], tmp_path: Path) -> None:
    class Broken(ColourEncoder):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            vectors = super().embed_videos(pixel_values)
            vectors[1] = np.inf
            return vectors

    found = embed_videos(Broken(), videos, tmp_path / "out.parquet", source=SOURCE)
    assert [(item.path, item.reason) for item in found.skipped] == [
        (videos[1], "the model gives no finite vector for it")
    ]
    assert parquet.read_table(tmp_path / "out.parquet")["path"].to_pylist() == [videos[0], videos[2]]


def test_texts(make_model: Callable[..., VideoTextModel], tmp_path: Path) -> None:
    model = make_model()
    texts = [f"a cat {'a' * (number % 7)}" for number in range(300)]
    done: list[int] = []
    found = embed_texts(model, iter(texts), tmp_path / "t.parquet", progress=done.append)
    assert (found.num_rows, done) == (300, [256, 300])
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.column_names == ["text", "vector"]
    assert table["text"].to_pylist() == texts
    np.testing.assert_allclose(table["vector"].to_pylist()[:7], model.encode_text(texts[:7]).numpy(), atol=1e-5)
    assert b"framecue.fingerprint" in table.schema.metadata


def test_texts_that_cannot_be_embedded(tmp_path: Path) -> None:
    output = tmp_path / "t.parquet"
    for bad, says in (([], "no text to embed"), ("red", "give a list"), (["red", " "], "text 2: is ' '")):
        with pytest.raises(InputError, match=says):
            embed_texts(ColourEncoder(), bad, output)
    assert not output.exists()
