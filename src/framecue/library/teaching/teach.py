"""Teaching a name: examples become vectors, the model learns, and how good the examples are is measured.

Nothing is written here: whoever is stopped while a name is learnt has the name as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from framecue.encoder import Encoder, LearnsNames, learner_of
from framecue.errors import AbsentError, InputError, VideoError
from framecue.library.files.interface import Files
from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample, KeptName
from framecue.library.teaching.contrast import draw_others, show_the_same
from framecue.library.teaching.encode import EncodedExample, ExampleEncoder
from framecue.library.teaching.examples import WantedExample, kept_as_wanted
from framecue.library.teaching.quality import mean_vector, notices_of, ranked
from framecue.library.teaching.texts import given_text, placed_texts, tried_texts
from framecue.names.directions import telling_direction
from framecue.names.taught import MOST_EXAMPLES, Lesson
from framecue.video import VideoSource

__all__ = ["Teaching", "learn", "teach"]

# Moments that have so much of the shorter one's time in common cannot be both meant and not meant; with nearly all of
# it in common they are one example.
_CONTRADICTS, _IS_ONE = 0.5, 0.9

StepCallback = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """What a name is taught with.

    Attributes:
        name: checked, as the person wrote it.
        like: what it means.
        unlike: what it does not mean.
        coarse: an ordinary word for the kind of thing; None for none, or for the one that it was taught with.
        num_tokens: how many tokens stand for it; None likewise, or for as many as the model thinks best.
    """

    name: str
    like: Sequence[WantedExample]
    unlike: Sequence[WantedExample] = ()
    coarse: str | None = None
    num_tokens: int | None = None


def teach(
    store: Store,
    model: Encoder,
    teaching: Teaching,
    *,
    source: VideoSource,
    files: Files,
    on_step: StepCallback | None = None,
) -> KeptName:
    """Teach a name to a model; what is kept of it counts as well.

    Args:
        store: the library.
        model: fits it.
        teaching: what the name is taught with.
        source: reads files, which may be anybody's.
        files: where files lie.
        on_step: called with (steps done, steps in all).

    Returns:
        The name as it is to be kept.

    Raises:
        AbsentError: an example is not there.
        VideoError: an example cannot be read.
        InputError: there is no example, there are too many, one is a whole film, or one is both meant and not meant.
        ModelError: the model cannot be taught names.
        LibraryError: the library cannot be read.
    """
    learner = learner_of(model)
    encoder = ExampleEncoder(store, model, source, files)
    wanted_like, wanted_unlike = (_asked_once(wanted) for wanted in (teaching.like, teaching.unlike))
    # Before anything is read: each takes its time.
    _check_number(teaching.name, len(wanted_like) + len(wanted_unlike))
    like, unlike = (_each_once(_encoded(encoder, wanted)) for wanted in (wanted_like, wanted_unlike))
    _check_agreement(teaching.name, like, unlike)
    kept = store.names.find(teaching.name)
    num_gone = 0
    if kept is not None:
        fits = kept.made_for == store.names.made_for
        had = [_as_kept(encoder, some, fits=fits) for some in (kept.examples, kept.unlike)]
        num_gone = len(kept.examples) + len(kept.unlike) - len(had[0]) - len(had[1])
        # What is said now counts more than what was said before.
        like = _each_once([*_without(had[0], unlike), *like])
        unlike = _each_once([*_without(had[1], like), *unlike])
        _check_number(teaching.name, len(like) + len(unlike))
    if not like:
        raise InputError(
            f"{teaching.name!r} has no example: give at least one moment or picture that shows what is meant, better "
            "three"
        )
    coarse = teaching.coarse or (kept.coarse if kept else None)
    num_tokens = teaching.num_tokens or (kept.num_tokens if kept else None)
    new = learn(store, learner, teaching.name, like, unlike, coarse=coarse, num_tokens=num_tokens, on_step=on_step)
    if num_gone:
        new = replace(new, notices=(*new.notices, f"Of its earlier examples {num_gone} could not be used: gone."))
    return replace(new, thumbnail=new.thumbnail or _thumbnail(encoder, new, kept))


def learn(
    store: Store,
    learner: LearnsNames,
    name: str,
    like: Sequence[EncodedExample],
    unlike: Sequence[EncodedExample],
    *,
    coarse: str | None,
    num_tokens: int | None,
    on_step: StepCallback | None = None,
) -> KeptName:
    """Learn a name from examples that are encoded.

    Args:
        store: the library, from whose other moments the name is told apart.
        learner: the model.
        name: the name.
        like: what it means, at least one.
        unlike: what it does not mean.
        coarse: an ordinary word for the kind of thing; None for none.
        num_tokens: how many tokens stand for it; None for as many as the model thinks best.
        on_step: called with (steps done, steps in all).

    Raises:
        InputError: the coarse word cannot be used.
        ModelError: the model cannot be taught names.
        LibraryError: the library cannot be read.
    """
    examples, against = [_with_texts(each, name, coarse) for each in like], [each.kept for each in unlike]
    others = draw_others(store, [*examples, *against])
    width = len(examples[0].vector)
    lesson = Lesson(
        name=name,
        examples=_stacked(examples, width),
        others=others,
        unlike=_stacked(against, width),
        coarse=coarse,
        texts=tuple(
            (text, number)
            for number, (example, each) in enumerate(zip(examples, like, strict=True))
            # What is only tried is not kept: another time it may be told.
            for text in example.texts or tried_texts(each.texts, coarse=coarse)
        ),
        num_tokens=num_tokens,
    )
    tokens = learner.learn_name(lesson, on_step=on_step)
    examples = list(ranked(examples, others))
    return KeptName(
        tokens=tokens,
        mean=mean_vector(examples),
        coarse=coarse,
        examples=tuple(examples),
        unlike=tuple(against),
        thumbnail=like[0].thumbnail,
        made_for=store.names.made_for,
        taught_at=time.time(),
        num_tokens=num_tokens,
        notices=notices_of(examples),
        direction=telling_direction(lesson.examples, others, lesson.unlike),
    )


def _as_kept(encoder: ExampleEncoder, examples: Sequence[KeptExample], *, fits: bool) -> list[EncodedExample]:
    """Return examples that are kept: as they are where they fit the model, or else those that can be encoded anew."""
    if fits:
        return [EncodedExample(example, texts=encoder.texts_of(kept_as_wanted(example))) for example in examples]
    found = []
    for example in examples:
        with suppress(AbsentError, VideoError):
            found.append(encoder.encode(kept_as_wanted(example)))
    return found


def _thumbnail(encoder: ExampleEncoder, name: KeptName, kept: KeptName | None) -> bytes | None:
    """Return a picture of the first example, which was kept."""
    first = name.examples[0]
    if kept is not None and kept.examples and _is_one(first, kept.examples[0]):
        return kept.thumbnail
    with suppress(AbsentError, VideoError):
        return encoder.encode(kept_as_wanted(first)).thumbnail
    return None


def _with_texts(example: EncodedExample, name: str, coarse: str | None) -> KeptExample:
    """Return an example with what is said of it, the name's place marked.

    Raises:
        InputError: what a person says of it does not say where the name belongs.
    """
    said = [given_text(text, name=name, coarse=coarse) for text in example.said]
    texts = placed_texts([*said, *example.kept.texts, *example.texts], name=name, coarse=coarse)
    return replace(example.kept, texts=texts)


def _stacked(examples: Sequence[KeptExample], width: int) -> np.ndarray:
    return np.stack([example.vector for example in examples]) if examples else np.zeros((0, width), dtype=np.float32)


def _check_number(name: str, number: int) -> None:
    """Raise if a name would have too many examples.

    Raises:
        InputError: it would.
    """
    if number > MOST_EXAMPLES:
        raise InputError(
            f"{name!r} would have {number} examples, and a name may have {MOST_EXAMPLES} in all, of what it means and "
            "of what it does not; give fewer that differ, or forget the name and teach it anew"
        )


def _asked_once(examples: Sequence[WantedExample]) -> list[list[WantedExample]]:
    """Return examples without those that were given before, word for word, each with all that is said of it."""
    found: dict[object, list[WantedExample]] = {}
    for example in examples:
        # Pixels are compared when they are encoded.
        place = example.path, example.video_id, example.span, example.at_seconds, id(example.picture)
        found.setdefault(place, []).append(example)
    return list(found.values())


def _encoded(encoder: ExampleEncoder, wanted: Sequence[Sequence[WantedExample]]) -> list[EncodedExample]:
    """Return examples encoded, each read once, with what is said of it; what is said later counts more."""
    found = []
    for same in wanted:
        said = dict.fromkeys(each.text for each in reversed(same) if each.text is not None)
        found.append(replace(encoder.encode(same[0]), said=tuple(said)))
    return found


def _each_once(examples: Sequence[EncodedExample]) -> list[EncodedExample]:
    """Return examples, of which the first of each moment and picture, with what is said of any of them."""
    found: list[EncodedExample] = []
    for example in examples:
        number = next((number for number, other in enumerate(found) if _is_one(example.kept, other.kept)), None)
        if number is None:
            found.append(example)
        elif example.said:
            # What is said later counts more.
            found[number] = replace(found[number], said=(*example.said, *found[number].said))
    return found


def _is_one(one: KeptExample, other: KeptExample) -> bool:
    longest = max(one.end_seconds - one.start_seconds, other.end_seconds - other.start_seconds)
    shortest = min(one.end_seconds - one.start_seconds, other.end_seconds - other.start_seconds)
    return show_the_same(one, other, share=_IS_ONE) and shortest >= _IS_ONE * longest


def _without(had: Sequence[EncodedExample], new: Sequence[EncodedExample]) -> list[EncodedExample]:
    """Return examples without those that others say the opposite of."""
    return [each for each in had if not any(show_the_same(each.kept, other.kept, share=_CONTRADICTS) for other in new)]


def _check_agreement(name: str, like: Sequence[EncodedExample], unlike: Sequence[EncodedExample]) -> None:
    for one in like:
        for other in unlike:
            if show_the_same(one.kept, other.kept, share=_CONTRADICTS):
                kept = replace(other.kept, picture=None)
                what = kept_as_wanted(kept) if kept.path is not None else "a picture"
                raise InputError(
                    f"{what} is given both as what {name!r} means and as what it does not mean; take it out of one of "
                    "the two"
                )
