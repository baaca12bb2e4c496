"""The shipped model and adapter: they open by name, stay small, and do what their README says on clips never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import framecue
from framecue import assets
from framecue.assets import ASSETS, bundled_names, find_bundled
from framecue.checkpoint import read_adapter_config
from framecue.datasets.captions import Clip
from framecue.datasets.moji_motion.files import draw_meanings, write_clips
from framecue.evaluation.report import evaluate_clips
from framecue.model import VideoTextModel


@pytest.fixture(scope="module")
def model() -> VideoTextModel:
    return framecue.load_model("moji-clip", adapter="moji-prompt-switch")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    meanings = list(draw_meanings("test", num_clips=40, rng=np.random.default_rng(77)))
    return write_clips(tmp_path_factory.mktemp("moji"), meanings, seed=77)


def test_each_kind_is_found_by_its_name() -> None:
    assert find_bundled("moji-clip", "model") == ASSETS / "moji-clip"
    assert find_bundled("moji-prompt-switch", "adapter") == ASSETS / "moji-prompt-switch"
    assert find_bundled("moji-mean-pool", "recipe") == ASSETS / "recipes" / "moji-mean-pool.yaml"
    assert find_bundled("msr-vtt-9k/vop", "recipe") == ASSETS / "recipes" / "msr-vtt-9k" / "vop.yaml"


@pytest.mark.parametrize(
    "name", ["msr-vtt-9k/", "/vop", "msr-vtt-9k/../moji-clip", "../moji-clip", "./moji-clip", "a/b/c"]
)
def test_a_recipes_name_leads_nowhere_else(name: str) -> None:
    assert find_bundled(name, "recipe") is None
    assert find_bundled("msr-vtt-9k/vop", "model") is None


@pytest.mark.parametrize("kind", ["model", "adapter", "recipe"])
@pytest.mark.parametrize("name", ["", ".", "..", "*", "recipes", "moji-clap", "./moji-clip", "/moji-clip", "~", "a\0b"])
def test_what_is_no_bundled_name_is_not_found(name: str, kind: assets.BundledKind) -> None:
    assert find_bundled(name, kind) is None


def test_a_name_of_another_kind_is_not_found() -> None:
    assert find_bundled("moji-clip", "adapter") is None
    assert find_bundled("moji-prompt-switch", "model") is None
    assert find_bundled("moji-mean-pool", "model") is None


@pytest.mark.parametrize("kind", ["model", "adapter", "recipe"])
def test_every_bundled_name_is_found(kind: assets.BundledKind) -> None:
    names = bundled_names(kind)
    assert names == sorted(names)
    assert names
    for name in names:
        found = find_bundled(name, kind)
        assert found is not None
        assert found.exists()


def test_bundled_names_are_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    assert bundled_names("model") == bundled_names("recipe") == []
    for file in ("b/config.json", "a/config.json", "c/adapter_config.json", "recipes/r.yaml", "recipes/notes.txt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert bundled_names("model") == ["a", "b"]
    assert bundled_names("adapter") == ["c"]
    assert bundled_names("recipe") == ["r"]
    for file in ("recipes/data/way.yaml", "recipes/bases/shared.yaml"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).touch()
    assert bundled_names("recipe") == ["data/way", "r"]


def test_assets_are_under_sixteen_megabytes_together() -> None:
    assert sum(file.stat().st_size for file in ASSETS.rglob("*") if file.is_file()) < 16_000_000


def test_weights_are_safetensors_only() -> None:
    suffixes = {file.suffix for file in ASSETS.rglob("*") if file.is_file()}
    assert not suffixes & {".pth", ".pt", ".bin", ".pkl"}


def test_end_of_text_is_not_found_by_the_largest_id_rule(model: VideoTextModel) -> None:
    assert model.backbone.model.config.text_config.eos_token_id != 2
    embeddings = model.encode_text(["the cat rises", "the cat falls"])
    assert float(embeddings[0] @ embeddings[1]) < 0.9


def test_adapter_says_what_it_is() -> None:
    config = read_adapter_config("moji-prompt-switch")
    assert config.method == "prompt-switch"
    assert config.backbone == "moji-clip"
    assert config.scores


def test_held_out_clips_are_found_and_their_order_is_seen(model: VideoTextModel, clips: list[Clip]) -> None:
    report = evaluate_clips(model, clips)
    assert report.retrieval.text_to_video.recall_at_1 >= 80
    assert report.retrieval.video_to_text.recall_at_1 >= 80
    assert report.twin_accuracy is not None
    assert report.twin_accuracy >= 80


def test_prompts_alone_see_order_too_and_make_a_library(clips: list[Clip], tmp_path: Path) -> None:
    config = read_adapter_config("moji-vop-fc")
    assert (config.method, config.backbone) == ("vop-fc", "moji-clip")
    model = framecue.load_model("moji-clip", adapter="moji-vop-fc")
    report = evaluate_clips(model, clips)
    assert report.retrieval.text_to_video.recall_at_1 >= 60
    assert report.retrieval.video_to_text.recall_at_1 >= 60
    assert report.twin_accuracy is not None
    assert report.twin_accuracy >= 70
    library = framecue.Library(tmp_path / "library.lance", model=model)
    assert library.add([clip.video for clip in clips[:8]]).added == 8
    found = [library.search(clip.captions[0])[0].path for clip in clips[:8]]
    assert sum(path == str(clip.video) for path, clip in zip(found, clips, strict=False)) >= 6


def test_captions_name_the_actors(model: VideoTextModel, clips: list[Clip]) -> None:
    frames = torch.stack([torch.as_tensor(model.read_video(clip.video)) for clip in clips])
    captions = [caption.split() for caption in model.caption_frames(frames)]
    meanings = [clip.metadata["meaning"].split() for clip in clips]
    named = sum(any(act.split(":")[0] in words for act in acts) for words, acts in zip(captions, meanings, strict=True))
    assert named >= 0.6 * len(clips)


def test_bfloat16_gives_nearly_the_same_embeddings(model: VideoTextModel, clips: list[Clip]) -> None:
    half = framecue.load_model("moji-clip", adapter="moji-prompt-switch", dtype=torch.bfloat16)
    files: list[str | Path] = [clip.video for clip in clips[:8]]
    similarity = (model.encode_video(files) * half.encode_video(files)).sum(dim=1)
    assert float(similarity.min()) > 0.99
