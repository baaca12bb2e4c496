"""What stands in a lease object: who has the lease on a library, or that it is free."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["LEASE_FILE", "Holder", "LeaseNote"]

LEASE_FILE = ".framecue.lease"
"""The name of the object, beside the library's tables."""

_FORMAT = 1


@dataclass(frozen=True)
class Holder:
    """A process that writes to a library.

    Attributes:
        host: the name of its machine.
        process: its number there.
        kernel: tells its machine, and its numbering of processes, from all others; empty where that is not known.
        since: when it took the lease, as a date and time in UTC.
    """

    host: str
    process: int
    kernel: str
    since: str

    @classmethod
    def this_process(cls) -> Holder:
        """Return what others may know of this process."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return cls(socket.gethostname(), os.getpid(), _kernel(), now)

    def is_gone(self) -> bool:
        """Whether it ran on this very machine, and does so no longer; False if that cannot be known."""
        if not self.kernel or self.kernel != _kernel():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


@dataclass(frozen=True)
class LeaseNote:
    """The content of a lease object.

    Attributes:
        token: of one run's lease, unlike any other; empty if the lease is free.
        number: how often it was renewed, so that no two contents of the object are the same.
        term_seconds: for how long it is kept from others after it was last renewed.
        holder: who has it, or had it last.
    """

    token: str
    number: int
    term_seconds: float
    holder: Holder

    def to_bytes(self) -> bytes:
        """Return the object's content."""
        return json.dumps({"framecue_lease": _FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> LeaseNote | None:
        """Return what an object says; None if it is no lease that this framecue knows."""
        try:
            told = json.loads(content)
            if told.pop("framecue_lease") != _FORMAT:
                return None
            by = told["holder"]
            holder = Holder(str(by["host"]), int(by["process"]), str(by["kernel"]), str(by["since"]))
            return cls(str(told["token"]), int(told["number"]), float(told["term_seconds"]), holder)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _kernel() -> str:
    """Return what is the same for two processes only if each sees the other under its own number."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 (no place on a disk)
    except (OSError, ValueError):
        return ""
