"""Libraries of videos that are encoded once and searched by text."""

from framecue.library.explain import BestFrame, Explanation, PartScore
from framecue.library.filters import Filters
from framecue.library.fingerprint import load_named_model
from framecue.library.indexing import Duplicate
from framecue.library.library import Library
from framecue.library.plan import Plan, Skipped, Unit
from framecue.library.query import Query, VideoMoment
from framecue.library.reports import AddReport, FileInfo, Hit, LibraryInfo, RemoveReport
from framecue.library.store import Upkeep

__all__ = [
    "AddReport",
    "BestFrame",
    "Duplicate",
    "Explanation",
    "FileInfo",
    "Filters",
    "Hit",
    "Library",
    "LibraryInfo",
    "PartScore",
    "Plan",
    "Query",
    "RemoveReport",
    "Skipped",
    "Unit",
    "Upkeep",
    "VideoMoment",
    "load_named_model",
]
