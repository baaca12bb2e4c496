"""Layers whose attention runs between frames: VoP^F (Huang et al., CVPR 2023, arXiv 2211.12764).

Shapes: B videos, F frames a video, T a frame's own tokens, K prompts, D the vision tower's width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from framecue.backbone import VisionTower
from framecue.methods.frame_positions import FramePositions
from framecue.methods.prompt_parameter import new_prompts

__all__ = ["InterFrameLayers"]


class InterFrameLayers(nn.Module):
    """The last layers of a tower, run on one sequence with the tokens of all frames of a video and its prompts.

    Args:
        vision: the tower.
        first_layer: the first of these layers, from 0 (K_S in the paper: the number of layers that work inside frames).
        num_frames: frames a video in training.
        num_prompts: K, prompts in each layer.

    Attributes:
        prompts: (layers from `first_layer` on, K, D).
        frame_positions: embeddings that are added once to all tokens of a frame.
    """

    def __init__(self, vision: VisionTower, *, first_layer: int, num_frames: int, num_prompts: int) -> None:
        super().__init__()
        self.first_layer = first_layer
        self.prompts = new_prompts(vision.num_layers - first_layer, num_prompts, vision.width)
        self.frame_positions = FramePositions(num_frames=num_frames, width=vision.width)

    def forward(self, vision: VisionTower, tokens: Tensor) -> Tensor:
        """Run the layers on `[class_1 .. class_F, prompts, patches_1 .. patches_F]`, and return the frames' tokens.

        Args:
            vision: the tower.
            tokens: (B, F, T, D), the frames' own tokens that enter `first_layer`.

        Returns:
            (B, F, T, D), after the last layer.
        """
        videos, frames = tokens.shape[:2]
        own = vision.num_class_tokens
        tokens = tokens + self.frame_positions(frames)[:, None].to(tokens.dtype)
        classes, patches = tokens[:, :, :own].flatten(1, 2), tokens[:, :, own:].flatten(1, 2)
        # A patch has its place in its own frame; class tokens and prompts have none.
        one_frame = vision.places(device=tokens.device)[own:]
        nowhere = one_frame.new_full((classes.shape[1] + self.prompts.shape[1],), -1)
        places = torch.cat([nowhere, one_frame.repeat(frames)])
        for index, layer_prompts in enumerate(self.prompts.to(tokens.dtype), start=self.first_layer):
            joined = torch.cat([classes, layer_prompts.expand(videos, -1, -1), patches], dim=1)
            sizes = [classes.shape[1], len(layer_prompts), patches.shape[1]]
            classes, _, patches = vision.run_layer(index, joined, places=places).split(sizes, dim=1)
        patches = patches.unflatten(1, (frames, -1))
        # Without class tokens there is nothing to join; an exported graph could not say what shape nothing has.
        return torch.cat([classes.unflatten(1, (frames, own)), patches], dim=2) if own else patches
