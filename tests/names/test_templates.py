"""The bundled templates."""

from __future__ import annotations

import pytest

from framecue.names.templates import ACTION_TEMPLATES, PLACE, TEMPLATES, filled_in


@pytest.mark.parametrize("templates", [TEMPLATES, ACTION_TEMPLATES])
def test_every_template_has_one_place_and_they_are_different(templates: tuple[str, ...]):
    assert all(template.count(PLACE) == 1 for template in templates)
    assert len(set(templates)) == len(templates) >= 12
    assert PLACE in templates  # the bare name


def test_a_name_with_braces_is_put_in_as_it_is():
    assert filled_in("a {} runs", "r{0}x") == "a r{0}x runs"
