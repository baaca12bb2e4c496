"""A model of framecue as the benchmark mteb (https://github.com/embeddings-benchmark/mteb) takes it.

::

    import framecue, mteb
    from framecue.mteb import MtebModel

    model = MtebModel(framecue.load_model("openai/clip-vit-base-patch32", adapter="runs/mine"))
    mteb.evaluate(model, mteb.get_tasks(tasks=["MSRVTTT2V", "MSRVTTV2T"]))

It needs the extra `mteb`. Videos are read as framecue reads them everywhere, in processes of their own and with the
method's own choice of frames, not by mteb's decoder; so torchcodec is not needed, and the figures are framecue's.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from framecue._version import __version__
from framecue.encoder import Encoder
from framecue.errors import InputError, NotOfflineError, VideoError
from framecue.evaluation.exact import inner_products
from framecue.read_ahead import read_ahead
from framecue.video import IsolatedFrameSource, VideoSource

if TYPE_CHECKING:
    from datasets import Dataset
    from mteb.models.model_meta import ModelMeta
    from torch.utils.data import DataLoader

__all__ = ["MtebModel"]

TEXT: Final = "text"
VIDEO: Final = "video"
BATCH_SIZE = 16
# Files that are read at once.
READERS = 2
# Below every cosine: for what could not be read.
BELOW = -2.0

logger = logging.getLogger(__name__)


class MtebModel:
    """An encoder behind mteb's `EncoderProtocol`, for tasks of texts and videos.

    A video that cannot be read is named in the log and in `unreadable`, and is less similar to everything than any
    other: as a document it comes last. (As a query, all documents tie for it, and mteb breaks ties by their names.)

    Args:
        encoder: the model, offline; `framecue.load_model` makes one.
        name: what mteb files the results under, with a slash; None for `framecue/` with backbone and method.
        frame_source: reads the videos; None decodes them in processes of their own.

    Attributes:
        unreadable: what was wrong with videos that could not be read, in the order in which they were met.

    Raises:
        InputError: the extra `mteb` is not installed, or the name has no slash.
        NotOfflineError: the model has no embedding of a video alone, which mteb asks for.
    """

    def __init__(self, encoder: Encoder, *, name: str | None = None, frame_source: VideoSource | None = None) -> None:
        check_extra()
        if not encoder.offline:
            raise NotOfflineError(
                f"method {encoder.method_name} looks at the text while it pools a video's frames, and mteb asks for "
                "embeddings of videos alone; measure it with framecue evaluate"
            )
        if name is not None and "/" not in name:
            raise InputError(f"name is {name!r}; mteb wants one with a slash, such as 'mine/{name}'")
        self._encoder, self._name, self._frame_source = encoder, name, frame_source
        self.unreadable: list[VideoError] = []

    @cached_property
    def mteb_model_meta(self) -> ModelMeta:
        """What mteb's results say of the model; the revision is a hash of the model's fingerprint."""
        from mteb.models.model_meta import ModelMeta, ScoringFunction

        fingerprint = self._encoder.fingerprint()
        backbone = Path(fingerprint.backbone).name.replace(" ", "_")
        # What the weights are, not where: the same model has the same revision on every machine.
        known = fingerprint.to_dict() | {"backbone": backbone, "adapter_source": None}
        document = json.dumps(known, sort_keys=True)
        return ModelMeta(
            loader=None,
            name=self._name or f"framecue/{backbone}-{fingerprint.method}",
            revision=hashlib.sha256(document.encode()).hexdigest()[:16],
            release_date=None,
            languages=None,
            n_parameters=None,
            memory_usage_mb=None,
            max_tokens=None,
            embed_dim=fingerprint.embedding_dim,
            license=None,
            open_weights=None,
            public_training_code=None,
            public_training_data=None,
            framework=["PyTorch"],
            similarity_fn_name=ScoringFunction.COSINE,
            use_instructions=False,
            training_datasets=None,
            modalities=[TEXT, VIDEO],
            experiment_kwargs={"framecue": __version__, "num_frames": fingerprint.sampling.num_frames},
        )

    def encode(
        self,
        inputs: DataLoader[Any],
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        prompt_type: Any = None,
        **kwargs: Any,
    ) -> np.ndarray:
        """Return the embeddings (N, E), float32, of the rows of a loader: of its texts, its videos, or both.

        Of rows that have both, it is the sum of the two embeddings at unit length, as mteb's own models of this kind
        have it. Prompts are not used.

        Raises:
            InputError: the rows have neither texts nor videos.
        """
        dataset = _without_decoding(inputs.dataset)
        columns = set(dataset.column_names) & {TEXT, VIDEO}
        size = kwargs.get("batch_size") or inputs.batch_size or BATCH_SIZE
        made = []
        if TEXT in columns:
            made.append(self._texts(list(dataset[TEXT]), size))
        if VIDEO in columns:
            made.append(self._videos(dataset, size))
        if not made:
            raise InputError(
                f"the task's rows have {', '.join(map(repr, dataset.column_names))}; framecue encodes "
                "those with 'text' or 'video'"
            )
        if len(made) == 1:
            return made[0]
        both = made[0] + made[1]
        length = np.linalg.norm(both, axis=1, keepdims=True)
        joint: np.ndarray = both / np.where(length > 0, length, 1)
        return joint

    def similarity(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """Return the cosines float64 (N, M) of embeddings (N, E) and (M, E), exact; of what could not be read, -2."""
        one, other = np.atleast_2d(np.asarray(embeddings1)), np.atleast_2d(np.asarray(embeddings2))
        cosines: np.ndarray = inner_products(one, other)
        cosines[~one.any(axis=1)] = BELOW
        cosines[:, ~other.any(axis=1)] = BELOW
        return cosines

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """Return the cosines float64 (N,) of embeddings (N, E) and (N, E), row by row."""
        one, other = (np.atleast_2d(np.asarray(each, dtype=np.float64)) for each in (embeddings1, embeddings2))
        cosines: np.ndarray = (one * other).sum(axis=1)
        return np.where(one.any(axis=1) & other.any(axis=1), cosines, BELOW)

    def _texts(self, texts: Sequence[str], size: int) -> np.ndarray:
        starts = range(0, len(texts), size)
        return np.concatenate([self._encoder.embed_texts(texts[start : start + size]) for start in starts])

    def _videos(self, dataset: Dataset, size: int) -> np.ndarray:
        """Return embeddings (N, E); zeros for what could not be read."""
        if self._frame_source is None:
            with IsolatedFrameSource(num_processes=READERS) as opened:
                return self._read(dataset, size, opened)
        return self._read(dataset, size, self._frame_source)

    def _read(self, dataset: Dataset, size: int, source: VideoSource) -> np.ndarray:
        encoder = self._encoder
        made: np.ndarray = np.zeros((len(dataset), encoder.fingerprint().embedding_dim), dtype=np.float32)

        def read(row: int) -> np.ndarray:
            name, file = _file_of(dataset[row], row)
            try:
                frames = source.read_frames(file, encoder.sampling, short_side=encoder.short_side)
            except VideoError as error:
                raise VideoError(name, error.reason) from error
            return encoder.prepare(frames.pixels)

        rows: list[int] = []
        pixels: list[np.ndarray] = []
        for row, found in read_ahead(range(len(dataset)), read, num_threads=READERS, num_waiting=2 * size):
            if isinstance(found, VideoError):
                self.unreadable.append(found)
                logger.warning("%s; it counts as a miss", found)
            else:
                rows.append(row)
                pixels.append(found)
            if len(rows) == size:
                made[rows] = encoder.embed_videos(np.stack(pixels))
                rows, pixels = [], []
        if rows:
            made[rows] = encoder.embed_videos(np.stack(pixels))
        return made


def _without_decoding(dataset: Dataset) -> Dataset:
    """Return a dataset whose videos are files or their content, not mteb's decoders."""
    from datasets import Video

    if isinstance(dataset.features.get(VIDEO), Video):
        return dataset.cast_column(VIDEO, Video(decode=False))
    return dataset


def _file_of(row: Mapping[str, Any], number: int) -> tuple[str, str | Path | bytes]:
    """Return what a row's video is called, and its file or content.

    Raises:
        InputError: it is neither.
    """
    video, name = row[VIDEO], f"video {row.get('id', number)}"
    if isinstance(video, (str, Path)):
        return str(video), video
    if isinstance(video, Mapping) and isinstance(video.get("bytes"), bytes):
        return name, video["bytes"]
    if isinstance(video, Mapping) and isinstance(video.get("path"), str):
        return video["path"], video["path"]
    raise InputError(f"{name} is a {type(video).__name__}; give the path of a file, or a column of datasets.Video")


def check_extra() -> None:
    """Check that mteb is installed.

    Raises:
        InputError: it is not.
    """
    try:
        import mteb  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"mteb needs the extra 'mteb' ({error.name} is missing) and Python 3.11 or newer: "
            "`pip install 'framecue[mteb]'`"
        ) from error
