"""The paces that were measured on this machine, in a file of the user's cache.

The file can be deleted at any time. One that cannot be read or written costs a measurement, never a run.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from framecue.checks import is_number, is_whole
from framecue.cores import num_cores
from framecue.encoder import Encoder, SharesCores
from framecue.errors import FramecueError
from framecue.exported.machine import processor_name
from framecue.library.indexing.pace import Pace
from framecue.outputs import written_beside
from framecue.user_cache import user_cache

__all__ = ["keep_pace", "kept_pace", "pace_file", "pace_key"]

logger = logging.getLogger(__name__)

_FORMAT = 1


def pace_file() -> Path:
    """Return the file's place, which need not exist: `pace.json` in the user's cache.

    Raises:
        InputError: as `user_cache` does.
    """
    return user_cache() / "pace.json"


def pace_key(encoder: Encoder) -> str:
    """Return what a pace depends on: the processor, its cores that may be used, the model's shape and its precision."""
    shape = encoder.shape_key if isinstance(encoder, SharesCores) else encoder.method_name
    return f"{processor_name()}, {num_cores()} cores, {shape}, {encoder.spec().precision}"


def kept_pace(key: str) -> Pace | None:
    """Return the pace that was kept under a key; None if there is none, or none that makes sense."""
    fields = _paces().get(key)
    if not isinstance(fields, dict) or fields.keys() != Pace.__dataclass_fields__.keys():
        return None
    *numbers, rate = (fields[name] for name in Pace.__dataclass_fields__)
    if not all(is_whole(number) and number > 0 for number in numbers) or not is_number(rate) or rate <= 0:
        return None
    return Pace(**fields)


def keep_pace(key: str, pace: Pace) -> None:
    """Keep a pace under a key; where that cannot be written, the next long run measures again."""
    document = json.dumps({"format": _FORMAT, "paces": {**_paces(), key: asdict(pace)}}, indent=1)
    try:
        path = pace_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(path, overwrite=True) as partial:
            partial.write_text(document, encoding="utf-8")
    except (OSError, FramecueError) as error:
        logger.debug("the pace cannot be kept: %s", error)


def _paces() -> Mapping[str, Any]:
    try:
        document = json.loads(pace_file().read_text(encoding="utf-8"))
        paces = document["paces"] if document["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError, FramecueError):
        return {}
    return paces if isinstance(paces, dict) else {}
