"""Text prompts of VoP (Huang et al., CVPR 2023, arXiv 2211.12764): learned tokens in every layer of the text tower.

Shapes: N texts, T tokens a text, K prompts a layer, D the text tower's width, E the joint embedding's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import TextTower
from framecue.errors import InputError
from framecue.methods.prompt_parameter import new_prompts

__all__ = ["FrontTextPrompts", "Layout", "SurroundingTextPrompts", "TextPrompts"]

Layout = Literal["paper", "modelscope"]
"""The layouts of prompts: `FrontTextPrompts` as in the paper, `SurroundingTextPrompts` as in the released code."""

_LEAST_TOKENS = 3
"""The fewest tokens that must be left for a text: a start, a word and an end."""


class TextPrompts(nn.Module, ABC):
    """K prompts for each layer of a text tower, and their places among the words.

    Args:
        text: the tower.
        num_prompts: K.

    Attributes:
        prompts: (layers, K, D).

    Raises:
        InputError: the prompts leave no room for words.
    """

    def __init__(self, text: TextTower, *, num_prompts: int) -> None:
        super().__init__()
        self.prompts = new_prompts(text.num_layers, num_prompts, text.width)
        if self.max_tokens(text) < _LEAST_TOKENS:
            raise InputError(
                f"num_text_prompts must be at most {text.context_length - _LEAST_TOKENS} for a text tower of "
                f"{text.context_length} tokens, as a text keeps {_LEAST_TOKENS} of them; got {num_prompts}"
            )

    @property
    def num_prompts(self) -> int:
        """K, the number of prompts in each layer."""
        return self.prompts.shape[1]

    def max_tokens(self, text: TextTower) -> int:
        """Return the most tokens that a text can have beside the prompts.

        In a causal tower, prompts and words together fill at most the context (77, which leaves 69 tokens). A tower
        that attends in both directions was trained at one length, to which its texts are padded: they keep all of it.
        """
        return text.context_length - self.num_prompts if text.is_causal else text.context_length

    def forward(self, text: TextTower, input_ids: Tensor) -> Tensor:
        """Turn token ids (N, T) into features (N, E), not normalised.

        Raises:
            InputError: T is more than `max_tokens`.
        """
        most = self.max_tokens(text)
        if input_ids.shape[1] > most:
            raise InputError(
                f"with {self.num_prompts} text prompts a text has at most {most} tokens, got {input_ids.shape[1]}"
            )
        return self.encode(text, input_ids)

    @abstractmethod
    def encode(self, text: TextTower, input_ids: Tensor) -> Tensor:
        """Turn ids (N, T), with T at most `max_tokens`, into features (N, E), not normalised."""


class FrontTextPrompts(TextPrompts):
    """The paper's layout: `[prompts, words]` in every layer; the words keep their positions, the prompts have none.

    The prompts' outputs are discarded, and the next layer's own prompts take their places. The feature is read where
    the tower reads it. A causal tower sees nothing after that place, so a text can be run at its real length.
    """

    def encode(self, text: TextTower, input_ids: Tensor) -> Tensor:
        """See `TextPrompts.encode`."""
        words = text.embed(input_ids)
        prompts = self.prompts.to(words.dtype)[:, None].expand(-1, len(words), -1, -1)
        mask = text.causal_mask(torch.cat([prompts[0], words], dim=1))
        for index in range(text.num_layers):
            tokens = text.run_layer(index, torch.cat([prompts[index], words], dim=1), mask=mask)
            words = tokens[:, self.num_prompts :]
        return text.read(words, text.end_of_text(input_ids))


class SurroundingTextPrompts(TextPrompts):
    """The released layout: `[start, prefix, tokens 1 .. L-2, suffix, token L-1]`, L = context - K, always filled.

    Texts are padded with id 0 to L tokens. Prefix and suffix are inserted before position embeddings are added, so in
    layer 0 they have positions and shift those of the words; in later layers, each layer's own prompts take their
    places.

    The feature is read K places after the place of end-of-text in the input. Unless a text nearly fills the input, that
    is a padding token, which sees the text but not the suffix: suffix prompts then have no influence. The released
    weights were trained in this way.

    Args:
        text: the tower; it must be causal.
        num_prompts: K = prefix + suffix.
        num_suffix_prompts: how many of them are in front of the last position; the prefix is first in `prompts`.

    Raises:
        InputError: the tower attends in both directions, or the prompts leave no room for words.
    """

    def __init__(self, text: TextTower, *, num_prompts: int, num_suffix_prompts: int) -> None:
        super().__init__(text, num_prompts=num_prompts)
        if not text.is_causal:
            raise InputError(
                "text_prompt_layout modelscope reads the feature as a causal text tower allows, and this one attends "
                "in both directions; use text_prompt_layout paper"
            )
        self.num_prefix_prompts = num_prompts - num_suffix_prompts

    def encode(self, text: TextTower, input_ids: Tensor) -> Tensor:
        """See `TextPrompts.encode`."""
        length = self.max_tokens(text)
        ends = text.end_of_text(input_ids)
        places = torch.arange(length, device=input_ids.device)
        ids = functional.pad(input_ids, (0, length - input_ids.shape[1]))
        # Tokenizers pad with other ids, and here the padding is seen.
        ids = ids.masked_fill(places > ends[:, None], 0)
        words = text.token_embedding(ids)
        tokens = self._assemble(0, words) + text.position_embedding.weight[: text.context_length]
        mask = text.causal_mask(tokens)
        for index in range(text.num_layers):
            if index:
                tokens = self._assemble(index, self._words(tokens))
            tokens = text.run_layer(index, tokens, mask=mask)
        return text.read(tokens, ends + self.num_prompts)

    def _assemble(self, index: int, words: Tensor) -> Tensor:
        """Insert the prompts of a layer: words (N, L, D) become (N, L + K, D)."""
        prompts = self.prompts[index].to(words.dtype).expand(len(words), -1, -1)
        prefix, suffix = prompts.tensor_split([self.num_prefix_prompts], dim=1)
        return torch.cat([words[:, :1], prefix, words[:, 1:-1], suffix, words[:, -1:]], dim=1)

    def _words(self, tokens: Tensor) -> Tensor:
        """Remove the prompts again: (N, L + K, D) becomes (N, L, D)."""
        after_prefix = 1 + self.num_prefix_prompts
        last_word = after_prefix + tokens.shape[1] - self.num_prompts - 2
        return torch.cat([tokens[:, :1], tokens[:, after_prefix:last_word], tokens[:, -1:]], dim=1)
