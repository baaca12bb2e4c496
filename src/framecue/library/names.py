"""The names that a library is taught: words of one's own for what no model knows, learnt from a few moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from framecue.checks import check_flags, check_kind, check_text, is_whole
from framecue.encoder import Encoder, learner_of
from framecue.errors import AbsentError, InputError, OrdinaryWordError
from framecue.library.files.interface import Files
from framecue.library.results import TaughtName
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.library.store.lock import library_lock
from framecue.names.check import MAX_NAME_LENGTH, checked_name, is_ordinary
from framecue.names.find import name_key
from framecue.names.taught import MOST_TOKENS

if TYPE_CHECKING:
    from framecue.library.store.taught_names import KeptName
    from framecue.library.teaching.examples import Example

__all__ = ["LibraryNames"]


class LibraryNames:
    """What a library is to whoever teaches it names; :class:`~framecue.library.Library` has all of it.

    Attributes:
        uri: where the library is.
        files: where its files lie.
    """

    uri: str
    files: Files
    _kept: KeptStore

    if TYPE_CHECKING:

        def _fitting_model(self, store: Store | None) -> Encoder:
            """Return the model, checked against the library."""

    def teach(
        self,
        name: str,
        *,
        like: Sequence[Example],
        unlike: Sequence[Example] = (),
        coarse: str | None = None,
        num_tokens: int | None = None,
        allow_ordinary: bool = False,
        on_step: Callable[[int, int], None] | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> TaughtName:
        """Teach the library a name from a few examples; searches understand it from then on, wherever it stands.

        A name that is known is taught again, from its earlier examples and these. Until everything is learnt, and if
        anything fails, it stays what it was.

        Args:
            name: one word or several, as it will stand in queries; case does not matter there.
            like: what it means, best three or more: hits, moments of files, of videos that the library holds, and
                pictures; each alone, or as a pair with a text that says what is to be seen, with the name or the coarse
                word in it ("Rex catches a frisbee"). May be empty for a name that is known.
            unlike: what it does not mean, though it looks alike.
            coarse: an ordinary word for the kind of thing ("dog"), from which learning starts; None for none, or for
                the one that the name was taught with.
            num_tokens: how many token embeddings stand for it, 1 to 4; None for as many as the model thinks best.
            allow_ordinary: whether the name may be an ordinary word.
            on_step: called with (steps done, steps in all) while it is learnt.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Returns:
            The name as it is kept, with the quality of each example, and notices about them.

        Raises:
            OrdinaryWordError: the name is an ordinary word, and ``allow_ordinary`` is false.
            InputError: the name or an option cannot be used, there is no example, or more than 200 with the earlier
                ones, one is a whole film or lies both in ``like`` and in ``unlike``.
            AbsentError: an example is not there: a file, a video of the library, a moment of it.
            VideoError: an example cannot be read.
            ModelError: the model cannot be taught names, or is not there.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
            FingerprintError: another model made the library's vectors.
        """
        # What teaches imports ffmpeg, which a search need not wait for.
        from framecue.library.teaching.examples import wanted_examples
        from framecue.library.teaching.teach import Teaching, teach
        from framecue.video import IsolatedFrameSource

        check_kind("coarse", coarse, str)
        check_flags(allow_ordinary=allow_ordinary)
        if num_tokens is not None and not (is_whole(num_tokens) and 1 <= num_tokens <= MOST_TOKENS):
            raise InputError(f"num_tokens is {num_tokens!r}; it must be a whole number, 1 to {MOST_TOKENS}")
        name = _usable(name)
        teaching = Teaching(
            name=name,
            like=wanted_examples(like, "like"),
            unlike=wanted_examples(unlike, "unlike"),
            coarse=_coarse(coarse),
            num_tokens=num_tokens,
        )
        store = self._kept.open()
        if store.names.find(name) is None:
            _check_ordinary(name, allow_ordinary)
            if not teaching.like:
                raise InputError(
                    f"{name!r} has no example: give at least one moment or picture that shows what is meant, better "
                    "three"
                )
        # Before the lock, as it may take long to load.
        learner_of(self._fitting_model(store))
        with library_lock(self.uri, on_wait=on_wait), IsolatedFrameSource() as source:
            # From here on nobody else writes: what was read before the lock is read again.
            store = self._kept.open()
            model = self._fitting_model(store)
            new = teach(store, model, teaching, source=source, files=self.files, on_step=on_step)
            # Learning takes a while: if the library is gone by now, writing would leave a folder in its place.
            store = self._kept.open()
            store.names.write(new)
            return _described(store, new)

    def taught_names(self) -> list[TaughtName]:
        """Return the names that the library was taught, in their alphabetical order; needs no model.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        from framecue.library.teaching.describe import described

        store = self._kept.open()
        return described(store, store.names.read())

    def names_due(self) -> list[str]:
        """Return the names that the next ``add`` teaches again, as the library has another model by now.

        It needs no model. A library that does not exist has none.

        Raises:
            LibraryError: it cannot be read.
        """
        from framecue.library.teaching.left import names_due

        store = self._kept.open_if_there()
        return [] if store is None else [name.name for name in names_due(store, self.files)]

    def name_picture(self, name: str) -> bytes | None:
        """Return a small picture, WebP, of what a name means: of its first example; None if there is none.

        Raises:
            AbsentError: the library was not taught the name.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        return self._taught(self._kept.open(), name).thumbnail

    def forget_name(self, name: str, *, on_wait: Callable[[], None] | None = None) -> bool:
        """Forget a name; it is an unknown word again.

        Args:
            name: in any case.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Returns:
            Whether the library was taught it.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
        """
        self._kept.open()  # before the lock, which would make a folder where there is none
        with library_lock(self.uri, on_wait=on_wait):
            return self._kept.open().names.forget(_text(name))

    def rename_name(
        self, old: str, new: str, *, allow_ordinary: bool = False, on_wait: Callable[[], None] | None = None
    ) -> TaughtName:
        """Call what a name means by another name; nothing is learnt again.

        Args:
            old: the name, in any case.
            new: what it is called from now on.
            allow_ordinary: whether that may be an ordinary word.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Raises:
            AbsentError: the library was not taught the name.
            OrdinaryWordError: the new name is an ordinary word, and ``allow_ordinary`` is false.
            InputError: the new name cannot be used, or is taught already.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
        """
        check_flags(allow_ordinary=allow_ordinary)
        new = _usable(new)
        store = self._kept.open()
        is_same = name_key(self._taught(store, old).name) == name_key(new)
        if not is_same:
            _check_ordinary(new, allow_ordinary)
        with library_lock(self.uri, on_wait=on_wait):
            store = self._kept.open()
            kept = self._taught(store, old)
            if not is_same and (other := store.names.find(new)) is not None:
                raise InputError(
                    f"{other.name!r} is taught already; forget it first, or choose another name for {kept.name!r}"
                )
            renamed = replace(kept, tokens=replace(kept.tokens, name=new))
            store.names.write(renamed, instead_of=None if is_same else kept.name)
            return _described(store, renamed)

    def _taught(self, store: Store, name: str) -> KeptName:
        """Return what is kept of a name.

        Raises:
            AbsentError: the library was not taught it.
        """
        kept = store.names.find(_text(name))
        if kept is None:
            raise AbsentError(
                f"library {self.uri} was not taught the name {_text(name)!r}; `framecue names --library {self.uri}` "
                "lists what it was taught"
            )
        return kept


def _described(store: Store, name: KeptName) -> TaughtName:
    from framecue.library.teaching.describe import described

    return described(store, [name])[0]


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise InputError(f"a name is {name!r}; it must be a text")
    return name


def _usable(name: object) -> str:
    """Return a name as it is kept.

    Raises:
        InputError: it cannot be one.
    """
    return checked_name(_text(name))


def _coarse(word: str | None) -> str | None:
    """Return an ordinary word for the kind of thing, with single spaces; None for none.

    Raises:
        InputError: it is too long for a word, or is no text.
    """
    if word is None:
        return None
    check_text(word)
    if len(word) > MAX_NAME_LENGTH:
        raise InputError(f"coarse has {len(word)} characters; give an ordinary word for the kind of thing, such as dog")
    return " ".join(word.split()) or None


def _check_ordinary(name: str, allow_ordinary: bool) -> None:
    if not allow_ordinary and is_ordinary(name):
        raise OrdinaryWordError(name)
