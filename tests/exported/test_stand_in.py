from __future__ import annotations

import numpy as np
import pytest

from framecue.encoder import Encoder, KnowsWords, LearnsNames, known_share_of, learner_of
from framecue.errors import ModelError
from framecue.exported.stand_in import StandIn
from support.colours import ColourEncoder


class Other(StandIn):
    def __init__(self, model: Encoder) -> None:
        self._model = model

    @property
    def model(self) -> Encoder:
        return self._model


def test_all_of_it_is_the_models(monkeypatch) -> None:
    model = ColourEncoder(num_frames=3)
    monkeypatch.setattr(model, "describe", lambda pixel_values: ["red"] * len(pixel_values))
    other: Encoder = Other(model)
    frames = np.full((3, 4, 4, 3), 200, dtype=np.uint8)
    values = model.prepare(frames)
    for name in ("method_name", "offline", "has_captioner", "sampling", "short_side"):
        assert getattr(other, name) == getattr(model, name)
    assert other.fingerprint() == model.fingerprint()
    assert other.spec() == model.spec()
    np.testing.assert_array_equal(other.prepare(frames), values)
    np.testing.assert_array_equal(other.embed_videos(values[None]), model.embed_videos(values[None]))
    np.testing.assert_array_equal(other.embed_frames(values), model.embed_frames(values))
    np.testing.assert_array_equal(other.embed_texts(["red"]), model.embed_texts(["red"]))
    assert other.describe(values[None]) == ["red"]


class Learner(ColourEncoder):
    """Says what it was asked."""

    def learn_name(self, lesson, *, on_step=None):
        return ("learnt", lesson, on_step)

    def embed_named_texts(self, texts, names):
        return ("read", texts, names)


def test_names_are_the_models_too() -> None:
    other = Other(Learner())
    assert isinstance(other, LearnsNames)
    assert other.learn_name("lesson", on_step=print) == ("learnt", "lesson", print)  # type: ignore[arg-type]
    assert other.embed_named_texts(["Rex"], ["rex"]) == ("read", ["Rex"], ["rex"])  # type: ignore[list-item]


class Knower(ColourEncoder):
    """Knows half of each text."""

    def known_share(self, texts):
        return np.full(len(texts), 0.5)


def test_which_words_it_knows_are_the_models_too_and_all_if_nobody_can_tell() -> None:
    for model, share in ((Knower(), 0.5), (ColourEncoder(), 1.0)):
        other = Other(model)
        assert isinstance(other, KnowsWords)
        assert other.known_share(["red", "green"]).tolist() == known_share_of(model, ["red", "green"]).tolist()
        assert other.known_share(["red", "green"]).tolist() == [share, share]


def test_a_model_that_learns_no_names_says_so() -> None:
    told = r"colours: a model of this kind \(.*\) has no text tower .*, so it cannot be taught names"
    for ask in (lambda one: one.learn_name(None), lambda one: one.embed_named_texts(["Rex"], [])):
        with pytest.raises(ModelError, match=told):
            ask(Other(ColourEncoder()))
    with pytest.raises(ModelError, match=told):
        learner_of(ColourEncoder())
    learner = Learner()
    assert learner_of(learner) is learner
