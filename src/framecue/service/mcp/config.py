"""What assistants' settings take so that they start ``framecue mcp``: the same few words, in each one's own form.

Everything is absolute, as assistants start their servers in any folder, with few environment variables.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framecue.paths import absolute_path, is_file, is_url

__all__ = ["CLIENTS", "Client", "config_for", "server_command"]

# Of an assistant's environment a server gets a few variables alone; these say where framecue has its things.
_KEPT_VARIABLES = ("FRAMECUE_CACHE", "FRAMECUE_GRAPHS", "FRAMECUE_THREADS", "HF_HOME", "HF_HUB_OFFLINE")
# Without the working folder among the places of modules; in Python 3.10 only an option that leaves out more does that.
_SAFELY = ["-P"] if sys.version_info >= (3, 11) else ["-I"]

Document = dict[str, object]


@dataclass(frozen=True)
class Client:
    """An assistant, and the form of its settings.

    Attributes:
        title: what people call it.
        section: the key below which servers stand by their names.
        place: the file of settings, in words.
        names_transport: whether an entry says that it is started and spoken to by standard input and output.
    """

    title: str
    section: str
    place: str
    names_transport: bool = False


CLIENTS: Mapping[str, Client] = {
    "claude-desktop": Client(
        "Claude Desktop", "mcpServers", "claude_desktop_config.json (Settings, Developer, Edit Config)"
    ),
    "claude-code": Client("Claude Code", "mcpServers", ".mcp.json in the project's folder", names_transport=True),
    "cursor": Client("Cursor", "mcpServers", "~/.cursor/mcp.json, or .cursor/mcp.json in the project's folder"),
    "vs-code": Client("VS Code", "servers", ".vscode/mcp.json in the project's folder", names_transport=True),
    "windsurf": Client("Windsurf", "mcpServers", "~/.codeium/windsurf/mcp_config.json"),
    "gemini-cli": Client("Gemini CLI", "mcpServers", "~/.gemini/settings.json"),
    "zed": Client("Zed", "context_servers", "settings.json (command palette: open settings)"),
}
"""The assistants whose settings are known, by the name that ``--client`` takes."""


def server_command(libraries: Sequence[str], *, programs: str | None = None, allow_teach: bool = False) -> list[str]:
    """Return the words that start the server from any folder.

    Args:
        libraries: where they are; paths may be relative to the working folder.
        programs: the folder of the environment's programs; by default that of the interpreter that runs this.
        allow_teach: whether the assistant may teach names.

    Returns:
        The program by its absolute path, and its arguments.
    """
    # Made absolute and not resolved: a virtual environment's interpreter is a link to one that lacks its packages.
    program = Path(programs or sysconfig.get_path("scripts"), "framecue.exe" if os.name == "nt" else "framecue")
    # `python -m` would first look for modules in the folder in which the assistant starts it: a project with a file
    # named like one of ours would have that run.
    plain = [str(Path(sys.executable).absolute()), *_SAFELY, "-m", "framecue"]
    words = [str(program.absolute())] if is_file(program) else plain
    words.append("mcp")
    for library in libraries:
        words += ["--library", library if is_url(library) else absolute_path(library)]
    return [*words, "--allow-teach"] if allow_teach else words


def config_for(
    client: str,
    name: str,
    libraries: Sequence[str],
    *,
    environment: Mapping[str, str],
    allow_teach: bool = False,
) -> Document:
    """Return what an assistant's file of settings has to hold.

    Args:
        client: a name in :data:`CLIENTS`.
        name: what the assistant is to call the server.
        libraries: as for :func:`server_command`.
        environment: the variables of this process; those that say where framecue has its things go along.
        allow_teach: whether the assistant may teach names.
    """
    asked = CLIENTS[client]
    command, *arguments = server_command(libraries, allow_teach=allow_teach)
    entry: Document = {"type": "stdio"} if asked.names_transport else {}
    entry |= {"command": command, "args": arguments}
    kept = {each: environment[each] for each in _KEPT_VARIABLES if environment.get(each)}
    if kept:
        entry["env"] = kept
    return {asked.section: {name: entry}}
