"""The actors that find words, as Ray's.

This module imports Ray; it is imported once somebody has connected to a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

import ray

from framecue.cluster.crew import Hello
from framecue.cluster.ray_crew import RayCrew
from framecue.cluster.variables import store_variables
from framecue.cluster.words import NodeWords, WordsStaff
from framecue.errors import FramecueError
from framecue.library.indexing.words_runner import ReadLimits
from framecue.words.request import WordsRequest

__all__ = ["RayWordsCrew"]


class _RayWords(NodeWords):
    """Finds words, and says on which node it is."""

    def __init__(
        self,
        requests: Mapping[str, WordsRequest],
        limits: ReadLimits,
        num_threads: int,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(requests, limits, num_threads=num_threads, environment=environment)

    def hello(self) -> Hello:
        """Make the sources, and say where it is and what they are, or why one cannot work."""
        node = str(ray.get_runtime_context().get_node_id())
        try:
            machine, keys = self.prepare()
        except FramecueError as error:
            return Hello(node, ray.util.get_node_ip_address(), error=str(error))
        return Hello(node, machine, keys)


class RayWordsCrew(RayCrew):
    """Actors that find words, each in place of a reader; end them with `close`."""

    def __init__(self, staff: WordsStaff, requests: Mapping[str, WordsRequest], limits: ReadLimits) -> None:
        arguments = (dict(requests), limits, staff.num_cpus, store_variables())
        super().__init__({"reader": {"num_cpus": staff.num_cpus}}, {"reader": arguments})
        self._classes = {"reader": ray.remote(_RayWords)}
