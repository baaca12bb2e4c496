"""One indexing run: the units of a plan go to a runner, and its results to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from framecue.errors import FramecueError
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.indexing.contents import Contents
from framecue.library.indexing.ledger import Ledger, Outcome
from framecue.library.indexing.plan import Plan, still_to_do
from framecue.library.indexing.runner import Runner
from framecue.library.own_values import MetadataValue
from framecue.library.store import Store
from framecue.library.store.snapshot import Snapshot
from framecue.progress import FilesDone, ProgressCallback, StopCallback

__all__ = ["run_plan"]


def run_plan(
    plan: Plan,
    runner: Runner,
    *,
    store: Store | None,
    snapshot: Snapshot,
    make_store: Callable[[], Store],
    progress: ProgressCallback | None = None,
    on_stop: StopCallback | None = None,
    files: Files = ALL_FILES,
    metadata: Mapping[str, Mapping[str, MetadataValue | None]] | None = None,
) -> Outcome:
    """Index the units of a plan.

    Args:
        plan: what to do; its own skipped paths are not repeated in the outcome.
        runner: encodes the units.
        store: where the rows go, opened under the lock; None if the library does not exist yet.
        snapshot: what the library holds; kept up to date.
        make_store: makes the library, once there are rows to write.
        progress: called as the run goes on.
        on_stop: called if the run ends early, whatever the reason, when everything that was complete is committed.
        files: where the files lie.
        metadata: values for the library's own columns by path; the columns are there, or ``make_store`` makes them.

    Raises:
        LibraryError: the library cannot be written. What was committed before stays.
    """
    contents = Contents(snapshot.held, plan.seen, files=files)
    ledger = Ledger(store, make_store, snapshot, contents, files=files, metadata=metadata)
    units = still_to_do(plan.units, snapshot.held, snapshot.copies)
    num_units = len(units)
    ledger.outcome.touched = len(plan.units) - num_units
    try:
        while units:
            # Each content is encoded for the first unit that has it, so every pass leaves fewer units than it got.
            num_before = num_units - len(units)

            def tell(num_done: FilesDone, num_before: int = num_before) -> None:
                # Reading a long video may take an hour, while others wait for their commit.
                ledger.commit_if_due()
                if progress:
                    progress(FilesDone(num_before + num_done, num_done.path), num_units)

            known = contents.video_ids() - {contents.video_id(unit.path) for unit in units if unit.reread}
            for result in runner.run(units, known=known, on_progress=tell):
                ledger.take(result)
            units, ledger.again = ledger.again, []
        ledger.promote_copies()
        ledger.commit()
    except BaseException:
        # However a run ends, it keeps what it has encoded. What ended it is what is told, not that it cannot write.
        with suppress(FramecueError):
            ledger.commit()
        if on_stop:
            on_stop(ledger.num_kept, len(plan.units))
        raise
    return ledger.outcome
