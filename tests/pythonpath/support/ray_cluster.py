"""A Ray cluster of several nodes on one loopback, in a process of its own: nothing of Ray is in the test's process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["RayCluster", "run_ray_cluster"]

_STORE_MB = 100
"""Of each node's store of objects: less than this Ray refuses."""
_FIRST_NODE = 2
"""Ray takes 127.0.0.1 for the machine's own address and puts another in its place; the others it leaves alone."""


@dataclass
class RayCluster:
    """A running cluster.

    Attributes:
        address: what `--ray` is given.
        nodes: the nodes' own addresses, the head first; that one cannot be removed.
        unlike: those of them that were made with options.
        num_made: how many there ever were.
    """

    process: subprocess.Popen[str]
    printed: IO[bytes]
    address: str = ""
    nodes: list[str] = field(default_factory=list)
    unlike: set[str] = field(default_factory=set)
    num_made: int = 0

    def add_node(self, **options: Any) -> str:
        """Add a node and wait until it is there; return its own address.

        Args:
            options: as of `ray start`, in Python's words: `num_cpus` (1 unless told), `num_gpus`, `resources`.
        """
        node = f"127.0.0.{_FIRST_NODE + self.num_made}"
        self.num_made += 1
        store_bytes = _STORE_MB << 20
        answer = self._ask({"add": {"node_ip_address": node, "object_store_memory": store_bytes, **options}})
        self.nodes.append(node)
        self.unlike |= {node} if options else set()
        self.address = answer["address"]
        return node

    def remove_node(self, node: str) -> None:
        """Kill all processes of a node without a warning, as a lost machine would be."""
        self._ask({"remove": node})
        self.nodes.remove(node)

    def state(self) -> str:
        """Return which nodes and actors there are, and what is free of each node, for people."""
        return str(self._ask({"state": True})["state"])

    def become(self, number: int) -> None:
        """Have so many nodes of one processor again, beside the head; others, and those that are too many, go."""
        plain = [node for node in self.nodes if node not in self.unlike]
        for node in [*filter(self.unlike.__contains__, self.nodes), *plain[number + 1 :]]:
            self.remove_node(node)
        while len(self.nodes) < number + 1:
            self.add_node()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send a line to the process; return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as error:
            self.printed.seek(0)
            said = self.printed.read().decode(errors="replace")
            raise AssertionError(f"the cluster is gone ({error}); it has printed:\n{said}") from error
        return answer


@contextmanager
def run_ray_cluster(num_nodes: int = 3) -> Iterator[RayCluster]:
    """Run a cluster of so many nodes, one processor each, until the context ends; without dashboard and statistics."""
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ray_cluster_program.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            text=True,
        ) as process,
    ):
        cluster = RayCluster(process, printed)
        try:
            for _ in range(num_nodes):
                cluster.add_node()
            yield cluster
        finally:
            # It ends the cluster when its questions end.
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
