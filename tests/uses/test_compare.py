from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from framecue.errors import InputError, NotOfflineError
from framecue.model import VideoTextModel
from framecue.uses import compare
from framecue.uses.compare import (
    CLIP_TEMPERATURE,
    FusionComparer,
    OfflineComparer,
    comparer_of,
    probabilities,
    temperature_of,
)
from support.colours import ColourEncoder

TEXTS = [["a cat", "the cat is here"], ["a dog", "the dog is here"], ["a car", "the car is here"]]


def pixels_of(model: VideoTextModel, *, videos: int) -> np.ndarray:
    size = model.backbone.vision.image_size
    shape = (videos, model.sampling.num_frames, 3, size, size)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_a_label_is_the_mean_of_unit_embeddings_made_a_unit_vector_again(
    make_model: Callable[..., VideoTextModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(num_test_frames=2)
    comparer = comparer_of(model)
    assert isinstance(comparer, OfflineComparer)
    wanted = []
    for texts in TEXTS:
        mean = np.zeros(model.embedding_dim)
        for text in texts:
            features = model.text_features(*model.tokenize([text])).detach().double().numpy()[0]
            mean += features / np.sqrt((features**2).sum()) / len(texts)
        wanted.append(mean / np.sqrt((mean**2).sum()))
    np.testing.assert_allclose(comparer.candidates(TEXTS), wanted, atol=1e-6)
    # Whatever the batches are: a label may lie in two of them.
    told = []
    monkeypatch.setattr(compare, "BATCH_TEXTS", 5)
    np.testing.assert_allclose(comparer.candidates(TEXTS, progress=lambda *done: told.append(done)), wanted, atol=1e-6)
    assert told == [(5, 6), (6, 6)]
    pixels = pixels_of(model, videos=2)
    videos = model.embed_videos(pixels).astype(np.float64)
    cosines = comparer.cosines(comparer.candidates(TEXTS), comparer.videos(pixels))
    np.testing.assert_allclose(cosines, [[video @ text for text in wanted] for video in videos], atol=1e-6)


# ts2-net pools with the sentence, x-clip with its words as well, so its texts have an axis more.
@pytest.mark.parametrize("method", ["x-pool", "ts2-net", "x-clip"])
def test_a_fusion_compares_each_text_and_takes_the_mean(make_model: Callable[..., VideoTextModel], method: str) -> None:
    model = make_model(method, num_test_frames=2)
    comparer = comparer_of(model)
    assert isinstance(comparer, FusionComparer)
    pixels = pixels_of(model, videos=2)
    told = []
    candidates = comparer.candidates(TEXTS, progress=lambda *done: told.append(done))
    found = comparer.cosines(candidates, comparer.videos(pixels))
    assert (found.shape, found.dtype, told) == ((2, 3), np.float64, [(6, 6)])
    with torch.inference_mode():
        for row, video in enumerate(pixels):
            frames = model.frame_features(torch.from_numpy(video)[None])
            for column, texts in enumerate(TEXTS):
                alone = [model.similarity(model.text_features(*model.tokenize([t])), frames).item() for t in texts]
                assert found[row, column] == pytest.approx(np.mean(alone), abs=1e-5)


def test_a_fusion_keeps_only_so_much(
    make_model: Callable[..., VideoTextModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    comparer = comparer_of(make_model("x-pool", num_test_frames=2))
    monkeypatch.setattr(compare, "KEPT_NUMBERS", 24 * 6)
    comparer.candidates(TEXTS)
    with pytest.raises(InputError, match="4 labels with 2 templates are more than method x-pool"):
        comparer.candidates([*TEXTS, TEXTS[0]])


def test_an_encoder_of_another_package_will_do_unless_it_is_a_fusion() -> None:
    comparer = comparer_of(ColourEncoder())
    candidates = comparer.candidates([["red"], ["blue"]])
    assert np.linalg.norm(candidates, axis=1) == pytest.approx([1, 1])
    assert temperature_of(ColourEncoder()) == CLIP_TEMPERATURE == 0.01
    with pytest.raises(NotOfflineError, match="needs the text to encode a video"):
        comparer_of(ColourEncoder(offline=False))


def test_texts_without_a_finite_vector_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bad(ColourEncoder):
        def embed_texts(self, texts: object) -> np.ndarray:
            return np.array([[1, 0, 0, 0], [np.nan, 0, 0, 0], [1, 0, 0, 0], [-1, 0, 0, 0]], dtype=np.float32)

    with pytest.raises(InputError, match="no finite vector for the text 'b'"):
        comparer_of(Bad()).candidates([["a"], ["b"], ["c"], ["d"]])

    class Opposite(ColourEncoder):
        def embed_texts(self, texts: object) -> np.ndarray:
            return np.array([[1, 0], [1, 0], [1, 0], [-1, 0]], dtype=np.float32)

    with pytest.raises(InputError, match="the phrasings of 'c' cancel each other out"):
        comparer_of(Opposite()).candidates([["a", "b"], ["c", "d"]])


def test_the_temperature_is_the_models_own(make_model: Callable[..., VideoTextModel]) -> None:
    model = make_model()
    with torch.no_grad():
        model.backbone.logit_scale.fill_(np.log(50.0))
    assert temperature_of(model) == pytest.approx(1 / 50)


def test_probabilities() -> None:
    found = probabilities(np.array([[0.3, 0.2, 0.2], [-1.0, 1.0, 0.0]]), 0.1)
    e = np.e
    np.testing.assert_allclose(found[0], [e / (e + 2), 1 / (e + 2), 1 / (e + 2)])
    assert found.sum(axis=1) == pytest.approx([1, 1])
    # No overflow, however small the temperature.
    np.testing.assert_allclose(probabilities(np.array([0.9, 0.1]), 1e-5), [1, 0])
