"""``framecue info``: show what a library holds."""

from __future__ import annotations

import json

import click

from framecue.cli.output import clock, print_json, print_table, quiet_libraries


@click.command()
@click.argument("library")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def info(library: str, as_json: bool) -> None:
    """Show what LIBRARY holds: its videos, and the model that its vectors come from."""
    quiet_libraries()
    from framecue.library import Library

    found = Library(library).info()
    if as_json:
        print_json(
            {
                "videos": found.num_videos,
                "segments": found.num_segments,
                "fingerprint": found.fingerprint,
                "files": [{"path": file.path, "duration_seconds": file.duration_seconds} for file in found.files],
            }
        )
        return
    summary = [
        ("library", found.uri),
        ("videos", str(found.num_videos)),
        ("segments", str(found.num_segments)),
        *((name, _text(value)) for name, value in found.fingerprint.items()),
    ]
    print_table(["", ""], summary)
    if found.files:
        rows = [(clock(file.duration_seconds), file.path) for file in found.files]
        print_table(["length", "path"], rows, right=["length"])


def _text(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
