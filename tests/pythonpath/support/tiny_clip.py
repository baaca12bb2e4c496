"""A CLIP small enough to be trained in a second."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from framecue.datasets.moji_motion.tokenizer import train_tokenizer

__all__ = ["IMAGE_SIZE", "tiny_clip"]

IMAGE_SIZE = 16


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random CLIP: 16 pixels, 2 layers of width 32."""
    folder = tmp_path_factory.mktemp("tiny-clip")
    size = train_tokenizer(folder, context_length=24)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": size, "max_position_embeddings": 24, "bos_token_id": size - 2, "eos_token_id": size - 1}
    config = CLIPConfig(
        text_config={**tower, **text, "pad_token_id": size - 1},
        vision_config={**tower, "image_size": IMAGE_SIZE, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    return folder
