"""``framecue words``: write what is said and written in a video, as subtitles or as plain text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.kept_files import kept_files_near
from framecue.cli.library_place import LibraryCommand, library_if_any
from framecue.cli.options import library_option
from framecue.cli.output import log, one_line, print_json, quiet_libraries
from framecue.cli.words_options import AskedWords, asking_options
from framecue.errors import InputError, LibraryNotFoundError
from framecue.object_store.urls import noted_path
from framecue.paths import absolute_path, is_url
from framecue.video import STALL_SECONDS
from framecue.words.request import SIDECARS, SUBTITLES
from framecue.words.write import WORD_FORMATS, format_words

if TYPE_CHECKING:
    from framecue.errors import VideoError
    from framecue.words.request import WordsRequest
    from framecue.words.timed_text import TimedText

__all__ = ["words"]


@click.command(cls=LibraryCommand)
@click.argument("file", metavar="FILE")
@click.option(
    "--format", "format_name", type=click.Choice(WORD_FORMATS), help="Default: the output's suffix, else srt."
)
@click.option("-o", "--output", metavar="OUTPUT", help="Write into this file, not on standard output.")
@click.option("--force", is_flag=True, help="Replace the output if it exists; never an indexed video.")
@library_option
@asking_options
@click.option(
    "--stall-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=STALL_SECONDS,
    show_default=True,
    metavar="S",
    help="How long the file may show no sign of life while it is read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, with the times of each word.")
def words(
    file: str,
    format_name: str | None,
    output: str | None,
    force: bool,
    uri: str | None,
    words: AskedWords,
    stall_seconds: float,
    as_json: bool,
) -> None:
    """Write what is said and written in a video.

    What a library has of the file is taken from there, by the file's content; it may have been moved or copied. With
    --speech, --screen-text or --words-from, only what these find is written, and the file is listened to or read if the
    library has not done so, or if no library holds it. Nothing is written into the library.

    \b
    framecue words holiday.mp4
    framecue words holiday.mp4 --speech --output holiday.srt
    framecue words holiday.mp4 --screen-text --format txt
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    chosen = format_name or _format_of(output)
    if as_json and (output is not None or format_name is not None):
        raise click.UsageError(f"--json and {'--output' if output else '--format'} are given together; leave one out")
    if output is not None:
        from framecue.outputs import check_output

        check_output(output, overwrite=force, kept=kept_files_near(output, uri))
    from framecue.library.indexing.options import AddOptions

    asked = AddOptions(**words).words_asked()
    place = library_if_any(uri)
    path = noted_path(file)
    found, failed, remarks = _found(path, place, asked, stall_seconds=stall_seconds)
    if failed and not found:
        raise next(iter(failed.values()))
    for source, error in failed.items():
        log(f"not all words of {one_line(path)} by {source}: {one_line(error.reason)}")
    for source, remark in remarks.items():
        log(f"of the words of {one_line(path)} by {source} {remark}")
    if as_json:
        print_json(_document(path, found))
        return
    text = format_words([line for _, line in found], chosen)
    if not found:
        log("no words were found")
    if output is None:
        click.echo(text, nl=False)
        return
    from framecue.outputs import written_beside

    with written_beside(output, overwrite=force, kept=kept_files_near(output, uri)) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    log(f"wrote {one_line(output)}")
    if _lies_beside(output, path):
        log(
            "it lies beside the video under its name, as subtitles do, so the next `framecue index` takes it for them, "
            "and these words are found twice; move it to another folder if it is not to"
        )


def _lies_beside(output: str, path: str) -> bool:
    """Whether a file that was written is a sidecar of the video that its words are from."""
    from framecue.library.files.sidecars import is_sidecar_of

    written = Path(absolute_path(output))
    return str(written.parent) == str(Path(path).parent) and is_sidecar_of(written.name, Path(path).name)


def _format_of(output: str | None) -> str:
    """Return the format that an output's name says.

    Raises:
        InputError: it says none.
    """
    if output is None:
        return WORD_FORMATS[0]
    suffix = Path(output).suffix.lower().lstrip(".")
    if suffix not in WORD_FORMATS:
        raise InputError(f"{output}: end the name in .{', .'.join(WORD_FORMATS)}, or name a --format")
    return suffix


def _found(
    path: str, place: str | None, asked: dict[str, WordsRequest], *, stall_seconds: float
) -> tuple[list[tuple[str, TimedText]], dict[str, VideoError], dict[str, str]]:
    """Return the words of a file, why a source that was asked now could not find all, and what is wrong with some.

    Returns:
        (lines, each with the name of its source, in the order of start and end; errors, by source; remarks, by source).

    Raises:
        InputError: nobody has looked for words in the file, and nobody asks for it now; or what is asked for cannot
            work.
        VideoError: the file cannot be read.
    """
    from framecue.library import Library

    held = None
    try:
        held = None if place is None else Library(place).words_by_source(path)
    except LibraryNotFoundError as error:
        if not asked:
            raise
        # Whoever asks for words now gets them from the file; a library would have saved the work, that is all.
        log(f"{one_line(str(error).partition(';')[0])}: the words are looked for in the file itself")
    if not asked:
        if held:
            return _in_order((source, line) for source, lines in held.items() for line in lines), {}, {}
        if held is None and not is_url(path) and not os.path.lexists(path):
            raise InputError(f"{path}: no such file, and no library that holds one of this name")
        where = "no library that is known holds it" if held is None else f"library {place} has not looked for any"
        raise InputError(
            f"{path}: there are no words of it: {where}; look for them with --speech, --screen-text or "
            "--words-from subtitles, or have a library do so with `framecue index`"
        )
    # A model or a language that is named is meant, whatever the library has had.
    known = {
        source: lines
        for source, lines in (held or {}).items()
        if source in asked and asked[source].model is None and asked[source].language is None
    }
    missing = [request for source, request in asked.items() if source not in known]
    if SUBTITLES in known and held:
        # The files beside a video are subtitles to whoever asks for them.
        known[SIDECARS] = held.get(SIDECARS, [])
    found = [(source, line) for source, lines in known.items() for line in lines]
    if not missing:
        return _in_order(found), {}, {}
    from framecue.video import IsolatedReader
    from framecue.video.isolate.spool import kept_spool
    from framecue.words.find import find_words, unit_of
    from framecue.words.sources import make_source

    sources = [make_source(request.over(None)) for request in missing]
    with kept_spool(), IsolatedReader(stall_seconds=stall_seconds) as reader:
        new = find_words(path, sources, reader)
        if SUBTITLES in asked and SIDECARS not in known:
            from framecue.library.files.sidecars import SidecarFinder
            from framecue.words.fitting import fit_lines_of

            beside = SidecarFinder().read(path)
            fitted = fit_lines_of(unit_of(path, reader), beside.timed_texts(), reader, num_mended=beside.num_mended)
            found += ((SIDECARS, line) for line in fitted.lines)
            if fitted.remark is not None:
                new.remarks[SIDECARS] = fitted.remark
    return _in_order([*found, *new.lines]), new.failed, new.remarks


def _in_order(found: Iterable[tuple[str, TimedText]]) -> list[tuple[str, TimedText]]:
    return sorted(found, key=lambda item: (item[1].start_seconds, item[1].end_seconds, item[0]))


def _document(path: str, found: list[tuple[str, TimedText]]) -> dict[str, object]:
    """Return the document that ``--json`` prints."""
    return {
        "path": path,
        "words": [
            {
                "source": source,
                "kind": line.kind,
                "start_seconds": line.start_seconds,
                "end_seconds": line.end_seconds,
                "text": line.text,
                "language": line.language,
                "confidence": line.confidence,
                "words": [vars(word) for word in line.words],
            }
            for source, line in found
        ],
    }
