"""What this machine's processor can do, without torch: whether it multiplies bytes exactly, and a name for it."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import blake2b
from pathlib import Path

__all__ = ["machine_key", "multiplies_bytes_exactly", "processor_name"]

_EXACT = {"avx512_vnni", "avx_vnni", "amx_int8"}
_X86 = {"x86_64", "amd64", "i386", "i686"}


@cache
def machine_key() -> str:
    """Return a short name for the kind of processor, eight hexadecimal digits: equal ones decide equally."""
    name, flags = _processor()
    return blake2b(repr((platform.machine(), name, sorted(flags))).encode(), digest_size=4).hexdigest()


def processor_name() -> str:
    """Return what the processor calls itself, or at least its kind."""
    return _processor()[0] or platform.machine()


def multiplies_bytes_exactly() -> bool:
    """Whether products of bytes are summed without overflow; AVX2 alone sums pairs in 16 bits, which may saturate."""
    return platform.machine().lower() not in _X86 or not _EXACT.isdisjoint(_processor()[1])


@cache
def _processor() -> tuple[str, frozenset[str]]:
    """Return the processor's name and its instructions' names; of another system than Linux little is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor(), frozenset()
    found = {
        name.strip().lower(): value.strip() for name, _, value in reversed([line.partition(":") for line in lines])
    }
    flags = found.get("flags", found.get("features", ""))
    return found.get("model name", platform.processor()), frozenset(flags.split())
