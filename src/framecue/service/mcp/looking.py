"""What looks at what was found: `frames` of a video, `words_of` it, and `info` about the libraries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import PurePath

from framecue.dates import iso_time
from framecue.errors import AbsentError, GoneError, InputError, VideoError
from framecue.library.library import Library
from framecue.library.results import HeldVideo
from framecue.service.mcp.answer import Answer, Service
from framecue.service.mcp.arguments import FramesArguments, InfoArguments, WordsArguments
from framecue.service.mcp.results import (
    FramesAnswer,
    InfoAnswer,
    LibraryEntry,
    Line,
    ShownFrame,
    VideoEntry,
    WordsAnswer,
)
from framecue.service.mcp.untrusted import marked
from framecue.service.media.library_files import file_of

__all__ = ["describe_libraries", "find_words", "show_frames", "spread"]


async def show_frames(service: Service, asked: FramesArguments) -> Answer:
    """Answer `frames`: the pictures come as small JPEG, from a process in which a bad file does no harm.

    Raises:
        AbsentError: there is no such library or video, or none of its files is there any more.
        InputError: its file cannot be read.
        FramecueError: the library cannot be used.
    """

    def find(library: Library) -> tuple[HeldVideo, str]:
        video = library.video(asked.video)
        return video, _file_of(library, video)

    # The library is free for others while the file is read.
    video, path = await service.desk.ask(asked.library, find)
    moments = asked.at_seconds or spread(
        asked.start_seconds or 0.0,
        video.duration_seconds if asked.end_seconds is None else asked.end_seconds,
        asked.count if video.duration_seconds > 0 else 1,
    )
    # In the order of time, each once: the same frame again would say nothing new.
    wanted = sorted({min(moment, video.duration_seconds) for moment in moments})
    try:
        pictures = await service.desk.work(lambda: service.pictures.read(path, wanted, long_side=asked.long_side))
    except VideoError as error:
        # Without the path, which an assistant has no use for.
        raise InputError(f"the frames of this video cannot be read: {error.reason}") from error
    shown = (ShownFrame(at_seconds=each.at_seconds, width=each.width, height=each.height) for each in pictures)
    return Answer(FramesAnswer(video=video.video_id, name=_name(video), frames=tuple(shown)), tuple(pictures))


async def find_words(service: Service, asked: WordsArguments) -> Answer:
    """Answer `words_of`.

    Raises:
        AbsentError: there is no such library or video.
        FramecueError: the library cannot be used.
    """

    def answer(library: Library) -> WordsAnswer:
        video = library.video(asked.video)
        found = library.words_of(asked.video)
        start = 0.0 if asked.start_seconds is None else asked.start_seconds
        end = float("inf") if asked.end_seconds is None else asked.end_seconds
        lines = sorted(
            (
                (line.start_seconds, line.end_seconds, source, line)
                for source, lines in found.items()
                for line in lines
                if line.end_seconds >= start and line.start_seconds <= end and asked.kind in (None, line.kind)
            ),
            key=lambda item: item[:3],
        )
        stop = asked.offset + asked.limit
        return WordsAnswer(
            video=video.video_id,
            name=_name(video),
            sources=tuple(sorted(found)),
            lines=tuple(
                Line(
                    start_seconds=line.start_seconds,
                    end_seconds=line.end_seconds,
                    kind=line.kind,
                    text=marked(line.text),
                    source=source,
                    language=line.language,
                )
                for _, _, source, line in lines[asked.offset : stop]
            ),
            total=len(lines),
            next_offset=stop if stop < len(lines) else None,
        )

    return Answer(await service.desk.ask(asked.library, answer))


async def describe_libraries(service: Service, asked: InfoArguments) -> Answer:
    """Answer `info`: all libraries in a few numbers, and a page of the videos of one.

    Raises:
        AbsentError: there is no such library.
        FramecueError: a library cannot be used.
    """
    entries = [await service.desk.ask(shelf.name, _describe(shelf.name)) for shelf in service.desk.shelves]

    def videos(library: Library) -> tuple[list[HeldVideo], int]:
        return library.videos(offset=asked.offset, limit=asked.limit), library.count_contents()

    page, total = await service.desk.ask(asked.library, videos)
    stop = asked.offset + asked.limit
    return Answer(
        InfoAnswer(
            libraries=tuple(entries),
            videos=tuple(_entry(video) for video in page),
            total=total,
            next_offset=stop if page and stop < total else None,
        )
    )


def spread(start_seconds: float, end_seconds: float, count: int) -> list[float]:
    """Return the middles of so many equal parts of a span."""
    step = max(0.0, end_seconds - start_seconds) / count
    return [start_seconds + step * (part + 0.5) for part in range(count)]


def _describe(name: str) -> Callable[[Library], LibraryEntry]:
    def answer(library: Library) -> LibraryEntry:
        info = library.info()
        words: Counter[str] = Counter()
        for each in info.words:
            words[each.kind] += each.num_lines
        return LibraryEntry(
            name=name,
            num_videos=info.num_videos,
            num_images=info.num_images,
            num_moments=info.num_segments,
            duration_seconds=info.duration_seconds,
            num_unreadable=len(info.unreadable),
            model=_model_name(info.fingerprint.backbone),
            words=dict(sorted(words.items())),
            finds_meanings=info.meaning is not None,
        )

    return answer


def _model_name(backbone: str) -> str:
    """Return a model's name; of a folder on this machine its last part alone."""
    return PurePath(backbone).name if PurePath(backbone).is_absolute() else backbone


def _entry(video: HeldVideo) -> VideoEntry:
    return VideoEntry(
        id=video.video_id,
        name=_name(video),
        kind=video.kind,
        duration_seconds=video.duration_seconds,
        recorded=None if video.recorded_seconds is None else iso_time(video.recorded_seconds),
    )


def _name(video: HeldVideo) -> str:
    return marked(PurePath(video.path).name)


def _file_of(library: Library, video: HeldVideo) -> str:
    """Return a file with a content that is there, as it was when it was indexed.

    Raises:
        AbsentError: none of them is.
    """
    try:
        return file_of(library, video.video_id).path
    except GoneError as error:  # which names the file, without marks
        raise AbsentError(
            "the file of this video is not there any more as it was indexed, so it has no frames; its disk may not be "
            "mounted, or it was moved or changed: `framecue index` finds it again"
        ) from error
