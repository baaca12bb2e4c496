"""A library's rows on disk or in an object store; the only place that knows LanceDB."""

from framecue.library.store.table import Store, normal_uri
from framecue.library.store.vectors import Match

__all__ = ["Match", "Store", "normal_uri"]
