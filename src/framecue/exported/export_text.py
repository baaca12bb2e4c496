"""Making the graph of a video model's text side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.assets import find_bundled
from framecue.backbone.hashing import hash_of_folder
from framecue.backbone.source import cached_folder, is_hub_name
from framecue.checkpoint import CONFIG_FILE, WEIGHTS_FILE, adapter_folder, adapter_hash
from framecue.encoder import Fingerprint
from framecue.exported.sources import SourceFiles, source_files
from framecue.exported.write_text import keep_graph, unchanged, write_text_side
from framecue.model import VideoTextModel, load_described
from framecue.names.taught import TaughtTokens

__all__ = ["ModelTextSide", "export_text", "keep_text_graph"]


def keep_text_graph(model: VideoTextModel) -> bool:
    """Make a model's graph if there is none for it yet, and note that the model's files are the ones it is for.

    Where it cannot be made, that is noted too, and it is not tried again until a version changes.

    Returns:
        Whether there is a graph that the next process will use.
    """
    fingerprint = model.fingerprint().with_absolute_places()
    return keep_graph(
        fingerprint,
        sources=lambda: _hashed_sources(fingerprint),
        export=lambda: export_text(model, fingerprint),
    )


def export_text(model: VideoTextModel, fingerprint: Fingerprint, *, folder: Path | None = None) -> None:
    """Write the graph of a model's text side and its tokenizer into the cache, or into a folder of graphs.

    Args:
        model: in any precision, on any device; the graph is in float32.
        fingerprint: the model's, under which the graph is kept.
        folder: where to, as for a model that is given to somebody; None for its folder in the cache.

    Raises:
        RuntimeMissingError: what exports is not installed.
        ModelError: the tokenizer is of a kind that cannot be exported, or the graph or the tokenizer gives something
            else than the model.
        OutputError: the cache cannot be written.
    """
    if model.dtype != torch.float32 or model.device.type != "cpu":
        spec = replace(model.spec(), precision="float32", device="cpu")
        model = load_described(spec)
    write_text_side(ModelTextSide(model), fingerprint, folder=folder)


class ModelTextSide:
    """The text side of a model, see :class:`~framecue.exported.write_text.TextSide`."""

    def __init__(self, model: VideoTextModel) -> None:
        self.module: nn.Module = _TextModule(model)
        self._model = model
        self.pads_texts: bool = model.backbone.text.pads_texts

    @property
    def tokenizer(self) -> Any:
        """See `TextSide.tokenizer`."""
        return self._model.backbone.tokenizer

    def tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextSide.tokenize`."""
        return self._model.tokenize(list(texts))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See `TextSide.embed_texts`."""
        return self._model.embed_texts(texts)

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """See :class:`~framecue.exported.write_text.ReadsNames`."""
        return self._model.embed_named_texts(texts, names)


class _TextModule(nn.Module):
    """Token ids (1, T) and a mask to a unit vector (1, E)."""

    def __init__(self, model: VideoTextModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        features = self.model.method.encode_text(self.model.backbone, input_ids, attention_mask)
        # Of a method that also compares words, the text's own feature is the first.
        return functional.normalize((features if features.ndim == 2 else features[:, 0]).to(torch.float32), dim=-1)


def _hashed_sources(fingerprint: Fingerprint) -> Sequence[SourceFiles] | None:
    """Return the model's files as they are now, after hashing them; None if they are no longer what was loaded."""
    place = fingerprint.backbone
    folder = find_bundled(place, "model")
    is_on_hub = folder is None and is_hub_name(place)
    if folder is None:
        folder = cached_folder(place, fingerprint.revision) if is_on_hub else Path(place)
    if folder is None:
        return None
    sources = [source_files(place, folder)]
    # Of a model on the hub the commit is the name, and the folder has it.
    if (folder.name if is_on_hub else hash_of_folder(folder)) != fingerprint.revision:
        return None
    if fingerprint.adapter_source is not None:
        adapter = adapter_folder(fingerprint.adapter_source)
        sources.append(source_files(fingerprint.adapter_source, adapter, only=[CONFIG_FILE, WEIGHTS_FILE]))
        if adapter_hash(adapter) != fingerprint.adapter:
            return None
    elif fingerprint.adapter is not None:
        return None
    return unchanged(sources)
