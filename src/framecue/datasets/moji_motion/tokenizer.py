"""The tokenizer of `moji-clip`: CLIP's byte-pair encoding, trained on the grammar, with CLIP's own file formats."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tokenizers import pre_tokenizers

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import all_words
from framecue.datasets.moji_motion.stills import EXTRA_WORDS

__all__ = ["train_tokenizer"]

START, END, SUFFIX = "<|startoftext|>", "<|endoftext|>", "</w>"


def train_tokenizer(folder: str | Path, *, context_length: int) -> int:
    """Write `vocab.json`, `merges.txt` and `tokenizer_config.json` for `CLIPTokenizer`.

    Every word of the grammar is one token; any other word is spelt with its bytes, so no text is lost. End-of-text is
    the last id and so also the largest: every rule for finding it finds the same token.

    Args:
        folder: made if it is missing.
        context_length: how many tokens a text can have, including start and end.

    Returns:
        The size of the vocabulary.
    """
    words = sorted({*all_words(), *EXTRA_WORDS, *ACTORS, ","})
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = _merges(words)
    # In the order of OpenAI's vocabulary: bytes, bytes that end a word, merges, the two special tokens.
    tokens = [
        *alphabet,
        *(byte + SUFFIX for byte in alphabet),
        *(left + right for left, right in merges),
        START,
        END,
    ]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (target / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *(f"{left} {right}" for left, right in merges)]) + "\n", encoding="utf-8"
    )
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


def _merges(words: list[str]) -> list[tuple[str, str]]:
    """Return byte-pair merges that make each word one token: the most frequent pair first, ties in alphabetical order.

    The trainer of `tokenizers` leaves the order of ties to chance, and with it every token's id.
    """
    spelt = [[*word[:-1], word[-1] + SUFFIX] for word in words]
    merges = []
    while counts := Counter(pair for pieces in spelt for pair in pairwise(pieces)):
        merges.append(min(counts, key=lambda pair: (-counts[pair], pair)))
        spelt = [_merged(pieces, merges[-1]) for pieces in spelt]
    return merges


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    made: list[str] = []
    for piece in pieces:
        if made and (made[-1], piece) == pair:
            made[-1] += piece
        else:
            made.append(piece)
    return made
