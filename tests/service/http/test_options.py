from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.service.http.options import ServeOptions, is_this_machine


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert is_this_machine(host)
    assert ServeOptions(host=host).is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "films", "localhost.evil.com"])
def test_another_address_needs_a_token_or_a_word_that_it_is_open(host: str) -> None:
    assert not is_this_machine(host)
    with pytest.raises(InputError, match="can be reached from other machines; give a --token"):
        ServeOptions(host=host)
    assert not ServeOptions(host=host, token="a" * 16).is_local
    assert not ServeOptions(host=host, is_open=True).is_local


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("short", "the token has 5 characters; give at least 16"),
        ("", "the token has 0 characters"),
        ("a token with spaces in it", "other characters"),
        ("ein-schlüssel-zur-tür", "other characters"),
        ("a\ntoken-of-two-lines", "other characters"),
    ],
)
def test_a_token_that_is_no_good_is_refused(token: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        ServeOptions(token=token)
