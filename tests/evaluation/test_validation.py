from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from framecue.backbone import Backbone
from framecue.datasets.examples import Example
from framecue.errors import DatasetError, InputError
from framecue.evaluation.validation import BATCH_VIDEOS, score_examples
from framecue.methods.attention_pool import AttentionPool, AttentionPoolConfig
from framecue.methods.x_clip import XClip, XClipConfig
from framecue.model import VideoTextModel


class Model:
    """Embeds a clip as one-hot of its first frame's number plus what its last one adds; a caption says both."""

    offline = True

    def __init__(self, size: int = 200) -> None:
        self.size = size

    def normalise(self, pixels: torch.Tensor, num_real: torch.Tensor) -> torch.Tensor:
        assert num_real.tolist() == [pixels.shape[1]] * len(pixels)
        return pixels.float()

    def encode_frames(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return torch.stack([self._vector(*values) for values in pixel_values[:, [0, -1], 0, 0, 0].int().tolist()])

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.stack([self._vector(*(int(number) for number in text.split(" to "))) for text in texts])

    def _vector(self, first: int, last: int) -> torch.Tensor:
        vector = torch.zeros(2 * self.size)
        vector[first], vector[self.size + last] = 0.8, 0.6
        return vector


class Source:
    """Clips of two frames (first, last) and what their captions claim them to be; some cannot be read."""

    def __init__(self, clips: Sequence[tuple[int, int]], captions: Sequence[str] | None = None) -> None:
        self.clips = clips
        self.captions = [f"{first} to {last}" for first, last in clips] if captions is None else captions
        self.missing: set[int] = set()

    def __len__(self) -> int:
        return len(self.clips)

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        return [self._example(index) for index in indices if index not in self.missing]

    def _example(self, index: int) -> Example:
        frames = torch.tensor(self.clips[index], dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 2, 2)
        return Example(frames, self.captions[index], str(index))

    def video_of(self, index: int) -> str:
        return str(index)

    def set_epoch(self, epoch: int) -> None:
        raise AssertionError("validation has no epochs")

    def backwards(self, index: int) -> str | None:
        return None


class Twins(Source):
    def backwards(self, index: int) -> str | None:
        first, last = self.clips[index]
        return None if first == last else f"{last} to {first}"


def test_hand_worked_ranks() -> None:
    """The captions of the first two clips are exchanged; the other two are right."""
    source = Source([(1, 1), (2, 2), (3, 3), (4, 4)], ["2 to 2", "1 to 1", "3 to 3", "4 to 4"])
    scores = score_examples(Model(), source)
    # The right answers of the first two are tied with two others behind a better one: rank 4 of 4.
    assert scores == {"R@1": 50.0, "R@1 video to text": 50.0, "mean rank": (4 + 4 + 1 + 1) / 4}


def test_the_two_directions_are_not_the_same() -> None:
    """Both captions describe the first clip best; a clip has one caption it likes best."""
    source = Source([(1, 1), (2, 1)], ["1 to 1", "1 to 1"])
    scores = score_examples(Model(), source)
    assert scores["R@1"] == 50.0
    assert scores["R@1 video to text"] == 0.0  # the captions are tied, and a tie counts against it


def test_more_than_a_batch() -> None:
    """The right answers are sought among all, not among those of a batch."""
    num = 2 * BATCH_VIDEOS + 3
    clips = [(index, index) for index in range(num)]
    assert score_examples(Model(), Source(clips))["R@1"] == 100.0
    captions = [f"{(index + BATCH_VIDEOS) % num} to {(index + BATCH_VIDEOS) % num}" for index in range(num)]
    assert score_examples(Model(), Source(clips, captions))["R@1"] == 0.0


def test_twins() -> None:
    scores = score_examples(Model(), Twins([(1, 2), (3, 4), (5, 5)]))
    assert scores["twin accuracy"] == 100.0
    wrong = Twins([(1, 2), (3, 4), (5, 5)], ["2 to 1", "3 to 4", "5 to 5"])  # the first is told backwards
    # Its caption prefers the twin; what its reversal says is "2 to 1", rightly. Three of four.
    assert score_examples(Model(), wrong)["twin accuracy"] == 75.0


def test_a_model_that_ignores_order_scores_half_on_twins() -> None:
    class Bag(Model):
        def _vector(self, first: int, last: int) -> torch.Tensor:
            return super()._vector(min(first, last), max(first, last))

    assert score_examples(Bag(), Twins([(1, 2), (4, 3)]))["twin accuracy"] == 50.0


def test_clips_that_are_their_own_reversal_have_no_twin() -> None:
    assert "twin accuracy" not in score_examples(Model(), Twins([(1, 1), (2, 2)]))


def test_examples_that_cannot_be_read_are_counted() -> None:
    source = Source([(1, 1), (2, 2), (3, 3)])
    assert "left out" not in score_examples(Model(), source)
    source.missing = {1}
    assert score_examples(Model(), source) == {
        "R@1": 100.0, "R@1 video to text": 100.0, "mean rank": 1.0, "left out": 1.0
    }  # fmt: skip
    many = Source([(index, index) for index in range(BATCH_VIDEOS + 2)])
    many.missing = set(range(BATCH_VIDEOS))  # a whole batch of them
    assert score_examples(Model(), many)["left out"] == BATCH_VIDEOS


def test_nothing_to_score() -> None:
    source = Source([(1, 1)])
    source.missing = {0}
    with pytest.raises(DatasetError, match="no validation example that can be read"):
        score_examples(Model(), source)


def test_embeddings_that_are_not_finite_are_refused() -> None:
    class Broken(Model):
        def encode_frames(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return super().encode_frames(pixel_values) * torch.nan

    with pytest.raises(InputError, match=r"nan|finite"):
        score_examples(Broken(), Source([(1, 1), (2, 2)]))


def test_twins_are_found_though_an_example_before_them_cannot_be_read() -> None:
    source = Twins([(5, 5), (1, 2), (3, 4)], ["5 to 5", "2 to 1", "3 to 4"])  # the second is told backwards
    source.missing = {0}
    # One of its two texts, which is the caption of its reversal, is nearer to the right one, and both of the third.
    assert score_examples(Model(), source)["twin accuracy"] == 75.0


class Pictures(Source):
    """Real frames with captions of different lengths; an example may have a caption for its reversal."""

    CAPTIONS = ("a red car", "the cat falls on the left", "dog", "a man in the car", "there is blue")
    BACKWARDS = (None, "the cat rises on the right", "a red dog", None, None)

    def __init__(self) -> None:
        super().__init__([(number, number) for number in range(5)], self.CAPTIONS)

    def _example(self, index: int) -> Example:
        generator = torch.Generator().manual_seed(index)
        frames = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8, generator=generator)
        return Example(frames, self.captions[index], str(index))

    def backwards(self, index: int) -> str | None:
        return self.BACKWARDS[index]


@pytest.mark.parametrize("name", ["attention-pool", "x-clip"])
@torch.no_grad()
def test_a_fusion_scores_what_its_pairs_say_one_by_one(
    backbone: Backbone, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.evaluation.validation.BATCH_VIDEOS", 2)
    monkeypatch.setattr("framecue.evaluation.encoding.BATCH_TEXTS", 2)
    torch.manual_seed(0)
    frames = {"num_frames": 4, "num_test_frames": 4}
    method = (
        XClip(XClipConfig(**frames), backbone)
        if name == "x-clip"
        else AttentionPool(AttentionPoolConfig(**frames), backbone)
    )
    model, source = VideoTextModel(backbone, method, method_name=name).eval(), Pictures()

    def similarity(caption: str, index: int, *, flipped: bool = False) -> float:
        pixels = backbone.preprocess.normalise(source.__getitems__([index])[0].frames)
        features = model.frame_features((pixels.flip(0) if flipped else pixels)[None])
        return model.similarity(model.text_features(*model.tokenize([caption])), features).item()

    rows = [[similarity(caption, index) for index in range(5)] for caption in source.CAPTIONS]
    ranks = [sum(score >= row[place] for score in row) for place, row in enumerate(rows)]
    columns = list(zip(*rows, strict=True))
    video_ranks = [sum(score >= column[place] for score in column) for place, column in enumerate(columns)]
    scores = score_examples(model, source)
    assert scores["mean rank"] == pytest.approx(sum(ranks) / 5)
    assert scores["R@1"] == 100 * ranks.count(1) / 5
    assert scores["R@1 video to text"] == 100 * video_ranks.count(1) / 5
    if name == "x-clip":  # the other one does not see the order, so that rounding decides there
        right = [
            similarity(text, index, flipped=backwards) > similarity(text, index, flipped=not backwards)
            for index in (1, 2)
            for text, backwards in ((source.CAPTIONS[index], False), (source.BACKWARDS[index], True))
        ]
        assert scores["twin accuracy"] == 100 * sum(right) / 4
