"""The loss of a training step, in the module that `DistributedDataParallel` wraps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from framecue.methods.base import TeacherFeatures, TrainingFeatures
from framecue.methods.weighted_loss import WeightedLoss
from framecue.model import VideoTextModel
from framecue.training.gather import gather_rows, mean_over_processes, sum_over_processes
from framecue.training.processes import num_processes

__all__ = ["TrainingStep"]


class Encoded(NamedTuple):
    """What a model makes of B videos and their captions: features as projected, and the auxiliary loss's parts."""

    frame_features: Tensor
    text_features: Tensor
    total: Tensor | None
    weight: Tensor | None


class TrainingStep(nn.Module):
    """Computes the loss of a batch, over the rows of all processes; its parameters are those of the model.

    The features of the captions and of the videos are gathered from all processes, with gradients, and each computes
    the loss over the whole batch. Gradients of W processes of B videos, averaged, are those of one process of W B
    videos.

    With a micro-batch, features are computed for a few videos at a time, and what lies between is thrown away and
    computed again in the backward pass: memory is that of a micro-batch, and the loss and its gradients are those of
    the whole batch (GradCache: Gao et al., 2021, arXiv 2101.06983). Dropout takes the same values both times. It is
    exact for every method, since features are of one video or one text; a fusion still compares all pairs at once.

    Args:
        model: the model to train.
        teachers: frozen models from which the method's loss learns; they are no part of the parameters or the state.
        micro_batch_size: videos for which a process computes features at once; None for all of its videos.
    """

    def __init__(
        self,
        model: VideoTextModel,
        *,
        teachers: Sequence[VideoTextModel] = (),
        micro_batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.model, self.micro_batch_size = model, micro_batch_size
        # In a tuple they are no submodules: not trained, not saved, not sent to other processes, always at test.
        self.teachers = tuple(teacher.eval().requires_grad_(False) for teacher in teachers)

    def forward(
        self,
        frames: Tensor,
        captions: list[str],
        num_real: Tensor,
        caption_keys: Tensor,
        video_keys: Tensor,
        originals: Tensor | None = None,
    ) -> Tensor:
        """Return the loss over the batch of all processes, a scalar, the same in each.

        Args:
            frames: of this process's B videos, uint8 (B, F, 3, S, S), not normalised; B may be 0.
            captions: B texts, one a video.
            num_real: int64 (B,), how many frames of each video are its own; see `VideoTextModel.normalise`.
            caption_keys: int64 (B, 2), equal for equal captions.
            video_keys: int64 (B, 2), equal for equal videos. Of a video that stands twice in the batch, which happens
                where processes replace files that cannot be read, the first place counts.
            originals: the frames before anything was laid over them, of which teachers tell; None where nothing was.
        """
        held = len(captions)
        if not held:  # it takes part in the others' sums, with a row that is left out
            frames, captions, originals = self._blank(frames.device), ["a"], None
            num_real = torch.tensor([frames.shape[1]], device=frames.device)
        shown = frames if originals is None else originals
        loss = self._loss(held, frames, captions, num_real, caption_keys, video_keys, shown)
        if num_processes() > 1:
            loss = loss + (mean_over_processes(loss) - loss.detach())
        return loss

    def _loss(
        self,
        held: int,
        frames: Tensor,
        captions: list[str],
        num_real: Tensor,
        caption_keys: Tensor,
        video_keys: Tensor,
        shown: Tensor,
    ) -> Tensor:
        """Return the loss whose mean over the processes is that of the whole batch, a scalar; see `forward`.

        Args:
            held: how many of the rows are this process's own: all, or none, and then there is one that is left out.
            frames: uint8 (B, F, 3, S, S), and so are the others those of `forward`.
            captions: B texts.
            num_real: int64 (B,).
            caption_keys: int64 (B, 2).
            video_keys: int64 (B, 2).
            shown: the frames of which teachers tell.
        """
        encoded = self._encode(frames, captions, num_real)
        taught = [self._encode_by(teacher, shown, captions, num_real) for teacher in self.teachers]
        device = encoded.frame_features.device
        # Under autocast the similarities of unit vectors would be rounded to three digits.
        with torch.autocast(device.type, enabled=False):
            first = _first_places(gather_rows(video_keys.to(device)))

            def of_all(rows: Tensor) -> Tensor:
                return gather_rows(_precise(rows)[:held])[first]

            keys = gather_rows(caption_keys.to(device))[first]
            features = TrainingFeatures(
                of_all(encoded.text_features),
                of_all(encoded.frame_features),
                same=(keys[:, None] == keys[None]).all(dim=-1),
                teachers=tuple(
                    _compare(teacher, of_all(texts), of_all(videos))
                    for teacher, (videos, texts) in zip(self.teachers, taught, strict=True)
                ),
            )
            loss = self.model.method.loss(self.model.backbone, features)
            if encoded.total is not None and encoded.weight is not None:
                share = float(held > 0)
                weight = sum_over_processes(share * encoded.weight)
                # The mean over the processes, below and of the gradients, makes this all totals over all weights.
                loss = loss + num_processes() * share * WeightedLoss(encoded.total, weight).mean
        return loss

    def _encode(self, frames: Tensor, captions: list[str], num_real: Tensor) -> Encoded:
        """Return what the model makes of this process's rows, a micro-batch at a time."""
        input_ids, mask = self.model.tokenize(captions)  # at once, so that all are of one length
        size = self.micro_batch_size or len(captions)
        if size >= len(captions):
            return _encode_rows(self.model, frames, num_real, input_ids, mask)
        parts = []
        for start in range(0, len(captions), size):
            rows = slice(start, start + size)
            parts_of = (each[rows] for each in (frames, num_real, input_ids, mask))
            made = checkpoint(_encode_rows, self.model, *parts_of, use_reentrant=False)
            parts.append(Encoded(*made))
        totals = [part.total for part in parts if part.total is not None]
        weights = [part.weight for part in parts if part.weight is not None]
        return Encoded(
            torch.cat([part.frame_features for part in parts]),
            _joined([part.text_features for part in parts]),
            torch.stack(totals).sum() if totals else None,
            torch.stack(weights).sum() if weights else None,
        )

    @torch.no_grad()
    def _encode_by(
        self, teacher: VideoTextModel, frames: Tensor, captions: list[str], num_real: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return a teacher's features of this process's frames, and of its captions."""
        teacher.to(self.model.device)
        size = self.micro_batch_size or len(captions)
        parts = zip(frames.split(size), num_real.split(size), strict=True)
        videos = torch.cat([teacher.frame_features(teacher.normalise(*part)) for part in parts])
        return videos, teacher.text_features(*teacher.tokenize(captions))

    def _blank(self, device: torch.device) -> Tensor:
        size, count = self.model.backbone.vision.image_size, self.model.train_sampling.num_frames
        return torch.zeros(1, count, 3, size, size, dtype=torch.uint8, device=device)

    # A checkpoint holds the model alone, so that it is the same file with any number of processes and teachers.

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the model's state, with the model's own names."""
        return self.model.state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Load a model's state."""
        return self.model.load_state_dict(state_dict, *args, **kwargs)


def _encode_rows(model: VideoTextModel, frames: Tensor, num_real: Tensor, input_ids: Tensor, mask: Tensor) -> Encoded:
    frame_features = model.frame_features(model.normalise(frames, num_real))
    text_features = model.text_features(input_ids, mask)
    auxiliary = model.method.auxiliary_loss(model.backbone, frame_features, input_ids.to(frame_features.device))
    if auxiliary is None:
        return Encoded(frame_features, text_features, None, None)
    return Encoded(frame_features, text_features, auxiliary.total, auxiliary.weight)


@torch.no_grad()
def _compare(teacher: VideoTextModel, texts: Tensor, videos: Tensor) -> TeacherFeatures:
    return TeacherFeatures(texts, videos, teacher.method.similarity(texts, videos), teacher.backbone.logit_scale)


def _joined(parts: list[Tensor]) -> Tensor:
    """Join text features; those of words, (B, 1 + T, E), are filled up with zeros where a part has a smaller T."""
    if parts[0].ndim < 3:
        return torch.cat(parts)
    longest = max(part.shape[1] for part in parts)
    return torch.cat([functional.pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts])


def _precise(features: Tensor) -> Tensor:
    return features.to(torch.promote_types(features.dtype, torch.float32))


def _first_places(keys: Tensor) -> Tensor:
    """Return bool (B,): whether no row before it has the same key, of keys (B, 2)."""
    equal = (keys[:, None] == keys[None]).all(dim=-1)
    return ~equal.tril(diagonal=-1).any(dim=1)
