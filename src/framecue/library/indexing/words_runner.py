"""What finds the words of files in a run, and the runner for one machine.

As with pictures, a runner knows neither the library nor its store: files go in with the sources that are to look at
them, and what each source has found comes out. So what is written, and in which order, stays in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from framecue.errors import InputError, VideoError
from framecue.library.indexing.readers import open_reader
from framecue.progress import FilesDone
from framecue.video import IsolatedReader
from framecue.words.fitting import fit_lines_of
from framecue.words.request import WordsRequest
from framecue.words.source import WordSource, WordsUnit
from framecue.words.timed_text import TimedText

__all__ = [
    "FoundWords",
    "LocalWordsRunner",
    "ReadLimits",
    "UsableSource",
    "WordsRunner",
    "WordsWork",
    "find_words",
    "local_words_runner",
]


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """How long and how much a file may be read, and how much may be fetched for it; see ``AddOptions``."""

    stall_seconds: float
    max_cpu_seconds: float | None = None
    max_megapixels: float | None = None
    spool_gb: float | None = None

    def open_reader(self) -> IsolatedReader:
        """Return a reader with these limits, to be used in a ``with`` block.

        Raises:
            InputError: a limit is not above 0.
        """
        return open_reader(
            stall_seconds=self.stall_seconds, max_cpu_seconds=self.max_cpu_seconds, max_megapixels=self.max_megapixels
        )


@dataclass(frozen=True)
class UsableSource:
    """A source that can work.

    Attributes:
        request: what it was made for; another process makes its own.
        source: this process's.
    """

    request: WordsRequest
    source: WordSource


@dataclass(frozen=True)
class WordsWork:
    """A content in which words are to be found.

    Attributes:
        video_id: the content's hash.
        unit: a file that has it.
        sources: the names of those that are to look at it, at least one, in order.
    """

    video_id: str
    unit: WordsUnit
    sources: tuple[str, ...]


@dataclass(frozen=True)
class FoundWords:
    """What one source has found in one content.

    Attributes:
        video_id: the content's hash.
        source: the name of the source.
        lines: what is said or written.
        failure: why not all of the file could be looked at; None if it could. Lines that were found before stand.
        unusable: why the source cannot work at all, whatever the file; None if it can.
        remark: what was wrong with the times of some lines, and what became of them; None if nothing was.
    """

    video_id: str
    source: str
    lines: tuple[TimedText, ...] = ()
    failure: VideoError | None = None
    unusable: InputError | None = None
    remark: str | None = None


class WordsRunner(Protocol):
    """Finds words in files."""

    def run(
        self, works: Iterable[WordsWork], *, on_progress: Callable[[FilesDone], None]
    ) -> Generator[FoundWords, None, None]:
        """Yield what each source of each work has found, once, in any order.

        Args:
            works: the files; they are drawn as they are needed, by the thread that draws what is yielded.
            on_progress: called often, also while no result is ready, with the number of works done and the path of the
                one at hand; one that is being looked at may count by the part of it that is done.
        """
        ...


@contextmanager
def local_words_runner(sources: Mapping[str, UsableSource], limits: ReadLimits) -> Iterator[WordsRunner]:
    """Yield the runner that looks at one file after another, in this process.

    Args:
        sources: those that works will name.
        limits: of the process that reads the files.

    Raises:
        InputError: a limit is not above 0.
    """
    with limits.open_reader() as reader:
        yield LocalWordsRunner({name: each.source for name, each in sources.items()}, reader)


class LocalWordsRunner:
    """Looks at one file after another, in this process.

    Args:
        sources: what finds words, by name.
        reader: decodes the files, in a process of its own.
    """

    def __init__(self, sources: Mapping[str, WordSource], reader: IsolatedReader) -> None:
        self._sources, self._reader = sources, reader
        self._unusable: dict[str, InputError] = {}

    def run(
        self, works: Iterable[WordsWork], *, on_progress: Callable[[FilesDone], None]
    ) -> Generator[FoundWords, None, None]:
        """Yield what each source has found, in the order of the works and of their sources."""
        for num_done, work in enumerate(works):
            path, num_sources = work.unit.path, len(work.sources)
            on_progress(FilesDone(num_done, path))
            for number, name in enumerate(work.sources):
                if name in self._unusable:
                    yield FoundWords(work.video_id, name, unusable=self._unusable[name])
                    continue

                def tell(part: float, before: float = num_done + number / num_sources) -> None:
                    on_progress(FilesDone(before + part / num_sources, path))  # noqa: B023 (called within the round)

                found = find_words(work, name, self._sources[name], self._reader, tell)
                if found.unusable is not None:
                    self._unusable[name] = found.unusable
                yield found


def find_words(
    work: WordsWork,
    name: str,
    source: WordSource,
    reader: IsolatedReader,
    tell: Callable[[float], None] | None = None,
) -> FoundWords:
    """Return what one source finds in one content.

    Args:
        work: the content.
        name: of the source.
        source: looks at it.
        reader: decodes its file.
        tell: called with the part of the file that has been looked at, in [0, 1].
    """
    found, lines = FoundWords(work.video_id, name), []
    length = max((end for _, end in work.unit.segments), default=0.0)
    try:
        for line in source.find(work.unit, reader):
            lines.append(line)
            if length and tell is not None:
                tell(min(line.start_seconds / length, 1.0))
    except VideoError as error:
        found = replace(found, failure=error)
    except InputError as error:
        # As a model that is there and cannot be loaded.
        return replace(found, unusable=error)
    fitted = fit_lines_of(work.unit, lines, reader)
    return replace(found, lines=fitted.lines, remark=fitted.remark)
