"""Released VoP checkpoints; the numbers are those of tests/methods/vop_reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue import load_model
from framecue.errors import InputError, ModelError
from framecue.importers import import_checkpoint
from framecue.model import VideoTextModel

RAW, UNIT = 2e-5, 3e-6
Save = Callable[..., Path]
Write = Callable[[object], Path]
RELEASED = {
    **{"pooling_type": "avg", "input_res": 64, "num_frames": 4, "vp_token_num": 8, "topk": 1, "seed": 24},
    **{"tp_prefix_token_num": 4, "tp_suffix_token_num": 4, "video_sample_type": "uniform"},
}


@torch.no_grad()
def check(model: VideoTextModel, expected: dict[str, Tensor]) -> None:
    frames, text = model.frame_features(expected["pixel_values"]), model.text_features(expected["text"])
    torch.testing.assert_close(frames.flatten(0, 1), expected["frame_features_raw"], rtol=0, atol=RAW)
    torch.testing.assert_close(text, expected["text_features_raw"], rtol=0, atol=RAW)
    pooled = normalize(expected["video_features_pooled"], dim=-1)
    torch.testing.assert_close(model.encode_frames(expected["pixel_values"]), pooled, rtol=0, atol=UNIT)
    torch.testing.assert_close(model.similarity(text, frames), expected["cosine_text_video"], rtol=0, atol=UNIT)


def with_aliases(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As a strict `state_dict()` of the released model has them: the encoders' names beside CLIP's."""
    twice = {f"module.{name}": tensor for name, tensor in weights.items()}
    for name, tensor in weights.items():
        if name.startswith("clip.visual."):
            twice[f"image_encoder.{name.removeprefix('clip.visual.')}"] = tensor
        elif name.startswith("clip.") and name != "clip.logit_scale":
            twice[f"text_encoder.{name.removeprefix('clip.')}"] = tensor
    return twice


@pytest.mark.parametrize("kind", ["once", "aliases"])
def test_the_imported_model_has_the_outputs_of_the_released_code(
    kind: str,
    vop_weights: dict[str, Tensor],
    vop_numbers: dict[str, Tensor],
    save: Save,
    write_json: Write,
    tmp_path: Path,
) -> None:
    file = save(vop_weights, "vop.safetensors") if kind == "once" else save(with_aliases(vop_weights), "vop.pth")
    config = write_json({"framework": "pytorch", "hyperparam": RELEASED})
    made = import_checkpoint(file, format="modelscope-vop", output=tmp_path / "made", config=config)
    model = load_model(made.backbone, adapter=made.adapter, device="cpu")
    assert (made.method, model.method_name, model.sampling.num_frames) == ("vop", "vop", 4)
    assert model.method.config.text_prompt_layout == "modelscope"
    check(model, vop_numbers)
    # Only the prompts are in the adapter: the backbone's folder has the CLIP.
    assert (tmp_path / "made" / "adapter" / "adapter_model.safetensors").stat().st_size < 20_000


def test_the_parity_fixtures(shared: Path, vop_numbers: dict[str, Tensor], tmp_path: Path) -> None:
    for suffix in ("pth", "safetensors"):
        made = import_checkpoint(
            shared / "vop" / f"vop.{suffix}",
            format="modelscope-vop",
            output=tmp_path / suffix,
            config=shared / "vop" / "vop_configuration.json",
        )
        check(load_model(made.backbone, adapter=made.adapter, device="cpu"), vop_numbers)


def test_without_its_configuration(
    vop_weights: dict[str, Tensor], vop_numbers: dict[str, Tensor], save: Save, tmp_path: Path
) -> None:
    made = import_checkpoint(save(vop_weights), format="modelscope-vop", output=tmp_path / "made")
    assert any("12 frames a video, and 4 of 8 text prompts in front" in note for note in made.notes)
    check(load_model(made.backbone, adapter=made.adapter, device="cpu"), vop_numbers)


def test_the_split_of_the_text_prompts_is_the_configurations(
    vop_weights: dict[str, Tensor], vop_numbers: dict[str, Tensor], save: Save, write_json: Write, tmp_path: Path
) -> None:
    config = write_json({"hyperparam": {**RELEASED, "tp_prefix_token_num": 6, "tp_suffix_token_num": 2}})
    made = import_checkpoint(save(vop_weights), format="modelscope-vop", output=tmp_path / "made", config=config)
    model = load_model(made.backbone, adapter=made.adapter, device="cpu")
    assert model.method.config.num_suffix_prompts == 2
    with torch.no_grad():
        text = model.text_features(vop_numbers["text"])
    assert (text - vop_numbers["text_features_raw"]).abs().max() > 0.1


def test_a_clip_alone_is_a_backbone(
    vop_weights: dict[str, Tensor], save: Save, write_json: Write, tmp_path: Path
) -> None:
    clip = {name: tensor for name, tensor in vop_weights.items() if name.startswith("clip.")}
    made = import_checkpoint(save(clip), format="modelscope-vop", output=tmp_path / "made")
    assert (made.adapter, made.method) == (None, None)
    assert any("a backbone and no adapter" in note for note in made.notes)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["backbone"]
    assert load_model(made.backbone, device="cpu").embedding_dim == 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vp_token_num": 4}, "has 8 prompts a layer, the configuration's vp_token_num is 4"),
        ({"tp_prefix_token_num": 8}, "has 8 prompts a layer, the configuration says 8 in front, 4 behind"),
        ({"tp_prefix_token_num": 4.5}, "tp_prefix_token_num must be a whole number of at least 0, got 4.5"),
        ({"num_frames": 0}, "num_frames must be a whole number of at least 1, got 0"),
        ({"input_res": 224}, "its shapes say images of 64 pixels, the configuration's input_res is 224"),
        ({"pooling_type": "topk"}, "pooling_type is 'topk'; supported: 'avg'"),
    ],
)
def test_a_configuration_of_another_model(
    change: dict[str, object],
    message: str,
    vop_weights: dict[str, Tensor],
    save: Save,
    write_json: Write,
    tmp_path: Path,
) -> None:
    config = write_json({"hyperparam": {**RELEASED, **change}})
    with pytest.raises(ModelError, match=message):
        import_checkpoint(save(vop_weights), format="modelscope-vop", output=tmp_path / "made", config=config)
    assert not (tmp_path / "made").exists()


def test_the_configuration_of_another_format(
    vop_weights: dict[str, Tensor], save: Save, write_json: Write, tmp_path: Path
) -> None:
    config = write_json({"text_config": {}, "vision_config": {}})
    with pytest.raises(ModelError, match=r"has no hyperparam; give the configuration\.json that was released"):
        import_checkpoint(save(vop_weights), format="modelscope-vop", output=tmp_path / "made", config=config)


def broken(weights: dict[str, Tensor], how: str) -> dict[str, Tensor]:
    weights = dict(weights)
    match how:
        case "alias":
            weights["image_encoder.ln_pre.bias"] = weights["clip.visual.ln_pre.bias"] + 1e-3
        case "unexpected":
            weights["head.weight"] = torch.zeros(2)
        case "missing":
            del weights["clip.visual.ln_pre.bias"]
        case "one prompt":
            del weights["text_prompt_learner.text_prompts"]
        case "layers":
            weights["text_prompt_learner.text_prompts"] = torch.zeros(2, 8, 64)
        case "flat":
            weights["visual_prompt_learner.visual_prompts"] = torch.zeros(4, 8, 64)
    return weights


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            "alias",
            r"image_encoder\.ln_pre\.bias and clip\.visual\.ln_pre\.bias are one tensor, but their values differ",
        ),
        ("unexpected", r"unexpected head\.weight"),
        ("missing", r"missing clip\.visual\.ln_pre\.bias"),
        ("one prompt", r"missing text_prompt_learner\.text_prompts"),
        ("layers", r"text_prompt_learner\.text_prompts has shape \(2, 8, 64\), expected \(3, 8, 64\)"),
        ("flat", r"visual_prompts must be \(layers, 1, prompts, width\).* got \(4, 8, 64\)"),
    ],
)
def test_wrong_tensors_are_named(
    how: str, message: str, vop_weights: dict[str, Tensor], save: Save, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=message) as info:
        import_checkpoint(save(broken(vop_weights, how)), format="modelscope-vop", output=tmp_path / "made")
    assert "\n" not in str(info.value)
    assert not (tmp_path / "made").exists()


def test_an_alias_can_stand_for_the_tensor(
    vop_weights: dict[str, Tensor], vop_numbers: dict[str, Tensor], save: Save, tmp_path: Path
) -> None:
    weights = dict(vop_weights)
    weights["image_encoder.ln_pre.bias"] = weights.pop("clip.visual.ln_pre.bias")
    made = import_checkpoint(save(weights), format="modelscope-vop", output=tmp_path / "made")
    check(load_model(made.backbone, adapter=made.adapter, device="cpu"), vop_numbers)


def test_groups_are_of_another_format(vop_weights: dict[str, Tensor], save: Save, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="frames per group belong to the format prompt-switch"):
        import_checkpoint(save(vop_weights), format="modelscope-vop", output=tmp_path / "made", frames_per_group=4)
