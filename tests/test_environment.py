from __future__ import annotations

import pytest

from framecue.environment import number_in_environment
from framecue.errors import InputError


@pytest.mark.parametrize(("text", "number"), [(None, 7.0), ("", 7.0), (" ", 7.0), ("0.5", 0.5), (" 86400 ", 86400.0)])
def test_it_is_what_the_variable_has(monkeypatch: pytest.MonkeyPatch, text: str | None, number: float) -> None:
    monkeypatch.delenv("A_NUMBER", raising=False)
    if text is not None:
        monkeypatch.setenv("A_NUMBER", text)
    assert number_in_environment("A_NUMBER", 7.0, least=0.5, most=86400, unit="seconds") == number


@pytest.mark.parametrize("text", ["0.4", "86401", "-1", "nan", "inf", "ten", "1,5", "0x10", "1" * 5000])
def test_what_is_no_such_number_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("A_NUMBER", text)
    with pytest.raises(InputError, match=r"^A_NUMBER is '.*'; give a number of seconds from 0.5 to 86400$"):
        number_in_environment("A_NUMBER", 7.0, least=0.5, most=86400, unit="seconds")
