"""The two towers of a CLIP-family model, as methods see them: embed, run a layer, finish, and the widths.

Shapes: N images or texts, T tokens, D the tower's width, E the joint embedding's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

__all__ = [
    "AfterMlp",
    "AttentionInput",
    "Between",
    "Branch",
    "TextTower",
    "Tower",
    "VisionTower",
    "attend_by_probe",
    "attend_with_keys",
]

AttentionInput = Callable[[Tensor], Tensor]
"""Rewrites the normalised input of a layer's self-attention, (N, T, D) to (N, T, D); the residual keeps its own."""

Branch = Callable[[Tensor], Tensor]
"""A path beside self-attention or the MLP: it has the same normalised input (N, T, D), and the same residual."""

Between = Callable[[Tensor, Tensor], Tensor]
"""A step between self-attention and the MLP: from the tokens (N, T, D), after their residual, and the keys that the
attention saw (N, T, D), its heads side by side, it makes the tokens (N', T', D) that go on; their number may change."""

AfterMlp = Callable[[Tensor], Tensor]
"""A path behind the MLP: from its output (N, T, D) it makes what is added beside that output to the same residual."""


class Tower:
    """A stack of pre-norm transformer layers that belongs to a `transformers` model.

    A tower is a view: it holds the model's own modules and has no parameters of its own.

    Attributes:
        width: D.
        num_heads: attention heads in a layer.
        feed_forward_width: hidden width of a layer's MLP.
        embedding_dim: E.
        layers: the model's layers, each with `layer_norm1`, `self_attn`, `layer_norm2` and `mlp`.
        projection: the last linear map (or what stands for it) from D to E.
        recomputes: whether a layer is computed again in the backward pass instead of keeping what is inside it; see
            `Backbone.recompute_layers`.
    """

    projection: nn.Module
    recomputes: bool = False

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
        attention_branch: Branch | None = None,
        mlp_branch: Branch | None = None,
        between: Between | None = None,
        after_mlp: AfterMlp | None = None,
        places: Tensor | None = None,
    ) -> Tensor:
        """Run one layer, and return its output.

        Args:
            index: the layer, from 0.
            tokens: (N, T, D).
            mask: additive attention mask that broadcasts to (N, heads, T, T), or None for full attention.
            attention_input: see `AttentionInput`.
            attention_branch: runs in parallel to self-attention, on the same input.
            mlp_branch: runs in parallel to the MLP, on the same input.
            between: see `Between`.
            after_mlp: see `AfterMlp`.
            places: for a tower with rotary positions, where each token lies in its image: see `VisionTower.places`.
                None says that the tokens are an image's own, in their order. Other towers do not look at it.

        Returns:
            (N, T, D), or as many tokens as `between` makes.
        """
        layer: Any = self.layers[index]

        def run(tokens: Tensor) -> Tensor:
            attended = layer.layer_norm1(tokens)
            if attention_input is not None:
                attended = attention_input(attended)
            if between is None:
                added = self.attend(index, attended, mask=mask, places=places)
            else:
                added, keys = self.attend_and_keys(index, attended, mask=mask, places=places)
            tokens = tokens + (added if attention_branch is None else added + attention_branch(attended))
            if between is not None:
                tokens = between(tokens, keys)
            normalised = layer.layer_norm2(tokens)
            added = layer.mlp(normalised)
            if after_mlp is not None:
                added = added + after_mlp(added)
            return tokens + (added if mlp_branch is None else added + mlp_branch(normalised))

        if self.recomputes and torch.is_grad_enabled():
            return checkpoint(run, tokens, use_reentrant=False)
        return run(tokens)

    def attend(
        self, index: int, attended: Tensor, *, mask: Tensor | None = None, places: Tensor | None = None
    ) -> Tensor:
        """Return the output of a layer's self-attention for its normalised input, both (N, T, D).

        Args:
            index: the layer.
            attended: its normalised input.
            mask: see `run_layer`.
            places: see `run_layer`.
        """
        layer: Any = self.layers[index]
        return layer.self_attn(attended, attention_mask=mask)[0]

    def keys(self, index: int, attended: Tensor) -> Tensor:
        """Return a layer's keys (N, T, D), its heads side by side, for the normalised input of its self-attention.

        They are as the layer's linear map makes them, before rotary positions turn them.
        """
        layer: Any = self.layers[index]
        return layer.self_attn.k_proj(attended)

    def attend_and_keys(
        self, index: int, attended: Tensor, *, mask: Tensor | None = None, places: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return `attend` and `keys` of the same input; a tower that can compute the keys once overrides it."""
        return self.attend(index, attended, mask=mask, places=places), self.keys(index, attended)


def attend_with_keys(attention: Any, attended: Tensor, *, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the output and the keys, both (N, T, D), of an attention module of `transformers`, each computed once.

    Args:
        attention: has `q_proj`, `k_proj`, `v_proj`, `out_proj`, `num_heads`, `scale` and `dropout`, as CLIP's.
        attended: its input (N, T, D).
        mask: additive, broadcasts to (N, heads, T, T); None for full attention.
    """
    queries, keys, values = attention.q_proj(attended), attention.k_proj(attended), attention.v_proj(attended)
    q, k, v = (part.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2) for part in (queries, keys, values))
    dropout = attention.dropout if attention.training else 0.0
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, scale=attention.scale)
    return attention.out_proj(mixed.transpose(1, 2).flatten(2)), keys


def attend_by_probe(attention: Any, probe: Tensor, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Return what a pooling head's probe (1, 1, D) takes from tokens (N, T, D), (N, D).

    Args:
        attention: an `nn.MultiheadAttention`, batch first.
        probe: the query.
        tokens: keys and values.
        mask: additive (N, T), or None.
    """
    if mask is not None:  # the module wants a row for each head of each image
        mask = mask.repeat_interleave(attention.num_heads, dim=0)[:, None].to(tokens.dtype)
    query = probe.expand(len(tokens), -1, -1)
    return attention(query, tokens, tokens, attn_mask=mask, need_weights=False)[0][:, 0]


class VisionTower(Tower, ABC):
    """The image encoder.

    Attributes:
        image_size: S, the height and width that it takes.
        num_class_tokens: 1 if there is a class token in front of the patches, 0 if not.
        num_patches: P, how many patches an image has.
    """

    image_size: int
    num_class_tokens: int
    num_patches: int

    def places(self, *, prompts_before: int = 0, prompts_behind: int = 0, device: torch.device | None = None) -> Tensor:
        """Return where the tokens `[class token, prompts, patches, prompts]` of an image lie in it, for `run_layer`.

        Patches are counted from 0, row by row; -1 stands for a token without a place: the class token and prompts. For
        other sequences join such numbers as the tokens are joined; (N, T) says them for each row by itself, as after
        merging tokens, where one that was merged into another has the other's place.

        Args:
            prompts_before: how many prompts stand between class token and patches.
            prompts_behind: how many stand behind the patches.
            device: where the numbers are wanted.

        Returns:
            (T,) int64.
        """
        nowhere, patches = torch.tensor([-1], device=device), torch.arange(self.num_patches, device=device)
        before, behind = nowhere.expand(self.num_class_tokens + prompts_before), nowhere.expand(prompts_behind)
        return torch.cat([before, patches, behind])

    @property
    def class_position(self) -> Tensor | None:
        """The position embedding (D,) that `embed` adds to the class token; None if there is none."""
        return None

    @abstractmethod
    def embed(self, pixel_values: Tensor, *, prompts: Tensor | None = None) -> Tensor:
        """Turn images into the tokens that enter layer 0.

        Args:
            pixel_values: (N, 3, S, S), normalised.
            prompts: (N, K, D), inserted after the class token (in front of the patches if there is none): they get no
                position embedding, but pass the norm in front of layer 0 if the model has one.

        Returns:
            (N, T, D): class token, prompts, patches.
        """

    @abstractmethod
    def summarise(self, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Return the token that stands for an image, (N, D), given its tokens (N, T, D) at any layer, without prompts.

        It is the class token, the first; if the model has a pooling head, the output of the head's probe, which attends
        to the tokens, takes its place.

        Args:
            tokens: (N, T, D).
            mask: additive (N, T), for the probe's attention where there is one; None for full attention.
        """

    @abstractmethod
    def finish(self, summary: Tensor) -> Tensor:
        """Turn the output of `summarise` after the last layer, (N, D), into features (N, E), not normalised."""


class TextTower(Tower, ABC):
    """The text encoder.

    Attributes:
        context_length: the most tokens that a text can have.
        end_of_text_id: the token at which the feature is read; None if it is the largest id of a text.
        is_causal: whether a token attends only to those before it.
        pads_texts: whether every text is padded to the context length, because the model saw the padding in training;
            otherwise a text is run at its real length.
        token_embedding: (vocabulary, D).
        position_embedding: (context, D); `embed` adds its first T rows to the T tokens' embeddings.
    """

    context_length: int
    end_of_text_id: int | None
    is_causal: bool
    pads_texts: bool
    token_embedding: nn.Embedding
    position_embedding: nn.Embedding

    @abstractmethod
    def embed(self, input_ids: Tensor) -> Tensor:
        """Turn token ids (N, T) into the tokens that enter layer 0, (N, T, D)."""

    @abstractmethod
    def causal_mask(self, tokens: Tensor) -> Tensor | None:
        """Return the layers' additive attention mask (1, 1, T, T) for tokens (N, T, D); None for full attention."""

    @abstractmethod
    def end_of_text(self, input_ids: Tensor) -> Tensor:
        """Return the positions (N,) in ids (N, T) at which the feature is read."""

    @abstractmethod
    def finish(self, token: Tensor) -> Tensor:
        """Turn the token at which the feature is read, after the last layer (N, D), into features (N, E).

        They are not normalised.
        """

    def read(self, tokens: Tensor, places: Tensor) -> Tensor:
        """Turn tokens after the last layer (N, T, D) into features (N, E), read at each text's place (N,)."""
        return self.finish(tokens[torch.arange(len(tokens), device=tokens.device), places])
