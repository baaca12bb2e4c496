"""Notes about what has encoded a library's videos."""

from __future__ import annotations

from pathlib import Path

from framecue.encoder import Computation
from framecue.library.store import Store

FINGERPRINT = {"backbone": "b", "embedding_dim": 4, "sampling": {"num_frames": 1}}


def test_each_is_noted_once_in_the_order_of_the_first_time(tmp_path: Path) -> None:
    store = Store.create(str(tmp_path / "a.lance"), FINGERPRINT)
    assert store.computations() == []
    for computation in (
        Computation("torch", "float32"),
        Computation("onnx", "int8", "why"),
        Computation("torch", "float32"),
    ):
        store.note_computation(computation)
    wanted = [Computation("torch", "float32"), Computation("onnx", "int8")]
    assert store.computations() == wanted
    other = Store.open(store.uri)
    other.note_computation(Computation("onnx", "float32"))
    store.refresh()
    assert store.computations() == [*wanted, Computation("onnx", "float32")]
