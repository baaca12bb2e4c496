from __future__ import annotations

from pathlib import Path

from support.readme_demo import differences, first_results

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_readme_shows_five_searches_and_a_taught_name() -> None:
    shown = first_results(README)
    assert len(shown) == 6
    assert "Leo falls" in shown
    assert not list(differences(shown, shown))


def test_what_readme_tells_otherwise_is_named() -> None:
    search, (clip, score) = next(iter(first_results(README).items()))
    told = {search: (clip, score)}
    assert not list(differences(told, {search: (clip, score + 0.004)}))
    for found in ({search: (clip, score + 0.02)}, {search: ("another.mp4", score)}, {}, {**told, "more": (clip, 0.5)}):
        assert len(list(differences(told, found))) == 1
