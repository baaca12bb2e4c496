"""What can be wrong with the page's files, told without a browser: names of nothing, what is refused, long files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

__all__ = ["faults_of"]

MOST_LINES = 300
_IMPORT = re.compile(r'^import\s+(?:\{([^}]*)\}\s+from\s+)?"([^"]+)";', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|const|class) ([\w$]+)", re.MULTILINE)
_EXPORT_FROM = re.compile(r'^export \{([^}]*)\}(?: from "([^"]+)")?;', re.MULTILINE)
_ICON = re.compile(r'\b(?:icon|iconButton)\(\s*"([a-z-]+)"')
_BY_ID = re.compile(r'\$\("#([\w-]+)')
_MADE_ID = re.compile(r'\bid: "([\w-]+)"|\.id = "([\w-]+)"')
# Markup made of text, and text made code: what a library holds must never become either.
_REFUSED = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(\"style\")"
)
_FOREIGN = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9][\w.-]*\.[a-z]{2,}", re.IGNORECASE)
_COMMENT = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL)


class _Document(HTMLParser):
    """Reads what a document refers to, and what is written into it that should be in files."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.ids: list[str] = []
        self.fragments: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if "id" in named:
            self.ids.append(named["id"])
        for name in ("src", "href"):
            target = named.get(name, "")
            if target.startswith("#"):
                self.fragments.append(target[1:])
            elif target and target != "./":
                self.files.append(target)
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.fragments += named.get(name, "").split()
        if tag == "style" or (tag == "script" and "src" not in named):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}" for name in named if name == "style" or name.startswith("on")]


def faults_of(page: Path) -> list[str]:
    """Return what is wrong with the page whose files lie in a folder, a line each; nothing if all is well."""
    document = _Document()
    document.feed((page / "index.html").read_text(encoding="utf-8"))
    scripts = {file.name: file.read_text(encoding="utf-8") for file in sorted((page / "js").glob("*.js"))}
    return [
        *_in_document(page, document, scripts),
        *_in_scripts(document, scripts),
        *_unreached(page, document, scripts),
        *_in_styles(page, scripts),
        *_in_any_file(page),
    ]


def _in_document(page: Path, document: _Document, scripts: dict[str, str]) -> Iterator[str]:
    made = {name for text in scripts.values() for pair in _MADE_ID.findall(text) for name in pair if name}
    yield from (f"index.html: {item} is inline" for item in document.inline)
    yield from (f"index.html: {name} is no file" for name in document.files if not (page / name).is_file())
    yield from (
        f"index.html: nothing has the id {name}" for name in document.fragments if name not in {*document.ids, *made}
    )
    yield from (f"index.html: {name} is twice" for name in set(document.ids) if document.ids.count(name) > 1)


def _in_scripts(document: _Document, scripts: dict[str, str]) -> Iterator[str]:
    exported = {name: _exports(name, scripts) for name in scripts}
    made = {name for text in scripts.values() for pair in _MADE_ID.findall(text) for name in pair if name}
    for name, text in scripts.items():
        for imported, source in _IMPORT.findall(text):
            target = source.removeprefix("./")
            if target not in scripts:
                yield f"{name}: imports {source}, which is no file"
                continue
            for one in _names(imported):
                if one not in exported[target]:
                    yield f"{name}: imports {one}, which {target} does not export"
                if len(re.findall(rf"(?<![\w$]){re.escape(one)}(?![\w$])", text)) < 2:
                    yield f"{name}: imports {one} and does not use it"
        for icon in _ICON.findall(text):
            if f"icon-{icon}" not in document.ids:
                yield f"{name}: there is no icon {icon}"
        for one in _BY_ID.findall(text):
            if one not in document.ids and one not in made:
                yield f"{name}: nothing has the id {one}"
        if found := _REFUSED.search(text):
            yield f"{name}: {found[0]} makes markup or code of text"


def _exports(name: str, scripts: dict[str, str]) -> set[str]:
    text = scripts[name]
    return {*_EXPORT.findall(text), *(one for names, _ in _EXPORT_FROM.findall(text) for one in _names(names))}


def _names(listed: str) -> list[str]:
    """Return the names in the braces of an import or an export, as the other file knows them."""
    return [one.split(" as ")[0].strip() for one in listed.split(",") if one.strip()]


def _unreached(page: Path, document: _Document, scripts: dict[str, str]) -> Iterator[str]:
    """Yield the files that nothing loads."""
    reached, waiting = set(), [Path(name).name for name in document.files if name.startswith("js/")]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in scripts:
            continue
        reached.add(name)
        text = scripts[name]
        waiting += [source.removeprefix("./") for _, source in [*_IMPORT.findall(text), *_EXPORT_FROM.findall(text)]]
    yield from (f"js/{name}: nothing loads it" for name in scripts if name not in reached)
    styles = {f"css/{file.name}" for file in (page / "css").iterdir()}
    yield from (f"{name}: nothing loads it" for name in sorted(styles - set(document.files)))


def _in_styles(page: Path, scripts: dict[str, str]) -> Iterator[str]:
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted((page / "css").iterdir())}
    everything = "".join([*texts.values(), *scripts.values()])
    known = {*re.findall(r"(--[\w-]+):", everything), *re.findall(r'setProperty\("(--[\w-]+)"', everything)}
    for name, text in texts.items():
        yield from (f"{name}: {used} is not defined" for used in set(re.findall(r"var\((--[\w-]+)", text)) - known)
        # A colour belongs to the tokens, where it has one for each theme; pictures are dark or light by themselves.
        if name != "tokens.css":
            colours = re.findall(r"#[0-9a-f]{3,8}\b(?=[^{}]*;)", _COMMENT.sub("", text), re.IGNORECASE)
            yield from (f"{name}: {colour} is no token" for colour in colours)


def _in_any_file(page: Path) -> Iterator[str]:
    for file in sorted(page.rglob("*")):
        if not file.is_file():
            continue
        name, text = file.relative_to(page).as_posix(), file.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MOST_LINES:
            yield f"{name}: has {lines} lines; at most {MOST_LINES}"
        yield from (f"{name}: {url} is not of this page" for url in _FOREIGN.findall(text))
