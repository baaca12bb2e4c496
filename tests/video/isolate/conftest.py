"""Decoding processes that start as they do for everybody: how they start and end is what is tested here."""

from __future__ import annotations

import subprocess

import pytest


@pytest.fixture(autouse=True)
def decoders_are_started(decoders_are_forked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.video.isolate.process.subprocess", subprocess)
