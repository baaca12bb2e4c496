"""`framecue index` again and again in processes of its own, for tests that kill or starve it.

A program: it imports what takes long once, and forks for each line of standard input, a JSON object with `arguments`
of the command, `file_bytes` (how large a file may grow; 0: any size), `out` and `err`, where the output goes, and, if
there is need, `environment`, variables to set. It answers with the new process's id. That process leads a group of its
own, prints "started" when it has the model and begins to index, and "ended CODE" when the command is done.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from framecue.cli import index
from framecue.library.store.lean import import_lean
from support.colours import ColourEncoder

import_lean()  # as the command does
# Not lancedb, whose threads would not be there after a fork, but what takes most of its time.
with suppress(ImportError):
    importlib.import_module("pyarrow.dataset")


def run(arguments: list[str], file_bytes: int) -> int:
    from framecue.cli.main import main
    from framecue.library.indexing import ledger as indexing
    from framecue.library.indexing import pace as worker

    # A commit for each file: many moments at which to be killed in one.
    indexing.ROWS_PER_COMMIT = worker.FRAMES_PER_ENCODE = 1

    def model(*args: object, **options: object) -> Any:
        if file_bytes:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
        print("started", flush=True)
        return ColourEncoder()

    # Nothing that loads a model is imported, which would take three times as long as all else.
    vars(index)["indexing_model"] = model
    return main(["index", *arguments, "--model", "colours"])


def serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
    for line in sys.stdin:
        order = json.loads(line)
        process_id = os.fork()
        # Here and there, so that the group is made before anybody looks for it or works in it.
        os.setpgid(process_id, process_id)
        if process_id:
            print(process_id, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for path, descriptor in ((os.devnull, 0), (order["out"], 1), (order["err"], 2)):
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        code = 70
        os.environ.update(order.get("environment", {}))
        try:
            code = run(order["arguments"], order["file_bytes"])
            print("ended", code, flush=True)
        finally:
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    serve()
