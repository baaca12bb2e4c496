"""Libraries of videos that are encoded once and searched by text."""

from framecue.library.fingerprint import load_named_model
from framecue.library.indexing import Duplicate
from framecue.library.library import Library, check_query
from framecue.library.plan import Plan, Skipped, Unit
from framecue.library.reports import AddReport, FileInfo, Hit, LibraryInfo, RemoveReport

__all__ = [
    "AddReport",
    "Duplicate",
    "FileInfo",
    "Hit",
    "Library",
    "LibraryInfo",
    "Plan",
    "RemoveReport",
    "Skipped",
    "Unit",
    "check_query",
    "load_named_model",
]
