"""ActivityNet Captions: long videos, whose sentences are joined to one paragraph."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from framecue.datasets.annotation_files import Caption, captions_by_video, read_json, read_names, wrong_shape
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset
from framecue.errors import DatasetError
from framecue.validation import Integer

__all__ = ["ActivityNetData"]

_FILES = {"train": "train.json", "test": "val_1.json"}


class ActivityNetData(PublishedDataset):
    """ActivityNet Captions (Krishna et al., ICCV 2017), paragraph to video.

    The test of retrieval is `val_1`, so `val` is held out of training. Videos are found as `v_ID` and as `ID`. Those
    that a `bad_vids.txt` in the folder names are left out.

    Attributes:
        val_holdout: training videos that are held out for validation; 0 for none.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "Some 15 000 videos of two minutes on average; a video's sentences are one paragraph.",
        splits=(
            SplitCard("train", 10_009, 10_009, _FILES["train"], note="with `val`"),
            SplitCard("val", source="of `train`", note="500 by hash (`val_holdout`)"),
            SplitCard("test", 4917, 4917, _FILES["test"], note="less those in bad_vids.txt, where there is one"),
        ),
        homes=(
            "https://cs.stanford.edu/people/ranjaykrishna/densevid/ (captions)",
            "http://activity-net.org/download.html (videos)",
        ),
        paper="Krishna et al., ICCV 2017",
    )
    has_val: ClassVar[bool] = False

    name: Literal["activitynet"] = "activitynet"
    val_holdout: Integer = Field(default=500, ge=0)

    @property
    def num_held_out(self) -> int:
        """Return `val_holdout`."""
        return self.val_holdout

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        file = files.require(_FILES[split])
        content = read_json(file)
        if not isinstance(content, dict) or not content:
            raise wrong_shape(file, "", content, "an object from video ids to sentences")
        sentences: list[Caption] = []
        for video_id, entry in content.items():
            texts = entry.get("sentences") if isinstance(entry, dict) else None
            if not isinstance(texts, list) or not texts:
                raise wrong_shape(file, video_id, entry, 'an object with "sentences"')
            sentences += [Caption(video_id, text, f"{video_id}, sentence {n}") for n, text in enumerate(texts, start=1)]
        joined = {video_id: " ".join(texts) for video_id, texts in captions_by_video(file, sentences).items()}
        without = [video_id for video_id, paragraph in joined.items() if not paragraph]
        if without:
            raise DatasetError(f"{file}: all sentences of {without[0]} are blank; get the file again")
        return [Listed(video_id, (paragraph,)) for video_id, paragraph in joined.items()]

    def broken_videos(self, files: DataFolder) -> frozenset[str]:
        """Return the ids in the folder's `bad_vids.txt`."""
        file = files.find("bad_vids.txt")
        return frozenset() if file is None else frozenset(read_names(file))

    def file_names(self, video_id: str) -> tuple[str, ...]:
        """Return the names that the file of a video may have."""
        return (video_id, video_id.removeprefix("v_"))
