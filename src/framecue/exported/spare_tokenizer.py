"""Tokenizers of very many pieces, opened without reading them: those of one text are looked up, and no others.

A multilingual sentence encoder knows 250 000 pieces of words. To read them and to build what finds them takes about a
second, for a search whose text has a few dozen. How a text is cut into pieces depends on no others than those that it
contains (the Viterbi path of a unigram model, Kudo 2018), and on the least score of all, which is what an unknown
character costs. So beside a ``tokenizer.json`` lie its pieces in a table sorted by their hashes, and the rest of it; of
these a tokenizer is made for each text that gives the very same ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from framecue.errors import ModelError, first_line
from framecue.exported.tokenize import TextTokenizer, spans_of

__all__ = ["PIECES_FILE", "REST_FILE", "SpareTokenizer", "open_tokenizer", "write_spare"]

PIECES_FILE, REST_FILE = "tokenizer.pieces.npy", "tokenizer.rest.json"
# With fewer pieces the whole is read in some milliseconds.
LEAST_PIECES = 50_000
_PIECE = np.dtype([("hash", "<u8"), ("id", "<i4"), ("score", "<f8")])
_FORMAT = 1


def write_spare(tokenizer: Path) -> bool:
    """Write the two files beside a ``tokenizer.json``, if it is a unigram model of very many pieces.

    Returns:
        Whether they were written.
    """
    document = json.loads(tokenizer.read_text(encoding="utf-8"))
    model = document["model"]
    is_unigram = model.get("type") == "Unigram" and not model.get("byte_fallback") and model.get("unk_id") is not None
    if not is_unigram or len(model["vocab"]) < LEAST_PIECES:
        return False
    vocabulary = model["vocab"]
    pieces = np.array([(_hash(piece), place, score) for place, (piece, score) in enumerate(vocabulary)], dtype=_PIECE)
    pieces.sort(order="hash")
    if len(np.unique(pieces["hash"])) < len(pieces):
        return False
    unknown = model["unk_id"]
    # What is always there: the unknown piece first, and one with the least score.
    kept = [vocabulary[unknown], min(vocabulary, key=lambda item: item[1])]
    document["model"] = {**model, "unk_id": 0, "vocab": kept}
    rest = {
        "format": _FORMAT,
        "unknown": unknown,
        "longest": max(len(piece) for piece, _ in vocabulary),
        "special": {token["content"]: token["id"] for token in document["added_tokens"]},
        "tokenizer": document,
    }
    np.save(tokenizer.with_name(PIECES_FILE), pieces)
    tokenizer.with_name(REST_FILE).write_text(json.dumps(rest, ensure_ascii=False), encoding="utf-8")
    return True


def open_tokenizer(file: Path) -> TextTokenizer | SpareTokenizer:
    """Open a ``tokenizer.json``, in the sparing way where the files for it lie beside it.

    Raises:
        ModelError: it is not there, or cannot be read.
    """
    return SpareTokenizer(file) if file.with_name(REST_FILE).is_file() else TextTokenizer(file)


class SpareTokenizer:
    """Gives the ids that the whole tokenizer gives.

    Args:
        file: the whole ``tokenizer.json``, which is read only for a text that has one of its own marks in it.

    Raises:
        ModelError: a file cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._whole: TextTokenizer | None = None
        try:
            rest = json.loads(file.with_name(REST_FILE).read_text(encoding="utf-8"))
            self._document: dict[str, Any] = rest["tokenizer"]
            self._special: dict[str, int] = rest["special"]
            self._unknown, self._longest = int(rest["unknown"]), int(rest["longest"])
            self._pieces = np.load(file.with_name(PIECES_FILE))
            self._hashes = np.ascontiguousarray(self._pieces["hash"])
            self._bare: Any = Tokenizer.from_str(json.dumps(self._document))
        except Exception as error:
            raise ModelError(f"{file}: the tokenizer cannot be read: {first_line(error)}") from error

    def encode(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of a text, int64 (T,), and a mask of the same shape and type that is 0 on padding."""
        if self._has_mark(text):
            return self._opened_whole().encode(text)
        ids, encoded = self._encoded(text)
        return np.array(ids, dtype=np.int64), np.array(encoded.attention_mask, dtype=np.int64)

    def unknown_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that all become one and the same id: (start, end) in characters, in order."""
        if self._has_mark(text):
            return self._opened_whole().unknown_spans(text)
        ids, encoded = self._encoded(text)
        return spans_of(self._unknown, ids, encoded.offsets)

    def _has_mark(self, text: str) -> bool:
        # What is before and after such a mark is cut by itself.
        return any(mark in text for mark in self._special)

    def _opened_whole(self) -> TextTokenizer:
        self._whole = self._whole or TextTokenizer(self._file)
        return self._whole

    def _encoded(self, text: str) -> tuple[list[int], Encoding]:
        """Return the ids of a text, and what a tokenizer with its pieces alone makes of it."""
        found = self._found(text)
        vocabulary = [*self._document["model"]["vocab"], *([piece, score] for piece, (_, score) in found.items())]
        model = {**self._document["model"], "vocab": vocabulary}
        tokenizer = Tokenizer.from_str(json.dumps({**self._document, "model": model}))
        encoded = tokenizer.encode(text)
        # By their text, as their numbers are others here.
        known = {**{piece: place for piece, (place, _) in found.items()}, **self._special}
        return [known.get(token, self._unknown) for token in encoded.tokens], encoded

    def _found(self, text: str) -> dict[str, tuple[int, float]]:
        """Return the pieces that a text contains, with their numbers and scores."""
        wanted = list(dict.fromkeys(self._parts(text)))
        if not wanted:
            return {}
        hashes = np.array([_hash(part) for part in wanted], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        rows = self._pieces[places]
        return {
            part: (int(row["id"]), float(row["score"]))
            for part, row, is_there in zip(wanted, rows, self._hashes[places] == hashes, strict=True)
            if is_there
        }

    def _parts(self, text: str) -> Iterator[str]:
        """Yield all parts of a text's words that may be pieces."""
        plain = text if self._bare.normalizer is None else self._bare.normalizer.normalize_str(text)
        words = (
            [plain]
            if self._bare.pre_tokenizer is None
            else [word for word, _ in self._bare.pre_tokenizer.pre_tokenize_str(plain)]
        )
        for word in dict.fromkeys(words):
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + self._longest) + 1):
                    yield word[start:end]


def _hash(piece: str) -> int:
    return int.from_bytes(blake2b(piece.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
