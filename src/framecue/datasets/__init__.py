"""Datasets: clips, their captions and their splits."""

from __future__ import annotations

from framecue.datasets.captions import Clip, Twin, read_captions, write_captions

__all__ = ["Clip", "Twin", "read_captions", "write_captions"]
