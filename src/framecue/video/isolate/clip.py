"""Cut a moment out of a video, which is read in another process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from framecue.errors import InputError, OutputError
from framecue.outputs import check_output, written_beside
from framecue.paths import is_dir, path_on_disk, url_as_written
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.isolate.questions.clip import ClipQuestion
from framecue.video.read.heartbeat import Progress
from framecue.video.read.stored_object import url_of
from framecue.video.write.containers import CLIP_SUFFIXES, CONTAINERS
from framecue.video.write.cut import Cut

__all__ = ["clip_video"]


def clip_video(
    source: str | Path,
    output: str | Path,
    start_seconds: float,
    end_seconds: float,
    *,
    exact: bool = False,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
    reader: IsolatedReader | None = None,
) -> Cut:
    """Cut a moment out of a video.

    The packets of the video and of all its sound tracks are copied, from the keyframe at or before the start. In mp4,
    m4v and mov files the frames before the start are then hidden (by an edit list, which players heed), in others they
    are shown, and the clip starts earlier than asked for. A moment that begins more than a second into one long
    picture is encoded, so that it begins there. It may end some frames later, where these are needed to show
    those before. What cannot be copied, as the output's container cannot hold it, is encoded (H.264 and AAC, in webm
    VP9 and Opus). The output appears when it is complete: it is written beside its place under another name first.

    The video is read in a process of its own, as any file may crash a decoder or keep it busy for ever.

    Args:
        source: the video; the URL of one in an object store will do, of which only what is needed is read.
        output: the file to write; its ending says which container, one of CLIP_SUFFIXES.
        start_seconds: where the moment starts.
        end_seconds: where it ends; later than the video's end means that end.
        exact: always encode, from the very frame to the very frame.
        overwrite: replace an output that exists, unless it is the source.
        kept: files that are never replaced either, such as those of a library; asked for only if the output exists.
        reader: in whose process to read, with its limits; ``None`` for a new one.

    Returns:
        What was written.

    Raises:
        InputError: the moment or the output make no sense, or the output exists.
        VideoError: the source cannot be read, crashes the decoder, takes too long or too much memory, or is over before
            the moment starts.
        OutputError: the output cannot be written.
        FramecueError: the process cannot be started.
    """
    url = url_of(str(source))
    output = Path(output)
    source = Path(path_on_disk(str(source))) if url is None else url

    def all_kept() -> Iterable[str | Path]:
        yield from [source] if url is None else []
        yield from () if kept is None else kept()

    suffix = output.suffix.lower()
    if suffix not in CONTAINERS:
        raise InputError(f"{output}: no kind of clip ends in {output.suffix!r}; known: {', '.join(CLIP_SUFFIXES)}")
    try:
        str(output.absolute()).encode()
    except UnicodeEncodeError:
        raise InputError(f"{output}: a clip cannot be written to a name that is not UTF-8") from None
    if url_as_written(output) is None and not is_dir(output.parent):
        raise InputError(f"{output}: there is no folder {output.parent}")
    check_output(output, overwrite=overwrite, kept=all_kept)
    # A picture's only moment, from 0 to 0, has words of its own.
    if not 0 <= start_seconds < end_seconds and not start_seconds == end_seconds == 0:
        raise InputError(f"no moment runs from {start_seconds} to {end_seconds} seconds: give 0 <= start < end")
    with ExitStack() as stack:
        partial = stack.enter_context(written_beside(output, overwrite=overwrite, kept=all_kept))
        reader = reader or stack.enter_context(IsolatedReader())
        question = ClipQuestion(str(source), str(partial.absolute()), suffix, start_seconds, end_seconds, exact)
        made = answer_of(reader, question)
        if isinstance(made, OutputError):
            raise OutputError(output, made.reason)
        if isinstance(made, InputError):
            raise made
    # A copy that was read has another name.
    return replace(made, source=source, output=output)


def answer_of(reader: IsolatedReader, question: ClipQuestion) -> Cut | InputError:
    """Return the one part of an answer; reads on to the end, so that the process can be asked again."""
    (part,) = (part for part in reader.ask(question) if not isinstance(part, Progress))
    return part
