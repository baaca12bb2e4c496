"""What it costs to hear speech that repeats itself, beside as much speech that does not; a part of `words.py`.

A piece of speech that repeats itself is heard once more in halves, as a model that turns in circles looks the same. The
same voice speaks as many sentences, one after another, all different or each again and again, and both are heard by one
core, in turns.
"""

from __future__ import annotations

import statistics
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from film_sound import RATE, VOICES, Speech, mix, speak
from film_words import draw_sentence, plain
from framecue.video import IsolatedReader
from framecue.words.request import SPEECH, WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.sources import make_source
from measure import processor_seconds

__all__ = ["repeated_results"]

# So often each sentence is said where it is repeated: in a piece of 30 seconds there is little else.
TIMES_SAID = 12
_PAUSE_SECONDS = 0.4
_ACTIONS = (0, 1, 2, 3)


def repeated_results(folder: Path, model: str, *, num_groups: int, num_rounds: int, seed: int) -> dict[str, float]:
    """Hear both, and say what a second of speech costs in each and which share of the words was heard.

    Args:
        folder: where the two recordings are written.
        model: that hears.
        num_groups: how many sentences are repeated; there are TIMES_SAID times as many different ones.
        num_rounds: how often each recording is heard.
        seed: of the sentences.
    """
    rng = np.random.default_rng(seed)
    texts: dict[str, None] = {}
    while len(texts) < num_groups * TIMES_SAID:
        texts[draw_sentence(rng, _ACTIONS).text] = None
    different = [*texts]
    said = {
        "without repeats": different,
        "repeated": [text for text in different[:num_groups] for _ in range(TIMES_SAID)],
    }
    source = make_source(WordsRequest(source=SPEECH, model=model, language="en"))
    paths, seconds = {}, {}
    for name, sentences in said.items():
        speeches = [speak(text, *VOICES[0]) for text in sentences]
        paths[name] = write_recording(folder / f"{name}.wav", speeches)
        seconds[name] = sum(len(speech.samples) for speech in speeches) / RATE

    found: dict[str, list[str]] = {}
    took: dict[str, list[float]] = {name: [] for name in said}
    for number in range(num_rounds + 1):
        for name, path in paths.items():
            began = processor_seconds()
            # What decodes counts when it has ended.
            with IsolatedReader() as reader:
                lines = list(source.find(WordsUnit(str(path), ()), reader))
            found[name] = [word for line in lines for word in plain(line.text)]
            if number:  # the first round loads the model
                took[name].append(processor_seconds() - began)
    costs = {name: statistics.median(each) / seconds[name] for name, each in took.items()}
    shares = {
        f"words heard of those said, {name}": 100.0 * len(found[name]) / sum(len(plain(text)) for text in sentences)
        for name, sentences in said.items()
    }
    return {
        **{f"processor seconds a second of speech, {name}": cost for name, cost in costs.items()},
        "ratio": costs["repeated"] / costs["without repeats"],
        **shares,
    }


def write_recording(path: Path, speeches: Sequence[Speech]) -> Path:
    """Write sentences one after another, with a short silence between two; return the file."""
    start, placed = 0.0, []
    for speech in speeches:
        placed.append((start, speech))
        start += len(speech.samples) / RATE + _PAUSE_SECONDS
    sound = mix(start, placed, "silence", np.random.default_rng(0))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    return path
