"""The sound of films that are made here: sentences spoken by espeak-ng, with the time of each word, over other sound.

espeak-ng is a program of the system (Debian, Ubuntu: `apt install espeak-ng`). Its library is called, as the program
does not tell when it says which word; the sound is the same. It has one voice at a time for a whole process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

__all__ = ["BEDS", "RATE", "VOICES", "Speech", "Word", "bed", "mix", "speak", "why_no_speech"]

RATE = 22_050
"""Samples a second, as espeak-ng gives them."""

VOICES = (("en-us", 130), ("en-us+m3", 125), ("en-us+klatt2", 135))
"""Three voices, each with its words a minute: those that a small model for speech hears best."""

BEDS = ("silence", "noise", "music")
"""What is heard behind the words."""

_SYNCHRONOUS, _WORD, _RATE_PARAMETER, _UTF8, _PEAK = 2, 1, 1, 1, 0.5
# A word's sound is over where the rest of its time is fainter than this share of its peak.
_SILENT_SHARE = 0.02
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Word:
    """A word that is spoken, as it is written, and when."""

    start_seconds: float
    end_seconds: float
    text: str

    def later(self, seconds: float) -> Word:
        """Return the word so many seconds later."""
        return Word(self.start_seconds + seconds, self.end_seconds + seconds, self.text)


@dataclass(frozen=True, eq=False)
class Speech:
    """A sentence spoken: float32 (samples,) at `RATE`, in [-1, 1], and its words."""

    samples: np.ndarray
    words: tuple[Word, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE


def why_no_speech() -> str | None:
    """Why nothing can be spoken here; None if it can."""
    if ctypes.util.find_library("espeak-ng") is None:
        return "espeak-ng is not installed (Debian, Ubuntu: apt install espeak-ng)"
    return None


def speak(text: str, voice: str, words_a_minute: int) -> Speech:
    """Speak one sentence; threads wait for each other.

    What was said before in the same process changes the sound by some samples, so the same sentences in the same order
    sound the same.

    Raises:
        RuntimeError: espeak-ng is not installed, or has no such voice.
    """
    chunks: list[np.ndarray] = []
    begins: list[tuple[int, float]] = []

    @_CALLBACK
    def keep(samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        place = 0
        while events[place].type:
            if events[place].type == _WORD:
                begins.append((events[place].text_position - 1, events[place].milliseconds / 1e3))
            place += 1
        return 0

    spoken = text.encode("ascii") + b"\0"
    with _one_at_a_time:
        library = _library()
        library.espeak_SetSynthCallback(keep)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"espeak-ng has no voice {voice!r}")
        library.espeak_SetParameter(_RATE_PARAMETER, words_a_minute, 0)
        if library.espeak_Synth(spoken, len(spoken), 0, 0, 0, _UTF8, None, None):
            raise RuntimeError(f"espeak-ng did not speak {text!r}")
    samples = np.concatenate(chunks).astype(np.float32)
    samples *= _PEAK / np.abs(samples).max()
    return Speech(samples, _timed(text, begins, samples))


def bed(kind: str, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """What is heard behind the words, float32 (samples,): nothing, a faint noise, or chords that swell and fade."""
    if kind == "silence":
        return np.zeros(num_samples, np.float32)
    if kind == "noise":
        return (0.004 * rng.standard_normal(num_samples)).astype(np.float32)
    seconds = np.arange(num_samples, dtype=np.float32) / RATE
    sound = np.zeros(num_samples, np.float32)
    beat = float(rng.uniform(1.2, 2.0))
    root = float(rng.choice([110.0, 130.8, 146.8, 164.8]))
    swell = np.sin(np.pi * (seconds / beat % 1.0)) ** 2
    for chord, steps in enumerate(((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))):
        is_on = (seconds // beat).astype(int) % 4 == chord
        tones = sum(np.sin(2 * np.pi * root * 2 ** (step / 12) * seconds) for step in steps)
        sound += np.where(is_on, tones, 0).astype(np.float32)
    return (0.012 * swell * sound).astype(np.float32)


def mix(num_seconds: float, spoken: Sequence[tuple[float, Speech]], kind: str, rng: np.random.Generator) -> np.ndarray:
    """Put sentences at their times over what is heard behind them; int16 (samples,) at `RATE`."""
    sound = bed(kind, round(num_seconds * RATE), rng)
    for start_seconds, speech in spoken:
        first = round(start_seconds * RATE)
        room = sound[first : first + len(speech.samples)]
        room += speech.samples[: len(room)]
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@cache
def _library() -> ctypes.CDLL:
    missing = why_no_speech()
    if missing is not None:
        raise RuntimeError(missing)
    library = ctypes.CDLL(ctypes.util.find_library("espeak-ng"))
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
    if rate != RATE:
        raise RuntimeError(f"espeak-ng speaks at {rate} samples a second, where {RATE} are expected")
    return library


def _timed(text: str, begins: Sequence[tuple[int, float]], samples: np.ndarray) -> tuple[Word, ...]:
    """The words with their times: each lasts until the next one begins, or until it is silent, if that is sooner.

    espeak-ng says some small words together ("in the") and tells when the first of them begins; their time is divided
    by their letters.
    """
    places = [match.start() for match in re.finditer(r"\S+", text)]
    spoken_at = dict(begins)
    known = [(place, spoken_at[place]) for place in places if place in spoken_at]
    known.append((len(text) + 1, len(samples) / RATE))
    words = []
    for (first, start), (behind, end) in pairwise(known):
        together = text[first : behind - 1].split()
        heard = np.flatnonzero(np.abs(samples[round(start * RATE) : round(end * RATE)]) > _SILENT_SHARE * _PEAK)
        over = min(end, start + (int(heard[-1]) + 1) / RATE) if len(heard) else end
        shares = np.cumsum([0, *map(len, together)]) / sum(map(len, together))
        for word, (begin, stop) in zip(together, pairwise(start + shares * (over - start)), strict=True):
            words.append(Word(float(begin), float(stop), word))
    return tuple(words)
