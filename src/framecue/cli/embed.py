"""``framecue embed``: the embeddings of videos or texts as a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from framecue.cli.options import plain_model, plain_model_options, threads_option
from framecue.cli.output import ProgressBar, log, print_json, progress_bar, quiet_libraries
from framecue.cli.stopping import say_at_stop
from framecue.counts import counted
from framecue.errors import InputError


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("-o", "--output", required=True, metavar="FILE", help="The file to write, which ends with .parquet.")
@click.option("--texts", "texts_file", metavar="FILE", help="Embed texts: one a line, a JSON list, or CSV (text).")
@click.option("--frames", is_flag=True, help="Write the vector of each frame that the model looks at, too.")
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave these files and folders out; may be repeated.")
@plain_model_options
@threads_option
@click.option("--force", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def embed(
    paths: tuple[str, ...],
    output: str,
    texts_file: str | None,
    frames: bool,
    exclude: tuple[str, ...],
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the embeddings of video files, and of all those in folders, into a Parquet file.

    It has a row a video: path, duration_seconds and vector. What cannot be read is listed with the reason, and the
    others are written. The file takes its place when it is complete. Until then what is done is kept beside it, in
    FILE.parts, and the same command goes on from there. For a collection that grows use a library (framecue index).

    \b
    framecue embed ~/Videos --output videos.parquet
    framecue embed --texts queries.txt --output queries.parquet --model moji-clip
    """  # noqa: D301 (click reads the backspace character)
    if texts_file is not None and (paths or frames or exclude):
        what = "PATH" if paths else "--frames" if frames else "--exclude"
        raise click.UsageError(
            f"{what} is given beside --texts; embed the videos into one file, the texts into another"
        )
    if texts_file is None and not paths:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'PATH...'", param_type="argument")
    quiet_libraries()
    from framecue.cli.kept_files import kept_files_near
    from framecue.paths import user_path
    from framecue.uses.embedding_table import check_table_output

    target = user_path(output)
    kept = kept_files_near(target)
    # All that can be told without a model is told before one is loaded.
    check_table_output(target, overwrite=force, kept=kept)
    if texts_file is not None:
        _embed_texts(texts_file, target, model, adapter, dtype, yes=yes, force=force, as_json=as_json)
        return
    from dataclasses import replace

    from framecue.uses.embed import embed_videos
    from framecue.uses.places import find_places

    found = find_places(paths, exclude=exclude)
    if not found.places:
        raise InputError(f"nothing to embed: {'; '.join(f'{one.path}: {one.reason}' for one in found.skipped[:3])}")
    loaded = plain_model(model, adapter=adapter, dtype=dtype, yes=yes)
    with _told_what_stays(target), progress_bar("Embedding") as progress:
        result = embed_videos(
            loaded, found.places, target, frames=frames, overwrite=force, kept=kept, progress=progress
        )
    result = replace(result, skipped=(*found.skipped, *result.skipped))
    for item in result.skipped:
        log(f"skipped {item.path}: {item.reason}")
    log(f"{counted(result.num_rows, 'video')} in {target}, {result.embedding_dim} numbers each")
    if as_json:
        print_json(result.to_dict())


@contextmanager
def _told_what_stays(target: str) -> Iterator[None]:
    """Tell, where a run is stopped, that it can go on."""
    from framecue.uses.kept_rows import parts_folder

    try:
        yield
    except KeyboardInterrupt:
        if parts_folder(target).exists():
            say_at_stop(f"what is done is kept in {parts_folder(target)}; the same command goes on from there")
        raise


def _embed_texts(
    file: str,
    target: str,
    model: str | None,
    adapter: str | None,
    dtype: str,
    *,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    from framecue.cli.kept_files import kept_files_near
    from framecue.uses.embed import embed_texts
    from framecue.uses.text_files import read_texts

    texts = [text for text, _ in read_texts(file, columns=("text",))]
    if not texts:
        raise InputError(f"{file}: holds no text; give one a line")
    loaded = plain_model(model, adapter=adapter, dtype=dtype, yes=yes)
    with _told_what_stays(target), ProgressBar("Embedding") as bar:
        result = embed_texts(
            loaded,
            texts,
            target,
            overwrite=force,
            kept=kept_files_near(target),
            progress=lambda done: bar.show(done, len(texts)),
        )
    log(f"{counted(result.num_rows, 'text')} in {target}, {result.embedding_dim} numbers each")
    if as_json:
        print_json(result.to_dict())
