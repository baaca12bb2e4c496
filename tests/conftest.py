"""A tiny CLIP: real architecture, real tokenizer, random weights, made from a configuration in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
    from transformers import CLIPModel, PreTrainedTokenizerBase

    from framecue.backbone import Backbone

START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = (
    *("strawberry", "camera", "falls", "rises", "there", "while", "about", "right", "blue", "this", "that", "here"),
    *("left", "cat", "dog", "red", "the", "and", "are", "car", "man", "in", "on", "of", "to", "an", "is"),
)
"""One token each; any other word is spelt letter by letter."""
IMAGE_SIZE, CONTEXT_LENGTH = 32, 24


def write_tokenizer(folder: Path) -> dict[str, int]:
    """CLIP's byte-pair files for `WORDS`; gives the vocabulary, whose last two ids are start and end of text."""
    letters = "abcdefghijklmnopqrstuvwxyz.,"
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        made, *symbols = [*word[:-1], f"{word[-1]}</w>"]
        for symbol in symbols:
            if (made, symbol) not in merges:
                merges.append((made, symbol))
            made += symbol
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges), START, END]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    config = {
        **{"tokenizer_class": "CLIPTokenizer", "model_max_length": CONTEXT_LENGTH, "do_lower_case": True},
        **{"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *map(" ".join, merges)]) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return vocabulary


def make_clip(
    *, vocabulary: int, embedding_dim: int = 24, eos_token_id: int | None = None, seed: int = 0, **config: Any
) -> CLIPModel:
    """A random CLIP whose towers have different widths, heads and depths, so that none can stand for another.

    Every parameter is random, norms and biases too, and large enough for features to differ.
    """
    import torch
    from transformers import CLIPConfig, CLIPModel

    text: dict[str, Any] = {
        **{"vocab_size": vocabulary, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2},
        **{"num_attention_heads": 3, "max_position_embeddings": CONTEXT_LENGTH, "bos_token_id": vocabulary - 2},
        **{"eos_token_id": vocabulary - 1 if eos_token_id is None else eos_token_id, "pad_token_id": vocabulary - 1},
    }
    vision: dict[str, Any] = {
        **{"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4},
        **{"image_size": IMAGE_SIZE, "patch_size": 8},
    }
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=embedding_dim, **config))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in clip.named_parameters():
            if name == "logit_scale":
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if "embedding" in name:
                parameter.copy_(noise)
            elif parameter.ndim >= 2:
                parameter.copy_(noise * (2.0 / parameter[0].numel()) ** 0.5)
            elif "norm" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return clip.eval()


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny CLIP's tokenizer alone."""
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_vocabulary(tokenizer_folder: Path) -> dict[str, int]:
    """Tokens to ids."""
    return json.loads((tokenizer_folder / "vocab.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tiny_tokenizer(tokenizer_folder: Path) -> Callable[[], PreTrainedTokenizerBase]:
    """Gives the tiny CLIP's tokenizer, loaded once."""

    @cache
    def load() -> PreTrainedTokenizerBase:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(tokenizer_folder)

    return load


@pytest.fixture(scope="session")
def make_backbone(
    tiny_vocabulary: dict[str, int], tiny_tokenizer: Callable[[], PreTrainedTokenizerBase]
) -> Callable[..., Backbone]:
    """Makes tiny backbones in memory: `make_backbone(dtype=..., embedding_dim=..., eos_token_id=..., seed=...)`."""

    def make(dtype: torch.dtype | None = None, **options: Any) -> Backbone:
        from framecue.backbone import Backbone, Preprocess, hash_of_tensors

        clip = make_clip(vocabulary=len(tiny_vocabulary), **options)
        return Backbone(
            clip if dtype is None else clip.to(dtype),
            name="tiny",
            revision=hash_of_tensors(clip.state_dict().items()),
            preprocess=Preprocess(IMAGE_SIZE, (IMAGE_SIZE, IMAGE_SIZE)),
            tokenizer=tiny_tokenizer,
        )

    return make


@pytest.fixture
def backbone(make_backbone: Callable[..., Backbone]) -> Backbone:
    """A tiny backbone in float32, fresh for each test."""
    return make_backbone()


@pytest.fixture(scope="session")
def clip_folder(make_backbone: Callable[..., Backbone], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny CLIP, as `save_pretrained` writes it; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("models") / "tiny-clip"
    make_backbone().save(folder)
    return folder
