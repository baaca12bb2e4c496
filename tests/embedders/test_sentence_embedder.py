"""Embedding models of sentence-transformers: with a stand-in for it, and with a tiny Qwen3-VL where it is installed.

The stand-in is what an embedder asks of a `SentenceTransformer`: a vector of a video is its frames' mean colours.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from framecue.embedders import load_any_model
from framecue.embedders.sentence_embedder import SIDE, SentenceEmbedder
from framecue.errors import InputError, ModelError

COLOURS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}


class FakeSentenceTransformer(nn.Module):
    """A `SentenceTransformer` of colours; notes how it was loaded and what it was given."""

    loaded: ClassVar[list[dict[str, Any]]] = []
    given: ClassVar[list[dict[str, Any]]] = []
    modalities: ClassVar[list[str]] = ["text", "image", "video"]

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.loaded.append({"name": name, **options})

    def supports(self, modality: str) -> bool:
        return modality in self.modalities

    def get_embedding_dimension(self) -> int:
        return 3

    def encode_document(self, inputs: list[dict[str, Any]], **options: Any) -> Tensor:
        self.given.append(options)
        for each in inputs:
            video = each["video"]["array"]
            assert video.dtype == np.uint8
            assert each["video"]["video_metadata"]["total_num_frames"] == len(video) == 12
        return torch.stack([torch.from_numpy(each["video"]["array"]).float().mean(dim=(0, 2, 3)) for each in inputs])

    def encode_query(self, inputs: list[str], **options: Any) -> Tensor:
        return torch.tensor([COLOURS[text] for text in inputs]) * 7


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeSentenceTransformer]:
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = FakeSentenceTransformer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(FakeSentenceTransformer, "loaded", [])
    monkeypatch.setattr(FakeSentenceTransformer, "given", [])
    return FakeSentenceTransformer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As sentence-transformers lays one out."""
    made = tmp_path / "embedder"
    made.mkdir()
    (made / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "Transformer"}]))
    (made / "config.json").write_text(json.dumps({"model_type": "qwen3_vl"}))
    save_file({"weight": torch.arange(3.0)}, made / "model.safetensors")
    return made


def frames(colour: tuple[int, int, int], *, height: int = 30, width: int = 60) -> np.ndarray:
    return np.full((12, height, width, 3), colour, dtype=np.uint8)


def test_videos_and_texts_meet_in_one_space(fake: type[FakeSentenceTransformer], folder: Path) -> None:
    encoder = load_any_model(folder, device="cpu")
    assert isinstance(encoder, SentenceEmbedder)
    assert fake.loaded[0]["trust_remote_code"] is False
    assert fake.loaded[0]["model_kwargs"] == {"dtype": torch.float32, "use_safetensors": True}
    videos = encoder.embed_videos(np.stack([encoder.prepare(frames(colour)) for colour in ((200, 0, 0), (0, 0, 90))]))
    texts = encoder.embed_texts(["red", "green", "blue"])
    np.testing.assert_allclose(texts @ videos.T, [[1, 0], [0, 0], [0, 1]], atol=1e-6)
    # The frames are all that were chosen, so the processor may not choose among them.
    assert fake.given[0]["processing_kwargs"] == {"video": {"do_sample_frames": False}}
    each = encoder.embed_frames(encoder.prepare(np.concatenate([frames((9, 0, 0))[:1], frames((0, 9, 0))[:1]])))
    np.testing.assert_allclose(each, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_frames_keep_their_shape_in_a_black_square(fake: type[FakeSentenceTransformer], folder: Path) -> None:
    encoder = load_any_model(folder, device="cpu")
    for height, width in ((30, 60), (60, 30), (3, 3000)):
        square = encoder.prepare(frames((255, 255, 255), height=height, width=width))
        assert square.shape == (12, 3, SIDE, SIDE)
        rows, columns = (int((square[0, 0].max(axis=axis) > 0).sum()) for axis in (1, 0))
        assert max(rows, columns) == SIDE
        assert min(rows, columns) == max(1, round(SIDE * min(height, width) / max(height, width)))
    with pytest.raises(InputError, match=r"frames must be uint8 \(F, H, W, 3\)"):
        encoder.prepare(np.zeros((1, 2, 2, 3), dtype=np.float32))


def test_the_weights_hash_is_the_models_name(fake: type[FakeSentenceTransformer], folder: Path, tmp_path: Path) -> None:
    encoder = load_any_model(folder, device="cpu")
    fingerprint = encoder.fingerprint()
    assert fingerprint.encoder == fingerprint.method == "sentence-transformers"
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_any_model(moved, revision=fingerprint.revision).fingerprint().revision == fingerprint.revision
    again = encoder.spec().load()
    assert again.fingerprint().differences(fingerprint) == {}
    save_file({"weight": torch.arange(4.0)}, moved / "model.safetensors")
    with pytest.raises(ModelError, match="the folder's weights are"):
        load_any_model(moved, revision=fingerprint.revision)


def test_what_cannot_be_loaded_is_said(
    fake: type[FakeSentenceTransformer], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fake, "modalities", ["text", "image"])
        with pytest.raises(ModelError, match="a model for text, image takes no video; give an embedding model"):
            load_any_model(folder)

    def fails(self: object, name: str, **options: Any) -> None:
        raise ValueError("needs trust_remote_code\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(fake, "__init__", fails)
        with pytest.raises(
            ModelError, match=r"cannot be loaded by sentence-transformers: .*trust_remote_code.*not run"
        ):
            load_any_model(folder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelError, match=r"is loaded by sentence-transformers, .*pip install 'framecue\[embedders\]'"):
        load_any_model(folder)


@pytest.fixture(scope="module")
def qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen3-VL with random weights, as sentence-transformers saves one; its processor needs torchvision."""
    pytest.importorskip("sentence_transformers", reason="pip install 'framecue[embedders]' brings it")
    pytest.importorskip("torchvision", reason="the processor of videos needs it")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLModel,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    marks = ["vision_start", "vision_end", "image_pad", "video_pad", "im_start", "im_end", "endoftext"]
    special = {mark: f"<|{mark}|>" for mark in marks}
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(letters)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=special["im_end"],
        pad_token=special["endoftext"],
        additional_special_tokens=list(special.values())[:5],
    )
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}"
        "{% else %}{% for c in m['content'] %}{% if c['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
        "{% elif c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c['text'] }}{% endif %}"
        "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    )
    ids = {mark: tokenizer.convert_tokens_to_ids(token) for mark, token in special.items()}
    config = Qwen3VLConfig(
        text_config={
            **{"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2},
            **{"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 8192},
            "rope_parameters": {
                **{"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1], "mrope_interleaved": True}
            },
        },
        vision_config={
            **{"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 4, "patch_size": 16},
            **{"temporal_patch_size": 2, "spatial_merge_size": 2, "out_hidden_size": 32, "num_position_embeddings": 64},
            "deepstack_visual_indexes": [0],
        },
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=ids["vision_end"],
    )
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(patch_size=16, merge_size=2),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(cap_pixels_per_frame=True),
        chat_template=template,
    )
    folder = tmp_path_factory.mktemp("qwen")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Qwen3VLModel(config).save_pretrained(folder / "plain")
    processor.save_pretrained(folder / "plain")
    modules = [Transformer(str(folder / "plain")), Pooling(32, pooling_mode="lasttoken"), Normalize()]
    SentenceTransformer(modules=modules).save(str(folder / "embedder"))
    return folder / "embedder"


@pytest.mark.filterwarnings("default")
def test_a_tiny_qwen3_vl_embeds_videos_and_texts(qwen_folder: Path) -> None:
    encoder = load_any_model(qwen_folder, device="cpu")
    assert isinstance(encoder, SentenceEmbedder)
    assert encoder.embedding_dim == 32
    noise: Callable[..., np.ndarray] = np.random.default_rng(0).integers
    pixels = np.stack([encoder.prepare(noise(0, 256, (12, 40, 60, 3), dtype=np.uint8)) for _ in range(2)])
    videos, texts = encoder.embed_videos(pixels), encoder.embed_texts(["a red car", "the cat falls"])
    assert videos.shape == texts.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([videos, texts]), axis=1), 1, atol=1e-5)
    # All frames are seen, the last as well as the first.
    for index in (0, 11):
        other = pixels[:1].copy()
        other[0, index] = 0
        assert np.abs(encoder.embed_videos(other) - videos[:1]).max() > 1e-5
    np.testing.assert_allclose(encoder.embed_videos(pixels[1:]), videos[1:], rtol=0, atol=1e-4)
