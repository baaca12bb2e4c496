from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from framecue.backbone import load_backbone
from framecue.backbone.moved import find_model, is_model, nearby_folders


@pytest.fixture
def revision(clip_folder: Path) -> str:
    return load_backbone(clip_folder).revision


def test_a_folder_is_known_by_its_weights(
    clip_folder: Path, siglip_folder: Path, tmp_path: Path, revision: str
) -> None:
    assert is_model(clip_folder, revision)
    assert not is_model(siglip_folder, revision)
    assert not is_model(clip_folder, None)
    assert not is_model(tmp_path, revision)
    broken = shutil.copytree(clip_folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"\xff" * 100)
    assert not is_model(broken, revision)


def test_it_is_looked_for_near_by_and_in_the_cache(
    clip_folder: Path, tmp_path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "deep" / "down" / "in" / "cache"))
    lost = str(tmp_path / "old" / "mine")
    assert find_model(lost, revision) is None
    cached = tmp_path / "deep" / "down" / "in" / "cache" / "models--a--b" / "snapshots" / ("0" * 40)
    shutil.copytree(clip_folder, cached)
    assert find_model(lost, revision) == cached
    beside = shutil.copytree(clip_folder, tmp_path / "libraries" / "x" / "y" / "mine")
    assert find_model(lost, revision, near=[str(tmp_path / "libraries" / "x" / "videos.lance")]) == beside
    assert find_model(lost, "0" * 16) is None


def test_only_the_first_dozen_are_read_and_those_of_the_same_name_come_first(
    clip_folder: Path, tmp_path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(20):
        (tmp_path / f"a{number:02}").mkdir()
        (tmp_path / f"a{number:02}" / "config.json").write_text("{}")
    found = shutil.copytree(clip_folder, tmp_path / "z")
    assert find_model("/gone/z", revision) == found
    assert find_model("/gone/other", revision) is None


def test_the_search_for_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b" / "c" / "d").mkdir(parents=True)
    (tmp_path / "a" / ".hidden").mkdir()
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path / "a")
    monkeypatch.setattr("framecue.backbone.moved._MAX_FOLDERS", 100)
    found = list(nearby_folders(["s3://bucket/videos.lance"]))
    assert found == [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c", tmp_path / "a" / "b" / "loop"]
    for number in range(200):
        (tmp_path / "a" / f"n{number}").mkdir()
    assert len(list(nearby_folders([]))) == 100
