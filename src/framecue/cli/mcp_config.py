"""``framecue mcp-config``: print what an assistant's settings take so that it can search a library."""

from __future__ import annotations

import importlib.util
import os

import click

from framecue.cli.access_options import teach_option
from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.mcp import EXTRA
from framecue.cli.options import libraries_option
from framecue.cli.output import log, print_json
from framecue.service.mcp.config import CLIENTS, config_for, server_command

__all__ = ["mcp_config"]

USUAL_CLIENT = "claude-desktop"


@click.command(cls=LibraryCommand)
@libraries_option
@click.option(
    "--client",
    type=click.Choice(list(CLIENTS)),
    default=USUAL_CLIENT,
    show_default=True,
    help="The assistant whose settings these are.",
)
@click.option(
    "--name", default="framecue", show_default=True, metavar="NAME", help="What the assistant is to call the server."
)
@teach_option("The assistant")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with where the settings go, too.")
def mcp_config(uris: tuple[str, ...], client: str, name: str, allow_teach: bool, as_json: bool) -> None:
    """Print what an assistant's settings take so that it can search a library.

    It is printed, and written nowhere: put it into the assistant's own file of settings, beside what is there. All
    paths are absolute, so it works from any folder.

    \b
    framecue mcp-config
    framecue mcp-config --client vs-code --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    if not name.strip():
        raise click.BadParameter("the name is empty", param_hint="--name")
    places = [chosen_library(uri) for uri in uris or (None,)]
    config = config_for(client, name, places, environment=os.environ, allow_teach=allow_teach)
    asked = CLIENTS[client]
    if as_json:
        print_json(
            {
                "client": client,
                "place": asked.place,
                "command": server_command(places, allow_teach=allow_teach),
                "config": config,
            },
        )
    else:
        print_json(config)
        log(f"put this into {asked.title}'s {asked.place}, beside what is there, and start {asked.title} anew")
    if importlib.util.find_spec("mcp") is None:
        log(f"`framecue mcp` itself needs the extra mcp, which is not installed here: pip install '{EXTRA}'")
