"""A library's rows on disk or in an object store; the only place that knows LanceDB."""

from framecue.library.store.attempt import quoted
from framecue.library.store.place import normal_uri
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.store import Store
from framecue.library.store.texts import TextMatch
from framecue.library.store.vectors import Match

__all__ = ["Match", "Snapshot", "Store", "TextMatch", "normal_uri", "quoted"]
