"""Reading the files from which a container is made, without anything that makes one."""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

__all__ = ["ROOT", "Stage", "is_sent", "read_stages", "words_of"]

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Stage:
    """What a Dockerfile does after one FROM.

    Attributes:
        base: the image that it begins with.
        name: by which other stages copy from it; empty without one.
        steps: (instruction, what follows it), in order.
    """

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def every(self, instruction: str) -> list[str]:
        """Return what follows each instruction of a kind."""
        return [rest for name, rest in self.steps if name == instruction]

    def environment(self) -> dict[str, str]:
        """Return the variables that the stage sets."""
        found: dict[str, str] = {}
        for rest in self.every("ENV"):
            found |= dict(word.split("=", 1) for word in rest.split())
        return found


def read_stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(None, (line.strip() for line in whole.splitlines())):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base.strip(), name.strip()))
        elif stages:
            stages[-1].steps.append((instruction, rest.strip()))
    return stages


def words_of(rest: str) -> list[str]:
    """Return the words of an instruction in the form of JSON, such as CMD's."""
    words = json.loads(rest)
    assert isinstance(words, list)
    return [str(word) for word in words]


def is_sent(path: str, ignored: str) -> bool:
    """Whether a file of the folder gets to whatever builds the image.

    Args:
        path: relative to the folder, with slashes.
        ignored: the text of `.dockerignore`. The last line that matches a file, or a folder that it is in, decides.
    """
    is_kept = True
    places = [str(place) for place in (PurePosixPath(path), *PurePosixPath(path).parents) if str(place) != "."]
    for line in ignored.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        is_exception, pattern = pattern.startswith("!"), pattern.removeprefix("!")
        names = [PurePosixPath(place).name for place in places] if pattern.startswith("**/") else places
        if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names):
            is_kept = is_exception
    return is_kept
