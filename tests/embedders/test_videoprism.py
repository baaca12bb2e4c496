"""VideoPrism's video-text encoders behind the `Encoder` protocol, against `transformers`' own functions."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from framecue.embedders import load_any_model
from framecue.embedders.videoprism import VideoPrism, canonical
from framecue.encoder import EncoderSpec
from framecue.errors import InputError, ModelError

TEXTS = ["The red car!", "a cat  falls", "dog"]


@pytest.fixture(scope="module")
def encoder(videoprism_folder: Path) -> VideoPrism:
    loaded = load_any_model(videoprism_folder, device="cpu")
    assert isinstance(loaded, VideoPrism)
    return loaded


def frames(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (4, 50, 70, 3), dtype=np.uint8)


@torch.no_grad()
def test_vectors_are_transformers_own(encoder: VideoPrism, videoprism_folder: Path) -> None:
    theirs = AutoModel.from_pretrained(videoprism_folder)
    pixels = np.stack([encoder.prepare(frames(seed)) for seed in (1, 2)])
    assert pixels.shape == (2, 4, 3, 36, 36)
    assert pixels.min() >= 0
    assert 0.5 < pixels.max() <= 1  # the released models take pixels from 0 to 1
    expected = theirs.get_video_features(pixel_values_videos=torch.from_numpy(pixels)).pooler_output[:, 0]
    videos = encoder.embed_videos(pixels)
    np.testing.assert_allclose(videos, torch.nn.functional.normalize(expected, dim=-1), rtol=0, atol=1e-6)
    assert np.abs(videos[0] - videos[1]).max() > 0.01
    ids = encoder.opened.tokenizer(
        ["the red car.", "a cat falls.", "dog."], padding="max_length", max_length=12, return_tensors="pt"
    )
    expected = theirs.get_text_features(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"]).pooler_output
    texts = encoder.embed_texts(TEXTS)
    np.testing.assert_allclose(texts, torch.nn.functional.normalize(expected, dim=-1), rtol=0, atol=1e-6)
    assert texts.shape == (3, encoder.embedding_dim)
    # Alone or padded with others: a text's vector is its own.
    np.testing.assert_allclose(encoder.embed_texts(TEXTS[2:]), texts[2:], rtol=0, atol=1e-6)


def test_the_order_of_frames_is_seen(encoder: VideoPrism) -> None:
    pixels = encoder.prepare(frames(3))
    forwards, backwards = encoder.embed_videos(np.stack([pixels, pixels[::-1]]))
    assert np.abs(forwards - backwards).max() > 1e-3


def test_a_frames_vector_is_that_of_a_still_video(encoder: VideoPrism) -> None:
    pixels = encoder.prepare(frames(4))
    each = encoder.embed_frames(pixels)
    assert each.shape == (4, encoder.embedding_dim)
    still = encoder.embed_videos(np.repeat(pixels[None, 2:3], 4, axis=1))
    np.testing.assert_allclose(each[2:3], still, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hello, World!", "hello world."), ("  Hello   WORLD..", "hello world."), ("it's a-b", "it s a b.")],
)
def test_texts_are_made_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


def test_another_process_loads_the_same(encoder: VideoPrism) -> None:
    spec: EncoderSpec = pickle.loads(pickle.dumps(encoder.spec()))
    assert (spec.fingerprint.encoder, spec.fingerprint.method) == ("videoprism", "videoprism")
    assert spec.fingerprint.sampling.num_frames == 4
    again = spec.load()
    pixels = encoder.prepare(frames(5))[None]
    np.testing.assert_array_equal(again.embed_videos(pixels), encoder.embed_videos(pixels))


def test_bfloat16_is_close(encoder: VideoPrism, videoprism_folder: Path) -> None:
    rough = load_any_model(videoprism_folder, dtype="bfloat16", device="cpu")
    assert rough.spec().precision == "bfloat16"
    pixels = encoder.prepare(frames(6))[None]
    assert float((rough.embed_videos(pixels) * encoder.embed_videos(pixels)).sum()) > 0.95


def test_texts_that_are_none_and_captions_are_refused(encoder: VideoPrism) -> None:
    for texts, reason in (([], "no text"), ([" "], "type at least one word"), (["a" * 10_001], "10001 characters")):
        with pytest.raises(InputError, match=reason):
            encoder.embed_texts(texts)
    with pytest.raises(InputError, match="has no captioner"):
        encoder.describe(np.zeros((1, 4, 3, 36, 36), dtype=np.float32))
    with pytest.raises(InputError, match="device no-such cannot be used"):
        load_any_model(encoder.name, device="no-such")


def test_a_folder_without_a_tokenizer_encodes_videos_and_says_so_of_texts(
    videoprism_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lone"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(videoprism_folder / name, folder)
    lone = load_any_model(folder, device="cpu")
    assert lone.embed_videos(lone.prepare(frames(1))[None]).shape == (1, 24)
    with pytest.raises(ModelError, match="it has no tokenizer"):
        lone.check_texts()


def test_a_video_encoder_without_texts_is_refused(videoprism_folder: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig

    AutoConfig.from_pretrained(videoprism_folder).vision_config.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="a VideoPrismVision model is not supported"):
        load_any_model(tmp_path)
