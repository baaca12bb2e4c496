"""DiDeMo: some 10 000 Flickr videos, whose descriptions of moments are joined to one paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from framecue.datasets.annotation_files import Caption, captions_by_video, read_json, wrong_shape
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset
from framecue.errors import DatasetError
from framecue.validation import Number
from framecue.video.read.suffixes import VIDEO_SUFFIXES

__all__ = ["DidemoData"]

_SOURCE = "{}_data.json"


class DidemoData(PublishedDataset):
    """DiDeMo (Anne Hendricks et al., ICCV 2017), paragraph to video.

    The files name some videos twice, with two endings of one upload; these are one video here, so that the test has
    the 1 004 videos that papers count, not the file's 1 037 names.

    Attributes:
        max_seconds: only this much of a video is read from its beginning, as the people who described it saw no more;
            null for all of it.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "Some 10 000 Flickr videos of at most 30 s; a video's descriptions are one paragraph.",
        splits=(
            SplitCard("train", source=_SOURCE.format("train")),
            SplitCard("val", 1065, 1065, _SOURCE.format("val"), note="1 094 names of files"),
            SplitCard("test", 1004, 1004, _SOURCE.format("test"), note="1 037 names of files"),
        ),
        homes=("https://github.com/LisaAnne/LocalizingMoments",),
        paper="Anne Hendricks et al., ICCV 2017",
    )

    name: Literal["didemo"] = "didemo"
    max_seconds: Number | None = Field(default=30.0, gt=0)

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        file = files.require(_SOURCE.format(split))
        captions = captions_by_video(file, _captions(file))
        without = [video_id for video_id, texts in captions.items() if not texts]
        if without:
            raise DatasetError(f"{file}: all descriptions of {without[0]} are blank; get the file again")
        return [
            Listed(video_id, (" ".join(texts),), end_seconds=self.max_seconds) for video_id, texts in captions.items()
        ]


def _captions(file: Path) -> Iterator[Caption]:
    content = read_json(file)
    if not isinstance(content, list) or not content:
        raise wrong_shape(file, "", content, "a list of descriptions")
    for number, entry in enumerate(content, start=1):
        where = f"description {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("video"), str) or "description" not in entry:
            raise wrong_shape(file, where, entry, 'an object with "video" and "description"')
        yield Caption(_without_ending(entry["video"]), entry["description"], where)


def _without_ending(name: str) -> str:
    name = name.rstrip(".")  # some names have lost their ending, but not its dot
    suffix = Path(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in VIDEO_SUFFIXES else name
