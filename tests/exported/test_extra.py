from __future__ import annotations

import sys

import pytest

from framecue.errors import RuntimeMissingError
from framecue.exported.extra import check_exporter


def test_what_writes_graphs_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RuntimeMissingError, match=r"pip install 'framecue\[onnx\]'"):
        check_exporter()
