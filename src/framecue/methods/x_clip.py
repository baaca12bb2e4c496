"""X-CLIP (Ma et al., ACM MM 2022, arXiv 2207.07285): similarities at four levels, each by attention over itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
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
        released: whether to do two things that the released code does and the paper does not describe: learned matrices
            on embeddings and on attention weights, and the padding and the start of a text among its words. Texts
            then have `max_words` words and videos `num_frames` frames, in training and at test.
    """

    added = {"released": False}

    max_words: Annotated[int, Field(ge=3)] = 32
    temporal_layers: AtLeastOne = 4
    temperature: PositiveNumber = 0.01
    released: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.released and self.num_test_frames != self.num_frames:
            raise InputError(
                f"with released: true, num_test_frames must be num_frames ({self.num_frames}), got "
                f"{self.num_test_frames}: the matrices are for so many frames"
            )


class XClip(Method):
    """The mean of four similarities: video to sentence, video to words, frames to sentence, frames to words.

    The video's own feature comes from a temporal encoder over the frames; the frames' features are the image encoder's.
    A similarity vector becomes a number by attention over itself (AOSM); a matrix becomes one by two such steps, both
    words first and frames first.

    The released code does two things that the paper does not describe, which `released` asks for. It multiplies
    embeddings and attention weights with eight learned matrices, which start as the identity: on a ViT-B/32 with 32
    words and 12 frames 2 * 512 * 512 + 3 * 32 * 32 + 3 * 12 * 12 = 527 792 parameters. And every place of a text counts
    as a word, its start and its padding, too, which is token 0 there. Without it, a text's similarity does not depend
    on the length to which it is padded.
    """

    Config = XClipConfig
    offline = False
    paper = "X-CLIP (ACM MM 2022, arXiv 2207.07285)"
    config: XClipConfig

    def __init__(self, config: XClipConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.temporal = TemporalEncoder(backbone, num_layers=config.temporal_layers, num_frames=config.num_frames)
        self.matrices = nn.ParameterDict()
        if config.released:
            words = self.max_text_tokens(backbone)
            self.matrices = nn.ParameterDict(_matrices(backbone.vision.embedding_dim, words, config.num_frames))

    def max_text_tokens(self, backbone: Backbone) -> int:
        """See `Method.max_text_tokens`."""
        text = backbone.text
        return text.context_length if text.pads_texts else min(self.config.max_words, text.context_length)

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, 1 + F, E), not normalised: the video's, then the frames'.

        Raises:
            InputError: with the released matrices, F is not the number of frames that they are for.
        """
        if self.config.released and pixel_values.shape[1] != self.config.num_frames:
            raise InputError(
                f"x-clip with released: true takes {self.config.num_frames} frames a video, got {pixel_values.shape[1]}"
            )
        frames = super().encode_frames(backbone, pixel_values)
        video = directions(self.temporal(frames)).mean(dim=1, keepdim=True)
        return torch.cat([video.to(frames.dtype), frames], dim=1)

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into (N, 1 + W, E), not normalised: the sentence's feature, its words', then zeros.

        The words are the real tokens, including the one that ends the text. In a causal tower they do not include the
        first token, which marks the start and has seen no word. With `released`, every place is a word, and W is the
        most tokens that a text may have.
        """
        text = backbone.text
        if self.config.released and not text.pads_texts:
            input_ids = self._padded(backbone, input_ids)
        tokens = text.embed(input_ids)
        mask = text.causal_mask(tokens)
        for index in range(text.num_layers):
            tokens = text.run_layer(index, tokens, mask=mask)
        ends, places = text.end_of_text(input_ids), torch.arange(tokens.shape[1], device=tokens.device)
        real = torch.ones_like(input_ids, dtype=torch.bool)
        if attention_mask is not None and not self.config.released:
            real = attention_mask.bool()
        if text.is_causal and not self.config.released:
            real = real & (places > 0) & (places <= ends[:, None])
        sentences = text.read(tokens, ends)
        found = text.finish(tokens[real])
        words = found.new_zeros(*input_ids.shape, found.shape[-1]).masked_scatter(real[..., None], found)
        return torch.cat([sentences[:, None], words[:, real.any(dim=0)]], dim=1)

    def _padded(self, backbone: Backbone, input_ids: Tensor) -> Tensor:
        """Return ids (N, W) of texts (N, T) as the released code pads them: with token 0, to one length."""
        ends = backbone.text.end_of_text(input_ids)
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        missing = self.max_text_tokens(backbone) - input_ids.shape[1]
        return functional.pad(input_ids.masked_fill(places > ends[:, None], 0), (0, missing))

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the mean of the four similarities; trained matrices may lead out of [-1, 1].

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
        turned = self._turn(words, "local_mat_weight")
        words_frames = frame_cosines(turned.flatten(0, 1), frames).unflatten(0, words.shape[:2]).transpose(1, 2)
        by_frame = self._attend(words_frames.transpose(2, 3), "word_mat_weight", padding[:, :, None])  # (N, B, F)
        by_word = self._attend(words_frames, "frame_mat_weight")  # (N, B, W)
        fine = self._attend(by_frame, "frame_mat_weight2") + self._attend(by_word, "word_mat_weight2", padding)
        coarse = self._turn(sentences, "global_mat_weight") @ video.T
        sentence_frames = frame_cosines(sentences, frames)
        crossed = self._attend(video_words, "word_logit_weight", padding)
        crossed = crossed + self._attend(sentence_frames, "frame_logit_weight")
        return (coarse + crossed + fine / 2) / 4

    def _turn(self, rows: Tensor, matrix: str) -> Tensor:
        """Return rows (..., K) times a learned matrix (K, K), or as they are if there is none of that name."""
        return rows @ self.matrices[matrix].to(rows.dtype) if matrix in self.matrices else rows

    def _attend(self, similarities: Tensor, matrix: str, padding: Tensor | None = None) -> Tensor:
        """Return the sum over the last axis, weighted by its own softmax as `matrix` turns it; `padding` is left out."""
        scores = similarities / self.config.temperature
        if padding is not None:
            scores = scores.masked_fill(padding, -torch.inf)
        return (self._turn(scores.softmax(dim=-1), matrix) * similarities).sum(dim=-1)


def _matrices(width: int, words: int, frames: int) -> dict[str, nn.Parameter]:
    """Return the released matrices at their start, the identity, under their released names."""
    sizes = {
        **dict.fromkeys(("global_mat_weight", "local_mat_weight"), width),
        **dict.fromkeys(("word_logit_weight", "word_mat_weight", "word_mat_weight2"), words),
        **dict.fromkeys(("frame_logit_weight", "frame_mat_weight", "frame_mat_weight2"), frames),
    }
    return {name: nn.Parameter(torch.eye(size)) for name, size in sizes.items()}
