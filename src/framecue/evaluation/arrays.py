"""Reading numbers from NumPy or torch, and refusing those from which no metric can be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    Array = ArrayLike | torch.Tensor

__all__ = ["as_numbers", "as_numpy", "require_finite"]


def as_numbers(values: Array, name: str, layout: str, *, num_dimensions: int) -> np.ndarray:
    """Return real numbers as a floating-point array that is not empty.

    Args:
        values: an array, a tensor or nested lists.
        name: of the values, for messages.
        layout: the dimensions, for messages.
        num_dimensions: how many dimensions there must be.

    Raises:
        InputError: the shape is another, there are no values, or they are not real numbers.
    """
    array = as_numpy(values, name)
    if array.ndim != num_dimensions or array.size == 0:
        raise InputError(f"{name}: got shape {array.shape}; give {layout}, with at least one of each")
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise InputError(f"{name}: got {array.dtype}; give real numbers")
    # Floats keep their type: comparisons are exact in every type, and a large matrix is not copied.
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)


def as_numpy(values: Array, name: str) -> np.ndarray:
    """Return an array, a tensor on any device, or nested lists as a NumPy array with exactly the same values.

    Raises:
        InputError: the values do not form an array.
    """
    if hasattr(values, "detach"):  # a tensor, recognised without importing torch
        tensor = values.detach().cpu()
        # NumPy knows no bfloat16; float32 holds every narrower float exactly.
        return (tensor.float() if tensor.is_floating_point() and tensor.element_size() < 4 else tensor).numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name}: not an array ({error})") from error


def require_finite(array: np.ndarray, name: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        InputError: a value is not finite; the first one and its place are named.
    """
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        number = ", ".join(str(index) for index in place)
        raise InputError(f"{name}[{number}] is {array[place]}; every value must be finite")
