"""Loading a tokenizer by itself, from a folder or a model on the hub whose weights are not wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, CLIPTokenizer, PreTrainedTokenizerBase

from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.sizes import check_text_files
from framecue.backbone.source import find_source
from framecue.errors import ModelError, first_line
from framecue.paths import is_dir, is_file, user_path

__all__ = ["CLIP_TOKENIZER", "CLIP_VOCABULARY", "has_no_words", "holds_tokenizer", "load_tokenizer"]

CLIP_TOKENIZER, CLIP_VOCABULARY = "openai/clip-vit-base-patch32", 49408


def holds_tokenizer(folder: Path) -> bool:
    """Whether a folder has the files of a tokenizer."""
    return any(is_file(folder / name) for name in ("tokenizer.json", "vocab.json"))


def has_no_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a tokenizer's vocabulary is empty: transformers makes such a tokenizer if there are no files of one.

    Some have a space in it even so.
    """
    return len(tokenizer) <= len(set(tokenizer.all_special_tokens)) + 1


def load_tokenizer(name: str | Path) -> PreTrainedTokenizerBase:
    """Load a tokenizer.

    Args:
        name: a folder with `tokenizer.json`, or `vocab.json` and `merges.txt`; a bundled model; a name on the hub.

    Raises:
        ModelError: there is no tokenizer, or it cannot be reached.
    """
    folder = Path(user_path(name))
    location, options, unreachable = str(folder), {}, None
    if not is_dir(folder):
        source = find_source(name)
        location, options, unreachable = source.location, source.options, source.unreachable
    elif not holds_tokenizer(folder):
        raise ModelError(f"{name}: the folder has no tokenizer (tokenizer.json, or vocab.json and merges.txt)")
    if is_dir(folder):
        check_text_files(folder, name=str(name))
    # A bare vocabulary does not tell what kind of tokenizer it belongs to.
    bare = is_dir(folder) and not any(
        is_file(folder / file) for file in ("tokenizer.json", "tokenizer_config.json", "config.json")
    )
    kind: Any = CLIPTokenizer if bare else AutoTokenizer
    try:
        with quiet_transformers():
            tokenizer = kind.from_pretrained(location, **options, **({} if bare else {"trust_remote_code": False}))
    except Exception as error:  # transformers raises whatever its readers raise
        reason = first_line(error)
        if unreachable is not None:
            reason = f"the hub cannot be reached ({unreachable}), and its cache does not hold it"
        raise ModelError(f"{name}: the tokenizer cannot be loaded: {reason}") from error
    if has_no_words(tokenizer):
        raise ModelError(f"{name}: has no tokenizer, its vocabulary is empty")
    return tokenizer
