"""The dataset `folder`: videos of your own, with a `captions.jsonl` beside them."""

from __future__ import annotations

from typing import Literal

from framecue.datasets.base import FileDataset
from framecue.datasets.captions import Clip, read_captions

__all__ = ["FolderData"]


class FolderData(FileDataset):
    """A folder of videos and a `captions.jsonl`; see `framecue.datasets.captions`."""

    name: Literal["folder"] = "folder"

    def clips(self, split: str) -> list[Clip]:
        """Return the clips of a split in the order of the file; see `read_captions`."""
        return read_captions(self.data_dir, split)
