"""``framecue doctor``: say what is installed, what a run would take, and whether a library is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framecue.cli.library_place import library_if_any
from framecue.cli.name_quality import name_findings
from framecue.cli.options import DEFAULT_MODEL, library_option
from framecue.cli.output import folded, one_line, print_json, quiet_libraries
from framecue.errors import LibraryError

if TYPE_CHECKING:
    from framecue.library.results import Finding
    from framecue.library.soundness import Soundness

_MARKS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


@click.command()
@library_option
@click.option("--model", metavar="NAME", help="The model to look for. Default: the library's, or a new library's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(uri: str | None, model: str | None, as_json: bool) -> None:
    """Say what is installed, which model, device and precision a run would take, and what is in the cache.

    Where there is a library, also whether it is sound: whether it opens, all its rows can be read, its files are there,
    its index is up to date, and the names that it was taught are understood. Each finding comes with the way out.
    Nothing is downloaded and nothing is written. The exit code is 1 if something does not work.

    \b
    framecue doctor
    framecue doctor --library videos.lance --json
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.cli.machine import look_at_machine
    from framecue.library.results import Finding

    library: Soundness | None = None
    about_library: list[Finding] = []
    uri = library_if_any(uri)
    if uri is not None:
        from framecue.library import Library
        from framecue.library.soundness import check_library

        try:
            library = check_library(uri)
            taught = [] if library.names_error else Library(uri).taught_names()
            about_library = [*library.findings, *name_findings(taught)]
        except LibraryError as error:
            what, _, way_out = str(error).rpartition("; ")
            about_library = [Finding("fault", what, way_out)] if what else [Finding("fault", way_out)]
    fingerprint = None if library is None or model is not None else library.fingerprint
    taken = model or (DEFAULT_MODEL if fingerprint is None else fingerprint.backbone)
    machine = look_at_machine(taken, fingerprint)
    findings = [*machine.findings, *about_library]
    is_well = all(finding.level != "fault" for finding in findings)
    if as_json:
        print_json(
            {
                **machine.to_dict(),
                "library": None if library is None else library.to_dict(),
                "findings": [finding.to_dict() for finding in findings],
                "sound": is_well,
            }
        )
    else:
        _print(findings)
    if not is_well:
        _end(1)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        click.echo(f"{_MARKS[finding.level]} {folded(one_line(finding.what))}")
        if finding.way_out:
            click.echo(f"      -> {folded(one_line(finding.way_out))}")


def _end(code: int) -> Any:
    """End the command with a code; what it found has been printed."""
    raise click.exceptions.Exit(code)
