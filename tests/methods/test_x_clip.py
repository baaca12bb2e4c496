"""X-CLIP: words and padding, the four similarities against a slow construction, gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import InputError
from framecue.methods import fusion
from framecue.methods.mean_pool import MeanPool
from framecue.methods.x_clip import XClip, XClipConfig


def make(backbone: Backbone, **options: Any) -> XClip:
    torch.manual_seed(0)
    return XClip(XClipConfig(**{"num_frames": 4, "num_test_frames": 4, **options}), backbone).eval()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pixels(videos: int, frames: int = 4, seed: int = 1) -> Tensor:
    return torch.randn(videos, frames, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def attended(values: Sequence[float], temperature: float) -> float:
    """Attention over similarities: a softmax of them as weights on themselves."""
    top = max(values)
    weights = [math.exp((value - top) / temperature) for value in values]
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)


def slow(sentence: Tensor, words: Tensor, video: Tensor, frames: Tensor, temperature: float) -> float:
    def cosine(left: Tensor, right: Tensor) -> float:
        return (left @ right / left.norm() / right.norm()).item()

    matrix = [[cosine(word, frame) for frame in frames] for word in words]
    by_frame = [attended(column, temperature) for column in zip(*matrix, strict=True)]
    by_word = [attended(row, temperature) for row in matrix]
    four = (
        cosine(sentence, video),
        attended([cosine(word, video) for word in words], temperature),
        attended([cosine(sentence, frame) for frame in frames], temperature),
        (attended(by_frame, temperature) + attended(by_word, temperature)) / 2,
    )
    return sum(four) / 4


@pytest.mark.parametrize("temperature", [0.01, 0.3])
@pytest.mark.parametrize("limit", [1000, 1 << 24])
def test_similarity_agrees_with_a_slow_construction(
    backbone: Backbone, temperature: float, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    lengths = [3, 1, 5, 2]
    texts, videos = 2 * random(4, 6, 24), 3 * random(5, 1 + 4, 24, seed=1)
    for row, length in enumerate(lengths):
        texts[row, 1 + length :] = 0
    actual = make(backbone, temperature=temperature).similarity(texts, videos)
    assert actual.shape == (4, 5)
    for n, length in enumerate(lengths):
        for b in range(5):
            expected = slow(texts[n, 0], texts[n, 1 : 1 + length], videos[b, 0], videos[b, 1:], temperature)
            assert actual[n, b].item() == pytest.approx(expected, abs=1e-12)


def test_padding_and_the_order_of_frames_and_words_change_nothing(backbone: Backbone) -> None:
    method, texts, videos = make(backbone), random(3, 5, 24), random(4, 5, 24, seed=1)
    expected = method.similarity(texts, videos)
    padded = torch.nn.functional.pad(texts, (0, 0, 0, 3))
    torch.testing.assert_close(method.similarity(padded, videos), expected)
    shuffled = texts[:, [0, 4, 2, 1, 3]], videos[:, [0, 3, 1, 4, 2]]
    torch.testing.assert_close(method.similarity(*shuffled), expected)
    # The first of each is the whole, not one more part.
    assert (method.similarity(texts[:, [1, 0, 2, 3, 4]], videos) - expected).abs().max() > 1e-2
    assert (method.similarity(texts, videos[:, [1, 0, 2, 3, 4]]) - expected).abs().max() > 1e-2


@torch.no_grad()
def test_a_text_is_its_sentence_then_its_words_then_zeros(backbone: Backbone) -> None:
    method = make(backbone)
    ids, mask = backbone.tokenize(["a red car on the left", "dog"])
    features = method.encode_text(backbone, ids, mask)
    # Both texts have a token for the start, which is no word, and one for the end, which is.
    assert features.shape == (2, 1 + int(mask.sum(dim=1).max()) - 1, 24)
    plain = MeanPool(MeanPool.Config(), backbone).encode_text(backbone, ids, mask)
    torch.testing.assert_close(features[:, 0], plain, rtol=0, atol=1e-5)
    reference = backbone.model.text_model(input_ids=ids[:1]).last_hidden_state
    words = backbone.model.text_projection(reference)[0, 1:]
    torch.testing.assert_close(features[0, 1:], words, rtol=0, atol=1e-5)
    torch.testing.assert_close(features[1, 2], features[1, 0])  # the word that ends the text is where it is read
    assert not features[1, 3:].any()
    # Alone and without a mask it is the same, only shorter.
    torch.testing.assert_close(method.encode_text(backbone, ids[1:, :3]), features[1:, :3], rtol=0, atol=1e-5)
    torch.testing.assert_close(method.encode_text(backbone, ids), features, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_tower_that_attends_both_ways_has_its_first_word_too(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = backbone.text
    text.is_causal, text.pads_texts = False, True
    monkeypatch.setattr(text, "causal_mask", lambda tokens: None)
    monkeypatch.setattr(text, "end_of_text", lambda ids: torch.full((len(ids),), ids.shape[1] - 1))
    method = make(backbone)
    ids, mask = backbone.tokenize(["a red car on the left", "dog"], max_length=method.max_text_tokens(backbone))
    assert ids.shape == (2, 24)
    features = method.encode_text(backbone, ids, mask)
    real = mask.sum(dim=1).tolist()
    assert features.shape == (2, 1 + max(real), 24)
    assert features[1, 1 : 1 + real[1]].any(dim=-1).all()
    assert not features[1, 1 + real[1] :].any()


def test_texts_are_cut_unless_the_tower_knows_one_length(backbone: Backbone) -> None:
    assert make(backbone, max_words=10).max_text_tokens(backbone) == 10
    assert make(backbone).max_text_tokens(backbone) == 24  # the context of this tower
    backbone.text.pads_texts = True
    assert make(backbone, max_words=10).max_text_tokens(backbone) == 24


@torch.no_grad()
def test_a_video_is_the_mean_of_the_temporal_encoders_frames_then_its_frames(backbone: Backbone) -> None:
    method, videos = make(backbone), pixels(2)
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 1 + 4, 24)
    frames = MeanPool(MeanPool.Config(), backbone).encode_frames(backbone, videos)
    torch.testing.assert_close(features[:, 1:], frames, rtol=0, atol=1e-5)
    expected = normalize(method.temporal(frames), dim=-1).mean(dim=1)
    torch.testing.assert_close(features[:, 0], expected, rtol=0, atol=1e-5)
    # So the order of frames is in it, by the video's own feature alone.
    backwards = method.encode_frames(backbone, videos.flip(1))
    torch.testing.assert_close(backwards[:, 1:], features[:, 1:].flip(1), rtol=0, atol=1e-5)
    assert (backwards[:, 0] - features[:, 0]).abs().max() > 1e-3


def test_gradient_reaches_every_parameter_of_method_and_backbone(backbone: Backbone) -> None:
    method = make(backbone)
    method.freeze(backbone)
    ids, mask = backbone.tokenize(["a red car", "the cat falls"])
    text, video = method.encode_text(backbone, ids, mask), method.encode_frames(backbone, pixels(2))
    similarities = method.similarity(text, video)
    (similarities.diagonal().sum() - similarities.mean()).backward()
    for module in (method, backbone):
        for name, parameter in module.named_parameters():
            if "logit_scale" in name:
                continue
            assert parameter.grad is not None, name
            if not name.endswith("k_proj.bias"):
                assert parameter.grad.abs().max() > 0, name
    assert all(name.startswith("temporal.") for name, _ in method.new_parameters())


def test_gradients_agree_with_finite_differences(make_backbone: Callable[..., Backbone]) -> None:
    method = make(make_backbone(dtype=torch.float64), temperature=0.3)
    texts, videos = random(2, 4, 6), random(2, 3, 6, seed=1)
    assert torch.autograd.gradcheck(method.similarity, (texts.requires_grad_(), videos.requires_grad_()))


@torch.no_grad()
def test_half_precision_features_are_compared_in_full(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.bfloat16)
    method = make(backbone).to(torch.bfloat16)
    ids, mask = backbone.tokenize(["a red car", "the cat falls"])
    text, video = method.encode_text(backbone, ids, mask), method.encode_frames(backbone, pixels(2).bfloat16())
    assert text.dtype == video.dtype == torch.bfloat16
    actual = method.similarity(text, video)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, method.similarity(text.float(), video.float()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_words": 2}, "max_words must be at least 3, got 2"),
        ({"temporal_layers": 0}, "temporal_layers must be at least 1, got 0"),
        ({"temperature": 0}, "temperature must be greater than 0, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    assert not XClip.offline
    with pytest.raises(InputError, match=f"^{message}$"):
        XClipConfig(**options)


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
def test_a_tower_that_reads_both_ways(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    backbone = make_siglip_backbone(family)
    method = make(backbone, max_words=10)
    ids, mask = backbone.tokenize(["a red car", "dog"], max_length=method.max_text_tokens(backbone))
    assert ids.shape[1] == backbone.text.context_length  # the padding is part of what it learnt
    features = method.encode_text(backbone, ids, mask)
    plain = MeanPool(MeanPool.Config(), backbone).encode_text(backbone, ids)
    torch.testing.assert_close(features[:, 0], plain, rtol=0, atol=1e-5)
    reference = backbone.model.text_model(input_ids=ids).last_hidden_state
    words = backbone.model.text_model.head(reference)
    for row, real in enumerate(mask.sum(dim=1).tolist()):
        torch.testing.assert_close(features[row, 1 : 1 + real], words[row, :real], rtol=0, atol=1e-5)
        assert not features[row, 1 + real :].any()
    assert features.shape[1] == 1 + int(mask.sum(dim=1).max())
    similarity = method.similarity(features, method.encode_frames(backbone, pixels(3)))
    assert similarity.shape == (2, 3)
    assert torch.isfinite(similarity).all()


class TestReleased:
    """The released code's matrices, and every place of a text among its words."""

    @staticmethod
    def make(backbone: Backbone, *, trained: bool = True, **options: Any) -> XClip:
        method = make(backbone, released=True, **{"max_words": 6, **options}).to(backbone.logit_scale.dtype)
        if trained:
            with torch.no_grad():
                for seed, matrix in enumerate(method.matrices.values()):
                    matrix.add_(0.3 * random(*matrix.shape, seed=seed))
        return method

    @staticmethod
    def slow(method: XClip, sentence: Tensor, words: Tensor, video: Tensor, frames: Tensor) -> float:
        """One text and one video, number by number; `words` are all places of the text."""
        m = {name: matrix.tolist() for name, matrix in method.matrices.items()}

        def product(left: Tensor, right: Tensor, name: str | None = None) -> float:
            one, two = (left / left.norm()).tolist(), (right / right.norm()).tolist()
            if name is None:
                return sum(x * y for x, y in zip(one, two, strict=True))
            return sum(x * m[name][i][j] * y for i, x in enumerate(one) for j, y in enumerate(two))

        def pooled(values: list[float], name: str) -> float:
            exponentials = [math.exp((value - max(values)) / method.config.temperature) for value in values]
            weights = [each / sum(exponentials) for each in exponentials]
            turned = [sum(w * m[name][i][j] for i, w in enumerate(weights)) for j in range(len(values))]
            return sum(weight * value for weight, value in zip(turned, values, strict=True))

        matrix = [[product(word, frame, "local_mat_weight") for frame in frames] for word in words]
        by_frame = [pooled(list(column), "word_mat_weight") for column in zip(*matrix, strict=True)]
        by_word = [pooled(row, "frame_mat_weight") for row in matrix]
        four = (
            product(sentence, video, "global_mat_weight"),
            pooled([product(word, video) for word in words], "word_logit_weight"),
            pooled([product(sentence, frame) for frame in frames], "frame_logit_weight"),
            (pooled(by_frame, "frame_mat_weight2") + pooled(by_word, "word_mat_weight2")) / 2,
        )
        return sum(four) / 4

    @torch.no_grad()
    def test_similarity_agrees_with_a_slow_construction(self, make_backbone: Callable[..., Backbone]) -> None:
        method = self.make(make_backbone(dtype=torch.float64), temperature=0.2)
        texts, videos = random(3, 1 + 6, 24), random(2, 1 + 4, 24, seed=1)
        actual = method.similarity(texts, videos)
        for n in range(3):
            for b in range(2):
                expected = self.slow(method, texts[n, 0], texts[n, 1:], videos[b, 0], videos[b, 1:])
                assert actual[n, b].item() == pytest.approx(expected, abs=1e-10)

    @torch.no_grad()
    def test_it_starts_as_without_matrices(self, backbone: Backbone) -> None:
        texts, videos = random(3, 1 + 6, 24), random(2, 1 + 4, 24, seed=1)
        plain, released = make(backbone, max_words=6), self.make(backbone, trained=False)
        torch.testing.assert_close(released.similarity(texts, videos), plain.similarity(texts, videos))

    @torch.no_grad()
    def test_every_place_is_a_word_and_padding_is_token_0(self, backbone: Backbone) -> None:
        method = self.make(backbone, max_words=9)
        ids, mask = backbone.tokenize(["a red car", "dog"])
        features = method.encode_text(backbone, ids, mask)
        assert features.shape == (2, 1 + 9, 24)
        for row, real in enumerate(mask.sum(dim=1).tolist()):
            padded = torch.tensor([[*ids[row, :real].tolist(), *[0] * (9 - real)]])
            hidden = backbone.model.text_model(input_ids=padded).last_hidden_state
            words = backbone.model.text_projection(hidden)[0]
            torch.testing.assert_close(features[row, 1:], words, rtol=0, atol=1e-5)
        plain = MeanPool(MeanPool.Config(), backbone).encode_text(backbone, ids, mask)
        torch.testing.assert_close(features[:, 0], plain, rtol=0, atol=1e-5)
        # Alone, shorter and without a mask it is the same text.
        torch.testing.assert_close(method.encode_text(backbone, ids[1:, :3]), features[1:], rtol=0, atol=1e-5)

    @torch.no_grad()
    def test_a_tower_that_knows_one_length_has_matrices_of_it(
        self, make_siglip_backbone: Callable[..., Backbone]
    ) -> None:
        backbone = make_siglip_backbone("siglip")
        method = make(backbone, released=True)
        ids, mask = backbone.tokenize(["a red car", "dog"], max_length=method.max_text_tokens(backbone))
        features = method.encode_text(backbone, ids, mask)
        assert features.shape == (2, 1 + 24, 32)
        assert method.matrices["word_mat_weight"].shape == (24, 24)
        assert torch.isfinite(method.similarity(features, method.encode_frames(backbone, pixels(3)))).all()

    def test_parameters_of_a_vit_b_32(self, vit_b_32: Backbone) -> None:
        with torch.device("meta"):
            method = XClip(XClipConfig(released=True), vit_b_32)
        count = sum(p.numel() for p in method.matrices.values())
        assert count == 2 * 512**2 + 3 * 32**2 + 3 * 12**2 == 527_792
        assert len(method.matrices) == 8
        assert round(count / 1e6, 2) == 0.53
        assert sum(p.numel() for p in method.parameters()) == 12_615_680 + count
        assert not XClip(XClipConfig(), vit_b_32).matrices

    def test_gradients_reach_all_matrices(self, backbone: Backbone) -> None:
        method = self.make(backbone)
        similarities = method.similarity(random(3, 1 + 6, 24).float(), random(2, 1 + 4, 24, seed=1).float())
        similarities.square().sum().backward()
        assert all(matrix.grad is not None and matrix.grad.any() for matrix in method.matrices.values())

    def test_an_adapter_of_it_holds_them(self, backbone: Backbone, tmp_path: Path) -> None:
        method = self.make(backbone)
        save_adapter(tmp_path, backbone=backbone, method=method, method_name="x-clip", version="0")
        loaded, _ = load_adapter(tmp_path, backbone)
        for name, matrix in method.matrices.items():
            assert torch.equal(loaded.matrices[name], matrix)

    def test_other_numbers_of_frames_are_refused(self, backbone: Backbone) -> None:
        message = r"^with released: true, num_test_frames must be num_frames \(4\), got 8: the matrices"
        with pytest.raises(InputError, match=message):
            XClipConfig(released=True, num_frames=4, num_test_frames=8)
        with pytest.raises(InputError, match="^x-clip with released: true takes 4 frames a video, got 3$"):
            self.make(backbone).encode_frames(backbone, pixels(1, frames=3))
