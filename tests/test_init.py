"""The package's face: a handful of names, and an import that costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import framecue

FACES = [
    "framecue",
    "framecue.backbone",
    "framecue.methods",
    "framecue.model",
    "framecue.checkpoint",
    "framecue.errors",
]
HEAVY = {"torch", "transformers", "numpy", "lancedb", "pyarrow", "av", "pydantic", "huggingface_hub"}


def test_the_names() -> None:
    assert framecue.__all__ == [
        "Filters",
        "FramecueError",
        "Hit",
        "InOrder",
        "Library",
        "Query",
        "VideoMoment",
        "VideoTextModel",
        "__version__",
        "load_model",
    ]
    assert dir(framecue) == framecue.__all__


@pytest.mark.parametrize("face", FACES)
def test_all_is_true_and_has_no_doubles(face: str) -> None:
    module = import_module(face)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("face", ["framecue", "framecue.errors"])
def test_all_is_sorted(face: str) -> None:
    names = import_module(face).__all__
    assert names == sorted(names)


def test_each_name_is_the_one_of_its_home() -> None:
    from framecue.errors import FramecueError
    from framecue.library import Filters, Hit, Library, Query, VideoMoment
    from framecue.model import VideoTextModel, load_model

    assert framecue.FramecueError is FramecueError
    assert framecue.Filters is Filters
    assert framecue.Hit is Hit
    assert framecue.Library is Library
    assert framecue.Query is Query
    assert framecue.VideoMoment is VideoMoment
    assert framecue.VideoTextModel is VideoTextModel
    assert framecue.load_model is load_model


def test_another_name_is_an_ordinary_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"framecue.*load_modle"):
        framecue.load_modle  # noqa: B018
    assert not hasattr(framecue, "__wrapped__")


def test_importing_it_imports_nothing_heavy_and_changes_nothing_global() -> None:
    script = (
        "import logging, os, sys, warnings\n"
        "before = dict(os.environ), list(warnings.filters), list(logging.getLogger().handlers)\n"
        "import framecue, framecue.errors\n"
        "assert (dict(os.environ), list(warnings.filters), list(logging.getLogger().handlers)) == before\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
    assert done.stderr == ""
