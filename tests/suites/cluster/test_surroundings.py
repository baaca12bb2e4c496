"""The suite runs where it is to run, and its cluster is one: several nodes, of which one may be lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from support.ray_cluster import RayCluster

NODES = """
import json, sys, ray
ray.init(address=sys.argv[1], log_to_driver=False)
nodes = {node["NodeManagerAddress"]: node["Alive"] for node in ray.nodes()}

@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
def place():
    return ray.util.get_node_ip_address()

used = set(ray.get([place.remote() for _ in range(4)]))
print(json.dumps([sorted(node for node, alive in nodes.items() if alive), sorted(used)]))
"""


def seen_by_a_driver(cluster: RayCluster) -> tuple[list[str], list[str]]:
    """Return the nodes that live, and those that a task ran on."""
    command = [sys.executable, "-c", NODES, cluster.address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    alive, used = json.loads(done.stdout)
    return alive, used


def test_nothing_is_reached_from_here_but_loopback() -> None:
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket, pytest.raises(OSError, match="unreachable"):
        any_socket.connect(("192.0.2.1", 53))
    assert os.environ["HOME"] == os.environ["TMPDIR"] == os.environ["RAY_TMPDIR"]


@pytest.mark.slow
def test_a_cluster_has_several_nodes_and_one_may_be_lost(ray_cluster: RayCluster) -> None:
    alive, used = seen_by_a_driver(ray_cluster)
    assert alive == sorted(ray_cluster.nodes)
    assert set(used) <= set(alive)
    lost = ray_cluster.nodes[-1]
    ray_cluster.remove_node(lost)
    new = ray_cluster.add_node(num_cpus=2)
    alive, used = seen_by_a_driver(ray_cluster)
    assert alive == sorted(ray_cluster.nodes)
    assert new in alive
    assert lost not in alive
    ray_cluster.become(1)
    assert new not in ray_cluster.nodes
    assert len(ray_cluster.nodes) == 2
