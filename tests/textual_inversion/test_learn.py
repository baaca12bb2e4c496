"""Learning a name: what is learnt composes, nothing else changes, and nonsense is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from framecue.errors import InputError
from framecue.methods import build_method
from framecue.model import VideoTextModel, load_model
from framecue.names.taught import Lesson
from framecue.textual_inversion import learn
from framecue.textual_inversion.word_space import known_ids


@pytest.fixture(scope="module")
def moji() -> VideoTextModel:
    return load_model("moji-clip", adapter="moji-prompt-switch", device="cpu")


def lesson_of(model: VideoTextModel, **changes) -> Lesson:
    """Of what the texts about a banana mean, though the name is none the model knows; among what others mean."""
    motions = ("moves left", "rises", "spins", "grows")
    actors = ("cat", "dog", "tree", "car", "star", "whale", "book", "fox", "apple", "carrot")
    examples = model.embed_texts([f"a banana {motion}" for motion in motions[:3]])
    others = model.embed_texts([f"a {actor} {motion}" for actor in actors for motion in motions])
    return replace(Lesson("Rex", examples, others, others[:0], coarse="carrot"), **changes)


def found(model: VideoTextModel, texts: list[str], taught: learn.TaughtTokens) -> list[int]:
    """Which of the texts with a banana each of the texts with the name is nearest to, among those with other actors."""
    actors = ("banana", "carrot", "apple", "cat", "star", "tree")
    gallery = model.embed_texts([text.replace("Rex", actor) for actor in actors for text in texts])
    return (model.embed_named_texts(texts, [taught]) @ gallery.T).argmax(axis=1).tolist()


@pytest.mark.parametrize("num_tokens", [1, 2])
def test_what_is_learnt_goes_together_with_words_that_no_example_had(moji: VideoTextModel, num_tokens: int):
    lesson = lesson_of(moji, num_tokens=num_tokens)
    taught = moji.learn_name(lesson)
    assert taught.name == "Rex"
    assert taught.vectors.shape == (num_tokens, 128)
    assert taught.vectors.dtype == np.float32
    unseen = ["the Rex falls", "a Rex shrinks", "a Rex disappears", "the Rex goes in a circle"]
    assert found(moji, unseen, taught) == [0, 1, 2, 3]


def test_the_same_lesson_gives_the_same_and_changes_nothing_else(moji: VideoTextModel):
    weights = {name: value.clone() for name, value in moji.state_dict().items()}
    gradients = [one.requires_grad for one in moji.parameters()]
    before = moji.embed_texts(["a dog rises", "Rex rises"])
    steps: list[tuple[int, int]] = []
    lesson = lesson_of(moji)
    first = moji.learn_name(lesson, on_step=lambda done, total: steps.append((done, total)))
    with torch.inference_mode():
        np.testing.assert_array_equal(moji.learn_name(lesson).vectors, first.vectors)
    assert not np.array_equal(moji.learn_name(replace(lesson, seed=1)).vectors, first.vectors)
    assert steps == [(step, learn.NUM_STEPS) for step in range(1, learn.NUM_STEPS + 1)]
    assert all(torch.equal(weights[name], value) for name, value in moji.state_dict().items())
    assert [one.requires_grad for one in moji.parameters()] == gradients
    assert all(one.grad is None for one in moji.parameters())
    np.testing.assert_array_equal(moji.embed_texts(["a dog rises", "Rex rises"]), before)


def test_what_a_step_raises_ends_the_lesson(moji: VideoTextModel):
    class GoneError(Exception):
        pass

    def leave(done: int, total: int) -> None:
        raise GoneError

    with pytest.raises(GoneError):
        moji.learn_name(lesson_of(moji), on_step=leave)


def test_it_is_held_near_the_coarse_word(moji: VideoTextModel):
    table = moji.backbone.text.token_embedding.weight.detach().numpy()
    words = ("carrot", "cat", "whale", "book", "car")
    ids = known_ids(moji.tokenize, words, ("umbrella", "strawberry"))
    (vector,) = moji.learn_name(lesson_of(moji)).vectors
    near = [float(np.linalg.norm(vector - table[ids[word]])) for word in words]
    assert min(near) == near[0]


def test_what_is_unlike_is_kept_away(moji: VideoTextModel):
    alike = moji.embed_texts(["a carrot moves left", "a carrot rises"])
    lesson = lesson_of(moji)
    without, with_them = (
        moji.embed_named_texts(["a Rex moves left"], [moji.learn_name(one)])[0]
        for one in (replace(lesson, others=lesson.others[:8]), replace(lesson, others=lesson.others[:8], unlike=alike))
    )
    assert float(with_them @ alike[0]) < float(without @ alike[0])


def test_of_an_examples_texts_the_one_that_fits_is_taken(moji: VideoTextModel, monkeypatch: pytest.MonkeyPatch):
    fitting: list[list[str]] = []
    chosen = learn._Pupil._fitting

    def watched(self, tokens):
        found = chosen(self, tokens)
        fitting.append([each.text for each in found])
        return found

    monkeypatch.setattr(learn._Pupil, "_fitting", watched)
    texts = (("a {} moves left", 0), ("a dog falls while a {} spins", 0), ("while a dog falls, a {} shrinks", 1))
    moji.learn_name(lesson_of(moji, texts=texts))
    assert len(fitting) == 3
    # What is told of the second example is not what it shows.
    assert all(len(some) == 1 and some[0].endswith("moves left") for some in fitting)


def test_a_name_for_an_action_is_learnt_among_actions(moji: VideoTextModel):
    actors = ("cat", "dog", "tree", "car", "star", "whale")
    examples = moji.embed_texts([f"a {actor} spins" for actor in actors[:3]])
    others = moji.embed_texts(
        [f"a {actor} {motion}" for actor in actors for motion in ("rises", "grows", "moves left")]
    )
    taught = moji.learn_name(Lesson("wumbles", examples, others, others[:0], coarse="circles"))
    motions = ("spins", "circles", "rises", "grows", "falls")
    gallery = moji.embed_texts([f"a book {motion}" for motion in motions])
    assert (moji.embed_named_texts(["a book wumbles"], [taught]) @ gallery.T).argmax() == 0


def test_a_library_of_the_examples_alone_is_enough(moji: VideoTextModel):
    lesson = lesson_of(moji)
    taught = moji.learn_name(replace(lesson, others=lesson.others[:0], coarse=None))
    before, after = (
        float((moji.embed_named_texts(["a Rex moves left"], [one]) @ lesson.examples[0])[0])
        for one in (replace(taught, vectors=np.zeros_like(taught.vectors)), taught)
    )
    assert after > before


@pytest.mark.parametrize(
    ("name", "options"), [("vop", {}), ("mv-adapter", {}), ("x-clip", {}), ("dgl", {}), ("mean-pool", {})]
)
def test_each_method_reads_it_in_its_own_way(make_backbone, name: str, options: dict, monkeypatch: pytest.MonkeyPatch):
    assert_learns(tiny(make_backbone(), name, options), monkeypatch)


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
def test_each_backbone(make_siglip_backbone, family: str, monkeypatch: pytest.MonkeyPatch):
    assert_learns(tiny(make_siglip_backbone(family), "mean-pool", {}), monkeypatch)


def tiny(backbone, name: str, options: dict) -> VideoTextModel:
    return VideoTextModel(backbone, build_method(name, options, backbone), method_name=name).eval()


def assert_learns(model: VideoTextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences with the name come nearer to the examples, beside other moments, than they are at first."""
    costs: list[float] = []
    cost_of = learn._Pupil._costs

    def watched(self, contexts, tokens):
        found = cost_of(self, contexts, tokens)
        if found.requires_grad:
            costs.append(float(found.detach().mean()))
        return found

    monkeypatch.setattr(learn._Pupil, "_costs", watched)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((20, model.embedding_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    taught = model.learn_name(Lesson("Rex", vectors[:2], vectors[2:], vectors[:0], coarse="dog"))
    assert np.mean(costs[-10:]) < np.mean(costs[:10])
    assert len(costs) == learn.NUM_STEPS
    assert model.embed_named_texts(["the Rex falls"], [taught]).shape == (1, model.embedding_dim)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"examples": np.zeros((0, 128), np.float32)}, "'Rex' has no example; give at least one"),
        ({"others": np.zeros((3, 5), np.float32)}, r"others must be vectors of the model's width, \(., 128\), got"),
        ({"unlike": np.full((1, 128), np.nan, np.float32)}, "unlike have values that are no numbers"),
        ({"texts": (("a {} runs", 3),)}, "a text is of example 3, and there are 3, counted from 0"),
        ({"num_tokens": 5}, "num_tokens must be from 1 to 4, got 5"),
        ({"num_tokens": 0}, "num_tokens must be from 1 to 4, got 0"),
        ({"coarse": " "}, "the coarse word ' ' has no token for this model"),
    ],
)
def test_nonsense_is_refused(moji: VideoTextModel, changes: dict, words: str):
    with pytest.raises(InputError, match=words):
        moji.learn_name(lesson_of(moji, **changes))
