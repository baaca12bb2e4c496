from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from framecue.arrays import as_array, is_array
from framecue.errors import InputError


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(3, dtype=torch.float32),
        torch.arange(3, dtype=torch.bfloat16),
        torch.arange(3.0, requires_grad=True),
        torch.arange(3, dtype=torch.uint8),
    ],
    ids=str,
)
def test_tensors_become_arrays(tensor: torch.Tensor) -> None:
    assert is_array(tensor)
    np.testing.assert_array_equal(as_array(tensor, "it"), [0, 1, 2])


@pytest.mark.parametrize("value", [3, "a", b"a", [1, 2], None, Image.new("RGB", (2, 2))])
def test_what_is_no_array(value: object) -> None:
    assert not is_array(value)


def test_what_only_looks_like_one_is_refused_by_its_name() -> None:
    class Odd:
        shape = (3,)

        def __array__(self, *_: object) -> np.ndarray:
            raise TypeError("no\nnumbers")

    with pytest.raises(InputError, match=r"^the thing is a Odd that is no array: no$"):
        as_array(Odd(), "the thing")
