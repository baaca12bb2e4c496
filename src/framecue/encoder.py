"""What a library needs from a model: the encoder, its fingerprint, and a description to load it in other processes.

An encoder takes and returns NumPy arrays, so one can be written without torch (an exported graph, another framework).
:class:`framecue.VideoTextModel` is one.

Shapes: B videos, F frames a video, S pixels, N texts, E the joint embedding's width.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np

from framecue.assets import find_bundled
from framecue.errors import LibraryError, ModelError
from framecue.names.taught import Lesson, TaughtTokens
from framecue.paths import absolute_path, is_dir, user_path
from framecue.plugins import Registry
from framecue.video.read.sampling import FrameSampling

__all__ = [
    "ALL_ENCODERS",
    "ENCODERS",
    "ChecksTexts",
    "Computation",
    "Encoder",
    "EncoderSpec",
    "Fingerprint",
    "KnowsWords",
    "LearnsNames",
    "SaysComputation",
    "SharesCores",
    "SharesFrames",
    "TakesFrames",
    "encodes_frames_alone",
    "known_share_of",
    "learner_of",
    "load_encoder",
]

# Fields that tell where to find something, each with the field that identifies its content.
_PLACES = (("backbone", "revision"), ("adapter_source", "adapter"))
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The identity of what made a library's vectors; two encoders with equal fingerprints make equal vectors.

    The vectors are equal up to the rounding of floating-point numbers: a library made in bfloat16 can be searched in
    float32, so the fingerprint does not hold the precision. It holds quantisation (``numerics``), which changes them.

    Attributes:
        backbone: the model's name or folder.
        revision: the hub's commit, or a hash of the folder's weights.
        method: the method's name in the registry.
        options: the method's configuration, as in JSON (lists for tuples).
        parameters: hash of the method's own parameters if they do not come from an adapter; None for none.
        adapter: hash of the adapter's files; None without one.
        adapter_source: where the adapter is.
        sampling: which frames of a video are encoded.
        embedding_dim: E.
        numerics: what the weights were quantised to ("int8"); None for floating-point numbers.
        encoder: the name under which its loader is registered; None for framecue's own models.
    """

    backbone: str
    embedding_dim: int
    sampling: FrameSampling
    method: str = "mean-pool"
    options: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None
    parameters: str | None = None
    adapter: str | None = None
    adapter_source: str | None = None
    numerics: str | None = None
    encoder: str | None = None

    def __post_init__(self) -> None:
        # As in a library's metadata: a tuple and a list of the same values are the same options.
        object.__setattr__(self, "options", json.loads(json.dumps(dict(self.options))))

    def to_dict(self) -> dict[str, Any]:
        """Return the document that a library stores and ``framecue info --json`` prints."""
        document: dict[str, Any] = {
            "backbone": self.backbone,
            "revision": self.revision,
            "method": self.method,
            "options": dict(self.options),
            "parameters": self.parameters,
            "adapter": self.adapter,
            "adapter_source": self.adapter_source,
            "sampling": self.sampling.to_dict(),
            "embedding_dim": self.embedding_dim,
        }
        # These two are left out if they are None, as in libraries that are older than they are.
        return document | {name: value for name in ("numerics", "encoder") if (value := getattr(self, name))}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Fingerprint:
        """Return the fingerprint in a document that a library stores; optional keys may be absent.

        Raises:
            LibraryError: a key is unknown, as in a library of a later framecue, or a required one is missing.
        """
        fields = dict(document)
        unknown = sorted(fields.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise LibraryError(
                f"the library's fingerprint has {', '.join(unknown)}, which this framecue does not know; "
                "use the framecue that made the library, or a later one"
            )
        try:
            sampling = FrameSampling(**fields.pop("sampling"))
            options = fields.pop("options", None) or {}
            return cls(sampling=sampling, options=options, **fields)
        except (KeyError, TypeError) as error:
            raise LibraryError(f"the library's fingerprint is damaged: {error}") from error

    def differences(self, other: Fingerprint) -> dict[str, tuple[Any, Any]]:
        """Return the fields that differ, nested ones as ``sampling.num_frames``: (this one's value, the other's).

        The places of weights (``backbone``, ``adapter_source``) are left out if both sides have the same weights: the
        same weights in another place fit.
        """
        ours, theirs = _flat(self.to_dict()), _flat(other.to_dict())
        names = [*ours, *(name for name in theirs if name not in ours)]
        for place, content in _PLACES:
            if ours.get(content) is not None and ours[content] == theirs.get(content):
                names.remove(place)
        return {
            name: (ours.get(name), theirs.get(name))
            for name in names
            if ours.get(name, _ABSENT) != theirs.get(name, _ABSENT)
        }

    def places(self) -> list[str]:
        """Return where the weights are: the backbone's name or folder, and the adapter's if there is one."""
        return [place for place in (self.backbone, self.adapter_source) if place is not None]

    def content(self) -> dict[str, Any]:
        """Return what the model computes: the document without the places of weights that are known by their hash."""
        document = self.to_dict()
        for place, content in _PLACES:
            if document[content] is not None:
                del document[place]
        return document

    def with_absolute_places(self) -> Fingerprint:
        """Return the fingerprint with absolute folders, so that its model is found from any working folder.

        A bundled name stays as it is: it means the same everywhere, even if there is a folder of that name.
        """
        source = self.adapter_source
        return replace(
            self, backbone=_absolute(self.backbone), adapter_source=None if source is None else _absolute(source)
        )


class Encoder(Protocol):
    """Encodes videos and texts as unit vectors of one space, in which the inner product is their similarity."""

    @property
    def method_name(self) -> str:
        """The method's name, for messages."""
        ...

    @property
    def offline(self) -> bool:
        """Whether a video's embedding depends on the video alone, so that it can be indexed."""
        ...

    @property
    def has_captioner(self) -> bool:
        """Whether :meth:`describe` works."""
        ...

    @property
    def sampling(self) -> FrameSampling:
        """Which frames of a video are encoded."""
        ...

    @property
    def short_side(self) -> int:
        """The short side, in pixels, to which larger frames may be scaled before :meth:`prepare`."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Return what distinguishes this encoder's vectors from those of others."""
        ...

    def spec(self) -> EncoderSpec:
        """Return a description from which another process makes an encoder of its own."""
        ...

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames uint8 (F, H, W, 3), RGB, into pixel values float32 (F, 3, S, S); may run in any thread.

        Where the sampling leaves out what a short video does not have (``repeat_last`` is false), F may be smaller for
        frames than for the pixel values, which are of one shape.
        """
        ...

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (B, F, 3, S, S) into embeddings float32 (B, E) of unit length."""
        ...

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (F, 3, S, S) of one video into unit vectors float32 (F, E), one a frame.

        Those of frames that the video does not have, the last ones, mean nothing.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length."""
        ...

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """Return captions for pixel values float32 (B, F, 3, S, S), one a video.

        Raises:
            InputError: there is no captioner.
        """
        ...


@runtime_checkable
class TakesFrames(Protocol):
    """An encoder that may make frames ready itself, on the device where it computes."""

    @property
    def takes_frames(self) -> bool:
        """Whether it does: then it is given frames as they are decoded, and :meth:`Encoder.prepare` is not called."""
        ...

    @property
    def frames_at_once(self) -> int:
        """How many frames it wants at once, all videos together."""
        ...

    def embed_raw(self, videos: Sequence[np.ndarray]) -> np.ndarray:
        """Turn videos' frames, each uint8 (F, H, W, 3), RGB, into embeddings float32 (B, E) of unit length.

        Those are what :meth:`Encoder.prepare` and :meth:`Encoder.embed_videos` give, up to rounding.
        """
        ...


@runtime_checkable
class ChecksTexts(Protocol):
    """An encoder that knows beforehand whether it can encode texts: a new library asks it before it encodes videos."""

    def check_texts(self) -> None:
        """Raise if texts cannot be encoded.

        Raises:
            ModelError: they cannot, as with a model that has no tokenizer.
        """
        ...


@runtime_checkable
class KnowsWords(Protocol):
    """An encoder that knows which words it was made for: where it puts others means nothing."""

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """Return how much of each text is made of words that the model was made for, float64 (N,), in [0, 1].

        Raises:
            InputError: a text is empty, too long or not Unicode.
        """
        ...


def known_share_of(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """Return how much of each text is made of words that an encoder was made for, float64 (N,); 1 if it cannot tell.

    Raises:
        InputError: a text is empty, too long or not Unicode.
    """
    return encoder.known_share(texts) if isinstance(encoder, KnowsWords) else np.ones(len(texts))


@runtime_checkable
class LearnsNames(Protocol):
    """An encoder whose text tower can be taught names: one without cannot take a name in a text."""

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """Learn token embeddings for a name; every weight of the model stays as it is.

        Args:
            lesson: what it is learnt from.
            on_step: called with (steps done, steps in all).

        Raises:
            InputError: the lesson makes no sense: no example, vectors of another width, a coarse word of no token.
            ModelError: the model has no text tower that takes token embeddings.
        """
        ...

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length, names in them read as what was taught.

        A text without any of the names gets what :meth:`Encoder.embed_texts` gives, to the bit.

        Raises:
            InputError: a text is empty, too long or not Unicode.
            ModelError: the names were taught to another model.
        """
        ...


def learner_of(encoder: Encoder) -> LearnsNames:
    """Return an encoder as one that learns names.

    Raises:
        ModelError: its text tower takes no token embeddings.
    """
    if isinstance(encoder, LearnsNames):
        return encoder
    raise ModelError(
        f"{encoder.fingerprint().backbone}: a model of this kind ({encoder.method_name}) has no text tower that takes "
        "token embeddings, so it cannot be taught names; a library with a CLIP, SigLIP or PE-Core can"
    )


@runtime_checkable
class SharesFrames(Protocol):
    """An encoder that can encode frames apart from their videos: one that several segments show is encoded once.

    ``pool_frames`` of ``encode_each`` is what ``embed_videos`` returns, up to the rounding of floating-point numbers.
    """

    @property
    def encodes_frames_alone(self) -> bool:
        """Whether the two methods below work: whether no frame is seen while another one is encoded."""
        ...

    def encode_each(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (N, 3, S, S) of any frames into features float32 (N, E'), of any length."""
        ...

    def pool_frames(self, features: np.ndarray) -> np.ndarray:
        """Turn the features float32 (B, F, E') of B videos' frames into embeddings float32 (B, E) of unit length."""
        ...


def encodes_frames_alone(encoder: object) -> TypeGuard[SharesFrames]:
    """Whether frames that several segments show may be encoded once."""
    return isinstance(encoder, SharesFrames) and encoder.encodes_frames_alone


@runtime_checkable
class SharesCores(Protocol):
    """An encoder that several threads may use at once, each on one core.

    Threads that share one computation wait for each other at its every step, so one core that has anything else to do
    (decoding the next file) holds all of them up. Threads that each encode videos of their own wait for nobody.
    An encoder without these is called by one thread, as it is.
    """

    @property
    def max_threads(self) -> int:
        """How many threads may call `embed_videos` and `describe` at once; 1 where the processor does not compute."""
        ...

    @property
    def frames_per_batch(self) -> int:
        """About how many frames a call of `embed_videos` takes, for its best speed where nothing has been measured."""
        ...

    @property
    def shape_key(self) -> str:
        """What the speed depends on: encoders with the same key and precision are equally fast on a machine."""
        ...

    def one_core(self) -> AbstractContextManager[None]:
        """Return a context within which what this thread calls computes on one core, where the processor computes."""
        ...


@dataclass(frozen=True)
class Computation:
    """What encodes videos. It is recorded, and refuses nothing: vectors differ by what is allowed to rounding.

    Attributes:
        runtime: "torch" or "onnx".
        precision: "float32", "bfloat16" or "int8".
        reason: in words why it is this one, for people; None if there was nothing to choose.
    """

    runtime: str
    precision: str
    reason: str | None = None

    def to_dict(self) -> dict[str, str]:
        """Return what ``framecue index --json`` and ``framecue info --json`` print."""
        return {"runtime": self.runtime, "precision": self.precision}


@runtime_checkable
class SaysComputation(Protocol):
    """An encoder that knows what its videos are encoded by; it may be chosen when the first are."""

    @property
    def computation(self) -> Computation:
        """What encodes videos."""
        ...


@dataclass(frozen=True, kw_only=True)
class EncoderSpec:
    """A small description of an encoder that can be pickled: names, hashes and precision, but no weights.

    Attributes:
        fingerprint: of the encoder, with absolute folders.
        precision: the type that it computes in, "float32" or "bfloat16", or "int8" of exported graphs.
        device: where it computes, such as "cpu" or "cuda:1"; None for the device of the process that loads it.
        near: places beside which to look for a folder of the model or the adapter that is no longer where it was.
        exported: the folder of the model's exported graphs, which are loaded in its place; None for the model itself.
    """

    fingerprint: Fingerprint
    precision: str = "float32"
    device: str | None = None
    near: tuple[str, ...] = ()
    exported: str | None = None

    def load(self) -> Encoder:
        """Load the encoder in this process.

        Raises:
            ModelError: the backbone cannot be found, or now makes other vectors.
            AdapterError: the adapter cannot be found.
        """
        encoder = load_encoder(self)
        differing = self.fingerprint.differences(encoder.fingerprint())
        if differing:
            shown = ", ".join(f"{name} was {ours!r} and is {theirs!r}" for name, (ours, theirs) in differing.items())
            raise ModelError(
                f"{self.fingerprint.backbone}: what is loaded now is another model: {shown}; "
                "save what was trained as an adapter, and use the same files everywhere"
            )
        return encoder


Loader = Callable[[EncoderSpec], Encoder]

FRAMECUE, EXPORTED = "framecue", "onnx"
_EMBEDDERS = "framecue.embedders.choose:load_described_embedder"
ENCODERS: dict[str, str | Loader] = {
    FRAMECUE: "framecue.exported.late:load_described",
    EXPORTED: "framecue.exported.encoder:load_described",
    "videoprism": _EMBEDDERS,
    "sentence-transformers": _EMBEDDERS,
}
"""The loaders of encoders by name: functions that load one from its description, or where to find such a function.

framecue's own loaders are named, not imported, so that this module imports neither the models nor torch.
"""


def _why_not(name: str, found: Any) -> str | None:
    return None if callable(found) else "it is no function that makes an encoder of an EncoderSpec"


ALL_ENCODERS: Registry[str | Loader] = Registry("encoder", "framecue.encoders", ENCODERS, _why_not)
"""`ENCODERS`, and the loaders that other packages register."""


def load_encoder(spec: EncoderSpec) -> Encoder:
    """Load the encoder that a description names, without checking that it makes the same vectors.

    Raises:
        UnknownNameError: no such encoder is registered.
        InputError: the name is registered twice, or the package that registers it cannot be loaded.
        ModelError: the backbone cannot be found.
        AdapterError: the adapter cannot be found, or it is not known where it was.
    """
    found = ALL_ENCODERS.get(EXPORTED if spec.exported else spec.fingerprint.encoder or FRAMECUE)
    load: Loader = resolve_name(found) if isinstance(found, str) else found
    return load(spec)


def _absolute(place: str) -> str:
    is_bundled = find_bundled(place, "model") or find_bundled(place, "adapter")
    return place if is_bundled or not is_dir(user_path(place)) else absolute_path(place)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
