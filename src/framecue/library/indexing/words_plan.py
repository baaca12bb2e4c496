"""Which words a run looks for, and in which files: what is asked for, what the library has had, and what is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from framecue.library.files.interface import Files
from framecue.library.files.sidecars import SidecarFinder, is_same_state
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.plan import Plan
from framecue.library.state import FileState
from framecue.library.store.rows import kind_of
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.words_notes import AskedWords, WordsDone
from framecue.words.request import SIDECARS, SUBTITLES, WordsRequest
from framecue.words.timed_text import SAID, Kind

if TYPE_CHECKING:
    from framecue.words.source import WordSource

__all__ = [
    "Content",
    "ReadySource",
    "WordsTask",
    "content_of",
    "contents_of",
    "is_due",
    "planned_contents",
    "sidecars_key",
    "tasks_of",
    "wanted_words",
    "with_words_for_meaning",
]

# Of the rules by which the files beside a video become lines.
_SIDECARS_RULES = 2


@dataclass(frozen=True)
class Content:
    """A content in which words are looked for.

    Attributes:
        video_id: its hash.
        path: of a file that has it and that the run has found.
        state: of that file when it was hashed.
        kind: "video" or "image".
        sidecars: the state of the files beside it whose texts are in its rows; None if there are none.
        held_path: of the file under which the library holds it.
    """

    video_id: str
    path: str
    state: FileState
    kind: str
    sidecars: str | None
    held_path: str


@dataclass(frozen=True)
class ReadySource:
    """A source that can work.

    Attributes:
        source: finds words.
        asked: what the library has been asked for, with the fingerprint of the source that was to do it.
        is_asked_now: whether this run asks for it, or an earlier one did.
    """

    source: WordSource
    asked: AskedWords
    is_asked_now: bool

    @property
    def key(self) -> str:
        """The key of the source's fingerprint."""
        return self.source.fingerprint.key


@dataclass
class WordsTask:
    """The sources that look for words in one content."""

    content: Content
    sources: list[str] = field(default_factory=list)


def wanted_words(had: Mapping[str, AskedWords], options: AddOptions) -> dict[str, WordsRequest]:
    """Return what the library has words from at the end of a run, by source, in a fixed order.

    Whoever asks for any words gets those of subtitles as well, which cost little, unless he took them out. What the
    options leave open of a source, such as its model, is as it was last, also where its words were taken out since.

    Args:
        had: what has been asked for before.
        options: of the run.
    """
    asked, dropped = options.words_asked(), options.words_dropped()
    wanted = {name: each.request for name, each in had.items() if each.is_wanted and name not in dropped}
    wanted |= {name: request.over(had[name].request if name in had else None) for name, request in asked.items()}
    is_refused = SUBTITLES in dropped or (SUBTITLES in had and not had[SUBTITLES].is_wanted)
    if wanted and not is_refused:
        wanted.setdefault(SUBTITLES, WordsRequest(source=SUBTITLES))
    return dict(sorted(wanted.items()))


def with_words_for_meaning(
    options: AddOptions, had: Mapping[str, AskedWords], *, is_meaning_kept: bool = False
) -> AddOptions:
    """Return options that ask for the words of subtitles too, if they ask for meanings where there are no words yet.

    Args:
        options: of the run.
        had: what has been asked for before.
        is_meaning_kept: whether meanings were asked for before: that run may have been killed before it noted
            the words.
    """
    is_wanted = options.meaning or (options.meaning is None and is_meaning_kept)
    if is_wanted and not (had or options.words_asked() or options.words_dropped()):
        return replace(options, words_from=(SUBTITLES,))
    return options


def contents_of(paths: Iterable[str], snapshot: Snapshot) -> list[Content]:
    """Return the contents of those files that a library holds or knows as copies, each once, by path."""
    by_content = {held.video_id: path for path, held in snapshot.held.items()}
    found: dict[str, Content] = {}
    for path in sorted(paths):
        known = snapshot.held.get(path) or snapshot.copies.get(path)
        if known is None or known.video_id in found or known.video_id not in by_content:
            continue
        held_path = by_content[known.video_id]
        held = snapshot.held[held_path]
        found[known.video_id] = Content(known.video_id, path, known.state, held.kind, held.sidecars, held_path)
    return list(found.values())


def planned_contents(plan: Plan, snapshot: Snapshot, *, files: Files) -> list[Content]:
    """Return the contents that a run finds when it comes to words, as far as a plan can tell; no file is read.

    Its pictures are indexed by then, and the texts of files beside them are those of today. A file that is new or has
    changed has its path in place of its hash, which nobody knows before it is read: it may be a copy after all.

    Args:
        plan: what the run has to do.
        snapshot: what the library holds before it.
        files: where the files lie.
    """
    beside = SidecarFinder(files)
    changed = frozenset(plan.subtitles_changed)
    held = [
        replace(content, sidecars=beside.state(content.held_path)) if content.held_path in changed else content
        for content in contents_of(plan.seen.difference(unit.path for unit in plan.units), snapshot)
    ]
    return held + [
        Content(unit.path, unit.path, unit.state, kind_of(None, unit.path), beside.state(unit.path), unit.path)
        for unit in plan.units
    ]


def content_of(path: str, snapshot: Snapshot, *, files: Files) -> str | None:
    """Return the content of a file, if a library holds it; the file is read only where its size alone may be right.

    Args:
        path: of the file, which need not exist if the library has its path.
        snapshot: what the library holds.
        files: where the files lie.
    """
    known = snapshot.held.get(path) or snapshot.copies.get(path)
    try:
        state = files.state(path)
    except OSError:
        return None if known is None else known.video_id
    if known is not None and known.state == state:
        return known.video_id
    of_size = {held.video_id for held in snapshot.held.values() if held.state.size_bytes == state.size_bytes}
    if not of_size:
        return None
    try:
        found = files.content_hash(path)
    except OSError:
        return None
    return found if found in of_size else None


def is_due(done: WordsDone | None, asked_key: str, now_key: str | None, *, is_asked_now: bool, retry: bool) -> bool:
    """Whether a source has to look for words in a content.

    Another model, or another version of what runs it, does a file again if somebody asks for it. A run that nobody asks
    for words goes on with what was asked for, and never begins the whole library anew because a package was updated.

    Args:
        done: what is noted of it.
        asked_key: of the source that was asked for.
        now_key: of the source as it is here; None if it has not been made, which is then taken to be as it was.
        is_asked_now: whether this run asks for it.
        retry: whether to try again what failed.
    """
    if done is None:
        return True
    if done.reason is not None and (retry or done.is_worth_a_try):
        return True
    if is_asked_now:
        return done.fingerprint != now_key
    return done.fingerprint != asked_key and now_key in (None, asked_key)


def sidecars_key(state: str) -> str:
    """Return the key that is noted of a content whose sidecars were read, given their state."""
    return f"{_SIDECARS_RULES} {state}"


def _sidecars_are_due(done: WordsDone | None, state: str | None) -> bool:
    """Whether the files beside a content have to be read, or were and are gone."""
    if done is None or state is None:
        return (done is None) != (state is None)
    rules, _, noted = done.fingerprint.partition(" ")
    return rules != str(_SIDECARS_RULES) or not is_same_state(noted, state)


def tasks_of(
    contents: Iterable[Content],
    done: Mapping[tuple[str, str], WordsDone],
    had: Mapping[str, AskedWords],
    wanted: Mapping[str, WordsRequest],
    ready: Callable[[str], ReadySource | None],
    options: AddOptions,
) -> list[WordsTask]:
    """Return what there is to do, in the order of the contents.

    Args:
        contents: in which words may be looked for.
        done: what has been done.
        had: what had been asked for before this run.
        wanted: what is wanted, by source.
        ready: makes a source; None if it cannot work and nobody asks for it now. It is called for a source only if it
            is asked for, or if there is something for it to do.
        options: of the run.
    """
    tasks = {content.video_id: WordsTask(content) for content in contents}
    asked_now = options.words_asked()
    for name in wanted:
        is_asked_now = name in asked_now
        earlier = had.get(name)

        def due(now_key: str | None, kind: Kind | None, *, name: str = name) -> list[WordsTask]:
            asked_key = "" if name not in had else had[name].fingerprint
            return [
                task
                for video_id, task in tasks.items()
                # There is nothing to hear in a picture.
                if not (task.content.kind == "image" and kind == SAID)
                and is_due(
                    done.get((video_id, name)),
                    asked_key,
                    now_key,
                    is_asked_now=name in asked_now,
                    retry=options.retry,
                )
            ]

        if not is_asked_now and not due(None, earlier.kind if earlier else None):
            continue
        found = ready(name)
        if found is not None:
            for task in due(found.key, found.source.kind):
                task.sources.append(name)
    if SUBTITLES in wanted:
        for video_id, task in tasks.items():
            if _sidecars_are_due(done.get((video_id, SIDECARS)), task.content.sidecars):
                task.sources.append(SIDECARS)
    return [task for task in tasks.values() if task.sources]
