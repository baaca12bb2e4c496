"""The crew of a run as Ray's actors: starting them, asking them, and what Ray's errors mean.

This module imports Ray; it is imported once somebody has connected to a cluster.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from socket import gethostname
from typing import Any

import ray
from ray.exceptions import (
    ActorUnschedulableError,
    GetTimeoutError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
    RuntimeEnvSetupError,
    WorkerCrashedError,
)

from framecue.cluster.connect import Head
from framecue.cluster.crew import ActorLostError, DataLostError, Hello, Kind, Member, Ticket
from framecue.cluster.encoding import NodeEncoder
from framecue.cluster.reading import NodeReader
from framecue.errors import FramecueError

__all__ = ["RayCrew", "node_resources"]

# A node that goes while an actor starts may fail to set it up first.
_LOST = (
    *(RayActorError, WorkerCrashedError, NodeDiedError, OutOfMemoryError),
    *(ActorUnschedulableError, RuntimeEnvSetupError),
)
# An answer that is there is taken at once; what Ray has lost between the two is not waited for.
_ANSWER_SECONDS = 60.0


class _RayReader(NodeReader):
    """A reader that says on which node it is."""

    def hello(self, paths: Sequence[str]) -> Hello:
        """Say where it is, and which of some paths it does not see."""
        machine, unseen = self.about(paths)
        return Hello(_node(), machine, unseen)


class _RayEncoder(NodeEncoder):
    """An encoder that says on which node it is."""

    def hello(self) -> Hello:
        """Load the model, and say where it is and what it computes by, or why it cannot be loaded."""
        try:
            about = self.load()
        except FramecueError as error:
            return Hello(_node(), gethostname(), error=str(error))
        return Hello(_node(), about.machine, about)


class RayCrew:
    """Ray's actors; end them with `close`.

    Args:
        resources: what an actor of each kind takes of its node, as Ray's options (``num_cpus``, ``num_gpus``).
        arguments: what each kind is made with.
    """

    def __init__(
        self, resources: Mapping[Kind, Mapping[str, float]], arguments: Mapping[Kind, Sequence[object]]
    ) -> None:
        self._classes: dict[Kind, Any] = {
            "reader": ray.remote(_RayReader),
            "encoder": ray.remote(_RayEncoder),
        }
        self._resources, self._arguments = resources, arguments
        self._handles: dict[Member, Any] = {}
        self._refs: dict[Ticket, Any] = {}
        self._pixels: dict[Ticket, Any] = {}
        self._num_made = 0
        self._head = Head(ray.get_runtime_context().gcs_address)
        self._alive = {node["NodeID"] for node in _nodes()}

    def hire(self, kind: Kind) -> Member:
        """Start an actor, as soon as there is room for it; it is not started again if it ends."""
        member = Member(kind, self._next())
        options = {"max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
        made = self._classes[kind].options(**options, **self._resources[kind])
        self._handles[member] = made.remote(*self._arguments[kind])
        return member

    def dismiss(self, member: Member) -> None:
        """End an actor at once, whatever it is doing."""
        ray.kill(self._handles.pop(member), no_restart=True)

    def close(self) -> None:
        """End all actors."""
        for member in list(self._handles):
            self.dismiss(member)
        self._refs, self._pixels = {}, {}

    def ask(self, member: Member, method: str, *arguments: object) -> Ticket:
        """Ask an actor something."""
        ticket = Ticket(self._next())
        self._refs[ticket] = getattr(self._handles[member], method).remote(*arguments)
        return ticket

    def ask_for_more(self, member: Member, wanted: bool | None) -> Ticket:
        """Ask a reader for more of its file. The pixels stay on its node until somebody takes them."""
        ticket = Ticket(self._next(), has_pixels=True)
        more = self._handles[member].more.options(num_returns=2)
        self._refs[ticket], self._pixels[ticket] = more.remote(wanted)
        return ticket

    def ask_to_encode(self, member: Member, pixels: Sequence[Ticket]) -> Ticket:
        """Ask an encoder to encode pixels, which go to it from where they are."""
        return self.ask(member, "encode", *(self._pixels[ticket] for ticket in pixels))

    def wait(self, tickets: Sequence[Ticket], seconds: float) -> list[Ticket]:
        """Return the answers that are there, and wait for the first for some seconds."""
        by_ref = {self._refs[ticket]: ticket for ticket in tickets}
        if not by_ref:
            time.sleep(seconds)
            return []
        # They are fetched to this node first, the larger ones too: to take an answer then never waits for another node.
        found, _ = ray.wait(list(by_ref), num_returns=1, timeout=seconds)
        if found:  # and whatever else has come meanwhile
            found, _ = ray.wait(list(by_ref), num_returns=len(by_ref), timeout=0)
        return [by_ref[ref] for ref in found]

    def answer(self, ticket: Ticket) -> object:
        """Return an answer; see :meth:`framecue.cluster.crew.Crew.answer`."""
        try:
            return ray.get(self._refs[ticket], timeout=_ANSWER_SECONDS)
        except RayTaskError as error:
            if isinstance(error.cause, (ObjectLostError, *_LOST)):
                raise DataLostError from error
            # What the actor has raised; where it did shows in what it comes from.
            raise error.cause from error
        except (ObjectLostError, GetTimeoutError) as error:
            raise DataLostError from error
        except _LOST as error:
            raise ActorLostError from error

    def drop(self, ticket: Ticket) -> None:
        """Forget an answer, and the pixels beside it; Ray frees them."""
        self._refs.pop(ticket, None)
        self._pixels.pop(ticket, None)

    def alive_nodes(self) -> set[str]:
        """Return the ids of the nodes that live, as far as is known.

        Raises:
            FramecueError: the cluster's head is gone.
        """
        # To ask a head that is gone ends this process.
        if self._head.answers():
            self._alive = {node["NodeID"] for node in _nodes()}
        return self._alive

    def _next(self) -> int:
        self._num_made += 1
        return self._num_made


def _node() -> str:
    return str(ray.get_runtime_context().get_node_id())


def node_resources() -> list[Mapping[str, float]]:
    """Return what each living node of the cluster has, as Ray says it."""
    return [node["Resources"] for node in _nodes()]


def _nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]
