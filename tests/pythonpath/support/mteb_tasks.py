"""Retrieval tasks of mteb made of clips, which need no hub; to be imported where mteb is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import mteb
from datasets import Dataset, Video
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from mteb.abstasks.task_metadata import TaskMetadata

from framecue.datasets.clips import Clip
from framecue.mteb import MtebModel

__all__ = ["score_with_mteb"]


def score_with_mteb(model: MtebModel, clips: Sequence[Clip], *, text_first: bool) -> dict[str, float]:
    """Return what mteb's evaluator says of clips, from text to video or from video to text.

    Each caption is a text of its own, and all captions of a video are right answers to it.
    """
    texts = {f"{number}.{n}": text for number, clip in enumerate(clips) for n, text in enumerate(clip.captions)}
    videos = {str(number): str(clip.video) for number, clip in enumerate(clips)}
    pairs = [(text, text.partition(".")[0]) for text in texts]
    relevant: dict[str, dict[str, int]] = {}
    for text, video in pairs:
        query, document = (text, video) if text_first else (video, text)
        relevant.setdefault(query, {})[document] = 1
    sides = [_table("text", texts), _table("video", videos).cast_column("video", Video())]
    queries, corpus = sides if text_first else sides[::-1]
    task = _task("MojiT2V" if text_first else "MojiV2T", "t2v" if text_first else "v2t", queries, corpus, relevant)
    result = mteb.evaluate(model, task, cache=None, show_progress_bar=False)
    return dict(result.task_results[0].scores["test"][0])


def _table(column: str, rows: Mapping[str, str]) -> Any:
    return Dataset.from_dict({"id": list(rows), column: list(rows.values())})


def _task(
    name: str, category: Literal["t2v", "v2t"], queries: Any, corpus: Any, relevant: dict[str, dict[str, int]]
) -> Any:
    class Moji(AbsTaskRetrieval):  # type: ignore[misc, unused-ignore]
        metadata = TaskMetadata(
            name=name,
            description="MojiMotion",
            dataset={"path": "none/moji-motion", "revision": "0"},
            type="Any2AnyRetrieval",
            category=category,
            modalities=["text", "video"],
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )
        k_values = (1, 5, 10)

        def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
            data = RetrievalSplitData(queries=queries, corpus=corpus, relevant_docs=relevant, top_ranked=None)
            self.dataset = {"default": {"test": data}}
            self.data_loaded = True

    return Moji()
