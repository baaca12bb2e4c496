"""A CLIP-family model seen as two towers, with the tokenizer and the preprocessing that belong to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import CLIPModel, PreTrainedModel, PreTrainedTokenizerBase

from framecue.backbone.clip import ClipTextTower, ClipVisionTower
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.towers import TextTower, VisionTower
from framecue.errors import ModelError

__all__ = ["Backbone"]

_TOWERS: dict[type[PreTrainedModel], tuple[Callable[..., VisionTower], Callable[..., TextTower]]] = {
    CLIPModel: (ClipVisionTower, ClipTextTower),
}


class Backbone(nn.Module):
    """A `transformers` model, its towers, its preprocessing and its tokenizer.

    Args:
        model: the model; its class must be one that framecue has towers for.
        name: the hub name or folder that it came from.
        revision: the hub's commit, or a hash of the folder's weights; part of a library's fingerprint.
        preprocess: frames to pixel values.
        tokenizer: called once, when the first text comes: a folder without a tokenizer can still encode videos.

    Raises:
        ModelError: no towers for this class of model.
    """

    MAX_LOGIT_SCALE = math.log(100.0)

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        name: str,
        revision: str,
        preprocess: Preprocess,
        tokenizer: Callable[[], PreTrainedTokenizerBase],
    ) -> None:
        super().__init__()
        self.check_supported(model.config, name=name)
        make_vision, make_text = _TOWERS[type(model)]
        self.model = model
        self.vision, self.text = make_vision(model), make_text(model)
        self.name, self.revision, self.preprocess = name, revision, preprocess
        self._load_tokenizer = tokenizer
        self._tokenizer: PreTrainedTokenizerBase | None = None

    @staticmethod
    def check_supported(config: Any, *, name: str) -> None:
        """Refuse an architecture without towers, before its weights are read.

        Raises:
            ModelError: no towers for this class of configuration.
        """
        if type(config) not in (model.config_class for model in _TOWERS):
            known = ", ".join(sorted(model.__name__ for model in _TOWERS))
            got = type(config).__name__.removesuffix("Config")
            raise ModelError(f"{name}: a {got} model is not supported as a backbone; supported: {known}")

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The backbone's own tokenizer; a folder without one raises `ModelError` here."""
        if self._tokenizer is None:
            self._tokenizer = self._load_tokenizer()
        return self._tokenizer

    @property
    def logit_scale(self) -> Tensor:
        """The learned log of the inverse temperature, a scalar parameter."""
        return cast(nn.Parameter, self.model.logit_scale)

    @property
    def initializer_range(self) -> float:
        """The standard deviation that the model's own weights start from."""
        return float(self.model.config.vision_config.initializer_range)

    @property
    def token_embedding(self) -> nn.Embedding:
        """The text tower's token embedding, (vocabulary, text width)."""
        return self.text.token_embedding

    @property
    def start_of_text_id(self) -> int:
        """Id of the token that begins every text."""
        return self._special_token_id("bos_token")

    @property
    def end_of_text_id(self) -> int:
        """Id of the token that ends every text."""
        return self._special_token_id("eos_token")

    def token_ids(self, words: Sequence[str]) -> list[int]:
        """Ids of the words that are one token each; the others are left out."""
        encoded = [self.tokenizer(word, add_special_tokens=False)["input_ids"] for word in words]
        unknown = self.tokenizer.unk_token_id
        return [ids[0] for ids in encoded if len(ids) == 1 and ids[0] != unknown]

    def save(self, folder: str | Path) -> None:
        """Write a folder that `transformers` and `load_backbone` open: weights, tokenizer and preprocessing."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
            self.preprocess.save(folder)

    def scale_position_embedding(self, factor: float) -> None:
        """Multiply the image encoder's position embeddings, in place."""
        vision: Any = self.model.vision_model
        with torch.no_grad():
            vision.embeddings.position_embedding.weight.mul_(factor)

    def clamp_logit_scale(self) -> None:
        """Keep the logit scale at most ln 100, as CLIP's training does after each step."""
        with torch.no_grad():
            self.logit_scale.clamp_(max=self.MAX_LOGIT_SCALE)

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Texts to ids and mask at their real length.

        Attention is causal and the feature is read at end-of-text, so padding to the context length would cost time
        and change nothing: the batch is as long as its longest text.

        Returns:
            input_ids (N, T) int64 and attention_mask (N, T) int64, T at most the context length; longer texts are cut.

        Raises:
            ModelError: there is no tokenizer, or it does not belong to the model.
        """
        batch = self.tokenizer(
            texts, padding="longest", truncation=True, max_length=self.text.context_length, return_tensors="pt"
        )
        input_ids, size = batch["input_ids"], self.token_embedding.num_embeddings
        if int(input_ids.max()) >= size:
            raise ModelError(
                f"{self.name}: its tokenizer gives id {int(input_ids.max())}, the model knows {size} tokens; "
                "give a folder in which both belong together"
            )
        end = self.text.end_of_text_id
        if end is not None and not bool((input_ids == end).any(dim=1).all()):
            # Without it the feature would be read at the first token, the same for every text.
            raise ModelError(
                f"{self.name}: its tokenizer does not end texts with token {end}, where config.json (eos_token_id) "
                "has the text feature read; correct the one or the other"
            )
        return input_ids, batch["attention_mask"]

    def _special_token_id(self, name: str) -> int:
        token = getattr(self.tokenizer, f"{name}_id")
        if not isinstance(token, int):
            raise ModelError(f"{self.name}: its tokenizer has no {name}, which captions need")
        return token
