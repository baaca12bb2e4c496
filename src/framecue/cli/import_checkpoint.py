"""``framecue import-checkpoint``: turn a published checkpoint into a backbone and an adapter."""

from __future__ import annotations

from pathlib import Path

import click

from framecue.cli.options import FolderPath
from framecue.cli.output import log, print_json, quiet_libraries

# The names of the importers, repeated here because importing them costs an import of torch; a test compares the two.
FORMATS = ("prompt-switch", "modelscope-vop", "openai-clip", "pe-core", "x-pool")


@click.command("import-checkpoint")
@click.argument("file")
@click.option("--format", "format_name", required=True, type=click.Choice(FORMATS), help="Whose checkpoint it is.")
@click.option("--output", required=True, type=FolderPath(), help="A new or empty folder, for backbone and adapter.")
@click.option(
    "--config",
    metavar="JSON",
    help="What shapes cannot say. prompt-switch, openai-clip: the CLIP's config.json in transformers' format (default: "
    "as OpenAI's CLIPs). modelscope-vop: the released configuration.json. x-pool: num_mha_heads and num_frames.",
)
@click.option(
    "--frames-per-group",
    type=click.IntRange(min=1),
    metavar="N",
    help="prompt-switch: the number of frames it was trained with. Default: its number of prompts.",
)
@click.option(
    "--tokenizer",
    metavar="NAME",
    help="A folder or a hub name. Default: CLIP's own, from the model hub, if the vocabulary is CLIP's.",
)
@click.option("--model", metavar="NAME", help="x-pool: the backbone, where the file has the pooling block alone.")
@click.option("--ema", is_flag=True, help="Take the averaged weights (state_dict_ema).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_checkpoint(
    file: str,
    format_name: str,
    output: Path,
    config: str | None,
    frames_per_group: int | None,
    tokenizer: str | None,
    model: str | None,
    ema: bool,
    as_json: bool,
) -> None:
    """Turn a published checkpoint, a .pth, .pt or .safetensors FILE, into a backbone and an adapter.

    Only tensors are read from a pickle: no code in it runs.

    \b
    framecue import-checkpoint prompt_switch.pth --format prompt-switch --output models/prompt-switch
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.importers import import_checkpoint as run_import

    made = run_import(
        file,
        format=format_name,
        output=output,
        config=config,
        frames_per_group=frames_per_group,
        tokenizer=tokenizer,
        model=model,
        ema=ema,
    )
    for note in made.notes:
        log(f"Note: {note}")
    if as_json:
        print_json(made.to_dict())
        return
    click.echo(f"backbone {made.backbone}")
    if made.adapter is not None:
        click.echo(f"adapter  {made.adapter}  ({made.method})")
