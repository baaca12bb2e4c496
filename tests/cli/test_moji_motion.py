from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from framecue.counts import counted
from framecue.datasets.captions import CAPTIONS_FILE, read_captions
from framecue.video import probe


@pytest.fixture
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without pictures, where a test is about which files there are."""
    monkeypatch.setattr("framecue.datasets.moji_motion.files.draw", lambda sprites, size: sprites.x[:, :, None, None])
    monkeypatch.setattr(
        "framecue.datasets.moji_motion.files.write_video", lambda path, frames, **_: path.write_bytes(b"clip")
    )


def test_real_clips_of_one_split(run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    result = run("moji-motion", folder, "--clips", 2, "--seed", 7, "--split", "test", "--json")
    assert result.code == 0
    clips = read_captions(folder, "test")
    assert len(clips) == 2
    twins = sum(clip.twin is not None for clip in clips)
    assert json.loads(result.out) == {"folder": str(folder), "clips": 2, "twins": twins, "splits": {"test": 2}}
    assert result.err == f"2 clips and {counted(twins, 'order twin')} in {folder}\n"
    for clip in clips:
        info = probe(clip.video)
        assert (info.width, info.height) == (224, 224)
        assert 2 <= info.duration_seconds <= 3


def test_splits_are_80_10_10_unless_one_is_named(run, no_drawing, tmp_path: Path) -> None:
    result = run("moji-motion", tmp_path, "--clips", 20)
    assert (result.code, result.out) == (0, "")
    clips = read_captions(tmp_path)
    assert Counter(clip.split for clip in clips) == {"train": 16, "val": 2, "test": 2}
    assert all(clip.twin is None or clip.split == "test" for clip in clips)


def test_the_same_seed_gives_the_same_captions(run, no_drawing, tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run("moji-motion", tmp_path / name, "--clips", 5, "--seed", seed).code == 0
        texts.append((tmp_path / name / CAPTIONS_FILE).read_bytes())
    assert texts[0] == texts[1] != texts[2]


def test_a_dataset_is_overwritten_only_when_told(run, no_drawing, tmp_path: Path) -> None:
    assert run("moji-motion", tmp_path, "--clips", 4).code == 0
    result = run("moji-motion", tmp_path, "--clips", 2, "--json")
    assert (result.code, result.out) == (1, "")
    assert (
        result.err == f"Error: {tmp_path}: already holds a dataset ({CAPTIONS_FILE}); give another folder or --force\n"
    )
    assert len(read_captions(tmp_path)) == 4
    assert run("moji-motion", tmp_path, "--clips", 2, "--force").code == 0
    assert len(read_captions(tmp_path)) == 2
    assert len(list((tmp_path / "clips").iterdir())) == 2


def test_home_is_where_it_is_without_a_shell(run, no_drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("moji-motion", "~/data", "--clips", 1).code == 0
    assert len(read_captions(tmp_path / "data")) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["{folder}", "--clips", "0"], ["'--clips'", "x>=1"]),
        (["{folder}", "--clips", "many"], ["'--clips'", "'many'"]),
        (["{folder}", "--seed", "-1"], ["'--seed'", "x>=0"]),
        (["{folder}", "--split", "tests"], ["'--split'", "'tests'", "'train', 'val', 'test'"]),
        (["{folder}/file"], ["'DIR'", "file' is a file"]),
        ([""], ["'DIR'", "is empty"]),
        ([], ["Missing argument 'DIR'"]),
    ],
)
def test_wrong_usage(run, tmp_path: Path, args: list[str], says: list[str]) -> None:
    (tmp_path / "file").write_text("x")
    result = run("moji-motion", *(arg.format(folder=tmp_path) for arg in args))
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    for text in [*says, "framecue moji-motion --help"]:
        assert text in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run("moji-motion", tmp_path / "file" / "data", "--clips", 1)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: {tmp_path / 'file' / 'data'}: cannot be made (")
    assert result.err.count("\n") == 1
