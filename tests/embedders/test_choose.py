"""Which loader a name is given to, and the commands with an embedder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.embedders import load_any_model
from framecue.embedders.choose import embedder_kind
from framecue.embedders.videoprism import VideoPrism
from framecue.encoder import ENCODERS
from framecue.errors import InputError, ModelError
from framecue.model import VideoTextModel


def test_the_folders_files_say_what_it_is(clip_folder: Path, videoprism_folder: Path, tmp_path: Path) -> None:
    assert embedder_kind(clip_folder) is None
    assert embedder_kind(videoprism_folder) == "videoprism"
    assert embedder_kind("moji-clip") is None
    assert embedder_kind("no-such-folder") is None
    (tmp_path / "modules.json").write_text("[]")
    assert embedder_kind(tmp_path) == "sentence-transformers"
    # A SigLIP that sentence-transformers can load too has towers all the same.
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "siglip"}))
    assert embedder_kind(tmp_path) is None
    (tmp_path / "config.json").write_text("no JSON")
    assert embedder_kind(tmp_path) == "sentence-transformers"


def test_a_name_on_the_hub_is_known_by_what_the_cache_holds(
    videoprism_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"google/videoprism-x": videoprism_folder / "config.json"}
    monkeypatch.setattr(
        "framecue.embedders.choose.try_to_load_from_cache",
        lambda name, file, revision: str(held[name]) if name in held and file == "config.json" else None,
    )
    assert embedder_kind("google/videoprism-x") == "videoprism"
    assert embedder_kind("google/siglip2-base-patch16-224") is None


def test_models_with_towers_are_loaded_as_ever(clip_folder: Path, videoprism_folder: Path) -> None:
    model = load_any_model(clip_folder, method="x-pool", device="cpu")
    assert isinstance(model, VideoTextModel)
    assert model.method_name == "x-pool"
    assert isinstance(load_any_model(videoprism_folder, device="cpu"), VideoPrism)


@pytest.mark.parametrize(("option", "given"), [("method", "vop"), ("adapter", "runs/vop")])
def test_methods_and_adapters_are_refused_in_words(videoprism_folder: Path, option: str, given: str) -> None:
    with pytest.raises(InputError, match=rf"a videoprism model encodes videos by itself, .*leave out {option} {given}"):
        load_any_model(videoprism_folder, **{option: given})


def test_both_kinds_are_registered() -> None:
    assert {"videoprism", "sentence-transformers"} <= ENCODERS.keys()


def test_a_folder_of_another_kind_is_refused_as_ever(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelError, match="a Bert model is not supported as a backbone"):
        load_any_model(tmp_path)
