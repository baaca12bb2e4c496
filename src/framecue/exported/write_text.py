"""Writing what encodes texts as a graph and a tokenizer, which are compared with the model before they are used."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from stat import S_IMODE
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from framecue.errors import FramecueError, ModelError, OutputError, first_line
from framecue.exported.cache import Identity, forget_graph, graph_key, is_wanted, read_graphs, write_graph
from framecue.exported.extra import check_exporter
from framecue.exported.mark import mark
from framecue.exported.name_graph import NAME_GRAPH, make_name_graph
from framecue.exported.name_inputs import embedding_rows
from framecue.exported.queries import NAMED_TEXTS, ODD_TEXTS, ordinary_queries
from framecue.exported.session import is_available
from framecue.exported.sources import SourceFiles, has_known_sources, note_sources, source_files
from framecue.exported.spare_tokenizer import SpareTokenizer, open_tokenizer, write_spare
from framecue.exported.text import IDS, MASK, TEXT_GRAPH, TOKENIZER_FILE, TextGraph, given_of_text
from framecue.exported.tokenize import TextTokenizer
from framecue.names.stand_ins import Encode, choose_stand_ins
from framecue.names.taught import MOST_TOKENS, TaughtTokens

__all__ = ["MAX_DIFFERENCE", "TextSide", "keep_graph", "unchanged", "versions", "write_text_side"]

logger = logging.getLogger(__name__)

MAX_DIFFERENCE = 1e-5
"""How far a number of a graph's vectors may be from the model's; a vector has unit length."""

_OPSET = 17
_MAKERS = ("framecue", "onnx", "onnxruntime", "tokenizers", "torch", "transformers")
# What is smaller stays in the graph itself, where the optimiser sees it.
_EXTERNAL_BYTES = 1024


class TextSide(Protocol):
    """What encodes texts, in float32 on the processor."""

    @property
    def module(self) -> nn.Module:
        """What turns token ids (1, T) and a mask into a unit vector (1, E)."""

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer, of `transformers`."""

    @property
    def pads_texts(self) -> bool:
        """Whether all texts have the same number of tokens."""

    def tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the ids (N, T) of texts and their mask."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length."""


@runtime_checkable
class ReadsNames(Protocol):
    """A text side whose model can be taught names."""

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts with taught names into embeddings float32 (N, E) of unit length."""


def write_text_side(side: TextSide, fingerprint: Identity, *, folder: Path | None = None) -> None:
    """Write the graph and the tokenizer of what encodes texts into the cache, or into a folder of graphs.

    Args:
        side: what encodes them.
        fingerprint: the model's, under which the graph is kept.
        folder: where to, as for a model that is given to somebody; None for its folder in the cache.

    Raises:
        RuntimeMissingError: what exports is not installed.
        ModelError: the tokenizer is of a kind that cannot be exported, or the graph or the tokenizer gives something
            else than the model.
        OutputError: the cache cannot be written.
    """
    with write_graph(fingerprint, TEXT_GRAPH, folder=folder) as new:
        _write_tokenizer(side, new.folder / TOKENIZER_FILE)
        _check_tokenizer(side, TextTokenizer(new.folder / TOKENIZER_FILE))
        if write_spare(new.folder / TOKENIZER_FILE):
            _check_tokenizer(side, open_tokenizer(new.folder / TOKENIZER_FILE))
        _write_graph(side, new.folder / TEXT_GRAPH)
        difference = _difference(side, TextGraph(new.folder))
        if not difference <= MAX_DIFFERENCE:
            raise ModelError(f"the exported graph is {difference:.1e} off the model, more than {MAX_DIFFERENCE:.0e}")
        mark(new.folder / TEXT_GRAPH, graph_key(fingerprint))
        new.details |= {
            "num_queries": len(ordinary_queries()),
            "max_difference": difference,
            "precision": "float32",
            "versions": versions(),
        }
        if isinstance(side, ReadsNames):
            new.details |= _write_name_graph(side, new.folder)


def keep_graph(
    fingerprint: Identity, *, sources: Callable[[], Sequence[SourceFiles] | None], export: Callable[[], None]
) -> bool:
    """Make the graph of what encodes texts if there is none yet, and note that the model's files are those it is for.

    Where it cannot be made, that is noted too, and it is not tried again until a version changes; a full disk, or
    whatever else may pass, is not noted.

    Args:
        fingerprint: the model's, with absolute places.
        sources: returns the model's files as they are now, after hashing them; None if they are not what was loaded.
        export: writes the graph.

    Returns:
        Whether there is a graph that the next process will use.
    """
    if not is_wanted() or not is_available():
        return False
    try:
        known = read_graphs(fingerprint).get(TEXT_GRAPH)
        is_made = known is not None and bool(known["files"])
        if known is not None and not is_made and known.get("versions") == versions():
            return False
        if is_made and has_known_sources(fingerprint):
            return True
        hashed = sources()
        if hashed is None:
            return False
        if not is_made:
            forget_graph(fingerprint, TEXT_GRAPH)  # what stands there is a failure with other versions
            export()
        note_sources(fingerprint, hashed)
    except Exception as error:
        # A search has its answer without it, so nothing of this may fail one: exporters raise whatever they like.
        logger.info("%s: no text graph: %s", fingerprint.places()[0], first_line(error))
        if not isinstance(error, (OSError, MemoryError, OutputError)):
            _note_failure(fingerprint, first_line(error))
        return False
    return True


def unchanged(sources: Sequence[SourceFiles]) -> Sequence[SourceFiles] | None:
    """Return files as they were found before they were hashed; None if they have changed since."""
    again = [
        source_files(one.place, one.folder, only=None if one.are_all else [name for name, _, _ in one.files])
        for one in sources
    ]
    return sources if again == list(sources) else None


def versions() -> dict[str, str | None]:
    """Return the versions of what makes a graph, by the packages' names; None for one that is not installed."""
    return {name: _version(name) for name in _MAKERS}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _write_graph(side: TextSide, path: Path) -> None:
    """Write the graph, its weights beside it: so that they are mapped into memory, not read.

    A batch is one text: a tracing exporter makes a constant of how many texts there are.
    """
    check_exporter()
    import onnx

    ids, mask = side.tokenize([ordinary_queries()[0]])
    lengths: dict[str, dict[int, str]] | None = None
    if not side.pads_texts:
        lengths = {IDS: {1: "tokens"}, MASK: {1: "tokens"}}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, _quiet_export():
        traced = Path(folder) / "traced.onnx"
        torch.onnx.export(
            side.module.eval(),
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
    # It is made for its owner alone, and what is exported may be for others.
    for weights in path.parent.glob(f"{path.name}.data"):
        weights.chmod(S_IMODE(path.stat().st_mode))


@contextmanager
def _quiet_export() -> Iterator[None]:
    with torch.no_grad(), warnings.catch_warnings():
        # It warns of each Python number that it takes for a constant, and of its own age.
        warnings.simplefilter("ignore")
        yield


def _write_tokenizer(side: TextSide, path: Path) -> None:
    """Write the model's tokenizer with the cutting and the padding of a call of `tokenize`.

    Raises:
        ModelError: it is written in Python, so there is nothing to write.
    """
    backend: Any = getattr(side.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"its tokenizer, a {type(side.tokenizer).__name__}, has no tokenizer.json")
    # The call sets both on the tokenizer itself.
    side.tokenize([ordinary_queries()[0]])
    path.write_text(backend.to_str(), encoding="utf-8")


def _check_tokenizer(side: TextSide, tokenizer: TextTokenizer | SpareTokenizer) -> None:
    for text in (*ordinary_queries(), *ODD_TEXTS):
        own = [part[0].numpy() for part in side.tokenize([text])]
        for ours, theirs in zip(tokenizer.encode(text), own, strict=True):
            if not np.array_equal(ours, theirs):
                raise ModelError(f"its tokenizer splits {text[:40]!r} in a way that tokenizer.json does not")


def _difference(side: TextSide, graph: TextGraph) -> float:
    texts = [*ordinary_queries(), *ODD_TEXTS]
    return float(np.abs(graph.embed_texts(texts) - side.embed_texts(texts)).max())


def _write_name_graph(side: ReadsNames, folder: Path) -> dict[str, Any]:
    """Write the graph that takes names beside a text side's, and return what graph.json says of it.

    Where it cannot be made, texts without names have their graph even so.
    """
    path, file = folder / TEXT_GRAPH, folder / NAME_GRAPH
    graph, encode = TextGraph(folder), TextTokenizer(folder / TOKENIZER_FILE).encode
    try:
        file.write_bytes(make_name_graph(path, encode, given_of_text))
        names = _made_names(path, encode)
        texts = [template.replace("NAME", name.name) for template in NAMED_TEXTS for name in names]
        off = np.abs(graph.embed_named_texts(texts, names) - side.embed_named_texts(texts, names))
        difference = float(off.max())
        if not difference <= MAX_DIFFERENCE:
            raise ModelError(f"with names the exported graph is {difference:.1e} off the model")
    except (ModelError, OSError) as error:
        file.unlink(missing_ok=True)
        logger.info("%s: no graph that takes names: %s", path, first_line(error))
        return {"why_no_names": first_line(error)}
    return {"max_difference_of_names": difference}


def _made_names(path: Path, encode: Encode) -> list[TaughtTokens]:
    """Return names of each number of tokens, which nobody was taught; their vectors are as long as words are."""
    ids, mask = encode(ordinary_queries()[0])
    own = embedding_rows(path, ids[mask.astype(bool)])
    made = np.random.default_rng(0).standard_normal((MOST_TOKENS, MOST_TOKENS, own.shape[1])) * own.std()
    stand_ins = choose_stand_ins(encode)
    return [
        TaughtTokens(f"Zyxo {count}", made[count - 1, :count].astype(np.float32), stand_ins)
        for count in range(1, MOST_TOKENS + 1)
    ]


def _note_failure(fingerprint: Identity, reason: str) -> None:
    try:
        if TEXT_GRAPH not in read_graphs(fingerprint):
            with write_graph(fingerprint, TEXT_GRAPH) as new:
                new.details |= {"why_not": reason, "versions": versions()}
    except FramecueError:
        logger.info("what was tried cannot be noted", exc_info=True)
