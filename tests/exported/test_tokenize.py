"""The ids of a tokenizer.json are those of the model's own tokenizer, whatever the text."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import ModelError
from framecue.exported.export_text import ModelTextSide
from framecue.exported.queries import ODD_TEXTS, ordinary_queries
from framecue.exported.tokenize import TextTokenizer
from framecue.exported.write_text import _write_tokenizer
from framecue.known_words import unknown_spans
from framecue.methods import build_method
from framecue.model import VideoTextModel
from support.sentences import make_sentence_folder


@pytest.fixture(scope="module")
def both(make_backbone, make_siglip_backbone, tmp_path_factory):
    """Gives the model and the tokenizer that was written of it, for a family."""

    @cache
    def make(family):
        backbone = make_backbone() if family == "clip" else make_siglip_backbone(family)
        model = VideoTextModel(backbone, build_method("mean-pool", {}, backbone))
        path = tmp_path_factory.mktemp(family) / "tokenizer.json"
        _write_tokenizer(ModelTextSide(model), path)
        return model, TextTokenizer(path)

    return make


WORDS = st.sampled_from(
    ["cat", "Strawberry", "rises", "  ", "\n", "<|endoftext|>", "</s>", "<eos>", "é", "ﬁ", "'s", "7"]
)


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2"])
@settings(max_examples=40, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=40).map(" ".join)).filter(str.strip))
def test_any_text_has_the_ids_and_the_mask_of_the_models_own(both, family, text):
    model, tokenizer = both(family)
    ids, mask = model.tokenize([text])
    ours = tokenizer.encode(text)
    assert ours[0].tolist() == ids[0].tolist()
    assert ours[1].tolist() == mask[0].tolist()
    (theirs,) = model.backbone.pieces([text], max_length=model.method.text_length(model.backbone))
    assert tokenizer.pieces(text) == theirs


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2"])
def test_the_texts_that_are_compared_at_export_have_too(both, family):
    model, tokenizer = both(family)
    for text in (*ordinary_queries(), *ODD_TEXTS):
        assert tokenizer.encode(text)[0].tolist() == model.tokenize([text])[0][0].tolist()


@pytest.mark.parametrize("content", ["", "{}", "[1", '{"model": {"type": "BPE"}}'])
def test_a_file_that_is_no_tokenizer_is_an_error_that_names_it(tmp_path, content):
    file = tmp_path / "tokenizer.json"
    file.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json: the tokenizer cannot be read"):
        TextTokenizer(file)
    with pytest.raises(ModelError, match=r"gone\.json: the tokenizer cannot be read"):
        TextTokenizer(tmp_path / "gone.json")


def test_what_has_no_id_of_its_own_is_told_with_its_place(tmp_path):
    from framecue.backbone.sentence_model import load_sentence_model

    model = load_sentence_model(str(make_sentence_folder(tmp_path / "tiny")))
    model.tokenizer.save_pretrained(tmp_path / "written")
    tokenizer = TextTokenizer(tmp_path / "written" / "tokenizer.json")
    for text, parts in (
        ("a house", []),
        ("a 🐸 house", ["🐸"]),
        ("青蛙", ["青", "蛙"]),
        ("ду house ыь", ["ду", "ыь"]),
        ("x" * 300, ["x" * 300]),  # a word of more letters than it looks at
    ):
        for found in (unknown_spans(tokenizer.pieces(text)), model.unknown_spans(text)):
            assert [text[start:end] for start, end in found] == parts
