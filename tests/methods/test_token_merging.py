"""Merging of tokens against a second construction in loops, and by hand."""

from __future__ import annotations

import pytest
import torch

from framecue.methods.token_merging import merge_tokens, size_bias
from support.merging import slow_merge


@pytest.mark.parametrize("num_classes", [0, 1, 2, 3])
@pytest.mark.parametrize(("length", "num_merged"), [(12, 4), (11, 3), (11, 100), (8, 1), (4, 2), (3, 1)])
def test_agrees_with_loops(length: int, num_merged: int, num_classes: int) -> None:
    generator = torch.Generator().manual_seed(length * 10 + num_classes)
    tokens = torch.randn(3, length, 5, generator=generator, dtype=torch.float64)
    likeness = torch.randn(3, length, 4, generator=generator, dtype=torch.float64)
    sizes = torch.randint(1, 5, (3, length), generator=generator).double()
    options = {"num_merged": num_merged, "num_classes": num_classes}
    places = torch.arange(length).expand(3, -1)
    made, counts, lie = merge_tokens(tokens, sizes, places, likeness, **options)
    left = length - min(num_merged, max(0, length - num_classes) // 2)
    assert made.shape == (3, left, 5)
    torch.testing.assert_close(counts.sum(dim=1), sizes.sum(dim=1))
    for row in range(3):
        if left == length:  # nothing to merge: nothing is put in another order either
            assert torch.equal(made[row], tokens[row])
            assert lie[row].tolist() == list(range(length))
            continue
        expected, sizes_expected = slow_merge(tokens[row], sizes[row], likeness[row], **options)
        torch.testing.assert_close(made[row], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(counts[row], sizes_expected)
        # Class tokens and targets stay where they were.
        assert lie[row, :num_classes].tolist() == list(range(num_classes))
        assert set(range(1 - num_classes % 2 + num_classes, length, 2)) <= set(lie[row].tolist())


def test_by_hand() -> None:
    # A class token, then five patches: sources are the second and the fourth, targets the others.
    likeness = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.28, 0.96], [-1.0, 0.0]]])
    tokens = torch.tensor([[[100.0], [1.0], [2.0], [4.0], [8.0], [16.0]]])
    sizes = torch.tensor([[1.0, 1.0, 1.0, 3.0, 1.0, 1.0]])
    # Both are most like the third (cosines 0.8 and 0.96), so the fourth goes first.
    places = torch.tensor([[-1, 0, 1, 2, 3, 4]])
    made, counts, lie = merge_tokens(tokens, sizes, places, likeness, num_merged=1, num_classes=1)
    assert made[0, :, 0].tolist() == [100, 2, 1, (3 * 4 + 8) / 4, 16]
    assert counts.tolist() == [[1, 1, 1, 4, 1]]
    assert lie.tolist() == [[-1, 1, 0, 2, 4]]
    made, counts, lie = merge_tokens(tokens, sizes, places, likeness, num_merged=2, num_classes=1)
    assert made[0, :, 0].tolist() == pytest.approx([100, 1, (3 * 4 + 8 + 2) / 5, 16])
    assert counts.tolist() == [[1, 1, 5, 1]]
    assert lie.tolist() == [[-1, 0, 2, 4]]


def test_equal_pairs_go_in_their_order() -> None:
    tokens = torch.arange(6.0)[None, :, None]
    places = torch.zeros(1, 6, dtype=torch.int64)
    made, _, _ = merge_tokens(tokens, torch.ones(1, 6), places, torch.ones(1, 6, 2), num_merged=2, num_classes=0)
    assert made[0, :, 0].tolist() == [4, (1 + 0 + 2) / 3, 3, 5]


def test_gradients_go_through_the_means_and_not_through_the_matching() -> None:
    tokens = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    likeness = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    places = torch.zeros(1, 6, dtype=torch.int64)
    made, counts, _ = merge_tokens(tokens, torch.ones(1, 6), places, likeness, num_merged=2, num_classes=1)
    (made * counts[..., None]).sum().backward()
    assert tokens.grad is not None
    torch.testing.assert_close(tokens.grad, torch.ones(1, 6, 3))
    assert likeness.grad is None


def test_half_precision_is_kept_and_sizes_stay_exact() -> None:
    tokens = torch.ones(1, 600, 2, dtype=torch.bfloat16)
    sizes = torch.full((1, 600), 257.0)  # no number of bfloat16
    places = torch.zeros(1, 600, dtype=torch.int64)
    made, counts, _ = merge_tokens(tokens, sizes, places, tokens, num_merged=10, num_classes=0)
    assert made.dtype == torch.bfloat16
    assert counts.dtype == torch.float32
    assert counts.sum() == 600 * 257


def test_the_bias_makes_a_token_count_as_often_as_its_size() -> None:
    sizes = torch.tensor([[1.0, 3.0], [2.0, 1.0]])
    bias = size_bias(sizes, torch.float64)
    assert bias.shape == (2, 1, 1, 2)
    assert bias.dtype == torch.float64
    torch.testing.assert_close(bias.softmax(dim=-1)[:, 0, 0].float(), sizes / sizes.sum(dim=1, keepdim=True))
