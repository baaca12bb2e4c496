"""Where known words lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from framecue.errors import InputError
from framecue.names.stand_ins import choose_stand_ins
from framecue.textual_inversion.encode import encode_by
from framecue.textual_inversion.word_space import WordSpace, ids_of_tokens, known_ids


def test_directions_are_standard_deviations_by_hand():
    embeddings = torch.tensor([[3.0, 1.0, 0.0], [-3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    space = WordSpace.of(embeddings)
    torch.testing.assert_close(space.centre, torch.tensor([0.0, 1.0, 0.0]))
    # The third coordinate never differs, so it is no direction.
    assert space.directions.shape == (2, 3)
    torch.testing.assert_close(space.directions.norm(dim=1), torch.tensor([4.5**0.5, 0.5**0.5]))
    np.testing.assert_allclose(space.directions.abs()[0] / 4.5**0.5, [1, 0, 0], atol=1e-6)


def test_known_words_have_coordinates_of_unit_variance_that_lead_back():
    embeddings = torch.randn(30, 8, generator=torch.Generator().manual_seed(0))
    space = WordSpace.of(embeddings)
    coordinates = space.coordinates(embeddings)
    torch.testing.assert_close(coordinates.square().mean(dim=0), torch.ones(8))
    torch.testing.assert_close(space.vectors(coordinates), embeddings)


def test_of_too_few_words_the_whole_table_is_taken():
    table = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(WordSpace.of_words(table, [1, 2, 3]).centre, table.mean(dim=0))
    torch.testing.assert_close(WordSpace.of_words(table, list(range(20))).centre, table[:20].mean(dim=0))


@pytest.fixture(params=["clip", "siglip", "siglip2"])
def tokenized(request, make_backbone, make_siglip_backbone):
    backbone = make_backbone() if request.param == "clip" else make_siglip_backbone(request.param)
    return backbone, choose_stand_ins(encode_by(backbone.tokenize))


def test_known_words_are_those_of_one_token(tokenized):
    backbone, stand_ins = tokenized
    words = ("dog", "strawberry", "xyzzy", "dog cat", "camera")
    found = known_ids(backbone.tokenize, words, stand_ins)
    assert set(found) == {"dog", "strawberry", "camera"}
    for word, token in found.items():
        ids, mask = backbone.tokenize([f"the {word}"])
        assert token in ids[0][mask[0].bool()].tolist()
    assert known_ids(backbone.tokenize, words, stand_ins[:1]) == {}


def test_the_tokens_of_words_are_those_between_the_marks(tokenized):
    backbone, stand_ins = tokenized
    known = known_ids(backbone.tokenize, ("dog", "camera"), stand_ins)
    assert ids_of_tokens(backbone.tokenize, "dog", stand_ins) == [known["dog"]]
    assert len(ids_of_tokens(backbone.tokenize, "dog camera", stand_ins)) == 2
    with pytest.raises(InputError, match="the coarse word ' ' has no token for this model"):
        ids_of_tokens(backbone.tokenize, " ", stand_ins)
