"""How a sentence encoder's folder says that tokens become one vector: the files that sentence-transformers writes.

``modules.json`` lists the steps: a transformer, pooling, and perhaps dense layers and a normalisation; each step has a
folder with its ``config.json``. ``sentence_bert_config.json`` says where texts are cut, and
``config_sentence_transformers.json`` what is put in front of them. Whatever else a folder may ask for is refused by
name, as its vectors would be others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from framecue.backbone.source import is_hub_name
from framecue.errors import ModelError, first_line
from framecue.paths import is_dir, is_file, user_path

__all__ = [
    "DenseFiles",
    "Pooling",
    "SentenceFiles",
    "check_sentence_model",
    "hash_of_files",
    "read_sentence_files",
    "sentence_folder",
]

Pooling = Literal["mean", "cls", "max"]

MODULES_FILE, PROMPTS_FILE, LENGTH_FILE = (
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
)
MAX_TOKENS = 32768

# Before there was one key for it, there was one for each way.
_OLD_POOLING = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
_OLD_PREFIX = "pooling_mode_"
_ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid", "SiLU")
_QUERY_NAMES, _PASSAGE_NAMES = ("query", "search_query"), ("passage", "document", "search_document")
# Families that were trained with prompts and whose folders do not say so, by how their names begin.
_KNOWN_PROMPTS = {
    "multilingual-e5-": ("query: ", "passage: "),
    "e5-": ("query: ", "passage: "),
}
_NOT_KNOWN_BY = "-instruct"
# What the hash is of: all that changes a vector. The README and other formats of the weights do not.
_HASHED = (
    *("config.json", MODULES_FILE, LENGTH_FILE),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model"),
)
_WEIGHTS = (
    ("model*.safetensors", "model.safetensors.index.json"),
    ("pytorch_model*.bin", "pytorch_model.bin.index.json"),
)


@dataclass(frozen=True)
class DenseFiles:
    """A dense layer behind the pooling.

    Attributes:
        folder: holds its weights.
        in_features: the width of what it takes.
        out_features: the width of what it gives.
        has_bias: whether it has one.
        activation: the name of a class of `torch.nn`.
    """

    folder: Path
    in_features: int
    out_features: int
    has_bias: bool
    activation: str


@dataclass(frozen=True)
class SentenceFiles:
    """What the files of a sentence encoder say beside its transformer's own.

    Attributes:
        pooling: how the vectors of tokens become one: their mean, that of the first token, the largest of each number.
        dense: layers behind it, in order.
        max_tokens: where texts are cut; None for where the tokenizer does.
        query_prompt: what is put in front of what is searched for.
        passage_prompt: what is put in front of what is found.
    """

    pooling: Pooling
    dense: tuple[DenseFiles, ...] = ()
    max_tokens: int | None = None
    query_prompt: str = ""
    passage_prompt: str = ""


def sentence_folder(name: str) -> Path:
    """Return the folder that a name means.

    Raises:
        ModelError: there is none.
    """
    folder = Path(user_path(name))
    if not name or not is_dir(folder):
        raise ModelError(
            f"{name or repr(name)}: no such folder, and no name on the model hub (organisation/model); give a sentence "
            "encoder such as intfloat/multilingual-e5-small, or a folder of one"
        )
    return folder


def check_sentence_model(name: str) -> None:
    """Refuse a name that can be no sentence encoder's, as far as its small files tell; the hub is not asked.

    Raises:
        ModelError: it is neither a folder nor a name on the hub, or the folder asks for something that is not known.
    """
    if not is_hub_name(name):
        read_sentence_files(sentence_folder(name), name=name)


def read_sentence_files(folder: Path, *, name: str) -> SentenceFiles:
    """Read how a folder's tokens become a vector.

    Args:
        folder: of a sentence encoder.
        name: the model, by which a family's prompts are known where the folder has none; for messages, too.

    Raises:
        ModelError: the folder is none of a sentence encoder, a file cannot be read, or it asks for a step that is not
            known here; the step is named.
    """
    modules = _read(folder / MODULES_FILE, name=name) if is_file(folder / MODULES_FILE) else None
    if not isinstance(modules, list) or not modules:
        raise ModelError(
            f"{name}: has no {MODULES_FILE} that lists its steps, so it is no sentence encoder; give a folder or a hub "
            "name of one that sentence-transformers has written, such as intfloat/multilingual-e5-small"
        )
    steps = [_step(module, name=name) for module in modules]
    kinds = [kind for kind, _ in steps]
    if kinds[:2] != ["Transformer", "Pooling"] or not set(kinds[2:]) <= {"Dense", "Normalize"}:
        raise ModelError(
            f"{name}: its steps are {', '.join(kinds)}; known here are a Transformer, then Pooling, then any of Dense "
            "and Normalize; give another sentence encoder"
        )
    if "Normalize" in kinds and "Dense" in kinds[kinds.index("Normalize") :]:
        raise ModelError(f"{name}: a Dense layer follows its normalisation, which is not known here; give another one")
    query, passage, is_own = _prompts(folder, name=name)
    pooling, includes_prompt = _pooling(folder / steps[1][1], name=name)
    if (query or passage) and not includes_prompt:
        raise ModelError(f"{name}: leaves its prompts out of the pooling, which is not known here; give another one")
    if not is_own:
        query, passage = _known_prompts(name, folder)
    dense = tuple(_dense(folder / path, name=name) for kind, path in steps if kind == "Dense")
    return SentenceFiles(pooling, dense, _max_tokens(folder, name=name), query, passage)


def hash_of_files(folder: Path, files: SentenceFiles) -> str:
    """Return a hash of all files of a folder that its vectors depend on: 16 hexadecimal digits.

    Prompts stand in a fingerprint by themselves and are not hashed.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for file in hashed_files(folder, files):
        digest.update(file.encode() + b"\0")
        with (folder / file).open("rb") as opened:
            while block := opened.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()[:16]


def hashed_files(folder: Path, files: SentenceFiles) -> list[str]:
    """Return the names of the files that a folder's vectors depend on, those in its folders with ``/``, sorted."""
    found = [file for file in _HASHED if is_file(folder / file)]
    steps = [path.parent for path in folder.glob("[0-9]*_*/config.json")]
    for place in (folder, *(dense.folder for dense in files.dense)):
        for patterns in _WEIGHTS:
            weights = [path for pattern in patterns for path in place.glob(pattern)]
            found += [path.relative_to(folder).as_posix() for path in weights]
            if weights:
                break
    return sorted({*found, *((step / "config.json").relative_to(folder).as_posix() for step in steps)})


def _step(module: Any, *, name: str) -> tuple[str, str]:
    """Return a step's kind and its folder in the model's."""
    kind, path = (module.get("type"), module.get("path", "")) if isinstance(module, dict) else (None, None)
    # A kind of somebody's own is code, which is not run.
    if not isinstance(kind, str) or not isinstance(path, str) or not kind.startswith("sentence_transformers."):
        raise ModelError(f"{name}: {MODULES_FILE} has the step {json.dumps(module)[:80]}, which is not known here")
    if path and (Path(path).is_absolute() or ".." in Path(path).parts):
        raise ModelError(f"{name}: {MODULES_FILE} names a folder outside of the model's: {path}")
    return kind.rpartition(".")[2], path


def _pooling(folder: Path, *, name: str) -> tuple[Pooling, bool]:
    values = _object(folder / "config.json", name=name)
    mode = values.get("pooling_mode")
    if mode is None:
        wanted = [key for key, value in values.items() if key.startswith(_OLD_PREFIX) and value is True]
        mode = _OLD_POOLING.get(wanted[0]) or wanted[0].removeprefix(_OLD_PREFIX) if len(wanted) == 1 else wanted
    if mode not in get_args(Pooling):
        raise ModelError(
            f"{name}: pools its tokens by {json.dumps(mode)}; known here are {', '.join(get_args(Pooling))}; "
            "give another sentence encoder"
        )
    return cast(Pooling, mode), values.get("include_prompt", True) is not False


def _dense(folder: Path, *, name: str) -> DenseFiles:
    values = _object(folder / "config.json", name=name)
    activation = str(values.get("activation_function", "torch.nn.modules.activation.Tanh")).rpartition(".")[2]
    widths = values.get("in_features"), values.get("out_features")
    if activation not in _ACTIVATIONS or not all(type(width) is int and 0 < width <= 1 << 16 for width in widths):
        raise ModelError(
            f"{name}: a Dense layer of {widths[0]} x {widths[1]} with {activation} is not known here; known are "
            f"{', '.join(_ACTIVATIONS)}"
        )
    for key, usual in (("module_input_name", "sentence_embedding"), ("module_output_name", "sentence_embedding")):
        if values.get(key, usual) != usual:
            raise ModelError(f"{name}: a Dense layer has {key} {values[key]}, which is not known here")
    return DenseFiles(
        folder, int(values["in_features"]), int(values["out_features"]), values.get("bias", True) is True, activation
    )


def _max_tokens(folder: Path, *, name: str) -> int | None:
    values = _object(folder / LENGTH_FILE, name=name) if is_file(folder / LENGTH_FILE) else {}
    if values.get("do_lower_case") is True:
        raise ModelError(
            f"{name}: lower-cases texts by itself (do_lower_case), which is not known here; give another one"
        )
    if values.get("transformer_task", "feature-extraction") != "feature-extraction":
        raise ModelError(f"{name}: its task is {values['transformer_task']}, not feature-extraction; give another one")
    length = values.get("max_seq_length")
    if length is None:
        return None
    if type(length) is not int or not 2 < length <= MAX_TOKENS:
        raise ModelError(
            f"{name}: max_seq_length in {LENGTH_FILE} is {json.dumps(length)}; it must be 3 to {MAX_TOKENS}"
        )
    return length


def _prompts(folder: Path, *, name: str) -> tuple[str, str, bool]:
    """Return the prompts of queries and passages, and whether the folder has any."""
    values = _object(folder / PROMPTS_FILE, name=name) if is_file(folder / PROMPTS_FILE) else {}
    prompts = values.get("prompts") or {}
    usual = values.get("default_prompt_name")
    if not isinstance(prompts, dict) or not all(isinstance(prompt, str) for prompt in prompts.values()):
        raise ModelError(f"{name}: prompts in {PROMPTS_FILE} are no texts by their names")

    def first(names: tuple[str, ...]) -> str:
        # Later versions write empty ones into every folder.
        wanted = (*names, usual) if isinstance(usual, str) else names
        return next((prompts[each] for each in wanted if prompts.get(each)), "")

    return first(_QUERY_NAMES), first(_PASSAGE_NAMES), any(prompts.values())


def _known_prompts(name: str, folder: Path) -> tuple[str, str]:
    """Return the prompts of a family that is known by its name: the hub's, or that of the folder with its files."""
    names = [name, str(folder)]
    config = folder / "config.json"
    if is_file(config):
        original = _object(config, name=name).get("_name_or_path")
        names += [original] if isinstance(original, str) else []
    for each in names:
        last = each.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
        for beginning, prompts in _KNOWN_PROMPTS.items():
            if last.startswith(beginning) and _NOT_KNOWN_BY not in last:
                return prompts
    return "", ""


def _object(file: Path, *, name: str) -> Mapping[str, Any]:
    values = _read(file, name=name)
    if not isinstance(values, dict):
        raise ModelError(f"{name}: {file.parent.name}/{file.name} is no JSON object")
    return values


def _read(file: Path, *, name: str) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{name}: {file.parent.name}/{file.name} cannot be read: {first_line(error)}") from error
