from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.cluster.same_code import Found, check_nodes, find_code, own_code, package_folder
from framecue.errors import FramecueError

cloudpickle = pytest.importorskip("ray.cloudpickle", reason="the extra ray is not installed")


def found_by(python_path: Path) -> Found:
    """Return what another process finds, which has that folder before all others and no framecue of ours."""
    sent = cloudpickle.dumps(find_code())
    program = "import pickle, sys; sys.stdout.buffer.write(pickle.dumps(pickle.loads(sys.stdin.buffer.read())()))"
    # As on a node: what is sent must not have to be imported.
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(python_path)!r}); {program}"],
        input=sent,
        capture_output=True,
        check=True,
    )
    found: Found = pickle.loads(done.stdout)
    return found


def test_the_same_code_is_known_and_another_told_apart(tmp_path: Path) -> None:
    assert own_code()["missing"] == []
    assert found_by(package_folder().parent)["digest"] == own_code()["digest"]
    (tmp_path / "framecue").mkdir()
    (tmp_path / "framecue" / "__init__.py").write_text("raise RuntimeError('it is looked at, not imported')\n")
    other = found_by(tmp_path)["digest"]
    assert other not in (None, own_code()["digest"])
    (tmp_path / "framecue" / "more.py").touch()
    assert found_by(tmp_path)["digest"] != other


def test_a_node_that_lacks_a_package_is_named() -> None:
    well: Found = {**own_code(), "machine": "north"}
    check_nodes({"1": well})
    with pytest.raises(FramecueError, match="node south of the cluster lacks av, numpy; install framecue there"):
        check_nodes({"1": well, "2": {"machine": "south", "digest": None, "missing": ["av", "numpy"]}})
    with pytest.raises(FramecueError, match="node south of the cluster imports another framecue"):
        check_nodes({"1": well, "2": {**well, "machine": "south", "digest": "another"}})
