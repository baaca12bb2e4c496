"""How a server is to be run, and what it may be asked by whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

from framecue.errors import InputError

__all__ = ["LEAST_TOKEN", "LogLevel", "ServeOptions", "is_this_machine"]

LEAST_TOKEN = 16
"""How many characters a token has at least: what is shorter can be guessed."""

LogLevel = Literal["problems", "requests", "queries"]
"""What is logged: what goes wrong; also each request, without what it looks for; also that."""

_MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How a server is to be run.

    Args:
        host: the address to listen at.
        port: the port to listen at; 0 for any that is free.
        token: what a request has to bring; None for none, which is for this machine alone.
        is_open: whether anybody who reaches another address may ask without a token.
        allowed_hosts: names by which the server may be asked, besides addresses and those of this machine.
        upload_bytes: how large a picture or a video to search with may be.
        body_bytes: how large any other request may be.
        answer_seconds: how long an answer may take from when the request is there.
        max_requests: how many requests are answered at once; more are told to come again.
        max_uploads: how many uploads are received at once.
        max_streams: how many videos and clips are sent at once.
        log: what is logged.
        allow_teach: whether requests may teach the libraries names, and change them; all else only reads.
        teach_seconds: how long the answer to that may take, waiting included.

    Raises:
        InputError: the token is too short, or another address than this machine's is to be open without a word.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    is_open: bool = False
    allowed_hosts: tuple[str, ...] = ()
    upload_bytes: int = 200 * _MEGABYTE
    body_bytes: int = 1 * _MEGABYTE
    answer_seconds: float = 60.0
    max_requests: int = 64
    max_uploads: int = 16
    max_streams: int = 128
    log: LogLevel = "problems"
    allow_teach: bool = False
    teach_seconds: float = 300.0

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise InputError(
                f"the token has {len(self.token)} characters; give at least {LEAST_TOKEN}, such as the output of "
                "`openssl rand -hex 16`"
            )
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise InputError("the token holds other characters than ASCII letters, digits and signs; give one of those")
        if self.token is None and not self.is_open and not is_this_machine(self.host):
            raise InputError(
                f"{self.host} can be reached from other machines; give a --token that requests have to bring, or "
                "--no-token to let in everybody"
            )

    @property
    def is_local(self) -> bool:
        """Whether it listens to this machine alone."""
        return is_this_machine(self.host)


def is_this_machine(host: str) -> bool:
    """Whether an address or name can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
