"""mteb's own evaluator, framecue's, and a slow construction give the same figures on MojiMotion."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.datasets.captions import Clip
from framecue.datasets.moji_motion.files import draw_meanings, write_clips
from framecue.errors import InputError, NotOfflineError
from framecue.evaluation.report import evaluate_clips
from framecue.model import VideoTextModel, load_model
from framecue.mteb import MtebModel
from framecue.video import IsolatedFrameSource


class NotOffline:
    """What `MtebModel` asks first."""

    offline = False
    method_name = "x-pool"


def test_without_mteb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, colour_model: Any) -> None:
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(InputError, match=r"needs the extra 'mteb' .*pip install 'framecue\[mteb\]'"):
        MtebModel(colour_model)


mteb = pytest.importorskip("mteb", reason="the extra mteb is not installed")
hub_datasets = pytest.importorskip("datasets", reason="the extra mteb is not installed")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("moji")
    drawn = [*draw_meanings("test", num_clips=12, rng=np.random.default_rng(5))]
    return write_clips(folder, drawn, seed=5, twins=False)


@pytest.fixture(scope="module")
def model() -> VideoTextModel:
    return load_model("moji-clip")


def table(column: str, rows: dict[str, Any]) -> Any:
    made = hub_datasets.Dataset.from_dict({"id": list(rows), column: list(rows.values())})
    return made.cast_column("video", hub_datasets.Video()) if column == "video" else made


def task_of(clips: list[Clip], *, text_first: bool, name: str) -> Any:
    """A retrieval task of mteb, which needs no hub."""
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
    from mteb.abstasks.task_metadata import TaskMetadata

    texts = {f"{number}.{n}": text for number, clip in enumerate(clips) for n, text in enumerate(clip.captions)}
    videos = {str(number): str(clip.video) for number, clip in enumerate(clips)}
    owners = {text: text.partition(".")[0] for text in texts}
    t2v = {text: {video: 1} for text, video in owners.items()}
    v2t = {video: {text: 1 for text, owner in owners.items() if owner == video} for video in videos}
    sides = [table("text", texts), table("video", videos)]
    queries, corpus = sides if text_first else sides[::-1]

    class Moji(AbsTaskRetrieval):
        metadata = TaskMetadata(
            name=name,
            description="MojiMotion",
            dataset={"path": "none/moji-motion", "revision": "0"},
            type="Any2AnyRetrieval",
            category="t2v" if text_first else "v2t",
            modalities=["text", "video"],
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )
        k_values = (1, 5, 10, 50)

        def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
            data = RetrievalSplitData(
                queries=queries, corpus=corpus, relevant_docs=t2v if text_first else v2t, top_ranked=None
            )
            self.dataset = {"default": {"test": data}}
            self.data_loaded = True

    return Moji()


def scores_of(model: MtebModel, task: Any) -> dict[str, float]:
    result = mteb.evaluate(model, task, cache=None, show_progress_bar=False)
    return dict(result.task_results[0].scores["test"][0])


def cosines_of(model: VideoTextModel, clips: list[Clip]) -> tuple[np.ndarray, np.ndarray]:
    """The similarities (N, B) one by one in float64, and each text's video."""
    texts = [model.encode_text(text)[0].double().numpy() for clip in clips for text in clip.captions]
    videos = [model.encode_video(clip.video)[0].double().numpy() for clip in clips]
    matrix = np.array([[float(text @ video) for video in videos] for text in texts])
    return matrix, np.array([number for number, clip in enumerate(clips) for _ in clip.captions])


def ndcg_at_10(relevance: np.ndarray) -> float:
    """nDCG@10 of answers (C,) in their order, by the definition."""
    discounts = 1 / np.log2(2 + np.arange(10))
    ideal = np.sort(relevance)[::-1]
    return float((relevance[:10] * discounts[: len(relevance)]).sum() / (ideal[:10] * discounts[: len(ideal)]).sum())


def test_mteb_framecue_and_a_slow_construction_agree(model: VideoTextModel, clips: list[Clip]) -> None:
    assert len({len(clip.captions) for clip in clips}) > 1 or len(clips[0].captions) > 1
    adapter = MtebModel(model)
    by_text = scores_of(adapter, task_of(clips, text_first=True, name="MojiT2V"))
    by_video = scores_of(adapter, task_of(clips, text_first=False, name="MojiV2T"))
    report = evaluate_clips(model, clips).to_dict()
    matrix, owners = cosines_of(model, clips)

    t2v = report["text_to_video"]
    ranks = (matrix >= matrix[np.arange(len(owners)), owners][:, None]).sum(axis=1)
    assert 1 < ranks.mean() < len(clips) / 2  # neither perfect nor by chance
    for depth in (1, 5, 10):
        assert by_text[f"recall_at_{depth}"] == pytest.approx(t2v[f"R@{depth}"] / 100, abs=1e-5)
        assert t2v[f"R@{depth}"] == pytest.approx(100 * np.mean(ranks <= depth))
    slow = np.mean([ndcg_at_10((owners[[n]] == np.argsort(-row)).astype(float)) for n, row in enumerate(matrix)])
    assert by_text["ndcg_at_10"] == pytest.approx(slow, abs=1e-5)
    assert t2v["nDCG@10"] / 100 == pytest.approx(slow)

    # From video to text, mteb takes all captions for candidates: the second of the two conventions.
    v2t = report["video_to_text_by_caption"]
    orders = [owners[np.argsort(-column)] == video for video, column in enumerate(matrix.T)]
    for depth in (1, 5, 10):
        assert by_video[f"hit_rate_at_{depth}"] == pytest.approx(v2t[f"R@{depth}"] / 100, abs=1e-5)
        assert v2t[f"R@{depth}"] == pytest.approx(100 * np.mean([order[:depth].any() for order in orders]))
    slow = np.mean([ndcg_at_10(order.astype(float)) for order in orders])
    assert by_video["ndcg_at_10"] == pytest.approx(slow, abs=1e-5)
    assert v2t["nDCG@10"] / 100 == pytest.approx(slow)
    assert adapter.unreadable == []


def encode(model: MtebModel, dataset: Any) -> np.ndarray:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(dataset, batch_size=3)
    return model.encode(loader, task_metadata=None, hf_split="test", hf_subset="default")


def test_files_and_their_content_have_the_vectors_of_the_model(model: VideoTextModel, clips: list[Clip]) -> None:
    adapter = MtebModel(model)
    expected = model.encode_video([clip.video for clip in clips[:4]]).numpy()
    paths = [str(clip.video) for clip in clips[:4]]
    contents = [{"bytes": clip.video.read_bytes(), "path": None} for clip in clips[:4]]
    plain = hub_datasets.Dataset.from_dict({"video": paths})
    inside = hub_datasets.Dataset.from_dict({"video": contents}).cast_column("video", hub_datasets.Video())
    for dataset in (plain, plain.cast_column("video", hub_datasets.Video()), inside):
        assert encode(adapter, dataset) == pytest.approx(expected, abs=1e-5)
    with IsolatedFrameSource() as source:
        assert encode(MtebModel(model, frame_source=source), plain) == pytest.approx(expected, abs=1e-5)
    texts = hub_datasets.Dataset.from_dict({"text": ["a cat rises", "a dog falls"]})
    assert encode(adapter, texts) == pytest.approx(model.encode_text(["a cat rises", "a dog falls"]).numpy(), abs=1e-5)
    both = hub_datasets.Dataset.from_dict({"text": ["a cat rises"], "video": paths[:1]})
    joint = expected[0] + model.encode_text("a cat rises")[0].numpy()
    assert encode(adapter, both)[0] == pytest.approx(joint / np.linalg.norm(joint), abs=1e-5)
    with pytest.raises(InputError, match="the task's rows have 'audio'; framecue encodes those with 'text' or 'video'"):
        encode(adapter, hub_datasets.Dataset.from_dict({"audio": [1]}))


def test_a_video_that_cannot_be_read_is_named_and_comes_last(
    model: VideoTextModel, clips: list[Clip], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    adapter = MtebModel(model)
    dataset = hub_datasets.Dataset.from_dict({"video": [str(clips[0].video), str(broken), str(clips[1].video)]})
    videos = encode(adapter, dataset)
    assert [error.path for error in adapter.unreadable] == [broken]
    assert f"{broken}: " in caplog.text
    texts = model.encode_text(clips[0].captions[0]).numpy()
    cosines = adapter.similarity(texts, videos)
    assert cosines[0, 1] == -2
    assert cosines[0, [0, 2]] == pytest.approx((texts @ videos[[0, 2]].T)[0], abs=1e-5)
    pairs = adapter.similarity_pairwise(np.repeat(texts, 3, axis=0), videos)
    assert pairs == pytest.approx(cosines[0], abs=1e-6)


def test_what_mteb_files_results_under(model: VideoTextModel) -> None:
    from mteb.models import EncoderProtocol

    adapter = MtebModel(model)
    assert isinstance(adapter, EncoderProtocol)
    meta = adapter.mteb_model_meta
    assert meta.name == "framecue/moji-clip-mean-pool"
    assert (meta.embed_dim, meta.modalities) == (128, ["text", "video"])
    # Other weights, another revision; the same weights, the same.
    assert meta.revision == MtebModel(load_model("moji-clip")).mteb_model_meta.revision
    tuned = MtebModel(load_model("moji-clip", adapter="moji-prompt-switch"), name="mine/tuned").mteb_model_meta
    assert (tuned.name, tuned.revision == meta.revision) == ("mine/tuned", False)
    json.dumps(meta.to_dict(), default=str)
    with pytest.raises(InputError, match="name is 'mine'; mteb wants one with a slash"):
        MtebModel(model, name="mine")


def test_a_model_that_looks_at_the_text_is_refused() -> None:
    fusion: Any = NotOffline()
    with pytest.raises(NotOfflineError, match="method x-pool looks at the text"):
        MtebModel(fusion)
