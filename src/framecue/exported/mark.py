"""Whose a graph is, written into the graph's own file: one that was put in another's place is not taken for it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["MARK", "append_property", "mark"]

MARK = "framecue"
"""The name under which a graph's metadata has the key of its model (`graph_key`); graphs of before have none."""


def mark(path: Path, key: str) -> None:
    """Write into a graph whose it is.

    Args:
        path: the graph's file.
        key: from :func:`framecue.exported.cache.graph_key`.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("ab") as file:
        file.write(append_property(b"", MARK, key))


def append_property(graph: bytes, name: str, value: str) -> bytes:
    """Return a graph with one more entry in its metadata."""
    import onnx

    # Messages of Protobuf that stand one behind the other are one: nothing of a large graph has to be read for it.
    entry = onnx.ModelProto(metadata_props=[onnx.StringStringEntryProto(key=name, value=value)])
    written: bytes = entry.SerializeToString()
    return graph + written
