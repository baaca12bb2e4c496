"""Which speech model a name means: a size of Whisper, a name on the model hub, or a folder. Nothing is loaded here."""

from __future__ import annotations

import errno
import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from framecue.errors import ModelError, first_line
from framecue.paths import is_dir, is_file, user_path

__all__ = ["DEFAULT_SPEECH_MODEL", "SIZES", "SpeechModel", "fetch_speech_model", "find_speech_model"]

DEFAULT_SPEECH_MODEL = "base"

SIZES = {
    "tiny": "Systran/faster-whisper-tiny",
    "tiny.en": "Systran/faster-whisper-tiny.en",
    "base": "Systran/faster-whisper-base",
    "base.en": "Systran/faster-whisper-base.en",
    "small": "Systran/faster-whisper-small",
    "small.en": "Systran/faster-whisper-small.en",
    "medium": "Systran/faster-whisper-medium",
    "medium.en": "Systran/faster-whisper-medium.en",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Whisper's sizes, and where each is on the hub in CTranslate2's form. Those that end in .en hear English alone."""

# What a model in CTranslate2's form consists of. Only the first two have to be there.
_WEIGHTS, _TOKENIZER = "model.bin", "tokenizer.json"
_VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
_FILES = (_WEIGHTS, _TOKENIZER, "config.json", "preprocessor_config.json", *_VOCABULARIES)
_OTHER_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.pt", "flax_model.msgpack", "tf_model.h5")
# As CTranslate2 tells them apart: English models have fewer tokens.
_MULTILINGUAL_TOKENS = 51_865
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9_][\w.-]*")
_HUB_TIMEOUT_SECONDS = 10.0
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class SpeechModel:
    """A speech model, on this machine or still on the hub.

    Attributes:
        name: the name that was asked for.
        folder: where its files lie; None while it has to be fetched (`fetch_speech_model`).
        repository: its name on the hub; None for a folder.
    """

    name: str
    folder: Path | None
    repository: str | None = None

    @property
    def revision(self) -> str:
        """Return a hash of its files: 16 hexadecimal digits. The same model in another place has the same.

        Raises:
            ModelError: it is not on this machine, or its files cannot be read.
        """
        folder = self._there()
        try:
            files = [folder / name for name in _FILES if is_file(folder / name)]
            return _hash(tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files))
        except OSError as error:
            raise ModelError(f"{self.name}: cannot be read ({error.strerror or error})") from error

    @property
    def is_multilingual(self) -> bool:
        """Whether it hears other languages than English.

        Raises:
            ModelError: it is not on this machine, or its files cannot be read.
        """
        folder = self._there()
        try:
            return _num_tokens(folder) >= _MULTILINGUAL_TOKENS
        except (OSError, ValueError) as error:
            raise ModelError(f"{self.name}: its vocabulary cannot be read ({first_line(error)})") from error

    def _there(self) -> Path:
        if self.folder is None:
            raise ModelError(
                f"{self.name}: is not on this machine yet; --speech-model {self.name} fetches it from the hub"
            )
        return self.folder


def find_speech_model(name: str | Path) -> SpeechModel:
    """Return the speech model that a name means; the hub is not asked.

    A model that the hub's cache holds is taken as it is there, so that what was heard yesterday and what is heard today
    come from one model.

    Args:
        name: a folder in CTranslate2's form, one of `SIZES`, or a name on the hub (organisation/model).

    Raises:
        ModelError: the name means nothing, or a folder that holds no such model.
    """
    text = str(name)
    folder = Path(user_path(text))
    if text and text not in SIZES and is_dir(folder):
        _check_folder(text, folder)
        return SpeechModel(text, folder)
    if folder.suffix.lower() in (".pt", ".bin", ".safetensors") and is_file(folder):
        raise ModelError(f"{text}: is a file of weights, and a speech model is a folder; {_ways_out()}")
    repository = SIZES.get(text)
    if repository is None:
        if not _HUB_NAME.fullmatch(text):
            raise ModelError(f"{text or repr(text)}: no such folder, and no size of Whisper; {_ways_out()}")
        repository = text
    return SpeechModel(text, _cached(repository), repository)


def fetch_speech_model(model: SpeechModel) -> SpeechModel:
    """Download a model into the hub's cache if it is not there; what an earlier try has got is not fetched again.

    Args:
        model: from `find_speech_model`.

    Returns:
        The model with its folder.

    Raises:
        ModelError: the hub cannot be reached, has no such model or only in another form, or the disk is full.
    """
    if model.folder is not None or model.repository is None:
        return model
    # What takes half a second to import is needed only here.
    from huggingface_hub import HfApi, snapshot_download

    repository = model.repository
    try:
        info = HfApi().model_info(repository, timeout=_HUB_TIMEOUT_SECONDS)
        names = {item.rfilename for item in info.siblings or ()}
        if _WEIGHTS not in names or _TOKENIZER not in names:
            raise ModelError(f"{model.name}: the hub's model is not in CTranslate2's form; {_conversion(repository)}")
        folder = Path(snapshot_download(repository, allow_patterns=list(_FILES)))
    except ModelError:
        raise
    except Exception as error:  # the transport may raise anything: the hub's client has changed it between versions
        raise _hub_error(model, error) from error
    _check_folder(model.name, folder)
    return SpeechModel(model.name, folder, repository)


def _cached(repository: str) -> Path | None:
    """Return the folder in the hub's cache that holds all of a model; None if there is none."""
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(repository, name) for name in (_WEIGHTS, _TOKENIZER)]
    folders = {Path(place).parent for place in found if isinstance(place, str)}
    return folders.pop() if len(folders) == 1 and all(isinstance(place, str) for place in found) else None


def _check_folder(name: str, folder: Path) -> None:
    """Refuse a folder that holds no model in CTranslate2's form.

    Raises:
        ModelError: it is one, with the way out.
    """
    if not is_file(folder / _WEIGHTS):
        if any(next(folder.glob(pattern), None) for pattern in _OTHER_WEIGHTS):
            raise ModelError(f"{name}: the folder's model is not in CTranslate2's form; {_conversion(name)}")
        raise ModelError(f"{name}: the folder has no {_WEIGHTS}, so it is no speech model; {_ways_out()}")
    missing = [_TOKENIZER] if not is_file(folder / _TOKENIZER) else []
    if not any(is_file(folder / vocabulary) for vocabulary in _VOCABULARIES):
        missing.append(_VOCABULARIES[0])
    if missing:
        raise ModelError(f"{name}: the folder has no {' and no '.join(missing)}; copy it from where the model is from")


def _conversion(name: str) -> str:
    return (
        "convert it once with `ct2-transformers-converter --model "
        f"{name} --output_dir FOLDER --quantization int8 --copy_files tokenizer.json preprocessor_config.json` "
        "(pip install 'transformers[torch]'), and name that folder: --speech-model FOLDER"
    )


def _ways_out() -> str:
    return (
        "give a folder in CTranslate2's form, a hub name of one (organisation/model), or a size of Whisper: "
        f"{', '.join(SIZES)}"
    )


def _hub_error(model: SpeechModel, error: Exception) -> ModelError:
    """Return the error for a model that cannot be downloaded, with the way out."""
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RepositoryNotFoundError

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk has no room for it; make room, or name a folder on another disk with the variable HF_HOME"
        return ModelError(f"{model.name}: {reason}")
    if isinstance(error, RepositoryNotFoundError) and not isinstance(error, GatedRepoError):
        return ModelError(f"{model.name}: the hub has no model of this name, or it is private; {_ways_out()}")
    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = f"it answers {status}" if status is not None else first_line(error)
    reason = "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else reason
    return ModelError(
        f"{model.name}: the model hub cannot be reached ({reason}), and this machine has no copy of the speech model. "
        f"Without a network: `hf download {model.repository} --local-dir FOLDER` on a machine that has one, and name "
        "that folder here: --speech-model FOLDER"
    )


def _num_tokens(folder: Path) -> int:
    for name in _VOCABULARIES:
        if is_file(folder / name):
            text = (folder / name).read_text(encoding="utf-8")
            if name.endswith(".txt"):
                return text.rstrip("\n").count("\n") + 1
            tokens: Any = json.loads(text)
            return len(tokens)
    raise ValueError("it has none")


@lru_cache(maxsize=8)
def _hash(files: tuple[tuple[str, int, int], ...]) -> str:
    """Return a hash of files' names and contents; sizes and times are there for the cache: once a process is enough."""
    digest = hashlib.blake2b()
    for path, size, _ in files:
        digest.update(f"{Path(path).name} {size}\n".encode())
        with Path(path).open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()[:16]
