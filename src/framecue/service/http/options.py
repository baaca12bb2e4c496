"""How a server is to be run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServeOptions"]


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How a server is to be run.

    Args:
        host: the address to listen at.
        port: the port to listen at; 0 for any that is free.
    """

    host: str = "127.0.0.1"
    port: int = 8000
