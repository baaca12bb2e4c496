"""What tools work with, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from framecue.service.desk import Desk
from framecue.service.mcp.pictures import Picture, PictureReader

__all__ = ["Answer", "Service"]


@dataclass(frozen=True)
class Service:
    """What tools work with.

    Attributes:
        desk: the libraries.
        pictures: reads frames of their files.
    """

    desk: Desk
    pictures: PictureReader


@dataclass(frozen=True)
class Answer:
    """What a tool answers.

    Attributes:
        document: what is known.
        pictures: that it shows, in the order in which the document tells of them.
    """

    document: BaseModel
    pictures: tuple[Picture, ...] = ()
