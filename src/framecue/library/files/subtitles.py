"""Reading subtitle and text files: bytes in an unknown encoding become a text."""

from __future__ import annotations

from collections.abc import Iterable

from framecue.library.files.interface import Files
from framecue.library.files.text_encoding import decode_text
from framecue.library.results import Skipped

__all__ = ["MAX_TEXT_BYTES", "read_text"]

# The subtitles of a film take 0.1 MB.
MAX_TEXT_BYTES = 5 << 20


def read_text(files: Files, path: str, *, languages: Iterable[str] = ()) -> str | Skipped:
    """Return the content of a text file in whatever encoding, or why there is none.

    Args:
        files: where it lies.
        path: the file.
        languages: the codes of languages that its name gives, see :func:`decode_text`.
    """
    try:
        with files.open(path) as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        return Skipped(path, f"cannot be read ({error.strerror})")
    if len(data) > MAX_TEXT_BYTES:
        return Skipped(path, f"larger than {MAX_TEXT_BYTES >> 20} MB, which no subtitles are")
    text = decode_text(data, languages)
    if text is None:
        return Skipped(path, "its text is in no encoding that could be told; save it as UTF-8")
    if "\0" in text:
        return Skipped(path, "not a text")
    return text.replace("\r\n", "\n").replace("\r", "\n")
