"""What the driver of a run knows of each actor: where it is, and what it is busy with."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from framecue.cluster.crew import Member, Ticket
from framecue.cluster.reading import ReadMoments
from framecue.cluster.units import Try

__all__ = ["Call", "EncoderAtWork", "Part", "ReaderAtWork"]


@dataclass(frozen=True)
class Part:
    """Moments of a unit that wait to be encoded, or are.

    Attributes:
        of: the try of the unit that they belong to.
        number: which part of it they are.
        read: what is told of them.
        pixels: the answer with which their pixels came.
        node: the node that has them.
    """

    of: Try
    number: int
    read: ReadMoments
    pixels: Ticket
    node: str


@dataclass
class Call:
    """Parts that an encoder was asked to encode together; its answer is to come."""

    ticket: Ticket
    parts: list[Part]


@dataclass(eq=False)
class ReaderAtWork:
    """A reader.

    Attributes:
        member: by which the crew knows it.
        ticket: its answer that is to come, if any: its first one, or what it has read.
        node: its node's id; None until it has said so.
        at_work: what it reads.
        wanted: whether the content is wanted of which it has told the hash; None where it need not be told.
        read_seconds: how long it has read, as it says.
        asked_at: when it was asked last, in the driver's seconds.
    """

    member: Member
    ticket: Ticket | None
    node: str | None = None
    at_work: Try | None = None
    wanted: bool | None = None
    read_seconds: float = 0.0
    asked_at: float = 0.0


@dataclass(eq=False)
class EncoderAtWork:
    """An encoder.

    Attributes:
        member: by which the crew knows it.
        hello: its first answer, that it is ready.
        node: its node's id; None until it is ready.
        frames_at_once: about how many frames it is to be given at once.
        calls: what it was asked; it answers in this order.
        began_at: when it can have begun the first of them, in the driver's seconds.
    """

    member: Member
    hello: Ticket
    node: str | None = None
    frames_at_once: int = 0
    calls: deque[Call] = field(default_factory=deque)
    began_at: float = 0.0
