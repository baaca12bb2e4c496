"""Files of a model are known again by their names, sizes and times, and only where they were hashed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pytest

from framecue.encoder import Fingerprint
from framecue.exported.cache import graph_folder
from framecue.exported.sources import has_known_sources, note_sources, source_files
from framecue.video.read.sampling import FrameSampling


@pytest.fixture
def model(tmp_path):
    """A fingerprint whose backbone and adapter were noted."""
    for name, files in (("model", ["config.json", "weights"]), ("adapter", ["weights", "config"])):
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text(f"{name} {file}")
    (tmp_path / "model" / "folder").mkdir()
    made = Fingerprint(
        backbone=str(tmp_path / "model"),
        revision="abc",
        adapter="def",
        adapter_source=str(tmp_path / "adapter"),
        embedding_dim=8,
        sampling=FrameSampling(4),
    )
    note(made)
    return made


def note(model):
    note_sources(
        model,
        [
            source_files(model.backbone, model.backbone),
            source_files(model.adapter_source, model.adapter_source, only=["weights", "config"]),
        ],
    )


def test_files_that_were_hashed_are_known_until_one_changes(model, tmp_path):
    assert has_known_sources(model)
    weights = tmp_path / "model" / "weights"
    before = weights.stat()
    changes = {
        "another time": lambda: os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns + 1)),
        "another size": lambda: weights.write_text("model weights, longer"),
        "another file": lambda: (tmp_path / "model" / "more").write_text(""),
        "gone": lambda: (tmp_path / "model" / "more").unlink(),
        "the adapter": lambda: (tmp_path / "adapter" / "weights").write_text("other"),
    }
    for change in changes.values():
        change()
        assert not has_known_sources(model)
        note(model)
        assert has_known_sources(model)
    shutil.rmtree(tmp_path / "model")
    assert not has_known_sources(model)


def test_reports_beside_an_adapter_and_files_within_folders_do_not_count(model, tmp_path):
    (tmp_path / "adapter" / "report.json").write_text("{}")
    (tmp_path / "model" / "folder" / "file").write_text("")
    assert has_known_sources(model)


def test_the_same_files_elsewhere_are_others_until_they_were_hashed(model, tmp_path):
    shutil.copytree(tmp_path / "model", tmp_path / "copy", copy_function=shutil.copy2)
    moved = replace(model, backbone=str(tmp_path / "copy"))
    assert graph_folder(moved) == graph_folder(model)
    assert not has_known_sources(moved)
    note(moved)
    assert has_known_sources(moved)
    assert has_known_sources(model)


def test_only_so_many_places_are_kept(model, tmp_path):
    for number in range(8):
        place = tmp_path / f"copy-{number}"
        place.mkdir()
        note_sources(model, [source_files(str(place), place)])
    assert not has_known_sources(model)
    assert has_known_sources(replace(model, backbone=str(tmp_path / "copy-7"), adapter=None, adapter_source=None)) is (
        graph_folder(replace(model, adapter=None, adapter_source=None)) == graph_folder(model)
    )


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1, "sources": [{"place": "x"}]}', '{"format": 0}'])
def test_a_damaged_note_is_none(model, content):
    (graph_folder(model) / "sources.json").write_text(content)
    assert not has_known_sources(model)
    note(model)
    assert has_known_sources(model)
