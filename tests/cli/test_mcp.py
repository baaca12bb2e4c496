"""``framecue mcp``; how it talks is tested in tests/service/mcp and tests/suites/serving."""

from __future__ import annotations

import builtins
import json
from typing import Any

import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')


def test_what_an_assistant_that_may_teach_is_told_is_printed(run) -> None:
    names = [tool["name"] for tool in json.loads(run("mcp", "--allow-teach", "--json").out)["tools"]]
    assert names[-3:] == ["taught_names", "teach", "forget_name"]


def test_what_an_assistant_is_told_is_printed(run) -> None:
    result = run("mcp", "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    reading = ["search", "moments_of", "frames", "words_of", "info", "taught_names"]
    assert [tool["name"] for tool in document["tools"]] == reading


@pytest.mark.parametrize(
    "words", [("--host", "0.0.0.0"), ("--port", "0"), ("--no-token",), ("--allow-host", "films.example")]
)
def test_what_is_for_http_is_refused_without(run, words: tuple[str, ...]) -> None:
    result = run("mcp", *words)
    assert result.code == 2
    assert f"{words[0]} is for --http" in result.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host", "0.0.0.0"), "give a --token"),
        (("--token", "short"), "at least 16"),
        (("--host", "not an address", "--no-token"), "no address of this machine"),
    ],
)
def test_an_unsafe_or_impossible_address_is_refused(run, words: tuple[str, ...], told: str, tmp_path) -> None:
    result = run("mcp", "--http", "--port", "0", "--library", str(tmp_path / "a.lance"), *words)
    assert result.code == 1
    assert told in result.err
    assert result.err.count("Error:") == 1


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [("mcp_types", ("--json",), "framecue[mcp]"), ("uvicorn", ("--http",), "framecue[mcp,serve]")],
)
def test_without_the_extra_its_name_is_told(
    run, monkeypatch: pytest.MonkeyPatch, module: str, words: tuple[str, ...], extra: str
) -> None:
    import sys

    real = builtins.__import__

    def missing(name: str, *args: Any, **named: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **named)

    import framecue.service

    # They are imported anew, which puts them into their package; what was there comes back with the rest.
    for package in ("mcp", "http"):
        for name in [name for name in sys.modules if name.startswith(f"framecue.service.{package}")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(framecue.service, package, None, raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    result = run("mcp", *words)
    assert result.code == 1
    assert f"pip install '{extra}'" in result.err
    assert module in result.err
