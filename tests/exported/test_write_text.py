"""What all graphs of texts share: they are made once, of files that are known; see also `test_export_text.py`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from framecue.encoder import Fingerprint
from framecue.errors import ModelError, OutputError
from framecue.exported import write_text
from framecue.exported.cache import GRAPHS_VARIABLE, read_graphs, write_graph
from framecue.exported.sources import has_known_sources, source_files
from framecue.exported.text import TEXT_GRAPH
from framecue.exported.write_text import keep_graph, unchanged, versions
from framecue.video.read.sampling import FrameSampling

pytest.importorskip("onnxruntime")


@pytest.fixture
def model(tmp_path: Path) -> tuple[Path, Fingerprint]:
    folder = tmp_path / "model"
    (folder / "step").mkdir(parents=True)
    (folder / "weights").write_text("1")
    (folder / "step" / "config.json").write_text("{}")
    return folder, Fingerprint(
        backbone=str(folder), revision="1", embedding_dim=4, sampling=FrameSampling(num_frames=1)
    )


def test_files_in_folders_count_where_they_are_named(model: tuple[Path, Fingerprint]) -> None:
    folder, _ = model
    found = [source_files(str(folder), folder, only=["weights", "step/config.json"])]
    assert unchanged(found) == found
    (folder / "step" / "config.json").write_text("{} ")
    assert unchanged(found) is None


def test_a_graph_is_kept_once_and_its_files_are_noted(model: tuple[Path, Fingerprint]) -> None:
    folder, fingerprint = model
    made = []

    def export() -> None:
        with write_graph(fingerprint, TEXT_GRAPH) as new:
            (new.folder / TEXT_GRAPH).write_text("graph")
        made.append(fingerprint)

    for _ in range(2):
        assert keep_graph(fingerprint, sources=lambda: [source_files(str(folder), folder)], export=export)
    assert len(made) == 1
    assert has_known_sources(fingerprint)


def test_a_failure_is_noted_with_its_reason_and_not_tried_again(model: tuple[Path, Fingerprint]) -> None:
    folder, fingerprint = model
    tried = []

    def export() -> None:
        tried.append(1)
        raise ModelError("it has no tokenizer")

    for _ in range(2):
        assert not keep_graph(fingerprint, sources=lambda: [source_files(str(folder), folder)], export=export)
    assert len(tried) == 1
    details = read_graphs(fingerprint)[TEXT_GRAPH]
    assert (details["why_not"], details["versions"]) == ("it has no tokenizer", versions())


@pytest.mark.parametrize("passing", [OSError(28, "No space left on device"), OutputError("cache", "cannot be written")])
def test_a_full_disk_is_not_held_against_a_model(model: tuple[Path, Fingerprint], passing: Exception) -> None:
    folder, fingerprint = model
    files = [source_files(str(folder), folder, only=["weights"])]

    def fail() -> None:
        raise passing

    def export() -> None:
        with write_graph(fingerprint, TEXT_GRAPH) as new:
            (new.folder / TEXT_GRAPH).write_text("graph")

    assert not keep_graph(fingerprint, sources=lambda: files, export=fail)
    assert read_graphs(fingerprint) == {}
    assert keep_graph(fingerprint, sources=lambda: files, export=export)


def test_what_was_missing_is_tried_again_once_it_is_installed(
    model: tuple[Path, Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fingerprint = model
    files = [source_files(str(folder), folder, only=["weights"])]
    tried: list[dict[str, str | None]] = []

    def version(name: str) -> str:
        if name == "onnx" and not tried:
            raise PackageNotFoundError(name)
        return "1"

    def export() -> None:
        tried.append(versions())
        if len(tried) == 1:
            raise ModelError("models are exported with onnx")
        with write_graph(fingerprint, TEXT_GRAPH) as new:
            (new.folder / TEXT_GRAPH).write_text("graph")

    monkeypatch.setattr(write_text, "version", version)
    with write_graph(fingerprint, TEXT_GRAPH) as new:
        new.details |= {"why_not": "no onnx", "versions": versions()}
    assert not keep_graph(fingerprint, sources=lambda: files, export=lambda: pytest.fail("tried again"))
    tried.append({})
    assert keep_graph(fingerprint, sources=lambda: files, export=export)


def test_files_that_are_not_what_was_loaded_make_no_graph(
    model: tuple[Path, Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fingerprint = model
    assert not keep_graph(fingerprint, sources=lambda: None, export=lambda: pytest.fail("it is made"))
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    assert not keep_graph(fingerprint, sources=lambda: pytest.fail("they are hashed"), export=lambda: None)
