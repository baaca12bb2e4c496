"""Making the graph of a model's text side: exported once, and compared with the model before it is ever used."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
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
from framecue.errors import FramecueError, ModelError, RuntimeMissingError, first_line
from framecue.exported.cache import forget_graph, is_wanted, read_graphs, write_graph
from framecue.exported.queries import ODD_TEXTS, ordinary_queries
from framecue.exported.session import EXTRA, is_available
from framecue.exported.sources import SourceFiles, has_known_sources, note_sources, source_files
from framecue.exported.text import IDS, MASK, TEXT_GRAPH, TOKENIZER_FILE, TextGraph
from framecue.exported.tokenize import TextTokenizer
from framecue.model import VideoTextModel, load_described

__all__ = ["MAX_DIFFERENCE", "export_text", "keep_text_graph"]

logger = logging.getLogger(__name__)

MAX_DIFFERENCE = 1e-5
"""How far a number of a graph's vectors may be from the model's; a vector has unit length."""

_OPSET = 17
# What is smaller stays in the graph itself, where the optimiser sees it.
_EXTERNAL_BYTES = 1024


def keep_text_graph(model: VideoTextModel) -> bool:
    """Make a model's graph if there is none for it yet, and note that the model's files are the ones it is for.

    Where it cannot be made, that is noted too, and it is not tried again until a version changes.

    Returns:
        Whether there is a graph that the next process will use.
    """
    if not is_wanted() or not is_available():
        return False
    fingerprint = model.fingerprint().with_absolute_places()
    try:
        known = read_graphs(fingerprint).get(TEXT_GRAPH)
        is_made = known is not None and bool(known["files"])
        if known is not None and not is_made and known.get("versions") == _versions():
            return False
        if is_made and has_known_sources(fingerprint):
            return True
        sources = _hashed_sources(fingerprint)
        if sources is None:
            return False
        if not is_made:
            forget_graph(fingerprint, TEXT_GRAPH)  # what stands there is a failure with other versions
            export_text(model, fingerprint)
        note_sources(fingerprint, sources)
    except Exception as error:
        # A search has its answer without it, so nothing of this may fail one: exporters raise whatever they like.
        logger.info("%s: no text graph: %s", fingerprint.backbone, first_line(error))
        _note_failure(fingerprint, first_line(error))
        return False
    return True


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
    with write_graph(fingerprint, TEXT_GRAPH, folder=folder) as new:
        _write_tokenizer(model, new.folder / TOKENIZER_FILE)
        _check_tokenizer(model, TextTokenizer(new.folder / TOKENIZER_FILE))
        _write_graph(model, new.folder / TEXT_GRAPH)
        difference = _difference(model, TextGraph(new.folder))
        if not difference <= MAX_DIFFERENCE:
            raise ModelError(f"the exported graph is {difference:.1e} off the model, more than {MAX_DIFFERENCE:.0e}")
        new.details |= {
            "num_queries": len(ordinary_queries()),
            "max_difference": difference,
            "precision": "float32",
            "versions": _versions(),
        }


class _TextSide(nn.Module):
    """Token ids (1, T) and a mask to a unit vector (1, E)."""

    def __init__(self, model: VideoTextModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        features = self.model.method.encode_text(self.model.backbone, input_ids, attention_mask)
        # Of a method that also compares words, the text's own feature is the first.
        return functional.normalize((features if features.ndim == 2 else features[:, 0]).to(torch.float32), dim=-1)


def _write_graph(model: VideoTextModel, path: Path) -> None:
    """Write the graph, its weights beside it: so that they are mapped into memory, not read.

    A batch is one text: a tracing exporter makes a constant of how many texts there are.
    """
    try:
        import onnx
    except ImportError as error:
        raise RuntimeMissingError(
            f"models are exported with onnx ({first_line(error)}); pip install '{EXTRA}'"
        ) from error

    ids, mask = model.tokenize([ordinary_queries()[0]])
    lengths: dict[str, dict[int, str]] | None = None
    if not model.backbone.text.pads_texts:
        lengths = {IDS: {1: "tokens"}, MASK: {1: "tokens"}}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, _quiet_export():
        traced = Path(folder) / "traced.onnx"
        torch.onnx.export(
            _TextSide(model).eval(),
            (ids, mask),
            str(traced),
            input_names=[IDS, MASK],
            output_names=["embedding"],
            dynamic_axes=lengths,
            opset_version=_OPSET,
            # torch's newer exporter takes fifteen times as long.
            dynamo=False,
        )
        onnx.save_model(
            onnx.load(str(traced)),
            str(path),
            save_as_external_data=True,
            all_tensors_to_one_file=True,
            location=f"{path.name}.data",
            size_threshold=_EXTERNAL_BYTES,
        )


@contextmanager
def _quiet_export() -> Iterator[None]:
    with torch.no_grad(), warnings.catch_warnings():
        # It warns of each Python number that it takes for a constant, and of its own age.
        warnings.simplefilter("ignore")
        yield


def _write_tokenizer(model: VideoTextModel, path: Path) -> None:
    """Write the model's tokenizer with the cutting and the padding of a call of `model.tokenize`.

    Raises:
        ModelError: it is written in Python, so there is nothing to write.
    """
    tokenizer = model.backbone.tokenizer
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"its tokenizer, a {type(tokenizer).__name__}, has no tokenizer.json")
    # The call sets both on the tokenizer itself.
    model.tokenize([ordinary_queries()[0]])
    path.write_text(backend.to_str(), encoding="utf-8")


def _check_tokenizer(model: VideoTextModel, tokenizer: TextTokenizer) -> None:
    for text in (*ordinary_queries(), *ODD_TEXTS):
        own = [part[0].numpy() for part in model.tokenize([text])]
        for ours, theirs in zip(tokenizer.encode(text), own, strict=True):
            if not np.array_equal(ours, theirs):
                raise ModelError(f"its tokenizer splits {text[:40]!r} in a way that tokenizer.json does not")


def _difference(model: VideoTextModel, graph: TextGraph) -> float:
    texts = [*ordinary_queries(), *ODD_TEXTS]
    return float(np.abs(graph.embed_texts(texts) - model.embed_texts(texts)).max())


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
    again = [
        source_files(one.place, one.folder, only=None if one.are_all else [name for name, _, _ in one.files])
        for one in sources
    ]
    return sources if again == sources else None


def _note_failure(fingerprint: Fingerprint, reason: str) -> None:
    try:
        if TEXT_GRAPH not in read_graphs(fingerprint):
            with write_graph(fingerprint, TEXT_GRAPH) as new:
                new.details |= {"why_not": reason, "versions": _versions()}
    except FramecueError:
        logger.info("what was tried cannot be noted", exc_info=True)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("framecue", "onnxruntime", "tokenizers", "torch", "transformers")}
