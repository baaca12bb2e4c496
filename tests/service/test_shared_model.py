from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from framecue.errors import ModelError
from framecue.names.taught import Lesson
from framecue.service.shared_model import SharedModel
from support.colours import ColourEncoder, LearningColours


def test_threads_that_need_it_at_once_load_it_once() -> None:
    loaded: list[int] = []
    may_go_on = threading.Event()

    def load() -> ColourEncoder:
        loaded.append(1)
        assert may_go_on.wait(60)
        return ColourEncoder()

    shared = SharedModel(load)
    assert shared.state == "waiting"
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(shared.embed_texts, ["red"]) for _ in range(4)]
        while shared.state == "waiting":
            pass
        assert shared.state == "loading"
        may_go_on.set()
        vectors = [each.result() for each in asked]
    assert len(loaded) == 1
    assert shared.state == "ready"
    for vector in vectors:
        np.testing.assert_array_equal(vector, ColourEncoder().embed_texts(["red"]))
    assert shared.fingerprint() == ColourEncoder().fingerprint()
    assert shared.spec() == ColourEncoder().spec()


def test_what_cannot_be_loaded_is_told_and_tried_again() -> None:
    places: list[ColourEncoder] = []

    def load() -> ColourEncoder:
        if not places:
            raise ModelError("the folder is not there; bring it back")
        return places[0]

    shared = SharedModel(load)
    with pytest.raises(ModelError):
        shared.embed_texts(["red"])
    assert (shared.state, shared.problem) == ("failed", "the folder is not there; bring it back")
    places.append(ColourEncoder())
    shared.embed_texts(["red"])
    assert (shared.state, shared.problem) == ("ready", None)


def test_a_defect_is_no_state_of_loading_for_ever() -> None:
    shared = SharedModel(lambda: ColourEncoder(num_frames=-1))
    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever it is)
        _ = shared.model
    assert shared.state == "failed"


class OneAtATime(ColourEncoder):
    """Fails if two threads encode texts at once, as some tokenizers do."""

    def __init__(self) -> None:
        super().__init__()
        self.using = threading.Lock()

    def embed_texts(self, texts):
        assert self.using.acquire(blocking=False), "two threads at once"
        try:
            return super().embed_texts(texts)
        finally:
            self.using.release()


def test_one_thread_at_a_time_encodes_texts() -> None:
    shared = SharedModel(OneAtATime)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: shared.embed_texts(["red", "blue"] * 20), range(200)))


def test_named_texts_are_encoded_one_at_a_time_too_and_others_while_a_name_is_learnt() -> None:
    class Learning(OneAtATime, LearningColours):
        def __init__(self) -> None:
            super().__init__()
            self.lessons = []

        def embed_named_texts(self, texts, names):
            return np.concatenate([self.embed_texts([text]) for text in texts])

    shared = SharedModel(Learning)
    vector = ColourEncoder().embed_texts(["red"])
    lesson = Lesson("Rex", examples=vector, others=vector, unlike=vector[:0])
    searched: list[int] = []

    def step(done: int, total: int) -> None:
        # It would wait for ever, were the model not free meanwhile.
        searched.append(len(threads.submit(shared.embed_texts, ["blue"]).result(timeout=60)))

    with ThreadPoolExecutor(8) as threads:
        taught = shared.learn_name(lesson, on_step=step)
        encoded = [
            threads.submit(encode, ["red", "blue"] * 10)
            for _ in range(50)
            for encode in (shared.embed_texts, lambda texts: shared.embed_named_texts(texts, [taught]))
        ]
        assert {len(each.result()) for each in encoded} == {20}
    assert searched == [1] * 5


def test_a_model_that_cannot_be_taught_says_so() -> None:
    shared = SharedModel(ColourEncoder)
    vector = ColourEncoder().embed_texts(["red"])
    with pytest.raises(ModelError, match="cannot be taught names"):
        shared.learn_name(Lesson("Rex", examples=vector, others=vector, unlike=vector[:0]))
    with pytest.raises(ModelError, match="cannot be taught names"):
        shared.embed_named_texts(["Rex"], [])


def test_texts_are_refused_as_the_model_does() -> None:
    class Wordless(ColourEncoder):
        def check_texts(self) -> None:
            raise ModelError("it has no tokenizer")

    with pytest.raises(ModelError):
        SharedModel(Wordless).check_texts()
    SharedModel(ColourEncoder).check_texts()


def test_what_was_let_go_of_is_loaded_anew() -> None:
    loaded: list[ColourEncoder] = []

    def load() -> ColourEncoder:
        loaded.append(ColourEncoder(name=f"model {len(loaded)}"))
        return loaded[-1]

    shared = SharedModel(load)
    assert shared.fingerprint().backbone == "model 0"
    shared.forget()
    assert shared.state == "waiting"
    assert shared.fingerprint().backbone == "model 1"
    assert shared.state == "ready"
