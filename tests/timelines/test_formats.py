from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.timelines import formats as module
from framecue.timelines.formats import TIMELINE_FORMATS, TimelineFormat, format_for


@pytest.mark.parametrize("name", ["hits.CSV", "csv", "/a/b.c/hits.csv"])
def test_a_format_goes_by_the_suffix(name: str) -> None:
    assert format_for(name) is TIMELINE_FORMATS.get("csv")


@pytest.mark.parametrize("name", ["hits", "hits.", "hits.fcpxml", "hits.csv.gz", "", ".csv.", "fcpxml"])
def test_another_suffix_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"end its name in one of \.otio, \.edl, \.csv, \.m3u, \.m3u8, \.vtt, \.srt"):
        format_for(name)


@pytest.mark.parametrize("suffix", ["otio", "edl"])
def test_what_is_not_installed_is_named_with_its_extra(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"opentimelineio.* not installed; pip install 'framecue\[timelines\]'"):
        format_for(f"hits.{suffix}")
    assert format_for("hits.csv").why_not() is None


def test_a_package_may_add_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    own = TimelineFormat("a list", "text/plain", lambda assembly: assembly.title.encode(), reads_files=False)
    monkeypatch.setitem(TIMELINE_FORMATS.built_in, "lst", own)
    assert format_for("hits.lst") is own
    assert module._no_format("lst", own) is None
    assert module._no_format("lst", print) == "it is no TimelineFormat, but a builtin_function_or_method"
