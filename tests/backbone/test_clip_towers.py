"""The towers and mean pooling against `transformers`' own CLIP."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from framecue.backbone import Backbone, Preprocess
from framecue.errors import ModelError
from framecue.methods import build_method

TEXTS = ["a red car", "the cat rises while the dog falls on the left .", "dog"]
# Two ways to the same number differ by rounding, which grows with the type's unit and the depth.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5, torch.bfloat16: 0.1}


def reference_features(output: object) -> torch.Tensor:
    # transformers 5 gives the projected features inside an output object.
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def own_features(backbone: Backbone, pixels: torch.Tensor) -> torch.Tensor:
    return build_method("mean-pool", {}, backbone).encode_frames(backbone, pixels[None])[0]


def own_text(backbone: Backbone, ids: torch.Tensor) -> torch.Tensor:
    return build_method("mean-pool", {}, backbone).encode_text(backbone, ids)


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@torch.no_grad()
def test_frame_features_are_clips_own(make_backbone: Callable[..., Backbone], pixels: torch.Tensor, dtype) -> None:
    backbone = make_backbone(dtype=dtype)
    pixels = pixels.to(dtype)
    expected = reference_features(backbone.model.get_image_features(pixel_values=pixels))
    actual = own_features(backbone, pixels)
    assert actual.shape == (5, 24)
    assert actual.dtype == dtype
    assert expected.std(dim=0).min() > 0.05  # so the frames differ by more than the tolerance of the working types
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("eos_token_id", [None, 2], ids=["end-of-text id", "largest id"])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@torch.no_grad()
def test_text_features_are_clips_own(make_backbone: Callable[..., Backbone], dtype, eos_token_id) -> None:
    backbone = make_backbone(dtype=dtype, eos_token_id=eos_token_id)
    ids, mask = backbone.tokenize(TEXTS)
    expected = reference_features(backbone.model.get_text_features(input_ids=ids, attention_mask=mask))
    actual = own_text(backbone, ids)
    assert actual.shape == (3, 24)
    assert actual.dtype == dtype
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE[dtype])


@torch.no_grad()
def test_the_two_rules_for_end_of_text_differ_where_another_id_is_larger(make_backbone) -> None:
    ordinary, largest = make_backbone(), make_backbone(eos_token_id=2)
    end = ordinary.end_of_text_id
    ids = torch.tensor([[end - 1, 5, 2, 7, end, 3], [end - 1, 2, end, end, end, end]])
    assert ordinary.text.end_of_text(ids).tolist() == [4, 2]
    assert largest.text.end_of_text(ids).tolist() == [4, 2]
    # An id above end-of-text, as an added token has: only the first rule still finds the end.
    grown = torch.tensor([[end - 1, 5, end + 1, end]])
    assert ordinary.text.end_of_text(grown).tolist() == [3]
    assert largest.text.end_of_text(grown).tolist() == [2]


@torch.no_grad()
def test_eager_attention_gives_the_same(make_backbone: Callable[..., Backbone], pixels: torch.Tensor) -> None:
    eager, fast = make_backbone(attn_implementation="eager"), make_backbone()
    assert eager.model.config._attn_implementation == "eager"
    torch.testing.assert_close(own_features(eager, pixels), own_features(fast, pixels), rtol=0, atol=2e-5)
    ids, _ = eager.tokenize(TEXTS)
    torch.testing.assert_close(own_text(eager, ids), own_text(fast, ids), rtol=0, atol=2e-5)


@pytest.mark.parametrize("eos_token_id", [None, 2])
@torch.no_grad()
def test_text_at_real_length_equals_text_padded_to_the_context(make_backbone, eos_token_id) -> None:
    backbone = make_backbone(eos_token_id=eos_token_id)
    ids, mask = backbone.tokenize(TEXTS)
    lengths = mask.sum(dim=1).tolist()
    assert ids.shape[1] == max(lengths) < backbone.text.context_length
    assert lengths == [5, 13, 3]
    padded = backbone.tokenizer(TEXTS, padding="max_length", max_length=24, return_tensors="pt")
    assert padded["input_ids"].shape == (3, 24)
    torch.testing.assert_close(own_text(backbone, padded["input_ids"]), own_text(backbone, ids), rtol=0, atol=1e-5)
    alone = torch.cat([own_text(backbone, backbone.tokenize([text])[0]) for text in TEXTS])
    torch.testing.assert_close(alone, own_text(backbone, ids), rtol=0, atol=1e-5)


@pytest.mark.parametrize("eos_token_id", [None, 2])
@torch.no_grad()
def test_the_last_word_and_the_first_count(make_backbone, eos_token_id) -> None:
    backbone = make_backbone(eos_token_id=eos_token_id)
    ids, _ = backbone.tokenize(["the car is red", "the car is blue", "this car is red"])
    # A word that is not seen makes a difference of nothing, to the bit.
    assert torch.nn.functional.pdist(own_text(backbone, ids)).min() > 0.1


@torch.no_grad()
def test_words_after_the_end_do_not_count_and_later_words_do_not_reach_back(backbone: Backbone) -> None:
    end, car, dog = backbone.end_of_text_id, *backbone.token_ids(["car", "dog"])
    ids = torch.tensor([[end - 1, car, end, car, car], [end - 1, car, end, dog, end]])
    features = own_text(backbone, ids)
    torch.testing.assert_close(features[0], features[1], rtol=0, atol=1e-6)


def test_longer_texts_are_cut_and_still_end(backbone: Backbone) -> None:
    ids, _ = backbone.tokenize(["cat " * 50])
    assert ids.shape == (1, 24)
    assert ids[0, -1] == backbone.end_of_text_id
    assert ids[0, 0] == backbone.start_of_text_id


def test_gradients_reach_every_parameter_of_both_towers(backbone: Backbone, pixels: torch.Tensor) -> None:
    ids, _ = backbone.tokenize(TEXTS)
    (own_features(backbone, pixels).square().sum() + own_text(backbone, ids).square().sum()).backward()
    without = [
        name
        for name, parameter in backbone.named_parameters()
        if name != "model.logit_scale" and (parameter.grad is None or not parameter.grad.abs().sum() > 0)
    ]
    assert without == []


def test_tower_facts(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(embedding_dim=16)
    vision, text = backbone.vision, backbone.text
    assert (vision.width, vision.num_heads, vision.num_layers, vision.feed_forward_width) == (32, 4, 3, 48)
    assert (text.width, text.num_heads, text.num_layers, text.feed_forward_width) == (24, 3, 2, 40)
    assert vision.embedding_dim == text.embedding_dim == 16
    assert vision.image_size == 32
    assert text.context_length == 24
    assert text.end_of_text_id == backbone.end_of_text_id
    assert make_backbone(eos_token_id=2).text.end_of_text_id is None
    assert backbone.token_embedding is backbone.model.text_model.embeddings.token_embedding
    assert backbone.initializer_range == 0.02


def test_the_class_tokens_position_is_the_first(backbone: Backbone, pixels: torch.Tensor) -> None:
    # At the place of the class token, a prompt that is its embedding and its position is the class token.
    embeddings = backbone.model.vision_model.embeddings
    prompts = (embeddings.class_embedding + backbone.vision.class_position).expand(len(pixels), 1, -1)
    tokens = backbone.vision.embed(pixels, prompts=prompts)
    torch.testing.assert_close(tokens[:, 1], tokens[:, 0])


def test_towers_add_no_parameters_and_keep_the_models_names(backbone: Backbone) -> None:
    own = {name.removeprefix("model."): value for name, value in backbone.state_dict().items()}
    assert own.keys() == backbone.model.state_dict().keys()


def test_token_ids_leave_out_words_of_several_tokens_and_unknown_ones(
    backbone: Backbone, tiny_vocabulary: dict[str, int]
) -> None:
    assert backbone.token_ids(["cat", "zebra", "red", "7"]) == [tiny_vocabulary["cat</w>"], tiny_vocabulary["red</w>"]]


def test_logit_scale_is_clamped_to_100_and_not_below(backbone: Backbone) -> None:
    with torch.no_grad():
        backbone.logit_scale.fill_(9.0)
    backbone.clamp_logit_scale()
    assert backbone.logit_scale.exp().item() == pytest.approx(100.0)
    with torch.no_grad():
        backbone.logit_scale.fill_(2.5)
    backbone.clamp_logit_scale()
    assert backbone.logit_scale.item() == 2.5


def test_an_architecture_without_towers_is_refused() -> None:
    bert = BertModel(
        BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9)
    )
    with pytest.raises(
        ModelError, match="some/bert: a Bert model is not supported as a backbone; supported: CLIPModel"
    ):
        Backbone(bert, name="some/bert", revision="", preprocess=Preprocess(8, (8, 8)), tokenizer=lambda: None)


def test_a_tokenizer_of_another_model_is_refused(make_backbone: Callable[..., Backbone]) -> None:
    # config.json says that texts end with token 4, the tokenizer ends them with another.
    with pytest.raises(ModelError, match="tiny: its tokenizer does not end texts with token 4"):
        make_backbone(eos_token_id=4).tokenize(["a cat"])
    small = make_backbone(eos_token_id=2)
    small.model.text_model.embeddings.token_embedding.num_embeddings = 20
    with pytest.raises(ModelError, match=r"tiny: its tokenizer gives id [0-9]+, the model knows 20 tokens"):
        small.tokenize(["a cat"])


def test_frames_are_encoded_without_asking_for_the_tokenizer(backbone: Backbone, pixels: torch.Tensor) -> None:
    def tokenizer() -> None:
        raise ModelError("no tokenizer")

    lone = Backbone(backbone.model, name="lone", revision="", preprocess=Preprocess(32, (32, 32)), tokenizer=tokenizer)
    assert own_features(lone, pixels).shape == (5, 24)
    with pytest.raises(ModelError, match="no tokenizer"):
        lone.tokenize(["a cat"])


def test_preprocess_belongs_to_the_backbone(backbone: Backbone) -> None:
    frames = np.zeros((2, 40, 50, 3), dtype=np.uint8)
    assert backbone.preprocess(frames).shape == (2, 3, 32, 32)


def test_a_step_between_attention_and_mlp_sees_the_keys_and_may_drop_tokens(
    make_backbone: Callable[..., Backbone],
) -> None:
    vision = make_backbone().vision
    tokens = torch.randn(2, 5, vision.width, generator=torch.Generator().manual_seed(0))
    seen = []

    def between(tokens: Tensor, keys: Tensor) -> Tensor:
        seen.append((tokens, keys))
        return tokens[:, :3]

    with torch.no_grad():
        left = vision.run_layer(0, tokens, between=between)
        torch.testing.assert_close(left, vision.run_layer(0, tokens)[:, :3])
        layer = vision.layers[0]
        torch.testing.assert_close(seen[0][1], layer.self_attn.k_proj(layer.layer_norm1(tokens)))
    assert seen[0][0].shape == tokens.shape


@pytest.mark.parametrize("masked", [False, True])
@torch.no_grad()
def test_attention_and_its_keys_at_once_are_what_they_are_one_by_one(
    make_backbone: Callable[..., Backbone], masked: bool
) -> None:
    vision = make_backbone(dtype=torch.float64).vision
    generator = torch.Generator().manual_seed(0)
    attended = torch.randn(2, 5, vision.width, generator=generator, dtype=torch.float64)
    mask = torch.randn(2, 1, 1, 5, generator=generator, dtype=torch.float64) if masked else None
    added, keys = vision.attend_and_keys(1, attended, mask=mask)
    torch.testing.assert_close(added, vision.attend(1, attended, mask=mask), rtol=0, atol=1e-12)
    assert torch.equal(keys, vision.keys(1, attended))
    if masked:
        assert (added - vision.attend(1, attended)).abs().max() > 1e-3


def test_attention_and_its_keys_at_once_drop_in_training_alone(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(vision={"attention_dropout": 0.5})
    attended = torch.randn(2, 5, backbone.vision.width, generator=torch.Generator().manual_seed(0))

    def twice() -> bool:
        return torch.equal(*(backbone.vision.attend_and_keys(0, attended)[0] for _ in range(2)))

    assert twice()
    backbone.train()
    assert not twice()


@torch.no_grad()
def test_a_path_behind_the_mlp_has_its_output_and_adds_to_the_same_residual(backbone: Backbone) -> None:
    vision = backbone.vision
    tokens = torch.randn(2, 5, vision.width, generator=torch.Generator().manual_seed(0))
    seen = []

    def double(added: Tensor) -> Tensor:
        seen.append(added)
        return 2 * added

    plain, more = vision.run_layer(0, tokens), vision.run_layer(0, tokens, after_mlp=double)
    torch.testing.assert_close(more, plain + 2 * seen[0])
    layer = vision.layers[0]
    attended = tokens + vision.attend(0, layer.layer_norm1(tokens))
    torch.testing.assert_close(seen[0], layer.mlp(layer.layer_norm2(attended)))
