"""What is said in a video, heard by Whisper: faster-whisper, the extra `speech`, is imported here alone."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framecue.cores import num_cores
from framecue.errors import InputError, ModelError, VideoError, first_line
from framecue.video import IsolatedReader, SoundChunk, SoundOptions
from framecue.words.source import WordsFingerprint, WordsUnit
from framecue.words.speech_languages import code_of_whisper, speech_language, whisper_code
from framecue.words.speech_models import DEFAULT_SPEECH_MODEL, SpeechModel, fetch_speech_model, find_speech_model
from framecue.words.speech_pieces import MAX_PIECE_SECONDS, Piece, cut_pieces, without_silence
from framecue.words.spoken_lines import HeardWord, spoken_lines
from framecue.words.timed_text import SAID, Kind, TimedText

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment

__all__ = ["EXTRA", "SpeechSource"]

EXTRA = "framecue[speech]"
"""What brings faster-whisper."""

# It rises when framecue's own rules (where sound is cut, what is dropped) make other words of the same file.
_RULES = 2
# It runs on every processor, in half the time of float32.
_COMPUTE_TYPE = "int8"
_BEAM_SIZE = 5
# By Whisper's authors: from where on there is no speech, where a text is guessed, and where it turns in circles.
_NO_SPEECH_PROBABILITY, _LOG_PROBABILITY, _COMPRESSION_RATIO = 0.6, -1.0, 2.4
# Where the model hears no speech, a text has to be surer than this. What it invents of noise ("You", "Thank you.") is
# not, and speech is.
_SURE_LOG_PROBABILITY = -0.5
# A second try at a text that turns in circles may not say so many tokens again.
_NO_REPEATED_TOKENS = 3
# The detector's usual ones in faster-whisper, but for the first: a blip of sound is no speech.
_MIN_SPEECH_MILLISECONDS, _MIN_SILENCE_MILLISECONDS, _PAD_MILLISECONDS = 200, 2000, 400
_MIN_PAUSE_MILLISECONDS, _MIN_WORD_SECONDS = 100, 0.1
# A language is believed once the first pieces give it so much on average, and the likeliest one after so many.
_SURE_PROBABILITY, _MAX_LANGUAGE_PIECES = 0.9, 4


class SpeechSource:
    """Finds what is said in videos; see :class:`~framecue.words.source.WordSource`.

    Nothing in it is left to chance, so the same file gives the same words. The model is loaded when the first file with
    sound is asked for.

    Args:
        model: a size of Whisper, a name on the hub, or a folder in CTranslate2's form.
        language: what is spoken, by its code or English name; None to find it out of each file, by its first minutes of
            speech.
        track: the sound track that is listened to, by its number or language; None for the usual one.
        threads: how many cores the model computes with; None for all.
        fetches: whether a model that is not on this machine is downloaded from the hub, now.

    Raises:
        ModelError: faster-whisper is not installed, or there is no such model.
        InputError: the language or the track is none, or the model does not hear the language.
    """

    kind: Kind = SAID

    def __init__(
        self,
        model: str | Path = DEFAULT_SPEECH_MODEL,
        *,
        language: str | None = None,
        track: int | str | None = None,
        threads: int | None = None,
        fetches: bool = True,
    ) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads is {threads}; it must be at least 1")
        self._version = _installed_version()
        self._sound = SoundOptions(track)
        self._language = None if language is None else speech_language(language)
        self._model = find_speech_model(model)
        if fetches:
            self._model = fetch_speech_model(self._model)
        self._threads = threads
        self._whisper: _Whisper | None = None
        if self._language not in (None, "en") and not self._model.is_multilingual:
            raise InputError(
                f"the speech model {self._model.name} hears English alone, and the language is {self._language}; leave "
                f"the language out, or give a model for many languages, such as {DEFAULT_SPEECH_MODEL}"
            )

    @property
    def fingerprint(self) -> WordsFingerprint:
        """What it is; the model's files are hashed once, and not loaded."""
        return WordsFingerprint(
            source="speech",
            model=self._model.name,
            revision=self._model.revision,
            # Without the last number, behind which stands what mends and changes no words.
            version=f"faster-whisper {'.'.join(self._version.split('.')[:2])}, rules {_RULES}",
            options={
                "language": self._language,
                "track": self._sound.track,
                "compute_type": _COMPUTE_TYPE,
                "beam_size": _BEAM_SIZE,
            },
        )

    def find(self, unit: WordsUnit, reader: IsolatedReader) -> Iterator[TimedText]:
        """Yield what is said in a file, line by line; nothing of a picture, of silence or of music.

        Args:
            unit: the file.
            reader: decodes its sound.

        Raises:
            VideoError: its sound cannot be read, or is damaged; all that can be heard of it comes before.
            ModelError: the model cannot be loaded.
        """
        if unit.kind == "image":
            return
        errors: list[VideoError] = []
        with closing(_sound(unit.path, reader, self._sound, errors)) as chunks:
            language, pieces = self._language_of(cut_pieces(chunks, lambda samples: self._loaded().speech_in(samples)))
            if language is not None:
                yield from spoken_lines(_in_order(self._loaded().words(pieces, language)), language)
        for error in errors:
            raise error

    def _language_of(self, pieces: Iterator[Piece]) -> tuple[str | None, Iterable[Piece]]:
        """Return what is spoken in a file, and its pieces; None where there are none."""
        first: list[Piece] = []
        sums: dict[str, float] = {}
        for piece in islice(pieces, _MAX_LANGUAGE_PIECES):
            first.append(piece)
            if self._language is not None:
                return self._language, chain(first, pieces)
            for code, probability in self._loaded().languages_of(piece).items():
                sums[code] = sums.get(code, 0.0) + probability
            if max(sums.values()) >= _SURE_PROBABILITY * len(first):
                break
        return max(sums, key=lambda code: (sums[code], code), default=None), chain(first, pieces)

    def _loaded(self) -> _Whisper:
        if self._whisper is None:
            self._whisper = _Whisper(self._model, self._threads or num_cores())
        return self._whisper


def _installed_version() -> str:
    """Return the version of faster-whisper, which is not imported.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return version("faster-whisper")
    except PackageNotFoundError:
        raise ModelError(
            f"speech is heard by faster-whisper, which is not installed; pip install '{EXTRA}', or leave speech out"
        ) from None


def _sound(
    path: str, reader: IsolatedReader, options: SoundOptions, errors: list[VideoError]
) -> Generator[SoundChunk, None, None]:
    """Yield a file's sound; what is wrong with it is added to the errors at its end, as what came before stands."""
    try:
        with closing(reader.read_sound(path, options)) as parts:
            yield from (part for part in parts if isinstance(part, SoundChunk))
    except VideoError as error:
        errors.append(error)


def _in_order(words: Iterable[HeardWord]) -> Iterator[HeardWord]:
    """Yield words none of which begins before the one before it or takes no time; the model's times are not exact."""
    start = 0.0
    for word in words:
        start = max(start, word.start_seconds)
        end = max(round(start + _MIN_WORD_SECONDS, 3), word.end_seconds)
        yield HeardWord(start, end, word.text, word.probability)


def _stretches(found: list[dict[str, int]]) -> list[tuple[int, int]]:
    return [(int(stretch["start"]), int(stretch["end"])) for stretch in found]


def _is_speech(segment: Segment, *, is_doubtful: bool) -> bool:
    """Whether a text was said, by what the model says of it.

    Args:
        segment: the text.
        is_doubtful: whether an earlier try at it turned in circles, as where there is nothing to hear.
    """
    if segment.compression_ratio > _COMPRESSION_RATIO or segment.avg_logprob < _LOG_PROBABILITY:
        return False
    is_silence = segment.no_speech_prob > _NO_SPEECH_PROBABILITY
    return not (is_silence and (is_doubtful or segment.avg_logprob < _SURE_LOG_PROBABILITY))


class _Whisper:
    """The model and its voice detector, loaded.

    Args:
        model: it.
        threads: how many cores it computes with.

    Raises:
        ModelError: faster-whisper cannot be imported, or the model's files are damaged.
    """

    def __init__(self, model: SpeechModel, threads: int) -> None:
        try:
            from faster_whisper import WhisperModel
            from faster_whisper.vad import VadOptions, get_speech_timestamps
        except ImportError as error:
            raise ModelError(
                f"faster-whisper, which hears speech, cannot be imported ({first_line(error)}); pip install '{EXTRA}'"
            ) from error
        try:
            self._model = WhisperModel(
                str(model.folder),
                device="cpu",
                compute_type=_COMPUTE_TYPE,
                cpu_threads=threads,
                num_workers=1,
                local_files_only=True,
            )
        except Exception as error:  # those of CTranslate2 and of the tokenizer have no base
            raise ModelError(
                f"{model.name}: the speech model cannot be loaded ({first_line(error)}); its files are damaged, or no "
                "model of Whisper"
            ) from error
        num_bands = self._model.model.n_mels
        if num_bands != len(self._model.feature_extractor.mel_filters):
            raise ModelError(
                f"{model.name}: the speech model hears {num_bands} bands, and its folder has no "
                "preprocessor_config.json that says so; copy that from where the model is from"
            )
        self._detect = get_speech_timestamps
        self._to_cut = VadOptions(
            min_speech_duration_ms=_MIN_SPEECH_MILLISECONDS,
            min_silence_duration_ms=_MIN_SILENCE_MILLISECONDS,
            speech_pad_ms=_PAD_MILLISECONDS,
            max_speech_duration_s=MAX_PIECE_SECONDS,
        )
        self._to_time = VadOptions(min_silence_duration_ms=_MIN_PAUSE_MILLISECONDS, speech_pad_ms=0)

    def speech_in(self, samples: np.ndarray) -> list[tuple[int, int]]:
        """Return the first and behind the last sample of each stretch of speech.

        Args:
            samples: float32 (N,).
        """
        return _stretches(self._detect(samples, self._to_cut))

    def languages_of(self, piece: Piece) -> dict[str, float]:
        """Return how likely each language is, by its code."""
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        _, _, probabilities = self._model.detect_language(audio=piece.samples)
        return {code_of_whisper(code): float(probability) for code, probability in probabilities}

    def words(self, pieces: Iterable[Piece], language: str) -> Iterator[HeardWord]:
        """Yield the words of pieces, on the clock of their file."""
        for piece in pieces:
            yield from self._words_of(piece, language)

    def _words_of(self, piece: Piece, language: str) -> Iterator[HeardWord]:
        segments = self._segments(piece, language)
        turns = any(segment.compression_ratio > _COMPRESSION_RATIO for segment in segments)
        voiced = _stretches(self._detect(piece.samples, self._to_time))
        # What is said again and again looks like a model that turns in circles, but less of it does not.
        if turns and (halves := piece.halves(voiced)) is not None:
            for half in halves:
                yield from self._words_of(half, language)
            return
        if turns:
            segments = self._segments(piece, language, no_repeated_tokens=_NO_REPEATED_TOKENS)
        for segment in segments:
            if _is_speech(segment, is_doubtful=turns):
                for word in segment.words or ():
                    times = piece.times(*without_silence(float(word.start), float(word.end), voiced))
                    yield HeardWord(*times, word.word, float(word.probability))

    def _segments(self, piece: Piece, language: str, *, no_repeated_tokens: int = 0) -> list[Segment]:
        segments, _ = self._model.transcribe(
            piece.samples,
            language=whisper_code(language),
            beam_size=_BEAM_SIZE,
            # Other temperatures would draw at random.
            temperature=0.0,
            no_repeat_ngram_size=no_repeated_tokens,
            compression_ratio_threshold=_COMPRESSION_RATIO,
            log_prob_threshold=_LOG_PROBABILITY,
            no_speech_threshold=_NO_SPEECH_PROBABILITY,
            # A piece is heard as if it were alone: one that goes wrong leads no other astray.
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
        )
        return list(segments)
