"""``framecue datasets`` and ``framecue datasets check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.cli.dataset_options import read_dataset_options
from framecue.datasets.registry import DATASETS


def test_every_data_set_is_listed_with_its_splits(run) -> None:
    result = run("datasets")
    assert (result.code, result.err) == (0, "")
    for name, config in DATASETS.items():
        assert name in result.out
        for home in config.card.homes:
            assert home in result.out
    assert "27,763" in result.out
    document = json.loads(run("datasets", "--json").out)
    assert [entry["name"] for entry in document["datasets"]] == list(DATASETS)
    (msr_vtt,) = [entry for entry in document["datasets"] if entry["name"] == "msr-vtt"]
    assert msr_vtt["has_files"]
    assert msr_vtt["options"] == ["video_dir", "missing_videos", "known_broken", "train_set", "test_set", "val_holdout"]
    assert msr_vtt["splits"][0] == {
        "split": "train",
        "options": {"train_set": "9k"},
        "videos": 9000,
        "captions": 180_000,
        "source": "MSRVTT_train.9k.csv, MSRVTT_data.json",
        "note": "with `val`",
    }
    assert not document["datasets"][-1]["has_files"]


def test_a_package_that_cannot_be_loaded_is_named(run, install) -> None:
    install("acme", {"framecue.datasets": {"none": "acme:None_"}}, "")
    result = run("datasets")
    assert result.code == 0
    assert "acme" in result.err


def test_a_whole_copy(run, data: Path) -> None:
    result = run("datasets", "check", "folder", "--data-dir", data, "--readers", "1")
    assert (result.code, result.err) == (0, "")
    assert "complete" in result.out
    assert "not complete" not in result.out


def test_a_copy_that_lacks_something_ends_with_1_and_says_what(run, tmp_path: Path) -> None:
    (tmp_path / "train_list.txt").write_text("a_0_1\n" + "\n".join(f"b{n}_0_1" for n in range(12)))
    (tmp_path / "captions_msvd.json").write_text(
        json.dumps({"a_0_1": ["x"], **{f"b{n}_0_1": ["y", "z"] for n in range(12)}})
    )
    (tmp_path / "A_0_1.avi").write_text("no video")
    result = run("datasets", "check", "msvd", "--data-dir", tmp_path, "--no-decode")
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[0] == "train: the lists name 13 videos, published are 1200: get the lists again"
    assert lines[1] == f"train: missing: a_0_1 (renamed? there is {tmp_path / 'A_0_1.avi'})"
    assert "train: missing: 3 more (--json names all)" in lines
    assert any(line.startswith(f"val: {tmp_path}: there is no val_list.txt") for line in lines)
    assert result.err.count("people get it from https://github.com/") == 2  # in the lines of val and of test
    assert result.out.splitlines()[-1].endswith(": not complete")
    listed = run("datasets", "check", "msvd", "--data-dir", tmp_path, "--split", "train", "--no-decode", "--json")
    assert listed.code == 1
    document = json.loads(listed.out)
    assert len(document["splits"][0]["missing"]) == 13


@pytest.mark.isolated
def test_a_video_that_cannot_be_read_is_named(run, tmp_path: Path) -> None:
    (tmp_path / "captions.jsonl").write_text('{"video": "a.mp4", "captions": ["x"], "split": "test"}\n')
    (tmp_path / "a.mp4").write_text("no video")
    result = run("datasets", "check", "folder", "--data-dir", tmp_path)
    assert result.code == 1
    assert result.err.startswith(f"test: {tmp_path / 'a.mp4'}: ")


def test_options_of_the_data_set(run, tmp_path: Path) -> None:
    result = run("datasets", "check", "msr-vtt", "--data-dir", tmp_path, "train_set=8k")
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: dataset msr-vtt: 'train_set' must be '9k', '7k' or 'full', got '8k'\n"
    for args, says in ((["x"], "'x' is no option of a data set; give KEY=VALUE"), (["a=1", "a=2"], "a is given twice")):
        result = run("datasets", "check", "msr-vtt", "--data-dir", tmp_path, *args)
        assert result.code == 2
        assert says in result.err
    assert read_dataset_options(["a=1", "b=x=y", "c=", "d=1k-A"]) == {"a": 1, "b": "x=y", "c": None, "d": "1k-A"}
    result = run("datasets", "check", "msr-vtt", "--data-dir", tmp_path, "a={")
    assert result.code == 2
    assert "the value of a is not YAML" in result.err


def test_wrong_usage(run) -> None:
    result = run("datasets", "chek")
    assert result.code == 2
    assert "did you mean check?" in result.err
    result = run("datasets", "--json", "check", "folder", "--data-dir", "x")
    assert result.code == 2
    assert "give it after" in result.err
    assert run("datasets", "check", "--help").out.startswith("Usage: framecue datasets check ")
