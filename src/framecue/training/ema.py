"""An exponential moving average of the weights that are trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from framecue.errors import TrainingError

__all__ = ["WeightAverage"]


class WeightAverage:
    """Averages of a model's trained parameters: at each step a <- decay * a + (1 - decay) * p, from the start's p.

    Only what has a gradient is averaged. Buffers, counts and frozen weights stay the model's own: an average of the
    integers that name positions would not be those integers any more.

    Args:
        model: its parameters that need gradients are averaged.
        decay: what an average keeps at each step, between 0 and 1.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.averages = {name: parameter.detach().clone() for name, parameter in _trained(model).items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the parameters as they are after a step."""
        for name, parameter in _trained(model).items():
            self.averages[name].lerp_(parameter.detach(), 1 - self.decay)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Replace the parameters by their averages."""
        for name, parameter in _trained(model).items():
            parameter.copy_(self.averages[name])

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Let the model have the averages inside a `with` block, and its own weights, to the bit, after it."""
        kept = {name: parameter.detach().clone() for name, parameter in _trained(model).items()}
        self.copy_to(model)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in _trained(model).items():
                    parameter.copy_(kept[name])

    def save(self, file: Path) -> None:
        """Write the averages as safetensors."""
        save_file({name: average.contiguous() for name, average in self.averages.items()}, file)

    def load(self, file: Path) -> None:
        """Take the averages from a file that `save` wrote.

        Raises:
            TrainingError: there is none, it is damaged, or it is of another model.
        """
        try:
            held = load_file(file)
        except (SafetensorError, OSError) as error:
            raise TrainingError(
                f"{file}: the averaged weights cannot be read ({error}); remove this checkpoint, and the run goes on "
                "from the one before"
            ) from error
        if _shapes(held) != _shapes(self.averages):
            raise TrainingError(f"{file}: holds the averaged weights of another model; choose another output_dir")
        for name, average in self.averages.items():
            average.copy_(held[name])


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}
