from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, CLIPTokenizer

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.clips import MojiClips, draw_meaning
from framecue.datasets.moji_motion.grammar import all_words, caption
from framecue.datasets.moji_motion.stills import EXTRA_WORDS, MojiStills
from framecue.datasets.moji_motion.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("moji") / "new" / "folder"
    size = train_tokenizer(made, context_length=40)
    assert size == len(json.loads((made / "vocab.json").read_text(encoding="utf-8")))
    return made


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> CLIPTokenizer:
    return AutoTokenizer.from_pretrained(folder)


def test_transformers_takes_it_for_clips(folder: Path, tokenizer: CLIPTokenizer) -> None:
    assert isinstance(tokenizer, CLIPTokenizer)
    assert tokenizer.model_max_length == 40
    text = "the cat moves right"
    assert CLIPTokenizer.from_pretrained(folder)(text)["input_ids"] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize("word", sorted({*all_words(), *EXTRA_WORDS, *ACTORS, ","}))
def test_each_word_is_one_token(tokenizer: CLIPTokenizer, word: str) -> None:
    (token,) = tokenizer(word, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode([token]).strip() == word


def test_captions_are_as_many_tokens_as_words(tokenizer: CLIPTokenizer) -> None:
    rng = np.random.default_rng(0)
    made = [caption(draw_meaning(rng, split="train"), rng) for _ in range(300)]
    made += [example.caption for example in MojiStills(seed=0, num_examples=99, image_size=8).__getitems__(range(99))]
    for text, ids in zip(made, tokenizer(made)["input_ids"], strict=True):
        words = text.replace(",", " ,").split()
        assert len(ids) == len(words) + 2 <= 40
        assert tokenizer.decode(ids, skip_special_tokens=True).split() == words
    assert MojiClips.CLIP_FRAMES == 30


def test_start_and_end(tokenizer: CLIPTokenizer) -> None:
    """End-of-text has the largest id, and not 2, which an old rule of transformers takes for a sign."""
    ids = tokenizer("the cat rises")["input_ids"]
    assert ids[0] == tokenizer.bos_token_id == len(tokenizer) - 2
    assert ids[-1] == tokenizer.eos_token_id == len(tokenizer) - 1 == max(tokenizer.get_vocab().values())
    assert tokenizer.eos_token_id != 2
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    assert sorted(tokenizer.get_vocab().values()) == list(range(len(tokenizer)))


def test_upper_case_is_lower_case(tokenizer: CLIPTokenizer) -> None:
    assert tokenizer("The CAT, rises")["input_ids"] == tokenizer("the cat, rises")["input_ids"]


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=["Z", "C", "Lu", "Lt", "M"]), min_size=1, max_size=20))
def test_any_other_word_is_spelt_and_nothing_is_lost(tokenizer: CLIPTokenizer, text: str) -> None:
    from unicodedata import normalize

    expected = normalize("NFC", text).lower()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids).replace(" ", "") == expected
    assert tokenizer.eos_token_id not in ids  # which is the unknown token, too


@pytest.mark.parametrize("word", ["zebra", "café", "日本", "123", "don't", "🚀"])
def test_unknown_words_by_hand(tokenizer: CLIPTokenizer, word: str) -> None:
    ids = tokenizer(word, add_special_tokens=False)["input_ids"]
    assert len(ids) > 1
    assert tokenizer.decode(ids).replace(" ", "") == word


def test_training_again_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    train_tokenizer(tmp_path, context_length=40)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
