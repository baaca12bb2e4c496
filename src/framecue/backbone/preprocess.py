"""Turning frames into pixel values as the backbone's own image processor does, a whole video at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from framecue.backbone.device_resize import MOST_SHRUNK, PILLOW_FILTERS, resize_as_pillow
from framecue.errors import InputError
from framecue.paths import exists, is_dir
from framecue.pixel_steps import crop_place, resize_and_crop, target_size, without_ends

__all__ = ["Preprocess"]

# Of what a model looks at, in pixels; the largest that there are have 1536.
MAX_SIDE = 4096
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_FILTERS = {number: name for name, number in PILLOW_FILTERS.items()}


@dataclass(frozen=True)
class Preprocess:
    """Resize, centre crop, normalise.

    Attributes:
        resize: the short side after resizing, or (height, width) to ignore the aspect ratio.
        crop: (height, width) of the centre crop, or None.
        mean: of each channel, in [0, 1].
        std: of each channel.
        filter: "bicubic" or "bilinear", both with antialiasing.
        patch_size: the patch's side, if the model's own image processor cuts frames into patches (NaFlex); the steps
            here stop before that.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    filter: str = "bicubic"
    patch_size: int | None = None

    def __post_init__(self) -> None:
        sides = [*(self.resize if isinstance(self.resize, tuple) else (self.resize,)), *(self.crop or ())]
        for side in sides:
            if not 1 <= side <= MAX_SIDE:
                raise InputError(
                    f"the side of a model's pictures must be at least 1 and at most {MAX_SIDE}, got {side}"
                )

    @property
    def short_side(self) -> int:
        """The short side to which larger frames may be scaled before these steps: twice the size that these make.

        The pixel values then differ by a few grey levels at edges, and by less than one on average.
        """
        return 2 * (self.resize if isinstance(self.resize, int) else max(self.resize))

    @classmethod
    def clip(cls, image_size: int) -> Preprocess:
        """Return CLIP's own steps: the short side becomes S pixels, then the square in the middle is cut out."""
        return cls(resize=image_size, crop=(image_size, image_size))

    @classmethod
    def siglip(cls, image_size: int, *, filter: str = "bicubic", patch_size: int | None = None) -> Preprocess:
        """Return SigLIP's own steps: frames are squashed to (S, S) whatever their aspect ratio; values are -1 to 1."""
        half = (0.5, 0.5, 0.5)
        return cls((image_size, image_size), None, mean=half, std=half, filter=filter, patch_size=patch_size)

    @classmethod
    def of_image_processor(cls, processor: Any, *, image_size: int | None = None) -> Preprocess:
        """Return the steps of an image processor of `transformers`.

        Args:
            processor: the image processor. NaFlex (SigLIP 2) resizes each frame to at most a number of patches and
                roughly keeps its aspect ratio; here a frame becomes a square, which differs only for oblong frames.
            image_size: the square's side; default the largest with that number of patches.

        Raises:
            InputError: it takes other steps than resize, centre crop and normalise, or has another filter.
        """
        patch_size: int | None = None
        if getattr(processor, "max_num_patches", None) is not None:
            patch_size = int(processor.patch_size)
            side = math.isqrt(processor.max_num_patches) * patch_size if image_size is None else image_size
            size = {"height": side, "width": side}
        else:
            size = {key: value for key, value in dict(processor.size).items() if value}
        number = int(processor.resample)
        resize: int | tuple[int, int]
        if set(size) == {"shortest_edge"}:
            resize = size["shortest_edge"]
        elif set(size) == {"height", "width"}:
            resize = (size["height"], size["width"])
        else:
            raise InputError(f"image size {size} is not supported; supported: shortest_edge, or height and width")
        if number not in _FILTERS:
            raise InputError(f"resample {number} is not supported; supported: {_FILTERS}")
        for step in ("do_resize", "do_rescale", "do_normalize"):
            if not getattr(processor, step, True):
                raise InputError(f"{step}: false is not supported in preprocessor_config.json")
        crop = None
        if getattr(processor, "do_center_crop", False):
            crop = (processor.crop_size["height"], processor.crop_size["width"])
        return cls(
            resize=resize,
            crop=crop,
            mean=tuple(processor.image_mean),
            std=tuple(processor.image_std),
            filter=_FILTERS[number],
            patch_size=patch_size,
        )

    @classmethod
    def of_folder(cls, name: str, *, default: Preprocess, **hub: Any) -> Preprocess:
        """Return the steps that a model's folder or hub page defines, or else `default`, those of its architecture."""
        from transformers import AutoImageProcessor

        folder = Path(name)
        if is_dir(folder) and not any(exists(folder / f"{kind}_config.json") for kind in ("preprocessor", "processor")):
            return default
        image_size = default.resize if isinstance(default.resize, int) else default.resize[0]
        return cls.of_image_processor(AutoImageProcessor.from_pretrained(name, **hub), image_size=image_size)

    def save(self, folder: str | Path) -> None:
        """Write `preprocessor_config.json`, as CLIP's image processor reads it, or that of SigLIP 2 for NaFlex."""
        values: dict[str, Any] = {"image_mean": list(self.mean), "image_std": list(self.std)}
        values["resample"] = PILLOW_FILTERS[self.filter]
        if self.patch_size is not None and isinstance(self.resize, tuple):
            patches = (self.resize[0] // self.patch_size) * (self.resize[1] // self.patch_size)
            processor = _image_processor("Siglip2")(patch_size=self.patch_size, max_num_patches=patches, **values)
            processor.save_pretrained(folder)
            return
        size = (
            {"height": self.resize[0], "width": self.resize[1]}
            if isinstance(self.resize, tuple)
            else {"shortest_edge": self.resize}
        )
        crop = {} if self.crop is None else {"crop_size": {"height": self.crop[0], "width": self.crop[1]}}
        processor = _image_processor("CLIP")(size=size, do_center_crop=self.crop is not None, **values, **crop)
        processor.save_pretrained(folder)

    def __call__(self, frames: np.ndarray | Tensor) -> Tensor:
        """Turn frames into pixel values.

        Args:
            frames: uint8 (F, H, W, 3), RGB, 0..255.

        Returns:
            float32 (F, 3, S, S), normalised.

        Raises:
            InputError: the frames are not uint8, not (F, H, W, 3), or empty.
        """
        return self.normalise(self.resize_and_crop(frames))

    def resize_and_crop(self, frames: np.ndarray | Tensor) -> Tensor:
        """Do the steps before normalising: turn uint8 (F, H, W, 3) into uint8 (F, 3, S, S)."""
        array = frames.cpu().numpy() if isinstance(frames, Tensor) else frames
        return torch.from_numpy(resize_and_crop(array, resize=self.resize, crop=self.crop, filter=self.filter))

    def on_device(self, frames: Tensor) -> Tensor:
        """Do all steps on the device where frames are; see `resize_as_pillow` for how near this comes.

        Frames that shrink by more than a GPU's filters can take, and strips of which the middle alone is resized, are
        resized on the processor.

        Args:
            frames: uint8 (F, H, W, 3), RGB, 0..255.

        Returns:
            float32 (F, 3, S, S), normalised, on the same device.

        Raises:
            InputError: the frames are not uint8, not (F, H, W, 3), or empty.
        """
        _check_frames(frames.dtype == torch.uint8, tuple(frames.shape), frames.dtype)
        height, width = frames.shape[1:3]
        target = target_size(height, width, self.resize)
        size, box = without_ends((height, width), target, self.crop)
        if box is not None or height > MOST_SHRUNK * target[0] or width > MOST_SHRUNK * target[1]:
            return self.normalise(self.resize_and_crop(frames).to(frames.device))
        pixels = resize_as_pillow(frames, size, filter=self.filter)
        return self.normalise(pixels if self.crop is None else _centre_crop(pixels, self.crop))

    def normalise(self, pixels: Tensor) -> Tensor:
        """Normalise pixels by channel: turn uint8 or whole numbers (..., 3, S, S) into float32."""
        scale, offset = _scale_and_offset(tuple(self.mean), tuple(self.std), pixels.device)
        # In place, on a contiguous copy: a video's pixels do not fit into a processor's caches.
        values = pixels.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
        return values.mul_(scale).sub_(offset)


@lru_cache(maxsize=64)
def _scale_and_offset(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return what bytes are multiplied by and what is subtracted then, each (3, 1, 1); kept, as GPUs wait for them."""
    with torch.inference_mode(False):
        deviation = torch.tensor(std, device=device)[:, None, None]
        return 1.0 / (255.0 * deviation), torch.tensor(mean, device=device)[:, None, None] / deviation


def _check_frames(is_bytes: bool, shape: tuple[int, ...], dtype: object) -> None:
    """Raise unless frames are uint8 (F, H, W, 3) and there are any."""
    if not is_bytes or len(shape) != 4 or shape[-1] != 3 or 0 in shape:
        raise InputError(f"frames must be uint8 (F, H, W, 3) in RGB; got {dtype} of shape {shape}")


def _centre_crop(pixels: Tensor, crop: tuple[int, int]) -> Tensor:
    """Cut (height, width) from the middle; where the frame is too small, it is padded with black."""
    for dim, size in zip((-2, -1), crop, strict=True):
        before, behind, start = crop_place(pixels.shape[dim], size)
        if before:
            pixels = functional.pad(pixels, (before, behind) if dim == -1 else (0, 0, before, behind))
        pixels = pixels.narrow(dim, start, size)
    return pixels


def _image_processor(model: str) -> Any:
    """Return a model's image processor in its form without torchvision, whose name changed within transformers 5."""
    import transformers

    return getattr(transformers, f"{model}ImageProcessorPil", None) or getattr(transformers, f"{model}ImageProcessor")
