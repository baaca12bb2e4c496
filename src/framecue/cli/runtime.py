"""``--runtime``: what encodes the videos of an indexing run, PyTorch or ONNX Runtime."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.options import AUTO_DTYPE, library_model
from framecue.cli.output import log
from framecue.errors import InputError, VideoError

if TYPE_CHECKING:
    from framecue.encoder import Encoder
    from framecue.library import Library
    from framecue.library.indexing.plan import Plan

__all__ = ["indexing_model", "is_worth_it", "runtime_option"]

RUNTIMES = ("auto", "torch", "onnx")
# From there on the half minute or more that making a graph takes is won back. So many bytes last that long in any usual
# form; far fewer cannot, and in between the files are asked.
WORTH_FILES, WORTH_SECONDS = 100, 20 * 60
WORTH_BYTES, LEAST_BYTES = 10_000_000_000, 20_000_000
# What tells of a GPU without an import of torch.
_GPUS = ("/dev/nvidia0", "/dev/kfd")

Command = TypeVar("Command", bound=Callable[..., Any])


def runtime_option(command: Command) -> Command:
    """Add --runtime to a command that encodes many videos."""
    return click.option(
        "--runtime",
        type=click.Choice(RUNTIMES),
        default=RUNTIMES[0],
        show_default=True,
        help="What encodes videos on the processor. onnx: a graph in int8 if it is as good, made once in up to two "
        "minutes. auto: onnx for long runs with --dtype auto, and wherever the graph is made already.",
    )(command)


def indexing_model(
    library: Library,
    *,
    runtime: str,
    is_long: Callable[[], bool],
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    captions: bool = False,
) -> Encoder:
    """Load the model of an indexing run, with what encodes its videos.

    Args:
        library: which is indexed into; it need not exist.
        runtime: --runtime.
        is_long: whether the run is long enough to make a graph for it; called only where that matters.
        model: --model, if given.
        adapter: --adapter, if given.
        dtype: --dtype.
        yes: --yes.
        captions: whether the model has to write captions.

    Raises:
        click.UsageError: options do not go together.
        InputError: the model cannot be exported, and --runtime says onnx.
        RuntimeMissingError: ONNX Runtime is not installed, and --runtime says onnx.
        FramecueError: the model or the adapter cannot be loaded.
    """
    from framecue.exported.late import LateEncoder
    from framecue.exported.session import is_available, runtime_version

    def load(dtype: str) -> Encoder:
        found = library_model(library, model=model, adapter=adapter, dtype=dtype, yes=yes, may_be_new=True)
        # What stands for a model in a search encodes texts alone.
        return found.model if isinstance(found, LateEncoder) else found

    is_asked = runtime == "onnx"
    if is_asked:
        runtime_version()  # raises before a model is loaded
        if dtype == "bfloat16":
            raise click.UsageError("--dtype bfloat16 and --runtime onnx are given together; graphs have no bfloat16")
    elif runtime == "torch" or dtype != AUTO_DTYPE or not is_available() or _has_gpu():
        return load(dtype)
    from framecue.exported.choice import chosen_encoder, read_choice

    precision = "auto" if dtype == AUTO_DTYPE else dtype
    own = library.fingerprint if library.exists and model is None and adapter is None else None
    if own is not None and not captions and (made := chosen_encoder(own, precision)) is not None:
        return made
    if not (is_asked or (own is not None and read_choice(own, precision) is not None) or is_long()):
        return load(dtype)
    loaded = load("float32")
    from framecue.backbone import fast_dtype
    from framecue.encoder import SaysComputation
    from framecue.exported.choose import ChoosingEncoder, why_not_chosen
    from framecue.model import VideoTextModel

    if isinstance(loaded, SaysComputation) and loaded.computation.runtime == "onnx":
        return loaded  # the folder of an exported model
    if reason := why_not_chosen(loaded):
        if is_asked:
            raise InputError(f"--runtime onnx cannot encode with this model: {reason}; leave it out, or say torch")
        # Not loaded a second time; any other encoder has no such choice of its precision.
        return loaded.to(fast_dtype()) if isinstance(loaded, VideoTextModel) else loaded
    assert isinstance(loaded, VideoTextModel)
    return ChoosingEncoder(loaded, precision=precision, on_notice=log)


def is_worth_it(plan: Plan, duration_of: Callable[[str], float] | None = None) -> bool:
    """Whether a plan has so much to encode that making a graph first is won back.

    Args:
        plan: what there is to do.
        duration_of: returns how long a file is, in seconds; raises VideoError for one that cannot be opened. By default
            it is read in another process.
    """
    sizes = {unit.path: unit.state.size_bytes for unit in plan.units}
    if len(sizes) >= WORTH_FILES or sum(sizes.values()) >= WORTH_BYTES:
        return True
    if sum(sizes.values()) < LEAST_BYTES:
        return False
    if duration_of is not None:
        return _lasts_long(sizes, duration_of)
    from framecue.video import IsolatedFrameSource

    with IsolatedFrameSource() as source:
        return _lasts_long(sizes, lambda path: source.probe(path).duration_seconds)


def _lasts_long(sizes: Mapping[str, int], duration_of: Callable[[str], float]) -> bool:
    """Whether files last long enough together; the largest are asked first, and no more than it takes to tell."""
    seconds = 0.0
    for path in sorted(sizes, key=sizes.__getitem__, reverse=True):
        with suppress(VideoError):  # the run itself will tell of it
            seconds += duration_of(path)
        if seconds >= WORTH_SECONDS:
            return True
    return False


def _has_gpu() -> bool:
    """Whether there may be a GPU that torch computes on; where that cannot be seen, there may."""
    return sys.platform == "win32" or any(Path(device).exists() for device in _GPUS)
