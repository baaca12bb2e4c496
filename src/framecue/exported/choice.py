"""What was chosen for a model on this machine: kept in the cache, beside the graph if it is one; read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecue.encoder import Computation, Fingerprint
from framecue.errors import ModelError
from framecue.exported.cache import forget_graph, graph_folder, read_graphs
from framecue.exported.encoder import OnnxEncoder, opened_encoder
from framecue.exported.machine import machine_key

__all__ = ["Choice", "choice_name", "chosen_encoder", "read_choice"]


@dataclass(frozen=True)
class Choice:
    """What encodes a model's videos on this machine.

    Attributes:
        computation: runtime, precision, and why.
        folder: where the graph lies; None where it is the model itself.
        details: all that was noted.
    """

    computation: Computation
    folder: Path | None
    details: Mapping[str, Any]


def choice_name(fingerprint: Fingerprint, precision: str) -> str:
    """Return under which name a choice stands in graph.json.

    Args:
        fingerprint: of the model.
        precision: what was asked for: "auto", or "float32".
    """
    # A graph in float32 is the same on every machine.
    machine = f"-{machine_key()}" if precision == "auto" else ""
    return f"video-{fingerprint.sampling.num_frames}f-{precision}{machine}"


def read_choice(fingerprint: Fingerprint, precision: str = "auto") -> Choice | None:
    """Return what was chosen for a model on this machine; None if nothing was yet."""
    details = read_graphs(fingerprint).get(choice_name(fingerprint, precision))
    if details is None:
        return None
    try:
        computation = Computation(details["runtime"], details["precision"], details["reason"])
    except KeyError:
        return None
    return Choice(computation, graph_folder(fingerprint) if computation.runtime == "onnx" else None, details)


def chosen_encoder(fingerprint: Fingerprint, precision: str = "auto") -> OnnxEncoder | None:
    """Return the encoder of a graph that was chosen for a model on this machine; None where there is none.

    A damaged graph is forgotten, so that it is made anew.

    Raises:
        RuntimeMissingError: ONNX Runtime is not installed.
    """
    choice = read_choice(fingerprint, precision)
    if choice is None or choice.folder is None:
        return None
    try:
        encoder = opened_encoder(fingerprint, choice.folder, choice.details, reason=choice.computation.reason)
    except ModelError:
        forget_graph(fingerprint, choice_name(fingerprint, precision))
        return None
    # Another process takes the model itself: a cache may be another there.
    encoder.folder = None
    return encoder
