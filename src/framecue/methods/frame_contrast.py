"""Contrastive losses beside that of whole videos: of single frames, and of the order of frames.

Shapes: B captions and their videos, F frames a video, E the joint embedding's width. All features are of unit length,
but those of absent frames, which are zeros. s is the inverse temperature.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from framecue.methods.absent import is_absent
from framecue.methods.fusion import frame_cosines

__all__ = ["frame_text_loss", "order_loss"]


def frame_text_loss(texts: Tensor, frames: Tensor, logit_scale: Tensor, *, same: Tensor | None = None) -> Tensor:
    """Return the contrastive loss of single frames x_bf and captions t_b, a scalar: the mean of two directions.

    Each frame is to find its caption, and each caption a frame of its video, no matter which (as in MIL-NCE, Miech et
    al., CVPR 2020, arXiv 1912.06430):

        1/2 mean_{b, f}( - log(exp(s x_bf.t_b) / sum_n exp(s x_bf.t_n)) )
      + 1/2 mean_b( - log(sum_f exp(s x_bf.t_b) / sum_{n, f} exp(s x_nf.t_b)) )

    Args:
        texts: (B, E).
        frames: (B, F, E).
        logit_scale: scalar, log of s.
        same: bool (B, B), which captions are identical; these share the target equally, and their videos' frames are
            positives. None for each with itself alone.
    """
    if same is None:
        same = torch.eye(len(texts), dtype=torch.bool, device=texts.device)
    real = ~is_absent(frames)
    logits = logit_scale.to(texts.dtype).exp() * frame_cosines(texts, frames)  # (texts, videos, F)
    shares = same.to(texts.dtype) / same.sum(dim=0)
    of_frames = -(shares[..., None] * logits.log_softmax(dim=0)).sum(dim=0)[real].mean()
    logits = logits.masked_fill(~real, -torch.inf)
    own = logits.masked_fill(~same[..., None], -torch.inf)
    of_texts = (logits.flatten(1).logsumexp(dim=1) - own.flatten(1).logsumexp(dim=1)).mean()
    return (of_frames + of_texts) / 2


def order_loss(texts: Tensor, videos: Tensor, reordered: Tensor, logit_scale: Tensor) -> Tensor:
    """Return the temporal-order contrast, a scalar: each caption t_b is to prefer its video v_b to it reordered, r_b.

        mean_b( - log(exp(s t_b.v_b) / (exp(s t_b.v_b) + exp(s t_b.r_b))) )

    Args:
        texts: (B, E).
        videos: (B, E).
        reordered: (B, E), of the same frames in another order.
        logit_scale: scalar, log of s.
    """
    return functional.softplus(logit_scale.to(texts.dtype).exp() * (texts * (reordered - videos)).sum(dim=-1)).mean()
