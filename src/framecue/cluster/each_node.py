"""What each node of a cluster answers to a question, which one that goes meanwhile, or hangs, does not hold up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["ANSWER_SECONDS", "ask_each_node"]

ANSWER_SECONDS = 60.0
"""So long all nodes have together: to start a process on a node takes seconds."""

T = TypeVar("T")


def ask_each_node(function: Callable[..., T], *arguments: object) -> list[tuple[Mapping[str, Any], T]]:
    """Return the nodes that answer in time, as Ray says what they are, and what a function returns there.

    Args:
        function: it is sent to the nodes; it takes no processor of them.
        arguments: what it is called with.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0)(function)
    asked: dict[Any, Mapping[str, Any]] = {}
    for node in ray.nodes():
        if node["Alive"]:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked[ask.options(scheduling_strategy=there).remote(*arguments)] = node
    told, _ = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS)
    found: list[tuple[Mapping[str, Any], T]] = []
    for answer in told:
        # A node that has gone since is no matter.
        with suppress(ray.exceptions.RayError):
            found.append((asked[answer], ray.get(answer)))
    return found
