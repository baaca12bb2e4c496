"""What the driver of a run asks of whoever starts actors: a protocol, so that it can be tested without a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["ActorLostError", "Crew", "DataLostError", "Hello", "Kind", "Member", "Ticket"]

Kind = Literal["reader", "encoder"]


class ActorLostError(Exception):
    """An actor that was asked something has ended, or cannot be reached."""


class DataLostError(Exception):
    """Pixels that were to be encoded are gone, with the node that had them; the actor that was to do it lives."""


@dataclass(frozen=True)
class Member:
    """An actor.

    Attributes:
        kind: what it does.
        number: by which it is known.
    """

    kind: Kind
    number: int


@dataclass(frozen=True)
class Ticket:
    """An answer that is to come.

    Attributes:
        number: by which it is known.
        has_pixels: whether pixels come beside it, which `Crew.ask_to_encode` takes.
    """

    number: int
    has_pixels: bool = False


@dataclass(frozen=True)
class Hello:
    """The first that an actor says.

    Attributes:
        node: the id of its node.
        machine: the node's name, for people.
        about: what there is to tell of it; what that is depends on its kind.
        error: why it cannot be used; None if it can.
    """

    node: str
    machine: str
    about: object = None
    error: str | None = None


class Crew(Protocol):
    """Starts actors and asks them."""

    def hire(self, kind: Kind) -> Member:
        """Start an actor, as soon as there is room for it."""
        ...

    def dismiss(self, member: Member) -> None:
        """End an actor at once, whatever it is doing."""
        ...

    def ask(self, member: Member, method: str, *arguments: object) -> Ticket:
        """Ask an actor something; it answers one after another."""
        ...

    def ask_for_more(self, member: Member, wanted: bool | None) -> Ticket:
        """Ask a reader for more of its file; pixels come beside the answer."""
        ...

    def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
        """Ask an encoder to encode the pixels that came beside some answers."""
        ...

    def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
        """Return the answers that are there, and wait for the first for some seconds."""
        ...

    def answer(self, ticket: Ticket) -> object:
        """Return an answer that is there.

        Raises:
            ActorLostError: whoever was asked is gone.
            DataLostError: the pixels are gone.
            Exception: what the actor has raised.
        """
        ...

    def drop(self, ticket: Ticket) -> None:
        """Forget an answer, and the pixels beside it."""
        ...

    def alive_nodes(self) -> set[str]:
        """Return the ids of the nodes that live, as far as is known."""
        ...
