"""``framecue methods``: list the methods and what each trains."""

from __future__ import annotations

from typing import Any

import click

from framecue.cli.output import log, print_json, print_table, quiet_libraries, stdout_console

NUM_FRAMES = 12


@click.command()
@click.option("--model", metavar="NAME", help="Count on this CLIP-family model. Default: CLIP of ViT-B/32's sizes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def methods(model: str | None, as_json: bool) -> None:
    """List the methods: what each trains on a backbone, whether it can be indexed, and where it is from.

    Parameters are counted for 12 frames a video; new ones are those that the backbone does not have by itself. A method
    that is not offline looks at the text while it pools frames: it can rank videos, but not be indexed. Methods that
    installed packages register are listed after framecue's own; if one cannot be loaded, its package is named.
    """
    quiet_libraries()
    from framecue.backbone.meta import backbone_without_weights
    from framecue.errors import InputError
    from framecue.methods import ALL_METHODS, METHODS
    from framecue.methods.counting import count_parameters

    backbone = backbone_without_weights(model)
    size = sum(parameter.numel() for parameter in backbone.parameters())
    found, failed = ALL_METHODS.load_all()
    rows, entries, left_out = [], [], list(failed.values())
    for name, method in found.items():
        entry: dict[str, Any] = {"name": name}
        entry |= {"trainable_parameters": None, "new_parameters": None, "share_of_backbone": None}
        cells = [name, "-", "-", "-"]
        try:
            count = count_parameters(name, backbone, {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES})
        except InputError as error:  # not every method fits every backbone
            left_out.append(f"{name} does not fit {backbone.name}: {error}")
        except Exception as error:
            if name in METHODS:
                raise
            # A package's method may raise anything, which must not hide the numbers of the others.
            left_out.append(f"{name} fails on {backbone.name}: {type(error).__name__}: {error}")
        else:
            numbers = (count.trainable, count.new, count.share)
            entry = dict(zip(entry, (name, *numbers), strict=True))
            cells = [name, f"{count.trainable:,}", f"{count.new:,}", f"{count.share:.3%}"]
        entries.append({**entry, "offline": method.offline, "paper": method.paper})
        rows.append([*cells, "yes" if method.offline else "no", method.paper])
    if as_json:
        print_json(
            {"backbone": {"name": backbone.name, "parameters": size}, "num_frames": NUM_FRAMES, "methods": entries}
        )
    else:
        click.echo(f"{backbone.name}: {size:,} parameters; {NUM_FRAMES} frames a video")
        _print(["method", "trainable", "new", "of the backbone", "offline", "paper"], rows)
    for line in left_out:
        log(line)


def _print(heads: list[str], rows: list[list[str]]) -> None:
    """Print the table; in a terminal that is too narrow, the last column becomes a table of its own."""
    needed = sum(max(map(len, column)) + 3 for column in zip(heads, *rows, strict=True))
    if needed <= stdout_console().width:
        print_table(heads, rows, right=heads[1:4])
        return
    print_table(heads[:-1], [row[:-1] for row in rows], right=heads[1:4])
    print_table([heads[0], heads[-1]], [[row[0], row[-1]] for row in rows])
