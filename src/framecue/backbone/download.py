"""The files of a model on the hub: which are needed and how large they are, asked before they are downloaded."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, ModelInfo, constants, hf_hub_download, scan_cache_dir, try_to_load_from_cache
from huggingface_hub.errors import CacheNotFound, HfHubHTTPError
from huggingface_hub.file_download import repo_folder_name

from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.source import HUB_TIMEOUT_SECONDS, MODEL_OPTION, cached_commit, hub_error, is_hub_name
from framecue.errors import ModelError
from framecue.paths import exists

__all__ = [
    "CachedModel",
    "Download",
    "cache_folder",
    "cached_folder",
    "cached_models",
    "fetch",
    "find_download",
    "needed_files",
]

# Beside the weights: the architecture, how pictures are prepared, and the tokenizer in the forms that there are.
_SMALL_FILES = (
    *("config.json", "open_clip_config.json"),
    *("preprocessor_config.json", "processor_config.json"),
    # How an embedding model makes one vector of its tokens, and its instructions.
    *("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"),
    *("video_preprocessor_config.json", "chat_template.jinja"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"),
)
# The weights, best first; a model is often there in several formats, of which one is needed. An index names shards.
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_OPEN_CLIP_WEIGHTS = ("open_clip_model.safetensors",)
# What the steps behind a sentence encoder's transformer say of themselves, and their weights: `1_Pooling/config.json`.
_STEP_FILES = re.compile(r"\d+_[A-Za-z]+/(config\.json|model\.safetensors)")
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Download:
    """What is still to be downloaded of a model.

    Attributes:
        name: the model's name on the hub.
        revision: the branch, tag or commit that was asked for; None for the newest.
        commit: the commit that this is now.
        sizes: how large each missing file is, in bytes, by its name.
        licence: what the model's page gives as its licence, such as "apache-2.0"; None if it gives none.
        option: with which a person names such a model, for messages.
    """

    name: str
    revision: str | None
    commit: str
    sizes: Mapping[str, int]
    licence: str | None = None
    option: str = MODEL_OPTION

    @property
    def size_bytes(self) -> int:
        """The size of all missing files together."""
        return sum(self.sizes.values())


def cache_folder() -> Path:
    """Return the folder in which the hub's client keeps models."""
    return Path(constants.HF_HUB_CACHE)


def cached_folder(name: str) -> Path:
    """Return the folder of the hub's cache in which a model's files lie, of all its revisions, or would lie."""
    return cache_folder() / repo_folder_name(repo_id=name, repo_type="model")


def needed_files(names: Mapping[str, int] | set[str]) -> list[str]:
    """Return those of a model's files that are needed to load it, sorted.

    Names in folders are other models', but for those of a sentence encoder's steps.
    """
    found = {name for name in _SMALL_FILES if name in names}
    if "modules.json" in names:
        found |= set(filter(_STEP_FILES.fullmatch, names))
    # A repository in both layouts is read as a model of transformers.
    is_open_clip = "config.json" not in names
    if not is_open_clip:
        found.discard("open_clip_config.json")
    for weights in _OPEN_CLIP_WEIGHTS if is_open_clip else _WEIGHTS:
        if weights in names:
            found.add(weights)
            break
        if f"{weights}.index.json" in names:
            stem, _, suffix = weights.rpartition(".")
            shard = re.compile(rf"{re.escape(stem)}-\d+-of-\d+\.{re.escape(suffix)}")
            found |= {f"{weights}.index.json", *filter(shard.fullmatch, names)}
            break
    return sorted(found)


def find_download(name: str, *, revision: str | None = None, option: str = MODEL_OPTION) -> Download | None:
    """Return what loading a model would download; None if it needs nothing, or is no model on the hub.

    Args:
        name: a folder, a bundled model, or a name on the hub, which is asked once.
        revision: a branch, tag or commit; None for the newest.
        option: with which a person names such a model, for messages.

    Raises:
        ModelError: the hub cannot be reached, or has no such model, and the cache does not hold it.
    """
    if not is_hub_name(name) or (revision is not None and _is_cached_whole(name, revision)):
        return None
    try:
        info = HfApi().model_info(name, revision=revision, timeout=HUB_TIMEOUT_SECONDS, files_metadata=True)
    except Exception as error:  # the transport may raise anything
        is_answer = isinstance(error, HfHubHTTPError)
        status = getattr(error.response, "status_code", None) if isinstance(error, HfHubHTTPError) else None
        refused = is_answer and status is not None and status < 500 and status != 429
        if not refused and cached_commit(name, revision) is not None:
            return None
        raise hub_error(name, error, revision=revision, option=option) from error
    commit = info.sha or ""
    sizes = {item.rfilename: int(item.size or 0) for item in info.siblings or ()}
    missing = {
        file: sizes[file]
        for file in needed_files(sizes)
        if not isinstance(try_to_load_from_cache(name, file, revision=commit), str)
    }
    return Download(name, revision, commit, missing, _licence(info), option) if missing else None


def _is_cached_whole(name: str, commit: str) -> bool:
    """Whether the cache holds a commit's architecture and weights; the hub need not be asked about such a commit."""
    if not re.fullmatch(r"[0-9a-f]{40}", commit) or cached_commit(name, commit) is None:
        return False

    def place(file: str) -> Path | None:
        found = try_to_load_from_cache(name, file, revision=commit)
        return Path(found) if isinstance(found, str) else None

    for weights in _WEIGHTS if place("config.json") else _OPEN_CLIP_WEIGHTS:
        if place(weights):
            return True
        if index := place(f"{weights}.index.json"):
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            return all(map(place, shards))
    return False


def fetch(download: Download, *, progress: Callable[[float, int], None] | None = None) -> None:
    """Download what is missing into the hub's cache; what an earlier try has got is not fetched again.

    Args:
        download: from :func:`find_download`.
        progress: called now and then with (bytes that have come, bytes in all).

    Raises:
        ModelError: the disk has no room, or the hub broke off; calling it again gets what is missing.
    """
    _check_room(download)
    # The newest is asked for by its branch: by that name, the cache finds it again where there is no network.
    revision = download.revision or constants.DEFAULT_REVISION
    with _watched(download, progress), quiet_transformers():
        # The large files last: whatever is wrong with the small ones is known at once.
        for file in sorted(download.sizes, key=lambda name: download.sizes[name]):
            try:
                hf_hub_download(download.name, file, revision=revision)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise ModelError(_no_room(download)) from error
                raise _broken_off(download, error) from error
            except Exception as error:
                raise _broken_off(download, error) from error


def _broken_off(download: Download, error: BaseException) -> ModelError:
    return hub_error(download.name, error, revision=download.revision, is_begun=True, option=download.option)


def _check_room(download: Download) -> None:
    folder = cache_folder()
    there = next(place for place in (folder, *folder.absolute().parents) if exists(place))
    if shutil.disk_usage(there).free < download.size_bytes:
        raise ModelError(_no_room(download))


def _no_room(download: Download) -> str:
    return (
        f"{download.name}: its {download.size_bytes / 1e9:.2f} GB have no room in {cache_folder()}; "
        "make room, or name a folder on another disk with the environment variable HF_HOME"
    )


def _licence(info: ModelInfo) -> str | None:
    tags = (tag.partition(":") for tag in info.tags or ())
    return next((value for key, _, value in tags if key == "license"), None)


@contextmanager
def _watched(download: Download, progress: Callable[[float, int], None] | None) -> Iterator[None]:
    """Report how many bytes of a download are in the cache while the block runs."""
    if progress is None:
        yield
        return
    blobs = cache_folder() / f"models--{download.name.replace('/', '--')}" / "blobs"
    before, ended = _size_of(blobs), threading.Event()
    total = download.size_bytes

    def watch() -> None:
        while not ended.wait(_POLL_SECONDS):
            progress(min(_size_of(blobs) - before, total), total)

    watcher = threading.Thread(target=watch, name="framecue-download", daemon=True)
    watcher.start()
    try:
        yield
        progress(total, total)
    finally:
        ended.set()
        watcher.join()


def _size_of(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat().st_size for entry in entries)
    except OSError:
        return 0  # it is not there yet, or a file was renamed meanwhile


@dataclass(frozen=True)
class CachedModel:
    """A model in the hub's cache.

    Attributes:
        name: its name on the hub.
        size_bytes: what it takes on the disk, in all its versions.
        is_whole: whether the architecture and the weights of its newest version are there.
    """

    name: str
    size_bytes: int
    is_whole: bool


def cached_models() -> list[CachedModel]:
    """Return the models in the hub's cache, by name; none if there is no cache."""
    try:
        repositories = scan_cache_dir(cache_folder()).repos
    except (CacheNotFound, OSError):
        return []
    models = [repository for repository in repositories if repository.repo_type == "model"]
    return [
        CachedModel(name, size_bytes, _is_cached_whole(name, cached_commit(name) or ""))
        for name, size_bytes in sorted((model.repo_id, model.size_on_disk) for model in models)
    ]
