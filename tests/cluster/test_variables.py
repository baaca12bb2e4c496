from __future__ import annotations

import os

import pytest

from framecue.cluster.variables import store_variables, take_variables


def test_nodes_are_told_of_stores_and_of_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HF_TOKEN", "secret")
    found = store_variables()
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert all(name.startswith(("AWS_", "AZURE_", "GOOGLE_", "FRAMECUE_SPOOL")) for name in found)


def test_what_a_process_has_itself_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "here")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    take_variables(None)
    take_variables({"AWS_REGION": "there", "AWS_PROFILE": "mine"})
    assert (os.environ["AWS_REGION"], os.environ.pop("AWS_PROFILE")) == ("here", "mine")
