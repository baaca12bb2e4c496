"""What a model is taught with: a lesson of unit vectors, with texts in which the name has its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library.files.mixed import ALL_FILES
from framecue.library.store import Store
from framecue.library.teaching import teach as teach_module
from framecue.library.teaching.encode import ExampleEncoder
from framecue.library.teaching.examples import WantedExample
from framecue.library.teaching.teach import Teaching, teach
from framecue.names.taught import MOST_EXAMPLES
from framecue.video import PlainFrameSource
from support.colours import LearningColours

ROWS = [{"path": f"/{number}.mp4", "vector": (1, number, number % 7, 0)} for number in range(80)]
ROWS[0] |= {"caption": "a red thing rises"}


def moment(number: int) -> WantedExample:
    return WantedExample(video_id=f"id of /{number}.mp4")


def taught(store: Store, model: LearningColours, **options: object):
    teaching = Teaching(**({"name": "Rex", "like": [moment(0), moment(1)]} | options))  # type: ignore[arg-type]
    return teach(store, model, teaching, source=PlainFrameSource(), files=ALL_FILES)


def test_a_lesson_has_the_examples_and_the_rest_of_the_library(make_store: Callable[..., Store]):
    model = LearningColours()
    store = make_store(ROWS)
    kept = taught(store, model, unlike=[moment(2)], coarse="red")
    (lesson,) = model.lessons
    assert lesson.texts == (("a {} thing rises", 0),)
    assert (lesson.examples.shape, lesson.unlike.shape) == ((2, 4), (1, 4))
    # Without the three, and without what is nearly the same as one of them.
    assert 0 < len(lesson.others) < 77
    assert (lesson.others @ np.concatenate([lesson.examples, lesson.unlike]).T).max() < 0.99
    assert (kept.made_for, kept.coarse) == (store.names.made_for, "red")
    mean = lesson.examples.mean(axis=0)
    np.testing.assert_allclose(kept.mean, mean / np.linalg.norm(mean), atol=1e-6)
    # As its own test has it: nearer to the examples than to what is usual here.
    assert kept.direction is not None
    assert (lesson.examples @ kept.direction).min() > (lesson.others @ kept.direction).mean()
    assert store.names.read() == []  # it is written by who has the lock


def test_what_a_person_says_of_an_example_is_learnt_from_and_kept(make_store: Callable[..., Store]):
    model, store = LearningColours(), make_store(ROWS)
    said = replace(moment(1), text="Rex jumps over {the} fence")
    with pytest.raises(InputError, match="cannot be said of an example"):
        taught(store, model, like=[said])
    store.names.write(taught(store, model, like=[replace(said, text="Rex jumps over a fence")]))
    again = taught(store, model, name="REX", like=[moment(0)], coarse="red")
    assert [example.texts for example in again.examples] == [("{} jumps over a fence",), ("a {} thing rises",)]
    assert model.lessons[-1].texts == (("{} jumps over a fence", 0), ("a {} thing rises", 1))


def test_what_is_said_of_an_example_that_is_known_counts_too(make_store: Callable[..., Store]):
    model, store = LearningColours(), make_store(ROWS)
    store.names.write(taught(store, model, like=[replace(moment(1), text="Rex sits"), moment(2)]))
    with pytest.raises(InputError, match="cannot be said of an example"):
        taught(store, model, like=[replace(moment(2), text="nobody jumps")])
    again = taught(store, model, like=[replace(moment(1), text="Rex jumps"), replace(moment(2), text="Rex swims")])
    assert [example.texts for example in again.examples] == [("{} jumps", "{} sits"), ("{} swims",)]


def test_captions_that_do_not_name_it_are_tried_and_not_kept(make_store: Callable[..., Store]):
    model, store = LearningColours(), make_store([{**ROWS[0], "caption": "a cat runs"}, *ROWS[1:]])
    kept = taught(store, model)
    assert model.lessons[-1].texts == (("a {} runs", 0),)
    assert [example.texts for example in kept.examples] == [(), ()]
    # Taught again, they are looked up again, and count for what they say by then.
    store.names.write(kept)
    taught(store, model, like=[], coarse=None)
    assert model.lessons[-1].texts == (("a {} runs", 0),)


def test_the_same_moment_twice_is_one_example_and_is_read_once(
    make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
):
    read: list[str | None] = []
    encode = ExampleEncoder.encode

    def noted(encoder: ExampleEncoder, wanted: WantedExample):
        read.append(wanted.video_id)
        return encode(encoder, wanted)

    monkeypatch.setattr(ExampleEncoder, "encode", noted)
    model = LearningColours()
    said = [replace(moment(0), text=text) for text in ("Rex sits", "Rex runs", "Rex sits")]
    kept = taught(make_store(ROWS), model, like=[*said, *[moment(0)] * 3000, moment(1)], unlike=[moment(2)] * 3000)
    assert (len(kept.examples), len(kept.unlike)) == (2, 1)
    # The first one once more, for a picture of it.
    assert read == [f"id of /{number}.mp4" for number in (0, 1, 2, 0)]
    # What is said later counts more.
    assert kept.examples[0].texts == ("{} sits", "{} runs")


def test_a_name_has_so_many_examples_in_all(make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch):
    assert MOST_EXAMPLES == 200  # as docs/teaching.md has it
    monkeypatch.setattr(teach_module, "MOST_EXAMPLES", 4)
    model, store = LearningColours(), make_store(ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(ExampleEncoder, "encode", None)  # it is said before anything is read
        with pytest.raises(InputError, match=r"'Rex' would have 5 examples, and a name may have 4 in all"):
            taught(store, model, like=[moment(number) for number in range(4)], unlike=[moment(5)])
    store.names.write(taught(store, model, like=[moment(0), moment(1)], unlike=[moment(2)]))
    # One that it has already is none more, and one that changes sides neither.
    store.names.write(taught(store, model, like=[moment(0), moment(3)], unlike=[moment(1)]))
    with pytest.raises(InputError, match="forget the name and teach it anew"):
        taught(store, model, like=[moment(4)])
    assert not model.lessons[2:]


def test_the_same_moment_cannot_be_meant_and_not_meant(make_store: Callable[..., Store]):
    with pytest.raises(
        InputError, match=r"/1.mp4 at 0 to 2 s is given both as what 'Rex' means and as what it does not"
    ):
        taught(make_store(ROWS), LearningColours(), unlike=[moment(1)])


def test_a_name_of_another_model_is_taught_anew_with_all_its_examples(make_store: Callable[..., Store]):
    store = make_store(ROWS)
    kept = taught(store, LearningColours())
    # As another model has left it, whose vectors mean nothing here; one of its videos is gone.
    strange = [replace(each, vector=-each.vector) for each in kept.examples]
    strange.append(replace(strange[0], video_id="gone", path="/gone.mp4"))
    store.names.write(replace(kept, made_for="{}", examples=tuple(strange)))
    new = taught(store, LearningColours(), like=[moment(3)])
    assert [each.video_id for each in new.examples] == ["id of /0.mp4", "id of /1.mp4", "id of /3.mp4"]
    np.testing.assert_array_equal(new.examples[0].vector, kept.examples[0].vector)
    assert "Of its earlier examples 1 could not be used: gone." in new.notices
