"""Clients that go away before they are answered: nobody goes on working for them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

__all__ = ["CLIENT_LEFT", "unless_left"]

T = TypeVar("T")

CLIENT_LEFT = 499
"""The status of an answer that nobody gets, as other servers log it."""
_LOOK_SECONDS = 0.5


async def unless_left(request: Request, answer: Coroutine[Any, Any, T]) -> T | Response:
    """Return an answer; where the client goes away before it is there, cancel it, and return an empty response.

    Args:
        request: has been read to its end.
        answer: makes the answer.
    """
    task = asyncio.create_task(answer)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            if not task.done() and await request.is_disconnected():
                return Response(status_code=CLIENT_LEFT)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
