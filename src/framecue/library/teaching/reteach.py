"""Teaching names again when the library's model has changed, from the examples that were kept.

Their token embeddings belong to another model's text tower, and their examples' vectors to another space. Until they
are taught again a search does not understand them; nothing of them is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from framecue.encoder import Encoder, LearnsNames, learner_of
from framecue.errors import AbsentError, InputError, ModelError, VideoError
from framecue.library.files.interface import Files
from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample, KeptName
from framecue.library.teaching.encode import EncodedExample, ExampleEncoder
from framecue.library.teaching.examples import kept_as_wanted
from framecue.library.teaching.left import ALL_GONE, NamesOutcome, names_due, names_left
from framecue.library.teaching.teach import learn
from framecue.log import printable
from framecue.video import IsolatedFrameSource

__all__ = ["teach_again"]

logger = logging.getLogger(__name__)


def teach_again(
    store: Store | None,
    load_model: Callable[[Store], Encoder],
    *,
    files: Files,
    on_notice: Callable[[str], None] | None = None,
) -> NamesOutcome:
    """Teach the names of a library again that were taught to another model; call it with the lock.

    Each is written in a commit of its own, so a run that is killed goes on with the next.

    Args:
        store: the library; None if there is none.
        load_model: returns a model that fits the library; called only if there is a name to teach.
        files: where files lie.
        on_notice: called with a line for a person where not all examples of a name are there any more.

    Raises:
        LibraryError: the library cannot be read or written. What was committed before stays.
    """
    if store is None:
        return NamesOutcome()
    due, taught = names_due(store, files), []
    reasons: dict[str, str] = {}
    if due:
        try:
            model = load_model(store)
        except ModelError as error:
            logger.warning("names are not taught again: %s", printable(str(error)))
            return NamesOutcome(left={name.name: str(error) for name in due})
        with IsolatedFrameSource() as source:
            encoder = ExampleEncoder(store, model, source, files)
            for name in due:
                try:
                    new = _taught_again(store, learner_of(model), encoder, name, on_notice)
                except ModelError as error:
                    store.names.note_failure(name, store.names.made_for, str(error))
                except InputError as error:
                    reasons[name.name] = str(error)
                else:
                    store.names.write(new)
                    taught.append(new.name)
    if taught:
        logger.info("taught again to the library's model: %s", printable(", ".join(taught)))
    return NamesOutcome(taught, {**names_left(store, files), **reasons})


def _taught_again(
    store: Store,
    learner: LearnsNames,
    encoder: ExampleEncoder,
    name: KeptName,
    on_notice: Callable[[str], None] | None,
) -> KeptName:
    """Return a name as it is to be kept for the library's model.

    Raises:
        InputError: none of its examples can be used any more.
        ModelError: the model cannot be taught names.
    """
    like, gone = _encoded(encoder, name.examples)
    if not like:
        raise InputError(ALL_GONE)
    unlike, gone_unlike = _encoded(encoder, name.unlike)
    new = None
    if name.coarse is not None:
        try:
            new = _learnt(store, learner, name, like, unlike, coarse=name.coarse)
        except ModelError:
            raise
        except InputError as error:  # a word that this model has no token for
            logger.warning("%s is taught again without %r: %s", printable(name.name), name.coarse, error)
    if new is None:
        new = _learnt(store, learner, name, like, unlike, coarse=None)
    if gone or gone_unlike:
        all_of_them = len(name.examples) + len(name.unlike)
        notice = (
            f"{name.name} was taught again from {all_of_them - gone - gone_unlike} of its {all_of_them} examples: the "
            "others are gone."
        )
        if on_notice:
            on_notice(notice)
        new = replace(new, notices=(*new.notices, notice))
    return new


def _learnt(
    store: Store,
    learner: LearnsNames,
    name: KeptName,
    like: Sequence[EncodedExample],
    unlike: Sequence[EncodedExample],
    *,
    coarse: str | None,
) -> KeptName:
    new = learn(store, learner, name.name, like, unlike, coarse=coarse, num_tokens=name.num_tokens)
    return replace(new, thumbnail=new.thumbnail or name.thumbnail)


def _encoded(encoder: ExampleEncoder, examples: Sequence[KeptExample]) -> tuple[list[EncodedExample], int]:
    """Return those examples that are still there, encoded, and how many are not."""
    found = []
    for example in examples:
        try:
            found.append(encoder.encode(kept_as_wanted(example)))
        except ModelError:
            raise
        except (AbsentError, VideoError, InputError) as error:
            logger.warning("an example is left out: %s", printable(str(error)))
    return found, len(examples) - len(found)
