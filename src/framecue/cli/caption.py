"""``framecue caption``: describe a video with an adapter's captioner."""

from __future__ import annotations

import click

from framecue.cli.model_files import get_model_files
from framecue.cli.options import MOJI_ADAPTER, MOJI_MODEL
from framecue.cli.output import log, print_json, print_table, quiet_libraries
from framecue.counts import counted
from framecue.errors import InputError, VideoError


@click.command()
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True)
@click.option("--model", default=MOJI_MODEL, show_default=True, metavar="NAME", help="The adapter's backbone.")
@click.option("--adapter", default=MOJI_ADAPTER, show_default=True, metavar="NAME", help="Has a captioner.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def caption(videos: tuple[str, ...], model: str, adapter: str, as_json: bool) -> None:
    """Describe videos in words.

    Prompt Switch is trained with a captioner beside it, which retrieval does not use; it is kept in the adapter and
    can say what it saw.
    """
    quiet_libraries()
    from framecue.model import load_model
    from framecue.video import IsolatedFrameSource

    get_model_files(model, yes=True)
    loaded = load_model(model, adapter=adapter)
    made, skipped = [], []
    with IsolatedFrameSource() as source:
        for video in videos:
            try:
                made.append((video, loaded.caption_frames(loaded.read_video(video, source=source)[None])[0]))
            except VideoError as error:
                skipped.append((video, error))
    if len(skipped) == len(videos) == 1:
        raise skipped[0][1]
    for _, problem in skipped:
        log(f"skipped {problem}")
    if not made:
        raise InputError(f"none of the {counted(len(videos), 'file')} could be read")
    if as_json:
        print_json(
            {
                "captions": [{"path": path, "caption": text} for path, text in made],
                "skipped": [{"path": video, "reason": problem.reason} for video, problem in skipped],
            }
        )
    elif len(videos) == 1:
        click.echo(made[0][1])
    else:
        print_table(["caption", "path"], [[text, path] for path, text in made])
