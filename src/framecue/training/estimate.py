"""What a run would take, found out by a few steps that change nothing: how many there are, memory and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from math import ceil
from statistics import median

import torch
from torch import Tensor

from framecue.datasets.examples import Example, ExampleSource
from framecue.errors import InputError
from framecue.model import VideoTextModel
from framecue.training.batches import UniqueVideoBatchSampler, collate
from framecue.training.recipe import Recipe
from framecue.training.run import build_parts, open_store, refuse_other_run, step_of
from framecue.training.step import TrainingStep
from framecue.training.workers import num_loader_workers
from framecue.video import FrameSource, IsolatedFrameSource

__all__ = ["Estimate", "Memory", "Pace", "estimate_run"]

# A step is timed with two videos, and with four times as many as long as it takes less than this: what does not grow
# with them would be multiplied else, and a GPU would be timed idling.
ENOUGH_SECONDS = 0.5
FIRST_VIDEOS, MORE, TIMED_STEPS, READ_EXAMPLES = 2, 4, 2, 4
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Memory:
    """What a step keeps, in bytes; a lower bound, as what libraries and single operations take beside it is left out.

    Attributes:
        parameters: of model and teachers, as they are stored.
        gradients: of what is trained.
        optimiser: AdamW's two averages of each trained parameter, and `ema_decay`'s third.
        activations: what is kept for the backward pass, counted for a few videos and multiplied. With
            `micro_batch_size` of so many videos. With `gradient_checkpointing` less is kept.
    """

    parameters: int
    gradients: int
    optimiser: int
    activations: int

    @property
    def total(self) -> int:
        """All of them together."""
        return self.parameters + self.gradients + self.optimiser + self.activations


@dataclass(frozen=True)
class Pace:
    """How fast this machine is.

    Attributes:
        device: what computes, as PyTorch names it.
        tried_videos: videos of each timed step.
        step_seconds: of a whole step, from the timed ones by the number of videos; reading is not in it.
        read_seconds: of reading one example in one process.
        workers: processes that read.
    """

    device: str
    tried_videos: int
    step_seconds: float
    read_seconds: float
    workers: int

    def seconds(self, *, steps: int, batch_size: int) -> float:
        """Return how long so many steps take: what is slower, computing or reading, where both go on at once."""
        reading = batch_size * self.read_seconds / max(1, self.workers)
        return steps * (max(self.step_seconds, reading) if self.workers else self.step_seconds + reading)


@dataclass(frozen=True)
class Estimate:
    """What a run would take, in one process.

    Attributes:
        examples: captions an epoch.
        videos: different videos among them.
        validation_videos: of the validation split; None if nothing is validated.
        batch_size: videos a step.
        steps_per_epoch: batches in which each video occurs at most once, by the batches of one step.
        steps: of the whole run.
        epochs: what they come to.
        trained: parameters that change.
        parameters: all parameters of the model.
        memory: what a step keeps, at least.
        pace: what was measured here.
        seconds: of all steps; validations and checkpoints come on top.
    """

    examples: int
    videos: int
    validation_videos: int | None
    batch_size: int
    steps_per_epoch: int
    steps: int
    epochs: float
    trained: int
    parameters: int
    memory: Memory
    pace: Pace
    seconds: float


def estimate_run(recipe: Recipe, *, frame_source: FrameSource | None = None) -> Estimate:
    """Return what a recipe's run would take here, by some steps of a few of its videos; nothing is written.

    The backbone, the data and the output folder are looked at as `run_recipe` looks at them, so what would stop the run
    at its beginning stops this.

    Args:
        recipe: the recipe.
        frame_source: reads video files, unless the recipe names a store of frames; None decodes them in another
            process.

    Raises:
        InputError: as `run_recipe`.
    """
    if recipe.frame_store is not None:
        frame_source = open_store(recipe)
    if frame_source is None:
        with IsolatedFrameSource() as opened:
            return estimate_run(recipe, frame_source=opened)
    refuse_other_run(recipe.output_dir, recipe)
    schedule = recipe.schedule
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():
        torch.manual_seed(schedule.seed)
        model, teachers, source, validation = build_parts(recipe, frame_source=frame_source)
        sampler = UniqueVideoBatchSampler(
            source, batch_size=schedule.batch_size, seed=schedule.seed, shuffle=recipe.dataset.shuffles
        )
        read, read_seconds = _read(source, sampler)
        model.method.freeze(model.backbone)
        step = step_of(recipe)(model.to(device), teachers=teachers)
        share = min(schedule.micro_batch_size or schedule.batch_size, schedule.batch_size)
        tried, seconds, kept = _try_more(step, read, most=max(share, 2), device=device, bf16=schedule.bf16)
    # GradCache computes everything but the backward pass twice, and layers that are not kept are computed again.
    again = (schedule.micro_batch_size is not None) + schedule.gradient_checkpointing
    per_step = schedule.gradient_accumulation_steps
    pace = Pace(
        device=str(device),
        tried_videos=tried,
        step_seconds=seconds * (1 + again / 3) * per_step * schedule.batch_size / tried,
        read_seconds=read_seconds,
        workers=num_loader_workers(schedule),
    )
    steps_per_epoch = ceil(len(sampler) / per_step)
    steps = _steps(recipe, steps_per_epoch)
    return Estimate(
        examples=len(source),
        videos=len({source.video_of(index) for index in range(len(source))}),
        validation_videos=None if validation is None else len(validation),
        batch_size=schedule.batch_size,
        steps_per_epoch=steps_per_epoch,
        steps=steps,
        epochs=steps / steps_per_epoch,
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        parameters=sum(p.numel() for p in model.parameters()),
        memory=_memory(model, teachers, kept=round(kept * share / tried), averages=schedule.ema_decay is not None),
        pace=pace,
        seconds=pace.seconds(steps=steps, batch_size=schedule.batch_size * per_step),
    )


def _steps(recipe: Recipe, steps_per_epoch: int) -> int:
    schedule = recipe.schedule
    steps = schedule.max_steps or schedule.num_epochs * steps_per_epoch
    return min(steps, schedule.stop_step or steps)


def _read(source: ExampleSource, sampler: UniqueVideoBatchSampler) -> tuple[list[Example], float]:
    """Return some examples of the first batch, and how long one took to be read."""
    batch = next(iter(sampler), None)
    if not batch or len(batch) < 2:
        raise InputError("there are fewer than two videos to train on; a contrastive loss tells one from others")
    chosen = batch[:READ_EXAMPLES]
    source.set_epoch(0)
    source.__getitems__(chosen[:1])  # what is opened once
    began = time.perf_counter()
    found = source.__getitems__(chosen)
    return found, (time.perf_counter() - began) / len(chosen)


def _try_more(
    step: TrainingStep, read: list[Example], *, most: int, device: torch.device, bf16: bool
) -> tuple[int, float, int]:
    """Return how many videos were tried, and what `_try` says of a step with them."""
    number = min(most, FIRST_VIDEOS)
    seconds, kept = _try(step, _as_many(read, number), device=device, bf16=bf16)
    while seconds < ENOUGH_SECONDS and number < most:
        more = min(most, number * MORE)
        try:
            seconds, kept = _try(step, _as_many(read, more), device=device, bf16=bf16)
        except torch.OutOfMemoryError:  # then fewer have to do
            step.zero_grad(set_to_none=True)
            break
        number = more
    return number, seconds, kept


def _try(step: TrainingStep, examples: list[Example], *, device: torch.device, bf16: bool) -> tuple[float, int]:
    """Return the seconds of a step with these examples, and the bytes that it keeps for its backward pass."""
    batch = collate(examples)
    moved = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in batch.items()}
    step.train()
    own = {parameter.data_ptr() for parameter in step.parameters()}
    kept = 0
    times = []
    for number in range(1 + TIMED_STEPS):
        _wait_for(device)
        began = time.perf_counter()
        with _counting(own) as counted, torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = step(**moved)
        kept = max(kept, counted())
        loss.backward()
        _wait_for(device)
        if number:  # the first one warms up
            times.append(time.perf_counter() - began)
        step.zero_grad(set_to_none=True)
    return median(times), kept


def _as_many(examples: list[Example], number: int) -> list[Example]:
    """Return so many examples, each of a video of its own; those that were read are taken several times."""
    repeated = islice(cycle(examples), number)
    return [replace(one, video_id=str(place)) for place, one in enumerate(repeated)]


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _counting(own: set[int]) -> Iterator[Callable[[], int]]:
    """Count the bytes of what is kept for a backward pass; each piece of memory once, and no parameter's."""
    pieces: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            pieces[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield lambda: sum(pieces.values())


def _memory(model: VideoTextModel, teachers: tuple[VideoTextModel, ...], *, kept: int, averages: bool) -> Memory:
    held = [p for each in (model, *teachers) for p in each.parameters()]
    trained = [p for p in model.parameters() if p.requires_grad]
    gradients = sum(p.numel() * p.element_size() for p in trained)
    count = sum(p.numel() for p in trained)
    return Memory(
        parameters=sum(p.numel() * p.element_size() for p in held),
        gradients=gradients,
        optimiser=2 * gradients + averages * count * _FLOAT_BYTES,
        activations=kept,
    )
