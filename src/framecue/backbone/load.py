"""Loading a backbone by its hub name, its folder, or the name of a bundled one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import EntryNotFoundError
from tokenizers import normalizers
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from framecue.backbone.backbone import Backbone
from framecue.backbone.config import fetched_file, options_of, pin, read_config
from framecue.backbone.dtype import as_dtype
from framecue.backbone.hashing import OPEN_CLIP_FILE, hash_of_folder, hash_of_tensors, safetensors_files
from framecue.backbone.open_clip_layout import load_open_clip_weights, preprocess_of_open_clip
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.sizes import check_no_bomb, check_parameters, check_text_files
from framecue.backbone.source import Source, bundled_models, find_source, hub_refusal
from framecue.backbone.tokenizer import has_no_words
from framecue.errors import ModelError, first_line
from framecue.paths import is_file

__all__ = ["initialise_backbone", "load_backbone", "read_silently", "read_tokenizer", "read_weights"]


@quiet_transformers()
def load_backbone(
    name: str | Path, *, dtype: str | torch.dtype = torch.float32, revision: str | None = None
) -> Backbone:
    """Load a CLIP-family model with `transformers`, as two towers.

    Args:
        name: a folder with `config.json` and weights, or one of PE-Core in OpenCLIP's layout (`open_clip_config.json`,
            `open_clip_model.safetensors`); a name on the model hub; a bundled model (`moji-clip`).
        dtype: of the weights and the computation: `torch.float32` or `torch.bfloat16`, or its name; "auto" is the
            fastest on this machine.
        revision: a branch, tag or commit on the hub; for a folder, the hash that its weights must have.

    Raises:
        InputError: it is another dtype.
        ModelError: there is no such model, it is a file, the folder lacks a file, a file cannot be read or does not
            hold the architecture's tensors, the hub cannot be reached, or the architecture has no towers here.
    """
    number_format = as_dtype(dtype)
    source = find_source(name, revision=revision)
    source = read_silently(source, lambda: pin(source))
    config = read_silently(source, lambda: read_config(source))
    Backbone.check_supported(config, name=source.name)
    folder = source.folder
    read_silently(source, lambda: check_parameters(config, name=source.name, folder=folder, dtype=number_format))
    if folder is None:
        made_from = source.options["revision"]
    else:
        made_from = read_silently(source, lambda: hash_of_folder(folder))
        if revision not in (None, made_from):
            raise ModelError(f"{name}: the folder's weights are {made_from}, not {revision}; give another folder")
    model = read_silently(source, lambda: read_weights(source, config, number_format))
    return Backbone(
        model,
        name=source.name,
        revision=made_from,
        preprocess=read_silently(source, lambda: _load_preprocess(source, config)),
        tokenizer=partial(read_tokenizer, source),
    ).eval()


@quiet_transformers()
def initialise_backbone(folder: str | Path, *, seed: int) -> Backbone:
    """Return a backbone with new weights.

    Args:
        folder: holds `config.json` and a tokenizer, or the name of a bundled model; weights, if there are any, are not
            read.
        seed: of the weights.

    Raises:
        ModelError: the folder lacks one of these files, or the architecture has no towers here.
    """
    source = find_source(folder)
    if source.folder is None:
        raise ModelError(f"{folder}: no such folder; new weights need one with the architecture's config.json")
    config = read_silently(source, lambda: read_config(source))
    Backbone.check_supported(config, name=source.name)
    read_silently(source, lambda: check_parameters(config, name=source.name, folder=None, dtype=torch.float32))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = read_silently(source, lambda: AutoModel.from_config(config))
    return Backbone(
        model,
        name=source.name,
        revision=hash_of_tensors(model.state_dict().items()),
        preprocess=read_silently(source, lambda: _load_preprocess(source, config)),
        tokenizer=partial(read_tokenizer, source),
    )


def read_weights(source: Source, config: Any, dtype: torch.dtype, *, unused: str | None = None) -> PreTrainedModel:
    """Return the model of a source, with all its weights.

    Args:
        source: where it is.
        config: its configuration.
        dtype: of the weights and the computation.
        unused: how the names of weights begin that may be missing, as nothing is computed with them; None for none.

    Raises:
        ValueError: the weights do not fit the configuration.
    """
    if source.is_open_clip:
        return load_open_clip_weights(config, _open_clip_file(source), dtype=dtype)
    # If a folder has safetensors, its pickle is never opened; None lets transformers choose, which on the hub means
    # safetensors first. It opens a pickle as weights only, so no code in it runs.
    if source.folder is not None and not safetensors_files(source.folder):
        for file in source.folder.glob("*.bin"):
            check_no_bomb(file)
    safetensors = True if source.folder is not None and safetensors_files(source.folder) else None
    options = options_of(source)
    # transformers also asks whether the model is an adapter, which takes half a minute if the hub cannot be reached.
    local_only = {"local_files_only": True} if options.get("local_files_only") else None
    model, report = AutoModel.from_pretrained(
        source.location,
        config=config,  # which it would read again
        dtype=dtype,
        use_safetensors=safetensors,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are in the report, and are refused below by name
        adapter_kwargs=local_only,
        **options,
    )
    # transformers fills missing weights at random; the vectors of such a model would be noise.
    for what, keys in (("missing", report["missing_keys"]), ("of another shape", report["mismatched_keys"])):
        names = sorted(key if isinstance(key, str) else key[0] for key in keys)
        names = [key for key in names if unused is None or not key.startswith(unused)]
        if names:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise ValueError(f"the weights do not fit config.json, {len(names)} tensors are {what}: {shown}")
    return model


def _open_clip_file(source: Source) -> Path:
    try:
        file = fetched_file(source, OPEN_CLIP_FILE)
    except EntryNotFoundError:
        file = None
    if file is None or not is_file(file):
        raise ValueError(
            f"in OpenCLIP's layout the weights are in {OPEN_CLIP_FILE}, which is not there; its pickles "
            "(.bin, .pt) are read by `framecue import-checkpoint` alone"
        )
    return file


def _load_preprocess(source: Source, config: Any) -> Preprocess:
    if source.is_open_clip:
        file = fetched_file(source, source.config_file)
        return preprocess_of_open_clip(file, image_size=config.vision_config.image_size)
    return Preprocess.of_folder(source.location, default=Backbone.default_preprocess(config), **options_of(source))


def read_tokenizer(source: Source) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a source.

    Raises:
        ModelError: it has none, or it cannot be read.
    """
    # A function of this module, as a backbone whose tokenizer is not loaded yet can be pickled, too.
    tokenizer: PreTrainedTokenizerBase = read_silently(source, lambda: _load_tokenizer(source))
    return tokenizer


def _load_tokenizer(source: Source) -> PreTrainedTokenizerBase:
    if source.folder is not None:
        check_text_files(source.folder, name=source.name)
    tokenizer = AutoTokenizer.from_pretrained(source.location, **options_of(source))
    if has_no_words(tokenizer):
        raise ValueError("it has no tokenizer (tokenizer.json, or vocab.json and merges.txt), so it cannot encode text")
    _lower_case(tokenizer)
    return tokenizer


def _lower_case(tokenizer: PreTrainedTokenizerBase) -> None:
    """Make a tokenizer obey `do_lower_case`: SigLIP 2 was trained so, but its tokenizer class (Gemma's) ignores it."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or not tokenizer.init_kwargs.get("do_lower_case"):
        return
    if tokenizer.tokenize("A") != tokenizer.tokenize("a"):
        others = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *others])


def read_silently(source: Source, load: Callable[[], Any]) -> Any:
    """Run a loading step of `transformers` silently; its errors become one line that tells what to do."""
    try:
        with quiet_transformers():
            return load()
    except ModelError:
        raise
    except Exception as error:
        reason = first_line(error)
        if "trust_remote_code" in str(error):  # what `transformers` advises nobody can set here
            raise ModelError(
                f"{source.name}: is a model that brings code of its own, and such code is not run; give a model of an "
                "architecture that `transformers` itself has"
            ) from error
        if source.folder is not None:
            raise ModelError(f"{source.name}: the model folder cannot be read: {reason}") from error
        refusal = hub_refusal(error, revision=source.options.get("revision"))
        if refusal is not None:
            reason = refusal
        elif source.unreachable is not None:
            reason = f"it cannot be reached ({source.unreachable}), and its cache does not hold the model"
        raise ModelError(
            f"{source.name}: no such folder, and it cannot be loaded from the model hub: {reason}; check the name and "
            "the network, or pass a local folder that was saved with save_pretrained(), or one of the bundled models: "
            f"{bundled_models()}. `hf download {source.name} --local-dir FOLDER` makes such a folder on a machine with "
            "a network (`pip install huggingface_hub` brings `hf`)"
        ) from error
