"""The wheel that `uv tool install` and `pipx` install: all of the package is in it, and it runs from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from framecue._version import __version__

ROOT = Path(__file__).parents[1]


def call(*command: object, **environment: str) -> str:
    """Run a program outside the repository and without PYTHONPATH; gives what it prints."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    words = [str(word) for word in command]
    done = subprocess.run(words, env={**variables, **environment}, cwd=Path(sys.prefix), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the files without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", folder)
    call(sys.executable, "-m", "pip", "wheel", source, *options)
    (wheel,) = folder.glob("framecue-*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and everything else from this one; gives the folder of its programs."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    call(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    options = ("--no-deps", "--no-index", "--quiet", "--no-compile", "--disable-pip-version-check")
    call(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel)
    packages = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # After its own folder, so that framecue comes from the wheel.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    package = ROOT / "src" / "framecue"
    here = {f"framecue/{file.relative_to(package).as_posix()}" for file in package.rglob("*") if file.is_file()}
    here = {name for name in here if "__pycache__" not in name}
    with zipfile.ZipFile(wheel) as opened:
        there = {name for name in opened.namelist() if not name.startswith("framecue-")}
        metadata = opened.read(f"framecue-{__version__}.dist-info/METADATA").decode()
    assert there == here
    recipe = "assets/recipes/msr-vtt-9k/prompt-switch.yaml"
    for name in ("py.typed", "__init__.pyi", "library/__init__.pyi", "assets/moji-clip/model.safetensors", recipe):
        assert f"framecue/{name}" in there
    assert "License-Expression: Apache-2.0" in metadata


def test_the_program_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = installed / "framecue"
    assert call(program, "--version") == f"framecue {__version__}\n"
    assert "index" in call(program, "--help")
    where = call(installed / "python", "-c", "import framecue; print(framecue.__file__)").strip()
    assert Path(where).is_relative_to(installed.parent)
    script = "from framecue.assets import bundled_names as names; print(names('model'), names('adapter'))"
    assert call(installed / "python", "-c", script) == "['moji-clip'] ['moji-prompt-switch', 'moji-vop-fc']\n"


def test_the_docs_name_the_install_lines() -> None:
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for line in ("uv tool install framecue", "pipx install framecue"):
        assert line in text
