"""Choosing what encodes a model's videos, on the first frames of a run: a graph of bytes if it is as good as the model.

Shapes: B videos, F frames a video, S pixels, N texts, E the embedding's width.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from framecue.backbone import fast_dtype
from framecue.encoder import Computation, Fingerprint
from framecue.errors import FramecueError, ModelError, first_line
from framecue.exported.cache import forget_graph, graph_key, write_graph
from framecue.exported.choice import Choice, choice_name, chosen_encoder, read_choice
from framecue.exported.encoder import OnnxEncoder, Steps, filled_up
from framecue.exported.export_video import export_video_graph, why_not_exported
from framecue.exported.gate import Check, check, first_that_passes
from framecue.exported.machine import multiplies_bytes_exactly
from framecue.exported.mark import mark
from framecue.exported.outliers import activation_ranges, plans
from framecue.exported.quantise import Plan, products, quantise
from framecue.exported.queries import ordinary_queries
from framecue.exported.session import runtime_version
from framecue.exported.stand_in import StandIn
from framecue.exported.video_graph import VideoGraph, video_graph_name
from framecue.methods import Method
from framecue.model import VideoTextModel

__all__ = ["ChoosingEncoder", "quantised_graph", "shares_frames", "steps_of", "why_not_chosen"]

logger = logging.getLogger(__name__)

VIDEOS_CHECKED = 8
"""On how many of a run's first videos a graph of bytes is compared with the model."""


def why_not_chosen(model: object) -> str | None:
    """Return why there is no graph to choose for a model, in words that end a sentence; None if there is one."""
    if not isinstance(model, VideoTextModel):
        return "only a CLIP, SigLIP or PE-Core with a method is exported"
    if model.device.type != "cpu":
        return f"it computes on {model.device}, and graphs on the processor"
    if model.dtype != torch.float32:
        return f"it computes in {model.computation.precision}, and graphs are made of float32"
    return why_not_exported(model.backbone, model.method)


class ChoosingEncoder(StandIn):
    """A model whose videos are encoded by what is fastest and as good; it chooses when the first ones come.

    First it makes the model's graph in float32, then one of bytes; that one is taken if it agrees with the first on the
    videos at hand (`gate.py`), if need be with outliers smoothed and some layers in float. Otherwise it takes bfloat16
    on a processor that has instructions for it, and else the graph in float32. For ViT-B/32's shape all that takes
    about half a minute, at most two; the choice is kept in the cache. The graph in float32 stays open until enough
    videos were compared with it: it is what it was checked to be, the model in half the time.

    Args:
        model: a model for which `why_not_chosen` gives None. It may compute in bfloat16 afterwards.
        precision: "auto", or "float32" for the graph in float32.
        on_notice: called with a line for people when something is made.
    """

    def __init__(
        self, model: VideoTextModel, *, precision: str = "auto", on_notice: Callable[[str], None] | None = None
    ) -> None:
        self._model, self._precision, self._on_notice = model, precision, on_notice
        self._lock = threading.Lock()
        self._graph: OnnxEncoder | None = None
        self._plain: VideoGraph | None = None
        self._computation: Computation | None = None
        self._still_to_check = 0
        self._checked: set[bytes] = set()
        self._queries: np.ndarray | None = None

    @property
    def model(self) -> VideoTextModel:
        """The model that encodes what no graph does."""
        return self._model

    @property
    def computation(self) -> Computation:
        """What encodes videos; until the first come, the model."""
        return self._computation or self.model.computation

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (B, F, 3, S, S) into embeddings float32 (B, E) of unit length.

        The first call chooses, others wait for it. What was chosen just now is compared with the graph in float32 on
        the videos of the next calls as well, until it has been on enough.
        """
        if (compared := self._decide(pixel_values)) is not None:
            return compared[0]
        return (self._graph or self.model).embed_videos(pixel_values)

    @property
    def encodes_frames_alone(self) -> bool:
        """Whether `encode_each` and `pool_frames` work, by the model and by a graph; see `SharesFrames`."""
        return shares_frames(self.model)

    def encode_each(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (N, 3, S, S) of any frames into features float32 (N, E), of any length."""
        if self._is_undecided():
            videos = filled_up(pixel_values, self.sampling.num_frames)
            if (compared := self._decide(videos)) is not None:
                return compared[1].reshape(-1, compared[1].shape[-1])[: len(pixel_values)]
        return (self._graph or self.model).encode_each(pixel_values)

    def pool_frames(self, features: np.ndarray) -> np.ndarray:
        """Turn features float32 (B, F, E) of videos' frames into embeddings float32 (B, E) of unit length."""
        return self.model.pool_frames(features)

    @property
    def max_threads(self) -> int:
        """See :class:`framecue.encoder.SharesCores`."""
        return self.model.max_threads

    @property
    def frames_per_batch(self) -> int:
        """About how many frames are best encoded at once: one video, whatever will be chosen."""
        return self.sampling.num_frames

    @property
    def shape_key(self) -> str:
        """The model's, and that what encodes it is chosen."""
        return f"{self.model.shape_key}-{self._precision}"

    def one_core(self) -> AbstractContextManager[None]:
        """Return a context within which this thread encodes on one core."""
        return self.model.one_core()

    def _is_undecided(self) -> bool:
        return self._computation is None or self._still_to_check > 0

    def _decide(self, pixel_values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Choose, or compare once more, on videos float32 (B, F, 3, S, S).

        Returns:
            Where it compared, and what was chosen stays: the vectors of the videos (B, E) and of their frames
            (B, F', E), which were made for it.
        """
        if self._computation is None:
            with self._lock:
                if self._computation is None:
                    self._choose(pixel_values)
                    return None
        return self._check_again(pixel_values) if self._still_to_check > 0 else None

    def _query_vectors(self) -> np.ndarray:
        """Return the vectors of the queries by whose ranks is compared, made once: they take seconds."""
        if self._queries is None:
            self._queries = self.model.embed_texts(ordinary_queries())
        return self._queries

    def _queries_on_one_core(self) -> np.ndarray:
        with self.model.one_core():
            return self._query_vectors()

    def _not_checked(self, pixel_values: np.ndarray) -> list[int]:
        """Return the places of those of the videos that nothing was compared on yet, and note them."""
        digests = [hashlib.blake2b(np.ascontiguousarray(video).data).digest() for video in pixel_values]
        new = {digest: place for place, digest in reversed([*enumerate(digests)]) if digest not in self._checked}
        self._checked.update(digests)
        return sorted(new.values())

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """See :class:`framecue.encoder.Encoder`."""
        return (self._graph or self.model).embed_frames(pixel_values)

    def check_texts(self) -> None:
        """See :class:`framecue.encoder.ChecksTexts`."""
        self.model.check_texts()

    def _choose(self, pixel_values: np.ndarray) -> None:
        fingerprint = self.model.fingerprint()
        try:
            choice = read_choice(fingerprint, self._precision)
            if choice is None:
                if self._on_notice:
                    self._on_notice("choosing what encodes videos on this machine, which takes up to two minutes, once")
                new = self._not_checked(pixel_values)
                choice = self._make(fingerprint, pixel_values[new])
                self._still_to_check = VIDEOS_CHECKED - len(new)
            if choice.computation.runtime == "onnx":
                self._graph = chosen_encoder(fingerprint, self._precision)
                if self._graph is None:
                    raise ModelError("the graph that was chosen is damaged; the next run makes it anew")
            self._take(choice.computation)
        except Exception as error:
            # A run is not to end because it could have been faster, and what quantises raises whatever it meets.
            logger.warning("%s", error, exc_info=not isinstance(error, FramecueError))
            self._take(Computation("torch", _fast_precision(), first_line(error)))

    def _take(self, computation: Computation) -> None:
        if computation.runtime == "torch":
            self._graph = None
            self.model.to(getattr(torch, computation.precision))
        if computation.precision != "int8":
            self._still_to_check = 0
        if self._still_to_check <= 0:
            self._plain = None
        self._computation = computation

    def _check_again(self, pixel_values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Compare the graph of bytes with the one in float32 on further videos, and return what it makes of all.

        Several threads may compare at once, each other videos. Where the graph fails, it is never taken again.
        """
        with self._lock:
            graph, plain = self._graph, self._plain
            if graph is None or plain is None:
                return None
            new = self._not_checked(pixel_values)
            if not new:
                return None
            self._still_to_check -= len(new)
            if self._still_to_check <= 0:
                self._plain = None  # who compares still holds it
        embeddings, frames = graph.video.embed(pixel_values)
        found = check(plain.embed_videos(pixel_values[new]), embeddings[new], self._query_vectors())
        if found.passes:
            return embeddings, frames
        with self._lock:
            if self._graph is not None:  # no other thread has found the same
                self._reject(found)
        return None

    def _reject(self, found: Check) -> None:
        """Take the model in place of the graph of bytes, in this run and in later ones."""
        computation = Computation("torch", _fast_precision(), f"int8 is too far off: {_words(found)}")
        fingerprint = self.model.fingerprint()
        name = choice_name(fingerprint, self._precision)
        with suppress(FramecueError):
            forget_graph(fingerprint, name)
            with write_graph(fingerprint, name) as new:
                new.details |= details_of(self.model, computation, graph=None, checks=[found])
        self._take(computation)

    def _make(self, fingerprint: Fingerprint, pixel_values: np.ndarray) -> Choice:
        """Make the graphs, choose, and keep the choice; a graph that is not chosen is not kept."""
        name = choice_name(fingerprint, self._precision)
        frames = fingerprint.sampling.num_frames
        with write_graph(fingerprint, name) as new:
            plain = new.folder / video_graph_name(frames, "float32")
            off = export_video_graph(self.model.backbone, self.model.method, plain, num_frames=frames)
            computation, graph = Computation("onnx", "float32"), plain.name
            checks: list[Check] = []
            if self._precision == "auto":
                small = new.folder / f"{name.replace('-auto-', '-int8-')}.onnx"
                # Quantising keeps one core busy, and the queries' vectors another meanwhile.
                with ThreadPoolExecutor(1) as beside:
                    queries = beside.submit(self._queries_on_one_core)
                    kept, checks = quantised_graph(plain, small, pixel_values, queries.result)
                graph = small.name
                if kept is not None:
                    computation = Computation("onnx", "int8", _words(checks[-1]))
                    self._plain = VideoGraph(plain)
                    plain.unlink()
                else:
                    small.unlink(missing_ok=True)
                    computation = _fast(f"int8 is too far off: {_words(checks[-1])}")
                    graph = plain.name
                    if computation.runtime == "torch":
                        plain.unlink()
            chosen = graph if computation.runtime == "onnx" else None
            if chosen is not None:
                mark(new.folder / chosen, graph_key(fingerprint))
            new.details |= details_of(self.model, computation, graph=chosen, checks=checks, largest_difference=off)
        made = read_choice(fingerprint, self._precision)
        assert made is not None
        return made


def quantised_graph(
    source: Path, target: Path, pixel_values: np.ndarray, queries: Callable[[], np.ndarray]
) -> tuple[Plan | None, list[Check]]:
    """Write the first quantised graph that may stand for one in float32.

    Args:
        source: the graph in float32.
        target: the file to write; what is there after failing tries means nothing.
        pixel_values: float32 (B, F, 3, S, S), on which they are compared.
        queries: returns vectors of texts (N, E), unit length; it is called when there is a graph to compare.

    Returns:
        How it was quantised, None if no try was good enough; and the checks of all tries.
    """
    reduced = not multiplies_bytes_exactly()
    wanted = VideoGraph(source).embed_videos(pixel_values)
    tried: list[Plan] = []

    def attempt(plan: Plan) -> Check:
        quantise(source, target, plan)
        tried.append(plan)
        return check(wanted, VideoGraph(target).embed_videos(pixel_values), queries())

    place, checks = first_that_passes([partial(attempt, Plan(reduce_range=reduced))])
    if place < 0:
        found = products(source)
        others = plans(found, activation_ranges(source, found, pixel_values), reduce_range=reduced)
        place, more = first_that_passes([partial(attempt, plan) for plan in others])
        checks += more
    return (None if place < 0 else tried[-1]), checks


def shares_frames(model: VideoTextModel) -> bool:
    """Whether a graph's vectors of single frames make a video's: of unit length, so only by a mean of directions."""
    return model.encodes_frames_alone and type(model.method).pool is Method.pool


def steps_of(model: VideoTextModel) -> Steps:
    """Return how a model's frames are prepared."""
    own = model.backbone.preprocess
    return Steps(
        resize=own.resize, crop=own.crop, mean=own.mean, std=own.std, filter=own.filter, short_side=own.short_side
    )


def details_of(
    model: VideoTextModel,
    computation: Computation,
    *,
    graph: str | None,
    checks: Sequence[Check],
    largest_difference: float | None = None,
) -> dict[str, Any]:
    """Return what graph.json notes of a choice: what, why, what was checked and how far it was off, and versions."""
    return {
        "runtime": computation.runtime,
        "precision": computation.precision,
        "reason": computation.reason,
        "graph": graph,
        "steps": steps_of(model).to_dict(),
        "frames_alone": shares_frames(model),
        "largest_difference": largest_difference,
        "needs_exact_products": computation.precision == "int8" and multiplies_bytes_exactly(),
        "checks": [asdict(each) for each in checks],
        "versions": {"torch": torch.__version__, "onnxruntime": runtime_version()},
    }


def _fast(why: str) -> Computation:
    """Return what is fastest without bytes: bfloat16 where there are instructions for it, else a graph in float32."""
    precision = _fast_precision()
    return Computation("onnx" if precision == "float32" else "torch", precision, why)


def _fast_precision() -> str:
    return str(fast_dtype()).removeprefix("torch.")


def _words(found: Check) -> str:
    return f"cosine {found.cosine:.5f}, ranks of {len(ordinary_queries())} queries {found.rank_correlation:.4f}"
