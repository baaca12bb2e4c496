"""How many searches a server answers, and how soon: `python benchmarks/serving.py`.

A model of ViT-B/32's shape with random weights, and a library of generated vectors, as in `cold.py`, with the index
that `framecue optimize` makes. What is asked are the ordinary queries that framecue knows, each in turn.

- `together`: searches that wait, so many at once, are answered in batches, as a server does; against the same searches
  answered one at a time. Both in this process, in turns, on the clock and in processor seconds.
- `alone`: `framecue serve`, asked over HTTP for one after another; the median time from question to answer.
- `load`: the same server, asked by 50 at once for 30 seconds: how many it answers, with what errors, how long each
  waits, and how much memory it takes at the end, against when a fifth of the time was over.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import count, cycle, islice
from pathlib import Path

from cold import make, own_cache
from framecue.library import Library, Query, SearchOptions
from framecue.library.background import ordinary_queries
from framecue.service.batching import MOST_AT_ONCE, Searches
from framecue.service.desk import Desk
from measure import Measurement, Size, results_of, small_clip_config

GOAL_ERRORS, GOAL_MEMORY = 0, 1.1
# After so much of the time, everything that is kept is there.
WARM_SHARE = 0.2
ADDRESS = re.compile(r"http://[^\s/]+:(\d+)")


@dataclass(frozen=True)
class Together:
    """Searches a second, medians over the rounds; the ratios are of those answered together to those one at a time."""

    together_per_second: float
    alone_per_second: float
    ratio: float
    processor_ratio: float


@dataclass(frozen=True)
class Load:
    """What became of all that was asked at once; memory is the server's resident set."""

    num_answers: int
    num_errors: int
    first_error: str | None
    per_second: float
    median_ms: float
    slowest_ms: float
    warm_memory_mb: float
    end_memory_mb: float

    @property
    def memory_ratio(self) -> float:
        """How much memory it takes at the end, of what it took before."""
        return self.end_memory_mb / self.warm_memory_mb


@dataclass(frozen=True)
class Results:
    """What was measured."""

    num_segments: int
    at_once: int
    together: Together
    median_ms: float
    load: Load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=100_000, help="segments in the library")
    parser.add_argument("--at-once", type=int, default=50, help="how many ask at once")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long they ask")
    parser.add_argument("--queries", type=int, default=200, help="how many searches a round of the comparison has")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the comparison; one more is for warming up")
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_cache(Path(folder) / "cache"):
        uri, _, _ = make(Path(folder), options.number, options.config)
        Library(uri).optimize()
        together = compare(uri, options)
        with server(uri) as (port, process_id):
            median_ms = alone(port, options.queries)
            load = under_load(port, process_id, at_once=options.at_once, seconds=options.seconds)
    results = Results(options.number, options.at_once, together, median_ms, load)
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(asdict(results)), encoding="utf-8")


def texts() -> Iterator[str]:
    """The ordinary queries, over and over, each time with another word, so that no answer is known already."""
    for number in count():
        yield from (f"{query} {number}" if number else query for query in ordinary_queries())


def compare(uri: str, options: argparse.Namespace) -> Together:
    """Answer the same searches in batches and one at a time, in turns."""
    queries = [Query(text) for text in islice(cycle(ordinary_queries()), options.queries)]
    seconds: dict[int, list[tuple[float, float]]] = {MOST_AT_ONCE: [], 1: []}
    desk = Desk([uri], answer_seconds=None)
    try:
        for round_number in range(options.rounds + 1):
            for most, found in seconds.items():
                begin, processor_begin = time.perf_counter(), time.process_time()
                asyncio.run(ask_all(Searches(desk, most_at_once=most), queries, options.at_once))
                if round_number:
                    found.append((time.perf_counter() - begin, time.process_time() - processor_begin))
    finally:
        desk.close()
    (together, together_processor), (one, one_processor) = (
        tuple(map(statistics.median, zip(*found, strict=True))) for found in seconds.values()
    )
    return Together(len(queries) / together, len(queries) / one, one / together, one_processor / together_processor)


async def ask_all(searches: Searches, queries: list[Query], at_once: int) -> None:
    """Ask for all, so many at once."""
    waiting = iter(queries)

    async def ask() -> None:
        for query in waiting:
            await searches.search(None, query, SearchOptions())

    await asyncio.gather(*(ask() for _ in range(at_once)))


@contextmanager
def server(uri: str) -> Iterator[tuple[int, int]]:
    """Run `framecue serve` while the block runs; give its port and its process."""
    command = [sys.executable, "-m", "framecue", "serve", "--library", uri, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            port = next((int(found[1]) for line in process.stdout if (found := ADDRESS.search(line))), None)
            if port is None:
                sys.exit(f"`{' '.join(command)}` does not say where it listens")
            # What it says from now on has to be read, or it waits for that.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
                search("a dog", connection)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(timeout=60)


def search(text: str, connection: http.client.HTTPConnection) -> None:
    """Ask for one search and read its answer; an answer that is an error raises."""
    connection.request("POST", "/api/search", json.dumps({"text": text}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {content[:200]!r}")
    json.loads(content)


def alone(port: int, number: int) -> float:
    """The median time of searches one after the other, in milliseconds."""
    connection, seconds = http.client.HTTPConnection("127.0.0.1", port, timeout=120), []
    for text in islice(texts(), number):
        begin = time.perf_counter()
        search(text, connection)
        seconds.append(time.perf_counter() - begin)
    connection.close()
    return 1000 * statistics.median(seconds)


def under_load(port: int, process_id: int, *, at_once: int, seconds: float) -> Load:
    """Have so many ask for so long, each for the next as soon as it has its answer."""
    source, lock = texts(), threading.Lock()
    took: list[float] = []
    errors: list[str] = []
    begin = time.perf_counter()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while time.perf_counter() - begin < seconds:
            with lock:
                text = next(source)
            asked = time.perf_counter()
            try:
                search(text, connection)
                took.append(time.perf_counter() - asked)
            except (OSError, RuntimeError, http.client.HTTPException, ValueError) as error:
                errors.append(repr(error))
                connection.close()
        connection.close()

    askers = [threading.Thread(target=ask) for _ in range(at_once)]
    for asker in askers:
        asker.start()
    time.sleep(WARM_SHARE * seconds)
    warm_memory_mb = memory_mb(process_id)
    for asker in askers:
        asker.join()
    elapsed = time.perf_counter() - begin
    if not took:
        sys.exit(f"nothing was answered: {errors[:1]}")
    return Load(
        num_answers=len(took),
        num_errors=len(errors),
        first_error=errors[0] if errors else None,
        per_second=len(took) / elapsed,
        median_ms=1000 * statistics.median(took),
        slowest_ms=1000 * max(took),
        warm_memory_mb=warm_memory_mb,
        end_memory_mb=memory_mb(process_id),
    )


def memory_mb(process_id: int) -> float:
    """The resident set of a process, in MB."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def lines(results: Results) -> list[str]:
    together, load = results.together, results.load
    return [
        f"{results.num_segments} segments, {results.at_once} at once",
        f"together: {together.together_per_second:.1f} searches a second; one at a time: "
        f"{together.alone_per_second:.1f}; {together.ratio:.2f}x, in processor time {together.processor_ratio:.2f}x",
        f"alone, over HTTP: {results.median_ms:.1f} ms, the median",
        f"load: {load.num_answers} answers, {load.num_errors} errors, {load.per_second:.1f} a second, "
        f"{load.median_ms:.0f} ms the median, {load.slowest_ms:.0f} ms the slowest",
        f"memory: {load.warm_memory_mb:.0f} MB, at the end {load.end_memory_mb:.0f} MB ({load.memory_ratio:.2f}x)",
        *([f"the first error: {load.first_error}"] if load.first_error else []),
    ]


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        tiny = ("--number", 60, "--at-once", 4, "--seconds", 1, "--queries", 8, "--rounds", 1)
        sizes = {
            "tiny": (*tiny, "--config", small_clip_config(Path(folder))),
            "short": ("--number", 20_000, "--seconds", 8, "--queries", 60, "--rounds", 1),
            "full": (),
        }
        found = results_of(main, *sizes[size])
    results = Results(**{**found, "together": Together(**found["together"]), "load": Load(**found["load"])})
    number = f"{results.num_segments:,}".replace(",", " ")
    what = f"{number} segments, {results.at_once} at once"
    return [
        Measurement(what=f"{what}: answered together, of one at a time", value=results.together.ratio),
        Measurement(what=f"{what}: the same in processor time", value=results.together.processor_ratio),
        Measurement(what=f"{number} segments: one search over HTTP", value=results.median_ms / 1000, unit=" s"),
        Measurement(what=f"{what}: errors", value=results.load.num_errors, unit="", goal=GOAL_ERRORS, sense="at most"),
        Measurement(what=f"{what}: searches a second over HTTP", value=results.load.per_second, unit=""),
        Measurement(
            what=f"{what}: memory at the end, of before",
            value=results.load.memory_ratio,
            goal=GOAL_MEMORY,
            sense="at most",
        ),
    ]


if __name__ == "__main__":
    main()
