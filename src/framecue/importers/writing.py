"""Writing the output of an importer: a backbone folder and an adapter folder, both or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from framecue._version import __version__
from framecue.backbone import Backbone, hash_of_tensors
from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.tokenizer import CLIP_TOKENIZER, CLIP_VOCABULARY, load_tokenizer
from framecue.checkpoint import save_adapter
from framecue.errors import ModelError, OutputError
from framecue.importers.parts import Imported
from framecue.importers.weights_file import lists_in_words
from framecue.methods import Method, build_method
from framecue.outputs import folder_beside
from framecue.paths import absolute_path, exists, is_dir

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["ImportedFolders", "refuse_occupied", "write"]


@dataclass(frozen=True)
class ImportedFolders:
    """The result of an import.

    Attributes:
        backbone: the model's folder.
        adapter: the adapter's folder; None if the checkpoint is a CLIP alone.
        method: the adapter's method, None likewise.
        has_tokenizer: whether the backbone can encode text.
        notes: notes for the user, a line each.
    """

    backbone: Path
    adapter: Path | None
    method: str | None
    has_tokenizer: bool
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue import-checkpoint --json`` prints: the attributes, paths as texts."""
        adapter = None if self.adapter is None else str(self.adapter)
        return {**asdict(self), "backbone": str(self.backbone), "adapter": adapter}


def refuse_occupied(output: Path) -> None:
    """Refuse a place that is not free, before a large file is read for it.

    Raises:
        ModelError: the place is a file, or a folder that is not empty.
    """
    if exists(output) and (not is_dir(output) or any(output.iterdir())):
        raise ModelError(f"{output}: holds something already; name a new or an empty folder as the output")


def write(
    imported: Imported, *, output: Path, source: str, tokenizer: str | Path | None, given: Backbone | None = None
) -> ImportedFolders:
    """Write `output/backbone`, and `output/adapter` if there is a method.

    Args:
        imported: the model, and the method's parameters.
        output: the folder.
        source: the checkpoint, for messages.
        tokenizer: a folder or hub name; None for one that fits.
        given: the backbone that the user named, if the checkpoint is put on one.

    Raises:
        ModelError: a parameter of the method is missing, unexpected or of another shape, the tokenizer named cannot be
            loaded or does not fit, or the folder cannot be written.
        InputError: an option does not fit the backbone.
    """
    notes = list(imported.notes)
    if imported.method is None:
        notes.append("the checkpoint is a CLIP alone, so there is a backbone and no adapter")
    found = _tokenizer(imported, tokenizer, given, notes)
    folder = output / "backbone"

    def no_tokenizer() -> PreTrainedTokenizerBase:
        raise ModelError(f"{folder}: has no tokenizer")

    backbone = Backbone(
        imported.clip,
        name=str(folder),
        revision=hash_of_tensors(imported.clip.state_dict().items()),
        preprocess=Backbone.default_preprocess(imported.clip.config) if given is None else given.preprocess,
        tokenizer=no_tokenizer if found is None else (lambda: found),
    )
    method = None if imported.method is None else _method(imported, backbone, source)
    with _whole(output) as partial:
        with quiet_transformers():
            backbone.model.save_pretrained(partial / "backbone")
            if found is not None:
                found.save_pretrained(partial / "backbone")
            backbone.preprocess.save(partial / "backbone")
        if method is not None and imported.method is not None:
            save_adapter(
                partial / "adapter",
                backbone=backbone,
                method=method,
                method_name=imported.method,
                version=__version__,
            )
    return ImportedFolders(
        backbone=folder,
        adapter=None if method is None else output / "adapter",
        method=imported.method,
        has_tokenizer=found is not None,
        notes=notes,
    )


def _method(imported: Imported, backbone: Backbone, source: str) -> Method:
    """Return the method with the checkpoint's parameters, frozen and unfrozen as for training."""
    assert imported.method is not None
    method = build_method(imported.method, imported.options, backbone)
    parameters = dict(method.named_parameters())
    missing = parameters.keys() - imported.tensors.keys()
    unexpected = [imported.own_names[name] for name in imported.tensors.keys() - parameters.keys()]
    if missing or unexpected:
        lists = lists_in_words(**{"unexpected": unexpected, "missing (by their names here)": missing})
        raise ModelError(f"{source}: does not hold the parameters of {imported.method}: {lists}")
    for name, tensor in imported.tensors.items():
        if tensor.shape != parameters[name].shape:
            raise ModelError(
                f"{source}: {imported.own_names[name]} has shape {tuple(tensor.shape)}, "
                f"expected {tuple(parameters[name].shape)} with this backbone"
            )
    with torch.no_grad():
        for name, tensor in imported.tensors.items():
            parameters[name].copy_(tensor)
    method.freeze(backbone)
    return method


def _tokenizer(
    imported: Imported, wanted: str | Path | None, given: Backbone | None, notes: list[str]
) -> PreTrainedTokenizerBase | None:
    """Return the tokenizer to write; None, with a note, if there is none to be had."""
    text = imported.clip.config.text_config
    if wanted is None and given is not None:
        return given.tokenizer
    if wanted is None and not imported.has_clip:
        return None
    if wanted is None:
        way_out = "name one to import it as well (--tokenizer FOLDER), or put its files into the backbone's folder"
        if text.vocab_size != CLIP_VOCABULARY:
            notes.append(
                f"the backbone has no tokenizer, so it cannot encode text yet: its vocabulary of {text.vocab_size} is "
                f"not CLIP's; {way_out}"
            )
            return None
        try:
            return load_tokenizer(CLIP_TOKENIZER)
        except ModelError as error:
            notes.append(f"the backbone has no tokenizer, so it cannot encode text yet ({error}); {way_out}")
            return None
    tokenizer = load_tokenizer(wanted)
    if len(tokenizer) > text.vocab_size:
        raise ModelError(
            f"{wanted}: a tokenizer of {len(tokenizer)} tokens does not belong to a model that knows {text.vocab_size}"
        )
    if text.eos_token_id not in (2, tokenizer.eos_token_id):  # 2 means that the feature is read at the largest id
        raise ModelError(
            f"{wanted}: its end of text is token {tokenizer.eos_token_id}, the model's is {text.eos_token_id}; give "
            "the tokenizer that belongs to the checkpoint"
        )
    return tokenizer


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """Yield a folder beside the output to write to; at the end its contents move to the output, or are deleted."""
    try:
        refuse_occupied(output)
        with folder_beside(absolute_path(output)) as partial:
            yield partial
    except OutputError as error:
        raise ModelError(f"{output}: {error.reason}; nothing was imported") from error
    except OSError as error:
        raise ModelError(f"{output}: cannot be written ({error.strerror or error}); nothing was imported") from error
