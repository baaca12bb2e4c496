"""Reading the configuration of a source: which file it is in, and what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from transformers import AutoConfig

from framecue.backbone.open_clip_layout import config_of_open_clip
from framecue.backbone.sizes import check_config_file
from framecue.backbone.source import CONFIG_FILE, OPEN_CLIP_CONFIG_FILE, Source

__all__ = ["fetched_file", "options_of", "pin", "read_config"]


def pin(source: Source) -> Source:
    """Return the source with the present commit of a hub name, from which all files come and which names the weights.

    It then knows in which layout the model is. A folder's source is returned as it is.
    """
    if source.folder is not None:
        return source
    config_file = CONFIG_FILE
    try:
        config = hf_hub_download(source.location, CONFIG_FILE, **source.options)
    except (EntryNotFoundError, LocalEntryNotFoundError) as error:
        config_file = OPEN_CLIP_CONFIG_FILE
        try:
            config = hf_hub_download(source.location, config_file, **source.options)
        except (EntryNotFoundError, LocalEntryNotFoundError):
            raise error from None  # the usual file is the one to be told about
    return replace(source, options={**source.options, "revision": Path(config).parent.name}, config_file=config_file)


def fetched_file(source: Source, name: str) -> Path:
    """Return a file of a pinned source; one on the hub is fetched if the cache has not got it."""
    if source.folder is not None:
        return source.folder / name
    return Path(hf_hub_download(source.location, name, **source.options))


def read_config(source: Source) -> Any:
    """Return the configuration of a pinned source; an architecture that `transformers` does not know raises.

    Raises:
        ModelError: it holds a number that no model has.
        ValueError: it cannot be read, or is in OpenCLIP's layout and no PE-Core.
    """
    file = fetched_file(source, source.config_file)
    check_config_file(file, name=source.name)
    if source.is_open_clip:
        return config_of_open_clip(file)
    return AutoConfig.from_pretrained(source.location, **options_of(source))


def options_of(source: Source) -> dict[str, Any]:
    """Return the arguments for `from_pretrained`: code that comes with a model is never run, and nobody is asked."""
    return {**source.options, "trust_remote_code": False}
