"""An encoder whose videos go through an exported graph: the whole `Encoder` protocol, and no torch for videos.

Shapes: B videos, F frames a video, S pixels, N texts, E the embedding's width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from framecue.cores import num_cores
from framecue.encoder import (
    Computation,
    Encoder,
    EncoderSpec,
    Fingerprint,
    known_share_of,
    learner_of,
    load_encoder,
)
from framecue.errors import InputError, ModelError
from framecue.exported.cache import graph_key, read_folder
from framecue.exported.machine import multiplies_bytes_exactly
from framecue.exported.text import TEXT_GRAPH, TextGraph
from framecue.exported.video_graph import VideoGraph
from framecue.names.taught import Lesson, TaughtTokens
from framecue.paths import absolute_path
from framecue.pixel_steps import normalise, resize_and_crop
from framecue.video.read.sampling import FrameSampling

__all__ = ["OnnxEncoder", "Steps", "filled_up", "holds_graphs", "load_described", "load_exported"]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """From frames to pixel values: resize, centre crop, normalise; see :mod:`framecue.pixel_steps`.

    Attributes:
        resize: the short side, or (height, width).
        crop: (height, width), or None.
        mean: of each channel, in [0, 1].
        std: of each channel.
        filter: "bicubic" or "bilinear".
        short_side: to which larger frames may be scaled before.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    filter: str
    short_side: int

    def to_dict(self) -> dict[str, Any]:
        """Return what graph.json holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Steps:
        """Return what graph.json says.

        Raises:
            TypeError: it says something else.
        """
        lists: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**lists)


class EmbedsTexts(Protocol):
    """What encodes the texts beside a graph of videos."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See :class:`framecue.encoder.Encoder`."""
        ...

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """See :class:`framecue.encoder.LearnsNames`."""
        ...

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """See :class:`framecue.encoder.KnowsWords`."""
        ...


class OnnxEncoder:
    """An encoder of exported graphs.

    Its fingerprint is that of the model it was made of: what a graph computes with is recorded, and refuses nothing.

    Args:
        fingerprint: the model's.
        video: the opened graph.
        steps: how frames are prepared.
        precision: what the graph computes in, "float32" or "int8".
        texts: returns what encodes texts, when the first are to be encoded; None for the model itself.
        folder: from where another process can load it; None for the model itself.
        reason: why its graph computes in this precision, for people.
        frames_alone: whether the method encodes each frame as if there were no other, and takes the mean.
    """

    offline = True
    has_captioner = False

    def __init__(
        self,
        fingerprint: Fingerprint,
        video: VideoGraph,
        steps: Steps,
        *,
        precision: str,
        texts: Callable[[], EmbedsTexts] | None = None,
        folder: Path | None = None,
        reason: str | None = None,
        frames_alone: bool = False,
    ) -> None:
        self._fingerprint, self.video, self.steps, self.folder = fingerprint, video, steps, folder
        self._precision, self._reason, self.encodes_frames_alone = precision, reason, frames_alone
        self._make_texts = texts
        self._texts: EmbedsTexts | None = None
        self._loaded: Encoder | None = None

    @property
    def method_name(self) -> str:
        """The method's name."""
        return self._fingerprint.method

    @property
    def sampling(self) -> FrameSampling:
        """Which frames of a video are encoded."""
        return self._fingerprint.sampling

    @property
    def short_side(self) -> int:
        """See :class:`framecue.encoder.Encoder`."""
        return self.steps.short_side

    @property
    def computation(self) -> Computation:
        """What encodes videos."""
        return Computation("onnx", self._precision, self._reason)

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the model that the graphs were made of."""
        return self._fingerprint

    def spec(self) -> EncoderSpec:
        """Return a description from which another process loads the same graphs."""
        named = EncoderSpec(fingerprint=self._fingerprint.with_absolute_places())
        if self.folder is None:
            return named
        return replace(named, precision=self._precision, exported=absolute_path(self.folder))

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames uint8 (F, H, W, 3) into pixel values float32 (F, 3, S, S), to the bit as the model does."""
        steps = self.steps
        pixels = resize_and_crop(frames, resize=steps.resize, crop=steps.crop, filter=steps.filter)
        return normalise(pixels, mean=steps.mean, std=steps.std)

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (B, F, 3, S, S) into embeddings float32 (B, E) of unit length.

        Raises:
            InputError: they have another number of frames than the graph.
        """
        wanted = self.sampling.num_frames
        if pixel_values.ndim != 5 or pixel_values.shape[1] != wanted:
            raise InputError(
                f"pixel values must be (B, {wanted}, 3, S, S) for a graph of {wanted} frames, got {pixel_values.shape}"
            )
        return self.video.embed_videos(pixel_values)

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (F, 3, S, S) of one video into vectors float32 (F, E), unit length, one a frame."""
        return self.video.embed_frames(pixel_values)

    def encode_each(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (N, 3, S, S) of any frames into unit vectors float32 (N, E)."""
        videos = filled_up(pixel_values, self.sampling.num_frames)
        vectors: np.ndarray = np.concatenate([self.video.embed_frames(video) for video in videos])[: len(pixel_values)]
        return vectors

    def pool_frames(self, features: np.ndarray) -> np.ndarray:
        """Turn the unit vectors float32 (B, F, E) of videos' frames into embeddings float32 (B, E), unit length."""
        means = features.mean(axis=1)
        vectors: np.ndarray = means / np.linalg.norm(means, axis=-1, keepdims=True)
        return vectors

    @property
    def max_threads(self) -> int:
        """How many threads may encode at once, each on one core; see :class:`framecue.encoder.SharesCores`."""
        return num_cores()

    @property
    def frames_per_batch(self) -> int:
        """About how many frames are best encoded at once: a graph takes one video."""
        return self.sampling.num_frames

    @property
    def shape_key(self) -> str:
        """What the speed depends on: the graph."""
        return f"onnx-{self._precision}-{graph_key(self._fingerprint)}"

    def one_core(self) -> AbstractContextManager[None]:
        """Return a context that changes nothing: a graph is computed by the thread that calls."""
        return nullcontext()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length."""
        return (self._exported_texts() or self._model()).embed_texts(texts)

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts with taught names into embeddings float32 (N, E) of unit length; see `LearnsNames`."""
        return (self._exported_texts() or learner_of(self._model())).embed_named_texts(texts, names)

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """Return how much of each text is made of words that the model was made for; see `KnowsWords`."""
        exported = self._exported_texts()
        return known_share_of(self._model(), texts) if exported is None else exported.known_share(texts)

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """Learn token embeddings for a name, by the model itself: a graph has no gradients; see `LearnsNames`.

        Raises:
            ModelError: the model can no longer be found.
        """
        return learner_of(self._model()).learn_name(lesson, on_step=on_step)

    def _exported_texts(self) -> EmbedsTexts | None:
        if self._texts is None and self._make_texts is not None:
            self._texts = self._make_texts()
        return self._texts

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """Raise: exported graphs write no captions.

        Raises:
            InputError: always.
        """
        raise InputError("exported graphs have no captioner; use the model itself (--runtime torch), or no captions")

    def check_texts(self) -> None:
        """Raise if texts cannot be encoded.

        Raises:
            ModelError: they cannot.
        """
        self.embed_texts(["a"])

    def _model(self) -> Encoder:
        if self._loaded is None:
            self._loaded = load_encoder(EncoderSpec(fingerprint=self._fingerprint))
        return self._loaded


def filled_up(pixel_values: np.ndarray, num_frames: int) -> np.ndarray:
    """Return frames (N, 3, S, S) as videos (B, F, 3, S, S), for a graph of F frames; the last frame fills up."""
    missing = -len(pixel_values) % num_frames
    filled = np.concatenate([pixel_values, np.repeat(pixel_values[-1:], missing, axis=0)])
    return filled.reshape(-1, num_frames, *pixel_values.shape[1:])


def holds_graphs(place: str | Path) -> bool:
    """Whether a folder holds exported graphs, as ``framecue export`` writes them."""
    return read_folder(Path(place)) is not None


def load_exported(place: str | Path) -> OnnxEncoder:
    """Load the encoder of a folder that ``framecue export`` wrote.

    Raises:
        ModelError: the folder holds no graph of videos, or a damaged one.
        RuntimeMissingError: ONNX Runtime is not installed.
    """
    folder = Path(place)
    found = read_folder(folder)
    video = None if found is None else next((each for name, each in found[1].items() if name.startswith("video")), None)
    if found is None or video is None:
        raise ModelError(f"{folder}: holds no exported graph of videos; `framecue export MODEL` makes one")
    texts = (lambda: TextGraph(folder)) if TEXT_GRAPH in found[1] else None
    return opened_encoder(found[0], folder, video, texts=texts)


def opened_encoder(
    fingerprint: Fingerprint,
    folder: Path,
    details: Mapping[str, Any],
    *,
    texts: Callable[[], EmbedsTexts] | None = None,
    reason: str | None = None,
) -> OnnxEncoder:
    """Return the encoder of a graph that graph.json describes; `texts` and `reason` as for `OnnxEncoder`.

    Raises:
        ModelError: graph.json is damaged, or the graph is.
        RuntimeMissingError: ONNX Runtime is not installed.
    """
    try:
        steps, file, precision = Steps.from_dict(details["steps"]), str(details["graph"]), str(details["precision"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: graph.json is damaged ({error}); export the model again") from error
    if details.get("needs_exact_products") and not multiplies_bytes_exactly():
        raise ModelError(
            f"{folder}: its graph was made for processors that multiply bytes without overflow, which this one does "
            "not; export the model again on this machine, or with --precision fp32"
        )
    return OnnxEncoder(
        fingerprint,
        VideoGraph(folder / file, key=graph_key(fingerprint)),
        steps,
        precision=precision,
        texts=texts,
        folder=folder,
        reason=reason,
        frames_alone=bool(details.get("frames_alone")),
    )


def load_described(spec: EncoderSpec) -> OnnxEncoder:
    """Load the graphs that a description names; :data:`framecue.encoder.ENCODERS` refers to this function.

    Raises:
        ModelError: they are no longer there.
        RuntimeMissingError: ONNX Runtime is not installed.
    """
    if spec.exported is None:
        raise ModelError(f"{spec.fingerprint.backbone}: the description names no folder of exported graphs")
    return load_exported(spec.exported)
