"""Which words a model was made for, told by the pieces of its tokenizer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from framecue.known_words import Piece, known_share, pieces_of


def each(text: str, size: int) -> list[Piece]:
    """Pieces of so many characters."""
    return [Piece(start, min(len(text), start + size)) for start in range(0, len(text), size)]


@pytest.mark.parametrize(
    ("text", "size", "share"),
    [
        ("house", 5, 1.0),
        ("house", 3, 1.0),  # hou-se
        ("house", 1, 0.0),
        ("a", 1, 1.0),  # a piece is no part of a word
        ("買房子", 1, 1.0),  # a character is a word or a syllable
        ("개가", 2, 1.0),
    ],
)
def test_a_word_of_few_pieces_is_known(text: str, size: int, share: float) -> None:
    assert known_share(text, each(text, size)) == share


def test_bytes_of_a_character_are_pieces_of_their_own() -> None:
    pieces = [Piece(place, place + 1) for place in range(3) for _ in range(3)]
    assert known_share("買房子", pieces) == 0.0


def test_longer_words_count_for_more_and_what_has_no_letters_for_nothing() -> None:
    text = "a cat 12 - mortgage!"
    whole = [Piece(0, 1), Piece(2, 5), Piece(6, 8), Piece(9, 10), *(Piece(n, n + 1) for n in range(11, 20))]
    assert known_share(text, whole) == pytest.approx(4 / 12)
    assert known_share("12 - !", each("12 - !", 1)) == 1.0
    assert known_share("", []) == 1.0


def test_an_emoji_is_a_word() -> None:
    assert known_share("🐸!", [Piece(0, 1), Piece(1, 2)]) == 1.0
    assert known_share("🐸!", [Piece(0, 1)] * 4 + [Piece(1, 2)]) == 0.0
    assert known_share("a🐸", [Piece(0, 1)] + [Piece(1, 2)] * 4) == pytest.approx(1 / 3)


def test_what_is_unknown_to_the_tokenizer_is_no_known_word_however_few_its_pieces() -> None:
    assert known_share("дом cat", [Piece(0, 3, is_unknown=True), Piece(4, 7)]) == 0.5


def test_what_the_model_does_not_read_does_not_count() -> None:
    assert known_share("cat mortgage", [Piece(0, 3)]) == 1.0


@given(st.text(max_size=40), st.integers(1, 8))
def test_any_text_has_a_share(text: str, size: int) -> None:
    pieces = each(text, size)
    assert 0.0 <= known_share(text, pieces) <= 1.0
    assert known_share(text, [piece._replace(is_unknown=True) for piece in pieces]) in (0.0, 1.0)


def tokenizer_of(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A <s>", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    tokenizer.enable_padding(length=12, pad_token="<s>", pad_id=tokenizer.token_to_id("<s>"))
    return tokenizer


@pytest.mark.parametrize(
    "model",
    [
        models.WordLevel({"<unk>": 0, "cat": 1, "two": 2}, unk_token="<unk>"),
        models.WordPiece({"[UNK]": 0, "cat": 1, "two": 2}, unk_token="[UNK]"),
        models.Unigram([("<unk>", 0.0), ("cat", -1.0), ("two", -1.0)], unk_id=0),
        models.BPE(
            {"c": 0, "a": 1, "t": 2, "ca": 3, "cat": 4, "<unk>": 5}, [("c", "a"), ("ca", "t")], unk_token="<unk>"
        ),
    ],
)
def test_every_kind_of_tokenizer_tells_what_it_does_not_know(model: models.Model) -> None:
    tokenizer = tokenizer_of(model)
    text = "cat дом"
    pieces = pieces_of(tokenizer, tokenizer.encode(text))
    assert pieces[0] == Piece(0, 3)
    assert all(piece.is_unknown and piece.start >= 4 for piece in pieces[1:])
    assert len(pieces) > 1
    assert known_share(text, pieces) == 0.5
