"""SigLIP's towers against `transformers`' own, and those of SigLIP 2 where it is alike (not in its images)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from framecue.backbone import Backbone, Preprocess
from framecue.errors import ModelError
from framecue.methods import build_method

TEXTS = ["a red car", "the cat rises while the dog falls on the left .", "dog"]
# Two ways to the same number differ by rounding, which grows with the type's unit and the depth.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5, torch.bfloat16: 0.1}
FAMILIES = ["siglip", "siglip2"]


def own_features(backbone: Backbone, pixels: torch.Tensor) -> torch.Tensor:
    return build_method("mean-pool", {}, backbone).encode_frames(backbone, pixels[None])[0]


def own_text(backbone: Backbone, ids: torch.Tensor) -> torch.Tensor:
    return build_method("mean-pool", {}, backbone).encode_text(backbone, ids)


def random_pixels(size: int = 32, frames: int = 5) -> torch.Tensor:
    return torch.randn(frames, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@torch.no_grad()
def test_frame_features_are_siglips_own(make_siglip_backbone: Callable[..., Backbone], dtype: torch.dtype) -> None:
    backbone, pixels = make_siglip_backbone(dtype=dtype), random_pixels().to(dtype)
    expected = backbone.model.get_image_features(pixel_values=pixels).pooler_output
    actual = own_features(backbone, pixels)
    assert actual.shape == (5, 32)
    assert actual.dtype == dtype
    assert expected.std(dim=0).min() > 0.05  # so the frames differ by more than the tolerance of the working types
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize(
    ("image_size", "patch_size", "patches"), [(48, 8, 36), (30, 7, 16), (20, 20, 1)], ids=["48/8", "30/7", "20/20"]
)
@torch.no_grad()
def test_any_size_even_one_that_patches_do_not_fill(
    make_siglip_backbone: Callable[..., Backbone], image_size: int, patch_size: int, patches: int
) -> None:
    backbone = make_siglip_backbone(vision={"image_size": image_size, "patch_size": patch_size})
    pixels = random_pixels(image_size)
    assert backbone.vision.image_size == image_size
    assert backbone.vision.embed(pixels).shape == (5, patches, 32)
    expected = backbone.model.get_image_features(pixel_values=pixels).pooler_output
    torch.testing.assert_close(own_features(backbone, pixels), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@torch.no_grad()
def test_text_features_are_siglips_own(
    make_siglip_backbone: Callable[..., Backbone], family: str, dtype: torch.dtype
) -> None:
    backbone = make_siglip_backbone(family, dtype=dtype)
    # As the authors say: padded to the context, and without a mask.
    batch = backbone.tokenizer(TEXTS, padding="max_length", max_length=24, padding_side="right", return_tensors="pt")
    assert batch.keys() == {"input_ids"}
    expected = backbone.model.get_text_features(input_ids=batch["input_ids"]).pooler_output
    ids, _ = backbone.tokenize(TEXTS)
    assert torch.equal(ids, batch["input_ids"])
    actual = own_text(backbone, ids)
    assert actual.shape == (3, 32)
    assert actual.dtype == dtype
    assert functional.pdist(expected.float()).min() > 0.2
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_eager_attention_gives_the_same(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    fast = make_siglip_backbone(family)
    eager = make_siglip_backbone(family, attn_implementation="eager")
    for part in (eager.model.vision_model, eager.model.text_model):
        assert part.config._attn_implementation == "eager"
    assert fast.model.text_model.config._attn_implementation == "sdpa"
    pixels, (ids, _) = random_pixels(), fast.tokenize(TEXTS)
    torch.testing.assert_close(own_features(eager, pixels), own_features(fast, pixels), rtol=0, atol=2e-5)
    torch.testing.assert_close(own_text(eager, ids), own_text(fast, ids), rtol=0, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_prompts_stand_in_front_of_the_patches_without_positions(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family, dtype=torch.bfloat16)
    vision, pixels = backbone.vision, random_pixels().bfloat16()
    prompts = torch.randn(5, 3, 32)
    tokens = vision.embed(pixels, prompts=prompts)
    assert tokens.dtype == torch.bfloat16
    assert torch.equal(tokens[:, :3], prompts.bfloat16())
    assert torch.equal(tokens[:, 3:], vision.embed(pixels))
    assert vision.num_class_tokens == 0  # so patches start where the prompts end


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_the_summary_is_what_the_probe_attends_to_before_the_mlp(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family, dtype=torch.float64)
    head, tokens = backbone.model.vision_model.head, torch.randn(2, 7, 32, dtype=torch.float64)
    normalised = backbone.model.vision_model.post_layernorm(tokens)
    query, key, value = head.attention.in_proj_weight.chunk(3)
    query_bias, key_bias, value_bias = head.attention.in_proj_bias.chunk(3)
    queries = (head.probe[0, 0] @ query.T + query_bias).view(4, 8)
    keys = (normalised @ key.T + key_bias).view(2, 7, 4, 8)
    values = (normalised @ value.T + value_bias).view(2, 7, 4, 8)
    weights = (torch.einsum("hd,nthd->nht", queries, keys) / 8**0.5).softmax(dim=-1)
    read = torch.einsum("nht,nthd->nhd", weights, values).flatten(1)
    summary = read @ head.attention.out_proj.weight.T + head.attention.out_proj.bias
    torch.testing.assert_close(backbone.vision.summarise(tokens), summary, rtol=0, atol=1e-12)
    feature = summary + head.mlp(head.layernorm(summary))
    torch.testing.assert_close(backbone.vision.finish(summary), feature, rtol=0, atol=1e-12)
    assert backbone.vision.projection is head.mlp


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_text_attends_in_both_directions_and_sees_the_padding(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family)
    text = backbone.text
    ids, mask = backbone.tokenize(TEXTS)
    tokens = text.embed(ids)
    assert text.causal_mask(tokens) is None
    changed = tokens.clone()
    changed[:, -1] *= -1
    assert (text.run_layer(0, changed) - text.run_layer(0, tokens))[:, 0].abs().amax(dim=-1).min() > 1e-4
    # Without the padding that it learnt with, another position is read, after another attention.
    alone = own_text(backbone, ids[2:, : int(mask[2].sum())])
    assert (alone - own_text(backbone, ids)[2]).abs().max() > 0.05


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_layers_take_more_tokens_than_the_context(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    text = make_siglip_backbone(family).text
    tokens = torch.randn(2, 24 + 8, 24)
    for index in range(text.num_layers):
        tokens = text.run_layer(index, tokens, mask=text.causal_mask(tokens))
    assert text.finish(tokens[:, -1]).shape == (2, 32)


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_padded_to_the_context_at_the_end(
    make_siglip_backbone: Callable[..., Backbone], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = make_siglip_backbone(family)
    # The class of SigLIP 2's tokenizer would pad in front.
    monkeypatch.setattr(backbone.tokenizer, "padding_side", "left")
    ids, mask = backbone.tokenize([*TEXTS, "cat " * 50])
    end, padding = backbone.end_of_text_id, backbone.tokenizer.pad_token_id
    assert ids.shape == mask.shape == (4, 24)
    assert mask.sum(dim=1).tolist() == [4, 12, 2, 24]
    assert ids[0, 3:].tolist() == [end, *[padding] * 20]
    assert ids[3, -1] == end  # a text that is cut still ends
    assert mask[0].tolist() == [1] * 4 + [0] * 20
    assert backbone.text.end_of_text(ids).tolist() == [23] * 4
    ids, _ = backbone.tokenize(TEXTS, max_length=10)
    assert ids.shape == (3, 10)
    assert ids[1, -1] == end
    assert backbone.text.end_of_text(ids).tolist() == [9] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_reach_every_parameter_of_both_towers(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family)
    ids, _ = backbone.tokenize(TEXTS)
    (own_features(backbone, random_pixels()).square().sum() + own_text(backbone, ids).square().sum()).backward()
    without = [
        name
        for name, parameter in backbone.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert without == ["model.logit_scale", "model.logit_bias"]


@torch.no_grad()
def test_logit_scale_and_bias_are_siglips_own(
    make_siglip_backbone: Callable[..., Backbone], backbone: Backbone
) -> None:
    siglip, pixels = make_siglip_backbone(), random_pixels()
    ids, _ = siglip.tokenize(TEXTS)
    images, texts = (
        functional.normalize(features, dim=-1) for features in (own_features(siglip, pixels), own_text(siglip, ids))
    )
    logits = siglip.logit_scale.exp() * (texts @ images.T) + siglip.logit_bias
    expected = siglip.model(input_ids=ids, pixel_values=pixels).logits_per_text
    torch.testing.assert_close(logits, expected, rtol=0, atol=2e-4)
    assert backbone.logit_bias is None  # CLIP's
    siglip.logit_scale.fill_(9.0)
    siglip.clamp_logit_scale()
    assert siglip.logit_scale.exp().item() == pytest.approx(100.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_tower_facts(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    backbone = make_siglip_backbone(family)
    vision, text = backbone.vision, backbone.text
    assert (vision.width, vision.num_heads, vision.num_layers, vision.feed_forward_width) == (32, 4, 3, 48)
    assert (text.width, text.num_heads, text.num_layers, text.feed_forward_width) == (24, 3, 2, 40)
    assert vision.embedding_dim == text.embedding_dim == 32
    assert (vision.image_size, vision.num_class_tokens) == (32, 0)
    assert vision.class_position is None
    assert text.context_length == 24
    assert text.pads_texts
    assert not text.is_causal
    assert text.end_of_text_id is None
    assert text.position_embedding.weight.shape == (24, 24)
    assert backbone.token_embedding is backbone.model.text_model.embeddings.token_embedding
    assert text.projection is backbone.model.text_model.head
    assert backbone.initializer_range == 0.02
    own = {name.removeprefix("model."): value for name, value in backbone.state_dict().items()}
    assert own.keys() == backbone.model.state_dict().keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_captions_start_from_end_of_text_as_no_text_begins_with_a_token_of_its_own(
    make_siglip_backbone: Callable[..., Backbone], backbone: Backbone, family: str
) -> None:
    siglip = make_siglip_backbone(family)
    assert siglip.start_of_text_id == siglip.end_of_text_id == 1
    assert not siglip.begins_texts
    # CLIP's do.
    assert backbone.begins_texts
    assert backbone.start_of_text_id == backbone.end_of_text_id - 1


def test_token_ids_hold_a_word_with_and_without_the_space_in_front(
    make_siglip_backbone: Callable[..., Backbone],
) -> None:
    gemma, unigram = make_siglip_backbone("siglip2"), make_siglip_backbone("siglip")
    for backbone, tokens in ((gemma, ["cat", "▁cat", "red", "▁red"]), (unigram, ["▁cat", "▁red"])):
        ids = backbone.token_ids(["cat", "zebra", "red"])
        assert backbone.tokenizer.convert_ids_to_tokens(ids) == tokens


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_the_position_embedding_is_scaled(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    backbone, pixels = make_siglip_backbone(family), random_pixels()
    positions = backbone.model.vision_model.embeddings.position_embedding.weight.clone()
    before = backbone.vision.embed(pixels)
    backbone.scale_position_embedding(3.0)
    torch.testing.assert_close(backbone.vision.embed(pixels), before + 2 * positions, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vision": {"vision_use_head": False}}, r"it has no pooling head \(vision_use_head is false\)"),
        ({"text": {"projection_size": 20}}, r"its text features are 20 wide .* image features 32 .*cannot be compared"),
    ],
)
def test_a_siglip_without_comparable_features_is_refused(
    make_siglip_backbone: Callable[..., Backbone], family: str, options: dict[str, dict[str, int]], message: str
) -> None:
    with pytest.raises(ModelError, match=f"^tiny-{family}: {message}"):
        make_siglip_backbone(family, **options)


def test_siglips_own_preprocessing_squashes(make_siglip_backbone: Callable[..., Backbone]) -> None:
    half = (0.5, 0.5, 0.5)
    assert make_siglip_backbone("siglip").preprocess == Preprocess((32, 32), None, mean=half, std=half)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_the_pooling_head_counts_a_token_as_often_as_the_mask_says(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    vision = make_siglip_backbone(family, dtype=torch.float64).vision
    tokens = torch.randn(2, 4, vision.width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sizes = torch.tensor([[1.0, 3.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    rows = [[0, 1, 1, 1, 2, 3], [0, 0, 1, 2, 3]]
    expected = [vision.summarise(tokens[i, row][None])[0] for i, row in enumerate(rows)]
    actual = vision.summarise(tokens, mask=sizes.log())
    torch.testing.assert_close(actual, torch.stack(expected), rtol=0, atol=1e-12)
    torch.testing.assert_close(vision.summarise(tokens, mask=torch.zeros(2, 4)), vision.summarise(tokens))


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_attention_and_its_keys_at_once_are_what_they_are_one_by_one(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    vision = make_siglip_backbone(family, dtype=torch.float64).vision
    attended = torch.randn(2, 5, vision.width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    added, keys = vision.attend_and_keys(0, attended)
    torch.testing.assert_close(added, vision.attend(0, attended), rtol=0, atol=1e-12)
    assert torch.equal(keys, vision.keys(0, attended))
