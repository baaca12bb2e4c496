"""What two splits share: by path, by bytes, through archives, and only where windows overlap."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from framecue.datasets import overlap
from framecue.datasets.clips import Clip
from framecue.datasets.overlap import copies_of, shared_with
from framecue.video.read.archived import content_digest


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {"a": b"one", "copy": b"one", "b": b"two", "c": b"other", "big": b"x" * (1 << 20) + b"y", "empty": b""}
    made = {name: tmp_path / f"{name}.mp4" for name in contents}
    for name, content in contents.items():
        made[name].write_bytes(content)
    shutil.copy(made["empty"], tmp_path / "nothing.mp4")
    made["nothing"] = tmp_path / "nothing.mp4"
    shard = tmp_path / "shard.tar"
    with tarfile.open(shard, "w") as tar:
        for name in ("a", "big"):
            tar.add(made[name], f"{name}.mp4")
    return made | {"shard": shard, "a in shard": shard / "a.mp4", "big in shard": shard / "big.mp4"}


def test_copies_are_found_by_their_bytes(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(overlap, "content_digest", lambda file: (read.append(file.name), content_digest(file))[1])
    lost = tmp_path / "lost.mp4"
    wanted = [files[name] for name in ("a", "c", "big", "empty")]
    others = [files[name] for name in ("copy", "b", "big in shard", "nothing")]
    assert copies_of([*wanted, lost], [*others, lost]) == {
        files["a"]: files["copy"],
        files["big"]: files["big in shard"],
    }
    assert "c.mp4" not in read  # no other is as long
    assert len(read) == len({*read}) + 1  # each once; two of them are called big.mp4
    assert copies_of([files["a in shard"]], [files["a"]]) == {files["a in shard"]: files["a"]}


def test_a_copy_shares_where_its_window_overlaps(files: dict[str, Path]) -> None:
    clips = [
        Clip(files["a"], ("x",), "train", start_seconds=0.0, end_seconds=2.0),
        Clip(files["a"], ("x",), "train", start_seconds=4.0, end_seconds=6.0),
        Clip(files["c"], ("x",), "train"),
        Clip(files["big"], ("x",), "train"),
    ]
    others = [Clip(files["copy"], ("x",), "test", start_seconds=5.0), Clip(files["big"], ("x",), "test")]
    found = shared_with(clips, others)
    assert [(one.clip, one.video) for one in found] == [(clips[1], files["copy"]), (clips[3], files["big"])]
    assert str(found[0]) == f"{files['a']}@4-6 (the same bytes as {files['copy']})"
    assert str(found[1]) == str(files["big"])


def test_what_is_broken_is_a_copy_of_nothing(files: dict[str, Path]) -> None:
    files["shard"].write_bytes(b"no archive")
    assert copies_of([files["a in shard"]], [files["a"]]) == {}
