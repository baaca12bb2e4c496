"""Rows of a batch, gathered from all processes, with gradients that go back to where the rows are from."""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn import functional

from framecue.training.processes import num_processes, rank

__all__ = ["gather_rows", "mean_over_processes", "sum_over_processes"]


def gather_rows(rows: Tensor) -> Tensor:
    """Return the rows of all processes, in their order, in every process.

    Each process then computes a loss over all rows. The gradient of a row is the sum over the processes' losses, and
    goes to the process that the row is from. `DistributedDataParallel` takes the mean of the parameters' gradients, so
    that these become the gradients of the mean of the losses: W processes of B rows train as one of W B does.

    Args:
        rows: (B, ...), any number of rows, also none. Where there are two dimensions more, the second may be of another
            size in each process (words of texts): it is filled up with zeros to the largest.

    Returns:
        (sum of the B, ...).
    """
    if num_processes() == 1:
        return rows
    here = torch.tensor(rows.shape, dtype=torch.int64, device=rows.device)
    shapes = torch.stack(_all(here))
    most = shapes.amax(dim=0).tolist()
    padding = [most[0] - rows.shape[0]]
    if rows.ndim > 2:
        padding.append(most[1] - rows.shape[1])
    # `pad` wants the last dimension first, and two numbers for each.
    sizes = [0, 0] * (rows.ndim - len(padding)) + [number for each in reversed(padding) for number in (0, each)]
    every = _Gather.apply(functional.pad(rows, sizes))
    return torch.cat([part[:length] for part, length in zip(every, shapes[:, 0].tolist(), strict=True)])


def sum_over_processes(value: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, without gradient."""
    total = value.detach().clone()
    if num_processes() > 1:
        distributed.all_reduce(total)
    return total


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of a tensor over all processes, without gradient."""
    return sum_over_processes(value) / num_processes()


def _all(tensor: Tensor) -> list[Tensor]:
    parts = [torch.empty_like(tensor) for _ in range(num_processes())]
    distributed.all_gather(parts, tensor.contiguous())
    return parts


class _Gather(torch.autograd.Function):
    """Gathers tensors of one shape: (...) to (W, ...)."""

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        return torch.stack(_all(tensor))

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total[rank()]
