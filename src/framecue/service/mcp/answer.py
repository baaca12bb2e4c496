"""What tools work with, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from framecue.service.desk import Desk
from framecue.service.mcp.pictures import Picture, PictureReader
from framecue.service.teaching import Teachings

__all__ = ["Answer", "Service"]


@dataclass(frozen=True)
class Service:
    """What tools work with.

    Attributes:
        desk: the libraries.
        pictures: reads frames of their files.
        teachings: changes the names that they were taught.
    """

    desk: Desk
    pictures: PictureReader
    teachings: Teachings


@dataclass(frozen=True)
class Answer:
    """What a tool answers.

    Attributes:
        document: what is known.
        pictures: that it shows, in the order in which the document tells of them.
    """

    document: BaseModel
    pictures: tuple[Picture, ...] = ()
