"""Video Proxy (CLIP-ViP, Xue et al., ICLR 2023, arXiv 2209.06430): a few tokens that see the whole video.

The sequence of a video is `[proxy_1..proxy_M, patches of frame 1, .., patches of frame F]`. Proxies attend to
everything; the patches of a frame attend to those of their own frame and to the proxies, so frames meet only in the
proxies. The first proxy after the last layer is the video's feature. As in the released code, the backbone's class
token is the first proxy, the others start from a standard normal, get the class token's position embedding and pass the
norm in front of layer 0, and M is 4. A position embedding of each frame, zero at the start, is added to its patches;
nothing else tells the order of frames.

There are two differences from the released code: the frame embedding is added after the norm in front of layer 0, not
before it, and other numbers of frames than in training take the nearest embeddings, not interpolated ones. The whole
backbone is trained, with the proxies and the frame embedding. Adapters from before the proxies had positions say
nothing of `proxy_positions`, and keep their vectors.

If a tower has no class token, all M proxies are learned, and the pooling head sees only the first. On a ViT-B/32 with
12 frames there are 3 * 768 + 12 * 768 = 11 520 new parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.methods.base import Method, MethodConfig
from framecue.methods.frame_positions import nearest_positions
from framecue.methods.frames_apart import frames_apart
from framecue.validation import AtLeastOne

__all__ = ["VideoProxy", "VideoProxyConfig"]


@dataclass(frozen=True, kw_only=True)
class VideoProxyConfig(MethodConfig):
    """Options of Video Proxy, with the released values.

    Attributes:
        num_proxies: M, including the class token if there is one.
        frame_embedding: whether patches get an embedding of their frame's position; without it, order is not seen.
        proxy_positions: whether the added proxies get the class token's position embedding, as released.
    """

    added: ClassVar[Mapping[str, Any]] = {"proxy_positions": False}

    num_proxies: AtLeastOne = 4
    frame_embedding: bool = True
    proxy_positions: bool = True


class VideoProxy(Method):
    """M proxies attend to all frames; a frame attends to itself and the proxies; the first proxy is the feature."""

    Config = VideoProxyConfig
    paper = "CLIP-ViP (ICLR 2023, arXiv 2209.06430)"
    config: VideoProxyConfig

    def __init__(self, config: VideoProxyConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        width, learned = backbone.vision.width, config.num_proxies - backbone.vision.num_class_tokens
        self.proxies = nn.Parameter(torch.randn(learned, width)) if learned else None
        self.frame_embedding = nn.Parameter(torch.zeros(config.num_frames, width)) if config.frame_embedding else None

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), in chronological order, into one feature a video (B, 1, E), not normalised."""
        videos, frames = pixel_values.shape[:2]
        vision = backbone.vision
        prompts = None if self.proxies is None else self.proxies.expand(videos * frames, -1, -1)
        if prompts is not None and vision.class_position is not None and self.config.proxy_positions:
            prompts = prompts + vision.class_position
        tokens = vision.embed(pixel_values.flatten(0, 1), prompts=prompts).unflatten(0, (videos, frames))
        # Before the first layer they are the same for all frames, so one copy stands for the video.
        proxies, patches = tokens[:, 0, : self.config.num_proxies], tokens[:, :, self.config.num_proxies :]
        if self.frame_embedding is not None:
            rows = torch.tensor(nearest_positions(frames, len(self.frame_embedding)), device=patches.device)
            patches = patches + self.frame_embedding[rows][:, None].to(patches.dtype)
        tokens = torch.cat([proxies, patches.flatten(1, 2)], dim=1)
        mask = frames_apart(self.config.num_proxies, patches)
        # A patch has its place in its own frame; proxies have none.
        one_frame = vision.places(device=tokens.device)[vision.num_class_tokens :]
        places = torch.cat([one_frame.new_full((self.config.num_proxies,), -1), one_frame.repeat(frames)])
        for index in range(vision.num_layers):
            tokens = vision.run_layer(index, tokens, mask=mask, places=places)
        return vision.finish(vision.summarise(tokens[:, :1]))[:, None]
