from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from framecue.library import Library
from support.colours import ColourEncoder


def test_a_folder_as_an_indexing_run_takes_it(run, loader, clips: Path, tmp_path: Path) -> None:
    (clips / "broken.mp4").write_bytes(b"no video")
    (clips / "notes.txt").write_text("x")
    output = tmp_path / "out.parquet"
    result = run("embed", clips, "--output", output, "--exclude", "more", "--json", "--model", "clip")
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert (document["output"], document["rows"], document["embedding_dim"]) == (str(output), 3, 4)
    assert [Path(one["path"]).name for one in document["skipped"]] == ["broken.mp4"]
    table = parquet.read_table(output)
    assert {Path(path).stem for path in table["path"].to_pylist()} == {"red", "green", "blue"}
    texts = ColourEncoder().embed_texts(["red", "green", "blue"])
    for path, vector in zip(table["path"].to_pylist(), table["vector"].to_pylist(), strict=True):
        assert ["red", "green", "blue"][int(np.argmax(texts @ vector))] == Path(path).stem
    assert result.err.splitlines()[-1] == f"3 videos in {output}, 4 numbers each"


def test_texts_of_a_file(run, loader, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("red\n\nblue\nred\n")
    result = run("embed", "--texts", tmp_path / "texts.txt", "-o", tmp_path / "t.parquet", "--model", "clip")
    assert result == (0, "", f"3 texts in {tmp_path / 't.parquet'}, 4 numbers each\n")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table["text"].to_pylist() == ["red", "blue", "red"]
    np.testing.assert_allclose(table["vector"].to_pylist()[:2], ColourEncoder().embed_texts(["red", "blue"]))
    (tmp_path / "texts.txt").write_text("\n")
    result = run("embed", "--texts", tmp_path / "texts.txt", "-o", tmp_path / "u.parquet", "--model", "clip")
    assert result == (1, "", f"Error: {tmp_path / 'texts.txt'}: holds no text; give one a line\n")


def test_nothing_is_replaced_unless_it_is_said_and_videos_never(run, loader, clips: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    output.write_bytes(b"mine")
    given = ("embed", clips / "red.mp4", "--model", "clip", "--output")
    result = run(*given, output)
    assert (result.code, output.read_bytes()) == (1, b"mine")
    assert "exists already" in result.err
    assert loader.asked == []  # it is told before a model is loaded
    assert run(*given, output, "--force").code == 0
    assert parquet.read_table(output).num_rows == 1
    # A file of a library beside the output is somebody's video, whatever it is called.
    video = (clips / "blue.mp4").rename(tmp_path / "video.parquet")
    Library(tmp_path / "videos.lance", model=ColourEncoder()).add([str(video)])
    result = run(*given, video, "--force")
    assert (result.code, result.out) == (1, "")
    assert "which is never replaced" in result.err


def test_a_fusion_has_no_embeddings(run, clip_folder: Path, clips: Path, tmp_path: Path) -> None:
    import framecue
    from framecue.checkpoint import save_adapter

    model = framecue.load_model(clip_folder, method="x-pool", options={"num_frames": 2, "num_test_frames": 2})
    model.method.freeze(model.backbone)
    adapter = tmp_path / "x-pool"
    save_adapter(adapter, backbone=model.backbone, method=model.method, method_name="x-pool", version="0")
    given = ("--model", clip_folder, "--adapter", adapter)
    result = run("embed", clips, "-o", tmp_path / "a.parquet", *given)
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "method x-pool looks at the text" in result.err
    # But it classifies.
    labels = ("--label", "cat", "--label", "dog", "--template", "the {}")
    result = run("classify", clips / "red.mp4", *labels, *given, "--json")
    assert result.code == 0, result.err
    assert len(json.loads(result.out)["videos"][0]["predictions"]) == 2


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["{clips}"], 2, "Missing option '-o' / '--output'"),
        (["-o", "a.parquet"], 2, "Missing argument 'PATH...'"),
        (["{clips}", "-o", "a.parquet", "--texts", "x"], 2, "PATH is given beside --texts"),
        (["-o", "a.parquet", "--texts", "x", "--frames"], 2, "--frames is given beside --texts"),
        (["{clips}", "-o", "{clips}/a.csv"], 1, "name a file that ends with .parquet"),
        (["{clips}/none", "-o", "{clips}/a.parquet"], 1, "nothing to embed: "),
        (["{clips}/red.mp4", "-o", "{clips}/none/a.parquet"], 1, "cannot be written"),
        (["{clips}/red.mp4", "-o", "s3://a/b.parquet"], 1, "s3://a/b.parquet: "),
    ],
)
def test_what_cannot_be_done(run, loader, clips: Path, args: list[str], code: int, says: str) -> None:
    result = run("embed", *(arg.format(clips=clips) for arg in args))
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert loader.asked == []
