"""The process of a cluster, which `ray_cluster.py` starts: a question a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

# A busy machine takes its time to start a node, and a node to say that it is well (six times ten seconds); one that is
# killed is missed after three seconds, not fifteen.
PATIENCE_SECONDS = 200
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": str(PATIENCE_SECONDS),
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "10000",
    "RAY_health_check_failure_threshold": "6",
}


def main() -> None:
    """Answer until the questions end; then end the cluster."""
    from ray.cluster_utils import Cluster  # it reads the environment

    # What Ray prints is not taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    cluster = Cluster()
    nodes: dict[str, Any] = {}
    try:
        for line in sys.stdin:
            question = json.loads(line)
            answer = {}
            if "state" in question:
                answer["state"] = _state(cluster)
            elif "add" in question:
                options = question["add"]
                if not nodes:
                    options["include_dashboard"] = False
                nodes[options["node_ip_address"]] = cluster.add_node(wait=False, **options)
                cluster.wait_for_nodes(timeout=PATIENCE_SECONDS)
            else:
                cluster.remove_node(nodes.pop(question["remove"]), allow_graceful=False)
            print(json.dumps({"address": cluster.address, **answer}), file=answers, flush=True)
    finally:
        # Nobody needs what it holds any more, and ending in order may take a minute.
        for node in reversed(nodes.values()):
            cluster.remove_node(node, allow_graceful=False)


def _state(cluster: Any) -> str:
    """Return a line for each node, and for each actor that has not ended."""
    state = cluster.global_state
    free = state.available_resources_per_node()
    lines = []
    for node in state.node_table():
        life = f"has {node['Resources']}, free {free.get(node['NodeID'])}" if node["Alive"] else "is gone"
        lines.append(f"node {node['NodeID'][:8]} ({node['NodeManagerAddress']}) {life}")
    for name, actor in state.actor_table(None).items():
        if actor["State"] != "DEAD":
            node = actor["Address"]["NodeID"][:8]
            lines.append(f"actor {name[:8]} {actor['ActorClassName']} {actor['State']} at {node or 'no node'}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
