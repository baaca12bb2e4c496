"""Adapter folders: what goes in comes out, to the bit, and what is wrong with one is said in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from framecue import assets, checkpoint
from framecue.backbone import Backbone
from framecue.checkpoint import (
    AdapterConfig,
    adapter_folder,
    adapter_hash,
    load_adapter,
    read_adapter_config,
    save_adapter,
)
from framecue.errors import AdapterError, InputError
from framecue.methods import Method, build_method
from framecue.model import VideoTextModel

OPTIONS = {"num_prompts": 2, "num_frames": 2, "num_test_frames": 4, "captioner_layers": 1}
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def train(backbone: Backbone, method: Method) -> None:
    """Change everything that is to be trained, and nothing else."""
    torch.manual_seed(5)
    for parameter in [*backbone.parameters(), *method.parameters()]:
        if parameter.requires_grad:
            with torch.no_grad():
                parameter.add_(0.05 * torch.randn_like(parameter))


@pytest.fixture(scope="module")
def trained(
    make_backbone: Callable[..., Backbone], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, VideoTextModel]:
    """A trained model and its adapter folder."""
    backbone, folder = make_backbone(), tmp_path_factory.mktemp("runs") / "adapter"
    method = build_method("prompt-switch", OPTIONS, backbone)
    method.freeze(backbone)
    train(backbone, method)
    save_adapter(
        folder, backbone=backbone, method=method, method_name="prompt-switch", version="1.2.3", scores={"R@1": 61.5}
    )
    return folder, VideoTextModel(backbone, method.eval(), method_name="prompt-switch")


@pytest.fixture
def folder(trained: tuple[Path, VideoTextModel], tmp_path: Path) -> Path:
    """An adapter folder of one's own, to break."""
    return shutil.copytree(trained[0], tmp_path / "adapter")


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))


def change_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def refused(folder: Path, backbone: Backbone, *parts: str) -> str:
    """The message of the one error there is, after a check that the backbone is as it was."""
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    with pytest.raises(AdapterError) as info:
        load_adapter(folder, backbone)
    message = str(info.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    assert all(torch.equal(tensor, before[name]) for name, tensor in backbone.state_dict().items())
    return message


def test_outputs_are_the_same_to_the_bit(trained: tuple[Path, VideoTextModel], make_backbone) -> None:
    folder, expected = trained
    backbone = make_backbone()
    method, config = load_adapter(folder, backbone)
    model = VideoTextModel(backbone, method.eval())
    pixels = torch.randn(2, 4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.encode_frames(pixels), expected.encode_frames(pixels))
    assert torch.equal(model.encode_text(["a red car", "dog"]), expected.encode_text(["a red car", "dog"]))
    assert model.caption_frames(pixels) == expected.caption_frames(pixels)
    assert torch.equal(backbone.logit_scale, expected.backbone.logit_scale)
    assert config == AdapterConfig(
        method="prompt-switch",
        options={
            **{"num_frames": 2, "num_test_frames": 4, "num_prompts": 2, "prompts_per_frame": None, "switch_every": 1},
            **{"aggregation": "group", "frames_per_group": None, "captioner": True, "captioner_layers": 1},
            **{"caption_loss_weight": 0.5, "frequent_word_weight": 0.25},
        },
        backbone="tiny",
        revision=backbone.revision,
        framecue_version="1.2.3",
        scores={"R@1": 61.5},
    )
    assert read_adapter_config(folder) == config


def test_saving_what_was_loaded_gives_the_same_files(
    trained: tuple[Path, VideoTextModel], make_backbone, tmp_path
) -> None:
    folder, _ = trained
    backbone = make_backbone()
    method, config = load_adapter(folder, backbone)
    save_adapter(
        tmp_path / "again",
        backbone=backbone,
        method=method,
        method_name=config.method,
        version=config.framecue_version,
        scores=config.scores,
    )
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == [CONFIG, WEIGHTS]  # nothing partial is left
    for name in (CONFIG, WEIGHTS):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert adapter_hash(tmp_path / "again") == adapter_hash(folder)


class FrozenBackbone(Method):
    """A method that trains one parameter of its own and one of the backbone's."""

    def __init__(self, config: Any, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.prompts = torch.nn.Parameter(torch.zeros(3))

    def freeze(self, backbone: Backbone) -> None:
        backbone.requires_grad_(False)
        backbone.logit_scale.requires_grad_(True)


def test_only_what_was_trained_is_saved_and_replaced(
    make_backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(checkpoint.build_method.__globals__["METHODS"], "frozen", FrozenBackbone)
    backbone = make_backbone()
    method = build_method("frozen", {}, backbone)
    method.freeze(backbone)
    train(backbone, method)
    save_adapter(tmp_path, backbone=backbone, method=method, method_name="frozen", version="0")
    saved = load_file(tmp_path / WEIGHTS)
    assert saved.keys() == {"backbone.model.logit_scale", "method.prompts"}
    fresh = make_backbone()
    loaded, _ = load_adapter(tmp_path, fresh)
    assert torch.equal(loaded.prompts, method.prompts)
    assert torch.equal(fresh.logit_scale, backbone.logit_scale)
    assert [name for name, parameter in fresh.named_parameters() if parameter.requires_grad] == ["model.logit_scale"]


def test_everything_trained_is_saved_under_its_own_name(trained: tuple[Path, VideoTextModel]) -> None:
    folder, model = trained
    saved = load_file(folder / WEIGHTS)
    assert saved.keys() == {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        assert torch.equal(saved[name], parameter)


def test_the_hash_is_of_both_files(folder: Path) -> None:
    first = adapter_hash(folder)
    assert adapter_hash(folder) == first
    change_weights(folder, lambda tensors: tensors["method.prompt_cube"][0, 0, 0].add_(1e-4))
    second = adapter_hash(folder)
    change_config(folder, scores={})
    assert len({first, second, adapter_hash(folder)}) == 3


def test_weights_fit_a_model_in_another_type(folder: Path, make_backbone) -> None:
    backbone = make_backbone(dtype=torch.bfloat16)
    backbone.revision = read_adapter_config(folder).revision
    method, _ = load_adapter(folder, backbone)
    saved = load_file(folder / WEIGHTS)
    assert torch.equal(method.prompt_cube, saved["method.prompt_cube"].bfloat16())


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file(folder: Path, backbone: Backbone, name: str) -> None:
    (folder / name).unlink()
    refused(folder, backbone, f"{folder}: not an adapter folder, it has no {name}")


def test_a_missing_folder_and_an_unknown_name(backbone: Backbone, tmp_path: Path) -> None:
    for name in (tmp_path / "missing", "moji-prompt-swich", "", "~nobody-here/adapter"):
        refused(name, backbone, "no such adapter folder; give a folder or one of the bundled ones: ")
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file", backbone, "no such adapter folder")


def test_a_bundled_name_wherever_one_stands(folder: Path, tmp_path: Path, backbone, monkeypatch) -> None:
    shutil.copytree(folder, tmp_path / "assets" / "tiny-adapter")
    monkeypatch.setattr(assets, "ASSETS", tmp_path / "assets")
    (tmp_path / "here" / "tiny-adapter").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert adapter_folder("tiny-adapter") == tmp_path / "assets" / "tiny-adapter"
    assert adapter_hash("tiny-adapter") == adapter_hash(folder)
    assert load_adapter("tiny-adapter", backbone)[1].method == "prompt-switch"
    refused("./tiny-adapter", backbone, f"not an adapter folder, it has no {CONFIG}")
    refused("tiny-adaptor", backbone, "give a folder or one of the bundled ones: tiny-adapter")


@pytest.mark.parametrize("size", [0, 7, 100, 5000, -1])
def test_truncated_weights(folder: Path, backbone: Backbone, size: int) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:size])
    refused(folder, backbone, f"{folder / WEIGHTS}: cannot be read", "the file may be cut short")


def test_a_missing_tensor(folder: Path, backbone: Backbone) -> None:
    change_weights(folder, lambda tensors: tensors.pop("method.prompt_cube"))
    refused(folder, backbone, WEIGHTS, "does not hold this method's parameters: missing method.prompt_cube")


def test_an_unexpected_tensor(folder: Path, backbone: Backbone) -> None:
    change_weights(folder, lambda tensors: tensors.update({"method.extra": torch.zeros(2)}))
    refused(folder, backbone, "does not hold this method's parameters: unexpected method.extra")


def test_many_wrong_names_are_cut_short(folder: Path, backbone: Backbone) -> None:
    change_config(folder, options=json.loads((folder / CONFIG).read_text())["options"] | {"captioner": False})
    message = refused(folder, backbone, "unexpected method.captioner.")
    assert message.endswith(" ...")
    assert message.count("method.captioner.") == 5


def test_a_tensor_of_another_shape(folder: Path, backbone: Backbone) -> None:
    # The last in the order of loading, so that everything before it would have been replaced.
    change_weights(folder, lambda tensors: tensors.update({"method.captioner.head.bias": torch.zeros(7)}))
    refused(folder, backbone, "method.captioner.head.bias has shape (7,), expected (")


def test_an_adapter_of_another_backbone(folder: Path, make_backbone) -> None:
    other = make_backbone(seed=1)
    expected = read_adapter_config(folder).revision
    message = refused(folder, other, f"was trained on backbone tiny ({expected})", f"not on tiny ({other.revision})")
    assert message.endswith("give that backbone as the model")


def test_an_unknown_method(folder: Path, backbone: Backbone) -> None:
    change_config(folder, method="prompt-swich")
    refused(
        folder, backbone, f"{folder / CONFIG}: unknown method 'prompt-swich'; known: ", "mean-pool, ", "prompt-switch"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_prompt": 2}, "method prompt-switch has no option 'num_prompt'"),
        ({"num_prompts": "2"}, "num_prompts must be an integer, got '2'"),
        ({"num_prompts": 0}, "num_prompts must be at least 1, got 0"),
    ],
)
def test_wrong_options(folder: Path, backbone: Backbone, options: dict[str, Any], message: str) -> None:
    change_config(folder, options=options)
    refused(folder, backbone, f"{folder / CONFIG}: {message}")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"text"', "{}", '{"method": "mean-pool"}', '{"metod": 1}', b"\xff\xfe{"],
)
def test_malformed_configuration(folder: Path, backbone: Backbone, text: str | bytes) -> None:
    (folder / CONFIG).write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(folder, backbone, f"{folder / CONFIG}: cannot be read as an adapter's configuration (")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": [1]}, "options must be an object, got [1]"),
        ({"method": 3}, "method must be a string, got 3"),
        ({"revision": None}, "revision must be a string, got null"),
        ({"scores": "high"}, 'scores must be an object, got "high"'),
    ],
)
def test_configuration_of_another_type(folder: Path, backbone: Backbone, changes: dict[str, Any], message: str) -> None:
    change_config(folder, **changes)
    refused(folder, backbone, f"{folder / CONFIG}: {message}")


def test_a_failed_save_leaves_the_adapter_that_was_there(folder: Path, make_backbone, monkeypatch) -> None:
    before = adapter_hash(folder)
    backbone = make_backbone()
    method, config = load_adapter(folder, backbone)

    def disk_full(*args: object, **options: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_adapter(folder, backbone=backbone, method=method, method_name=config.method, version="2", overwrite=True)
    assert adapter_hash(folder) == before


def test_a_method_that_changes_modules_is_taken_off_when_its_tensors_do_not_fit(make_backbone, tmp_path: Path) -> None:
    source, target = make_backbone(), make_backbone()
    lora = build_method("lora", {}, source)
    lora.freeze(source)
    save_adapter(tmp_path, backbone=source, method=lora, method_name="lora", version="1.2.3")
    tensors = load_file(tmp_path / WEIGHTS)
    save_file(dict(list(tensors.items())[1:]), tmp_path / WEIGHTS)
    names = [name for name, _ in target.named_modules()]
    with pytest.raises(AdapterError, match="missing "):
        load_adapter(tmp_path, target)
    assert [name for name, _ in target.named_modules()] == names
    build_method("lora", {}, target)  # and can wear one again


def test_an_adapter_is_replaced_only_when_told(folder: Path, make_backbone) -> None:
    before = adapter_hash(folder)
    backbone = make_backbone()
    method, config = load_adapter(folder, backbone)
    with pytest.raises(InputError, match=r"adapter_model\.safetensors: exists already"):
        save_adapter(folder, backbone=backbone, method=method, method_name=config.method, version="2")
    assert adapter_hash(folder) == before
    save_adapter(folder, backbone=backbone, method=method, method_name=config.method, version="2", overwrite=True)
    assert sorted(file.name for file in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
