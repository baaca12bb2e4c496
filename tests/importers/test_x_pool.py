"""Released X-Pool checkpoints; the numbers are those of tests/methods/x_pool_reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from framecue import load_model
from framecue.errors import InputError, ModelError, NotOfflineError
from framecue.importers import import_checkpoint
from framecue.model import VideoTextModel

UNIT = 3e-6
Save = Callable[..., Path]


@torch.no_grad()
def check(model: VideoTextModel, expected: dict[str, Tensor]) -> None:
    assert model.method_name == "x-pool"
    sims = model.similarity(expected["text_embeds"], expected["frame_embeds"])
    torch.testing.assert_close(sims, expected["sims"], rtol=0, atol=UNIT)


def test_the_block_alone_goes_on_a_stand_in(
    x_pool_weights: dict[str, Tensor], x_pool_numbers: dict[str, Tensor], save: Save, tmp_path: Path
) -> None:
    made = import_checkpoint(save(x_pool_weights), format="x-pool", output=tmp_path / "made")
    assert any("a stand-in of width 32 with random weights" in note for note in made.notes)
    model = load_model(made.backbone, adapter=made.adapter, device="cpu")
    check(model, x_pool_numbers)
    assert not model.offline
    with pytest.raises(NotOfflineError):
        model.encode_frames(torch.zeros(1, 12, 3, 32, 32))
    # Nobody can take it for a model: without a tokenizer it encodes no text.
    assert not made.has_tokenizer
    with pytest.raises(ModelError, match="has no tokenizer"):
        model.encode_text("a dog")


def test_the_parity_fixtures(shared: Path, x_pool_numbers: dict[str, Tensor], tmp_path: Path) -> None:
    for suffix in ("pth", "safetensors"):
        file = shared / "xpool" / f"xpool_1head.{suffix}"
        config = shared / "xpool" / "xpool_1head.json"
        made = import_checkpoint(file, format="x-pool", output=tmp_path / suffix, config=config)
        check(load_model(made.backbone, adapter=made.adapter, device="cpu"), x_pool_numbers)


def test_with_a_clip_in_openais_format(
    x_pool_weights: dict[str, Tensor],
    x_pool_numbers: dict[str, Tensor],
    vop_weights: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    clip = {name: tensor for name, tensor in vop_weights.items() if name.startswith("clip.")}
    file = save({**clip, **x_pool_weights})
    made = import_checkpoint(file, format="x-pool", output=tmp_path / "made")
    model = load_model(made.backbone, adapter=made.adapter, device="cpu")
    check(model, x_pool_numbers)
    assert torch.equal(model.backbone.vision.projection.weight.T, clip["clip.visual.proj"])
    with pytest.raises(InputError, match="the file has its own CLIP; leave out the model"):
        import_checkpoint(file, format="x-pool", output=tmp_path / "other", model="moji-clip")


def test_with_a_clip_in_transformers_format(
    x_pool_weights: dict[str, Tensor],
    prompt_switch: Path,
    prompt_switch_weights: dict[str, Tensor],
    prompt_switch_numbers: dict[str, Tensor],
    save: Save,
    write_json: Callable[[object], Path],
    tmp_path: Path,
) -> None:
    new = ("prompt_embedding", "vision_model.attn.", "caption_")
    clip = {name: t for name, t in prompt_switch_weights.items() if not any(word in name for word in new)}
    wider = {name: torch.eye(48) if t.ndim == 2 else torch.zeros(48) for name, t in x_pool_weights.items()}
    given = json.loads((prompt_switch / "config.json").read_text()) | {"num_mha_heads": 4, "num_frames": 6}
    made = import_checkpoint(
        save({**clip, **wider}), format="x-pool", output=tmp_path / "made", config=write_json(given)
    )
    model = load_model(made.backbone, adapter=made.adapter, device="cpu")
    assert (model.method.config.num_heads, model.sampling.num_frames) == (4, 6)
    with torch.no_grad():
        text = model.text_features(prompt_switch_numbers["input_ids"])
    torch.testing.assert_close(text, prompt_switch_numbers["f4/text_features_raw"], rtol=0, atol=2e-5)


def test_on_a_named_backbone(x_pool_weights: dict[str, Tensor], clip_folder: Path, save: Save, tmp_path: Path) -> None:
    block = {name: torch.eye(24) if t.ndim == 2 else torch.zeros(24) for name, t in x_pool_weights.items()}
    made = import_checkpoint(save(block), format="x-pool", output=tmp_path / "made", model=clip_folder)
    model, plain = load_model(made.backbone, adapter=made.adapter, device="cpu"), load_model(clip_folder, device="cpu")
    assert torch.equal(model.encode_text("a red car"), plain.encode_text("a red car"))
    assert made.has_tokenizer
    assert made.notes == []
    with pytest.raises(
        ModelError, match=r"pool_frames\.\S+ has shape \(32(, 32)?,?\), expected \(24.*with this backbone"
    ):
        import_checkpoint(save(x_pool_weights, "32.pth"), format="x-pool", output=tmp_path / "other", model=clip_folder)


@pytest.mark.parametrize(
    ("gone", "more", "message"),
    [
        ("pool_frames.linear_proj.bias", {}, r"missing .*pool_frames\.linear_proj\.bias"),
        ("pool_frames.layer_norm1.weight", {}, r"missing pool_frames\.layer_norm1\.weight"),
        (None, {"pool_frames.gate": torch.zeros(1)}, r"unexpected pool_frames\.gate"),
        (None, {"head.weight": torch.zeros(1)}, r"unexpected head\.weight"),
        (None, {"clip.visual.conv1.weight": torch.zeros(1)}, r"missing clip\.ln_final\.bias"),
    ],
)
def test_missing_and_unexpected_keys_are_named(
    gone: str | None,
    more: dict[str, Tensor],
    message: str,
    x_pool_weights: dict[str, Tensor],
    save: Save,
    tmp_path: Path,
) -> None:
    weights = {name: tensor for name, tensor in x_pool_weights.items() if name != gone} | more
    with pytest.raises(ModelError, match=message):
        import_checkpoint(save(weights), format="x-pool", output=tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_heads_that_do_not_divide(
    x_pool_weights: dict[str, Tensor], save: Save, write_json: Callable[[object], Path], tmp_path: Path
) -> None:
    file = save(x_pool_weights)
    for heads, message in (
        (5, r"num_heads must divide the embedding's width \(32\), got 5"),
        ("2", "num_mha_heads must"),
    ):
        config = write_json({"num_mha_heads": heads})
        with pytest.raises(InputError, match=message):
            import_checkpoint(file, format="x-pool", output=tmp_path / "made", config=config)
