from __future__ import annotations

from datetime import datetime, timezone

import pytest

from framecue.library.own_values import MetadataValue, kind_of


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "str"), (3, "int"), (3.0, "float"), (True, "bool"), (datetime.now(timezone.utc), "datetime")],
)
def test_the_kind_of_a_value(value: MetadataValue, kind: str) -> None:
    assert kind_of(value) == kind
