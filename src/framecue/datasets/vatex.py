"""VATEX: ten-second clips of 41 250 videos with ten English captions each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from framecue.datasets.annotation_files import Caption, captions_by_video, read_json, read_names, wrong_shape
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset, with_captions
from framecue.errors import DatasetError

__all__ = ["VatexData"]

_TRAIN, _VALIDATION = "vatex_training_v1.0.json", "vatex_validation_v1.0.json"
_PUBLIC = "vatex_public_test_english_v1.1.json"


class VatexData(PublishedDataset):
    """VATEX (Wang et al., ICCV 2019), English captions.

    Retrieval is measured on the split of HGR (Chen et al., CVPR 2020): of the 3 000 official validation videos 1 500
    validate and 1 500 are tested on. Its lists go around as `test_list.txt` and `val_list.txt`; without the latter, the
    official validation videos that are not tested on validate.

    Attributes:
        test_set: "HGR", or "public" for the official public test (then all 3 000 validate).
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "41 250 clips of 10 s with ten English captions each.",
        splits=(
            SplitCard("train", 25_991, 259_910, _TRAIN),
            SplitCard("val", 1500, 15_000, f"{_VALIDATION}, val_list.txt", {"test_set": "HGR"}),
            SplitCard("val", 3000, 30_000, _VALIDATION, {"test_set": "public"}),
            SplitCard("test", 1500, 15_000, f"{_VALIDATION}, test_list.txt", {"test_set": "HGR"}),
            SplitCard("test", 6000, 60_000, _PUBLIC, {"test_set": "public"}),
        ),
        homes=(
            "https://eric-xw.github.io/vatex-website/download.html (captions)",
            "https://github.com/danieljf24/hybrid_space (the HGR split)",
        ),
        paper="Wang et al., ICCV 2019",
    )

    name: Literal["vatex"] = "vatex"
    test_set: Literal["HGR", "public"] = "HGR"

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        if split == "train":
            return _all_of(files.require(_TRAIN))
        if self.test_set == "public":
            return _all_of(files.require(_PUBLIC if split == "test" else _VALIDATION))
        texts = files.require(_VALIDATION)
        captions = captions_by_video(texts, _captions(texts))
        test_names = files.require("test_list.txt")
        test = read_names(test_names)
        if split == "test":
            return with_captions(test, captions, names=test_names, texts=texts)
        val_names = files.find("val_list.txt")
        if val_names is None:
            rest = [video_id for video_id in captions if video_id not in set(test)]
            if not rest:
                raise DatasetError(f"{test_names}: names every video of {texts}, so none is left to validate")
            return with_captions(rest, captions, names=texts, texts=texts)
        return with_captions(read_names(val_names), captions, names=val_names, texts=texts)


def _all_of(file: Path) -> list[Listed]:
    captions = captions_by_video(file, _captions(file))
    return with_captions(list(captions), captions, names=file, texts=file)


def _captions(file: Path) -> Iterator[Caption]:
    content = read_json(file)
    if not isinstance(content, list) or not content:
        raise wrong_shape(file, "", content, "a list of videos")
    seen: dict[str, int] = {}
    for number, entry in enumerate(content, start=1):
        texts = entry.get("enCap") if isinstance(entry, dict) else None
        if not isinstance(texts, list) or not isinstance(entry.get("videoID"), str):
            raise wrong_shape(file, f"video {number}", entry, 'an object with "videoID" and "enCap"')
        first = seen.setdefault(entry["videoID"], number)
        if first != number:
            raise DatasetError(
                f"{file}, video {number}: {entry['videoID']} is video {first}, too; take one of them out"
            )
        for place, text in enumerate(texts, start=1):
            yield Caption(entry["videoID"], text, f"video {number}, caption {place}")
