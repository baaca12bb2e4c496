"""What is downloaded of a model: from a small hub on loopback, in all the ways that this may go wrong."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from framecue.backbone import load_backbone
from framecue.backbone.download import Download, fetch, find_download, needed_files
from framecue.errors import ModelError
from support.hub import COMMIT, NOWHERE, Hub, point_at, use_hub

NAME = "someone/tiny-clip"
TO_TRY = "To try framecue now: --model moji-clip"


@pytest.fixture
def hub(clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a tiny CLIP, and an empty cache."""
    with use_hub(clip_folder, NAME, tmp_path, monkeypatch) as hub:
        yield hub


@pytest.fixture
def hub_is_down(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    point_at(NOWHERE, monkeypatch)
    return hub


SMALL = ["config.json", "preprocessor_config.json", "tokenizer.json"]


@pytest.mark.parametrize(
    ("there", "needed"),
    [
        (["model.safetensors", "pytorch_model.bin", "flax_model.msgpack", "README.md"], ["model.safetensors"]),
        (["pytorch_model.bin", "tf_model.h5", "onnx/model.onnx"], ["pytorch_model.bin"]),
        (["model.fp16.safetensors", "text/model.safetensors", "pytorch_model.bin"], ["pytorch_model.bin"]),
        (
            ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"],
        ),
        (
            ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin", "model-00001-of-00001.bin"],
            ["pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json"],
        ),
        (["open_clip_pytorch_model.bin"], []),
    ],
)
def test_only_what_loading_needs_is_downloaded(there: list[str], needed: list[str]) -> None:
    assert needed_files({*there, *SMALL, "image.png", "1/config.json"}) == sorted([*needed, *SMALL])


def test_the_size_is_known_before_anything_is_downloaded(hub: Hub, tmp_path: Path) -> None:
    found = find_download(NAME)
    assert isinstance(found, Download)
    assert (found.name, found.commit, found.licence) == (NAME, COMMIT, "apache-2.0")
    sizes = hub.files()
    assert dict(found.sizes) == {name: sizes[name] for name in needed_files(sizes)}
    assert "pytorch_model.bin" not in found.sizes
    assert found.size_bytes == sum(found.sizes.values()) > 10_000
    assert hub.asked == [("GET", f"/api/models/{NAME}", "")]
    assert not (tmp_path / "cache").exists()


def test_what_is_fetched_is_all_that_loading_takes(
    hub: Hub, clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_download(NAME)
    assert found is not None
    seen: list[tuple[float, int]] = []
    fetch(found, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (found.size_bytes, found.size_bytes)
    assert find_download(NAME) is None
    assert find_download(NAME, revision="main") is None
    got = {path for method, path, _ in hub.asked if method == "GET" and "/resolve/" in path}
    assert {path.rpartition("/")[2] for path in got} == set(found.sizes)
    hub.asked.clear()
    loaded, expected = load_backbone(NAME), load_backbone(clip_folder)
    assert loaded.revision == COMMIT
    assert torch.equal(loaded.tokenize(["a red car"])[0], expected.tokenize(["a red car"])[0])
    assert not [path for method, path, _ in hub.asked if method == "GET" and "/resolve/" in path]
    # And from then on without the hub.
    point_at(NOWHERE, monkeypatch)
    assert find_download(NAME) is None
    assert find_download(NAME, revision=COMMIT) is None
    assert load_backbone(NAME).revision == COMMIT


def test_a_commit_in_the_cache_is_not_asked_for(hub: Hub) -> None:
    found = find_download(NAME)
    assert found is not None
    fetch(found)
    hub.asked.clear()
    assert find_download(NAME, revision=COMMIT) is None
    assert hub.asked == []


def test_a_hub_that_is_down_says_how_to_get_the_files_elsewhere(hub_is_down: Hub) -> None:
    with pytest.raises(ModelError) as caught:
        find_download(NAME)
    message = str(caught.value)
    assert message.startswith(f"{NAME}: the model hub cannot be reached (")
    assert (
        f"`hf download {NAME} --local-dir FOLDER` on a machine that has one, and name that folder here: --model FOLDER"
        in message
    )
    assert "for `framecue train` backbone=FOLDER" in message
    assert TO_TRY in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (404, "RepoNotFound", "the hub has no model of this name, or it is private; check the name"),
        (401, "RepoNotFound", "the hub has no model of this name, or it is private; check the name"),
        (401, "GatedRepo", "access to it is restricted; ask for it on its page, then log in with `hf auth login`"),
        (403, "GatedRepo", "access to it is restricted; ask for it on its page, then log in with `hf auth login`"),
        (404, "RevisionNotFound", "it has no revision v9"),
        (503, "", "it answers 503"),
        (500, "", "it answers 500"),
    ],
)
def test_what_the_hub_answers_is_said_in_words(hub: Hub, status: int, code: str, says: str) -> None:
    hub.status, hub.code = status, code
    with pytest.raises(ModelError) as caught:
        find_download(NAME, revision="v9")
    message = str(caught.value)
    assert says in message
    assert message.startswith(f"{NAME}: ")
    assert "\n" not in message
    assert ("hf download" in message) == (status >= 500)


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: Hub) -> None:
    found = find_download(NAME)
    assert found is not None
    size = found.sizes["model.safetensors"]
    hub.cut_after = size // 3
    hub.asked.clear()
    fetch(found)
    parts = [asked for method, path, asked in hub.asked if method == "GET" and path.endswith("model.safetensors")]
    starts = [int(asked.removeprefix("bytes=").partition("-")[0] or 0) for asked in parts]
    assert starts[0] == 0
    assert len(starts) >= 3
    assert all(later - earlier > size // 3 - 1024 for earlier, later in pairwise(starts))
    assert find_download(NAME) is None
    assert load_backbone(NAME).revision == COMMIT


def test_a_download_that_breaks_off_for_good_keeps_what_has_come_whole(hub: Hub) -> None:
    found = find_download(NAME)
    assert found is not None
    hub.cut_after = -1  # nothing of any file any more
    fetched = hub.folder / "model.safetensors"
    hub.only_cut = fetched.name
    with pytest.raises(ModelError, match=r"the download broke off \(.*\); run it again, what has come whole is kept"):
        fetch(found)
    left = find_download(NAME)
    assert left is not None
    assert list(left.sizes) == [fetched.name]
    hub.cut_after = 0
    fetch(left)
    assert load_backbone(NAME).revision == COMMIT


def test_a_disk_without_room_is_told_before_anything_is_downloaded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_download(NAME)
    assert found is not None
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("framecue.backbone.download.shutil.disk_usage", lambda place: usage(1, 1, 10))
    hub.asked.clear()
    with pytest.raises(ModelError, match=r"have no room in .*cache; make room, or name a folder on another disk with"):
        fetch(found)
    assert hub.asked == []


@pytest.mark.parametrize("name", ["moji-clip", "", "clip", "./someone/clip", "/a/b"])
def test_what_is_no_name_on_the_hub_needs_no_download(name: str, hub: Hub) -> None:
    assert find_download(name) is None
    assert hub.asked == []
