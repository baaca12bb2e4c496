"""Every error that framecue raises on purpose.

FramecueError
├── InputError                 what the caller gave cannot be used
│   ├── UnknownNameError       a name that is not in a registry; the message lists the known ones
│   ├── OrdinaryWordError      a name to teach is an ordinary word (``name``)
│   ├── VideoError             one video file cannot be used (``path``, ``reason``)
│   ├── ObjectError            something in an object store cannot be used (``url``, ``reason``, ``cause``)
│   ├── OutputError            a file cannot be written (``path``, ``reason``)
│   ├── OutputExistsError      a file to write is there already (``path``)
│   ├── ModelError             a backbone cannot be found or read
│   │   ├── ModelAbsentError       a model has to be downloaded first
│   │   └── RuntimeMissingError    what runs exported graphs is not installed
│   ├── AdapterError           an adapter folder cannot be used, or belongs to another backbone
│   ├── NotOfflineError        a text-conditioned method is asked for the embedding of a video alone
│   ├── RecipeError            a training recipe is wrong
│   ├── DatasetError           a dataset's files are missing or malformed
│   │   └── ListNotFoundError  a published dataset's list is not there
│   ├── AbsentError            what a request names by its id or its name is not there
│   │   └── GoneError              it was there: a file that was indexed is gone, or has changed
│   │       └── AwayError          it may be there: its store does not say, or does not give it
│   ├── TooLargeError          what a request brings is larger than a server takes
│   └── UnsupportedError       what a request brings is of a kind that cannot be used
├── LibraryError               a library cannot be used
│   ├── LibraryNotFoundError   there is no library at this place
│   └── FingerprintError       the library's vectors were made by another model
├── BusyError                  a server has no room for another request now (``retry_seconds``)
├── TooSlowError               an answer takes longer than a server allows
└── TrainingError              training cannot go on (a non-finite loss)

A message is one line and says what was given, what is allowed, and what to do. The command line prints it after
``Error:`` and exits with code 1; anything that is not a ``FramecueError`` is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "AbsentError",
    "AdapterError",
    "AwayError",
    "BusyError",
    "DatasetError",
    "FingerprintError",
    "FramecueError",
    "GoneError",
    "InputError",
    "LibraryError",
    "LibraryNotFoundError",
    "ListNotFoundError",
    "ModelAbsentError",
    "ModelError",
    "NotOfflineError",
    "ObjectError",
    "OrdinaryWordError",
    "OutputError",
    "OutputExistsError",
    "RecipeError",
    "RuntimeMissingError",
    "TooLargeError",
    "TooSlowError",
    "TrainingError",
    "UnknownNameError",
    "UnsupportedError",
    "VideoError",
    "first_line",
]


VideoErrorCause = Literal["content", "sound"]
ObjectErrorCause = Literal["absent", "changed", "denied", "name", "no bucket", "no credentials", "unreachable"]


class FramecueError(Exception):
    """Base of every error that framecue raises on purpose."""


class InputError(FramecueError):
    """What the caller gave cannot be used."""


class UnknownNameError(InputError):
    """A name that is not in a registry.

    Args:
        kind: the kind of thing that the name should stand for, for example ``"method"``.
        name: the name that was given.
        known: the names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(self.known)}")


class OrdinaryWordError(InputError):
    """A name to teach is an ordinary word, a letter or a number, which every search with it would then mean.

    Args:
        name: that was given.
        option: how whoever asked says that it is meant; the command line asks instead.
    """

    def __init__(self, name: str, option: str = "allow_ordinary=True") -> None:
        self.name, self.option = name, option
        super().__init__(
            f"{name!r} is {self.what}: once taught, every search with it means what was taught; choose another name, "
            f"or say that it is meant ({option})"
        )

    @property
    def what(self) -> str:
        """What the name is, with its article."""
        return "a number" if self.name.isdecimal() else "a letter" if len(self.name) == 1 else "an ordinary word"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.option)


class _FileError(InputError):
    """The base of errors about one file.

    Args:
        path: the file.
        reason: what is wrong with it, in words for a person.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path, self.reason = Path(path), reason
        # A Path makes `s3:/` of `s3://`.
        self._given = str(path)
        super().__init__(f"{path}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        # By default `args` (the one message) is pickled, from which another process could not rebuild the error.
        return type(self), (self._given, self.reason)


class VideoError(_FileError):
    """One video file cannot be used (``path``, ``reason``); a run over many files goes on without it.

    Args:
        path: the file.
        reason: what is wrong with it, in words for a person.
        cause: "content" if that is what the file holds, and so will be the same until it changes; "sound" if it holds
            sound alone; None where another try may go well (a disk that fails, a killed reader).
    """

    def __init__(self, path: str | Path, reason: str, *, cause: VideoErrorCause | None = None) -> None:
        super().__init__(path, reason)
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return _video_error, (self._given, self.reason, self.cause)


def _video_error(path: str, reason: str, cause: VideoErrorCause | None) -> VideoError:
    return VideoError(path, reason, cause=cause)


class ObjectError(InputError):
    """Something in an object store cannot be listed, read or written (``url``, ``reason``, ``cause``).

    Args:
        url: the object, the folder or the bucket.
        reason: why, and what to do, in words for a person.
        cause: "absent" if the store answered that there is no such object, "no bucket" if there is no such bucket,
            "denied" or "no credentials" if whoever asks may not know, "unreachable" if no answer came or the store was
            busy for as long as one waits, "changed" if the object was written over while it was read, "name" if it has
            a name that cannot be read; None for everything else.
    """

    def __init__(self, url: str, reason: str, *, cause: ObjectErrorCause | None = None) -> None:
        self.url, self.reason, self.cause = url, reason, cause
        super().__init__(f"{url}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _object_error, (self.url, self.reason, self.cause)


def _object_error(url: str, reason: str, cause: ObjectErrorCause | None) -> ObjectError:
    return ObjectError(url, reason, cause=cause)


class OutputError(_FileError):
    """A file cannot be written (``path``, ``reason``)."""


class OutputExistsError(InputError):
    """A file to write is there already, and nobody said that it may be replaced.

    Args:
        path: the file.
        option: how whoever asked says that it may be; the command line words the message anew with ``--force``.
    """

    def __init__(self, path: str | Path, option: str = "overwrite=True") -> None:
        self.path, self.option = Path(path), option
        super().__init__(f"{path}: exists already; name another file, or replace it ({option})")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self.path), self.option)


class ModelError(InputError):
    """A backbone cannot be found or read."""


class ModelAbsentError(ModelError):
    """A model has to be downloaded first."""


class RuntimeMissingError(ModelError):
    """What runs exported graphs, ONNX Runtime, is not installed."""


class AdapterError(InputError):
    """An adapter folder cannot be used, or belongs to another backbone."""


class NotOfflineError(InputError):
    """A method that looks at the text while it pools frames was asked for the embedding of a video alone."""


class RecipeError(InputError):
    """A training recipe is wrong: an unknown key, a wrong type, a value out of range."""


class DatasetError(InputError):
    """A dataset's files are missing or malformed."""


class ListNotFoundError(DatasetError):
    """A data set's annotation file, or what is wanted of it, is not there."""


class AbsentError(InputError):
    """What a request names by its id or its name is not there: a library, a video, a file that is gone."""


class GoneError(AbsentError):
    """A file that was indexed is no longer there as it was: it is gone, or has changed."""


class AwayError(GoneError):
    """A file that was indexed may be there as it was, but its store is not reached, or does not give it."""


class TooLargeError(InputError):
    """What a request brings is larger than a server takes."""


class UnsupportedError(InputError):
    """What a request brings is of a kind that cannot be used, as an upload that is no picture and no video."""


class LibraryError(FramecueError):
    """A library cannot be used."""


class LibraryNotFoundError(LibraryError):
    """There is no library at this place."""


class FingerprintError(LibraryError):
    """The library's vectors were made by another model than the one given.

    Args:
        summary: what is wrong, and the ways out.
        details: which fields differ; the command line prints it on a line of its own.
    """

    def __init__(self, summary: str, details: str = "") -> None:
        super().__init__(summary, details)
        self.summary, self.details = summary, details

    def __str__(self) -> str:
        return f"{self.summary}; {self.details}" if self.details else self.summary


class BusyError(FramecueError):
    """A server has no room for another request now.

    Args:
        message: what is going on, in words for a person.
        retry_seconds: when to try again.
    """

    def __init__(self, message: str, retry_seconds: int = 1) -> None:
        self.retry_seconds = retry_seconds
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.retry_seconds)


class TooSlowError(FramecueError):
    """An answer takes longer than a server allows."""


class TrainingError(FramecueError):
    """Training cannot go on, for example because the loss is not finite."""


def first_line(error: BaseException) -> str:
    """Return the first line of another library's error, without its full stop, for a message of one line.

    For an error without a message, return the name of its type.
    """
    lines = str(error).strip().splitlines()
    return (lines[0].rstrip(" .") if lines else "") or type(error).__name__
