"""How this program was called, for commands that are printed to be typed."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

__all__ = ["program"]


def program() -> str:
    """Return the words that call framecue again from this working folder, such as ``.venv/bin/framecue``."""
    called = sys.argv[0]
    name = Path(called).name
    if name == "__main__.py":
        return shlex.join([sys.executable, "-m", "framecue"])
    if Path(name).stem != "framecue":
        return "framecue"
    found = shutil.which("framecue")
    if found is not None and Path(found).exists() and Path(called).exists() and Path(found).samefile(called):
        return "framecue"
    # A name without a folder would be looked for on PATH, where it is not.
    return shlex.quote(called if os.sep in called else str(Path(called).absolute()))
