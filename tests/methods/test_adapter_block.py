"""The small Transformer layer of adapters, element by element."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from framecue.methods.adapter_block import adapter_block, quick_gelu


def test_quick_gelu_by_hand() -> None:
    values = torch.tensor([-1.0, 0.0, 2.0])
    expected = [x / (1 + math.exp(-1.702 * x)) for x in values.tolist()]
    assert quick_gelu(values).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("causal", [False, True])
def test_it_is_a_pre_norm_layer(causal: bool) -> None:
    torch.manual_seed(0)
    block = adapter_block(8, num_heads=2).double()
    tokens = torch.randn(2, 5, 8, dtype=torch.float64)
    mask = torch.full((5, 5), -math.inf, dtype=torch.float64).triu(1) if causal else None

    def norm(values: Tensor, which: torch.nn.LayerNorm) -> Tensor:
        return functional.layer_norm(values, (8,)) * which.weight + which.bias

    attention = block.self_attn
    normed = norm(tokens, block.norm1)
    query, key, value = (normed @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, dim=-1)
    heads = []
    for part in (slice(0, 4), slice(4, 8)):
        logits = query[..., part] @ key[..., part].transpose(1, 2) / 2
        heads.append((logits if mask is None else logits + mask).softmax(dim=-1) @ value[..., part])
    tokens = tokens + torch.cat(heads, dim=-1) @ attention.out_proj.weight.T + attention.out_proj.bias
    hidden = quick_gelu(norm(tokens, block.norm2) @ block.linear1.weight.T + block.linear1.bias)
    assert hidden.shape == (2, 5, 32)
    expected = tokens + hidden @ block.linear2.weight.T + block.linear2.bias

    torch.manual_seed(0)
    again = adapter_block(8, num_heads=2).double()
    torch.testing.assert_close(
        again(torch.randn(2, 5, 8, dtype=torch.float64), src_mask=mask), expected, rtol=0, atol=1e-12
    )
    # In a library's model, without gradients, it must not take another way.
    with torch.inference_mode():
        torch.manual_seed(1)
        values = torch.randn(2, 5, 8, dtype=torch.float64)
        ways = [again.train(mode)(values, src_mask=mask) for mode in (False, True)]
        torch.testing.assert_close(*ways, rtol=0, atol=1e-12)
