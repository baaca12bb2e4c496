"""Who attends to whom where frames meet in a few tokens alone."""

from __future__ import annotations

import pytest
import torch

from framecue.methods.frames_apart import frames_apart


def test_the_mask_by_hand() -> None:
    # Two global tokens, then two frames of one and of the other patch: a dot is what is not seen.
    seen = ["xxxxxx", "xxxxxx", "xxxx..", "xxxx..", "xx..xx", "xx..xx"]
    mask = frames_apart(2, torch.zeros(1, 2, 2, 8))
    assert mask.shape == (1, 1, 6, 6)
    assert [["x" if value == 0 else "." for value in row] for row in mask[0, 0].tolist()] == [list(r) for r in seen]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_not_seen_has_the_lowest_number_of_the_type(dtype: torch.dtype) -> None:
    mask = frames_apart(1, torch.zeros(3, 2, 1, 8, dtype=dtype))
    assert mask.dtype == dtype
    assert mask.min() == torch.finfo(dtype).min
