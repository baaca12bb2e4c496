"""X-CLIP (Ma et al., ACM MM 2022, arXiv 2207.07285): similarities at four levels, each by attention over itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods.absent import is_absent
from framecue.methods.base import Method, MethodConfig
from framecue.methods.fusion import blockwise, directions, frame_cosines
from framecue.methods.temporal import TemporalEncoder
from framecue.validation import AtLeastOne, PositiveNumber

__all__ = ["XClip", "XClipConfig"]


@dataclass(frozen=True, kw_only=True)
class XClipConfig(MethodConfig):
    """Options of X-CLIP, with the released values.

    Attributes:
        max_words: longer texts are cut to this many tokens, including the special ones; a tower that was trained on
            texts of one length keeps that length.
        temporal_layers: layers of the temporal encoder, which are copied from the text tower; at most as many as that
            has. The paper says three.
        temperature: of the attention over similarity matrices.
    """

    max_words: Annotated[int, Field(ge=3)] = 32
    temporal_layers: AtLeastOne = 4
    temperature: PositiveNumber = 0.01


class XClip(Method):
    """The mean of four similarities: video to sentence, video to words, frames to sentence, frames to words.

    The video's own feature comes from a temporal encoder over the frames; the frames' features are the image encoder's.
    A similarity vector becomes a number by attention over itself (AOSM); a matrix becomes one by two such steps, both
    words first and frames first.

    The released code does two things that the paper does not describe: it multiplies embeddings and attention weights
    with learned matrices, which start as the identity, and it counts the padding of a text among its words. This code
    does neither, so a text's similarity does not depend on the texts beside it.
    """

    Config = XClipConfig
    masks_frames = True
    offline = False
    paper = "X-CLIP (ACM MM 2022, arXiv 2207.07285)"
    config: XClipConfig

    def __init__(self, config: XClipConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.temporal = TemporalEncoder(backbone, num_layers=config.temporal_layers, num_frames=config.num_frames)

    def max_text_tokens(self, backbone: Backbone) -> int:
        """See `Method.max_text_tokens`."""
        text = backbone.text
        return text.context_length if text.pads_texts else min(self.config.max_words, text.context_length)

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, 1 + F, E), not normalised: the video's, then the frames'."""
        return self._with_video(super().encode_frames(backbone, pixel_values), None)

    def encode_real_frames(self, backbone: Backbone, pixel_values: Tensor, absent: Tensor) -> Tensor:
        """See `Method.encode_real_frames`; the first feature, (B, 1 + F, E), is the video's, of its real frames."""
        frames = super().encode_frames(backbone, pixel_values).masked_fill(absent[..., None], 0.0)
        return self._with_video(frames, absent)

    def _with_video(self, frames: Tensor, absent: Tensor | None) -> Tensor:
        mixed = directions(self.temporal(frames, absent))
        if absent is not None:
            mixed = mixed.masked_fill(absent[..., None], 0.0)
        # The sum of directions has the mean's own.
        return torch.cat([mixed.mean(dim=1, keepdim=True).to(frames.dtype), frames], dim=1)

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into (N, 1 + W, E), not normalised: the sentence's feature, its words', then zeros.

        The words are the real tokens, including the one that ends the text. In a causal tower they do not include the
        first token, which marks the start and has seen no word.
        """
        text = backbone.text
        tokens = text.embed(input_ids)
        mask = text.causal_mask(tokens)
        for index in range(text.num_layers):
            tokens = text.run_layer(index, tokens, mask=mask)
        ends, places = text.end_of_text(input_ids), torch.arange(tokens.shape[1], device=tokens.device)
        real = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
        if text.is_causal:
            real = real & (places > 0) & (places <= ends[:, None])
        sentences = text.read(tokens, ends)
        found = text.finish(tokens[real])
        words = found.new_zeros(*input_ids.shape, found.shape[-1]).masked_scatter(real[..., None], found)
        return torch.cat([sentences[:, None], words[:, real.any(dim=0)]], dim=1)

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the mean of the four similarities.

        Args:
            text_features: (N, 1 + W, E), from `encode_text`.
            frame_features: (B, 1 + F, E), from `encode_frames`.

        Returns:
            (N, B).
        """
        texts, videos = directions(text_features), directions(frame_features)
        # The matrix of words and frames, two attentions over it, and their products.
        numbers_per_pair = 6 * texts.shape[1] * videos.shape[1]
        return blockwise(self._pairs, texts, videos, numbers_per_pair=numbers_per_pair)

    def _pairs(self, texts: Tensor, videos: Tensor) -> Tensor:
        sentences, words = texts[:, 0], texts[:, 1:]
        video, frames = videos[:, 0], videos[:, 1:]
        padding = ~words.any(dim=-1)[:, None]  # (N, 1, W)
        video_words = (words @ video.T).transpose(1, 2)  # (N, B, W)
        words_frames = frame_cosines(words.flatten(0, 1), frames).unflatten(0, words.shape[:2]).transpose(1, 2)
        absent = is_absent(frames)  # (B, F)
        by_frame = self._attend(words_frames.transpose(2, 3), padding[:, :, None])  # (N, B, F), of (N, B, W, F)
        by_word = self._attend(words_frames, absent[:, None])  # (N, B, W)
        fine = (self._attend(by_frame, absent) + self._attend(by_word, padding)) / 2
        coarse = sentences @ video.T
        crossed = self._attend(video_words, padding) + self._attend(frame_cosines(sentences, frames), absent)
        return (coarse + crossed + fine) / 4

    def _attend(self, similarities: Tensor, padding: Tensor | None = None) -> Tensor:
        """Return the sum over the last axis, weighted by its own softmax; what is `padding` is left out."""
        scores = similarities / self.config.temperature
        if padding is not None:
            scores = scores.masked_fill(padding, -torch.inf)
        return (scores.softmax(dim=-1) * similarities).sum(dim=-1)
