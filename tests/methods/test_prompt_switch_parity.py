"""Prompt Switch against the numbers of its reference implementation (prompt_switch_reference/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import normalize
from transformers import AutoTokenizer, CLIPConfig, CLIPModel

from framecue.backbone import Backbone, Preprocess
from framecue.methods import build_method
from framecue.methods.captioner import FREQUENT_WORDS
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.prompt_switch import PromptSwitch

REFERENCE = Path(__file__).parent / "prompt_switch_reference"
ABOUT = json.loads((REFERENCE / "about.json").read_text())
# Rounding between two orders of summation; every wrong variant that was tried is off by 0.16 or more.
RAW, UNIT = 2e-5, 3e-6
OWN_NAMES = {
    "clip.vision_model.encoder.prompt_embedding": "prompt_cube",
    "clip.vision_model.attn.": "aggregation.",
    "caption_prenorm.": "captioner.prenorm.",
    "caption_transformer.": "captioner.decoder.",
    "caption_head.": "captioner.head.",
}


class Ported(NamedTuple):
    """The reference's weights in this implementation, and where each went."""

    backbone: Backbone
    method: PromptSwitch
    parameters: dict[str, torch.nn.Parameter]  # by the reference's names


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(REFERENCE / "inputs_and_outputs.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return {
        **load_file(REFERENCE / "vision.safetensors"),
        **load_file(REFERENCE / "text_and_captioner.safetensors"),
    }


def port(weights: dict[str, Tensor], *, num_frames: int, num_test_frames: int) -> Ported:
    clip = CLIPModel(CLIPConfig.from_pretrained(REFERENCE)).eval()
    backbone = Backbone(
        clip,
        name="reference",
        revision="",
        preprocess=Preprocess(32, (32, 32)),
        tokenizer=lambda: AutoTokenizer.from_pretrained(REFERENCE),
    )
    options = {"num_frames": num_frames, "num_test_frames": num_test_frames, "num_prompts": ABOUT["num_prompts"]}
    method = build_method("prompt-switch", options, backbone).eval()
    assert isinstance(method, PromptSwitch)
    own, parameters = dict(method.named_parameters()), {}
    for name, tensor in weights.items():
        start = next((start for start in OWN_NAMES if name.startswith(start)), None)
        parameter = (
            clip.get_parameter(name.removeprefix("clip."))
            if start is None
            else own.pop(name.replace(start, OWN_NAMES[start]))
        )
        assert parameter.shape == tensor.shape
        with torch.no_grad():
            parameter.copy_(tensor)
        parameters[name] = parameter
    assert own == {}
    assert len(parameters) == len(list(clip.parameters())) + len(list(method.parameters()))
    return Ported(backbone, method, parameters)


# As the released code decides it: the model's group is the number of frames it was trained with.
CASES = {"f4": (4, 4), "f8_joint": (8, 8), "f8_split": (4, 8)}


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_features_and_similarities(case: str, weights: dict[str, Tensor], expected: dict[str, np.ndarray]) -> None:
    num_frames, num_test_frames = CASES[case]
    backbone, method, _ = port(weights, num_frames=num_frames, num_test_frames=num_test_frames)
    pixels = torch.from_numpy(expected[f"pixel_values_f{num_test_frames}"])
    features = method.encode_frames(backbone, pixels)
    assert features.shape == (2, num_test_frames, 48)
    np.testing.assert_allclose(features.flatten(0, 1), expected[f"{case}/video_features_"], rtol=0, atol=RAW)
    # The reference leaves the mean at its length; the direction is what counts.
    pooled = normalize(torch.from_numpy(expected[f"{case}/video_features_pooled"]), dim=-1)
    video = method.pool(features)
    np.testing.assert_allclose(video, pooled, rtol=0, atol=UNIT)
    text = method.encode_text(backbone, torch.from_numpy(expected["input_ids"]))
    np.testing.assert_allclose(text, expected[f"{case}/text_features_raw"], rtol=0, atol=RAW)
    np.testing.assert_allclose(normalize(text, dim=-1), expected[f"{case}/text_features"], rtol=0, atol=UNIT)
    similarities = normalize(text, dim=-1) @ video.T
    np.testing.assert_allclose(similarities, expected[f"{case}/sims_text_video"], rtol=0, atol=UNIT)


@torch.no_grad()
def test_the_captions_tokenize_to_the_ids_and_encode_at_their_real_length(
    weights: dict[str, Tensor], expected: dict[str, np.ndarray]
) -> None:
    backbone, method, _ = port(weights, num_frames=4, num_test_frames=4)
    for row, caption in enumerate(ABOUT["captions"]):
        ids, mask = backbone.tokenize([caption])
        length = int(mask.sum())
        assert ids[0].tolist() == expected["input_ids"][row, :length].tolist()
        text = method.encode_text(backbone, ids)
        np.testing.assert_allclose(text, expected["f4/text_features_raw"][row][None], rtol=0, atol=RAW)


def test_joint_and_split_are_told_apart_by_the_reference(expected: dict[str, np.ndarray]) -> None:
    assert np.abs(expected["f8_joint/video_features_"] - expected["f8_split/video_features_"]).max() > 1


@pytest.mark.parametrize("case", ["f4", "f8_joint"])
def test_a_training_step(case: str, weights: dict[str, Tensor], expected: dict[str, np.ndarray]) -> None:
    num_frames, num_test_frames = CASES[case]
    backbone, method, parameters = port(weights, num_frames=num_frames, num_test_frames=num_test_frames)
    method.freeze(backbone)
    pixels = torch.from_numpy(expected[f"pixel_values_f{num_frames}"])
    ids = torch.from_numpy(expected["train_input_ids"])

    features = method.encode_frames(backbone, pixels)
    text, video = normalize(method.encode_text(backbone, ids), dim=-1), method.pool(features)
    np.testing.assert_allclose((text @ video.T).detach(), expected[f"train_{case}/sims"], rtol=0, atol=UNIT)
    assert method.captioner is not None
    logits = method.captioner(backbone, features, ids[:, :-1])
    np.testing.assert_allclose(logits.detach(), expected[f"train_{case}/pred_logits"], rtol=0, atol=RAW)

    caption = method.auxiliary_loss(backbone, features, ids)
    contrastive = contrastive_loss(text @ video.T, backbone.logit_scale)
    assert caption is not None
    caption = caption.mean
    assert caption.item() == pytest.approx(float(expected[f"train_{case}/loss_caption"]), abs=5e-6)
    assert contrastive.item() == pytest.approx(float(expected[f"train_{case}/loss_contrastive"]), abs=5e-6)
    total = contrastive + caption
    assert total.item() == pytest.approx(float(expected[f"train_{case}/loss_total"]), abs=1e-5)

    total.backward()
    norms = json.loads((REFERENCE / "gradient_norms.json").read_text())[case]
    assert norms.keys() == parameters.keys()
    wrong = {
        name: (parameters[name].grad.norm().item(), norm)
        for name, norm in norms.items()
        # The floor is for key biases, whose gradient is nothing but rounding: softmax ignores them.
        if parameters[name].grad.norm().item() != pytest.approx(norm, rel=2e-4, abs=2e-5)
    }
    assert wrong == {}
    norm = torch.stack([parameter.grad.norm() for parameter in parameters.values()]).norm().item()
    assert norm == pytest.approx(float(expected[f"train_{case}/grad_total_norm"]), rel=1e-4)
    for stored, name in {
        "prompt_embedding": "clip.vision_model.encoder.prompt_embedding",
        "visual_projection.weight": "clip.visual_projection.weight",
        "caption_head.bias": "caption_head.bias",
        "logit_scale": "clip.logit_scale",
    }.items():
        np.testing.assert_allclose(
            parameters[name].grad, expected[f"train_{case}/grad/{stored}"], rtol=1e-3, atol=1e-5, err_msg=stored
        )


def test_weights_of_frequent_words(weights: dict[str, Tensor], expected: dict[str, np.ndarray]) -> None:
    backbone, method, _ = port(weights, num_frames=4, num_test_frames=4)
    special = [backbone.start_of_text_id, backbone.end_of_text_id]
    assert sorted([*backbone.token_ids(FREQUENT_WORDS), *special]) == ABOUT["frequent_ids"]
    assert method.captioner is not None
    np.testing.assert_array_equal(method.captioner.class_weights(backbone), expected["caption_class_weight"])


def test_the_defaults_are_the_released_ones(weights: dict[str, Tensor]) -> None:
    _, method, _ = port(weights, num_frames=4, num_test_frames=8)
    config = method.config
    assert config.captioner_layers == ABOUT["num_captioner_layers"]
    assert config.frequent_word_weight == ABOUT["frequent_word_weight"]
    assert config.caption_loss_weight == ABOUT["caption_loss_mult"]
    assert config.group == 4
