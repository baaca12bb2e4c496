"""Options that several commands share (a library, its model, how videos are cut, folders), and what they stand for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.long_steps import told_if_long
from framecue.cli.model_files import get_model_files
from framecue.cli.output import log
from framecue.cores import THREADS_VARIABLE, few_cores
from framecue.errors import InputError
from framecue.paths import is_dir, is_file, is_url, user_path

if TYPE_CHECKING:
    from framecue.encoder import Encoder, Fingerprint
    from framecue.library import Library
    from framecue.video import Segmentation

__all__ = [
    "DEFAULT_MODEL",
    "MOJI_ADAPTER",
    "MOJI_MODEL",
    "FolderPath",
    "adapter_option",
    "dtype_option",
    "indexing_model_options",
    "libraries_option",
    "library_model",
    "library_option",
    "make_segmentation",
    "model_option",
    "model_options",
    "named_model",
    "plain_model",
    "plain_model_options",
    "segment_options",
    "threads_option",
    "yes_option",
]

# What a new library takes if no model is named; docs/install.md says why this one.
DEFAULT_MODEL = "google/siglip2-base-patch16-224"
# What is shipped: it knows drawn shapes only, and is used where it is named, and by the demo.
MOJI_MODEL = "moji-clip"
MOJI_ADAPTER = "moji-prompt-switch"

LOADING = "loading the model"
AUTO_DTYPE = "auto"
DTYPES = ["float32", "bfloat16"]

Command = TypeVar("Command", bound=Callable[..., Any])


class FolderPath(click.Path):
    """A folder, which need not exist; ``~`` is the home folder, even if no shell has expanded it."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folder; an empty name (an unset shell variable), which would be the working folder, is refused."""
        if not os.fspath(value):
            self.fail("the name of the folder is empty", param, ctx)
        if is_url(value):
            raise InputError(
                f"{os.fspath(value)}: folders in object stores and on the web cannot be used; name one on a disk"
            )
        return super().convert(user_path(value), param, ctx)


def model_option(
    *, default: str = f"the library's own; for a new library {DEFAULT_MODEL}"
) -> Callable[[Command], Command]:
    """Return a decorator that adds --model to a command; `default` says in words what is taken without it."""
    text = f"A model: a hub name, a folder, or moji-clip. Default: {default}."
    return click.option("--model", metavar="NAME", help=text)


def adapter_option(command: Command) -> Command:
    """Add --adapter to a command."""
    return click.option("--adapter", metavar="NAME", help="A trained adapter: a folder, or the name of a shipped one.")(
        command
    )


def dtype_option(command: Command) -> Command:
    """Add --dtype to a command."""
    return click.option(
        "--dtype",
        type=click.Choice(DTYPES),
        default=DTYPES[0],
        show_default=True,
        help="What the model computes in.",
    )(command)


def _fast_dtype_option(command: Command) -> Command:
    """Add --dtype to a command that encodes many videos; its default is the fastest type on this machine."""
    return click.option(
        "--dtype",
        type=click.Choice([AUTO_DTYPE, *DTYPES]),
        default=AUTO_DTYPE,
        show_default=True,
        help="What the model computes in; auto: bfloat16 where processor or GPU multiply it natively, else float32.",
    )(command)


def threads_option(command: Command) -> Command:
    """Add --threads to a command that encodes much; it is in force from the moment that it is read."""

    def keep_to(context: click.Context, _: click.Parameter, number: int | None) -> None:
        if number is not None:
            context.with_resource(few_cores(number))

    return click.option(
        "--threads",
        metavar="N",
        type=click.IntRange(min=1),
        expose_value=False,
        is_eager=True,
        envvar=THREADS_VARIABLE,
        callback=keep_to,
        help="Keep no more than N cores busy, reading files included.  [default: FRAMECUE_THREADS, or all]",
    )(command)


def yes_option(command: Command) -> Command:
    """Add --yes to a command that may download a model."""
    return click.option("-y", "--yes", is_flag=True, help="Download a model without asking.")(command)


def model_options(command: Command) -> Command:
    """Add --model, --adapter, --dtype and --yes to a command that searches a library."""
    return model_option()(adapter_option(dtype_option(yes_option(command))))


def indexing_model_options(command: Command) -> Command:
    """Add --model, --adapter, --dtype and --yes to a command that fills a library."""
    return model_option()(adapter_option(_fast_dtype_option(yes_option(command))))


def plain_model_options(command: Command) -> Command:
    """Add --model, --adapter, --dtype and --yes to a command without a library; see `plain_model`."""
    model = click.option(
        "--model", metavar="NAME", help=f"A model: a hub name, a folder, or moji-clip.  [default: {DEFAULT_MODEL}]"
    )
    return model(adapter_option(dtype_option(yes_option(command))))


def plain_model(model: str | None, *, adapter: str | None, dtype: str, yes: bool) -> Encoder:
    """Load the model that the options of `plain_model_options` name.

    Raises:
        click.UsageError: there is an adapter but no model.
        FramecueError: the model or the adapter cannot be loaded.
    """
    if model is None and adapter is not None:
        raise click.UsageError("--adapter is given without --model; name the model that it was trained on as well")
    return named_model(model or DEFAULT_MODEL, adapter=adapter, dtype=dtype, yes=yes)


def library_option(command: Command) -> Command:
    """Add --library to a command; what it gets is for :func:`framecue.cli.library_place.chosen_library`."""
    return click.option(
        "-l",
        "--library",
        "uri",
        metavar="LIBRARY",
        envvar="FRAMECUE_LIBRARY",
        help="The library: a folder such as videos.lance, or an object-store URI. Default: FRAMECUE_LIBRARY; else the "
        "one in the working folder or above; else the user's own.",
    )(command)


class _Place(click.types.StringParamType):
    """A library among several: a variable of the environment names one, whose name may have spaces."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the one name."""
        return [rv]


def libraries_option(command: Command) -> Command:
    """Add --library to a command that takes several; what it gets, each is for ``chosen_library``, none for None."""
    return click.option(
        "-l",
        "--library",
        "uris",
        metavar="LIBRARY",
        type=_Place(),
        multiple=True,
        envvar="FRAMECUE_LIBRARY",
        help="A library; may be repeated, for several side by side. Default: FRAMECUE_LIBRARY; else the one in the "
        "working folder or above; else the user's own.",
    )(command)


def segment_options(command: Command) -> Command:
    """Add --segments, --segment-seconds and --overlap-seconds to a command that makes a library."""
    from framecue.video import SEGMENTATION_KINDS, Segmentation

    usual = Segmentation()
    kinds = click.option(
        "--segments",
        type=click.Choice(SEGMENTATION_KINDS),
        help=f"Cut long videos at shot boundaries, into windows alone, or not at all. [default: {usual.kind}]",
    )
    length = click.option(
        "--segment-seconds",
        type=float,
        metavar="S",
        help=f"How long a window is, and so the longest moment. [default: {usual.segment_seconds:g}]",
    )
    overlap = click.option(
        "--overlap-seconds", type=float, metavar="S", help="How much of a window the next one shares. [default: half]"
    )
    return kinds(length(overlap(command)))


def make_segmentation(
    kind: str | None, segment_seconds: float | None, overlap_seconds: float | None
) -> Segmentation | None:
    """Return the segmentation that the options describe; None without options, for the library's own.

    Raises:
        InputError: the lengths do not make windows.
    """
    if kind is None and segment_seconds is None and overlap_seconds is None:
        return None
    from framecue.video import Segmentation

    usual = Segmentation()
    seconds = usual.segment_seconds if segment_seconds is None else segment_seconds
    overlap = seconds / 2 if overlap_seconds is None else overlap_seconds
    return Segmentation(kind or usual.kind, seconds, overlap)


def library_model(
    library: Library,
    *,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool = False,
    may_be_new: bool = False,
) -> Encoder:
    """Load the model that the options name, or the library's own, or for a new library the usual one.

    What this machine lacks of it is downloaded, see :func:`framecue.cli.model_files.get_model_files`.

    Args:
        library: for which the model is loaded.
        model: --model, if given.
        adapter: --adapter, if given.
        dtype: --dtype.
        yes: --yes.
        may_be_new: whether the library need not exist yet.

    Raises:
        LibraryNotFoundError: the library has to exist, and does not.
        click.UsageError: a new library is given an adapter but no model.
        FramecueError: the model or the adapter cannot be loaded.
    """
    if model is not None and _is_exported(model):
        return named_model(model, adapter=adapter, dtype=dtype, yes=yes)
    # Before torch is imported, which takes seconds: a library that is not there is told at once.
    fingerprint = None if may_be_new and not library.exists else library.fingerprint
    if model is None and adapter is None:
        if fingerprint is not None:
            return _own_model(library, fingerprint, dtype=dtype, yes=yes)
        log(f"A new library takes {DEFAULT_MODEL}; --model names another")
        model = DEFAULT_MODEL
    elif model is None:
        if fingerprint is None:
            raise click.UsageError("--adapter is given without --model; name the model that it was trained on as well")
        # Loaded as the library names it, so that a folder of the model that was moved is found.
        return _own_model(library, replace(fingerprint, adapter_source=adapter), dtype=dtype, yes=yes)
    elif adapter is None and fingerprint is not None and _is_moved(model, fingerprint):
        # The library's own backbone in another place: with it come the library's method and adapter.
        return _own_model(library, replace(fingerprint, backbone=model), dtype=dtype, yes=yes)
    return named_model(model, adapter=adapter, dtype=dtype, yes=yes)


def named_model(model: str, *, adapter: str | None, dtype: str, yes: bool) -> Encoder:
    """Load the model and the adapter that are named; the arguments are those of :func:`library_model`.

    Raises:
        FramecueError: the model or the adapter cannot be loaded.
    """
    if _is_exported(model):
        from framecue.exported.encoder import load_exported

        if adapter is not None:
            raise InputError(f"{model}: an exported model has its adapter inside; leave out --adapter {adapter}")
        return load_exported(user_path(model))
    get_model_files(model, yes=yes)
    with told_if_long(LOADING):
        import torch

        from framecue.embedders.choose import load_cached_model

        return load_cached_model(model, adapter, dtype=getattr(torch, _precision(dtype)))


def _own_model(library: Library, fingerprint: Fingerprint, *, dtype: str, yes: bool) -> Encoder:
    """Load the model that a library names, and say so if it was found in another place."""
    from framecue.encoder import ENCODERS
    from framecue.exported.text import find_text_graph
    from framecue.library import load_named_model

    # What is fast here is asked of torch, without which an encoder of another package may do.
    is_own = fingerprint.encoder is None or fingerprint.encoder in ENCODERS
    is_plain = dtype == AUTO_DTYPE and not is_own
    # Where a graph encodes texts, the model's files are there.
    if is_own and not (dtype == DTYPES[0] and find_text_graph(fingerprint)):
        get_model_files(fingerprint.backbone, revision=fingerprint.revision, yes=yes)
    with told_if_long(LOADING):
        precision = DTYPES[0] if is_plain else _precision(dtype)
        found = load_named_model(fingerprint, precision=precision, near=library.uri)
    now = found.fingerprint()
    for what, before, after in (
        ("model", fingerprint.backbone, now.backbone),
        ("adapter", fingerprint.adapter_source, now.adapter_source),
    ):
        if before != after:
            log(f"the library's {what} is no longer at {before}; using the same one at {after}")
    return found


def _is_exported(model: str) -> bool:
    """Whether a name is that of a folder which ``framecue export`` wrote."""
    return bool(model) and is_file(Path(user_path(model)) / "graph.json")


def _is_moved(model: str, fingerprint: Fingerprint) -> bool:
    """Whether a folder that is named holds the very weights with which a library was made."""
    if model == fingerprint.backbone or not is_dir(user_path(model)):
        return False
    from framecue.backbone.moved import is_model

    return is_model(Path(user_path(model)), fingerprint.revision)


def _precision(dtype: str) -> str:
    """Return the name of what the model computes in, for --dtype."""
    if dtype != AUTO_DTYPE:
        return dtype
    from framecue.backbone import fast_dtype

    return str(fast_dtype()).removeprefix("torch.")
