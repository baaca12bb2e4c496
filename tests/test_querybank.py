"""The texts like those that an adapter was trained on, beside its weights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.checks import MAX_TEXT_LENGTH
from framecue.encoder import Fingerprint
from framecue.querybank import MOST_QUERIES, QUERYBANK_FILE, choose_queries, querybank_of, write_querybank
from framecue.video import FrameSampling


def fingerprint(adapter: Path | str | None) -> Fingerprint:
    place = None if adapter is None else str(adapter)
    return Fingerprint(backbone="clip", embedding_dim=4, sampling=FrameSampling(1), adapter_source=place)


def test_what_is_written_is_read_and_what_is_written_later_as_well(tmp_path: Path) -> None:
    write_querybank(tmp_path, ["a cat", "жираф"])
    assert querybank_of(fingerprint(tmp_path)) == ("a cat", "жираф")
    write_querybank(tmp_path, ["a dog runs", "a cat"])
    assert querybank_of(fingerprint(tmp_path)) == ("a dog runs", "a cat")
    assert [one.name for one in tmp_path.iterdir()] == [QUERYBANK_FILE]


def test_a_model_without_an_adapter_and_an_adapter_without_a_bank_have_none(tmp_path: Path) -> None:
    assert querybank_of(fingerprint(None)) == ()
    assert querybank_of(fingerprint(tmp_path)) == ()
    assert querybank_of(fingerprint(tmp_path / "nowhere")) == ()


@pytest.mark.parametrize("name", ["moji-prompt-switch", "moji-vop-fc"])
def test_the_shipped_adapters_have_one_of_what_they_were_trained_on(name: str) -> None:
    bank = querybank_of(fingerprint(name))
    assert len(bank) == len(set(bank)) == MOST_QUERIES
    assert any("then" in text for text in bank)


def test_the_file_may_be_anybodys(tmp_path: Path) -> None:
    file = tmp_path / QUERYBANK_FILE
    file.write_text(f"\n  a cat \r\na cat\n{'long ' * MAX_TEXT_LENGTH}\n\n", encoding="utf-8")
    assert querybank_of(fingerprint(tmp_path)) == ("a cat",)
    file.write_text("\n".join(f"text {number}" for number in range(3 * MOST_QUERIES)), encoding="utf-8")
    assert querybank_of(fingerprint(tmp_path)) == tuple(f"text {number}" for number in range(MOST_QUERIES))
    file.write_bytes(b"\xff\xfe no text")
    assert querybank_of(fingerprint(tmp_path)) == ()
    os.truncate(file, 100 * 2**20)
    assert querybank_of(fingerprint(tmp_path)) == ()
    file.write_text("a cat\na dog\n", encoding="utf-8-sig")
    assert querybank_of(fingerprint(tmp_path)) == ("a cat", "a dog")
    file.unlink()
    file.mkdir()
    assert querybank_of(fingerprint(tmp_path)) == ()
    file.rmdir()
    # Opened, it would be waited for.
    os.mkfifo(file)
    assert querybank_of(fingerprint(tmp_path)) == ()


def test_of_many_captions_some_are_chosen_and_of_few_all() -> None:
    assert choose_queries(["a cat", "two\n lines", "a cat", " ", ""]) == ["a cat", "two lines"]
    many = [f"text {number}" for number in range(3 * MOST_QUERIES)]
    chosen = choose_queries(many, seed=1)
    assert len(set(chosen)) == MOST_QUERIES
    assert chosen == sorted(chosen, key=many.index) == choose_queries(many, seed=1) != choose_queries(many, seed=2)
    # Not the first ones alone: captions of one video stand together.
    assert many.index(chosen[-1]) > 2 * MOST_QUERIES


@pytest.mark.parametrize("word", ["long", "字", "\N{FAMILY}"])
def test_what_is_chosen_can_be_written_and_read_again(tmp_path: Path, word: str) -> None:
    texts = [f"{number} {' '.join([word] * 500)}" for number in range(900)]
    odd = ["half a \ud800 pair", word * MAX_TEXT_LENGTH + word, "two\x85lines\u2028more"]
    chosen = choose_queries([*odd, *texts])
    write_querybank(tmp_path, chosen)
    assert querybank_of(fingerprint(tmp_path)) == tuple(chosen)
    assert set(chosen) < {"two lines more", *texts}
    assert 400 < len(chosen) < 900
    # Of those that have room no part of the source is left out.
    assert {int(text.split()[0]) // 300 for text in chosen if text in set(texts)} == {0, 1, 2}
