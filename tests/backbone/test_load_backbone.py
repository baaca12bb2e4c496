"""Opening backbones: folders, bundled names, the hub and its cache, and what goes wrong with each."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import are_progress_bars_disabled, build_hf_headers
from safetensors.torch import load_file, save_file
from transformers.activations import GELUActivation
from transformers.utils import logging

from framecue import assets, load_model
from framecue.backbone import Backbone, Preprocess, initialise_backbone, load_backbone
from framecue.backbone import source as source_module
from framecue.errors import InputError, ModelError
from framecue.methods import build_method

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WAY_OUT = r"pass a local folder that was saved with save_pretrained\(\), or one of the bundled models"


@pytest.fixture
def folder(clip_folder: Path, tmp_path: Path) -> Path:
    """A tiny CLIP's folder of one's own, to break."""
    return shutil.copytree(clip_folder, tmp_path / "broken")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub that is not there; what it was asked for."""
    asked: list[str] = []

    def model_info(self: HfApi, name: str, **options: Any) -> None:
        asked.append(name)
        raise ConnectionError("Name or service not known\nand a second line")

    monkeypatch.setattr(HfApi, "model_info", model_info)
    return asked


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A network that is not there; the hosts whose addresses were asked for."""
    looked_up: list[str] = []

    def getaddrinfo(host: str, *args: Any, **options: Any) -> None:
        looked_up.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    build_hf_headers()  # once in a process the hub's client asks for something of its own, and does not try again
    looked_up.clear()
    return looked_up


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    for key, value in changes.items():
        tower, _, name = key.partition("__")
        (config[tower] if name else config)[name or key] = value
    (folder / "config.json").write_text(json.dumps(config))


def one_line(info: pytest.ExceptionInfo[ModelError]) -> str:
    message = str(info.value)
    assert "\n" not in message
    return message


def test_a_folder_gives_the_weights_that_were_saved(clip_folder: Path, make_backbone: Callable[..., Backbone]) -> None:
    loaded, made = load_backbone(clip_folder), make_backbone()
    assert loaded.name == str(clip_folder)
    assert loaded.revision == made.revision
    for name, tensor in made.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert not loaded.training
    assert loaded.preprocess == made.preprocess
    for ours, theirs in zip(loaded.tokenize(["a red car"]), made.tokenize(["a red car"]), strict=True):
        assert torch.equal(ours, theirs)


def test_the_settings_of_transformers_are_put_back(clip_folder: Path, tmp_path: Path) -> None:
    before = logging.get_verbosity(), logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    load_backbone(clip_folder)
    with pytest.raises(ModelError):
        load_backbone(tmp_path)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled(), are_progress_bars_disabled()) == before
    logging.disable_progress_bar()
    try:
        load_backbone(clip_folder)
        assert not logging.is_progress_bar_enabled()
        assert are_progress_bars_disabled()
    finally:
        logging.enable_progress_bar()


def test_messages_are_suppressed_once_for_all_steps(clip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's logging looks at every logger of the process whenever a level is changed."""
    changed: list[int] = []
    really = logging.set_verbosity
    for name in ("set_verbosity", "set_verbosity_error"):
        monkeypatch.setattr(logging, name, lambda level=logging.ERROR: (changed.append(level), really(level))[1])
    load_backbone(clip_folder)
    assert len(changed) == 2
    assert changed == [logging.ERROR, logging.get_verbosity()]


def test_bfloat16_is_the_rounded_weights_under_the_same_name(clip_folder: Path) -> None:
    half, full = load_backbone(clip_folder, dtype=torch.bfloat16), load_backbone(clip_folder)
    assert {parameter.dtype for parameter in half.parameters()} == {torch.bfloat16}
    for name, parameter in full.named_parameters():
        assert torch.equal(half.get_parameter(name), parameter.to(torch.bfloat16)), name
    # An adapter is bound to a revision, and has to fit whatever the model computes in.
    assert half.revision == full.revision


def test_another_dtype_is_refused(clip_folder: Path) -> None:
    with pytest.raises(InputError, match=r"dtype must be torch\.float32 or torch\.bfloat16, got torch\.int8"):
        load_backbone(clip_folder, dtype=torch.int8)


def test_a_bundled_name_wherever_one_stands(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    shutil.copytree(clip_folder, tmp_path / "assets" / "tiny-clip")
    monkeypatch.setattr(assets, "ASSETS", tmp_path / "assets")
    (tmp_path / "here" / "tiny-clip").mkdir(parents=True)  # a folder of that name, but no model
    monkeypatch.chdir(tmp_path / "here")
    backbone = load_backbone("tiny-clip")
    assert backbone.name == "tiny-clip"
    assert backbone.revision == load_backbone(clip_folder).revision
    with pytest.raises(ModelError, match=r"^\./tiny-clip: the folder has no config.json"):
        load_backbone("./tiny-clip")
    with pytest.raises(ModelError, match=r"^tiny-clap: no such model folder, .*bundled models: tiny-clip$"):
        load_backbone("tiny-clap")
    assert asked == []


@pytest.mark.parametrize(
    "name",
    ["moji-clap", "", "./missing", "missing/deep/folder", "/no/such/folder", "~nobody-here/model", "a b/c", "..."],
)
def test_what_can_only_be_a_folder_fails_at_once_without_asking_the_hub(
    name: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ModelError, match=r"no such model folder, and no bundled model; give a folder, a hub name .*bundled models"
    ) as info:
        load_backbone(name)
    assert (name or "''") in one_line(info)
    assert asked == []


def test_a_file_is_no_model(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "clip.onnx").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"models/clip\.onnx: no such model folder"):
        load_backbone("models/clip.onnx")
    assert asked == []


def test_a_hub_that_cannot_be_reached_is_asked_once_and_says_how_to_pass_a_folder(
    asked: list[str], looked_up: list[str]
) -> None:
    with pytest.raises(ModelError, match=WAY_OUT) as info:
        load_backbone("someone/no-such-clip")
    assert asked == ["someone/no-such-clip"]
    assert looked_up == []  # asked the usual way, it takes half a minute for each file
    message = one_line(info)
    assert message.startswith("someone/no-such-clip: no such folder, and it cannot be loaded from the model hub")
    assert "it cannot be reached (Name or service not known), and its cache does not hold the model" in message


def fill_cache(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay a model out as the hub's cache does."""
    entry = cache / "models--someone--tiny-clip"
    shutil.copytree(folder, entry / "snapshots" / COMMIT)
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))


def test_a_cached_model_opens_where_the_hub_cannot_be_reached(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], looked_up: list[str]
) -> None:
    fill_cache(clip_folder, tmp_path, monkeypatch)
    backbone = load_backbone("someone/tiny-clip")
    assert backbone.name == "someone/tiny-clip"
    assert backbone.revision == COMMIT
    assert backbone.preprocess == Preprocess(32, (32, 32))
    expected = load_backbone(clip_folder)
    assert torch.equal(backbone.model.visual_projection.weight, expected.model.visual_projection.weight)
    assert torch.equal(backbone.tokenize(["a red car"])[0], expected.tokenize(["a red car"])[0])
    assert load_backbone("someone/tiny-clip", revision=COMMIT).revision == COMMIT
    with pytest.raises(ModelError, match="its cache does not hold the model"):
        load_backbone("someone/tiny-clip", revision="v2")
    assert asked == ["someone/tiny-clip"] * 3
    assert looked_up == []


def test_a_reachable_hub_is_asked_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    revisions = []
    monkeypatch.setattr(HfApi, "model_info", lambda self, name, **options: revisions.append(options["revision"]))
    for revision in (None, "v2"):
        found = source_module.find_source("someone/tiny-clip", revision=revision)
        assert found.location == "someone/tiny-clip"
        assert found.folder is None
        assert found.unreachable is None
        assert found.options == ({} if revision is None else {"revision": "v2"})
    assert revisions == [None, "v2"]


@pytest.mark.parametrize(("status", "usual"), [(404, True), (401, True), (500, False), (503, False), (429, False)])
def test_a_hub_that_answers_no_is_left_to_say_so_and_one_in_trouble_is_not_waited_for(
    status: int, usual: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer:
        status_code, headers, request = status, {}, None

    def model_info(self: HfApi, name: str, **options: Any) -> None:
        raise HfHubHTTPError("no", response=Answer())

    monkeypatch.setattr(HfApi, "model_info", model_info)
    found = source_module.find_source("someone/tiny-clip")
    assert found.options == ({} if usual else {"local_files_only": True})
    assert found.unreachable == (None if usual else f"it answers {status}")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (GatedRepoError, "access to it is restricted; .*`hf auth login`"),
        (RepositoryNotFoundError, "the hub has no model of this name, or it is private"),
        (RevisionNotFoundError, "it has no revision v2"),
        (ConnectionResetError, "it broke off"),
    ],
)
def test_what_the_hub_answers_is_said_in_one_line(
    kind: type[Exception], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer:
        status_code, headers, request = 404, {}, None

    def download(*args: Any, **options: Any) -> None:
        assert options == {"revision": "v2"}
        raise kind("it broke off\nRequest") if kind is ConnectionResetError else kind("404\nRequest", response=Answer())

    monkeypatch.setattr(HfApi, "model_info", lambda self, name, **options: None)
    monkeypatch.setattr("framecue.backbone.config.hf_hub_download", download)
    with pytest.raises(ModelError, match=f"loaded from the model hub: {reason}; .*{WAY_OUT}") as info:
        load_backbone("someone/tiny-clip", revision="v2")
    one_line(info)


def test_a_folder_that_is_called_like_a_hub_name_is_the_folder(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    shutil.copytree(clip_folder, tmp_path / "someone" / "tiny-clip")
    monkeypatch.chdir(tmp_path)
    assert load_backbone("someone/tiny-clip").revision == load_backbone(clip_folder).revision
    assert asked == []


def test_the_revision_of_a_folder_is_what_its_weights_hash_to(folder: Path) -> None:
    revision = load_backbone(folder).revision
    assert load_backbone(folder, revision=revision).revision == revision
    tensors = load_file(folder / "model.safetensors")
    tensors["visual_projection.weight"][0, 0] += 1e-3
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert load_backbone(folder).revision != revision
    with pytest.raises(ModelError, match=f"the folder's weights are [0-9a-f]{{16}}, not {revision}"):
        load_backbone(folder, revision=revision)


def test_shards_and_half_precision_hash_as_the_values_that_they_hold(folder: Path) -> None:
    tensors = {name: tensor.half() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    whole = load_backbone(folder)
    names = sorted(tensors)
    index = {name: f"model-0000{1 + (place % 2)}-of-00002.safetensors" for place, name in enumerate(names)}
    for file in set(index.values()):
        save_file({name: tensors[name] for name in names if index[name] == file}, folder / file, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    (folder / "model.safetensors").unlink()
    sharded = load_backbone(folder)
    assert sharded.revision == whole.revision
    assert torch.equal(sharded.model.visual_projection.weight, tensors["visual_projection.weight"].float())


def test_a_missing_folder_and_a_folder_without_configuration(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"empty: the folder has no config\.json, so it is no model folder") as info:
        load_backbone(tmp_path / "empty")
    one_line(info)
    with pytest.raises(ModelError, match=r"missing: no such model folder"):
        load_backbone(tmp_path / "missing")


def test_malformed_configuration(folder: Path) -> None:
    (folder / "config.json").write_text("{not json")
    with pytest.raises(ModelError, match=r"broken: the model folder cannot be read: .*config\.json") as info:
        load_backbone(folder)
    one_line(info)


def test_another_architecture_is_refused_before_its_weights_are_read(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(b"not read")
    known = "CLIPModel, PeCoreModel, Siglip2Model, SiglipModel"
    with pytest.raises(ModelError, match=f"broken: a Bert model is not supported as a backbone; supported: {known}$"):
        load_backbone(folder)


def test_code_in_a_folder_is_neither_run_nor_asked_about(folder: Path) -> None:
    change_config(folder, model_type="newclip", auto_map={"AutoConfig": "code.Config", "AutoModel": "code.Model"})
    (folder / "code.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(ModelError, match="code of its own, and such code is not run; give a model of an arch") as info:
        load_backbone(folder)
    one_line(info)


@pytest.mark.parametrize("size", [0, 7, 1000, -100])
def test_truncated_weights(folder: Path, size: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    with pytest.raises(ModelError, match="broken: the model folder cannot be read: ") as info:
        load_backbone(folder)
    one_line(info)


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"broken: the model folder cannot be read: .*model\.safetensors"):
        load_backbone(folder)


def test_weights_of_another_depth_or_width_are_refused_and_never_made_up(folder: Path) -> None:
    change_config(folder, text_config__num_hidden_layers=3)
    with pytest.raises(ModelError, match=r"16 tensors are missing: text_model\.encoder\.layers\.2\.") as info:
        load_backbone(folder)
    one_line(info)
    change_config(folder, text_config__num_hidden_layers=2, text_config__intermediate_size=44)
    with pytest.raises(ModelError, match=r"6 tensors are of another shape: text_model\.encoder\.layers\.0\.mlp"):
        load_backbone(folder)


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_opened_as_weights_alone(folder: Path, tmp_path: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    expected = load_backbone(folder)
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    loaded = load_backbone(folder)
    assert torch.equal(loaded.model.visual_projection.weight, expected.model.visual_projection.weight)
    assert loaded.revision == load_backbone(folder, dtype=torch.bfloat16).revision
    torch.save({**tensors, "logit_scale": Touch(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="broken: the model folder cannot be read: "):
        load_backbone(folder)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_beside_safetensors_is_not_opened(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"no pickle")
    assert load_backbone(folder).revision


def test_a_folder_without_a_tokenizer_encodes_frames_and_says_so_when_a_text_comes(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()
    backbone = load_backbone(folder)
    assert backbone.preprocess == Preprocess(32, (32, 32))
    with pytest.raises(ModelError, match=r"broken: .*it has no tokenizer") as info:
        backbone.tokenize(["a red car"])
    one_line(info)


def test_a_broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    backbone = load_backbone(folder)
    with pytest.raises(ModelError, match="broken: the model folder cannot be read: ") as info:
        backbone.tokenize(["a red car"])
    one_line(info)


def test_a_folder_without_preprocessing_has_clips_at_its_own_size(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()
    assert load_backbone(folder).preprocess == Preprocess(32, (32, 32))


def test_preprocessing_that_cannot_be_followed_names_the_folder(folder: Path) -> None:
    config = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(config | {"resample": 1}))
    with pytest.raises(ModelError, match="broken: the model folder cannot be read: resample 1 is not supported"):
        load_backbone(folder)


def test_new_weights_depend_on_the_seed_alone(folder: Path) -> None:
    state = torch.get_rng_state()
    first, again, other = (initialise_backbone(folder, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.revision == again.revision != other.revision
    assert first.revision != load_backbone(folder).revision
    assert first.tokenize(["a red car"])[0].shape == (1, 5)
    with pytest.raises(ModelError, match="missing: no such model folder"):
        initialise_backbone(folder / "missing", seed=0)
    (folder.parent / "empty").mkdir()
    with pytest.raises(ModelError, match=r"the folder has no config\.json"):
        initialise_backbone(folder.parent / "empty", seed=0)
    change_config(folder, model_type="bert")
    with pytest.raises(ModelError, match="a Bert model is not supported"):
        initialise_backbone(folder, seed=0)


def test_new_weights_saved_and_loaded_keep_their_name(folder: Path, tmp_path: Path) -> None:
    made = initialise_backbone(folder, seed=3)
    made.save(tmp_path / "saved")
    assert load_backbone(tmp_path / "saved").revision == made.revision


def test_a_siglip_folder_gives_what_was_saved(
    siglip_folder: Path, make_siglip_backbone: Callable[..., Backbone]
) -> None:
    made = make_siglip_backbone(siglip_folder.name)
    loaded, half = load_backbone(siglip_folder), load_backbone(siglip_folder, dtype=torch.bfloat16)
    assert type(loaded.model) is type(half.model) is type(made.model)
    assert loaded.revision == half.revision == made.revision
    assert loaded.preprocess == half.preprocess == made.preprocess
    for name, tensor in made.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
        assert torch.equal(half.state_dict()[name], tensor.bfloat16()), name
    texts = ["A red car", "the cat falls on the left ."]
    for ours, theirs in zip(loaded.tokenize(texts), made.tokenize(texts), strict=True):
        assert torch.equal(ours, theirs)
    assert loaded.tokenizer.batch_decode(loaded.tokenize(texts)[0], skip_special_tokens=True) == [
        "a red car",
        "the cat falls on the left .",
    ]


def test_a_siglip_folder_without_preprocessing_has_the_architectures(siglip_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(siglip_folder, tmp_path / "copy")
    (folder / "preprocessor_config.json").unlink()
    assert load_backbone(folder).preprocess == load_backbone(siglip_folder).preprocess


def test_new_weights_for_a_siglip(siglip_folder: Path, tmp_path: Path) -> None:
    made = initialise_backbone(siglip_folder, seed=3)
    assert made.revision not in ("", load_backbone(siglip_folder).revision)
    made.save(tmp_path / "saved")
    assert load_backbone(tmp_path / "saved").revision == made.revision


def test_a_siglip_without_pooling_head_is_refused_before_its_weights_are_read(
    siglip_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(siglip_folder, tmp_path / "headless")
    change_config(folder, vision_config__vision_use_head=False)
    (folder / "model.safetensors").write_bytes(b"not read")
    with pytest.raises(ModelError, match="headless: it has no pooling head") as info:
        load_backbone(folder)
    one_line(info)


def test_a_tokenizer_that_says_lower_case_does_it(
    make_siglip_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    # SigLIP 2 at a fixed size is a SigLIP with Gemma's tokenizer, which does not lower what it is given.
    from transformers import AutoTokenizer, GemmaTokenizer

    tokenizer = make_siglip_backbone("siglip2").tokenizer
    pieces = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    for says in (True, False):
        folder = tmp_path / str(says)
        make_siglip_backbone("siglip", text={"vocab_size": len(tokenizer)}).save(folder)
        gemma = GemmaTokenizer(
            vocab=pieces["vocab"],
            merges=[tuple(merge) for merge in pieces["merges"]],
            add_bos_token=False,
            add_eos_token=True,
            model_input_names=["input_ids"],
            do_lower_case=says,
        )
        gemma.save_pretrained(folder)
        assert gemma("A CAT").input_ids != gemma("a cat").input_ids
        assert AutoTokenizer.from_pretrained(folder)("A CAT").input_ids == gemma("A CAT").input_ids
        loaded = load_backbone(folder)
        upper, lower = (loaded.tokenize([text])[0][0].tolist() for text in ("A CAT", "a cat"))
        assert lower[:4] == [*tokenizer("a cat").input_ids, tokenizer.pad_token_id]
        assert (upper == lower) == says


@torch.no_grad()
def test_a_clip_as_open_clip_trains_them(make_backbone: Callable[..., Backbone], tmp_path: Path) -> None:
    # OpenCLIP's weights in transformers' format: GELU itself, another padding than end-of-text, towers of any widths.
    vision = {"hidden_size": 40, "num_attention_heads": 5, "image_size": 45, "patch_size": 15, "hidden_act": "gelu"}
    made = make_backbone(embedding_dim=20, vision=vision, text={"hidden_act": "gelu", "pad_token_id": 25})
    folder = tmp_path / "open-clip"
    made.save(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"pad_token": "z"}))
    loaded = load_backbone(folder)
    assert loaded.model.config.text_config.eos_token_id == loaded.text.end_of_text_id == loaded.end_of_text_id != 2
    assert loaded.tokenizer.pad_token_id == 25
    assert isinstance(loaded.model.vision_model.encoder.layers[0].mlp.activation_fn, torch.nn.GELU | GELUActivation)
    assert (loaded.vision.width, loaded.text.width, loaded.text.embedding_dim) == (40, 24, 20)
    assert loaded.preprocess == Preprocess(45, (45, 45))
    method = build_method("mean-pool", {}, loaded)
    pixels = torch.randn(3, 3, 45, 45)
    images = loaded.model.get_image_features(pixel_values=pixels).pooler_output
    torch.testing.assert_close(method.encode_frames(loaded, pixels[None])[0], images, rtol=0, atol=2e-5)
    ids, mask = loaded.tokenize(["a red car", "the cat falls on the left", "dog"])
    assert ids[2, 3:].tolist() == [25] * (ids.shape[1] - 3)
    texts = loaded.model.get_text_features(input_ids=ids, attention_mask=mask).pooler_output
    torch.testing.assert_close(method.encode_text(loaded, ids), texts, rtol=0, atol=2e-5)


def test_a_clip_of_248_text_positions_uses_captions_of_248_tokens(
    make_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    # LongCLIP in the layout of transformers; its tokenizer still says 77, or here 24, tokens.
    make_backbone(text={"max_position_embeddings": 248}).save(tmp_path / "long")
    model = load_model(tmp_path / "long", device="cpu")
    words = ["the", "red", "car", "falls", "while", "this", "cat", "rises"] * 31  # 248 words, so the last are cut
    ids, mask = model.tokenize([" ".join(words), "a cat"])
    assert ids.shape == (2, 248)
    assert mask.sum(dim=1).tolist() == [248, 4]
    last = [*words[:245], "blue", *words[246:]]  # the last that is read: start and end of text are tokens too
    unread = [*words[:246], "blue", *words[247:]]
    texts = model.encode_text([" ".join(each) for each in (words, last, unread)])
    assert (texts[0] - texts[1]).abs().max() > 1e-4
    torch.testing.assert_close(texts[0], texts[2])
