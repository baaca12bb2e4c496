"""The released checkpoints in small, from the numbers that the methods' own parity tests hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

REFERENCES = Path(__file__).parents[1] / "methods"
SHARED = Path(__file__).parents[3] / "shared" / "parity"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The original fixtures, where they are."""
    if not SHARED.is_dir():
        pytest.skip("the fixtures are not here")
    return SHARED


def numbers(path: Path) -> dict[str, Tensor]:
    with np.load(path) as file:
        return {name: torch.from_numpy(file[name]) for name in file}


@pytest.fixture(scope="session")
def prompt_switch() -> Path:
    """Prompt Switch's reference; its `config.json` and tokenizer are in the folder."""
    return REFERENCES / "prompt_switch_reference"


@pytest.fixture(scope="session")
def prompt_switch_weights(prompt_switch: Path) -> dict[str, Tensor]:
    """As the released code saves them: position ids too."""
    return {
        **load_file(prompt_switch / "vision.safetensors"),
        **load_file(prompt_switch / "text_and_captioner.safetensors"),
        "clip.vision_model.embeddings.position_ids": torch.arange(17)[None],
        "clip.text_model.embeddings.position_ids": torch.arange(20)[None],
    }


@pytest.fixture(scope="session")
def prompt_switch_numbers(prompt_switch: Path) -> dict[str, Tensor]:
    """Inputs and outputs."""
    return numbers(prompt_switch / "inputs_and_outputs.npz")


@pytest.fixture(scope="session")
def vop_numbers() -> dict[str, Tensor]:
    """Inputs and outputs."""
    return numbers(REFERENCES / "vop_reference" / "inputs_and_outputs.npz")


@pytest.fixture(scope="session")
def x_pool_weights() -> dict[str, Tensor]:
    """The pooling block alone."""
    return load_file(REFERENCES / "x_pool_reference" / "weights.safetensors")


@pytest.fixture(scope="session")
def x_pool_numbers() -> dict[str, Tensor]:
    """Inputs and outputs."""
    return numbers(REFERENCES / "x_pool_reference" / "inputs_and_outputs.npz")


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Writes a checkpoint: `.pth` as trainings do, with what else they keep, or `.safetensors`."""

    def save(tensors: Mapping[str, Tensor], name: str = "checkpoint.pth", **more: Any) -> Path:
        path = tmp_path / name
        if path.suffix == ".safetensors":
            save_file(dict(tensors), path)
        else:
            torch.save({"epoch": 4, "state_dict": dict(tensors), "optimizer": {"state": {}}, **more}, path)
        return path

    return save


@pytest.fixture
def write_json(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes a configuration."""

    def write(content: Any) -> Path:
        path = tmp_path / "given.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write
