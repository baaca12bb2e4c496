from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from framecue.errors import InputError
from framecue.service.http import leaving
from framecue.service.http.leaving import CLIENT_LEFT, unless_left


class Asking:
    """A request of a client who may have left."""

    def __init__(self, *, has_left: bool) -> None:
        self._has_left = has_left

    async def is_disconnected(self) -> bool:
        return self._has_left


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_LOOK_SECONDS", 0.001)


def run(request: Any, seconds: float, *, fails: bool = False) -> tuple[object, list[str]]:
    told: list[str] = []

    async def answer() -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise
        if fails:
            raise InputError("no")
        return "answer"

    return asyncio.run(unless_left(request, answer())), told


def test_whoever_waits_gets_the_answer() -> None:
    assert run(Asking(has_left=False), 0.01) == ("answer", [])
    # It was there before anybody looked.
    assert run(Asking(has_left=True), 0.0) == ("answer", [])
    with pytest.raises(InputError):
        run(Asking(has_left=False), 0.0, fails=True)


def test_who_has_left_is_worked_for_no_more() -> None:
    answer, told = run(Asking(has_left=True), 60.0)
    assert isinstance(answer, Response)
    assert (answer.status_code, told) == (CLIENT_LEFT, ["cancelled"])
