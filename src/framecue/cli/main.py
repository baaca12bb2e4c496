"""The ``framecue`` command: it finds a command's file, runs it, and turns errors into one line and an exit code.

Exit codes: 0 for success, 1 for failure, 2 for wrong usage, 130 if stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
Listing the commands imports none of them, so ``framecue --help`` answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Sequence

import click

from framecue._version import __version__
from framecue.cli.explaining import explain, log_error
from framecue.cli.groups import Entry, LazyGroup
from framecue.cli.signals import TerminatedError, heed, requests_to_end
from framecue.cli.stopping import log_stop, say_at_stop
from framecue.cli.streams import end_quietly, output_was_closed, prepare_streams
from framecue.library.store.lean import import_lean

__all__ = ["COMMANDS", "main"]

# After how many new objects Python looks for garbage: more than a search makes.
_COLLECT_EVERY = 200_000

COMMANDS = {
    "index": Entry("framecue.cli.index:index", "Encode video files into a library."),
    "search": Entry("framecue.cli.search:search", "Find the moments that show, say or have written what you type."),
    "serve": Entry("framecue.cli.serve:serve", "Search in the browser, and over HTTP."),
    "teach": Entry("framecue.cli.teach:teach", "Teach a library a word of your own from a few moments."),
    "names": Entry("framecue.cli.names:names", "List what a library was taught, and how well it is found."),
    "info": Entry("framecue.cli.info:info", "Show what a library holds, or what an adapter is."),
    "words": Entry("framecue.cli.words:words", "Write what is said and written in a video."),
    "clip": Entry("framecue.cli.clip:clip", "Cut a hit out of its video."),
    "mcp": Entry("framecue.cli.mcp:mcp", "Let an assistant search a library."),
    "mcp-config": Entry(
        "framecue.cli.mcp_config:mcp_config", "Print what an assistant's settings take to search a library."
    ),
    "remove": Entry("framecue.cli.remove:remove", "Take files out of a library, not off the disk."),
    "optimize": Entry("framecue.cli.optimize:optimize", "Make searches of a library fast."),
    "doctor": Entry("framecue.cli.doctor:doctor", "Say what is installed, and whether a library is sound."),
    "demo": Entry("framecue.cli.demo:demo", "Make clips, index them, search them, and show the results."),
    "moji-motion": Entry("framecue.cli.moji_motion:moji_motion", "Write MojiMotion clips and their captions."),
    "train": Entry("framecue.cli.train:train", "Train a model as a recipe says."),
    "evaluate": Entry("framecue.cli.evaluate:evaluate", "Measure retrieval on a split of a data set."),
    "compare": Entry("framecue.cli.compare:compare", "Compare runs on the same queries, with intervals."),
    "classify": Entry(
        "framecue.cli.classify:classify", "Say which of some labels videos have, or which answer is right."
    ),
    "embed": Entry("framecue.cli.embed:embed", "Write the embeddings of videos or texts into a Parquet file."),
    "caption": Entry("framecue.cli.caption:caption", "Describe a video with an adapter's captioner."),
    "export": Entry("framecue.cli.export:export", "Write a model as graphs that encode without PyTorch."),
    "methods": Entry("framecue.cli.methods:methods", "List the methods, and what each trains."),
    "datasets": Entry("framecue.cli.datasets:datasets", "List the data sets, verify a copy of one, or decode it."),
    "import-checkpoint": Entry(
        "framecue.cli.import_checkpoint:import_checkpoint", "Turn an authors' checkpoint into backbone and adapter."
    ),
}


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"framecue {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup, entries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
)
def framecue() -> None:
    """Search your videos by what they show, what is said in them and what is written.

    \b
    framecue index ~/Videos
    framecue search "a dog catches a frisbee"
    """  # noqa: D301 (click reads the backspace character)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Whatever goes wrong is one line on standard error. Of a defect in framecue, the environment variable
    FRAMECUE_TRACEBACK shows where it happened.

    Args:
        args: the arguments after the program's name; default ``sys.argv[1:]``.
    """
    prepare_streams()
    say_at_stop(None)
    if args is None:  # this process does nothing else
        import_lean()
        # What is imported is no garbage; looking for some takes a twentieth of a search's time.
        gc.set_threshold(_COLLECT_EVERY)
    with requests_to_end():
        try:
            try:
                code = _run(args)
                sys.stdout.flush()
                if code == 0 and output_was_closed():
                    log_error("cannot write the output: standard output is closed")
                    code = 1
            except Exception as error:
                heed()
                code = explain(error)
            except KeyboardInterrupt as error:
                heed()
                log_stop()
                code = error.exit_code if isinstance(error, TerminatedError) else 130
        except OSError:  # standard error takes nothing more either
            code = 1
        end_quietly()
    if args is None and _has_threads_at_work():
        # A model may still be loading in one. The interpreter takes itself apart around such a thread, and native code
        # that is in the midst of something then aborts the process.
        os._exit(code)
    return code


def _has_threads_at_work() -> bool:
    """Whether threads of ours are left for which nobody waits; what they were to write is written."""
    return any(thread.daemon and thread.name.startswith("framecue-") for thread in threading.enumerate())


def _run(args: Sequence[str] | None) -> int:
    try:
        result = framecue.main(args=args, prog_name="framecue", standalone_mode=False)
    except SystemExit as end:  # click ends so where nobody reads any more (`| head`)
        return end.code if isinstance(end.code, int) else 1
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        return explain(error)
    # With standalone_mode off, click returns the code of `ctx.exit(code)`; commands themselves return None.
    return result if isinstance(result, int) else 0
