"""``framecue datasets``: list the data sets; its commands verify copies of them and decode their videos."""

from __future__ import annotations

from typing import Any

import click

from framecue.cli.groups import Entry, LazyGroup
from framecue.cli.output import log, print_json, print_table, quiet_libraries

COMMANDS = {
    "check": Entry("framecue.cli.datasets_check:check", "Verify a copy of a data set."),
    "prepare": Entry("framecue.cli.datasets_prepare:prepare", "Decode its videos once, into a store of frames."),
}


@click.group(cls=LazyGroup, entries=COMMANDS, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def datasets(ctx: click.Context, as_json: bool) -> None:
    """List the data sets: what each split holds, which files it is read from, and where people get them.

    Each can be trained on (`dataset: {name: msr-vtt, data_dir: ...}` in a recipe) and, where it has files, evaluated
    (--dataset). docs/datasets.md tells their options and how their folders may be laid out. Data sets that installed
    packages register are listed after framecue's own.

    \b
    framecue datasets
    framecue datasets check msr-vtt --data-dir data/MSRVTT
    framecue datasets prepare msr-vtt --data-dir data/MSRVTT --output frames
    """  # noqa: D301 (click reads the backspace character)
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError(f"--json is given before {ctx.invoked_subcommand}; give it after", ctx)
        return
    quiet_libraries()
    from framecue.datasets.base import FileDataset
    from framecue.datasets.registry import ALL_DATASETS

    found, failed = ALL_DATASETS.load_all()
    entries: list[dict[str, Any]] = []
    for name, config in found.items():
        card = config.card
        entries.append(
            {
                "name": name,
                "about": card.about if card else (config.__doc__ or "").strip().split("\n")[0],
                "paper": card.paper if card else "",
                "has_files": issubclass(config, FileDataset),
                "options": [key for key in config.model_fields if key not in ("name", "data_dir")],
                "splits": [split.to_dict() for split in card.splits] if card else [],
                "homes": list(card.homes) if card else [],
            }
        )
    if as_json:
        print_json({"datasets": entries})
    else:
        _print(entries)
    for line in failed.values():
        log(line)


def _print(entries: list[dict[str, Any]]) -> None:
    heads = ["data set", "split", "videos", "captions", "from"]
    rows = []
    for entry in entries:
        for split in entry["splits"] or [{}]:
            options = ", ".join(f"{key}={value}" for key, value in split.get("options", {}).items())
            source = split.get("source", entry["about"]) + (f" ({split['note']})" if split.get("note") else "")
            rows.append(
                [
                    entry["name"],
                    split.get("split", "") + (f" ({options})" if options else ""),
                    *(_count(split.get(key)) for key in ("videos", "captions")),
                    source,
                ]
            )
    print_table(heads, rows, right=heads[2:4])
    for entry in entries:
        if entry["homes"]:
            click.echo(f"{entry['name']}: {', '.join(entry['homes'])}")


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
