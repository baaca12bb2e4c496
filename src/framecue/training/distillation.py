"""Feature distillation: a model learns the embeddings that a trained one gives, in place of its method's loss.

With v the student's embedding of a video, f_i its F frame features, and v', f'_i the teacher's, the loss of a video is

    (1 - cos(v, v')) + mean_i(1 - cos(f_i, f'_i)),

averaged over the batch; the frames take part where both have the same method, so that what else reads them, such as a
captioner, reads the same. CLIP-KD (Yang et al., CVPR 2024) does the like with squared distances.

No text takes part. The text tower keeps its weights, and so does all that a video's embedding does not depend on: the
student's videos go on fitting texts, and what was indexed with the teacher. Where a dataset lays something over a video
(`Example.original`), the teacher sees what is under it, so the student learns to see through it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from framecue.errors import RecipeError
from framecue.methods.absent import is_absent
from framecue.model import VideoTextModel
from framecue.training.gather import sum_over_processes
from framecue.training.processes import num_processes
from framecue.training.step import TrainingStep
from framecue.training.teachers import load_teacher

__all__ = ["DistillationStep", "load_distilled"]


def load_distilled(name: str, student: VideoTextModel) -> VideoTextModel:
    """Load the model whose embeddings a student learns, on the backbone that its adapter names.

    Args:
        name: an adapter folder, or the name of a bundled adapter.
        student: the model to be trained.

    Raises:
        RecipeError: it takes other frames than the student or has embeddings of another width, or one of the two has no
            embedding of a video alone.
        AdapterError: the adapter cannot be loaded.
        ModelError: its backbone cannot be loaded.
    """
    teacher = load_teacher(name, student)
    for model in (teacher, student):
        if not model.method.offline:
            raise RecipeError(
                f"distil_from: {model.method_name} compares a video with each text anew, so there is no embedding of "
                "it to learn; name an adapter of another method, or train with teachers"
            )
    width, its = (model.backbone.vision.embedding_dim for model in (student, teacher))
    if width != its:
        raise RecipeError(
            f"distil_from {name}: has embeddings of width {its}, the student of {width}; take a backbone with the "
            "teacher's width"
        )
    return teacher


class DistillationStep(TrainingStep):
    """Computes the distillation loss of a batch; see `TrainingStep` for all but the loss.

    Parameters that a video's embedding does not depend on are frozen.

    Args:
        model: the student.
        teachers: one model, frozen.
        micro_batch_size: videos at once; None for all of a process's.
    """

    def __init__(
        self,
        model: VideoTextModel,
        *,
        teachers: Sequence[VideoTextModel] = (),
        micro_batch_size: int | None = None,
    ) -> None:
        super().__init__(model, teachers=teachers, micro_batch_size=micro_batch_size)
        (self._teacher,) = self.teachers
        self._compares_frames = self._teacher.method_name == model.method_name
        self._freeze_unreached()

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
        with torch.no_grad():
            self._teacher.to(self.model.device)
            learnt = [self._features(self._teacher, *part) for part in self._parts(shown, num_real)]
        losses = [
            checkpoint(self._losses, *part, *target, use_reentrant=False)
            if self.micro_batch_size
            else self._losses(*part, *target)
            for part, target in zip(self._parts(frames, num_real), learnt, strict=True)
        ]
        count = torch.tensor(float(held), device=frames.device)
        # The mean over the processes makes this the sum over the number of all videos.
        loss = torch.cat(losses)[:held].sum() * num_processes() / sum_over_processes(count)
        # Each parameter has a gradient in each process, also where no row is its own.
        return loss if held else loss + 0.0 * losses[0].sum()

    def _parts(self, frames: Tensor, num_real: Tensor) -> list[tuple[Tensor, Tensor]]:
        size = self.micro_batch_size or len(frames)
        return list(zip(frames.split(size), num_real.split(size), strict=True))

    def _features(self, model: VideoTextModel, frames: Tensor, num_real: Tensor) -> tuple[Tensor, Tensor]:
        """Return a model's embeddings (B, E) of videos, and their frame features (B, F, E)."""
        features = model.frame_features(model.normalise(frames, num_real))
        return model.method.pool(features), features

    def _losses(self, frames: Tensor, num_real: Tensor, video: Tensor, features: Tensor) -> Tensor:
        """Return the loss of each video, (B,), given the teacher's embeddings and frame features."""
        own_video, own_features = self._features(self.model, frames, num_real)
        with torch.autocast(frames.device.type, enabled=False):
            loss = _distance(own_video, video)
            if self._compares_frames:
                apart = _distance(own_features, features)
                there = ~is_absent(features)
                loss = loss + (apart * there).sum(dim=1) / there.sum(dim=1)
        return loss

    def _freeze_unreached(self) -> None:
        trained: list[nn.Parameter] = [p for p in self.model.parameters() if p.requires_grad]
        frames = self._blank(self.model.device)
        video, _ = self._features(self.model, frames, torch.tensor([frames.shape[1]], device=frames.device))
        gradients = torch.autograd.grad(video.sum(), trained, allow_unused=True)
        for parameter, gradient in zip(trained, gradients, strict=True):
            parameter.requires_grad_(gradient is not None)


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Return 1 - the cosine of two vectors, along the last dimension."""
    dtype = torch.promote_types(one.dtype, torch.float32)
    return 1 - functional.cosine_similarity(one.to(dtype), other.to(dtype), dim=-1)
