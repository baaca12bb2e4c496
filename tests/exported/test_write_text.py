"""What all graphs of texts share: they are made once, of files that are known; see also `test_export_text.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.encoder import Fingerprint
from framecue.errors import ModelError
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


def test_files_that_are_not_what_was_loaded_make_no_graph(
    model: tuple[Path, Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fingerprint = model
    assert not keep_graph(fingerprint, sources=lambda: None, export=lambda: pytest.fail("it is made"))
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    assert not keep_graph(fingerprint, sources=lambda: pytest.fail("they are hashed"), export=lambda: None)
