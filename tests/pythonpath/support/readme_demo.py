"""Whether README shows what the demo finds: `framecue demo | python tests/pythonpath/support/readme_demo.py README.md`.

The first results are compared, and how well each fits; the last digits of that differ from one processor to another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["differences", "first_results"]

_FIRST = re.compile(r"^ (?P<search>\S.*?) +1 +(?P<score>\d\.\d{3}) +\S+ +(?P<clip>\S+) +<- right$")
# So much may a score differ.
_TOLERANCE = 0.01


def first_results(text: str) -> dict[str, tuple[str, float]]:
    """Return for each search in the demo's tables which clip comes first, and its score, where it is the right one."""
    rows = filter(None, map(_FIRST.match, text.splitlines()))
    return {row["search"]: (row["clip"], float(row["score"])) for row in rows}


def differences(told: dict[str, tuple[str, float]], found: dict[str, tuple[str, float]]) -> Iterable[str]:
    """Yield in a line each what is told otherwise than it was found."""
    for search in sorted({*told, *found}):
        (clip, score), (other, real) = (results.get(search, ("nothing", 0.0)) for results in (told, found))
        if clip != other or abs(score - real) > _TOLERANCE:
            yield f"{search!r}: README has {clip} with {score:.3f}, the demo found {other} with {real:.3f}"


if __name__ == "__main__":
    shown = sys.stdin.read()
    print(shown, end="")
    if not (found := first_results(shown)):
        sys.exit("the demo has shown no right result")
    wrong = list(differences(first_results(Path(sys.argv[1]).read_text(encoding="utf-8")), found))
    sys.exit("\n".join(["README shows another demo:", *wrong]) if wrong else 0)
