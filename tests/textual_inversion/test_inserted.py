"""Vectors put in at places of a token embedding's output."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from framecue.textual_inversion.inserted import inserted

IDS = torch.tensor([[1, 2, 3], [4, 5, 6]])
ROWS, PLACES = torch.tensor([0, 1]), torch.tensor([2, 0])


@pytest.fixture
def embedding() -> nn.Embedding:
    return nn.Embedding(9, 4)


def test_within_the_block_alone_the_places_have_the_vectors(embedding):
    before, vectors = embedding(IDS), torch.ones(2, 4)
    with inserted(embedding, rows=ROWS, places=PLACES, vectors=vectors, num_texts=2):
        made = embedding(IDS)
        assert torch.equal(embedding(IDS[:1]), before[:1])  # no such batch
        assert torch.equal(nn.Embedding.from_pretrained(embedding.weight)(IDS), before)  # nor another module
    assert torch.equal(made[ROWS, PLACES], vectors)
    made = made.index_put((ROWS, PLACES), before[ROWS, PLACES])
    assert torch.equal(made, before)
    assert torch.equal(embedding(IDS), before)


def test_a_block_that_fails_and_one_in_another_leave_nothing(embedding):
    before, one, two = embedding(IDS), torch.ones(2, 4), torch.zeros(2, 4)
    options = {"rows": ROWS, "places": PLACES, "num_texts": 2}
    with inserted(embedding, vectors=one, **options):
        with pytest.raises(ValueError, match="broken"), inserted(embedding, vectors=two, **options):
            raise ValueError("broken")
        assert torch.equal(embedding(IDS)[ROWS, PLACES], one)
    assert torch.equal(embedding(IDS), before)
    assert len(embedding._forward_hooks) == 1


def test_gradients_reach_the_vectors_and_a_frozen_embedding_stays(embedding):
    embedding.requires_grad_(False)
    vectors = torch.ones(2, 4, requires_grad=True)
    with inserted(embedding, rows=ROWS, places=PLACES, vectors=vectors, num_texts=2):
        embedding(IDS).sum().backward()
    assert torch.equal(vectors.grad, torch.ones(2, 4))


def test_no_places_change_nothing(embedding):
    none = torch.zeros(0, dtype=torch.int64)
    with inserted(embedding, rows=none, places=none, vectors=torch.zeros(0, 4), num_texts=2):
        assert torch.equal(embedding(IDS), nn.Embedding.from_pretrained(embedding.weight)(IDS))


def test_a_model_that_has_read_names_can_be_copied_and_sent(embedding):
    with inserted(embedding, rows=ROWS, places=PLACES, vectors=torch.ones(2, 4), num_texts=2):
        embedding(IDS)
    for other in (copy.deepcopy(embedding), pickle.loads(pickle.dumps(embedding))):
        assert torch.equal(other(IDS), embedding(IDS))
        with inserted(other, rows=ROWS, places=PLACES, vectors=torch.ones(2, 4), num_texts=2):
            assert torch.equal(other(IDS)[ROWS, PLACES], torch.ones(2, 4))
