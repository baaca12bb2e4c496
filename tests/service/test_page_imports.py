"""Whether the page's modules import what they use of each other; a browser says so only where the line is reached."""

from __future__ import annotations

import re
from pathlib import Path

import framecue.service

MODULES = {path.name: path.read_text(encoding="utf-8") for path in Path(framecue.service.__file__).parent.rglob("*.js")}
EXPORTED = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r"^import \{([^}]*)\} from", re.MULTILINE)
DECLARED = re.compile(
    r"\b(?:function\*?|const|let|var|class|get|set) (\w+)|^\s+(?:async )?(\w+)\([^()]*\) \{", re.MULTILINE
)


def not_imported(text: str, exported: set[str]) -> set[str]:
    """Return the names of others that a module calls or passes on, and neither imports nor declares."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    imported = {part.split(" as ")[-1].strip() for found in IMPORTED.findall(code) for part in found.split(",")}
    called = set(re.findall(r"(?<![\w.$])(\w+)\(", code)) & exported
    # A name may be a parameter, or a method's own.
    parameters = set(re.findall(r"[({,] ?(\w+)(?=[^()]*\) (?:=>|\{))", code))
    declared = {name for found in DECLARED.findall(code) for name in found}
    return called - imported - declared - parameters


def test_each_module_imports_what_it_calls_of_others() -> None:
    exported = {name for text in MODULES.values() for name in EXPORTED.findall(text)}
    assert {"isSeen", "hitCard"} <= exported
    assert {name: lacking for name, text in MODULES.items() if (lacking := not_imported(text, exported))} == {}


def test_a_name_that_is_not_imported_is_seen() -> None:
    text = 'import { a } from "./x.js";\nexport function c() {\n  return a() + isSeen(1);\n}\n'
    assert not_imported(text, {"a", "c", "isSeen"}) == {"isSeen"}
