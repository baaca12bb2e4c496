"""A method's whole way from pixel values to a video's embedding as one graph of ONNX.

The graph takes one video. PyTorch's tracing exporter is used, which writes down what is done for the sizes at hand: a
number of videos would be as fixed as the number of frames is, in whatever a method does between frames. The exporter
that keeps sizes open takes ten times as long, and does not take each method. Nothing is lost by it: one video of 12
frames is as much as one core computes fastest.

Shapes: F frames a video, S pixels, E the embedding's width.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError, ModelError, first_line
from framecue.exported.extra import check_exporter
from framecue.exported.session import open_session
from framecue.exported.video_graph import EMBEDDING, FRAMES, PIXELS
from framecue.methods import Method

__all__ = ["MOST_DIFFERENT", "export_video_graph", "why_not_exported"]

MOST_DIFFERENT = 1e-3
"""How far a number of an exported graph's unit vectors may be from the method's own, in float32; 1e-6 is usual."""

# ONNX's. Later ones take ReduceMax's axes in another way, which `outliers.py` would have to know.
OPSET = 17
# A graph is one file of at most 2 GiB.
_MOST_BYTES = 2_000_000_000


def why_not_exported(backbone: Backbone, method: Method) -> str | None:
    """Return why a method on a backbone has no graph, in words that end a sentence; None if it has one."""
    if not method.offline:
        return "it looks at the text while it pools frames, so that a video has no embedding of its own"
    if not method.exports:
        return "a graph cannot do what it does between frames"
    if method.config.short_videos == "mask":
        return "with short_videos: mask it leaves frames out, and a graph takes all"
    if sum(parameter.numel() for parameter in _video_parameters(backbone, method)) * 4 > _MOST_BYTES:
        return "it is larger than a graph's file can be, 2 GB"
    return None


def export_video_graph(backbone: Backbone, method: Method, target: Path, *, num_frames: int) -> float:
    """Write the graph of `Method.encode_frames` and `Method.pool` for one video, and check it against them.

    It takes `pixel_values` float32 (1, F, 3, S, S), and gives `embedding` float32 (1, E) and `frames` float32
    (1, F', E), unit vectors; F' is F, but for a method that joins frames. ViT-B/32's shape takes about ten seconds.

    Args:
        backbone: in float32, on the processor.
        method: likewise.
        target: the file to write.
        num_frames: F.

    Returns:
        How far its numbers were from the method's own at most.

    Raises:
        InputError: the method has no graph, see `why_not_exported`, or it is not in float32 on the processor.
        ModelError: the exporter cannot make it, or the graph gives other vectors.
        RuntimeMissingError: ONNX Runtime, or what writes graphs, is not installed.
        OSError: the file cannot be written.
    """
    if reason := why_not_exported(backbone, method):
        raise InputError(f"method {type(method).__name__} cannot be exported: {reason}; use the model itself")
    check_exporter()
    scale = backbone.logit_scale
    if scale.dtype != torch.float32 or scale.device.type != "cpu":
        raise InputError(f"a graph is made of a model in float32 on the processor, got {scale.dtype} on {scale.device}")
    module = _OneVideo(backbone, method).eval()
    size = backbone.vision.image_size
    generator = torch.Generator().manual_seed(0)
    example, other = (torch.randn(1, num_frames, 3, size, size, generator=generator) for _ in range(2))
    with torch.inference_mode(), _plain_attention():
        try:
            with warnings.catch_warnings():
                # It warns of each size that becomes a number, and of another exporter.
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    module,
                    (example,),
                    str(target),
                    dynamo=False,
                    opset_version=OPSET,
                    input_names=[PIXELS],
                    output_names=[EMBEDDING, FRAMES],
                )
        except OSError:  # a full disk, of which whoever names the folder tells
            raise
        except Exception as error:  # the exporter raises whatever it meets
            raise ModelError(
                f"{backbone.name}: cannot be exported: {first_line(error)}; use the model itself"
            ) from error
        wanted = [output.numpy() for output in module(other)]
    found = open_session(target).run({PIXELS: other.numpy()})
    off = max(float(np.abs(mine - theirs).max()) for mine, theirs in zip(found, wanted, strict=True))
    if not off <= MOST_DIFFERENT:  # nor if one of them is no number
        raise ModelError(
            f"{backbone.name}: the exported graph gives other vectors than the model ({off:.2g}); use the model itself"
        )
    return off


class _OneVideo(nn.Module):
    """What is exported: from the pixel values of videos to unit vectors of them and of their frames."""

    def __init__(self, backbone: Backbone, method: Method) -> None:
        super().__init__()
        self.backbone, self.method = backbone, method

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (B, E) and frames (B, F', E) of pixel values (B, F, 3, S, S)."""
        frames = self.method.encode_frames(self.backbone, pixel_values)
        return functional.normalize(self.method.pool(frames), dim=-1), functional.normalize(frames, dim=-1)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Keep `nn.MultiheadAttention` from a fused operation that the exporter does not know."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _video_parameters(backbone: Backbone, method: Method) -> Iterator[nn.Parameter]:
    """Yield the parameters that a graph of videos holds: not the text tower's."""
    for name, parameter in backbone.model.named_parameters():
        if not name.startswith("text_model."):
            yield parameter
    yield from method.parameters()
