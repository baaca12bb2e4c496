from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from framecue.frame_store import StoreFrameSource
from framecue.frame_store.index import read_index
from framecue.frame_store.layout import StoreOptions

pytestmark = pytest.mark.isolated


@pytest.fixture
def store(run, data: Path, tmp_path: Path) -> Path:
    assert run("datasets", "prepare", "folder", "--data-dir", data, "--output", tmp_path / "store").code == 0
    return tmp_path / "store"


def test_a_data_set_is_prepared_and_again(run, data: Path, tmp_path: Path) -> None:
    command = ("datasets", "prepare", "folder", "--data-dir", data, "--output", tmp_path / "store", "--workers", 2)
    result = run(*command, "--fps", 2, "--short-side", 32, "--quality", 80)
    assert (result.code, result.err) == (0, "")
    # Nine clips and a twin, each of a second.
    assert re.fullmatch(
        rf"{tmp_path / 'store'}: 20 frames of 10 videos; 10 decoded now; 1 shard, [1-9]\d* kB\n", result.out
    )
    options = StoreFrameSource(tmp_path / "store").options
    assert options == StoreOptions(frames_per_second=2, short_side=32, quality=80)
    document = json.loads(run(*command, "--fps", 2, "--short-side", 32, "--quality", 80, "--json").out)
    assert (document["videos"], document["decoded"], document["frames"], document["failed"]) == (10, 0, 20, [])
    result = run(*command)
    assert result.code == 1
    assert "holds frames at 2 a second" in result.err


def test_splits(run, data: Path, tmp_path: Path) -> None:
    command = ("datasets", "prepare", "folder", "--data-dir", data, "--output", tmp_path / "store", "--workers", 1)
    assert "of 6 videos" in run(*command, "--split", "train", "--split", "val").out
    assert set(read_index(tmp_path / "store").videos) == {
        *(f"train/{colour}.mp4" for colour in ("red", "green", "blue", "yellow")),
        *("val/white.mp4", "val/black.mp4"),
    }
    result = run(*command, "--split", "test", "--split", "none")
    assert result.code == 1
    assert "no clip is in split 'none'" in result.err
    assert "of 10 videos" in run(*command).out


def test_a_split_that_is_not_there_is_told_unless_it_was_asked_for(run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    lines = (folder / "captions.jsonl").read_text().splitlines()
    (folder / "captions.jsonl").write_text("\n".join(line for line in lines if '"val"' not in line))
    result = run("datasets", "prepare", "folder", "--data-dir", folder, "--output", tmp_path / "store")
    assert result.code == 0
    assert result.err.startswith("left out: ")
    assert "no clip is in split 'val'" in result.err
    assert "of 8 videos" in result.out


def test_what_cannot_be_prepared(run, data: Path, tmp_path: Path) -> None:
    for name, says in (("moji-motion", "has no files to evaluate"), ("fodler", "unknown dataset 'fodler'")):
        result = run("datasets", "prepare", name, "--data-dir", data, "--output", tmp_path / "store")
        assert result.code == 1
        assert says in result.err
    result = run("datasets", "prepare", "folder", "--data-dir", tmp_path / "no", "--output", tmp_path / "store")
    assert (result.code, "no such folder" in result.err) == (1, True)
    assert not (tmp_path / "store").exists()
    result = run("datasets", "prepare", "folder", "--data-dir", data, "--output", data)
    assert result.code == 1
    assert "holds something else already" in result.err
    assert run("datasets", "perpare").code == 2


def test_a_broken_video_is_named(run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    (folder / "train" / "red.mp4").write_bytes(b"no video")
    result = run("datasets", "prepare", "folder", "--data-dir", folder, "--output", tmp_path / "store")
    assert result.code == 0
    assert f"{folder / 'train' / 'red.mp4'}: " in result.err
    assert "of 10 videos, 1 that cannot be read; 9 decoded now" in result.out


def test_evaluation_reads_the_store(run, clip_folder: Path, data: Path, store: Path, tmp_path: Path) -> None:
    """With the videos gone, the same figures as the videos give on the same grid."""
    command = ("evaluate", "--model", clip_folder, "--json")
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    kept = run(*command, "--data-dir", folder, "--frame-store", store)
    assert (kept.code, kept.err) == (0, "")
    raw = run(*command, "--data-dir", folder)
    assert json.loads(kept.out).keys() == json.loads(raw.out).keys()
    # One-colour clips give the same pixels on any grid, up to the compression.
    assert json.loads(kept.out)["text_to_video"] == json.loads(raw.out)["text_to_video"]


def test_evaluation_with_a_store_that_does_not_fit(
    run, clip_folder: Path, data: Path, store: Path, tmp_path: Path
) -> None:
    command = ("evaluate", "--model", clip_folder, "--data-dir", data)
    result = run(*command, "--frame-store", tmp_path / "nothing")
    assert (result.code, "there is no frame store; `framecue datasets prepare" in result.err) == (1, True)
    other = tmp_path / "other"
    run("datasets", "prepare", "folder", "--data-dir", data, "--output", other, "--split", "val")
    result = run(*command, "--frame-store", other)
    assert result.code == 1
    assert f"frame store {other} lacks " in result.err
    small = tmp_path / "small"
    run("datasets", "prepare", "folder", "--data-dir", data, "--output", small, "--short-side", 16)
    result = run(*command, "--frame-store", small)
    assert (result.code, "prepare one with --short-side 32" in result.err) == (1, True)


def test_an_adapter_without_a_grid_is_evaluated_with_a_word(
    run, clip_folder: Path, data: Path, store: Path, tmp_path: Path
) -> None:
    from framecue.backbone import load_backbone
    from framecue.checkpoint import save_adapter
    from framecue.methods import build_method

    for name, options in (("free", {}), ("grid", {"frames_per_second": 3})):
        backbone = load_backbone(clip_folder)
        method = build_method("bias", options, backbone)
        method.freeze(backbone)
        save_adapter(tmp_path / name, backbone=backbone, method=method, method_name="bias", version="1")
        command = ("evaluate", "--model", clip_folder, "--adapter", tmp_path / name, "--data-dir", data)
        result = run(*command, "--frame-store", store, "--json")
        assert result.code == 0
        assert ("was trained on any frames, and the store holds 3 a second" in result.err) == (name == "free")


def test_a_stopped_run_says_that_it_goes_on(run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("framecue.frame_store.prepare.prepare_store", stop)
    monkeypatch.setattr("framecue.frame_store.prepare_store", stop)
    result = run("datasets", "prepare", "folder", "--data-dir", data, "--output", tmp_path / "store")
    assert result.code == 130
    assert "what was decoded stays; the same command goes on from there" in result.err


def test_options_of_the_data_set(run, data: Path, tmp_path: Path) -> None:
    command = ("datasets", "prepare", "folder", "--data-dir", data, "--output", tmp_path / "store")
    assert (run(*command, "fill").code, "give KEY=VALUE" in run(*command, "fill").err) == (2, True)
    result = run(*command, "nothing=3")
    assert (result.code, "nothing" in result.err) == (1, True)
    assert not (tmp_path / "store").exists()
    assert "of 10 videos" in run(*command, "captions_file=captions.jsonl").out
