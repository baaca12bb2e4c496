"""What a run takes: examples a second, and memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

__all__ = ["Meter", "Usage", "peak_memory_bytes"]


@dataclass(frozen=True)
class Usage:
    """What a run took on this machine.

    Attributes:
        samples_per_second: examples that went through steps, of all processes, by the time between the beginning of the
            first step and the end of the last, without validations and checkpoints; None if there was no step.
        peak_memory_bytes: the most memory that this process held so far; None where the system does not tell.
        peak_device_memory_bytes: the most that tensors took on its GPU; None without one.
    """

    samples_per_second: float | None
    peak_memory_bytes: int | None
    peak_device_memory_bytes: int | None


class Meter(TrainerCallback):
    """Takes the time of training steps, and counts their examples.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._seconds = 0.0
        self._waiting = self._counted = 0

    def count(self, num_examples: int) -> None:
        """Note examples of the step that is being made."""
        self._waiting += num_examples

    def tell_count(self, num_examples: int) -> None:
        """Replace the count, which is of this process's examples, by that of all processes."""
        self._counted = num_examples

    @property
    def counted(self) -> int:
        """How many examples went through the steps so far."""
        return self._counted

    @property
    def usage(self) -> Usage:
        """What was taken so far."""
        rate = self._counted / self._seconds if self._counted and self._seconds > 0 else None
        device = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
        return Usage(rate, peak_memory_bytes(), device)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to take the time."""
        self._since = self._clock()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count the step, from the end of what came before it; so the wait for its batch is in it."""
        now = self._clock()
        self._seconds += now - self._since
        self._since = now
        self._counted += self._waiting
        self._waiting = 0

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave out the time that a validation took."""
        self._since = self._clock()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave out the time that a checkpoint took."""
        self._since = self._clock()


def peak_memory_bytes() -> int | None:
    """Return the most memory that this process has held, its resident set; None where the system does not tell."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere else
