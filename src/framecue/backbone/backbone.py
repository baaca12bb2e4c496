"""A CLIP-family model as two towers, with its tokenizer and its preprocessing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from transformers import BatchEncoding, CLIPModel, PreTrainedModel, PreTrainedTokenizerBase, Siglip2Model, SiglipModel

from framecue.backbone.clip import ClipTextTower, ClipVisionTower
from framecue.backbone.pe_core import PeCoreTextTower, PeCoreVisionTower, pe_core_preprocess
from framecue.backbone.pe_core_model import PeCoreModel, why_pe_core_is_unsupported
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.siglip import (
    SiglipTextTower,
    SiglipVisionTower,
    siglip_preprocess,
    why_siglip_is_unsupported,
)
from framecue.backbone.siglip2 import (
    Siglip2TextTower,
    Siglip2VisionTower,
    siglip2_preprocess,
    why_siglip2_is_unsupported,
)
from framecue.backbone.towers import TextTower, VisionTower
from framecue.errors import ModelError
from framecue.known_words import Piece, pieces_of
from framecue.outputs import folder_beside

__all__ = ["Backbone"]

# A call sets on a tokenizer how it cuts and pads, so one thread at a time calls one; a server teaches and searches.
_tokenizing = Lock()


class _Family(NamedTuple):
    """The parts of an architecture."""

    vision: Callable[..., VisionTower]
    text: Callable[..., TextTower]
    preprocess: Callable[[Any], Preprocess]
    """The steps for models of a configuration whose folder does not define any."""
    why_unsupported: Callable[[Any], str | None] = lambda config: None
    """Returns why a configuration has no towers, or None."""


_FAMILIES: dict[type[PreTrainedModel], _Family] = {
    CLIPModel: _Family(ClipVisionTower, ClipTextTower, lambda config: Preprocess.clip(config.vision_config.image_size)),
    PeCoreModel: _Family(PeCoreVisionTower, PeCoreTextTower, pe_core_preprocess, why_pe_core_is_unsupported),
    SiglipModel: _Family(SiglipVisionTower, SiglipTextTower, siglip_preprocess, why_siglip_is_unsupported),
    Siglip2Model: _Family(Siglip2VisionTower, Siglip2TextTower, siglip2_preprocess, why_siglip2_is_unsupported),
}


class Backbone(nn.Module):
    """A `transformers` model, its towers, its preprocessing and its tokenizer.

    Args:
        model: the model; its class must be one that framecue has towers for.
        name: the hub name or folder from which it came.
        revision: the hub's commit, or a hash of the folder's weights; part of a library's fingerprint.
        preprocess: turns frames into pixel values.
        tokenizer: returns the tokenizer; called once, for the first text, so that a folder without a tokenizer can
            still encode videos.

    Raises:
        ModelError: there are no towers for this class of model.
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
        family = _FAMILIES[type(model)]
        self.model = model
        self.vision, self.text = family.vision(model), family.text(model)
        self.name, self.revision, self.preprocess = name, revision, preprocess
        self._load_tokenizer: Callable[[], PreTrainedTokenizerBase] | None = tokenizer
        self._tokenizer: PreTrainedTokenizerBase | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Whoever takes it out of the pickle may be on a machine that has not got the tokenizer's files.
        with suppress(ModelError):
            _ = self.tokenizer
        state = self.__dict__.copy()
        if self._tokenizer is not None:
            state["_load_tokenizer"] = None
        return state

    @staticmethod
    def check_supported(config: Any, *, name: str) -> None:
        """Refuse an architecture without towers, before its weights are read.

        Raises:
            ModelError: there are no towers for this class of configuration, or for this configuration.
        """
        family = _family_of(config)
        if family is None:
            known = ", ".join(sorted(model.__name__ for model in _FAMILIES))
            got = type(config).__name__.removesuffix("Config")
            raise ModelError(f"{name}: a {got} model is not supported as a backbone; supported: {known}")
        reason = family.why_unsupported(config)
        if reason is not None:
            raise ModelError(f"{name}: {reason}")

    @staticmethod
    def model_types() -> set[str]:
        """Return the `model_type` of each architecture that has towers, as `config.json` gives it."""
        return {cast(Any, model.config_class).model_type for model in _FAMILIES}

    @staticmethod
    def default_preprocess(config: Any) -> Preprocess:
        """Return the preprocessing for models of a supported configuration whose folder does not define one."""
        family = _family_of(config)
        assert family is not None, "check_supported() comes first"
        return family.preprocess(config)

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The backbone's own tokenizer; raises `ModelError` if its folder has none."""
        if self._tokenizer is None:
            assert self._load_tokenizer is not None, "it is dropped only once the tokenizer is there"
            self._tokenizer = self._load_tokenizer()
        return self._tokenizer

    @property
    def logit_scale(self) -> Tensor:
        """The learned log of the inverse temperature, a parameter of one element."""
        return cast(nn.Parameter, self.model.logit_scale)

    @property
    def logit_bias(self) -> Tensor | None:
        """The number that SigLIP's sigmoid adds to the scaled cosines, a parameter of one element; CLIP has none.

        A softmax over the cosines, as in training here, does not change with it.
        """
        return cast("nn.Parameter | None", getattr(self.model, "logit_bias", None))

    @property
    def initializer_range(self) -> float:
        """The standard deviation of CLIP's initial weights; also used for SigLIP, which derives its own from widths."""
        return float(getattr(self.model.config.vision_config, "initializer_range", 0.02))

    @property
    def token_embedding(self) -> nn.Embedding:
        """The text tower's token embedding, (vocabulary, text width)."""
        return self.text.token_embedding

    @property
    def begins_texts(self) -> bool:
        """Whether the tokenizer puts a start-of-text token in front of every text; SigLIP's do not."""
        start = self.tokenizer.bos_token_id
        return start is not None and self.tokenizer("a")["input_ids"][:1] == [start]

    @property
    def start_of_text_id(self) -> int:
        """Id of the token that begins every text; if there is none, that of end-of-text."""
        return self._special_token_id("bos_token") if self.begins_texts else self.end_of_text_id

    @property
    def end_of_text_id(self) -> int:
        """Id of the token that ends every text."""
        return self._special_token_id("eos_token")

    def token_ids(self, words: Sequence[str]) -> list[int]:
        """Return the ids of the words that are one token each; the others are left out.

        Some tokenizers have two tokens for a word, one for the first word of a text: both are in the list.
        """
        forms = [form for word in words for form in (word, f" {word}")]
        encoded = [self.tokenizer(form, add_special_tokens=False)["input_ids"] for form in forms]
        unknown = self.tokenizer.unk_token_id
        return list(dict.fromkeys(ids[0] for ids in encoded if len(ids) == 1 and ids[0] != unknown))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write a folder that `transformers` and `load_backbone` can load: weights, tokenizer and preprocessing.

        Raises:
            InputError: the folder holds something, and `overwrite` does not say to replace files of such names.
            OutputError: it cannot be written.
        """
        with folder_beside(folder, overwrite=overwrite) as partial, quiet_transformers():
            self.model.save_pretrained(partial)
            self.tokenizer.save_pretrained(partial)
            self.preprocess.save(partial)

    def scale_position_embedding(self, factor: float) -> None:
        """Multiply the image encoder's position embeddings, in place."""
        vision: Any = self.model.vision_model
        with torch.no_grad():
            vision.embeddings.position_embedding.weight.mul_(factor)

    def recompute_layers(self, on: bool) -> None:
        """Set whether the towers' layers keep only their inputs for the backward pass (gradient checkpointing).

        What is inside a layer is then computed a second time. Gradients are the same, memory falls to about that of one
        layer and the inputs of all, and a step takes about a third longer (Chen et al., 2016, arXiv 1604.06174).
        """
        self.vision.recomputes = self.text.recomputes = on

    def clamp_logit_scale(self) -> None:
        """Keep the logit scale at most ln 100, as CLIP's training does after each step."""
        with torch.no_grad():
            self.logit_scale.clamp_(max=self.MAX_LOGIT_SCALE)

    def tokenize(self, texts: list[str], *, max_length: int | None = None) -> tuple[Tensor, Tensor]:
        """Turn texts into ids and a mask, at their real length if the text tower allows it.

        If attention is causal and the feature is read at end-of-text, padding to the context length would cost time and
        change nothing, so the batch is as long as its longest text. A tower that was trained on padded texts gets them
        padded.

        Args:
            texts: N texts.
            max_length: longer texts are cut to this many tokens; default the context length.

        Returns:
            input_ids (N, T) int64 and attention_mask (N, T) int64, T at most `max_length`; the mask is 0 on padding.

        Raises:
            ModelError: there is no tokenizer, or it does not belong to the model.
        """
        batch = self._encoding(texts, max_length)
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

    def pieces(self, texts: list[str], *, max_length: int | None = None) -> list[list[Piece]]:
        """Return the pieces that texts are cut into, without marks for their beginning and end.

        A tokenizer that does not tell where its pieces lie, a slow one of transformers, gives none.

        Args:
            texts: N texts.
            max_length: longer texts are cut to this many tokens; default the context length.

        Raises:
            ModelError: there is no tokenizer.
        """
        encodings = self._encoding(texts, max_length).encodings
        if not encodings:
            return [[] for _ in texts]
        return [pieces_of(cast(Any, self.tokenizer).backend_tokenizer, encoding) for encoding in encodings]

    def _encoding(self, texts: list[str], max_length: int | None) -> BatchEncoding:
        """Return what the tokenizer gives for texts; ids and mask as `tokenize` returns them."""
        tokenizer = self.tokenizer
        with _tokenizing:
            return tokenizer(
                texts,
                # Towers that saw the padding in training get it.
                padding="max_length" if self.text.pads_texts else "longest",
                padding_side="right",  # texts start at the first position, whatever a tokenizer's class prefers
                truncation=True,
                max_length=self.text.context_length if max_length is None else max_length,
                return_tensors="pt",
                return_attention_mask=True,  # SigLIP's return none by default, since its towers see the padding
            )

    def _special_token_id(self, name: str) -> int:
        token = getattr(self.tokenizer, f"{name}_id")
        if not isinstance(token, int):
            raise ModelError(f"{self.name}: its tokenizer has no {name}, which captions need")
        return token


def _family_of(config: Any) -> _Family | None:
    return next((family for model, family in _FAMILIES.items() if model.config_class is type(config)), None)
