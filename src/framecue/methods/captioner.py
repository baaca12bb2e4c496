"""The auxiliary captioner of Prompt Switch (section 3.4): a small causal decoder over frame features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.methods.weighted_loss import WeightedLoss

__all__ = ["FREQUENT_WORDS", "Captioner", "caption_loss", "weighted_caption_loss"]

FREQUENT_WORDS = (
    *("in", "on", "of", "to", "about", "this", "that", "a", "an", "the", "and", "there", "here", "is", "are"),
    *(".", ","),
)
"""Function words with less weight in the loss, as in the released code; special tokens are treated like them."""


class Captioner(nn.Module):
    """Post-norm decoder of the text tower's width, heads and feed-forward width.

    Args:
        backbone: has the widths, and the token embedding from which the output layer starts.
        num_layers: decoder layers.
        frequent_word_weight: weight of `FREQUENT_WORDS` and of the special tokens in the loss.
    """

    def __init__(self, backbone: Backbone, *, num_layers: int = 2, frequent_word_weight: float = 0.25) -> None:
        super().__init__()
        text = backbone.text
        width, dtype = text.width, backbone.token_embedding.weight.dtype
        self.frequent_word_weight = frequent_word_weight
        self.prenorm = nn.LayerNorm(width)
        self.memory_projection = nn.Identity() if text.embedding_dim == width else nn.Linear(text.embedding_dim, width)
        layer = nn.TransformerDecoderLayer(
            width, text.num_heads, dim_feedforward=text.feed_forward_width, dropout=0.0, batch_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, num_layers, norm=nn.LayerNorm(width))
        self.head = nn.Linear(width, backbone.token_embedding.num_embeddings)
        with torch.no_grad():
            self.head.weight.copy_(backbone.token_embedding.weight)
            self.head.bias.zero_()
        self.to(dtype)
        self._weights: Tensor | None = None

    def forward(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> Tensor:
        """Predict the token after each token.

        Args:
            backbone: its text embeddings are read without gradient.
            frame_features: (B, F, E), not normalised.
            input_ids: (B, T).

        Returns:
            Logits (B, T, vocabulary).
        """
        with torch.no_grad():
            embedded = backbone.text.embed(input_ids)
        tokens = self.prenorm(embedded)
        length = tokens.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=tokens.device).triu(1)
        # No padding mask, as released: padding comes after everything that is scored.
        hidden = self.decoder(tokens, self.memory_projection(frame_features), tgt_mask=future, tgt_is_causal=True)
        return self.head(hidden)

    def loss(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> Tensor:
        """Return the weighted cross-entropy, a scalar, of the next tokens of captions (B, T) given (B, F, E)."""
        return self.weighted_loss(backbone, frame_features, input_ids).mean

    def weighted_loss(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> WeightedLoss:
        """Return what `loss` is the mean of: the weighted sum over the captions' tokens, and the sum of the weights."""
        if not backbone.begins_texts:
            input_ids = _from_start(backbone, input_ids)
        logits = self(backbone, frame_features, input_ids[:, :-1])
        return weighted_caption_loss(
            logits, input_ids, end_of_text=backbone.end_of_text_id, class_weights=self.class_weights(backbone)
        )

    @torch.no_grad()
    def generate(self, backbone: Backbone, frame_features: Tensor, *, max_tokens: int | None = None) -> Tensor:
        """Return captions, generated greedily.

        Args:
            backbone: has the text embeddings and the special tokens.
            frame_features: (B, F, E), not normalised.
            max_tokens: the length at which a caption is stopped; default (and at most) that of the context.

        Returns:
            Ids (B, T), from the token after start-of-text to end-of-text, which also fills captions that end early.
        """
        limit = backbone.text.context_length - 1
        if max_tokens is not None:
            limit = min(max_tokens, limit)
        ids = torch.full(
            (len(frame_features), 1), backbone.start_of_text_id, dtype=torch.int64, device=frame_features.device
        )
        done = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        for _ in range(limit):
            following = self(backbone, frame_features, ids)[:, -1].argmax(dim=-1)
            following = following.masked_fill(done, backbone.end_of_text_id)
            done |= following == backbone.end_of_text_id
            ids = torch.cat([ids, following[:, None]], dim=1)
            if bool(done.all()):
                break
        return ids[:, 1:]

    def class_weights(self, backbone: Backbone) -> Tensor:
        """Return the weight of each token of the vocabulary in the loss: (vocabulary,), float32."""
        device = backbone.token_embedding.weight.device
        if self._weights is None or self._weights.device != device:
            weights = torch.ones(backbone.token_embedding.num_embeddings, device=device)
            weights[backbone.token_ids(FREQUENT_WORDS)] = self.frequent_word_weight
            weights[[backbone.start_of_text_id, backbone.end_of_text_id]] = self.frequent_word_weight
            self._weights = weights
        return self._weights


def _from_start(backbone: Backbone, input_ids: Tensor) -> Tensor:
    """Put a start in front of captions (B, T) that have none, and leave out columns that hold only padding.

    The start is end-of-text, as T5's decoder starts from its padding. The captions still fit into the context, since a
    caption's last token is never an input. Such captions are padded to the context length, which is of no use here.
    """
    ended = (input_ids[:, :-1] == backbone.end_of_text_id).cumsum(dim=1) > 0
    longest = 1 + int((~ended).any(dim=0).sum())
    start = torch.full_like(input_ids[:, :1], backbone.start_of_text_id)
    return torch.cat([start, input_ids[:, :longest]], dim=1)


def caption_loss(logits: Tensor, input_ids: Tensor, *, end_of_text: int, class_weights: Tensor) -> Tensor:
    """Return the cross-entropy over real tokens, a scalar: the weighted sum over the sum of the weights.

    The arguments are those of `weighted_caption_loss`.
    """
    return weighted_caption_loss(logits, input_ids, end_of_text=end_of_text, class_weights=class_weights).mean


def weighted_caption_loss(
    logits: Tensor, input_ids: Tensor, *, end_of_text: int, class_weights: Tensor
) -> WeightedLoss:
    """Return the sum of the weighted cross-entropies of real tokens, and the sum of their weights.

    Args:
        logits: (B, T - 1, vocabulary), for the tokens after each of the first T - 1.
        input_ids: (B, T).
        end_of_text: the token that ends a caption; the first one after the start is the last target that is scored.
        class_weights: (vocabulary,).
    """
    ends = input_ids[:, :-1] == end_of_text
    ends[:, 0] = False  # the start, which is the same token if the tokenizer has no other for it
    kept = ends.cumsum(dim=1) == 0
    precise = torch.promote_types(logits.dtype, torch.float32)  # at least: a sum of exponentials needs it
    targets, weights = input_ids[:, 1:][kept], class_weights.to(precise)
    total = functional.cross_entropy(logits[kept].to(precise), targets, weight=weights, reduction="sum")
    return WeightedLoss(total, weights[targets].sum())
