"""Passages follow words: what has changed is encoded, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framecue.library.background import meaning_background_for
from framecue.library.indexing import passages_run as module
from framecue.library.indexing.passages_run import are_passages_due, make_passages, words_key
from framecue.library.store import Store
from framecue.words.timed_text import Kind, TimedText
from support.sentences import IdeaEncoder


def line(start: float, text: str, kind: Kind = "said", language: str | None = "en") -> TimedText:
    return TimedText(start, start + 4, text, kind, language)


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """Three films, of which two have words."""
    made = make_store([{"path": f"/{name}.mp4"} for name in "abc"])
    made.words.write("id of /a.mp4", "speech", [line(0, "We bought a house."), line(5, "The dog likes it.")])
    made.words.write("id of /b.mp4", "speech", [line(0, "We are sailing.")])
    return made


@pytest.fixture
def encoder() -> IdeaEncoder:
    return IdeaEncoder()


def texts(store: Store) -> list[str]:
    table = store.passages.table()
    return sorted(table.scan(["text"], where="is_passage").column("text").to_pylist())


def own(encoder: IdeaEncoder) -> list[str]:
    """The texts that were encoded since this was asked last, but for those by which the encoder is judged."""
    found = [text for text in encoder.encoded if text not in module._SAID]
    encoder.encoded.clear()
    return sorted(found)


def test_words_become_passages_and_sentences_once(store: Store, encoder: IdeaEncoder) -> None:
    told: list[tuple[int, int]] = []
    assert are_passages_due(store, encoder.fingerprint)
    done = make_passages(store, encoder, progress=lambda *numbers: told.append(numbers))
    assert (done.num_videos, done.num_passages, told) == (2, 2, [(1, 2), (2, 2)])
    assert texts(store) == ["We are sailing.", "We bought a house. The dog likes it."]
    assert own(encoder) == [
        "The dog likes it.",
        "We are sailing.",
        "We bought a house.",
        "We bought a house. The dog likes it.",
    ]
    assert not are_passages_due(store)
    assert not are_passages_due(Store.open(store.uri), encoder.fingerprint)
    assert make_passages(store, encoder).num_videos == 0
    assert own(encoder) == []


def test_what_the_encoder_knows_nothing_of_has_no_meaning(store: Store, encoder: IdeaEncoder) -> None:
    store.words.write("id of /b.mp4", "speech", [line(0, "青蛙"), line(20, "ду"), line(40, "We are sailing.")])
    store.words.write("id of /c.mp4", "speech", [line(0, "青蛙")])
    make_passages(store, encoder)
    assert texts(store) == ["We are sailing.", "We bought a house. The dog likes it."]
    assert not are_passages_due(store)


def test_only_what_has_changed_is_encoded_again(store: Store, encoder: IdeaEncoder) -> None:
    make_passages(store, encoder)
    own(encoder)
    store.words.write("id of /b.mp4", "speech", [line(0, "We are baking bread.")])
    store.words.write("id of /c.mp4", "screen", [line(0, "HOME", "written", None)])
    assert are_passages_due(store)
    assert make_passages(store, encoder).num_videos == 2
    assert own(encoder) == ["HOME", "We are baking bread."]
    store.words.drop(video_ids=["id of /a.mp4"])
    assert make_passages(store, encoder).num_videos == 0
    assert texts(store) == ["HOME", "We are baking bread."]
    assert own(encoder) == []


def test_what_is_said_and_written_and_what_two_sources_found_is_never_mixed(store: Store, encoder: IdeaEncoder) -> None:
    store.words.write("id of /c.mp4", "speech", [line(0, "said one"), line(5, "said two")])
    store.words.write(
        "id of /c.mp4",
        "sidecars",
        [line(0, "english one"), line(5, "english two"), line(0, "deutsch eins", language="de")],
    )
    store.words.write("id of /c.mp4", "screen", [line(2, "WRITTEN", "written")])
    make_passages(store, encoder)
    assert {"said one said two", "english one english two", "deutsch eins", "WRITTEN"} < set(texts(store))


def test_another_encoder_and_other_rules_make_them_anew(store: Store, encoder: IdeaEncoder, monkeypatch) -> None:
    make_passages(store, encoder)
    other = IdeaEncoder(revision="2")
    assert are_passages_due(store, other.fingerprint)
    assert make_passages(store, other).num_videos == 2
    assert store.passages.state().fingerprint == other.fingerprint
    # The same one in another place is the same, and its place is noted.
    moved = IdeaEncoder("/elsewhere", revision="2")
    assert not are_passages_due(store, moved.fingerprint)
    assert make_passages(store, moved).num_videos == 0
    assert Store.open(store.uri).passages.state().fingerprint.model == "/elsewhere"
    monkeypatch.setattr(module, "RULES", module.RULES + 1)
    assert are_passages_due(store)
    assert make_passages(store, moved).num_videos == 2


def test_a_run_that_is_killed_goes_on_where_it_was(store: Store, encoder: IdeaEncoder, monkeypatch) -> None:
    monkeypatch.setattr(module, "_ROWS_PER_COMMIT", 1)
    embed = encoder.embed_passages

    def stop(given):
        if "We are sailing." in given:
            raise KeyboardInterrupt
        return embed(given)

    with monkeypatch.context() as patched:
        patched.setattr(encoder, "embed_passages", stop)
        with pytest.raises(KeyboardInterrupt):
            make_passages(store, encoder)
    again = Store.open(store.uri)
    assert list(again.passages.keys()) == ["id of /a.mp4"]
    assert are_passages_due(again)
    own(encoder)
    assert make_passages(again, encoder).num_videos == 1
    assert own(encoder) == ["We are sailing."]


def test_the_encoder_is_judged_by_unrelated_texts(store: Store, encoder: IdeaEncoder) -> None:
    make_passages(store, encoder)
    mean, deviation = store.passages.state().unrelated
    assert -1 <= mean <= 1
    assert 0 < deviation < 1


def test_a_run_renews_what_ordinary_queries_come_to_once_a_search_has_measured_it(
    store: Store, encoder: IdeaEncoder
) -> None:
    def say(number: int) -> None:
        lines = [line(5.0 * place, f"This is sentence {place}.") for place in range(number)]
        store.words.write("id of /c.mp4", "speech", lines)
        make_passages(store, encoder)

    say(10)
    first = meaning_background_for(store, encoder)
    assert first is not None
    say(40)
    again = Store.open(store.uri).passages
    renewed = again.background(first.made_for)
    assert renewed is not None
    assert renewed.num_segments == again.num_rows() > 2 * first.num_segments


def test_a_run_that_is_killed_before_it_renews_that_leaves_it_to_the_next(
    store: Store, encoder: IdeaEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line(5.0 * place, f"This is sentence {place}.") for place in range(10)]
    store.words.write("id of /c.mp4", "speech", lines)
    make_passages(store, encoder)
    first = meaning_background_for(store, encoder)
    assert first is not None
    store.words.write("id of /c.mp4", "speech", [*lines, *(line(5.0 * n, f"That is {n}.") for n in range(20, 60))])

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "renew_meaning_background", killed)
        with pytest.raises(KeyboardInterrupt):
            make_passages(store, encoder)
    again = Store.open(store.uri)
    assert are_passages_due(again)
    assert make_passages(again, encoder).num_videos == 0
    renewed = again.passages.background(first.made_for)
    assert renewed is not None
    assert renewed.num_segments == again.passages.num_rows() > 2 * first.num_segments


def test_a_library_without_words_has_the_wish_alone(make_store: Callable[..., Store], encoder: IdeaEncoder) -> None:
    store = make_store([{}])
    assert make_passages(store, encoder).num_videos == 0
    assert store.passages.state().fingerprint == encoder.fingerprint
    assert not are_passages_due(store)


def test_the_key_of_words_changes_with_each_of_them(store: Store) -> None:
    held = store.words.read(["id of /a.mp4"])
    key = words_key(held)
    assert key == words_key(Store.open(store.uri).words.read(["id of /a.mp4"]))
    store.words.write("id of /a.mp4", "speech", [line(0, "We bought a house."), line(5.5, "The dog likes it.")])
    assert words_key(store.words.read(["id of /a.mp4"])) != key
