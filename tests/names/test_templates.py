"""The bundled templates."""

from __future__ import annotations

import pytest

from framecue.names.templates import ACTION_TEMPLATES, BESIDE, PLACE, TEMPLATES, filled_in


@pytest.mark.parametrize("templates", [TEMPLATES, ACTION_TEMPLATES])
def test_every_template_has_one_place_and_room_for_what_else_there_is(templates: tuple[str, ...]):
    assert all(template.count(PLACE) == template.count(BESIDE) == 1 for template in templates)
    assert len(set(templates)) == len(templates) >= 2
    assert all(BESIDE in filled_in(template, "Rex") for template in templates)


def test_a_name_with_braces_is_put_in_as_it_is():
    assert filled_in("a {} runs", "r{0}x") == "a r{0}x runs"
