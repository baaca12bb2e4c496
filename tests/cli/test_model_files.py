"""A model that this machine lacks: what is said, when a person is asked, and that a library is made with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from framecue.cli.model_files import check_model_name, size_text
from framecue.cli.options import DEFAULT_MODEL
from framecue.errors import ModelError
from support.hub import COMMIT, NOWHERE, UNNEEDED, Hub, point_at, use_hub


@pytest.fixture
def hub(clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has a tiny CLIP under the name of the model that new libraries take."""
    (tmp_path / "hub").mkdir()
    with use_hub(clip_folder, DEFAULT_MODEL, tmp_path / "hub", monkeypatch) as hub:
        yield hub


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "videos.lance")


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person at a terminal, who says no; what they were asked."""
    asked: list[str] = []

    def confirm(text: str, **options: object) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("framecue.cli.model_files.sys", Terminal)
    monkeypatch.setattr("framecue.cli.model_files.click.confirm", confirm)
    return asked


class Terminal:
    """Stands in for `sys`: both streams are a terminal."""

    class stdin:  # noqa: N801 (the name of the stream)
        isatty = staticmethod(lambda: True)

    stderr = stdin


def test_a_new_library_without_a_model_downloads_one_and_says_its_size_first(
    run, hub: Hub, uri: str, clips: Path
) -> None:
    result = run("index", clips, "--library", uri)
    assert result.code == 0, result.err
    first, second, *rest = result.err.splitlines()
    assert first == f"A new library takes {DEFAULT_MODEL}; --model names another"
    needed = sum(size for name, size in hub.files().items() if name not in UNNEEDED)
    cache = hub.folder.parent / "cache"
    assert second == f"{DEFAULT_MODEL} is downloaded once: {size_text(needed)} into {cache}, licence apache-2.0"
    assert rest == [f"4 added (4 encoded), 0 unchanged, 0 skipped; library {uri} holds 4 videos, 4 segments"]
    fingerprint = json.loads(run("info", uri, "--json").out)["fingerprint"]
    assert (fingerprint["backbone"], fingerprint["revision"]) == (DEFAULT_MODEL, COMMIT)
    # The second time nothing is said, nor for a search.
    assert "downloaded" not in run("index", clips, "--library", uri).err
    found = run("search", "a red car", "--library", uri)
    assert (found.code, found.err) == (0, "")


def test_a_person_at_a_terminal_may_say_no(run, hub: Hub, person: list[str], uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri)
    assert result.code == 1
    assert person == ["Go on?"]
    assert "is downloaded once: " in result.err
    assert "was not downloaded; name another model with --model" in result.err.splitlines()[-1]
    assert not Path(uri).exists()
    assert not [path for _, path, _ in hub.asked if "/resolve/" in path]


def test_yes_asks_nobody(run, hub: Hub, person: list[str], uri: str, clips: Path) -> None:
    assert run("index", clips, "--library", uri, "--yes").code == 0
    assert person == []


def test_without_a_hub_a_new_library_says_how_to_get_the_files_and_how_to_try(
    run, hub: Hub, uri: str, clips: Path, clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(NOWHERE, monkeypatch)
    result = run("index", clips, "--library", uri)
    assert result.code == 1
    assert not Path(uri).exists()
    message = result.err.splitlines()[-1]
    assert f"`hf download {DEFAULT_MODEL} --local-dir FOLDER`" in message
    assert "--model FOLDER" in message
    assert "--model moji-clip" in message
    # Both ways work.
    assert run("index", clips, "--library", uri, "--model", clip_folder).code == 0
    assert run("index", clips, "--library", f"{uri}-2", "--model", "moji-clip").code == 0


def test_a_model_that_the_cache_has_lost_is_downloaded_again_for_a_search(
    run, hub: Hub, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("index", clips, "--library", uri).code == 0
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "another-cache"))
    result = run("search", "a red car", "--library", uri)
    assert result.code == 0
    assert result.err.startswith(f"{DEFAULT_MODEL} is downloaded once: ")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (12_345, "12 kB"), (605_250_000, "605 MB"), (1_540_625_721, "1.54 GB")],
)
def test_sizes_for_people(size_bytes: int, text: str) -> None:
    assert size_text(size_bytes) == text


def test_a_name_that_can_be_no_models_is_refused_without_asking_the_hub(tmp_path: Path) -> None:
    for name in ("moji-clip", "organisation/model", str(tmp_path)):
        check_model_name(name)
    for name in ("", "clip", str(tmp_path / "none")):
        with pytest.raises(ModelError, match="no such model folder, and no bundled model"):
            check_model_name(name)
