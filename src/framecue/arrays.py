"""Arrays that a caller hands over: NumPy's, or those of a library that turns its own into NumPy's (torch, JAX)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from framecue.errors import InputError, first_line

__all__ = ["SupportsArray", "as_array", "is_array"]


class SupportsArray(Protocol):
    """What NumPy can turn into an array of its own, such as a tensor of torch."""

    def __array__(self) -> Any:
        """Return it as an array of NumPy."""
        ...


def is_array(value: object) -> bool:
    """Whether a value is an array of numbers, of whatever library; an image of Pillow is none."""
    return isinstance(value, np.ndarray) or (hasattr(value, "__array__") and hasattr(value, "shape"))


def as_array(value: object, what: str) -> np.ndarray:
    """Return an array of any library, on any device, as one of NumPy; bfloat16, which NumPy lacks, as float32.

    Args:
        value: the array.
        what: its name, for the message.

    Raises:
        InputError: it cannot be turned into one.
    """
    found: Any = value
    try:
        # torch's tensors may need a gradient, be on a GPU, or be in bfloat16. Its name is not imported here.
        for step in ("detach", "cpu"):
            found = getattr(found, step)() if hasattr(found, step) else found
        if "bfloat16" in str(getattr(found, "dtype", "")) and hasattr(found, "float"):
            found = found.float()
        return np.asarray(found)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{what} is a {type(value).__name__} that is no array: {first_line(error)}") from error
