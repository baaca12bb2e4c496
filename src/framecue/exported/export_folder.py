"""A folder with a model as graphs, for other programs and machines: what ``framecue export`` writes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from framecue.encoder import Computation, Fingerprint
from framecue.errors import InputError, ModelError, first_line
from framecue.exported.cache import RECORD, graph_key, read_folder, write_graph
from framecue.exported.choose import details_of, quantised_graph, why_not_chosen
from framecue.exported.export_text import export_text
from framecue.exported.export_video import export_video_graph
from framecue.exported.gate import Check
from framecue.exported.mark import mark
from framecue.exported.name_graph import NAME_GRAPH
from framecue.exported.queries import ordinary_queries
from framecue.exported.text import TEXT_GRAPH, TOKENIZER_FILE
from framecue.exported.video_graph import video_graph_name
from framecue.model import VideoTextModel
from framecue.outputs import folder_beside
from framecue.paths import exists

__all__ = ["ExportReport", "export_folder", "made_videos"]

Precision = Literal["float32", "int8"]

# How many videos a graph of bytes is checked on.
_NUM_MADE = 8


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes:
        folder: where it lies.
        precision: what the graph of videos computes in.
        graph: the name of its file.
        size_bytes: of all files together.
        largest_difference: how far a number of the float32 graph's unit vectors was from the model's own at most.
        check: of the graph of bytes against that in float32; None for float32.
        why_no_texts: why there is no graph of the text side, so that the model itself encodes texts; None if there is.
    """

    folder: Path
    precision: Precision
    graph: str
    size_bytes: int
    largest_difference: float
    check: Check | None
    why_no_texts: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue export --json`` prints."""
        return {
            "folder": str(self.folder),
            "precision": self.precision,
            "graph": self.graph,
            "size_bytes": self.size_bytes,
            "largest_difference": self.largest_difference,
            "cosine": None if self.check is None else self.check.cosine,
            "rank_correlation": None if self.check is None else self.check.rank_correlation,
            "why_no_texts": self.why_no_texts,
        }


def export_folder(
    model: VideoTextModel, folder: Path, *, precision: Precision = "float32", overwrite: bool = False
) -> ExportReport:
    """Write a folder of graphs, which ``--model`` takes; it appears whole or not at all.

    A graph of bytes is checked on made pictures: a run that is to choose by its own frames is ``framecue index
    --runtime onnx``. It is refused on processors whose sums of bytes overflow, unless it was made on such a one.

    Args:
        model: in float32, on the processor.
        folder: to make.
        precision: of the graph of videos.
        overwrite: whether to write into a folder that holds something, and to replace graphs that were exported there.

    Raises:
        InputError: the model cannot be exported, or the folder holds something already: with `overwrite` files of these
            names that are no exported graphs, as a model has a tokenizer.json.
        ModelError: a graph gives other vectors than the model.
        OutputError: the folder cannot be written.
        RuntimeMissingError: ONNX Runtime is not installed.
    """
    if reason := why_not_chosen(model):
        raise InputError(f"{model.backbone.name} with method {model.method_name} cannot be exported: {reason}")
    fingerprint, frames = model.fingerprint().with_absolute_places(), model.sampling.num_frames
    name, check = video_graph_name(frames, precision), None
    written = (name, TEXT_GRAPH, NAME_GRAPH, TOKENIZER_FILE, RECORD)
    if read_folder(folder) is None and (others := [each for each in written if exists(folder / each)]):
        raise InputError(f"{folder}: holds a {others[0]} that is not of exported graphs; name a new or an empty folder")
    with folder_beside(folder, overwrite=overwrite) as partial:
        with write_graph(fingerprint, name, folder=Path(partial)) as new, tempfile.TemporaryDirectory() as spare:
            plain = (Path(spare) if precision == "int8" else new.folder) / video_graph_name(frames, "float32")
            off = export_video_graph(model.backbone, model.method, plain, num_frames=frames)
            if precision == "int8":
                check = _quantised(model, plain, new.folder / name)
            mark(new.folder / name, graph_key(fingerprint))
            new.details |= details_of(
                model,
                Computation("onnx", precision),
                graph=name,
                checks=[] if check is None else [check],
                largest_difference=off,
            )
        why_no_texts = _export_texts(model, fingerprint, Path(partial))
        (Path(partial) / ".lock").unlink(missing_ok=True)
        size = sum(file.stat().st_size for file in Path(partial).iterdir())
    return ExportReport(folder, precision, name, size, off, check, why_no_texts)


def made_videos(model: VideoTextModel, count: int = _NUM_MADE) -> np.ndarray:
    """Return pixel values float32 (B, F, 3, S, S) of made videos: coloured areas that change from frame to frame."""
    generator = np.random.default_rng(0)
    frames = model.sampling.num_frames
    coarse = generator.integers(0, 256, (count, frames, 8, 8, 3), dtype=np.uint8)
    return np.stack([model.prepare(video.repeat(16, axis=1).repeat(16, axis=2)) for video in coarse])


def _export_texts(model: VideoTextModel, fingerprint: Fingerprint, folder: Path) -> str | None:
    """Write the graph of texts beside that of videos; return why there is none, or None."""
    try:
        export_text(model, fingerprint, folder=folder)
    except ModelError as error:
        return str(error)
    except Exception as error:  # the exporter raises whatever it meets
        return first_line(error)
    return None


def _quantised(model: VideoTextModel, plain: Path, target: Path) -> Check:
    plan, checks = quantised_graph(plain, target, made_videos(model), lambda: model.embed_texts(ordinary_queries()))
    if plan is None:
        best = max(checks, key=lambda each: each.cosine)
        raise ModelError(
            f"{model.backbone.name}: in int8 its vectors are too far off (cosine {best.cosine:.5f}, ranks of queries "
            f"{best.rank_correlation:.4f}); export it with --precision fp32"
        )
    return checks[-1]
