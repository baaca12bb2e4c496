"""Making the graph of a text side that takes taught names, of the one that does not: two more inputs behind a look-up.

No model is loaded for it: a graph looks up the token embeddings of a text in one place, and behind
that some of them are replaced by what the inputs say. Its weights are those of the graph beside it. So a graph that an
older framecue has made takes names too.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import ModelError, first_line
from framecue.exported.extra import check_exporter
from framecue.exported.mark import append_property

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

__all__ = ["MADE_OF", "PLACES", "VECTORS", "embedding_rows", "graph_hash", "name_graph"]

PLACES, VECTORS = "taught_places", "taught_vectors"
"""The inputs: int64 (P, 2), of each taught token the text, 0, and its place; float32 (P, D), what it is."""

MADE_OF = "framecue-made-of"
"""The name under which the graph's metadata has the hash of the graph that it was made of."""

# Torch names a module's weights by where they are in it.
_TOKEN_EMBEDDING = "token_embedding.weight"


def graph_hash(path: Path) -> str:
    """Return a hash of a graph's file, which holds everything but the weights.

    Raises:
        OSError: it cannot be read.
    """
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def name_graph(path: Path) -> bytes:
    """Return the graph that takes names, made of a text side's; its weights lie where those of `path` do.

    Raises:
        RuntimeMissingError: the package onnx is not installed.
        ModelError: the graph cannot be read, or does not look up token embeddings in one place.
        OSError: it cannot be read.
    """
    check_exporter()
    import onnx

    model = _loaded(path)
    graph = model.graph
    weights = _token_embedding(path, model)
    places = [
        place for place, node in enumerate(graph.node) if node.op_type == "Gather" and node.input[0] == weights.name
    ]
    if len(places) != 1:
        raise ModelError(f"{path}: the exported graph looks up token embeddings in {len(places)} places, not in one")
    looked_up = graph.node[places[0]].output[0]
    graph.node[places[0]].output[0] = f"{looked_up}/typed"
    replaced = onnx.helper.make_node(
        "ScatterND", [f"{looked_up}/typed", PLACES, VECTORS], [looked_up], name=f"{looked_up}/taught"
    )
    graph.node.insert(places[0] + 1, replaced)
    graph.input.extend(
        [
            onnx.helper.make_tensor_value_info(PLACES, onnx.TensorProto.INT64, ["taught", 2]),
            onnx.helper.make_tensor_value_info(VECTORS, onnx.TensorProto.FLOAT, ["taught", weights.dims[1]]),
        ]
    )
    return append_property(model.SerializeToString(), MADE_OF, graph_hash(path))


def embedding_rows(path: Path, ids: np.ndarray) -> np.ndarray:
    """Return the token embeddings of ids (P,), float32 (P, D), from a graph's weights; the others are not read.

    Raises:
        ModelError: the graph or its weights cannot be read.
        OSError: as `name_graph` raises it.
    """
    check_exporter()
    import onnx

    weights = _token_embedding(path, _loaded(path))
    where = {entry.key: entry.value for entry in weights.external_data}
    if not where:
        rows: np.ndarray = onnx.numpy_helper.to_array(weights)[ids]
        return rows
    try:
        table = np.memmap(
            path.with_name(where["location"]), np.float32, "r", int(where.get("offset", 0)), tuple(weights.dims)
        )
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path}: its weights cannot be read: {first_line(error)}") from error
    return np.array(table[ids])


def _loaded(path: Path) -> ModelProto:
    import onnx

    try:
        return onnx.load(str(path), load_external_data=False)
    except OSError:
        raise
    except Exception as error:  # protobuf's own
        raise ModelError(f"{path}: the exported graph cannot be read: {first_line(error)}") from error


def _token_embedding(path: Path, model: ModelProto) -> TensorProto:
    found: list[TensorProto] = [each for each in model.graph.initializer if each.name.endswith(_TOKEN_EMBEDDING)]
    if len(found) != 1 or len(found[0].dims) != 2:
        raise ModelError(f"{path}: the exported graph has no token embeddings of its own, so it takes no names")
    return found[0]
