"""The two towers of a CLIP-family model, as methods see them: embed, run a layer, finish, say the widths.

Shapes: N images or texts, T tokens, D the tower's width, E the joint embedding's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

__all__ = ["AttentionInput", "TextTower", "Tower", "VisionTower"]

AttentionInput = Callable[[Tensor], Tensor]
"""Rewrites the normalised input of a layer's self-attention, (N, T, D) to (N, T, D); the residual keeps its own."""


class Tower:
    """A stack of pre-norm transformer layers that belongs to a `transformers` model.

    A tower is a view: it holds the model's own modules and no parameter of its own.

    Attributes:
        width: D.
        num_heads: attention heads of a layer.
        feed_forward_width: hidden width of a layer's MLP.
        embedding_dim: E.
        layers: the model's layers, each with `layer_norm1`, `self_attn`, `layer_norm2` and `mlp`.
    """

    def __init__(
        self, *, layers: nn.ModuleList, width: int, num_heads: int, feed_forward_width: int, embedding_dim: int
    ) -> None:
        self.layers, self.width, self.num_heads = layers, width, num_heads
        self.feed_forward_width, self.embedding_dim = feed_forward_width, embedding_dim

    @property
    def num_layers(self) -> int:
        """How many layers the tower has."""
        return len(self.layers)

    def run_layer(
        self,
        index: int,
        tokens: Tensor,
        *,
        mask: Tensor | None = None,
        attention_input: AttentionInput | None = None,
    ) -> Tensor:
        """Run one layer.

        Args:
            index: the layer, from 0.
            tokens: (N, T, D).
            mask: additive attention mask that broadcasts to (N, heads, T, T), or None for full attention.
            attention_input: see `AttentionInput`.

        Returns:
            (N, T, D).
        """
        layer: Any = self.layers[index]
        attended = layer.layer_norm1(tokens)
        if attention_input is not None:
            attended = attention_input(attended)
        tokens = tokens + layer.self_attn(attended, attention_mask=mask)[0]
        return tokens + layer.mlp(layer.layer_norm2(tokens))


class VisionTower(Tower, ABC):
    """The image encoder.

    Attributes:
        image_size: S, the height and width that it takes.
    """

    image_size: int

    @abstractmethod
    def embed(self, pixel_values: Tensor) -> Tensor:
        """Images (N, 3, S, S), normalised, to the tokens that enter layer 0: (N, T, D), class token first."""

    @abstractmethod
    def finish(self, class_tokens: Tensor) -> Tensor:
        """Class tokens after the last layer (N, D) to features (N, E), not normalised."""


class TextTower(Tower, ABC):
    """The text encoder.

    Attributes:
        context_length: the most tokens that a text can have.
        end_of_text_id: the token at which the feature is read; None where it is the largest id of a text.
        token_embedding: (vocabulary, D).
    """

    context_length: int
    end_of_text_id: int | None
    token_embedding: nn.Embedding

    @abstractmethod
    def embed(self, input_ids: Tensor) -> Tensor:
        """Token ids (N, T) to the tokens that enter layer 0: (N, T, D)."""

    @abstractmethod
    def causal_mask(self, tokens: Tensor) -> Tensor | None:
        """The additive attention mask (1, 1, T, T) that the layers take for tokens (N, T, D)."""

    @abstractmethod
    def end_of_text(self, input_ids: Tensor) -> Tensor:
        """Where the feature is read: (N,) positions in ids (N, T)."""

    @abstractmethod
    def finish(self, token: Tensor) -> Tensor:
        """The end-of-text token after the last layer (N, D) to features (N, E), not normalised."""
