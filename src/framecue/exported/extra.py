"""The extra that brings what writes and runs graphs."""

from __future__ import annotations

from framecue.errors import RuntimeMissingError, first_line

__all__ = ["EXTRA", "check_exporter"]

EXTRA = "framecue[onnx]"


def check_exporter() -> None:
    """Raise if graphs cannot be written here.

    Raises:
        RuntimeMissingError: the package onnx is not installed.
    """
    try:
        import onnx  # noqa: F401 (imported to see whether it can be)
    except ImportError as error:
        raise RuntimeMissingError(
            f"models are exported with onnx ({first_line(error)}); pip install '{EXTRA}'"
        ) from error
