from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.datasets.captions import Clip, Twin
from framecue.errors import InputError, VideoError
from framecue.evaluation import encoding, reading
from framecue.evaluation.bootstrap import resampled
from framecue.evaluation.metrics import metrics_of
from framecue.evaluation.normalise import DualSoftmax, QueryBank
from framecue.evaluation.ranks import read_ranks, write_ranks
from framecue.evaluation.reading import embed_videos
from framecue.evaluation.report import Report, evaluate_clips
from framecue.evaluation.stages import Stage
from framecue.methods import Method
from framecue.methods.mean_pool import MeanPool
from framecue.methods.top_k import TopK, TopKConfig
from framecue.methods.x_clip import XClip, XClipConfig
from framecue.methods.x_pool import XPool, XPoolConfig
from framecue.model import VideoTextModel
from framecue.video import FrameSampling, FrameSource, read_frames, write_video
from support.reports import report_of

DIM = 8


def unit(*parts: tuple[int, float]) -> torch.Tensor:
    """A unit vector from (axis, length) parts."""
    vector = torch.zeros(DIM)
    for axis, length in parts:
        vector[axis] = length
    return vector / vector.norm()


class FakeModel:
    """Files and texts have the vectors that a test gives them; `read_video` passes a file's name on as its pixels."""

    offline = True

    def __init__(self, **vectors: torch.Tensor) -> None:
        self.vectors = vectors
        self.names = list(vectors)
        self.batches: list[int] = []

    def read_video(
        self, path: str | Path, *, source: FrameSource | None = None, **window: float | None
    ) -> torch.Tensor:
        return torch.full((2, 3, 1, 1), float(self.names.index(Path(path).stem)))

    def encode_frames(self, pixels: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(pixels))
        return torch.stack([self.vectors[self.names[int(number)]] for number in pixels[:, 0, 0, 0, 0]])

    def encode_text(self, texts: list[str]) -> torch.Tensor:
        return torch.stack([self.vectors[text] for text in texts])


def clip(name: str, *captions: str, twin: tuple[str, ...] | None = None) -> Clip:
    mirrored = Twin(Path(f"{name}_twin.mp4"), twin) if twin else None
    return Clip(Path(f"{name}.mp4"), captions, "test", mirrored)


def evaluate(model: Any, clips: list[Clip], **options: Any) -> Any:
    return evaluate_clips(model, clips, **options)


def test_both_directions_of_a_hand_worked_split() -> None:
    model = FakeModel(
        a=unit((0, 1)),
        b=unit((1, 1)),
        c=unit((2, 1)),
        # The texts of a find it at once; b's finds a first (rank 2); c's finds b and a first (rank 3).
        a1=unit((0, 1)),
        a2=unit((0, 2), (1, 1)),
        b1=unit((0, 2), (1, 1)),
        c1=unit((0, 1), (1, 2), (2, 0.5)),
    )
    result = evaluate(model, [clip("a", "a1", "a2"), clip("b", "b1"), clip("c", "c1")])
    # Video to text, each clip's captions by the best: a finds its own first (1 against .89 and .44); for b its caption
    # is .45, c1 has .87, and of a's captions a2 ties with .45, which counts against it: rank 3; c has one above 0.
    # Among the four captions, a finds a1 first; for b, c1, a2 and b1 stand in this order; c finds its own first.
    document = result.to_dict()
    shown = ("R@1", "R@5", "median_rank", "mean_rank")
    found = {
        direction: [document[direction][name] for name in shown]
        for direction in ("text_to_video", "video_to_text", "video_to_text_by_caption")
    }
    assert found == {
        "text_to_video": [50.0, 100.0, 1.5, (1 + 1 + 2 + 3) / 4],
        "video_to_text": pytest.approx([200 / 3, 100.0, 1.0, (1 + 3 + 1) / 3]),
        "video_to_text_by_caption": pytest.approx([200 / 3, 100.0, 1.0, (1 + 3 + 1) / 3]),
    }
    assert document["Rsum"] == pytest.approx(50 + 200 / 3 + 400)
    assert (document["twin_accuracy"], document["unreadable"]) == (None, [])
    assert (document["num_videos"], document["num_texts"]) == (3, 4)
    assert (result.num_videos, result.num_texts) == (3, 4)


def test_one_hot_texts_find_their_clips_whatever_the_order_of_the_captions() -> None:
    names = list("abcd")
    vectors = {name: unit((axis, 1)) for axis, name in enumerate(names)}
    texts = {f"{name}{number}": vectors[name] for name in names for number in range(3)}
    clips = [clip(name, *(f"{name}{number}" for number in range(1 + axis % 3))) for axis, name in enumerate(names)]
    result = evaluate(FakeModel(**vectors, **texts), clips)
    assert result.num_texts == 1 + 2 + 3 + 1
    for direction in result.retrieval.to_dict().values():
        assert (direction["R@1"], direction["mean_rank"], direction["nDCG@10"]) == (100.0, 1.0, 100.0)


def test_twin_accuracy_asks_the_texts_of_both_clips_and_a_tie_counts_half() -> None:
    model = FakeModel(
        a=unit((0, 1)),
        a_twin=unit((1, 1)),
        b=unit((2, 1)),
        right=unit((0, 1)),  # nearer to a
        wrong=unit((0, 1), (1, 2)),  # of a, but nearer to its twin
        tie=unit((0, 1), (1, 1)),
        backwards=unit((1, 1)),  # of the twin, and nearer to it
        other=unit((2, 1)),
    )
    clips = [clip("b", "other"), clip("a", "right", "wrong", "tie", twin=("backwards",))]
    assert evaluate(model, clips).twin_accuracy == 100 * (1 + 0 + 0.5 + 1) / 4


def test_twins_are_not_in_the_gallery() -> None:
    # The twin is exactly what the text says and would come first.
    model = FakeModel(
        a=unit((0, 2), (1, 1)), a_twin=unit((0, 1)), b=unit((1, 1)), a1=unit((0, 1)), b1=unit((1, 1)), t=unit((3, 1))
    )
    result = evaluate(model, [clip("a", "a1", twin=("t",)), clip("b", "b1")])
    assert result.retrieval.text_to_video.recall_at_1 == 100
    assert result.num_videos == 2
    assert result.num_texts == 2
    assert result.twin_accuracy == 25.0  # a1 is nearer to the twin, and the text of the twin ties


def test_batches_do_not_change_the_vectors_or_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_VIDEOS", 3)
    monkeypatch.setattr(encoding, "BATCH_TEXTS", 2)
    names = list("abcdefg")
    vectors = {name: unit((axis, 1), (7, 0.1 * axis)) for axis, name in enumerate(names)}
    texts = {f"text {name}": vector for name, vector in vectors.items()}
    model = FakeModel(**vectors, **texts)
    told: list[tuple[int, int]] = []
    result = evaluate(
        model, [clip(name, f"text {name}") for name in names], progress=lambda done, total: told.append((done, total))
    )
    assert result.retrieval.text_to_video.recall_at_1 == 100
    assert model.batches == [3, 3, 1]
    assert told == [(3, 7), (6, 7), (7, 7)]
    embedded = embed_videos(model, [Path(f"{name}.mp4") for name in reversed(names)])  # type: ignore[arg-type]
    assert torch.equal(embedded, torch.stack([vectors[name] for name in reversed(names)]))


def test_files_are_read_through_the_source_that_is_given() -> None:
    class Noting(FakeModel):
        """Notes what it is to read through."""

        def __init__(self, **vectors: torch.Tensor) -> None:
            super().__init__(**vectors)
            self.sources: list[object] = []

        def read_video(
            self, path: str | Path, *, source: FrameSource | None = None, **window: float | None
        ) -> torch.Tensor:
            self.sources.append(source)
            return super().read_video(path)

    source: Any = object()
    model = Noting(a=unit((0, 1)), a_twin=unit((1, 1)), a1=unit((0, 1)), a2=unit((1, 1)))
    evaluate(model, [clip("a", "a1", twin=("a2",))], frame_source=source)
    assert model.sources == [source, source]
    embed_videos(model, [Path("a.mp4")], frame_source=source)  # type: ignore[arg-type]
    assert model.sources == [source] * 3


def test_a_clip_is_read_in_its_window() -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    class Noted(FakeModel):
        def read_video(self, path: str | Path, *, source: FrameSource | None = None, **window: Any) -> torch.Tensor:
            asked.append((Path(path).stem, window))
            return super().read_video(path)

    model = Noted(a=unit((0, 1)), b=unit((1, 1)), a_twin=unit((2, 1)), text=unit((0, 1)))
    whole = clip("b", "text")
    part = Clip(Path("a.mp4"), ("text",), "test", Twin(Path("a_twin.mp4"), ("text",)), {}, 1.5, None)
    evaluate(model, [part, whole])
    assert sorted(asked, key=str) == sorted(
        [("a", {"start_seconds": 1.5, "end_seconds": None}), ("b", {}), ("a_twin", {})], key=str
    )


def test_no_clips() -> None:
    with pytest.raises(InputError, match="no clips to evaluate"):
        evaluate(FakeModel(), [])


def test_a_vector_that_is_not_finite_is_refused() -> None:
    model = FakeModel(a=unit((0, 1)), b=torch.full((DIM,), torch.nan), a1=unit((0, 1)), b1=unit((1, 1)))
    with pytest.raises(
        InputError, match=r"^b\.mp4: the model makes of it no finite vector; every value must be finite"
    ):
        evaluate(model, [clip("a", "a1"), clip("b", "b1")])
    model = FakeModel(a=unit((0, 1)), a1=unit((0, 1)), a2=torch.full((DIM,), torch.inf))
    with pytest.raises(InputError, match="of the text 'a2' no finite vector; every value must be finite"):
        evaluate(model, [clip("a", "a1", "a2")])


class MeanOfFrames:
    """Mean pooling over real files: a frame's feature is its 8 x 8 thumbnail; texts have random vectors."""

    offline = True
    sampling = FrameSampling(4)

    def read_video(
        self, path: str | Path, *, source: FrameSource | None = None, **window: float | None
    ) -> torch.Tensor:
        pixels = torch.from_numpy(read_frames(path, self.sampling).pixels).permute(0, 3, 1, 2).float() / 255
        return torch.nn.functional.adaptive_avg_pool2d(pixels, 8)

    def encode_frames(self, pixels: torch.Tensor) -> torch.Tensor:
        features = torch.nn.functional.normalize(pixels.flatten(2) - 0.5, dim=-1).mean(dim=1)
        return torch.nn.functional.normalize(features, dim=-1)

    def encode_text(self, texts: list[str]) -> torch.Tensor:
        rows = [np.random.default_rng(list(text.encode())).normal(size=192) for text in texts]
        return torch.nn.functional.normalize(torch.from_numpy(np.stack(rows)).float(), dim=-1)


@pytest.fixture
def mirrored(tmp_path: Path) -> list[Clip]:
    """Clips and twins with the same frames, in the other order."""
    made = []
    for number in range(6):
        rng = np.random.default_rng(number)
        frames = np.kron(rng.integers(0, 255, (4, 8, 8, 3), dtype=np.uint8), np.ones((1, 4, 4, 1), dtype=np.uint8))
        video, twin = tmp_path / f"{number}.mp4", tmp_path / f"{number}-twin.mp4"
        write_video(video, frames, frames_per_second=4)
        write_video(twin, frames[::-1], frames_per_second=4)
        texts = tuple(f"{number} forward {i}" for i in range(8)), tuple(f"{number} backward {i}" for i in range(8))
        made.append(Clip(video, texts[0], "test", Twin(twin, texts[1])))
    return made


def test_a_model_that_ignores_the_order_of_frames_gets_about_50(mirrored: list[Clip]) -> None:
    accuracy = evaluate(MeanOfFrames(), mirrored).twin_accuracy
    # By chance of the encoder's loss alone; 96 texts, so three standard deviations are 15.
    assert 35 <= accuracy <= 65


def test_a_file_that_cannot_be_read_is_a_miss_and_is_named(mirrored: list[Clip]) -> None:
    whole = evaluate(MeanOfFrames(), mirrored)
    spoilt, twin = mirrored[3], mirrored[5].twin
    assert twin is not None
    spoilt.video.write_bytes(b"not a video")
    twin.video.unlink()
    report = evaluate(MeanOfFrames(), mirrored)
    assert [error.path for error in report.unreadable] == [spoilt.video, twin.video]
    assert report.unreadable[1].reason == "no such file"
    assert [entry["path"] for entry in report.to_dict()["unreadable"]] == [str(spoilt.video), str(twin.video)]
    # Nothing is dropped: all are asked, and those of the unreadable one come last.
    assert (report.num_videos, report.num_texts) == (whole.num_videos, whole.num_texts)
    for direction in ("text_to_video", "video_to_text"):
        now, before = (each.main.directions[direction] for each in (report, whole))
        lost = now.videos == 3
        assert (now.ranks[lost] == len(mirrored) + 1).all()
        if direction == "text_to_video":  # the others may gain a place, and lose none
            assert (before.ranks[~lost] - now.ranks[~lost] >= 0).all()
            assert (before.ranks[~lost] - now.ranks[~lost] <= 1).all()
        else:  # its captions are still there to be found
            np.testing.assert_array_equal(now.ranks[~lost], before.ranks[~lost])


def test_what_is_asked_of_a_twin_that_cannot_be_read_is_not_right() -> None:
    class Blind(FakeModel):
        def read_video(self, path: str | Path, **options: Any) -> torch.Tensor:
            if Path(path).stem == "a_twin":
                raise VideoError(path, "is broken")
            return super().read_video(path)

    model = Blind(
        a=unit((0, 1)),
        a_twin=unit((1, 1)),
        b=unit((2, 1)),
        b_twin=unit((3, 1)),
        **{"of a": unit((0, 1)), "of its twin": unit((1, 1)), "of b": unit((2, 1)), "of b's": unit((3, 1))},
    )
    clips = [clip("a", "of a", twin=("of its twin",)), clip("b", "of b", twin=("of b's",))]
    report = evaluate(model, clips)
    assert report.twin_accuracy == 50.0
    assert report.retrieval.text_to_video.recall_at_1 == 100


def test_a_second_stage_takes_no_video_that_could_not_be_read(backbone: Backbone, split: list[Clip]) -> None:
    first, second = fusion(backbone, "mean-pool"), fusion(backbone, "x-pool")
    read = first.read_video

    def broken(path: str | Path, **options: Any) -> torch.Tensor:
        if Path(path).stem == "c":
            raise VideoError(path, "is broken")
        return read(path, **options)

    first.read_video = broken
    report = evaluate(first, split, rerank_with=second, depth=2, normalise=[DualSoftmax(), QueryBank(texts=("a cat",))])
    for name, stage in report.stages():
        for direction in stage.directions.values():
            worst = 8 if direction.has_many else 5
            lost = direction.videos == 2
            assert direction.ranks[~lost].max() <= worst, name
            assert (direction.ranks[lost] == worst + 1).all(), name
            assert (direction.gains[lost] == 0).all(), name


def test_where_nothing_can_be_read_the_first_is_named(mirrored: list[Clip]) -> None:
    for each in mirrored:
        each.video.unlink()
    with pytest.raises(VideoError, match=r"0\.mp4: no such file; no clip of the gallery can be read"):
        evaluate(MeanOfFrames(), mirrored)
    for each in mirrored:
        if each.twin is not None:
            each.twin.video.unlink()
    with pytest.raises(VideoError, match=rf"none of the {2 * len(mirrored)} videos can be read"):
        evaluate(MeanOfFrames(), mirrored)
    with pytest.raises(VideoError, match="none of the 2 videos"):
        embed_videos(MeanOfFrames(), [each.video for each in mirrored[:2]])  # type: ignore[arg-type]


CAPTIONS = ["a red car", "the cat falls on the left", "dog", "a man in the car", "there is blue", "the dog and the cat"]


def dressed(backbone: Backbone, method: Method) -> Any:
    """A tiny real model whose files are random pixels, the same for each file and number of frames; it counts reads."""
    model: Any = VideoTextModel(backbone, method, method_name=type(method).__name__).eval()
    reads: list[str] = []

    def read_video(path: str | Path, *, source: FrameSource | None = None, **window: float | None) -> torch.Tensor:
        reads.append(Path(path).stem)
        generator = torch.Generator().manual_seed(sum(Path(path).stem.encode()))
        return torch.randn(12, 3, 32, 32, generator=generator)[: model.sampling.num_frames]

    model.read_video = read_video
    model.reads = reads
    return model


def fusion(backbone: Backbone, name: str, **options: Any) -> Any:
    frames = {"num_frames": 4, "num_test_frames": 4, **options}
    torch.manual_seed(0)
    made = {
        "mean-pool": lambda: MeanPool(MeanPool.Config(**frames), backbone),
        "top-k": lambda: TopK(TopKConfig(num_top_frames=2, **frames), backbone),
        "x-pool": lambda: XPool(XPoolConfig(**frames), backbone),
        "x-clip": lambda: XClip(XClipConfig(**frames), backbone),
    }[name]()
    return dressed(backbone, made)


@pytest.fixture
def split() -> list[Clip]:
    """Five clips, of one to three captions each; two have twins."""
    return [
        clip("a", CAPTIONS[0], CAPTIONS[1]),
        clip("b", CAPTIONS[2], twin=("a cat rises", "a dog")),
        clip("c", CAPTIONS[3], CAPTIONS[4], CAPTIONS[5]),
        clip("d", "a camera", twin=("there is a man on the right",)),
        clip("e", "strawberry"),
    ]


@torch.no_grad()
def one_by_one(model: VideoTextModel, text: str, video: Path) -> float:
    """The similarity of one text and one video, each encoded alone."""
    texts = model.text_features(*model.tokenize([text]))
    return model.similarity(texts, model.frame_features(model.read_video(video)[None])).item()


def ranks(rows: list[list[float]], owners: list[int]) -> tuple[list[int], list[int]]:
    """Both directions, pessimistic, from scores of texts (rows) and videos (columns)."""
    by_text = [sum(score >= row[owner] for score in row) for row, owner in zip(rows, owners, strict=True)]
    num_videos = len(rows[0])
    best = [
        [max(row[v] for row, owner in zip(rows, owners, strict=True) if owner == group) for group in range(num_videos)]
        for v in range(num_videos)
    ]
    return by_text, [sum(score >= best[v][v] for score in best[v]) for v in range(num_videos)]


def agrees(report: Report | Stage, by_text: list[int], by_video: list[int]) -> None:
    for summary, expected in (
        (report.retrieval.text_to_video, by_text),
        (report.retrieval.video_to_text, by_video),
    ):
        assert summary.mean_rank == pytest.approx(np.mean(expected))
        assert summary.median_rank == np.median(expected)
        assert summary.recall_at_1 == pytest.approx(100 * np.mean([rank == 1 for rank in expected]))


@pytest.mark.parametrize("name", ["top-k", "x-pool", "x-clip"])
def test_a_fusion_scores_what_its_pairs_say_one_by_one(
    backbone: Backbone, split: list[Clip], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for blocks in ("BATCH_TEXTS", "BLOCK_TEXTS", "BLOCK_VIDEOS"):
        monkeypatch.setattr(encoding, blocks, 2)
    monkeypatch.setattr(reading, "BATCH_VIDEOS", 3)
    model = fusion(backbone, name)
    assert not model.offline
    report = evaluate(model, split)
    assert sorted(model.reads) == ["a", "b", "b_twin", "c", "d", "d_twin", "e"]
    owners = [row for row, clip in enumerate(split) for _ in clip.captions]
    rows = [[one_by_one(model, text, each.video) for each in split] for clip in split for text in clip.captions]
    agrees(report, *ranks(rows, owners))
    right = [
        one_by_one(model, text, own) > one_by_one(model, text, other)
        for each in split
        if each.twin is not None
        for texts, own, other in (
            (each.captions, each.video, each.twin.video),
            (each.twin.captions, each.twin.video, each.video),
        )
        for text in texts
    ]
    assert len(right) == 5
    assert report.twin_accuracy == pytest.approx(100 * np.mean(right))
    assert report.reranked is None
    assert "reranked" not in report.to_dict()


def reordered(first: list[float], second: list[float], depth: int) -> list[float]:
    """Scores in the order of two stages, for one query."""
    order = sorted(range(len(first)), key=lambda place: -first[place])
    order = sorted(order[:depth], key=lambda place: -second[place]) + order[depth:]
    return [-float(order.index(place)) for place in range(len(first))]


@pytest.mark.parametrize("names", [("mean-pool", "x-clip"), ("top-k", "x-pool"), ("x-pool", "mean-pool")])
def test_a_second_stage_orders_the_best_of_each_query(
    backbone: Backbone, split: list[Clip], names: tuple[str, str]
) -> None:
    first, second = (fusion(backbone, name) for name in names)
    alone, other = evaluate(first, split), evaluate(second, split)
    owners = [row for row, clip in enumerate(split) for _ in clip.captions]
    of_first, of_second = (
        [[one_by_one(model, text, each.video) for each in split] for clip in split for text in clip.captions]
        for model in (first, second)
    )
    for depth in (1, 2, 3, 50):
        report = evaluate(first, split, rerank_with=second, depth=depth)
        assert report.reranked is not None
        assert {**report.to_dict(), "reranked": None} == {**alone.to_dict(), "reranked": None}
        assert report.to_dict()["reranked"] == report.reranked.to_dict()
        assert report.reranked.twin_accuracy == (alone if depth == 1 else other).twin_accuracy
        texts = [reordered(*rows, depth) for rows in zip(of_first, of_second, strict=True)]
        videos = [
            reordered([row[v] for row in of_first], [row[v] for row in of_second], depth) for v in range(len(split))
        ]
        by_text, _ = ranks(texts, owners)
        _, by_video = ranks([[column[n] for column in videos] for n in range(len(owners))], owners)
        agrees(report.reranked, by_text, by_video)
    # The last one reaches all of them.
    agrees(report.reranked, *ranks(of_second, owners))


def test_two_stages_with_the_same_pixels_read_each_file_once(backbone: Backbone, split: list[Clip]) -> None:
    told: list[tuple[int, int]] = []
    first, second = fusion(backbone, "mean-pool"), fusion(backbone, "x-pool")
    evaluate(first, split, rerank_with=second, progress=lambda done, total: told.append((done, total)))
    assert (len(first.reads), len(second.reads)) == (7, 0)
    assert told == [(7, 7)]


def test_a_second_stage_of_another_sampling_reads_the_files_in_its_own_way(
    backbone: Backbone, split: list[Clip]
) -> None:
    told: list[tuple[int, int]] = []
    first, second = fusion(backbone, "mean-pool"), fusion(backbone, "x-pool", num_test_frames=6)
    report = evaluate(first, split, rerank_with=second, depth=50, progress=lambda *numbers: told.append(numbers))
    assert (len(first.reads), len(second.reads)) == (7, 7)
    assert told == [(7, 14), (14, 14)]
    alone = evaluate(fusion(backbone, "x-pool", num_test_frames=6), split)
    assert report.reranked is not None
    assert report.reranked.to_dict() == alone.main.to_dict()


def test_a_depth_below_1_is_refused_before_a_file_is_read(backbone: Backbone, split: list[Clip]) -> None:
    model = fusion(backbone, "mean-pool")
    with pytest.raises(InputError, match=r"^depth is 0; give at least 1"):
        evaluate(model, split, rerank_with=fusion(backbone, "x-pool"), depth=0)
    assert model.reads == []


@pytest.mark.parametrize("name", ["mean-pool", "x-pool"])
def test_normalised_similarities_against_their_definitions(backbone: Backbone, split: list[Clip], name: str) -> None:
    model = fusion(backbone, name)
    bank = ("a dog on the left", "the blue cat", "a man")
    report = evaluate(model, split, normalise=[DualSoftmax(), QueryBank(texts=bank)])
    owners = [row for row, each in enumerate(split) for _ in each.captions]
    texts = [text for each in split for text in each.captions]
    cosines = np.array([[one_by_one(model, text, each.video) for each in split] for text in texts])
    logits = cosines * float(backbone.logit_scale.detach().exp())
    by_text, by_video = (logits * np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True) for axis in (0, 1))
    dual = report.normalised["dual_softmax"].directions
    assert dual["text_to_video"].ranks.tolist() == ranks(by_text.tolist(), owners)[0]
    assert dual["video_to_text"].ranks.tolist() == ranks(by_video.tolist(), owners)[1]
    banked = np.array([[one_by_one(model, text, each.video) for each in split] for text in bank])
    hubs = set(banked.argmax(axis=1).tolist())
    rows = [np.exp(20 * row) / np.exp(20 * banked).sum(axis=0) if int(row.argmax()) in hubs else row for row in cosines]
    found = report.normalised["qb_norm"]
    assert found.directions["text_to_video"].ranks.tolist() == ranks([row.tolist() for row in rows], owners)[0]
    assert found.said["num_hubs"] == len(hubs)
    assert list(found.directions) == ["text_to_video"]


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3)])
def test_a_miss_is_no_hit_however_small_the_gallery_is(tmp_path: Path, sizes: tuple[int, int]) -> None:
    # Both videos' captions are nearest to their own video, and the second video cannot be read.
    owners = np.repeat([0, 1], sizes)
    report = report_of(np.eye(2)[owners], sizes=sizes, missing=(1,))
    share = {"text_to_video": 100 * sizes[0] / sum(sizes), "video_to_text": 50.0, "video_to_text_by_caption": 50.0}
    file = write_ranks(report, tmp_path / "ranks.parquet", dataset="folder", split="test")
    read = read_ranks(file).directions
    assert list(read) == list(report.main.directions)
    by_hand = metrics_of(report.similarities).to_dict()
    for name, direction in report.main.directions.items():
        candidates = sum(sizes) if name == "video_to_text_by_caption" else 2
        metrics = direction.metrics.to_dict()
        for metric in ("R@1", "R@5", "R@10", "R@50", "nDCG@10"):
            assert metrics[metric] == pytest.approx(share[name]), (name, metric)
        assert direction.ranks[direction.videos == 1].tolist() == [candidates + 1] * int((direction.videos == 1).sum())
        assert metrics["mean_rank"] == pytest.approx((direction.ranks).mean())
        # The file of ranks, the resamples and the other way of computing say the same.
        assert read[name].metrics.to_dict() == metrics == by_hand[name]
        whole = resampled(direction, np.ones((1, 2), dtype=np.int64))
        assert {metric: value[0] for metric, value in whole.items()} == pytest.approx(metrics)
        only_lost = resampled(direction, np.array([[0, 3]]))
        assert [only_lost[f"R@{depth}"][0] for depth in (1, 5, 10, 50)] == [0, 0, 0, 0]
