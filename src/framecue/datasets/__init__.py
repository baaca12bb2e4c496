"""Datasets: clips, their captions and their splits."""

from __future__ import annotations

from framecue.datasets.captions import read_captions, write_captions
from framecue.datasets.clips import Clip, Twin

__all__ = ["Clip", "Twin", "read_captions", "write_captions"]
