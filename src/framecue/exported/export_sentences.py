"""Loading a sentence encoder, and making its graph: in float32, compared with the model before it is ever used.

Not in bytes: of a sentence encoder's time most goes by without its weights, and a passage's vector is kept for years.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from framecue.backbone.sentence_files import hash_of_files
from framecue.backbone.sentence_model import SentenceModel, load_sentence_model
from framecue.backbone.source import cached_folder, is_hub_name
from framecue.errors import ModelError
from framecue.exported.sentences import LateSentenceEncoder
from framecue.exported.sources import SourceFiles, source_files
from framecue.exported.text import find_text_graph
from framecue.exported.write_text import keep_graph, unchanged, write_text_side
from framecue.paths import is_dir
from framecue.words.sentences import SentenceFingerprint

__all__ = ["fingerprint_of", "keep_sentence_graph", "load_described", "load_named"]


def load_named(name: str) -> LateSentenceEncoder:
    """Load the sentence encoder that a name means, and make its graph if there is none.

    Raises:
        ModelError: there is no such model, the hub cannot be reached, or the model cannot be used.
    """
    model = load_sentence_model(name)
    fingerprint = fingerprint_of(model)
    keep_sentence_graph(model)
    return LateSentenceEncoder(fingerprint, find_text_graph(fingerprint, starts_fast=False), model=model)


def load_described(fingerprint: SentenceFingerprint) -> SentenceModel:
    """Load the model that a library names, and make its graph if there is none; nothing is downloaded.

    Raises:
        ModelError: it is no longer where it was, or it has changed.
    """
    place = fingerprint.model
    gone = is_hub_name(place) and cached_folder(place, fingerprint.revision) is None
    if gone or not (is_hub_name(place) or is_dir(Path(place))):
        raise ModelError(
            f"the library's sentence encoder is no longer at {place}; name it again with `framecue index PATHS "
            f"--sentence-model {place if gone else 'FOLDER'}`, or take meanings out with `--no-meaning`"
        )
    model = load_sentence_model(place, revision=fingerprint.revision)
    keep_sentence_graph(model)
    return model


def fingerprint_of(model: SentenceModel) -> SentenceFingerprint:
    """Return the fingerprint of a sentence encoder, with an absolute place."""
    return SentenceFingerprint(
        model=model.name,
        revision=model.revision,
        embedding_dim=model.embedding_dim,
        max_tokens=model.max_tokens,
        query_prompt=model.files.query_prompt,
        passage_prompt=model.files.passage_prompt,
    ).with_absolute_place()


def keep_sentence_graph(model: SentenceModel) -> bool:
    """Make a sentence encoder's graph if there is none, see :func:`~framecue.exported.write_text.keep_graph`."""
    fingerprint = fingerprint_of(model)
    return keep_graph(
        fingerprint,
        sources=lambda: _hashed_sources(model, fingerprint),
        export=lambda: write_text_side(model, fingerprint),
    )


def _hashed_sources(model: SentenceModel, fingerprint: SentenceFingerprint) -> Sequence[SourceFiles] | None:
    """Return the model's files as they are now, after hashing them; None if they are no longer what was loaded."""
    sources = [source_files(fingerprint.model, model.folder, only=model.hashed_files)]
    # Of a model on the hub the commit is the name, and the folder has it.
    is_on_hub = is_hub_name(fingerprint.model)
    if (model.folder.name if is_on_hub else hash_of_files(model.folder, model.files)) != fingerprint.revision:
        return None
    return unchanged(sources)
