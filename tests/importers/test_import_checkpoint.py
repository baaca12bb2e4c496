"""What all formats share: telling them apart, unsafe and damaged files, tokenizers, the output folder."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from framecue import load_model
from framecue.errors import FramecueError, InputError, ModelError, UnknownNameError
from framecue.importers import IMPORTERS, import_checkpoint, writing

Save = Callable[..., Path]


@pytest.fixture
def clip(vop_weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("clip."): t for name, t in vop_weights.items() if name.startswith("clip.")}


@pytest.fixture
def file(clip: dict[str, Tensor], save: Save) -> Path:
    return save(clip)


def refused(file: Path, tmp_path: Path, *, format: str = "openai-clip", **options: object) -> str:
    """The message of an import that fails, having left nothing behind."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FramecueError) as info:
        import_checkpoint(file, format=format, output=tmp_path / "made", **options)
    assert sorted(tmp_path.rglob("*")) == before
    assert "\n" not in str(info.value)
    return str(info.value)


def test_a_clip_alone_gives_a_backbone_and_says_so(file: Path, clip: dict[str, Tensor], tmp_path: Path) -> None:
    made = import_checkpoint(file, format="openai-clip", output=tmp_path / "made")
    assert (made.adapter, made.method, made.has_tokenizer) == (None, None, False)
    assert any("a backbone and no adapter" in note for note in made.notes)
    assert any("no tokenizer" in note and "vocabulary of 300" in note for note in made.notes)
    names = {path.name for path in made.backbone.iterdir()}
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= names
    written = load_file(made.backbone / "model.safetensors")
    assert torch.equal(written["visual_projection.weight"], clip["visual.proj"].T)
    model = load_model(made.backbone, device="cpu")
    assert model.preprocess(torch.zeros(1, 100, 80, 3, dtype=torch.uint8)).shape == (1, 3, 64, 64)


def test_an_unknown_format(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as info:
        import_checkpoint(file, format="clip4clip", output=tmp_path / "made")
    assert info.value.known == sorted(IMPORTERS)


def test_each_format_is_told_from_the_others(
    file: Path,
    save: Save,
    prompt_switch_weights: dict[str, Tensor],
    vop_weights: dict[str, Tensor],
    x_pool_weights: dict[str, Tensor],
    tmp_path: Path,
) -> None:
    files = {
        "openai-clip": file,
        "prompt-switch": save(prompt_switch_weights, "ps.pth"),
        "modelscope-vop": save(vop_weights, "vop.pth"),
        # Two of its names that no other format has; its own test has a whole file.
        "pe-core": save({"visual.attn_pool.probe": torch.zeros(1), "visual.proj": torch.zeros(1)}, "pe.pth"),
        "x-pool": save({**x_pool_weights, **vop_weights}, "xp.pth"),
    }
    assert files.keys() == IMPORTERS.keys()
    for meant, path in files.items():
        for format in IMPORTERS.keys() - {meant}:
            message = refused(path, tmp_path, format=format)
            assert message == f"{path}: is no {format} checkpoint, it looks like {meant}; pass --format {meant}"


def test_files_of_no_format(save: Save, prompt_switch_weights: dict[str, Tensor], tmp_path: Path) -> None:
    other = save({f"layer.{index}": torch.zeros(1) for index in range(9)}, "other.pth")
    message = refused(other, tmp_path)
    assert "nor one of the other formats" in message
    assert message.endswith("it has: layer.0, layer.1, layer.2, layer.3, layer.4, ... (9 in all)")
    plain = save({n.removeprefix("clip."): t for n, t in prompt_switch_weights.items() if ".prompt" not in n}, "hf.pth")
    assert "is a CLIP in transformers' format" in refused(plain, tmp_path)


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)

    def __init__(self, path: Path) -> None:
        self.path = path


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_with_code_is_refused_and_does_not_run(new: bool, clip: dict[str, Tensor], tmp_path: Path) -> None:
    path, trace = tmp_path / "harmful.pth", tmp_path / "it-ran"
    torch.save({"state_dict": clip, "args": Harmful(trace)}, path, _use_new_zipfile_serialization=new)
    message = refused(path, tmp_path)
    assert "holds more than tensors (" in message
    assert "system" in message
    assert "write its tensors alone to a file once" in message
    assert not trace.exists()


def test_a_pickle_without_torch_is_refused_and_does_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "harmful.bin", tmp_path / "it-ran"
    path.write_bytes(pickle.dumps(Harmful(trace)))
    refused(path, tmp_path)
    assert not trace.exists()


def test_torchscript_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "ViT-B-32.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py", "version"):
            archive.writestr(f"ViT-B-32/{name}", b"")
    message = refused(path, tmp_path)
    assert "is a TorchScript archive (as OpenAI's own .pt files are)" in message
    assert "torch.save(torch.jit.load('ViT-B-32.pt', map_location='cpu').state_dict(), 'ViT-B-32.pth')" in message


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_is_cut_short(name: str, share: float, clip: dict[str, Tensor], save: Save, tmp_path: Path) -> None:
    path = save(clip, name)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message = refused(path, tmp_path)
    assert message.startswith(f"{path}: ")
    assert "cut short" in message or "damaged" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(1)], "holds a list, not a state dict"),
        (torch.zeros(1), "holds a Tensor, not a state dict"),
        ({"epoch": 3, "words": ["a"]}, "words is a list, not a tensor"),
        ({"state_dict": {}}, "holds no tensors"),
        ({"a": torch.zeros(1), "module.a": torch.zeros(1)}, "has a twice"),
    ],
)
def test_other_contents(content: object, message: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pth")
    assert message in refused(tmp_path / "other.pth", tmp_path)


def test_text_for_a_file_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    assert refused(path, tmp_path) == f"{path}: no such file"
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    refused(path, tmp_path)


def test_an_output_that_holds_something_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "notes.txt").write_text("mine")
    message = refused(tmp_path / "absent.pth", tmp_path)
    assert message == f"{tmp_path / 'made'}: holds something already; name a new or an empty folder as the output"
    assert (tmp_path / "made" / "notes.txt").read_text() == "mine"


def test_an_output_that_is_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "made").write_text("mine")
    assert "holds something already" in refused(file, tmp_path)


def test_an_empty_output_and_one_in_new_folders(file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for output in (tmp_path / "empty", tmp_path / "a" / "b"):
        made = import_checkpoint(file, format="openai-clip", output=output)
        assert [path.name for path in output.iterdir()] == ["backbone"]
        assert [path.name for path in output.parent.iterdir() if path.name.startswith(".")] == []
        load_model(made.backbone, device="cpu")


def test_an_output_that_cannot_be_made(file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"cannot be written .*nothing was imported"):
        import_checkpoint(file, format="openai-clip", output=tmp_path / "file" / "made")


def test_a_failure_while_writing_leaves_nothing(
    vop_weights: dict[str, Tensor], save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "save_adapter", full)
    message = refused(save(vop_weights), tmp_path, format="modelscope-vop")
    assert message.endswith("made: cannot be written (No space left on device); nothing was imported")


def test_the_tokenizer_is_clips_own_where_the_vocabulary_is(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt_switch: Path
) -> None:
    asked: list[object] = []
    load = writing.load_tokenizer

    def from_hub(name: object) -> object:
        asked.append(name)
        return load(prompt_switch)

    monkeypatch.setattr(writing, "CLIP_VOCABULARY", 300)
    monkeypatch.setattr(writing, "load_tokenizer", from_hub)
    made = import_checkpoint(file, format="openai-clip", output=tmp_path / "made")
    assert asked == ["openai/clip-vit-base-patch32"]
    assert made.has_tokenizer
    assert load_model(made.backbone, device="cpu").encode_text("a man").shape == (1, 32)


def test_without_the_hub_the_import_succeeds_and_says_what_is_lacking(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt_switch: Path
) -> None:
    def unreachable(name: object) -> object:
        raise ModelError(f"{name}: the hub cannot be reached")

    monkeypatch.setattr(writing, "CLIP_VOCABULARY", 300)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "load_tokenizer", unreachable)
        made = import_checkpoint(file, format="openai-clip", output=tmp_path / "made")
    assert not made.has_tokenizer
    note = next(note for note in made.notes if "tokenizer" in note)
    assert "the hub cannot be reached" in note
    assert "--tokenizer FOLDER" in note
    assert "put its files into the backbone's folder" in note
    # The way out that the note names.
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        (made.backbone / name).write_bytes((prompt_switch / name).read_bytes())
    assert load_model(made.backbone, device="cpu").encode_text("a man").shape == (1, 32)


def test_a_tokenizer_of_bare_files(file: Path, tmp_path: Path, prompt_switch: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes((prompt_switch / name).read_bytes())
    made = import_checkpoint(file, format="openai-clip", output=tmp_path / "made", tokenizer=folder)
    tokenizer = load_model(made.backbone, device="cpu").backbone
    assert tokenizer.tokenize(["a man"])[0][0, [0, -1]].tolist() == [298, 299]


def test_tokenizers_that_do_not_fit(file: Path, tmp_path: Path, tokenizer_folder: Path) -> None:
    message = refused(file, tmp_path, tokenizer="moji-clip")
    assert message.startswith("moji-clip: ")
    assert "tokenizer" in message or "end of text" in message
    assert "its end of text is token" in refused(file, tmp_path, tokenizer=tokenizer_folder)
    (tmp_path / "none").mkdir()
    assert "the folder has no tokenizer" in refused(file, tmp_path, tokenizer=tmp_path / "none")


@pytest.mark.parametrize("content", ["[1]", "{", "\x00"])
def test_a_configuration_that_is_no_json_object(content: str, file: Path, tmp_path: Path) -> None:
    config = tmp_path / "given.json"
    config.write_text(content)
    message = refused(file, tmp_path, config=config)
    assert "is no JSON" in message or "must hold a JSON object" in message
    config.unlink()
    assert "the configuration cannot be read" in refused(file, tmp_path, config=config)


def test_options_of_other_formats(file: Path, tmp_path: Path) -> None:
    assert "frames per group belong to the format prompt-switch" in refused(file, tmp_path, frames_per_group=6)
    with pytest.raises(InputError, match="format openai-clip has its own CLIP in the file; leave out the model"):
        import_checkpoint(file, format="openai-clip", output=tmp_path / "made", model="moji-clip")


def test_the_adapter_belongs_to_its_backbone_alone(
    vop_weights: dict[str, Tensor], file: Path, save: Save, tmp_path: Path
) -> None:
    vop = import_checkpoint(save(vop_weights, "vop.pth"), format="modelscope-vop", output=tmp_path / "vop")
    changed = {name.removeprefix("clip."): t + 1 for name, t in vop_weights.items() if name.startswith("clip.")}
    other = import_checkpoint(save(changed, "c.pth"), format="openai-clip", output=tmp_path / "other")
    same = import_checkpoint(file, format="openai-clip", output=tmp_path / "same")
    load_model(same.backbone, adapter=vop.adapter, device="cpu")
    with pytest.raises(FramecueError, match="was trained on backbone") as info:
        load_model(other.backbone, adapter=vop.adapter, device="cpu")
    assert str(vop.backbone) in str(info.value)
    assert str(other.backbone) in str(info.value)
