"""A library's rows on disk or in an object store; the only place that knows LanceDB."""

from framecue.library.store.attempt import quoted
from framecue.library.store.table import Store, normal_uri
from framecue.library.store.texts import TextMatch
from framecue.library.store.vectors import Match

__all__ = ["Match", "Store", "TextMatch", "normal_uri", "quoted"]
