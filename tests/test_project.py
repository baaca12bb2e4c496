"""The project's own files agree with each other: versions, dependencies, make targets, licence, and what is tracked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import framecue

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MAX_BYTES = 1_000_000

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in pinned}


def declared():
    extras = PROJECT["optional-dependencies"]
    requirements = [Requirement(line) for lines in (PROJECT["dependencies"], *extras.values()) for line in lines]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def make(*arguments):
    # Without the variables of a make that runs these tests.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def tracked_files():
    """Return what is committed or would be: everything that git does not ignore."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert files
    return files


def test_the_version_is_the_same_everywhere():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\] - (unreleased|\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert newest is not None
    assert PROJECT["version"] == framecue.__version__ == newest[1]


def test_every_declared_dependency_is_pinned_within_its_range():
    pinned = constraints()
    for requirement in declared():
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"constraints.txt does not pin {requirement.name}"
        (specifier,) = pin.specifier
        assert requirement.specifier.contains(specifier.version), f"{pin} is outside {requirement}"


def test_constraints_pin_one_public_version_each():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(pins) == len(constraints())
    for line in pins:
        # No wildcard, no local version (`+cpu`), no path, no editable install.
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; python_version >= \"3\.\d+\")?", line), line


def test_pytorch_is_installed_first_and_as_pinned():
    recipe = re.findall(r" -m pip install (.+?) -qq", MAKEFILE)
    assert recipe == [str(constraints()["torch"]), "-c constraints.txt -e '.[dev]'"]


@needs_make
def test_make_alone_lists_exactly_the_targets_that_exist():
    listed = re.findall(r"^make (\S+)  +\S", make().stdout, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert sorted(listed) == sorted(set(phony[1].split()) - {"help"})
    for target in listed:
        result = make("--dry-run", target)
        assert result.returncode == 0, f"make {target}: {result.stderr}"


@needs_make
@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("no-such-python", "no-such-python: not found; install Python 3.10 or newer"),
        ("old", "framecue needs Python 3.10 or newer"),
        ("bare", "its venv module is missing (Debian, Ubuntu: apt install python3-venv)"),
    ],
)
def test_a_python_that_cannot_be_used_gets_one_clear_line(tmp_path, python, expected):
    (tmp_path / "old").write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    # Answers the version check and nothing else, as a Python without venv does.
    (tmp_path / "bare").write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 0;; *) exit 1;; esac\n')
    for script in ("old", "bare"):
        (tmp_path / script).chmod(0o755)
    interpreter = python if python.startswith("no-") else str(tmp_path / python)
    result = make("install", f"PYTHON={interpreter}", f"VENV={tmp_path / 'venv'}")
    assert result.returncode != 0
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "venv").exists()


def test_continuous_integration_runs_the_test_command_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^make test\b", script.read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert text.split("\n")[1].strip() == "Apache License"
    assert "END OF TERMS AND CONDITIONS" in text


def test_no_tracked_file_is_large_outside_the_shipped_models():
    assets = ROOT / "src" / "framecue" / "assets"
    large = [file for file in tracked_files() if file.stat().st_size > MAX_BYTES and assets not in file.parents]
    assert large == []


def test_no_tracked_file_names_a_place_on_one_machine():
    # Home folders and work folders. The names are apart from the slashes here so that this file is clean itself.
    places = "|".join(["home", "root", "Users", "work"])
    pattern = re.compile(rf"(?<![\w.])/(?:{places})/\w")
    found = []
    for file in tracked_files():
        content = file.read_bytes()
        if b"\0" in content:  # not text
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
