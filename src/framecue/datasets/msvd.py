"""MSVD: 1 970 short videos with about 40 captions each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from framecue.datasets.annotation_files import (
    Caption,
    captions_by_video,
    read_json,
    read_names,
    read_plain_pickle,
    wrong_shape,
)
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset, with_captions

__all__ = ["MsvdData"]

_JSON, _PICKLE = "captions_msvd.json", "raw-captions.pkl"


class MsvdData(PublishedDataset):
    """MSVD (Chen and Dolan, ACL 2011); every caption of a test video is a query.

    From video to text there are two conventions in print, which differ by many points. By *groups* (CLIP4Clip and what
    follows it), a video ranks the 670 videos' groups of captions, each by its best. By *captions*, it ranks all 27 763
    captions, and the best-ranked of its own counts.

    The pickle is read without running anything in it: only lists, dicts and texts.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "1 970 videos of 1 to 60 s with about 40 captions each.",
        splits=(
            SplitCard("train", 1200, 48_774, f"train_list.txt, {_JSON} or {_PICKLE}"),
            SplitCard("val", 100, 4290, f"val_list.txt, {_JSON} or {_PICKLE}"),
            SplitCard("test", 670, 27_763, f"test_list.txt, {_JSON} or {_PICKLE}"),
        ),
        homes=(
            "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msvd_data.zip (lists)",
            "https://www.cs.utexas.edu/users/ml/clamp/videoDescription/ (videos)",
        ),
        paper="Chen and Dolan, ACL 2011",
    )

    name: Literal["msvd"] = "msvd"

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        names = files.require(f"{split}_list.txt")
        texts = files.require(_JSON, _PICKLE)
        return with_captions(read_names(names), captions_by_video(texts, _captions(texts)), names=names, texts=texts)


def _captions(file: Path) -> Iterator[Caption]:
    content = read_json(file) if file.suffix.lower() == ".json" else read_plain_pickle(file)
    if not isinstance(content, dict):
        raise wrong_shape(file, "", content, "an object from video ids to lists of captions")
    for video_id, texts in content.items():
        if not isinstance(texts, list) or not isinstance(video_id, str):
            raise wrong_shape(file, str(video_id), texts, "a list of captions")
        for number, text in enumerate(texts, start=1):
            # The pickle has lists of words.
            words = isinstance(text, list) and all(isinstance(word, str) for word in text)
            yield Caption(video_id, " ".join(text) if words else text, f"{video_id}, caption {number}")
