import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from framecue.errors import ModelError
from framecue.words.speech_models import (
    DEFAULT_SPEECH_MODEL,
    SIZES,
    SpeechModel,
    fetch_speech_model,
    find_speech_model,
)
from support.hub import NOWHERE, Hub, point_at, use_hub

NAME = "someone/faster-whisper-mini"


def make(folder: Path, *, num_tokens: int = 51_865, without: tuple[str, ...] = ()) -> Path:
    """Write what a model in CTranslate2's form consists of, but for the sense in it."""
    folder.mkdir(parents=True)
    files = {
        "model.bin": "weights",
        "tokenizer.json": "{}",
        "config.json": "{}",
        "vocabulary.txt": "".join(f"{number}\n" for number in range(num_tokens)),
    }
    for name, text in files.items():
        if name not in without:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with use_hub(make(tmp_path / "model"), NAME, tmp_path / "work", monkeypatch) as hub:
        yield hub


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    point_at(NOWHERE, monkeypatch)


def test_a_folder_is_what_is_in_it(tmp_path: Path) -> None:
    model = find_speech_model(make(tmp_path / "a"))
    assert model == SpeechModel(str(tmp_path / "a"), tmp_path / "a")
    assert fetch_speech_model(model) is model
    assert model.is_multilingual
    assert re.fullmatch(r"[0-9a-f]{16}", model.revision)
    assert find_speech_model(make(tmp_path / "b")).revision == model.revision
    (tmp_path / "b" / "a note.md").write_text("beside it")
    assert find_speech_model(tmp_path / "b").revision == model.revision
    (tmp_path / "b" / "config.json").write_text("{ }")
    assert find_speech_model(tmp_path / "b").revision != model.revision


def test_english_models_are_known_by_their_vocabulary(tmp_path: Path) -> None:
    folder = make(tmp_path / "a", num_tokens=51_864)
    assert not find_speech_model(folder).is_multilingual
    (folder / "vocabulary.txt").unlink()
    for num_tokens, is_multilingual in ((51_864, False), (51_866, True)):
        (folder / "vocabulary.json").write_text(json.dumps(list(map(str, range(num_tokens)))))
        assert find_speech_model(folder).is_multilingual == is_multilingual
    (folder / "vocabulary.json").write_text("[")
    with pytest.raises(ModelError, match="its vocabulary cannot be read"):
        assert find_speech_model(folder).is_multilingual


def test_folders_that_are_none(tmp_path: Path) -> None:
    def reason(**files: str) -> str:
        folder = tmp_path / f"folder {len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, text in files.items():
            (folder / name.replace("_DOT_", ".")).write_text(text)
        with pytest.raises(ModelError) as caught:
            find_speech_model(folder)
        return str(caught.value)

    assert "the folder has no model.bin, so it is no speech model; give a folder in CTranslate2's form" in reason()
    for weights in ("model_DOT_safetensors", "pytorch_model_DOT_bin", "tiny_DOT_pt"):
        message = reason(config_DOT_json="{}", **{weights: ""})
        assert "is not in CTranslate2's form; convert it once with `ct2-transformers-converter --model " in message
    assert "has no tokenizer.json and no vocabulary.txt; copy it from" in reason(model_DOT_bin="")
    assert "has no vocabulary.txt; copy it from" in reason(model_DOT_bin="", tokenizer_DOT_json="{}")


@pytest.mark.parametrize("name", ["", "huge", "a/b/c", "./nowhere", "https://example.org/a"])
def test_names_that_mean_nothing(name: str, nowhere: None) -> None:
    with pytest.raises(
        ModelError, match=r"no such folder, and no size of Whisper; give a folder .* tiny, tiny\.en, base"
    ):
        find_speech_model(name)


def test_a_file_of_weights_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "tiny.pt").write_bytes(b"weights")
    with pytest.raises(ModelError, match=r"tiny\.pt: is a file of weights, and a speech model is a folder; give "):
        find_speech_model(tmp_path / "tiny.pt")


def test_sizes_are_names_on_the_hub(nowhere: None) -> None:
    assert find_speech_model(DEFAULT_SPEECH_MODEL) == SpeechModel("base", None, "Systran/faster-whisper-base")
    assert find_speech_model(NAME) == SpeechModel(NAME, None, NAME)
    assert not SIZES[DEFAULT_SPEECH_MODEL].endswith(".en")
    with pytest.raises(ModelError, match="tiny: is not on this machine yet; --speech-model tiny fetches it from"):
        assert find_speech_model("tiny").revision


def test_a_model_is_fetched_once_and_taken_from_the_cache_then(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fetch_speech_model(find_speech_model(NAME))
    assert model.folder is not None
    assert {file.name for file in model.folder.iterdir()} == set(hub.files()) & {
        *("model.bin", "tokenizer.json", "config.json", "vocabulary.txt")
    }
    assert model.revision == find_speech_model(hub.folder).revision
    num_asked = len(hub.asked)
    assert find_speech_model(NAME) == model
    assert fetch_speech_model(model) is model
    assert len(hub.asked) == num_asked
    point_at(NOWHERE, monkeypatch)
    assert find_speech_model(NAME).folder == model.folder


def test_a_hub_that_cannot_be_reached(nowhere: None) -> None:
    with pytest.raises(ModelError) as caught:
        fetch_speech_model(find_speech_model("tiny"))
    message = str(caught.value)
    assert message.startswith("tiny: the model hub cannot be reached (")
    assert message.endswith(
        "and this machine has no copy of the speech model. Without a network: `hf download Systran/faster-whisper-tiny "
        "--local-dir FOLDER` on a machine that has one, and name that folder here: --speech-model FOLDER"
    )
    assert "\n" not in message


def test_a_hub_that_has_it_not_or_otherwise(hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"else: the hub has no model of this name, or it is private; give a folder"):
        fetch_speech_model(find_speech_model("someone/else"))
    (hub.folder / "model.bin").rename(hub.folder / "model.safetensors")
    with pytest.raises(ModelError, match=rf"^{NAME}: the hub's model is not in CTranslate2's form; convert it once"):
        fetch_speech_model(find_speech_model(NAME))


def test_a_download_that_breaks_off_goes_on_later(hub: Hub) -> None:
    hub.cut_after, hub.only_cut = -1, "model.bin"
    with pytest.raises(ModelError, match=f"^{NAME}: "):
        fetch_speech_model(find_speech_model(NAME))
    assert find_speech_model(NAME).folder is None
    hub.cut_after = 0
    assert fetch_speech_model(find_speech_model(NAME)).folder is not None
