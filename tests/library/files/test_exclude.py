from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.files.exclude import Exclude


@pytest.mark.parametrize(
    ("glob", "excluded", "kept"),
    [
        ("*.tmp.mp4", ["/v/a.tmp.mp4", "/v/x/y/a.tmp.mp4"], ["/v/a.mp4", "/v/a.TMP.mp4"]),
        ("drafts", ["/v/drafts", "/v/x/drafts"], ["/v/drafts2", "/v/drafts.mp4"]),
        ("drafts/", ["/v/x/drafts"], ["/v/draft"]),
        ("2019/*.mp4", ["/v/2019/a.mp4"], ["/v/x/2019/a.mp4", "/v/2019/x/a.mp4", "/v/2019"]),
        ("./a.mp4", ["/v/a.mp4"], ["/v/x/a.mp4"]),
        ("**/raw/*", ["/v/raw/a.mp4", "/v/x/y/raw/a.mp4"], ["/v/a.mp4", "/v/raw/x/a.mp4"]),
        ("x/**", ["/v/x", "/v/x/a.mp4", "/v/x/y/a.mp4"], ["/v/y/x/a.mp4"]),
        ("/v/x/*.mp4", ["/v/x/a.mp4"], ["/v/a.mp4", "/w/x/a.mp4"]),
        ("[ab]?.mp4", ["/v/a1.mp4"], ["/v/c1.mp4", "/v/a.mp4"]),
    ],
)
def test_globs(glob: str, excluded: list[str], kept: list[str]) -> None:
    exclude = Exclude([glob])
    assert [path for path in [*excluded, *kept] if exclude(path, root="/v")] == excluded


def test_no_glob_excludes_nothing_and_a_text_is_one_glob() -> None:
    assert not Exclude()("/v/a.mp4", root="/v")
    assert Exclude("a*")("/v/a.mp4", root="/v")


@pytest.mark.parametrize("glob", ["", " ", "."])
def test_empty_glob_is_refused(glob: str) -> None:
    with pytest.raises(InputError, match="glob to exclude"):
        Exclude([glob])
