"""Turning published checkpoints into backbone and adapter folders: one file for each format, and one registry."""

from framecue.importers.registry import IMPORTERS, import_checkpoint
from framecue.importers.writing import ImportedFolders

__all__ = ["IMPORTERS", "ImportedFolders", "import_checkpoint"]
