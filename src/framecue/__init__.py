"""framecue: text-to-video retrieval with prompt-tuned CLIP.

Video embeddings come from the video alone, so they are computed once and serve every query::

    import framecue

    library = framecue.Library("videos.lance", model=framecue.load_model("openai/clip-vit-base-patch32"))
    library.add("~/Videos")
    library.search("a dog catches a frisbee", k=10)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framecue.errors import FramecueError
    from framecue.library import Filters, Hit, Library, Query, VideoMoment
    from framecue.model import VideoTextModel, load_model

__version__ = "0.1.0"

__all__ = [
    "Filters",
    "FramecueError",
    "Hit",
    "Library",
    "Query",
    "VideoMoment",
    "VideoTextModel",
    "__version__",
    "load_model",
]

# Resolved on first use: importing the package must not import torch, so that `framecue --help` answers at once.
_HOME = {
    "Filters": "framecue.library",
    "FramecueError": "framecue.errors",
    "Hit": "framecue.library",
    "Library": "framecue.library",
    "Query": "framecue.library",
    "VideoMoment": "framecue.library",
    "VideoTextModel": "framecue.model",
    "load_model": "framecue.model",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'framecue' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
