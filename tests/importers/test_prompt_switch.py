"""Released Prompt Switch checkpoints; the numbers are those of tests/methods/prompt_switch_reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue import load_model
from framecue.errors import FramecueError, InputError, ModelError
from framecue.importers import ImportedFolders, import_checkpoint
from framecue.model import VideoTextModel

# Rounding between two orders of summation, on features and on unit vectors.
RAW, UNIT = 2e-5, 3e-6
Save = Callable[..., Path]


def imported(file: Path, output: Path, **options: object) -> tuple[VideoTextModel, ImportedFolders]:
    made = import_checkpoint(file, format="prompt-switch", output=output, **options)
    return load_model(made.backbone, adapter=made.adapter, device="cpu"), made


@torch.no_grad()
def check(model: VideoTextModel, expected: dict[str, Tensor], case: str) -> None:
    frames = 4 if case == "f4" else 8
    pixels = expected[f"pixel_values_f{frames}"]
    features = model.frame_features(pixels)
    torch.testing.assert_close(features.flatten(0, 1), expected[f"{case}/video_features_"], rtol=0, atol=RAW)
    pooled = normalize(expected[f"{case}/video_features_pooled"], dim=-1)
    torch.testing.assert_close(model.encode_frames(pixels), pooled, rtol=0, atol=UNIT)
    text = model.text_features(expected["input_ids"])
    torch.testing.assert_close(text, expected[f"{case}/text_features_raw"], rtol=0, atol=RAW)
    similarities = model.similarity(text, features)
    torch.testing.assert_close(similarities, expected[f"{case}/sims_text_video"], rtol=0, atol=UNIT)


@pytest.mark.parametrize("name", ["checkpoint.pth", "checkpoint.safetensors"])
def test_the_imported_model_has_the_outputs_of_the_released_code(
    name: str,
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    model, made = imported(
        save(prompt_switch_weights, name),
        tmp_path / "made",
        config=prompt_switch / "config.json",
        tokenizer=prompt_switch,
    )
    assert (made.method, made.has_tokenizer) == ("prompt-switch", True)
    assert model.method_name == "prompt-switch"
    assert (made.backbone, made.adapter) == (tmp_path / "made" / "backbone", tmp_path / "made" / "adapter")
    # Its group is the number of frames it was trained with, at test too: 8 frames are two groups.
    check(model, prompt_switch_numbers, "f4")
    check(model, prompt_switch_numbers, "f8_split")
    assert (model.sampling.num_frames, model.sampling.chunk_frames) == (8, 4)

    captioner = model.method.captioner
    ids, features = (
        prompt_switch_numbers["train_input_ids"],
        model.frame_features(prompt_switch_numbers["pixel_values_f4"]),
    )
    logits = captioner(model.backbone, features, ids[:, :-1])
    torch.testing.assert_close(logits, prompt_switch_numbers["train_f4/pred_logits"], rtol=0, atol=RAW)

    captions = json.loads((prompt_switch / "about.json").read_text())["captions"]
    text = model.encode_text(captions)
    torch.testing.assert_close(text, prompt_switch_numbers["f4/text_features"], rtol=0, atol=UNIT)


def test_frames_per_group(
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    file, config = save(prompt_switch_weights), prompt_switch / "config.json"
    model, made = imported(file, tmp_path / "made", config=config, frames_per_group=8)
    check(model, prompt_switch_numbers, "f8_joint")
    assert model.method.config.frames_per_group == 8
    assert not any("trained with" in note for note in made.notes)
    with pytest.raises(InputError, match=r"frames_per_group must be a multiple of num_prompts \(4\), got 6"):
        imported(file, tmp_path / "other", config=config, frames_per_group=6)
    assert not (tmp_path / "other").exists()


def test_the_parity_fixtures(shared: Path, prompt_switch_numbers: dict[str, Tensor], tmp_path: Path) -> None:
    folder = shared / "prompt_switch"
    for suffix in ("pth", "safetensors"):
        file = folder / f"prompt_switch.{suffix}"
        model, _ = imported(file, tmp_path / suffix, config=folder / "config.json", tokenizer=folder / "tokenizer")
        check(model, prompt_switch_numbers, "f8_split")


def shifted(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As timm's average leaves position ids: it rounds 0.9999 i + 0.0001 i down, to 10 for 11."""
    moved = dict(weights)
    for tower in ("vision", "text"):
        name = f"clip.{tower}_model.embeddings.position_ids"
        moved[name] = moved[name].clone()
        moved[name][0, 11] = 10
    return moved


def test_shifted_position_ids_of_averaged_weights_are_followed_and_reported(
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    file = save(prompt_switch_weights, state_dict_ema=shifted(prompt_switch_weights))
    options = {"config": prompt_switch / "config.json"}
    plain, made = imported(file, tmp_path / "plain", **options)
    check(plain, prompt_switch_numbers, "f4")
    assert not any("position_ids" in note for note in made.notes)

    averaged, made = imported(file, tmp_path / "averaged", ema=True, **options)
    notes = [note for note in made.notes if "position_ids" in note]
    assert len(notes) == 2
    assert all("positions 11 are shifted" in note for note in notes)
    with torch.no_grad():
        for tower in (plain.backbone.model.vision_model, plain.backbone.model.text_model):
            table = tower.embeddings.position_embedding.weight
            table[11] = table[10]
        pixels, ids = prompt_switch_numbers["pixel_values_f4"], prompt_switch_numbers["input_ids"]
        assert torch.equal(averaged.frame_features(pixels), plain.frame_features(pixels))
        assert torch.equal(averaged.text_features(ids), plain.text_features(ids))
    difference = averaged.frame_features(pixels).flatten(0, 1) - prompt_switch_numbers["f4/video_features_"]
    assert difference.abs().max() > 0.01


def test_averaged_weights_that_are_not_there(
    prompt_switch: Path, prompt_switch_weights: dict[str, Tensor], save: Save, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"has no state_dict_ema .* it has: epoch, optimizer, state_dict"):
        imported(save(prompt_switch_weights), tmp_path / "made", config=prompt_switch / "config.json", ema=True)


def test_without_a_captioner_and_with_the_names_of_a_wrapper(
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    kept = {f"module.{name}": t for name, t in prompt_switch_weights.items() if not name.startswith("caption_")}
    model, _ = imported(save(kept), tmp_path / "made", config=prompt_switch / "config.json")
    assert model.method.captioner is None
    check(model, prompt_switch_numbers, "f4")


@pytest.mark.parametrize(
    ("gone", "more", "message"),
    [
        ("clip.text_model.final_layer_norm.bias", {}, r"missing clip\.text_model\.final_layer_norm\.bias"),
        ("clip.vision_model.attn.in_proj_bias", {}, r"missing .*aggregation\.in_proj_bias"),
        ("caption_head.bias", {}, r"missing .*captioner\.head\.bias"),
        (None, {"pool_frames.linear_proj.bias": torch.zeros(2)}, r"unexpected pool_frames\.linear_proj\.bias"),
        (None, {"clip.text_model.gate": torch.zeros(2)}, r"unexpected clip\.text_model\.gate"),
        (None, {"caption_head.scale": torch.zeros(2)}, r"unexpected caption_head\.scale"),
        (None, {"caption_head.bias": torch.zeros(2)}, r"caption_head\.bias has shape \(2,\), expected \(300,\)"),
        (None, {"clip.vision_model.encoder.prompt_embedding": torch.zeros(4, 3, 64)}, r"must be \(P, P, width\)"),
        (None, {"clip.vision_model.embeddings.position_ids": torch.zeros(1, 3)}, "must be 17 numbers from 0 to 16"),
    ],
)
def test_missing_and_unexpected_keys_are_named(
    gone: str | None,
    more: dict[str, Tensor],
    message: str,
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    weights = {name: t for name, t in prompt_switch_weights.items() if name != gone} | more
    with pytest.raises(ModelError, match=message) as info:
        imported(save(weights), tmp_path / "made", config=prompt_switch / "config.json")
    assert "\n" not in str(info.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pth"]


def test_shapes_do_not_say_the_heads(prompt_switch_weights: dict[str, Tensor], save: Save, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"how many heads a tower of width 48 has; .*text_config\.num_attention_heads"):
        imported(save(prompt_switch_weights), tmp_path / "made")


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (
            "vision_config",
            {"hidden_size": 768},
            "its shapes say vision_config.hidden_size 64, the configuration .* 768",
        ),
        ("vision_config", {"image_size": 64}, "its shapes say vision_config.image_size 32"),
        ("text_config", {"num_hidden_layers": 12}, "its shapes say text_config.num_hidden_layers 3"),
        ("text_config", {"num_attention_heads": 5}, "must divide the width 48, got 5"),
        ("text_config", {"hidden_act": 3}, "the configuration given is no CLIP's"),
        (None, {"projection_dim": 512}, "its shapes say projection_dim 48"),
        (None, {"text_config": 3}, "is no CLIP's, it has no text_config"),
    ],
)
def test_a_configuration_of_another_model(
    part: str | None,
    change: dict[str, object],
    message: str,
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    save: Save,
    write_json: Callable[[object], Path],
    tmp_path: Path,
) -> None:
    given = json.loads((prompt_switch / "config.json").read_text())
    (given if part is None else given[part]).update(change)
    with pytest.raises(FramecueError, match=message) as info:
        imported(save(prompt_switch_weights), tmp_path / "made", config=write_json(given))
    assert "\n" not in str(info.value)
    assert not (tmp_path / "made").exists()


def test_the_configuration_of_another_format(
    prompt_switch_weights: dict[str, Tensor], save: Save, write_json: Callable[[object], Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"is no CLIP's, it has no text_config; give the config\.json of"):
        imported(save(prompt_switch_weights), tmp_path / "made", config=write_json({"hyperparam": {}}))


def test_norms_are_the_released_ones_whatever_the_configuration_says(
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    write_json: Callable[[object], Path],
    tmp_path: Path,
) -> None:
    given = json.loads((prompt_switch / "config.json").read_text())
    given["vision_config"]["layer_norm_eps"] = given["text_config"]["layer_norm_eps"] = 0.1
    model, _ = imported(save(prompt_switch_weights), tmp_path / "made", config=write_json(given))
    check(model, prompt_switch_numbers, "f4")
    assert np.isclose(model.backbone.model.vision_model.post_layernorm.eps, 1e-5)
