"""``framecue index --again``: make a library anew with another model, and say what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from framecue.cli.add_report import describe_held, log_items
from framecue.cli.meaning_report import log_meaning
from framecue.cli.output import ProgressBar, log, print_json
from framecue.cli.ray_report import log_cluster
from framecue.cli.stopping import say_at_stop
from framecue.cli.words_report import log_words
from framecue.progress import FilesDone

if TYPE_CHECKING:
    from framecue.cli.ray_runners import Runners
    from framecue.encoder import Encoder
    from framecue.library import AddOptions

__all__ = ["run_again"]


def run_again(
    uri: str,
    model: Encoder,
    paths: Sequence[str],
    *,
    options: AddOptions,
    as_json: bool,
    runners: Runners | None = None,
) -> None:
    """Make a library anew with a model; it is searched with the old one until that is done.

    Args:
        uri: the library's normal URI.
        model: makes the new vectors.
        paths: further files and folders to index.
        options: how to index.
        as_json: whether to print a JSON document.
        runners: what hands the work to a cluster; None for this machine.

    Raises:
        LibraryNotFoundError: the library does not exist.
        LibraryError: the library would lose files, or cannot be read or written.
    """
    from framecue.library.again import make_again

    pictures, finding = ProgressBar("Indexing"), ProgressBar("Finding words")

    say_at_stop("the library has the vectors that it had; the same command goes on with the new ones")

    def tell_words(done: FilesDone, total: int) -> None:
        say_at_stop("the new vectors are in the library; the same command goes on with the words")
        pictures.close()
        finding.show(done, total)

    with pictures, finding:
        pictures.show(0, None)
        report = make_again(
            uri,
            model,
            paths=paths,
            options=options,
            progress=pictures.show,
            words_progress=tell_words,
            on_wait=lambda: log(f"waiting for another run that writes {uri}"),
            on_notice=log,
            runner=None if runners is None else runners.pictures,
        )
    log_items(report)
    log_words(report)
    log_meaning(report)
    if report.added or report.removed:
        # What a run that was stopped had encoded is not encoded by this one.
        earlier = f", {report.unchanged} by an earlier run" if report.unchanged else ""
        gone = f", {report.removed} left out" if report.removed else ""
        model_name = model.fingerprint().backbone
        log(
            f"made anew with {model_name}: {report.encoded} encoded{earlier}{gone}, {len(report.skipped)} skipped; "
            f"library {report.uri} holds {describe_held(report)}"
        )
    else:
        log(f"nothing is encoded; library {report.uri} holds {describe_held(report)}")
    cluster = None if runners is None else runners.pictures.report
    if cluster is not None:
        log_cluster(cluster)
    if as_json:
        document = report.to_dict()
        if runners is not None:
            document["ray"] = None if cluster is None else cluster.to_dict()
        print_json(document)
