"""``framecue export``: write a model as graphs of ONNX, which encode without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from framecue.cli.model_files import size_text
from framecue.cli.options import FolderPath, adapter_option, named_model, yes_option
from framecue.cli.output import log, one_line, print_json, quiet_libraries
from framecue.errors import InputError

# What a person says, and what a computation is called.
PRECISIONS: dict[str, Literal["float32", "int8"]] = {"fp32": "float32", "int8": "int8"}


@click.command()
@click.argument("model")
@adapter_option
@click.option("--output", required=True, type=FolderPath(), help="A new or empty folder for the graphs.")
@click.option(
    "--format", "format_name", type=click.Choice(["onnx"]), default="onnx", show_default=True, help="Of the graphs."
)
@click.option(
    "--precision",
    type=click.Choice(list(PRECISIONS)),
    default="fp32",
    show_default=True,
    help="What the graph of videos computes in; int8 is three times as fast, and written only if it is as good.",
)
@click.option(
    "--force", is_flag=True, help="Write beside files that are there, and replace graphs that were exported there."
)
@yes_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def export(
    model: str,
    adapter: str | None,
    output: Path,
    format_name: str,
    precision: str,
    force: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write MODEL with its adapter as graphs of ONNX: --model takes the folder, and so do programs without PyTorch.

    The graph of videos takes the frames of one video and gives its vector, whatever the method does between them. It is
    compared with the model before it is written. Its vectors go with those of the model: a library that was made with
    the one is searched with the other. To index faster, nothing has to be exported: see index --runtime.

    \b
    framecue export openai/clip-vit-base-patch32 --output clip-onnx
    framecue export moji-clip --adapter moji-prompt-switch --precision int8 --output moji-onnx
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    loaded = named_model(model, adapter=adapter, dtype="float32", yes=yes)
    from framecue.exported.export_folder import export_folder
    from framecue.model import VideoTextModel

    if not isinstance(loaded, VideoTextModel):
        raise InputError(f"{model}: only a CLIP, SigLIP or PE-Core with a method is exported; name one of these")
    made = export_folder(loaded.to("cpu"), output, precision=PRECISIONS[precision], overwrite=force)
    if as_json:
        print_json(made.to_dict())
        return
    checked = f"float32 to {made.largest_difference:.0e}"
    if made.check is not None:
        checked = f"cosine {made.check.cosine:.5f}, ranks of queries {made.check.rank_correlation:.4f}"
    if made.why_no_texts is not None:
        log(f"texts are encoded by the model itself, which has to be there: {made.why_no_texts}")
    click.echo(one_line(f"{made.folder}  {made.precision}, {size_text(made.size_bytes)}, {checked}"))
