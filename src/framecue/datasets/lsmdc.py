"""LSMDC: 118 081 short clips of 202 films, most with one caption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from framecue.datasets.annotation_files import Caption, captions_by_video, read_table
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset, with_captions
from framecue.errors import DatasetError

__all__ = ["LsmdcData"]

_FILES = {
    "train": "LSMDC16_annos_training.csv",
    "val": "LSMDC16_annos_val.csv",
    "test": "LSMDC16_challenge_1000_publictect.csv",
}
_COLUMNS = ("clip_id", "start_aligned", "end_aligned", "start_extracted", "end_extracted", "sentence")


class LsmdcData(PublishedDataset):
    """LSMDC (Rohrbach et al., IJCV 2017): the 1 000 clips of the 2016 challenge's public test are tested on.

    One of these clips cannot be read in anybody's copy. It is left out, as the field's codes do, so 999 are ranked.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "Clips of 2 to 30 s of 202 films, most with one caption.",
        splits=(
            SplitCard("train", source=_FILES["train"]),
            SplitCard("val", source=_FILES["val"]),
            SplitCard("test", 1000, 1000, _FILES["test"], note="one clip is broken for everybody: 999 are ranked"),
        ),
        homes=("https://sites.google.com/site/describingmovies/download (asks for permission)",),
        paper="Rohrbach et al., IJCV 2017",
    )

    name: Literal["lsmdc"] = "lsmdc"

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        file = files.require(_FILES[split])
        captions = captions_by_video(file, _captions(file, once=split == "test"))
        return with_captions(list(captions), captions, names=file, texts=file)

    def broken_videos(self, files: DataFolder) -> frozenset[str]:
        """Return the id of the clip that cannot be read."""
        return frozenset({"1012_Unbreakable_00.05.16.065-00.05.21.941"})


def _captions(file: Path, *, once: bool) -> Iterator[Caption]:
    seen: dict[str, str] = {}
    for where, row in read_table(file, columns=_COLUMNS, delimiter="\t", has_head=False):
        clip_id = row["clip_id"]
        first = seen.setdefault(clip_id, where)
        if once and first != where:
            raise DatasetError(f"{file}, {where}: {clip_id} stands on {first}, too; take one of them out")
        if not row["sentence"].strip():
            raise DatasetError(f"{file}, {where}: the caption of {clip_id} is blank; get the file again")
        yield Caption(clip_id, row["sentence"], where)
