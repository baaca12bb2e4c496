"""Models and libraries go into other processes, and can be copied."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from framecue.backbone import Backbone, load_backbone
from framecue.errors import ModelError
from framecue.library import Filters, Library
from framecue.methods import METHODS, build_method
from framecue.model import VideoTextModel, load_model
from support.colours import ColourEncoder, write_clip

PIXELS = torch.randn(2, 6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TEXTS = ["a red car", "the cat falls"]


def make(backbone: Backbone, method: str) -> VideoTextModel:
    torch.manual_seed(0)
    options = {"num_frames": 6, "num_test_frames": 6}
    if method in ("prompt-switch",):
        options["num_prompts"] = 3
    return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).eval()


def features(model: VideoTextModel) -> list[torch.Tensor]:
    with torch.inference_mode():
        return [model.frame_features(PIXELS), model.text_features(*model.tokenize(TEXTS))]


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "torch"])
@pytest.mark.parametrize("method", METHODS)
def test_a_model_of_every_method_is_the_same_afterwards(backbone: Backbone, method: str, way: str) -> None:
    model = make(backbone, method)
    if way == "pickle":
        again = pickle.loads(pickle.dumps(model))
    elif way == "deepcopy":
        again = copy.deepcopy(model)
    else:
        buffer = io.BytesIO()
        torch.save(model, buffer)
        again = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert again.fingerprint() == model.fingerprint()
    for mine, theirs in zip(features(model), features(again), strict=True):
        assert torch.equal(mine, theirs)
    # Nothing is shared: what is trained in one does not change the other.
    shared = {parameter.data_ptr() for parameter in model.parameters()}
    assert not shared & {parameter.data_ptr() for parameter in again.parameters()}


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
def test_siglip_too(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    model = make(make_siglip_backbone(family), "mean-pool")
    again = pickle.loads(pickle.dumps(model))
    for mine, theirs in zip(features(model), features(again), strict=True):
        assert torch.equal(mine, theirs)


def test_a_pickle_needs_no_files_of_the_model(clip_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in clip_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    model = load_model(folder, device="cpu")
    data = pickle.dumps(model)
    for file in folder.iterdir():
        file.unlink()
    assert torch.equal(pickle.loads(data).encode_text(TEXTS), load_model(clip_folder, device="cpu").encode_text(TEXTS))


def test_a_backbone_without_a_tokenizer_can_be_pickled_all_the_same(clip_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "preprocessor_config.json"):
        (folder / name).write_bytes((clip_folder / name).read_bytes())
    again = pickle.loads(pickle.dumps(load_backbone(folder)))
    with pytest.raises(ModelError, match="no tokenizer"):
        _ = again.tokenizer


@pytest.fixture
def library(tmp_path: Path) -> Library:
    write_clip(tmp_path / "red.mp4", "red")
    library = Library(tmp_path / "l.lance", model=ColourEncoder())
    library.add(tmp_path / "red.mp4", metadata=lambda path: {"rating": 3})
    return library


@pytest.mark.parametrize("way", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy])
def test_a_library_goes_along_with_the_model_that_it_was_given(library: Library, way: Callable) -> None:
    hits = library.search("red")
    again = way(library)
    assert again.uri == library.uri
    assert again.search("red") == hits
    (hit,) = pickle.loads(pickle.dumps(hits))
    assert hit == hits[0]
    assert pickle.loads(pickle.dumps(Filters(where="rating > 2"))) == Filters(where="rating > 2")


def test_a_model_that_a_library_has_loaded_itself_stays(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load_named_model(*_: object, **__: object) -> ColourEncoder:
        loaded.append(1)
        return ColourEncoder()

    monkeypatch.setattr("framecue.library.library.load_named_model", load_named_model)
    plain = Library(library.uri)
    plain.search("red")
    data = pickle.dumps(plain)
    assert len(data) < 2000
    assert pickle.loads(data).search("red") == library.search("red")
    assert len(loaded) == 2
