"""The captioner: its loss by hand, what it sees, what it learns from, and how it ends a caption."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.methods.captioner import FREQUENT_WORDS, Captioner, caption_loss


@pytest.fixture
def captioner(backbone: Backbone) -> Captioner:
    torch.manual_seed(0)
    return Captioner(backbone).eval()


def features(videos: int = 2, count: int = 6, width: int = 24, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, width, generator=torch.Generator().manual_seed(seed))


END = 2


def test_the_loss_by_hand() -> None:
    # Vocabulary: two words and end-of-text (2). Text: 0 1 2 2, so the targets are 1 and 2; the padding's is dropped.
    logits = torch.tensor([[[0.0, math.log(3.0), 0.0], [0.0, 0.0, math.log(2.0)], [9.0, -9.0, 0.0]]])
    loss = caption_loss(
        logits, torch.tensor([[0, 1, 2, 2]]), end_of_text=END, class_weights=torch.tensor([1.0, 1.0, 0.25])
    )
    # Probabilities 3/5 and 2/4, weights 1 and 1/4: a weighted mean, not a sum.
    assert loss.item() == pytest.approx((-math.log(0.6) - 0.25 * math.log(0.5)) / 1.25)


def test_the_loss_takes_the_weighted_mean_over_the_batch_not_over_captions() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, weights = torch.randn(3, 5, 7, generator=generator), torch.rand(7, generator=generator)
    ids = torch.tensor([[0, 3, 4, 5, 2, 2], [0, 2, 2, 2, 2, 2], [0, 6, 2, 2, 2, 2]])
    total = mass = 0.0
    for row in range(3):
        for place in range(5):
            if ids[row, place] != END:
                target = ids[row, place + 1]
                total -= weights[target] * logits[row, place].log_softmax(dim=-1)[target]
                mass += weights[target]
    loss = caption_loss(logits, ids, end_of_text=END, class_weights=weights)
    assert loss.item() == pytest.approx((total / mass).item(), rel=1e-6)


def test_gradient_of_the_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(5, generator=generator, dtype=torch.float64)
    ids = torch.tensor([[0, 3, 4, 2, 2], [0, 1, 2, 2, 2]])
    assert torch.autograd.gradcheck(
        lambda values: caption_loss(values, ids, end_of_text=END, class_weights=weights), (logits,)
    )


def test_the_loss_is_computed_in_float32_at_least() -> None:
    logits, ids = torch.randn(1, 2, 4).bfloat16(), torch.tensor([[0, 1, 2]])
    assert caption_loss(logits, ids, end_of_text=END, class_weights=torch.ones(4)).dtype == torch.float32
    assert caption_loss(logits.double(), ids, end_of_text=END, class_weights=torch.ones(4)).dtype == torch.float64


def test_gradient_of_the_whole_captioner(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    torch.manual_seed(0)
    captioner = Captioner(backbone, num_layers=1)
    ids, _ = backbone.tokenize(["a red car"])
    memory = features(1, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: captioner.loss(backbone, values, ids), (memory,))


def test_padding_changes_nothing(backbone: Backbone, captioner: Captioner) -> None:
    ids, _ = backbone.tokenize(["a red car"])
    padded = torch.cat([ids, torch.full((1, 6), backbone.end_of_text_id)], dim=1)
    first = captioner.loss(backbone, features(1), ids)
    assert captioner.loss(backbone, features(1), padded).item() == pytest.approx(first.item(), rel=1e-6)


@torch.no_grad()
def test_a_prediction_sees_the_words_before_it_alone(backbone: Backbone, captioner: Captioner) -> None:
    ids, _ = backbone.tokenize(["the cat rises", "the cat falls"])
    logits = captioner(backbone, features(1).expand(2, -1, -1), ids)
    assert logits.shape == (2, ids.shape[1], backbone.token_embedding.num_embeddings)
    torch.testing.assert_close(logits[0, :3], logits[1, :3], rtol=0, atol=1e-5)
    assert (logits[0, 3:] - logits[1, 3:]).abs().amax(dim=-1).min() > 1e-3


@torch.no_grad()
def test_a_prediction_sees_the_frames(backbone: Backbone, captioner: Captioner) -> None:
    ids, _ = backbone.tokenize(["the cat"])
    before, after = (captioner(backbone, features(1, seed=seed), ids) for seed in (1, 2))
    assert (before - after).abs().amax(dim=-1).min() > 1e-3
    longer = captioner(backbone, 3 * features(1), ids)  # as projected: the features' lengths count
    assert (before - longer).abs().max() > 1e-3


def test_no_gradient_goes_into_the_text_tower_and_it_does_into_the_frames(
    backbone: Backbone, captioner: Captioner
) -> None:
    ids, _ = backbone.tokenize(["a red car", "the cat"])
    memory = features().requires_grad_()
    captioner.loss(backbone, memory, ids).backward()
    assert memory.grad is not None
    assert memory.grad.abs().amax(dim=(1, 2)).min() > 0
    assert all(parameter.grad is None for parameter in backbone.parameters())
    assert all(parameter.grad is not None for parameter in captioner.parameters())


def test_the_output_layer_starts_as_a_copy_of_the_token_embedding(backbone: Backbone, captioner: Captioner) -> None:
    assert torch.equal(captioner.head.weight, backbone.token_embedding.weight)
    assert not captioner.head.bias.any()
    with torch.no_grad():
        captioner.head.weight.zero_()
    assert backbone.token_embedding.weight.abs().sum() > 0


def test_a_linear_map_leads_from_another_embedding_width(make_backbone: Callable[..., Backbone]) -> None:
    same, other = make_backbone(embedding_dim=24), make_backbone(embedding_dim=16)
    assert isinstance(Captioner(same).memory_projection, nn.Identity)
    captioner = Captioner(other)
    assert isinstance(captioner.memory_projection, nn.Linear)
    assert captioner.memory_projection.weight.shape == (24, 16)
    ids, _ = other.tokenize(["a red car"])
    loss = captioner.loss(other, features(1, width=16), ids)
    loss.backward()
    assert captioner.memory_projection.weight.grad.abs().sum() > 0


def test_layers_heads_and_widths_are_the_text_towers(backbone: Backbone) -> None:
    captioner = Captioner(backbone, num_layers=3)
    assert len(captioner.decoder.layers) == 3
    layer = captioner.decoder.layers[0]
    assert (layer.self_attn.num_heads, layer.linear1.out_features, layer.norm_first) == (3, 40, False)
    assert isinstance(captioner.decoder.norm, nn.LayerNorm)


def test_frequent_words_and_special_tokens_weigh_less(backbone: Backbone, tiny_vocabulary: dict[str, int]) -> None:
    weights = Captioner(backbone, frequent_word_weight=0.1).class_weights(backbone)
    less = {token for token, index in tiny_vocabulary.items() if weights[index] != 1}
    assert less == {"<|startoftext|>", "<|endoftext|>", *(f"{word}</w>" for word in FREQUENT_WORDS)}
    assert weights[sorted(tiny_vocabulary[token] for token in less)].tolist() == pytest.approx([0.1] * len(less))


def test_the_weights_are_used(backbone: Backbone) -> None:
    ids, _ = backbone.tokenize(["the red car"])
    torch.manual_seed(0)
    captioner, even = Captioner(backbone).eval(), Captioner(backbone, frequent_word_weight=1.0).eval()
    even.load_state_dict(captioner.state_dict())
    assert captioner.loss(backbone, features(1), ids).item() != pytest.approx(
        even.loss(backbone, features(1), ids).item(), rel=1e-3
    )


def test_the_weights_are_no_part_of_a_checkpoint(backbone: Backbone, captioner: Captioner) -> None:
    captioner.class_weights(backbone)
    assert {name.split(".")[0] for name in captioner.state_dict()} == {"prenorm", "decoder", "head"}


def test_generation_stops_where_every_caption_has_ended(backbone: Backbone, captioner: Captioner) -> None:
    with torch.no_grad():
        captioner.head.bias[backbone.end_of_text_id] = 1e4
    ids = captioner.generate(backbone, features())
    assert ids.tolist() == [[backbone.end_of_text_id]] * 2


@pytest.mark.parametrize(("max_tokens", "length"), [(None, 23), (1, 1), (5, 5), (23, 23), (1000, 23)])
def test_generation_stops_at_the_limit_and_at_the_context(
    backbone: Backbone, captioner: Captioner, max_tokens: int | None, length: int
) -> None:
    with torch.no_grad():
        captioner.head.bias[backbone.end_of_text_id] = -1e4
    ids = captioner.generate(backbone, features(), max_tokens=max_tokens)
    assert ids.shape == (2, length)
    assert not (ids == backbone.end_of_text_id).any()


def test_a_caption_that_ends_early_is_filled_while_others_go_on(
    backbone: Backbone, captioner: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, script = backbone.end_of_text_id, torch.tensor([[5, 99, 99, 99], [5, 6, 7, 99]])
    script[script == 99] = end
    script[0, 2] = 3  # what is predicted after the end must not be shown

    def forward(backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> Tensor:
        step = input_ids.shape[1] - 1
        return nn.functional.one_hot(script[:, : step + 1], backbone.token_embedding.num_embeddings).float()

    monkeypatch.setattr(captioner, "forward", forward)
    assert captioner.generate(backbone, features()).tolist() == [[5, end, end, end], [5, 6, 7, end]]


def test_generation_takes_the_likeliest_token_each_time(backbone: Backbone, captioner: Captioner) -> None:
    ids = captioner.generate(backbone, features(), max_tokens=6)
    given = torch.cat([torch.full((2, 1), backbone.start_of_text_id), ids[:, :-1]], dim=1)
    with torch.no_grad():
        assert captioner(backbone, features(), given).argmax(dim=-1).tolist() == ids.tolist()


def test_it_learns_to_say_what_it_is_shown(backbone: Backbone) -> None:
    texts = ["a red car", "the cat falls on the left"]
    ids, _ = backbone.tokenize(texts)
    torch.manual_seed(0)
    captioner = Captioner(backbone, num_layers=1)
    optimizer = torch.optim.Adam(captioner.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        captioner.loss(backbone, features(), ids).backward()
        optimizer.step()
    said = backbone.tokenizer.batch_decode(captioner.eval().generate(backbone, features()), skip_special_tokens=True)
    assert [text.strip() for text in said] == texts


def test_the_loss_of_a_caption_that_starts_from_end_of_text_by_hand() -> None:
    # Words 1 and 3, end-of-text (2) in front and behind, padding (0): the targets are 1, 3 and the end.
    logits = torch.tensor([[[0.0, math.log(2.0), 0.0, 0.0], [0.0] * 4, [0.0, 0.0, math.log(3.0), 0.0], [9.0, 0, 0, 0]]])
    ids, weights = torch.tensor([[2, 1, 3, 2, 0]]), torch.tensor([1.0, 1.0, 0.25, 1.0])
    loss = caption_loss(logits, ids, end_of_text=END, class_weights=weights)
    expected = -(math.log(2 / 5) + math.log(1 / 4) + 0.25 * math.log(3 / 6)) / 2.25
    assert loss.item() == pytest.approx(expected)


def test_padding_of_another_id_than_end_of_text_is_not_scored() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, weights = torch.randn(1, 5, 7, generator=generator), torch.rand(7, generator=generator)
    first, second = (
        caption_loss(logits, torch.tensor([[0, 3, 2, *[padding] * 3]]), end_of_text=END, class_weights=weights)
        for padding in (END, 1)
    )
    assert first.item() == second.item()


FAMILIES = ["siglip", "siglip2"]


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_without_a_start_of_text_a_caption_is_learnt_from_end_of_text_on(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family)
    torch.manual_seed(0)
    captioner = Captioner(backbone).eval()
    ids, _ = backbone.tokenize(["a red car", "the cat falls on the left", "cat " * 50])
    memory, weights = features(3, width=32), captioner.class_weights(backbone)
    assert ids.shape == (3, backbone.text.context_length)
    assert weights[1] == weights[backbone.token_ids(["the"])].unique() == 0.25
    total = mass = 0.0
    for row, length in enumerate((4, 7, 24)):  # tokens and end-of-text; the last one fills the context
        given = torch.cat([torch.tensor([backbone.end_of_text_id]), ids[row, : length - 1]])
        predicted = captioner(backbone, memory[row : row + 1], given[None])[0].log_softmax(dim=-1)
        targets = ids[row, :length]
        assert targets[-1] == backbone.end_of_text_id
        total -= float((weights[targets] * predicted[range(length), targets]).sum())
        mass += float(weights[targets].sum())
    assert captioner.loss(backbone, memory, ids).item() == pytest.approx(total / mass, rel=1e-5)
    short = captioner.loss(backbone, memory[:1], ids[:1])
    assert captioner.loss(backbone, memory[:1], ids[:1, :4]).item() == pytest.approx(short.item(), rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_start_of_text_it_learns_to_say_what_it_is_shown(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family)
    texts = ["a red car", "the cat falls on the left"]
    ids, _ = backbone.tokenize(texts)
    torch.manual_seed(0)
    captioner = Captioner(backbone, num_layers=1)
    optimizer = torch.optim.Adam(captioner.parameters(), lr=1e-2)
    memory = features(width=32)
    for _ in range(40):
        optimizer.zero_grad()
        captioner.loss(backbone, memory, ids).backward()
        optimizer.step()
    said = backbone.tokenizer.batch_decode(captioner.eval().generate(backbone, memory), skip_special_tokens=True)
    assert [text.strip() for text in said] == texts
