"""The bundled templates."""

from __future__ import annotations

from framecue.names.templates import PLACE, TEMPLATES, filled_in


def test_every_template_has_one_place_and_they_are_different():
    assert all(template.count(PLACE) == 1 for template in TEMPLATES)
    assert len(set(TEMPLATES)) == len(TEMPLATES) >= 12
    assert PLACE in TEMPLATES  # the bare name


def test_a_name_with_braces_is_put_in_as_it_is():
    assert filled_in("a {} runs", "r{0}x") == "a r{0}x runs"
