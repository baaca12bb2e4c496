"""A tokenizer of very many pieces gives the same ids where only those of the text are looked up."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from framecue.errors import ModelError
from framecue.exported import spare_tokenizer as module
from framecue.exported.queries import ODD_TEXTS, ordinary_queries
from framecue.exported.spare_tokenizer import PIECES_FILE, REST_FILE, SpareTokenizer, open_tokenizer, write_spare
from framecue.exported.tokenize import TextTokenizer
from framecue.known_words import unknown_spans
from framecue.names.stand_ins import choose_stand_ins, read_names
from framecue.names.taught import TaughtTokens

LETTERS = "abcdefghijklmnopqrstuvwxyzäöéжщю日本語の,.'"


def make(file: Path, *, number: int = 3000) -> Path:
    """Write a tokenizer as XLM-R's is, with random pieces."""
    chosen = random.Random(0)
    # Letters, so that most of a text is known; not all, so that some of it is not.
    scores = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>"], 0.0) | dict.fromkeys(LETTERS[:-3], -12.5)
    while len(scores) < number:
        piece = "".join(chosen.choices(LETTERS[:-3], k=chosen.randint(1, 5)))
        scores.setdefault(chosen.choice(["▁", ""]) + piece, -chosen.uniform(2, 14))
    for word in ("▁the", "▁a", "ing", "▁house", "▁dog"):
        scores[word] = -3.0
    tokenizer = Tokenizer(models.Unigram(list(scores.items()), unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.add_special_tokens([AddedToken(name) for name in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_truncation(40)
    tokenizer.save(str(file))
    return file


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextTokenizer, SpareTokenizer]:
    file = make(tmp_path_factory.mktemp("pieces") / "tokenizer.json")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "LEAST_PIECES", 100)
        assert write_spare(file)
    opened = open_tokenizer(file)
    assert isinstance(opened, SpareTokenizer)
    return TextTokenizer(file), opened


def assert_same(both: tuple[TextTokenizer, SpareTokenizer], text: str) -> None:
    for whole, spare in zip(*(each.encode(text) for each in both), strict=True):
        assert spare.tolist() == whole.tolist(), text
        assert spare.dtype == whole.dtype
    assert both[1].pieces(text) == both[0].pieces(text), text


def test_ordinary_and_odd_texts_have_the_same_ids(both: tuple[TextTokenizer, SpareTokenizer]) -> None:
    for text in (*ordinary_queries(), *ODD_TEXTS):
        assert_same(both, text)
    assert len({tuple(both[1].encode(text)[0].tolist()) for text in ordinary_queries()}) > 190


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.text(alphabet=LETTERS + " 🐸", max_size=80),
        st.lists(st.sampled_from(["the", "housing", "</s>", " ", "<mask>", "dog", "ﬁ", "日本"]), max_size=20).map(
            "".join
        ),
    )
)
def test_any_text_has_the_same_ids(both: tuple[TextTokenizer, SpareTokenizer], text: str) -> None:
    assert_same(both, text)


def test_what_is_no_piece_is_unknown_with_its_place(both: tuple[TextTokenizer, SpareTokenizer]) -> None:
    for each in both:
        assert unknown_spans(each.pieces("the dog")) == []
        assert unknown_spans(each.pieces("the 🐸 dog")) == [(4, 5)]
        assert unknown_spans(each.pieces("</s> 🐸🐸")) == [(5, 7)]


def test_a_small_tokenizer_or_one_of_another_kind_is_left_as_it_is(tmp_path: Path) -> None:
    file = make(tmp_path / "tokenizer.json", number=300)
    assert not write_spare(file)
    assert isinstance(open_tokenizer(file), TextTokenizer)
    Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]")).save(str(file))
    assert not write_spare(file)
    assert not (tmp_path / PIECES_FILE).exists()


@pytest.mark.parametrize("name", [PIECES_FILE, REST_FILE])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = make(tmp_path / "tokenizer.json", number=300)
    monkeypatch.setattr(module, "LEAST_PIECES", 100)
    assert write_spare(file)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(ModelError, match=r"tokenizer\.json: the tokenizer cannot be read"):
        open_tokenizer(file)


def test_names_are_read_as_by_the_whole_tokenizer(both: tuple[TextTokenizer, SpareTokenizer]) -> None:
    """A word of one piece stands in, also where the whole tokenizer is not read."""
    whole, spare = both
    chosen = choose_stand_ins(whole.encode, ("the", "house", "houses", "dog"))
    assert chosen == choose_stand_ins(spare.encode, ("the", "house", "houses", "dog")) == ("the", "house", "dog")
    rex = TaughtTokens("Rex", np.ones((2, 4), dtype=np.float32), ("house", "dog"))
    for text in ("Rex", "日本のREX、", "the house of Rex", "a " * 37 + "Rex"):
        one, other = (read_names(text, [rex], each.encode) for each in both)
        assert one is not None
        assert other is not None
        assert (one.text, one.ids.tolist(), one.places.tolist()) == (
            other.text,
            other.ids.tolist(),
            other.places.tolist(),
        )
        assert len(one.places) == (1 if "a a" in text else 2)
