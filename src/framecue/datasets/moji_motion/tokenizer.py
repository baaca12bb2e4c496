"""The tokenizer of `moji-clip`: CLIP's byte-pair encoding, trained on the grammar, with CLIP's own file formats."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import all_words
from framecue.datasets.moji_motion.stills import EXTRA_WORDS

__all__ = ["train_tokenizer"]

START, END, SUFFIX = "<|startoftext|>", "<|endoftext|>", "</w>"


def train_tokenizer(folder: str | Path, *, context_length: int) -> int:
    """Write `vocab.json`, `merges.txt` and `tokenizer_config.json` for `CLIPTokenizer`.

    Every word of the grammar is one token; any other word is spelt with the bytes it is made of, so no text is lost.
    End-of-text is the last id, so it is also the largest: no rule for finding it can read anything else.

    Args:
        folder: made if it is missing.
        context_length: tokens a text can have, start and end counted in.

    Returns:
        The size of the vocabulary.
    """
    words = sorted({*all_words(), *EXTRA_WORDS, *ACTORS, ","})
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=SUFFIX))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder(suffix=SUFFIX)
    trainer = trainers.BpeTrainer(
        vocab_size=100_000, initial_alphabet=[], end_of_word_suffix=SUFFIX, min_frequency=1, show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    # As OpenAI's vocabulary is laid out: bytes, bytes that end a word, merges, the two special tokens.
    tokens = [
        *alphabet,
        *(byte + SUFFIX for byte in alphabet),
        *(merge.replace(" ", "") for merge in merges),
        START,
        END,
    ]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (target / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": context_length,
        "bos_token": START,
        "eos_token": END,
        "pad_token": END,
        "unk_token": END,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return len(vocabulary)
