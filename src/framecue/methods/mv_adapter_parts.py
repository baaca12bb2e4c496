"""The adapters of MV-Adapter (CVPR 2024, arXiv 2301.07868): bottlenecks behind MLPs in which a sequence is mixed.

Shapes: B videos, F frames, N texts, T tokens, D a tower's width, M the bottleneck's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.methods.adapter_block import adapter_block, quick_gelu
from framecue.methods.frame_positions import nearest_positions

__all__ = ["Calibration", "TextAdapter", "VideoAdapter"]

_SCALE = 0.1
_CALIBRATION_WIDTH = 16


class _Adapter(nn.Module):
    """What adapters of both towers have: a way down, a mixing block with positions, and a way up, zero at the start.

    Args:
        width: D.
        bottleneck: M.
        num_heads: of the block.
        num_positions: of the sequence that is mixed.
        factor_width: width of the factor that both towers share, from which one weight for each of the M rows of the
            way down is made; None for no such weights.
    """

    def __init__(
        self, width: int, bottleneck: int, *, num_heads: int, num_positions: int, factor_width: int | None
    ) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)
        self.norm, self.block = nn.LayerNorm(bottleneck), adapter_block(bottleneck, num_heads=num_heads)
        self.positions = nn.Parameter(0.01 * torch.randn(num_positions, bottleneck))
        self.rows_of = None if factor_width is None else nn.Linear(factor_width, bottleneck)
        # As released: the spread follows the tower's width, not the bottleneck's.
        attention = self.block.self_attn
        nn.init.normal_(attention.in_proj_weight, std=width**-0.5)
        for weight in (attention.out_proj.weight, self.block.linear1.weight, self.block.linear2.weight):
            nn.init.normal_(weight, std=(2 * width) ** -0.5)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def go_down(self, values: Tensor, factor: Tensor | None) -> Tensor:
        """Turn values (..., D) into (..., M); a factor (factor_width,) weighs the rows of the weight."""
        weight = self.down.weight
        if self.rows_of is not None and factor is not None:
            weight = self.rows_of(factor)[:, None] * weight
        return functional.linear(values, weight, self.down.bias)


class Calibration(nn.Module):
    """Weights (B, F, M) of frames' channels, 1 at the start: b(relu(a [frame; g(summary)])) + 1.

    They are made from the frames (B, F, M) and the video's summary (B, M).

    Args:
        width: M.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g, self.a = nn.Linear(width, width), nn.Linear(2 * width, _CALIBRATION_WIDTH)
        self.b = nn.Linear(_CALIBRATION_WIDTH, width, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, frames: Tensor, summary: Tensor) -> Tensor:
        """See the class."""
        context = self.g(summary)[:, None].expand(-1, frames.shape[1], -1)
        return self.b(self.a(torch.cat([frames, context], dim=-1)).relu()) + 1


class VideoAdapter(_Adapter):
    """Mixes a learned summary token, the frames' class tokens and the means of their patches as one sequence.

    Args:
        width: D.
        bottleneck: M.
        num_heads: of the mixing block.
        num_frames: frames a video in training.
        num_classes: class tokens of a frame, 1 or 0.
        calibrate_class: whether class tokens get calibrated weights on their way up.
        calibrate_patches: whether patches get them.
        factor_width: see `_Adapter`.
    """

    def __init__(
        self,
        width: int,
        bottleneck: int,
        *,
        num_heads: int,
        num_frames: int,
        num_classes: int,
        calibrate_class: bool,
        calibrate_patches: bool,
        factor_width: int | None,
    ) -> None:
        positions = 1 + (num_classes + 1) * num_frames
        super().__init__(width, bottleneck, num_heads=num_heads, num_positions=positions, factor_width=factor_width)
        self.num_frames, self.num_classes = num_frames, num_classes
        self.summary = nn.Parameter(bottleneck**-0.5 * torch.randn(bottleneck))
        self.calibrate_class = Calibration(bottleneck) if calibrate_class else None
        self.calibrate_patches = Calibration(bottleneck) if calibrate_patches else None

    def forward(self, tokens: Tensor, factor: Tensor | None = None) -> Tensor:
        """Turn an MLP's output for the frames of videos (B, F, T, D) into what is added to it, (B, F, T, D)."""
        low = quick_gelu(self.go_down(tokens, factor))
        classes, patches = low[:, :, : self.num_classes], low[:, :, self.num_classes :]
        videos, frames = low.shape[:2]
        # All class tokens of the video, then the means of all frames' patches: (B, 2 F, M), or (B, F, M).
        of_frames = torch.cat([classes, patches.mean(dim=2, keepdim=True)], dim=2)
        summary = self.summary.to(low.dtype).expand(videos, 1, -1)
        mixed = torch.cat([summary, of_frames.transpose(1, 2).flatten(1, 2)], dim=1) + self._positions(frames)
        mixed = quick_gelu(self.block(self.norm(mixed)))
        parts = mixed[:, 1:].unflatten(1, (-1, frames))  # (B, 2 or 1, F, M)
        seen = parts.sum(dim=1)
        if self.num_classes:
            classes = parts[:, 0, :, None]
            if self.calibrate_class is not None:
                classes = classes * self.calibrate_class(seen, mixed[:, 0])[:, :, None]
        if self.calibrate_patches is not None:
            patches = patches * self.calibrate_patches(seen, mixed[:, 0])[:, :, None]
        return _SCALE * self.up(torch.cat([classes, patches], dim=2))

    def _positions(self, frames: int) -> Tensor:
        """Return the positions of a sequence, those of the nearest frames where there are more or fewer than rows."""
        if frames == self.num_frames:
            return self.positions
        nearest = nearest_positions(frames, self.num_frames)
        rows = [0, *(1 + kind * self.num_frames + row for kind in range(self.num_classes + 1) for row in nearest)]
        return self.positions[rows]


class TextAdapter(_Adapter):
    """Mixes the tokens of a text.

    Args:
        width: D.
        bottleneck: M.
        num_heads: of the mixing block.
        num_tokens: the most tokens that a text has.
        factor_width: see `_Adapter`.
    """

    def __init__(
        self, width: int, bottleneck: int, *, num_heads: int, num_tokens: int, factor_width: int | None
    ) -> None:
        super().__init__(width, bottleneck, num_heads=num_heads, num_positions=num_tokens, factor_width=factor_width)
        nn.init.normal_(self.down.weight, std=(2 * width) ** -0.5)

    def forward(self, tokens: Tensor, mask: Tensor | None, factor: Tensor | None = None) -> Tensor:
        """Turn an MLP's output for texts (N, T, D) into what is added to it; the mask (T, T) is additive."""
        low = self.norm(self.go_down(tokens, factor) + self.positions[: tokens.shape[1]])
        return _SCALE * self.up(quick_gelu(self.block(low, src_mask=mask)))
