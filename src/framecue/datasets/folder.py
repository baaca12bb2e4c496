"""The dataset `folder`: videos of your own, with a list of captions beside them: JSON lines, CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from framecue.datasets.base import FileDataset, SplitCopy
from framecue.datasets.caption_tables import CSV_FILE, PARQUET_FILE, read_caption_table
from framecue.datasets.captions import (
    CAPTIONS_FILE,
    clips_of_split,
    parse_captions,
    require_files,
)
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.clips import Clip
from framecue.errors import DatasetError
from framecue.paths import is_dir, is_file

__all__ = ["FolderData"]


class FolderData(FileDataset):
    """A folder of videos and a list of captions; see `framecue.datasets.captions` and `caption_tables`.

    Attributes:
        captions_file: which list to read, where the folder has several.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "Videos of your own, and a captions.jsonl, captions.csv or captions.parquet that describes them.",
        splits=(SplitCard("any", source="captions.jsonl, captions.csv or captions.parquet"),),
    )

    has_own_splits: ClassVar[bool] = True

    name: Literal["folder"] = "folder"
    captions_file: Literal["captions.jsonl", "captions.csv", "captions.parquet"] | None = None

    def clips(self, split: str) -> list[Clip]:
        """Return the clips of a split in the order of the file.

        Raises:
            DatasetError: there is no list of captions or more than one, it is malformed, no clip is in the split, or a
                video is missing.
        """
        file, clips = self._read()
        found = clips_of_split(file, clips, split)
        require_files(file, found)
        return found

    def splits(self) -> list[str]:
        """Return the splits that the list names."""
        return sorted({clip.split for clip in self._read()[1]})

    def listed(self, split: str) -> list[Clip]:
        """Return the clips of a split, whether or not their videos are there; none for a split that is not named."""
        return [clip for clip in self._read()[1] if clip.split == split]

    def copy_of(self, split: str) -> SplitCopy:
        """Return what is there of a split; see `FileDataset.copy_of`."""
        file, clips = self._read()
        listed = clips_of_split(file, clips, split)
        is_missing = [not is_file(clip.video) for clip in listed]
        return SplitCopy(
            split,
            tuple(clip for clip, lacks in zip(listed, is_missing, strict=True) if not lacks),
            tuple(len(clip.captions) for clip in listed),
            missing=tuple(
                clip.video.relative_to(self.data_dir).as_posix()
                for clip, lacks in zip(listed, is_missing, strict=True)
                if lacks
            ),
        )

    def _read(self) -> tuple[Path, list[Clip]]:
        """Return the list of captions that counts, and its clips."""
        file = self.data_dir / self._name()
        if file.name == CAPTIONS_FILE:
            return file, parse_captions(self.data_dir)
        return file, read_caption_table(file)

    def _name(self) -> str:
        if self.captions_file is not None:
            if not is_file(self.data_dir / self.captions_file):
                raise DatasetError(f"{self.data_dir}: there is no {self.captions_file} in it")
            return self.captions_file
        names = (CAPTIONS_FILE, CSV_FILE, PARQUET_FILE)
        found = [name for name in names if is_file(self.data_dir / name)]
        if len(found) > 1:
            raise DatasetError(
                f"{self.data_dir}: holds {' and '.join(found)}; say which counts (captions_file={found[0]}), or move "
                "the others away"
            )
        if not found and is_dir(self.data_dir):
            raise DatasetError(
                f"{self.data_dir}: there is no {CAPTIONS_FILE} in it, nor a {CSV_FILE} or {PARQUET_FILE}; write one "
                'with a line for each video: {"video": "clips/a.mp4", "captions": ["a dog runs"], "split": "train"}'
            )
        return found[0] if found else CAPTIONS_FILE
