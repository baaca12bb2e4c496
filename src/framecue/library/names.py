"""The names that a library is taught: words of one's own for what no model knows, learnt from a few moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from framecue.library.results import TaughtName
from framecue.library.store.kept import KeptStore
from framecue.library.teaching.examples import Example

__all__ = ["LibraryNames"]


class LibraryNames:
    """What a library is to whoever teaches it names; :class:`~framecue.library.Library` has all of it.

    Attributes:
        uri: where the library is.
    """

    uri: str
    _kept: KeptStore

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
                pictures. May be empty for a name that is known.
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
            InputError: the name or an option cannot be used, there is no example, one is a whole film or lies both in
                ``like`` and in ``unlike``.
            AbsentError: an example is not there: a file, a video of the library, a moment of it.
            VideoError: an example cannot be read.
            ModelError: the model cannot be taught names, or is not there.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
            FingerprintError: another model made the library's vectors.
        """
        raise NotImplementedError

    def taught_names(self) -> list[TaughtName]:
        """Return the names that the library was taught, in their alphabetical order; needs no model.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        raise NotImplementedError

    def name_picture(self, name: str) -> bytes | None:
        """Return a small picture, WebP, of what a name means: of its first example; None if there is none.

        Raises:
            AbsentError: the library was not taught the name.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError
