"""DGL's local prompts: from which parameters those of frames and of texts are made, and for other depths and frames."""

from __future__ import annotations

from collections.abc import Callable

import torch

from framecue.backbone import Backbone
from framecue.methods.adapter_block import quick_gelu
from framecue.methods.dgl_prompts import LinearPrompts, TransformerPrompts

DEEP_TEXT = {"num_hidden_layers": 4}


@torch.no_grad()
def test_linear_ones_are_shared_by_frames_and_mapped_to_texts(backbone: Backbone) -> None:
    torch.manual_seed(0)
    made = LinearPrompts(backbone, num_local=2, spread=0.25)
    assert made.prompts.shape == (3, 2, 32)
    assert 0.2 < made.prompts.abs().max() <= 0.25
    of_frames = made.for_frames(5)
    assert of_frames.shape == (3, 5, 2, 32)
    assert torch.equal(of_frames, made.prompts[:, None].repeat(1, 5, 1, 1))
    of_texts = made.for_texts()
    assert of_texts.shape == (2, 4, 24)
    for layer in range(2):
        for row in range(2):
            vector = made.prompts[layer, row]
            torch.testing.assert_close(of_texts[layer, row], made.prefix.weight @ vector + made.prefix.bias)
            torch.testing.assert_close(of_texts[layer, 2 + row], made.postfix.weight @ vector + made.postfix.bias)


@torch.no_grad()
def test_a_deeper_text_encoder_takes_the_last_linear_ones_again(make_backbone: Callable[..., Backbone]) -> None:
    made = LinearPrompts(make_backbone(text=DEEP_TEXT), num_local=1, spread=1.0)
    of_texts = made.for_texts()
    assert len(of_texts) == 4
    assert torch.equal(of_texts[3], of_texts[2])
    assert not torch.equal(of_texts[2], of_texts[1])


@torch.no_grad()
def test_those_of_the_transformer_attend_to_each_other_layer_by_layer(backbone: Backbone) -> None:
    torch.manual_seed(0)
    made = TransformerPrompts(backbone, num_local=2, num_frames=3)
    assert made.prompts.shape == (3, 4 + 3 * 2, 32)
    assert 0.9 < made.prompts.std() < 1.1
    of_frames, of_texts = made.for_frames(3), made.for_texts()
    assert of_frames.shape == (3, 3, 2, 32)
    assert of_texts.shape == (2, 4, 24)
    for layer in range(3):
        mixed = made.unify(made.prompts[layer][None])[0]
        for frame in range(3):
            torch.testing.assert_close(of_frames[layer, frame], mixed[4 + 2 * frame : 6 + 2 * frame])
        if layer < 2:
            torch.testing.assert_close(of_texts[layer], made.narrow(quick_gelu(made.widen(mixed[:4]))))
    # More or fewer frames take the nearest ones.
    assert torch.equal(made.for_frames(6), of_frames[:, [0, 0, 1, 1, 2, 2]])
    assert torch.equal(made.for_frames(1), of_frames[:, [1]])


def test_a_deeper_text_encoder_has_its_own_of_the_transformer(make_backbone: Callable[..., Backbone]) -> None:
    made = TransformerPrompts(make_backbone(text=DEEP_TEXT), num_local=1, num_frames=2)
    assert made.for_texts().shape == (4, 2, 24)
    assert made.for_frames(2).shape == (3, 2, 1, 32)


def test_heads_are_64_wide_as_in_clip(vit_b_32: Backbone) -> None:
    assert TransformerPrompts(vit_b_32, num_local=4, num_frames=12).unify.self_attn.num_heads == 12
