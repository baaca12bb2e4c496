"""Packages beside framecue, as they are installed: a folder on the path with a `dist-info`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import InputError, UnknownNameError
from framecue.plugins import Registry

GROUP = "framecue.encoders"
Install = Callable[..., Path]


def why_not(name: str, found: Any) -> str | None:
    return None if callable(found) else "it cannot be called"


@pytest.fixture
def encoders() -> Registry[Any]:
    """A registry as that of encoders is: what makes one, by name."""
    return Registry("encoder", GROUP, {"own": dict}, why_not)


def message(registry: Registry[Any], name: str) -> str:
    with pytest.raises(InputError) as caught:
        registry.get(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_packages_there_are_the_built_in_ones(encoders: Registry[Any]) -> None:
    assert encoders.names() == ["own"]
    assert encoders.get("own") is dict
    assert encoders.load_all() == ({"own": dict}, {})
    with pytest.raises(UnknownNameError, match=r"^unknown encoder 'owl'; known: own$"):
        encoders.get("owl")


def test_a_packages_name_is_one_of_them(encoders: Registry[Any], install: Install) -> None:
    install("acme", {GROUP: {"fast": "acme:make"}, "framecue.methods": {"other": "acme:no"}}, "def make(): return 7\n")
    assert encoders.names() == ["own", "fast"]
    assert encoders.get("fast")() == 7
    assert [*encoders.load_all()[0]] == ["own", "fast"]
    assert message(encoders, "fats") == "unknown encoder 'fats'; known: fast, own"


def test_a_package_is_imported_when_its_name_is_used_and_not_before(encoders: Registry[Any], install: Install) -> None:
    install("acme", {GROUP: {"fast": "acme:make"}}, "make = print\n")
    assert "fast" in encoders.names()
    encoders.get("own")
    assert "acme" not in sys.modules
    encoders.get("fast")
    assert "acme" in sys.modules


def test_what_is_added_to_the_built_in_ones_counts(encoders: Registry[Any]) -> None:
    built_in: dict[str, Any] = {}
    registry = Registry("encoder", GROUP, built_in)
    built_in["mine"] = list
    assert registry.get("mine") is list


def test_a_name_that_stands_twice_is_an_error_that_names_both(encoders: Registry[Any], install: Install) -> None:
    install("acme", {GROUP: {"own": "acme:make", "fast": "acme:make"}}, "make = print\n")
    install("zeta", {GROUP: {"fast": "zeta:make", "slow": "zeta:make"}}, "make = print\n")
    assert message(encoders, "own").startswith(
        "the encoder 'own' stands twice: in framecue itself and in package acme;"
    )
    said = message(encoders, "fast")
    assert said.startswith("the encoder 'fast' stands twice: in package ")
    assert "package acme" in said
    assert "package zeta" in said
    # The others are as they were.
    assert encoders.get("slow") is print
    found, failed = encoders.load_all()
    assert list(found) == ["slow"]
    assert list(failed) == ["own", "fast"]


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        (None, "acme:make", "cannot be loaded (ModuleNotFoundError: No module named 'acme')"),
        ("import no_such_module\n", "acme:make", "cannot be loaded (ModuleNotFoundError: "),
        ("raise RuntimeError('two\\nlines')\n", "acme:make", "cannot be loaded (RuntimeError: two lines)"),
        ("1 +\n", "acme:make", "cannot be loaded (SyntaxError: "),
        ("", "acme:make", "cannot be loaded (AttributeError: "),
        ("", "no target at all", "cannot be loaded ("),
        ("make = 3\n", "acme:make", "cannot be used: it cannot be called; mend or uninstall the package"),
    ],
)
def test_a_broken_package_is_named_and_the_others_are_listed(
    encoders: Registry[Any], install: Install, source: str | None, target: str, says: str
) -> None:
    install("acme", {GROUP: {"fast": target}}, source)
    assert encoders.get("own") is dict
    said = message(encoders, "fast")
    assert said.startswith(f"encoder 'fast' of package acme ({target}) ")
    assert says in said
    assert encoders.load_all() == ({"own": dict}, {"fast": said})


def test_a_package_that_does_not_say_its_name_is_named_by_its_module(encoders: Registry[Any], install: Install) -> None:
    site = install("acme", {GROUP: {"fast": "acme.deep:make"}}, None)
    (site / "acme-1.0.dist-info" / "METADATA").unlink()
    assert message(encoders, "fast").startswith("encoder 'fast' of package acme (acme.deep:make) cannot be loaded")


def test_help_reads_no_entry_points() -> None:
    program = (
        "import sys; from framecue.cli.main import main; main(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('importlib.metadata', 'framecue.plugins', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0
