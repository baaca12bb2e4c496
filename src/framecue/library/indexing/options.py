"""How files are indexed: the one list of options, for Python, for the command line and for watching folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from framecue.checks import check_flags, check_kind, is_number
from framecue.errors import InputError
from framecue.library.files.exclude import Exclude
from framecue.paths import absolute_path, is_dir, user_path
from framecue.video import STALL_SECONDS, Segmentation
from framecue.words.request import SCREEN, SIDECARS, SPEECH, SUBTITLES, WordsRequest

__all__ = ["AddKeywords", "AddOptions"]


@dataclass(frozen=True, kw_only=True)
class AddOptions:
    """How files are indexed.

    Args:
        exclude: globs of files and folders to leave out: without ``/`` for names at any depth, with ``/`` for paths
            below the given folders. Kept as a tuple.
        prune: whether to remove from the library the files that are gone from the given folders. A folder that does not
            exist, or has no video any more, may be on a disk that is not mounted, so nothing below it is removed.
        segmentation: how videos are cut into segments. A library keeps the segmentation with which it was made, so this
            is for a new one; None for the library's own, or for the default.
        captions: whether to describe each segment with the method's captioner, for full text search.
        images: whether to index the pictures in the folders too. A picture that is named is always indexed, and one
            that the library holds is kept up to date.
        retry: whether to read files again that earlier runs could not read, though they have not changed.
        stall_seconds: how long the reader of a file may show no sign of life before the file is skipped.
        max_cpu_seconds: how much processor time reading a file may take before it is skipped; None for 60 seconds, and
            500 more for each megabyte of the file.
        max_megapixels: how many megapixels one pass over a file may decode before it is skipped; None for 4000, and
            100 more for each kilobyte.
        gpu_decode: whether to decode videos of 1920 x 1080 pixels or more on an NVIDIA GPU, by torchcodec (the extra
            gpu-decode); a file that it cannot decode is decoded by PyAV, and the report counts it.
        spool_gb: how many gigabytes of disk copies of objects in a store may take while they are read; an object that
            is larger is read by ranges, more than once. None for what `FRAMECUE_SPOOL_GB` says, or 10.
        speech: whether to listen to what is said (the extra speech), and with which model, a hub name or a folder; True
            for the model that the library has had last, also if its words were taken out since, or the default. False
            takes the words out. None leaves it as it is: new files get what the library has.
        speech_language: ISO 639-1 code of what is said, for all files; "auto" to find it out, file by file; None for
            what the library has had last, or else to find it out.
        screen_text: whether to read what is written in the picture (the extra screen-text), likewise; a model is a
            folder of two ONNX models of the PP-OCR family.
        words_from: further sources of words that the library is to have: "subtitles" (tracks in the files, and the
            files beside them; with any other source they are read unless they were taken out), or the name that an
            installed package registers. Kept as a tuple.
        no_words_from: sources whose words are taken out. Kept as a tuple.
        meaning: whether words are to be found by what they mean, and with which sentence encoder, a hub name or a
            folder; True for the one that the library has, or the default,
            ``framecue.words.sentences.DEFAULT_SENTENCE_MODEL``. False takes meanings out, and forgets their encoder,
            but no words. None leaves it as it is: new words get what the library has. In a library that has had no
            words it asks for subtitles.

    Raises:
        InputError: a glob is empty, a limit is not above 0, or options do not go together.
    """

    exclude: Sequence[str] = ()
    prune: bool = False
    segmentation: Segmentation | None = None
    captions: bool = False
    images: bool = False
    retry: bool = False
    stall_seconds: float = STALL_SECONDS
    max_cpu_seconds: float | None = None
    max_megapixels: float | None = None
    gpu_decode: bool = False
    spool_gb: float | None = None
    speech: bool | str | os.PathLike[str] | None = None
    speech_language: str | None = None
    screen_text: bool | str | os.PathLike[str] | None = None
    words_from: Sequence[str] = ()
    no_words_from: Sequence[str] = ()
    meaning: bool | str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        # A string is a sequence of letters, but one glob. A list is copied, as the caller may still change it.
        globs: object = (self.exclude,) if isinstance(self.exclude, str) else self.exclude
        globs = tuple(globs) if isinstance(globs, Iterable) else (globs,)
        if not all(isinstance(glob, str) for glob in globs):
            raise InputError(f"exclude is {self.exclude!r}; give a glob, or several")
        object.__setattr__(self, "exclude", globs)
        Exclude(self.exclude)
        check_flags(prune=self.prune, captions=self.captions, images=self.images, retry=self.retry)
        check_flags(gpu_decode=self.gpu_decode)
        check_kind("segmentation", self.segmentation, Segmentation)
        if not is_number(self.stall_seconds) or self.stall_seconds <= 0:
            raise InputError(f"stall_seconds is {self.stall_seconds!r}; it must be above 0")
        for name in ("max_cpu_seconds", "max_megapixels"):
            value = getattr(self, name)
            if value is not None and (not is_number(value) or value <= 0):
                raise InputError(f"{name} is {value!r}; it must be above 0")
        if self.spool_gb is not None and (not is_number(self.spool_gb) or self.spool_gb < 0):
            raise InputError(f"spool_gb is {self.spool_gb!r}; give a number of gigabytes, 0 or more")
        for name in ("words_from", "no_words_from"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        self._check_words()

    def _check_words(self) -> None:
        for name, what in (("speech", "a model"), ("screen_text", "a model"), ("meaning", "a sentence encoder")):
            value = getattr(self, name)
            if not (value is None or isinstance(value, (bool, str, os.PathLike))) or value == "":
                raise InputError(f"{name} is {value!r}; give True, False, or {what}")
        if isinstance(self.meaning, os.PathLike):
            object.__setattr__(self, "meaning", os.fspath(self.meaning))
        language = self.speech_language
        if language is not None and not (isinstance(language, str) and language):
            raise InputError(f"speech_language is {language!r}; give a code such as 'en'")
        if language is not None and not self.speech:
            raise InputError(f"speech_language is {language!r} without speech; ask for speech too")
        if both := sorted(set(self.words_asked()).intersection(self.words_dropped())):
            raise InputError(f"words of {both[0]} are asked for and taken out at once; choose one")

    def words_asked(self) -> dict[str, WordsRequest]:
        """Return which words are asked for, by source."""
        asked = {name: WordsRequest(source=name) for name in self.words_from}
        if self.speech:
            asked[SPEECH] = WordsRequest(source=SPEECH, model=_model(self.speech), language=self.speech_language)
        if self.screen_text:
            asked[SCREEN] = WordsRequest(source=SCREEN, model=_model(self.screen_text))
        return asked

    def words_dropped(self) -> frozenset[str]:
        """Return the sources whose words are taken out."""
        flags = ((SPEECH, self.speech), (SCREEN, self.screen_text))
        return frozenset([*self.no_words_from, *(name for name, wanted in flags if wanted is False)])


def _model(wanted: bool | str | os.PathLike[str]) -> str | None:
    """Return the model that an option names: a folder by its absolute path, as later runs may be elsewhere."""
    if isinstance(wanted, bool):
        return None
    name = os.fspath(wanted)
    return absolute_path(name) if is_dir(user_path(name)) else name


def _names(option: str, given: object) -> tuple[str, ...]:
    """Return the names of sources that an option gives, one or several."""
    names: object = (given,) if isinstance(given, str) else given
    names = tuple(names) if isinstance(names, Iterable) else (names,)
    if not all(isinstance(name, str) and name for name in names):
        raise InputError(f"{option} is {given!r}; give the name of a source of words, or several")
    if SIDECARS in names:
        raise InputError(
            f"{SIDECARS} is no source of words by itself: the files beside a video go with the tracks inside it, and "
            f"are asked for and taken out with them; say {SUBTITLES}"
        )
    return tuple(dict.fromkeys(names))


class AddKeywords(TypedDict, total=False):
    """The same options as keywords of ``Library.add``, for type checkers; a test holds the two lists together."""

    exclude: Sequence[str]
    prune: bool
    segmentation: Segmentation | None
    captions: bool
    images: bool
    retry: bool
    stall_seconds: float
    max_cpu_seconds: float | None
    max_megapixels: float | None
    gpu_decode: bool
    spool_gb: float | None
    speech: bool | str | os.PathLike[str] | None
    speech_language: str | None
    screen_text: bool | str | os.PathLike[str] | None
    words_from: Sequence[str]
    no_words_from: Sequence[str]
    meaning: bool | str | os.PathLike[str] | None
