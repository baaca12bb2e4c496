"""The source of a backbone: a bundled model, a folder, or the model hub or its cache."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from framecue.assets import bundled_names, find_bundled
from framecue.errors import ModelError, first_line
from framecue.paths import exists, is_dir, is_file, user_path

__all__ = [
    "MODEL_OPTION",
    "Source",
    "bundled_models",
    "cached_commit",
    "cached_folder",
    "config_file_of",
    "find_source",
    "hub_error",
    "hub_refusal",
    "is_hub_name",
]

CONFIG_FILE, OPEN_CLIP_CONFIG_FILE = "config.json", "open_clip_config.json"
# The first that a folder or a hub's repository holds says what the model is.
CONFIG_FILES = (CONFIG_FILE, OPEN_CLIP_CONFIG_FILE)
WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
HUB_TIMEOUT_SECONDS = 10.0
MODEL_OPTION = "--model"
"""The option with which a person names a backbone."""
# How `framecue train` names it.
_TRAINING_WAY = ", for `framecue train` backbone=FOLDER"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9_][\w.-]*")


@dataclass(frozen=True)
class Source:
    """A model that can be loaded.

    Attributes:
        name: the name that was asked for.
        location: for `transformers`: a folder, or the name on the hub.
        folder: the folder; None for the hub.
        options: further arguments for `from_pretrained`.
        unreachable: why the hub cannot be reached, so that only its cache is used; None if it can, or need not be.
        config_file: the name of the file with the architecture, which says in which layout the model is. Of a name on
            the hub it is known once the hub has been asked.
    """

    name: str
    location: str
    folder: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    unreachable: str | None = None
    config_file: str = CONFIG_FILE

    @property
    def is_open_clip(self) -> bool:
        """Whether the model is in OpenCLIP's layout."""
        return self.config_file == OPEN_CLIP_CONFIG_FILE


def config_file_of(folder: Path) -> str | None:
    """Return the name of the file that says what a folder's model is; None if there is none."""
    return next((name for name in CONFIG_FILES if is_file(folder / name)), None)


def bundled_models() -> str:
    """Return the names of the bundled models, for a message."""
    return ", ".join(bundled_names("model")) or "(none)"


def is_hub_name(name: str | Path) -> bool:
    """Whether a name means a model on the hub: it is `organisation/model`, and there is no such folder."""
    return bool(_HUB_NAME.fullmatch(str(name))) and not exists(name)


def find_source(name: str | Path, *, revision: str | None = None) -> Source:
    """Return the source that a name means; the hub is only asked whether it answers.

    Args:
        name: a bundled model, a folder (`./name` for one with a bundled model's name), or a name on the hub.
        revision: a branch, tag or commit on the hub.

    Raises:
        ModelError: the name means nothing, a file of weights, or a folder without `config.json`.
    """
    text = str(name)
    bundled = find_bundled(text, "model")
    if bundled is not None:
        return Source(text, str(bundled), bundled)
    folder = Path(user_path(text))
    if text and is_dir(folder):
        config_file = config_file_of(folder)
        if config_file is None:
            raise ModelError(
                f"{name}: the folder has no {CONFIG_FILE}, so it is no model folder; give one saved with "
                f"save_pretrained(), one in OpenCLIP's layout ({OPEN_CLIP_CONFIG_FILE}), a hub name or one of the "
                f"bundled models: {bundled_models()}"
            )
        return Source(text, str(folder), folder, config_file=config_file)
    if folder.suffix.lower() in WEIGHTS_SUFFIXES and is_file(folder):
        raise ModelError(
            f"{name}: is a file of weights, and a model is a folder; make a folder of it once with "
            f"`framecue import-checkpoint {name} --format openai-clip --output FOLDER`"
        )
    if not is_hub_name(text):
        raise ModelError(
            f"{text or repr(text)}: no such model folder, and no bundled model; give a folder, a hub name "
            f"(organisation/model) or one of the bundled models: {bundled_models()}"
        )
    options: dict[str, Any] = {} if revision is None else {"revision": revision}
    unreachable = _why_unreachable(text, revision)
    if unreachable is not None:
        # Without this, every file of the model would be requested again and again, for half a minute each.
        options["local_files_only"] = True
    return Source(text, text, None, options, unreachable)


def cached_commit(name: str, revision: str | None = None) -> str | None:
    """Return the commit of a hub model that the hub's cache holds; None if it holds none.

    Args:
        name: its name on the hub.
        revision: a branch, tag or commit; None for the newest that is there.
    """
    folder = cached_folder(name, revision)
    return None if folder is None else folder.name


def cached_folder(name: str, revision: str | None = None) -> Path | None:
    """Return the folder in the hub's cache with the files of one commit of a model; None if it holds none.

    Args:
        name: the model's name on the hub.
        revision: a branch, tag or commit; None for the newest that is there.
    """
    for file in CONFIG_FILES:
        found = try_to_load_from_cache(name, file, revision=revision)
        if isinstance(found, str):
            return Path(found).parent
    return None


def hub_refusal(error: BaseException, *, revision: str | None) -> str | None:
    """Return what the hub answered, in words, if it refused a model; None if the error is another."""
    if isinstance(error, GatedRepoError):
        return "access to it is restricted; ask for it on its page, then log in with `hf auth login`"
    if isinstance(error, RepositoryNotFoundError):
        return "the hub has no model of this name, or it is private"
    if isinstance(error, RevisionNotFoundError):
        return f"it has no revision {revision}"
    if isinstance(error, HfHubHTTPError) and getattr(error.response, "status_code", None) == 401:
        return "the hub wants to know who asks; log in with `hf auth login`"
    return None


def hub_error(
    name: str, error: BaseException, *, revision: str | None, is_begun: bool = False, option: str = MODEL_OPTION
) -> ModelError:
    """Return the error for a model that cannot be downloaded, with the ways out.

    Args:
        name: the model's name on the hub.
        error: what the hub's client raised.
        revision: what was asked for.
        is_begun: whether files were being downloaded.
        option: with which a person names such a model; the bundled models are of no help for others than `--model`.
    """
    is_backbone = option == MODEL_OPTION
    refusal = hub_refusal(error, revision=revision)
    if refusal is not None:
        return ModelError(
            f"{name}: cannot be downloaded from the model hub: {refusal}; check the name, or give another model, "
            + (
                f"a folder of one, or one of the bundled models: {bundled_models()}"
                if is_backbone
                else "or a folder of one"
            )
        )
    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else first_line(error)
    reason = f"it answers {status}" if status is not None else reason
    what = (
        f"the download broke off ({reason}); run it again, what has come whole is kept"
        if is_begun
        else (f"the model hub cannot be reached ({reason}), and this machine has no copy of the model")
    )
    return ModelError(
        f"{name}: {what}. Without a network: `hf download {name} --local-dir FOLDER` on a machine that has one, and "
        f"name that folder here: {option} FOLDER{_TRAINING_WAY if is_backbone else ''} "
        "(`pip install huggingface_hub` brings `hf`)"
        + (
            ". To try framecue now: --model moji-clip (the bundled models know drawn shapes only)"
            if is_backbone
            else ""
        )
    )


def _why_unreachable(name: str, revision: str | None) -> str | None:
    """Ask the hub about a model, once, and return why there was no answer; None if there was one."""
    try:
        HfApi().model_info(name, revision=revision, timeout=HUB_TIMEOUT_SECONDS)
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        # A negative answer (not there, not allowed) is reported later, by the loading itself.
        return f"it answers {status}" if status is None or status >= 500 or status == 429 else None
    except Exception as error:
        # The transport may raise anything: the hub's client has changed it between versions.
        return first_line(error)
    return None
