"""Whether the nodes of a cluster import the very framecue that the driver does, and how they come to it if not.

A node that has another version installed would read and encode by other rules than the driver writes by; one that has
none cannot even say so. So a function that needs nothing of framecue is sent to each node and looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import TypedDict

from framecue.errors import FramecueError

__all__ = ["Found", "check_nodes", "find_code", "own_code", "package_folder"]

# It is sent as it stands: what is defined in a file of framecue's would be imported there, from the node's framecue.
_FIND_CODE = """
def find_code(packages):
    import hashlib
    import importlib.util
    import socket
    from pathlib import Path

    def place(name):
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        return None if found is None else found.origin

    digest = None
    origin = place("framecue")
    if origin is not None:
        folder = Path(origin).parent
        whole = hashlib.sha256()
        for file in sorted(folder.rglob("*.py")):
            whole.update(str(file.relative_to(folder)).encode() + b"\\0" + file.read_bytes() + b"\\0")
        digest = whole.hexdigest()
    missing = [name for name in packages if not place(name)]
    return {"machine": socket.gethostname(), "digest": digest, "missing": missing}
"""
# Without these nothing can be read or encoded; the others come with them.
_PACKAGES = ("numpy", "av", "lancedb", "obstore")


class Found(TypedDict):
    """What there is on a machine.

    Attributes:
        machine: its name.
        digest: hash of the framecue that is imported there; None if there is none.
        missing: the packages that cannot be imported there, of those that were asked for.
    """

    machine: str
    digest: str | None
    missing: list[str]


def find_code() -> Callable[[], Found]:
    """Return a function that looks what there is on the machine that it is called on; it can be pickled by value."""
    names: dict[str, object] = {"__name__": "framecue_find_code"}
    exec(_FIND_CODE, names)
    function = names["find_code"]
    assert isinstance(function, FunctionType)
    function.__defaults__ = (_PACKAGES,)
    return function


def own_code() -> Found:
    """Return what there is on this machine."""
    return find_code()()


def package_folder() -> Path:
    """Return the folder of the framecue that is imported here."""
    return Path(__file__).parents[1]


def check_nodes(nodes: Mapping[str, Found]) -> None:
    """Raise if a node lacks what framecue needs, which cannot be sent there, or imports another framecue all the same.

    Raises:
        FramecueError: it does; the message names the node, and the packages.
    """
    own = own_code()["digest"]
    for found in nodes.values():
        if found["missing"]:
            raise FramecueError(
                f"node {found['machine']} of the cluster lacks {', '.join(found['missing'])}; install framecue there "
                "as it is here (pip install framecue), or start the run with a runtime environment that does"
            )
        if found["digest"] != own:
            raise FramecueError(
                f"node {found['machine']} of the cluster imports another framecue than this machine; install the same "
                "version on both, and leave framecue out of PYTHONPATH there"
            )
