"""The authors' checkpoints, turned into backbone and adapter folders. One file a format, one registry."""

from framecue.importers.registry import IMPORTERS, import_checkpoint
from framecue.importers.writing import ImportedFolders

__all__ = ["IMPORTERS", "ImportedFolders", "import_checkpoint"]
