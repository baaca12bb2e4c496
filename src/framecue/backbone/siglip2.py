"""SigLIP 2's NaFlex architecture (`transformers.Siglip2Model`) as two towers, at one square size.

NaFlex takes images of any aspect ratio as a list of patches. Here every frame is the square that its position
embeddings were made for, so that all frames are tokens of one shape, as methods need them.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from framecue.backbone.preprocess import Preprocess
from framecue.backbone.siglip import SiglipTextTower, SiglipVisionTower, why_siglip_is_unsupported

__all__ = ["Siglip2TextTower", "Siglip2VisionTower", "siglip2_preprocess", "why_siglip2_is_unsupported"]

Siglip2TextTower = SiglipTextTower


class Siglip2VisionTower(SiglipVisionTower):
    """SigLIP's ViT with a linear map in place of the convolution: images are cut into patches outside the model."""

    def __init__(self, siglip2: Any) -> None:
        super().__init__(siglip2, image_size=_image_size(siglip2.config))
        self.patch_size: int = siglip2.config.vision_config.patch_size

    def embed_patches(self, pixel_values: Tensor) -> Tensor:
        """See `SiglipVisionTower.embed_patches`."""
        embeddings: Any = self._model.embeddings
        grid = (-1, self.patch_size)
        # (N, 3, rows, P, columns, P) to (N, rows * columns, P * P * 3), the channels last within a patch.
        patches = pixel_values.unflatten(3, grid).unflatten(2, grid).permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
        # The model would resize the positions to the shape of each image; for this square they need no resizing.
        return embeddings.patch_embedding(patches) + embeddings.position_embedding.weight


def siglip2_preprocess(config: Any) -> Preprocess:
    """Return SigLIP 2's own steps for a configuration of `Siglip2Model`, for a folder that does not define any."""
    return Preprocess.siglip(_image_size(config), filter="bilinear", patch_size=config.vision_config.patch_size)


def why_siglip2_is_unsupported(config: Any) -> str | None:
    """Return what a configuration of SigLIP 2 lacks for image and text features of square frames, or None."""
    patches = config.vision_config.num_patches
    if math.isqrt(patches) ** 2 != patches:
        return f"num_patches must be a square number, as frames are square here, got {patches}"
    return why_siglip_is_unsupported(config)


def _image_size(config: Any) -> int:
    return math.isqrt(config.vision_config.num_patches) * config.vision_config.patch_size
