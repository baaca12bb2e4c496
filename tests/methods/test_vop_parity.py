"""Plain VoP against the numbers of its released implementation (vop_reference/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPConfig, CLIPModel

from framecue.backbone import Backbone, Preprocess
from framecue.methods.vop import VoP, VoPConfig

REFERENCE = Path(__file__).parent / "vop_reference"
ABOUT = json.loads((REFERENCE / "about.json").read_text())
# Rounding between two orders of summation.
RAW, UNIT = 2e-5, 3e-6
OWN_NAMES = {
    "clip.logit_scale": "logit_scale",
    "clip.visual.class_embedding": "vision_model.embeddings.class_embedding",
    "clip.visual.conv1.": "vision_model.embeddings.patch_embedding.",
    "clip.visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "clip.visual.ln_pre.": "vision_model.pre_layrnorm.",
    "clip.visual.ln_post.": "vision_model.post_layernorm.",
    "clip.visual.transformer.resblocks.": "vision_model.encoder.layers.",
    "clip.visual.proj": "visual_projection.weight",
    "clip.token_embedding.": "text_model.embeddings.token_embedding.",
    "clip.positional_embedding": "text_model.embeddings.position_embedding.weight",
    "clip.ln_final.": "text_model.final_layer_norm.",
    "clip.transformer.resblocks.": "text_model.encoder.layers.",
    "clip.text_projection": "text_projection.weight",
    ".attn.": ".self_attn.",
    ".ln_1.": ".layer_norm1.",
    ".ln_2.": ".layer_norm2.",
    ".c_fc.": ".fc1.",
    ".c_proj.": ".fc2.",
}


class Ported(NamedTuple):
    backbone: Backbone
    method: VoP
    expected: dict[str, np.ndarray]


def transformers_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's tensors under the names, and in the shapes, of `transformers.CLIPModel`."""
    renamed = {}
    for name, tensor in weights.items():
        if not name.startswith("clip."):
            continue
        for theirs, own in OWN_NAMES.items():
            name = name.replace(theirs, own)
        if "in_proj_" in name:
            for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                renamed[name.replace("in_proj_", f"{letter}_proj.")] = third
        else:
            # Theirs multiply from the left.
            renamed[name] = tensor.T if name.endswith("_projection.weight") else tensor
    return renamed


def port(weights: dict[str, Tensor], **options: Any) -> Ported:
    sizes = ABOUT["clip"]
    vision: dict[str, Any] = {
        **{"hidden_size": sizes["vw"], "intermediate_size": 4 * sizes["vw"], "num_hidden_layers": sizes["vl"]},
        **{"num_attention_heads": sizes["vision_heads"], "image_size": sizes["res"], "patch_size": sizes["patch"]},
    }
    text: dict[str, Any] = {
        **{"hidden_size": sizes["tw"], "intermediate_size": 4 * sizes["tw"], "num_hidden_layers": sizes["tl"]},
        **{"num_attention_heads": sizes["text_heads"], "max_position_embeddings": sizes["ctx"]},
        **{"vocab_size": sizes["vocab"], "eos_token_id": ABOUT["eot_id"], "bos_token_id": ABOUT["eot_id"] - 1},
    }
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=sizes["embed"])).eval()
    clip.load_state_dict(transformers_names(weights))
    size = (sizes["res"], sizes["res"])

    def no_tokenizer() -> Any:
        raise AssertionError("the reference has ids only")

    backbone = Backbone(
        clip, name="reference", revision="", preprocess=Preprocess(sizes["res"], size), tokenizer=no_tokenizer
    )
    config = VoPConfig(
        **{
            "num_frames": ABOUT["num_frames"],
            "num_test_frames": ABOUT["num_frames"],
            "num_visual_prompts": ABOUT["vp_token_num"],
            "num_text_prompts": ABOUT["tp_prefix_token_num"] + ABOUT["tp_suffix_token_num"],
            "num_suffix_prompts": ABOUT["tp_suffix_token_num"],
            "text_prompt_layout": "modelscope",
            **options,
        }
    )
    method = VoP(config, backbone).eval()
    method.load_state_dict(
        {
            "frame_prompts.prompts": weights["visual_prompt_learner.visual_prompts"].squeeze(1),
            "text_prompts.prompts": weights["text_prompt_learner.text_prompts"],
        }
    )
    with np.load(REFERENCE / "inputs_and_outputs.npz") as file:
        return Ported(backbone, method, dict(file))


@pytest.fixture(scope="module")
def ported(vop_weights: dict[str, Tensor]) -> Ported:
    return port(vop_weights)


@torch.no_grad()
def test_frame_features(ported: Ported) -> None:
    backbone, method, expected = ported
    features = method.encode_frames(backbone, torch.from_numpy(expected["pixel_values"]))
    assert features.shape == (2, 4, 32)
    np.testing.assert_allclose(features.flatten(0, 1), expected["frame_features_raw"], rtol=0, atol=RAW)
    # The reference leaves the mean at its length; the direction is what counts.
    pooled = normalize(torch.from_numpy(expected["video_features_pooled"]), dim=-1)
    np.testing.assert_allclose(method.pool(features), pooled, rtol=0, atol=UNIT)


@pytest.mark.parametrize("row", range(6), ids=[f"end at {end}" for end in ABOUT["eot_index_per_caption"]])
@torch.no_grad()
def test_text_features_in_every_case_of_the_read_out(ported: Ported, row: int) -> None:
    backbone, method, expected = ported
    end = ABOUT["eot_index_per_caption"][row]
    # At the real length, filled as the reference fills, and filled as CLIP's tokenizer fills: one and the same text.
    ids = torch.from_numpy(expected["text"][row])[None]
    real = ids[:, : end + 1]
    assert real[0, -1] == ABOUT["eot_id"]
    filled = ids.clone()
    filled[:, end:] = ABOUT["eot_id"]
    for given in (ids, real, filled):
        features = method.encode_text(backbone, given)
        np.testing.assert_allclose(features, expected["text_features_raw"][row][None], rtol=0, atol=RAW)
        np.testing.assert_allclose(normalize(features), expected["text_features"][row][None], rtol=0, atol=UNIT)


@torch.no_grad()
def test_similarities(ported: Ported) -> None:
    backbone, method, expected = ported
    frame_features = method.encode_frames(backbone, torch.from_numpy(expected["pixel_values"]))
    text_features = method.encode_text(backbone, torch.from_numpy(expected["text"]))
    similarities = method.similarity(text_features, frame_features)
    np.testing.assert_allclose(similarities, expected["cosine_text_video"], rtol=0, atol=UNIT)
    # The released pipeline ranks by the inner product with the mean as it is.
    mean = normalize(frame_features, dim=-1).mean(dim=1)
    scores = normalize(text_features, dim=-1) @ mean.T
    np.testing.assert_allclose(scores, expected["score_t2v_unnormalised_pool"], rtol=0, atol=UNIT)


@torch.no_grad()
def test_the_reference_tells_the_layouts_apart(vop_weights: dict[str, Tensor]) -> None:
    # Another split of the same prompts, and the paper's layout, are other texts.
    for options in (
        {"num_suffix_prompts": 3},
        {"num_suffix_prompts": 5},
        {"text_prompt_layout": "paper", "num_suffix_prompts": None},
    ):
        backbone, method, expected = port(vop_weights, **options)
        features = method.encode_text(backbone, torch.from_numpy(expected["text"]))
        difference = np.abs(features.numpy() - expected["text_features_raw"]).max(axis=1)
        assert difference.min() > 0.01


def test_suffix_prompts_count_only_where_they_are_seen(ported: Ported) -> None:
    backbone, method, expected = ported
    prompts = method.text_prompts.prompts
    prefix = ABOUT["tp_prefix_token_num"]
    last = ABOUT["text_length"] - 1
    for row, end in enumerate(ABOUT["eot_index_per_caption"]):
        assert end + ABOUT["tp_prefix_token_num"] + ABOUT["tp_suffix_token_num"] == ABOUT["feature_read_index"][row]
        features = method.encode_text(backbone, torch.from_numpy(expected["text"][row])[None])
        (gradient,) = torch.autograd.grad(features.sum(), prompts)
        assert (gradient[:, :prefix].abs().amax(dim=-1) > 0).all()
        suffix = gradient[:, prefix:].abs().amax(dim=(1, 2)) > 0
        if end <= last - 1 - ABOUT["tp_suffix_token_num"]:
            assert suffix.tolist() == [False, False, False]
        elif end < last:
            # The output of one of them is read, in the last layer.
            assert suffix.tolist() == [False, False, True]
        else:
            assert suffix.tolist() == [True, True, True]
