"""TeachCLIP (Tian et al., CVPR 2024): fusions teach an offline student what they see in frames and in pairs.

The student is CLIP4Clip's sequential type with a frame weigher: w = softmax_i(L2 relu(L1 f'_i) / 0.1), and a video is
the direction of sum_i w_i f'_i / |f'_i|. Nothing of that looks at a text, so it is offline. With S the student's
similarities and T_k those of teacher k, each multiplied by its own inverse temperature, the loss is

    0.2 * CE(S) + D + 2 * F,
    D = mean_k [ mean_rows(1 - r(P(S), P(T_k))) + mean_rows(1 - r(P(S^T), P(T_k^T))) ],
    F = mean_k mean_{b, i}( - t_k,bi log v_bi ),

where CE is the contrastive loss, P the softmax of each row, r Pearson's correlation of two rows, t_k,b the softmax of
the cosines of teacher k's text b and the frames of video b, and v = softmax_i(L2 relu(L1 f'_i)): as released, without
the 0.1 that pooling has.

Teachers take part in training alone. The released code takes X-Pool's own attention for t; here all teachers' are made
of cosines, as X-CLIP's and TS2-Net's are there. On a ViT-B/32 with 12 frames the student has CLIP4Clip's 12 615 680 new
parameters and the weigher's 512 * 512 + 512 + 512 + 1 = 263 169.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import RecipeError
from framecue.methods.absent import is_absent
from framecue.methods.base import ParameterGroup, TeacherFeatures, TrainingFeatures
from framecue.methods.clip4clip import Clip4Clip, Clip4ClipConfig
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.fusion import directions
from framecue.validation import PositiveNumber

__all__ = ["TeachClip", "TeachClipConfig", "correlation_loss", "frame_loss", "frame_targets"]

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class TeachClipConfig(Clip4ClipConfig):
    """Options of TeachCLIP, with the released values.

    Attributes:
        pool_temperature: divides the frames' scores before the softmax that weighs them.
        contrastive_weight: multiplies the contrastive loss.
        similarity_weight: multiplies D, by which the student learns the teachers' similarities.
        frame_weight: multiplies F, by which the weigher learns the teachers' frames; at 0 a teacher need not have any.
        weigher_rate: multiplies the rate for new parameters, for the weigher.
    """

    pool_temperature: PositiveNumber = 0.1
    contrastive_weight: Weight = 0.2
    similarity_weight: Weight = 1.0
    frame_weight: Weight = 2.0
    weigher_rate: PositiveNumber = 10.0


class TeachClip(Clip4Clip):
    """A weighted mean of related frame features, whose weights and similarities are learnt from fusions."""

    Config = TeachClipConfig
    paper = "TeachCLIP (CVPR 2024); the student's head is that of CLIP4Clip (arXiv 2104.08860)"
    takes_teachers = True
    config: TeachClipConfig

    def __init__(self, config: TeachClipConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.weigher = _FrameWeigher(backbone.vision.embedding_dim, std=backbone.initializer_range)

    def pool(self, frame_features: Tensor) -> Tensor:
        """Pool frame features (B, F, E), in chronological order, to embeddings (B, E); see `Method.pool`."""
        return self._pool(self.relate(frame_features))

    def _pool(self, related: Tensor) -> Tensor:
        weights = (self._scores(related) / self.config.pool_temperature).softmax(dim=-1)
        return functional.normalize((weights[..., None] * functional.normalize(related, dim=-1)).sum(dim=1), dim=-1)

    def _scores(self, related: Tensor) -> Tensor:
        """Return a score for each frame, (B, F); those of absent frames, whose features are zeros, are the lowest."""
        scores = self.weigher(related.to(self.weigher.hidden.weight.dtype)).to(related.dtype)
        return scores.masked_fill(is_absent(related), torch.finfo(scores.dtype).min)

    def loss(self, backbone: Backbone, features: TrainingFeatures) -> Tensor:
        """Return the contrastive loss and the two by which the student learns from its teachers, weighted.

        Raises:
            RecipeError: there are no teachers, or one of them does not keep a video's frames apart.
        """
        if not features.teachers:
            raise RecipeError(
                "method teachclip learns from teachers, and there are none; name the folders of trained adapters in "
                "the recipe, as in teachers: [runs/x-clip, runs/ts2-net]"
            )
        dtype = torch.promote_types(features.text_features.dtype, torch.float32)
        related = self.relate(features.frame_features.to(dtype))
        similarities = directions(features.text_features) @ self._pool(related).T
        scale = backbone.logit_scale.to(dtype).exp()
        weights = self._scores(related)
        loss = self.config.contrastive_weight * contrastive_loss(similarities, backbone.logit_scale, same=features.same)
        for teacher in features.teachers:
            logits = teacher.logit_scale.to(dtype).exp() * teacher.similarities.to(dtype)
            learnt = self.config.similarity_weight * correlation_loss(scale * similarities, logits)
            if self.config.frame_weight:
                targets = frame_targets(teacher, related.shape[1]).to(dtype)
                learnt = learnt + self.config.frame_weight * frame_loss(weights, targets)
            loss = loss + learnt / len(features.teachers)
        return loss

    def parameter_groups(self, backbone: Backbone) -> list[ParameterGroup]:
        """Return the backbone's, the new ones, and the weigher's, which train faster; see `Method.parameter_groups`."""
        *others, new = super().parameter_groups(backbone)
        weigher = [(name, p) for name, p in new.parameters if name.startswith("method.weigher.")]
        known = {name for name, _ in weigher}
        return [
            *others,
            ParameterGroup([(name, p) for name, p in new.parameters if name not in known], "new"),
            ParameterGroup(weigher, "new", self.config.weigher_rate),
        ]


class _FrameWeigher(nn.Module):
    """Scores frames from their features: L2 relu(L1 f)."""

    def __init__(self, width: int, *, std: float) -> None:
        super().__init__()
        self.hidden, self.score = nn.Linear(width, width), nn.Linear(width, 1)
        for linear in (self.hidden, self.score):
            nn.init.normal_(linear.weight, std=std)
            nn.init.zeros_(linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return scores (B, F) of features (B, F, E)."""
        return self.score(self.hidden(features).relu())[..., 0]


def correlation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return D for one teacher: how little the softmaxes of rows correlate, plus the same of columns; a scalar.

    Args:
        student: logits (B, B).
        teacher: logits (B, B).
    """
    return _row_distance(student, teacher) + _row_distance(student.T, teacher.T)


def _row_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the mean over rows of 1 - Pearson's correlation of the rows' softmaxes."""
    one, other = (p - p.mean(dim=1, keepdim=True) for p in (student.softmax(dim=1), teacher.softmax(dim=1)))
    return (1 - functional.cosine_similarity(one, other, dim=1)).mean()


def frame_targets(teacher: TeacherFeatures, num_frames: int) -> Tensor:
    """Return a teacher's weights (B, F) of the frames of each video for its own text: the softmax of their cosines.

    A teacher that compares words has the text's feature first; one that has features of the whole video (X-CLIP) has
    the frames' last. An absent frame, whose feature is zeros, has no weight.

    Raises:
        RecipeError: it has fewer features of a video than there are frames.
    """
    texts, frames = teacher.text_features, teacher.frame_features
    if frames.shape[1] < num_frames:
        raise RecipeError(
            f"a teacher of teachclip has to keep a video's frames apart, and this one has {frames.shape[1]} features "
            f"for {num_frames} frames; take another (x-clip, ts2-net, x-pool), or say frame_weight: 0"
        )
    frames = frames[:, frames.shape[1] - num_frames :]
    cosines = (directions(frames) @ directions(texts if texts.ndim == 2 else texts[:, 0])[:, :, None])[..., 0]
    return cosines.masked_fill(is_absent(frames), -torch.inf).softmax(dim=-1)


def frame_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Return F for one teacher: - target log softmax(score), averaged over videos and their frames; a scalar.

    Args:
        scores: (B, F), the lowest number there is for absent frames.
        targets: (B, F).
    """
    real = scores > torch.finfo(scores.dtype).min
    return (-targets * scores.log_softmax(dim=-1).where(real, 0)).sum() / real.sum()
