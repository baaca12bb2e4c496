"""VideoTextModel, a backbone with a method: the one model object that training, evaluation and libraries share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone, hash_of_tensors
from framecue.backbone.one_core import FRAMES_A_CORE, in_parts, max_threads, one_core
from framecue.checks import check_texts
from framecue.device.frame_encoder import FRAMES_AT_ONCE, FrameEncoder
from framecue.encode_files import EncodedVideos, encode_pictures, encode_videos
from framecue.encoder import Computation, EncoderSpec, Fingerprint
from framecue.errors import InputError, NotOfflineError
from framecue.known_words import known_share
from framecue.methods import Method
from framecue.methods.absent import absent_frames, filled, mark_absent, with_absent
from framecue.names.taught import Lesson, TaughtTokens
from framecue.pictures import ImageLike
from framecue.progress import ProgressCallback
from framecue.textual_inversion.encode import named_features, read_texts
from framecue.video import FrameSampling, FrameSource, IsolatedFrameSource, VideoSource

__all__ = ["VideoTextModel"]

_FRAMES_A_GPU = 64


class VideoTextModel(nn.Module):
    """Encodes videos and texts as unit vectors of one space, in which the inner product is their similarity.

    Shapes: B videos, F frames a video, S pixels, N texts, T tokens, E the joint embedding's width.

    Args:
        backbone: the towers.
        method: how the towers are used.
        method_name: its name in the registry.
        adapter: hash of the adapter's files from which the weights came; None for an untrained method.
    """

    def __init__(
        self, backbone: Backbone, method: Method, *, method_name: str = "mean-pool", adapter: str | None = None
    ) -> None:
        super().__init__()
        self.backbone, self.method = backbone, method
        self.method_name, self.adapter = method_name, adapter
        self.adapter_source: str | None = None
        self._frame_encoder: FrameEncoder | None = None

    def __getstate__(self) -> dict[str, Any]:
        # What belongs to a device of this process is made anew where it is wanted.
        return self.__dict__ | {"_frame_encoder": None}

    @property
    def embedding_dim(self) -> int:
        """The joint embedding's width E."""
        return self.backbone.vision.embedding_dim

    @property
    def offline(self) -> bool:
        """Whether a video's embedding depends on the video alone, so that it can be indexed."""
        return self.method.offline

    @property
    def has_captioner(self) -> bool:
        """Whether the method can describe a video in words: `caption_frames`."""
        return self.method.captioner is not None

    @property
    def sampling(self) -> FrameSampling:
        """Which frames of a video are encoded at test and in a library."""
        return self._sampling(self.method.config.num_test_frames)

    @property
    def train_sampling(self) -> FrameSampling:
        """Which frames of a video are encoded in training."""
        return self._sampling(self.method.config.num_frames)

    def _sampling(self, num_frames: int) -> FrameSampling:
        return FrameSampling(
            num_frames,
            chunk_frames=self.method.chunk_frames,
            repeat_last=self.method.config.short_videos == "repeat",
            frames_per_second=self.method.config.frames_per_second,
        )

    def take_grid(self, frames_per_second: float) -> None:
        """Take frames of a fixed grid in time from now on, as a frame store holds them; an adapter records it.

        Raises:
            InputError: the rate is not above 0 or too high, or the method was trained on another grid.
        """
        held = self.method.config.frames_per_second
        if held is not None and held != frames_per_second:
            raise InputError(f"the model takes {held:g} frames a second, not {frames_per_second:g}")
        self.method.config = replace(self.method.config, frames_per_second=frames_per_second)

    @property
    def short_side(self) -> int:
        """The short side to which larger frames may be scaled before `preprocess`; see `Preprocess.short_side`."""
        return self.backbone.preprocess.short_side

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.backbone.logit_scale.device

    @property
    def dtype(self) -> torch.dtype:
        """The type that the towers compute in."""
        return next(self.backbone.model.parameters()).dtype

    @property
    def computation(self) -> Computation:
        """What encodes videos: PyTorch, in the type that the towers compute in."""
        return Computation("torch", str(self.dtype).removeprefix("torch."))

    def preprocess(self, frames: np.ndarray | Tensor) -> Tensor:
        """Turn frames uint8 (F, H, W, 3), RGB, into pixel values float32 (F, 3, S, S), normalised.

        Of a method with `short_videos: mask`, fewer frames than at test get absent ones behind them (NaN).
        """
        pixels = self.backbone.preprocess.resize_and_crop(frames)
        if self.method.config.short_videos == "repeat":
            return self.backbone.preprocess.normalise(pixels)
        shown = with_absent(pixels, self.sampling.num_frames)
        return self.normalise(shown[None], torch.tensor([len(pixels)]))[0]

    def normalise(self, pixels: Tensor, num_real: Tensor | None = None) -> Tensor:
        """Turn the pixels of videos, uint8 (B, F, 3, S, S), into pixel values float32.

        Args:
            pixels: at the backbone's image size.
            num_real: int64 (B,), how many frames of each are real, the first ones; of a method with `short_videos:
                mask` the others are absent (NaN). None for all.
        """
        values = self.backbone.preprocess.normalise(pixels)
        if num_real is None or self.method.config.short_videos == "repeat":
            return values
        return mark_absent(values, num_real)

    def frame_features(self, pixel_values: Tensor) -> Tensor:
        """Return the features (B, F, E) of pixel values (B, F, 3, S, S), projected but neither normalised nor pooled.

        Raises:
            InputError: the shape is another, or the backbone does not take the image size, or the method the number of
                frames.
        """
        size = self.backbone.vision.image_size
        if pixel_values.ndim != 5 or pixel_values.shape[2:] != (3, size, size) or not pixel_values.numel():
            raise InputError(
                f"pixel_values must be (B, F, 3, {size}, {size}) for {self.backbone.name}, "
                f"got {tuple(pixel_values.shape)}; model.preprocess(frames) makes them"
            )
        pixel_values = pixel_values.to(self.device, self.dtype)
        if self.method.config.short_videos == "repeat":
            return self.method.encode_frames(self.backbone, pixel_values)
        absent = absent_frames(pixel_values)
        return self.method.encode_real_frames(self.backbone, filled(pixel_values, absent), absent)

    def text_features(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Return the features (N, E) of token ids (N, T) and a mask of the same shape, projected but not normalised.

        A method that also compares words returns (N, 1 + T, E); see `Method.encode_text`.

        Raises:
            InputError: the shape is another, or there are more tokens than the method takes.
        """
        context = self.method.text_length(self.backbone)
        if input_ids.ndim != 2 or not 1 <= input_ids.shape[1] <= context or not len(input_ids):
            raise InputError(
                f"input_ids must be (N, T) with T at most {context} for {self.backbone.name}, "
                f"got {tuple(input_ids.shape)}; model.tokenize(texts) makes them"
            )
        mask = None if attention_mask is None else attention_mask.to(self.device)
        return self.method.encode_text(self.backbone, input_ids.to(self.device), mask)

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Turn texts into ids (N, T) and a mask (N, T); texts that are too long for the method are cut."""
        return self.backbone.tokenize(texts, max_length=self.method.text_length(self.backbone))

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the cosines (N, B), float32, of the text features of N texts and the frame features of B videos.

        The features are as projected, not normalised. Every method has this. One that is not offline has nothing else,
        as it looks at the text while it pools a video's frames.
        """
        return self.method.similarity(text_features, frame_features).to(torch.float32)

    def forward(
        self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> dict[str, Tensor | None]:
        """Return what a training step needs from B videos (B, F, 3, S, S) and their captions (B, T).

        Returns:
            frame_features (B, F, E) and text_features (B, E), as projected, and auxiliary_loss, a scalar or None.
            `framecue.training.step.TrainingStep` makes a loss of them, also over several processes.
        """
        input_ids = input_ids.to(self.device)
        frame_features = self.frame_features(pixel_values)
        auxiliary = self.method.auxiliary_loss(self.backbone, frame_features, input_ids)
        return {
            "frame_features": frame_features,
            "text_features": self.text_features(input_ids, attention_mask),
            "auxiliary_loss": None if auxiliary is None else auxiliary.mean,
        }

    @torch.inference_mode()
    def encode_frames(self, pixel_values: Tensor) -> Tensor:
        """Return the video embeddings (B, E), float32, unit length, of pixel values (B, F, 3, S, S).

        On the processor each core encodes a few of the videos at a time; on a GPU all go through the model at once.

        Raises:
            NotOfflineError: the method has no embedding of a video alone.
        """
        self._need_offline()
        return self._in_parts(self._embeddings, pixel_values)

    def _embeddings(self, pixel_values: Tensor) -> Tensor:
        return _unit(self.method.pool(self.frame_features(pixel_values)))

    @torch.inference_mode()
    def encode_each_frame(self, pixel_values: Tensor) -> Tensor:
        """Return what `frame_features` does, without gradients, and on each core for other videos."""
        return self._in_parts(self.frame_features, pixel_values)

    def _in_parts(self, encode: Callable[[Tensor], Tensor], pixel_values: Tensor) -> Tensor:
        # What has another shape is told of as it is.
        is_split = self.device.type == "cpu" and pixel_values.ndim == 5 and not pixel_values.is_cuda
        return in_parts(encode, pixel_values) if is_split else encode(pixel_values)

    @torch.inference_mode()
    def encode_text(self, texts: str | Sequence[str]) -> Tensor:
        """Return the embeddings (N, E) of texts, float32, unit length.

        Raises:
            InputError: there is no text, or one has only spaces, is too long (10 000 characters) or not Unicode.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        check_texts(texts)
        features = self.text_features(*self.tokenize(texts))
        return _unit(features if features.ndim == 2 else features[:, 0])

    def encode_image(
        self, images: ImageLike | Iterable[ImageLike], *, source: VideoSource | None = None, batch_size: int = 1
    ) -> Tensor:
        """Return the embeddings (N, E) of pictures, float32, unit length, as a search by picture makes them.

        A picture is a video of one frame. `Query(vectors=model.encode_image(x))` finds what `Query(images=[x])` finds.

        Args:
            images: one picture or several: a path, the bytes of a picture file, an image of Pillow, or an array uint8
                (H, W, 3); an array (N, H, W, 3) is several. Files are turned as their EXIF data say; transparent
                pixels lie on white.
            source: reads paths and bytes; None decodes them in another process, as they may be anybody's.
            batch_size: how many go through the model at once; more may change the last digits.

        Raises:
            VideoError: a file cannot be read.
            InputError: there is no picture, one has another type or shape, or a file is a video.
            NotOfflineError: the method has no embedding of a picture alone.
        """
        self._need_offline()
        return encode_pictures(self, images, source=source, batch_size=batch_size)

    @overload
    def encode_video(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        source: FrameSource | None = None,
        batch_size: int = 1,
        progress: ProgressCallback | None = None,
        on_error: Literal["raise"] = "raise",
    ) -> Tensor: ...

    @overload
    def encode_video(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        source: FrameSource | None = None,
        batch_size: int = 1,
        progress: ProgressCallback | None = None,
        on_error: Literal["skip"],
    ) -> EncodedVideos: ...

    def encode_video(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        source: FrameSource | None = None,
        batch_size: int = 1,
        progress: ProgressCallback | None = None,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> Tensor | EncodedVideos:
        """Return the embeddings (B, E) of video files, float32, unit length; later files are read meanwhile.

        On the processor each core encodes videos of its own, whatever `batch_size` is.

        Args:
            paths: one file or many.
            source: reads them; None decodes them in other processes, as they may be anybody's.
            batch_size: how many videos go through the model at once; more is faster on a GPU alone,
                and may change the last digits.
            progress: called with (files done, files in all) after each file; the first, a
                :class:`~framecue.progress.FilesDone`, also names the file.
            on_error: "raise" stops at a file that cannot be used. "skip" goes on without it, and returns
                `EncodedVideos`, which names the files that are in the result and those that are not.

        Raises:
            VideoError: a file cannot be used, with "raise".
            InputError: there is no file, or an option makes no sense.
            NotOfflineError: the method has no embedding of a video alone.
        """
        self._need_offline()
        return encode_videos(self, paths, source=source, batch_size=batch_size, progress=progress, on_error=on_error)

    def read_video(
        self,
        path: str | Path,
        *,
        source: FrameSource | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> Tensor:
        """Return the pixel values (F, 3, S, S) of one video file, or of a window of it, sampled as at test.

        Args:
            path: the file.
            source: as in `encode_video`.
            start_seconds: where the window starts; None for the beginning.
            end_seconds: where it ends; None for the end.
        """
        # Scaled where it is decoded, as in a library: a huge picture never comes here.
        with nullcontext(source) if source is not None else IsolatedFrameSource() as opened:
            frames = opened.read_frames(
                path,
                self.sampling,
                start_seconds=start_seconds,
                end_seconds=end_seconds,
                short_side=self.short_side,
            )
            return self.preprocess(frames.pixels)

    @torch.inference_mode()
    def caption_frames(self, pixel_values: Tensor) -> list[str]:
        """Return captions of pixel values (B, F, 3, S, S), one a video, by the method's captioner.

        Raises:
            InputError: the method has no captioner.
        """
        captioner = self.method.captioner
        if captioner is None:
            raise InputError(
                f"method {self.method_name} has no captioner here; give an adapter of prompt-switch trained with one"
            )
        ids = captioner.generate(self.backbone, self.frame_features(pixel_values))
        return [text.strip() for text in self.backbone.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    def _need_offline(self) -> None:
        if not self.offline:
            raise NotOfflineError(
                f"method {self.method_name} looks at the text while it pools a video's frames, so a video has no "
                "embedding of its own to be computed beforehand; compare pairs with model.similarity(), or use it as a "
                "second stage: framecue evaluate --rerank-with"
            )

    # The rest of the `Encoder` protocol, in NumPy, for libraries.

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames uint8 (F, H, W, 3), RGB, into pixel values float32 (F, 3, S, S), as `preprocess` does."""
        return self.preprocess(frames).numpy()

    @property
    def max_threads(self) -> int:
        """How many threads may encode at once, each on one core: as many as torch may use here, and 1 on a GPU."""
        return max_threads() if self.device.type == "cpu" else 1

    @property
    def frames_per_batch(self) -> int:
        """About how many frames are best encoded at once; see `SharesCores`."""
        return FRAMES_A_CORE if self.device.type == "cpu" else _FRAMES_A_GPU

    @property
    def shape_key(self) -> str:
        """The shapes of all weights, the method, and the device's kind, in a few letters."""
        shapes = [tuple(one.shape) for one in self.parameters()]
        told = json.dumps([shapes, self.method_name, self.sampling.num_frames, self.device.type])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def one_core(self) -> AbstractContextManager[None]:
        """Return a context within which this thread encodes on one core; on a GPU it changes nothing."""
        return one_core() if self.device.type == "cpu" else nullcontext()

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (B, F, 3, S, S) into unit embeddings float32 (B, E); see `encode_frames`."""
        return self.encode_frames(torch.from_numpy(pixel_values)).cpu().numpy()

    @property
    def takes_frames(self) -> bool:
        """Whether `embed_raw` is the faster way: on a GPU, where frames travel as bytes and are resized there."""
        return self.device.type == "cuda"

    @property
    def frames_at_once(self) -> int:
        """How many frames `embed_raw` encodes at once."""
        return FRAMES_AT_ONCE

    def embed_raw(self, videos: Sequence[np.ndarray]) -> np.ndarray:
        """Turn videos' frames, each uint8 (F, H, W, 3), RGB, into unit embeddings float32 (B, E).

        They are resized and normalised on the model's device, see `Preprocess.on_device`, in batches of one size, while
        the batch before is encoded. Any device will do.

        Raises:
            InputError: frames have another type or shape.
            NotOfflineError: the method has no embedding of a video alone.
        """
        self._need_offline()
        made = self._frame_encoder
        if made is None or (made.device, made.dtype) != (self.device, self.dtype):
            # A method that takes fewer frames of some videos decides by its input what to compute, which no graph can.
            repeats = self.method.config.short_videos == "repeat"
            made = self._frame_encoder = FrameEncoder(
                self._embeddings,
                self._ready_on_device,
                device=self.device,
                dtype=self.dtype,
                batch_size=max(1, self.frames_at_once // self.sampling.num_frames),
                ways=None if repeats else {},
            )
        return made(videos)

    def _ready_on_device(self, frames: Tensor) -> Tensor:
        """Do what `preprocess` does where the frames are."""
        values = self.backbone.preprocess.on_device(frames)
        if self.method.config.short_videos == "repeat":
            return values
        return mark_absent(with_absent(values, self.sampling.num_frames)[None], torch.tensor([len(frames)]))[0]

    @property
    def encodes_frames_alone(self) -> bool:
        """Whether `encode_each` and `pool_frames` work: whether no frame is seen while another one is encoded."""
        return self.method.frames_alone and self.offline and self.method.config.short_videos == "repeat"

    @torch.inference_mode()
    def encode_each(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (N, 3, S, S) of any frames into features float32 (N, E), not normalised."""
        return self.frame_features(torch.from_numpy(pixel_values)[:, None])[:, 0].float().cpu().numpy()

    @torch.inference_mode()
    def pool_frames(self, features: np.ndarray) -> np.ndarray:
        """Turn features float32 (B, F, E) of videos' frames into unit embeddings float32 (B, E); see `SharesFrames`."""
        return _unit(self.method.pool(torch.from_numpy(features).to(self.device, self.dtype))).cpu().numpy()

    @torch.inference_mode()
    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (F, 3, S, S) of one video into vectors float32 (F, E), unit length, one a frame."""
        return _unit(self.frame_features(torch.from_numpy(pixel_values)[None])[0]).cpu().numpy()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E), unit length; see `encode_text`."""
        return self.encode_text(texts).cpu().numpy()

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """Learn token embeddings for a name; every weight of the model stays as it is.

        Args:
            lesson: what it is learnt from.
            on_step: called with (steps done, steps in all); what it raises ends the lesson.

        Raises:
            InputError: the lesson makes no sense: no example, vectors of another width, a coarse word of no token.
        """
        from framecue.textual_inversion.learn import learn_tokens  # here, as few processes teach

        return learn_tokens(self.method, self.backbone, self.tokenize, lesson, on_step)

    @torch.inference_mode()
    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length, names in them read as what was taught.

        Raises:
            InputError: a text is empty, too long or not Unicode, or has every word that could stand in for a name.
            ModelError: the names were taught to another model.
        """
        check_texts(texts)
        read = read_texts(self.backbone, self.tokenize, texts, names)
        named = {row: each for row, each in enumerate(read) if each is not None}
        # A batch's last digits depend on all of it, so one with texts without names is what it always was.
        vectors = self.embed_texts(texts) if len(named) < len(texts) else np.empty((len(texts), self.embedding_dim))
        if named:
            features = named_features(self.method, self.backbone, self.tokenize, list(named.values()))
            made = _unit(features if features.ndim == 2 else features[:, 0]).cpu().numpy()
            vectors[list(named)] = made
        return vectors.astype(np.float32, copy=False)

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """Return how much of each text is made of words that the model was made for, float64 (N,); see `KnowsWords`.

        Raises:
            InputError: a text is empty, too long or not Unicode.
        """
        check_texts(texts)
        pieces = self.backbone.pieces(list(texts), max_length=self.method.text_length(self.backbone))
        return np.array([known_share(*pair) for pair in zip(texts, pieces, strict=True)], dtype=np.float64)

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """Return captions of pixel values float32 (B, F, 3, S, S), one a video; see `caption_frames`."""
        return self.caption_frames(torch.from_numpy(pixel_values))

    def check_texts(self) -> None:
        """Raise if the model has no tokenizer.

        Raises:
            ModelError: it has none.
        """
        _ = self.backbone.tokenizer

    def fingerprint(self) -> Fingerprint:
        """Return the identity of this model's vectors; two models with equal fingerprints make equal vectors.

        An adapter's hash stands for its tensors. Without one, `parameters` is a hash of the method's own, if any.
        """
        untrained = dict(self.method.named_parameters()) if self.adapter is None else {}
        return Fingerprint(
            backbone=self.backbone.name,
            revision=self.backbone.revision,
            method=self.method_name,
            options=self.method.config.to_saved(),
            parameters=hash_of_tensors(untrained.items()) if untrained else None,
            adapter=self.adapter,
            adapter_source=self.adapter_source,
            sampling=self.sampling,
            embedding_dim=self.embedding_dim,
        )

    def spec(self) -> EncoderSpec:
        """Return a description from which another process can load a model that makes the same vectors."""
        return EncoderSpec(
            fingerprint=self.fingerprint().with_absolute_places(), precision=str(self.dtype).removeprefix("torch.")
        )


def _unit(embeddings: Tensor) -> Tensor:
    return functional.normalize(embeddings.to(torch.float32), dim=-1)
