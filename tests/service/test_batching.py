from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from framecue.errors import AbsentError, BusyError, InputError
from framecue.library import Filters, HeldMoment, Hit, Library, Query
from framecue.library.search.feedback import Marks
from framecue.library.search.query import SearchOptions
from framecue.service.batching import AskedSearch, Batches, Searches, search_together
from framecue.service.desk import Desk
from support.colour_rows import write_colours
from support.colours import COLOURS, ColourEncoder
from support.served import Served

T = TypeVar("T")


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(main())


def told(answer: list[Hit] | Exception) -> list[Any]:
    # Texts that are encoded together may differ in the last digit.
    assert isinstance(answer, list)
    return [(hit.path, hit.start_seconds, pytest.approx(hit.score, abs=1e-5)) for hit in answer]


class Worker:
    """Doubles numbers when it is let to; a negative one fails by itself, and 13 takes all down with it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        await self.go.wait()
        if 13 in numbers:
            raise RuntimeError("a defect")
        return [InputError(f"{number} is negative") if number < 0 else 2 * number for number in numbers]


def test_what_comes_while_others_are_answered_is_the_next_batch() -> None:
    async def main() -> None:
        worker = Worker()
        batches: Batches[int, int] = Batches(worker, most_at_once=3)
        asked = [asyncio.create_task(batches.ask(number)) for number in range(6)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        worker.go.set()
        assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
        assert worker.batches == [[0, 1, 2], [3, 4, 5]]
        assert await batches.ask(7) == 14

    run(main)


def test_the_first_does_not_wait_for_company() -> None:
    async def main() -> None:
        worker = Worker()
        batches: Batches[int, int] = Batches(worker)
        first = asyncio.create_task(batches.ask(1))
        for _ in range(3):
            await asyncio.sleep(0)
        assert worker.batches == [[1]]
        others = [asyncio.create_task(batches.ask(number)) for number in (2, 3)]
        await asyncio.sleep(0)
        worker.go.set()
        assert await asyncio.gather(first, *others) == [2, 4, 6]
        assert worker.batches == [[1], [2, 3]]

    run(main)


def test_who_asks_as_soon_as_he_is_answered_is_answered_again() -> None:
    async def main() -> None:
        worker = Worker()
        worker.go.set()
        batches: Batches[int, int] = Batches(worker, most_at_once=2)

        async def ask_on() -> list[int]:
            return [await batches.ask(number) for number in range(12)]

        answers = await asyncio.wait_for(asyncio.gather(*(ask_on() for _ in range(3))), timeout=60)
        assert answers == [[2 * number for number in range(12)]] * 3

    run(main)


def test_several_workers_have_batches_of_their_own() -> None:
    async def main() -> None:
        worker = Worker()
        batches: Batches[int, int] = Batches(worker, most_at_once=1, workers=2)
        asked = [asyncio.create_task(batches.ask(number)) for number in (1, 2, 3)]
        for _ in range(4):
            await asyncio.sleep(0)
        assert worker.batches == [[1], [2]]
        worker.go.set()
        assert await asyncio.gather(*asked) == [2, 4, 6]

    run(main)


def test_one_that_fails_costs_itself_alone_and_a_defect_is_told_to_all_of_its_batch() -> None:
    async def main() -> None:
        worker = Worker()
        worker.go.set()
        batches: Batches[int, int] = Batches(worker)
        answers = await asyncio.gather(*map(batches.ask, (1, -1, 2)), return_exceptions=True)
        assert [str(answer) for answer in answers] == ["2", "-1 is negative", "4"]
        defects = await asyncio.gather(*map(batches.ask, (13, 1)), return_exceptions=True)
        assert [type(defect) for defect in defects] == [RuntimeError, RuntimeError]
        assert await batches.ask(1) == 2

    run(main)


def test_too_many_are_turned_away_and_those_who_went_away_make_room() -> None:
    async def main() -> None:
        worker = Worker()
        batches: Batches[int, int] = Batches(worker, most_at_once=1, most_waiting=2)
        asked = [asyncio.create_task(batches.ask(1))]
        for _ in range(3):
            await asyncio.sleep(0)
        asked += [asyncio.create_task(batches.ask(number)) for number in (2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 searches are waiting already") as busy:
            await batches.ask(4)
        assert busy.value.retry_seconds == 1
        asked[1].cancel()
        await asyncio.sleep(0)
        asked.append(asyncio.create_task(batches.ask(5)))
        await asyncio.sleep(0)
        worker.go.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [answers[0], answers[2], answers[3]] == [2, 6, 10]
        assert isinstance(answers[1], asyncio.CancelledError)
        # Nobody searched for what nobody waits for.
        assert worker.batches == [[1], [3], [5]]

    run(main)


def test_one_who_goes_away_while_his_batch_is_at_work_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        worker = Worker()
        batches: Batches[int, int] = Batches(worker)
        gone, stays = (asyncio.create_task(batches.ask(number)) for number in (1, 2))
        for _ in range(3):
            await asyncio.sleep(0)
        gone.cancel()
        worker.go.set()
        assert await stays == 4
        assert await batches.ask(3) == 6

    run(main)


def test_searches_with_the_same_options_are_one_call(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    search_many = Library.search_many

    def counted(library: Library, queries: Sequence[Query], *args: Any, **named: Any) -> Any:
        calls.append(len(queries))
        return search_many(library, queries, *args, **named)

    monkeypatch.setattr(Library, "search_many", counted)
    plain, two = SearchOptions(), SearchOptions(k=2)
    queries = [Query(caption) for _, caption in served.clips[:4]]
    library = Library(served.library)
    asked = [AskedSearch(query, options) for query, options in zip(queries, (plain, two, plain, two), strict=True)]
    answers = search_together(library, asked)
    assert calls == [2, 2]
    alone = [library.search(each.query, options=each.options) for each in asked]
    assert list(map(told, answers)) == list(map(told, alone))
    # One of a batch asks for words of which the library has none.
    bad = AskedSearch(Query("a"), SearchOptions(filters=Filters(where="no_such_column = 1")))
    wrong = AskedSearch(Query.parse("captions:a"), plain)
    failed = search_together(library, [asked[0], wrong, asked[2], bad])
    assert [told(failed[0]), told(failed[2])] == [told(alone[0]), told(alone[2])]
    assert isinstance(failed[1], InputError)
    assert "no_such_column" in str(failed[3])


def test_a_desks_searches(desk: Desk, served: Served) -> None:
    async def main() -> None:
        searches = Searches(desk)
        asked = [searches.search(None, Query(caption), SearchOptions(k=1)) for _, caption in served.clips]
        found = await asyncio.gather(*asked, searches.search(None, Query("a"), SearchOptions(k=2), takes_long=True))
        assert [hits[0].path for hits in found[:-1]] == [path for path, _ in served.clips]
        assert len(found[-1]) == 2
        with pytest.raises(AbsentError):
            await searches.search("no such library", Query("a"), SearchOptions())

    run(main)


def test_what_was_right_and_wrong_moves_its_own_search_alone(tmp_path: Path) -> None:
    place = write_colours(tmp_path / "colours.lance", *COLOURS)
    library = Library(place, model=ColourEncoder())
    options = SearchOptions(k=3)
    moment = HeldMoment("id-of-yellow", 1.0)
    marks = Marks(right=(moment,), wrong=(1,))
    asked = [
        AskedSearch(Query("red"), options),
        AskedSearch(Query("red"), options, marks),
        AskedSearch(Query("blue"), options),
        AskedSearch(Query("red"), options, Marks(right=(99,))),
    ]
    plain, marked, other, wrong = search_together(library, asked)
    assert told(plain) == told(library.search("red", options=options))
    assert told(marked) == told(library.search("red", options=options, right=[moment], wrong=[1]))
    assert told(marked) != told(plain)
    assert told(other) == told(library.search("blue", options=options))
    assert isinstance(wrong, InputError)
