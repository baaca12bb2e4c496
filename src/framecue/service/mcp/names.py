"""What knows taught names: `taught_names` lists them, `teach` and `forget_name` change them where that is allowed.

Names are marked as texts out of videos are: whoever taught them may have written anything, or an assistant may have
been talked into it.
"""

from __future__ import annotations

from framecue.dates import iso_time
from framecue.errors import AbsentError, InputError, ModelError, OrdinaryWordError
from framecue.library.library import Library
from framecue.library.results import TaughtName
from framecue.library.search.query import HeldMoment
from framecue.service.mcp.answer import Answer, Service
from framecue.service.mcp.arguments import ForgetArguments, NamesArguments, TeachArguments
from framecue.service.mcp.results import ForgottenAnswer, NameEntry, NamesAnswer, TaughtAnswer
from framecue.service.mcp.untrusted import marked

__all__ = ["forget_name", "list_names", "teach"]


async def list_names(service: Service, asked: NamesArguments) -> Answer:
    """Answer `taught_names`.

    Raises:
        AbsentError: there is no such library.
        FramecueError: the library cannot be used.
    """

    def answer(library: Library) -> NamesAnswer:
        return NamesAnswer(names=tuple(_entry(name) for name in library.taught_names()))

    return Answer(await service.desk.ask(asked.library, answer))


async def teach(service: Service, asked: TeachArguments) -> Answer:
    """Answer `teach`, when the name is learnt.

    Raises:
        AbsentError: there is no such library, video or moment.
        InputError: the name cannot be used, or the examples make no sense.
        BusyError: others are taught, or the library is written to.
        FramecueError: the library or its model cannot be used.
    """
    like = [(HeldMoment(each.id, each.at), each.text) for each in asked.like]
    lesson = {
        "like": [moment if text is None else (moment, text) for moment, text in like],
        "unlike": [HeldMoment(each.id, each.at) for each in asked.unlike],
        "coarse": asked.kind,
    }
    try:
        taught = await service.teachings.teach(asked.library, asked.name, lesson)
    except OrdinaryWordError as error:
        # An assistant is not to decide that: the person has other ways.
        raise OrdinaryWordError(error.name, "by `framecue teach`, which asks the person") from error
    except (AbsentError, InputError) as error:
        if isinstance(error, ModelError):
            raise
        # It may name files, which were named by strangers.
        message = f"the name was not taught: {marked(str(error))}"
        raise (AbsentError if isinstance(error, AbsentError) else InputError)(message) from error
    notices = tuple(marked(notice) for notice in taught.notices)
    return Answer(TaughtAnswer(taught=_entry(taught), notices=notices))


async def forget_name(service: Service, asked: ForgetArguments) -> Answer:
    """Answer `forget_name`.

    Raises:
        AbsentError: there is no such library, or it was not taught the name.
        BusyError: others are taught, or the library is written to.
        FramecueError: the library cannot be used.
    """
    await service.teachings.forget(asked.library, asked.name)
    return Answer(ForgottenAnswer(forgotten=marked(asked.name)))


def _entry(name: TaughtName) -> NameEntry:
    ranks = [example.rank for example in name.examples if example.rank is not None]
    return NameEntry(
        name=marked(name.name),
        kind=None if name.coarse is None else marked(name.coarse),
        num_examples=len(name.examples),
        first=sum(rank == 1 for rank in ranks),
        num_compared=len(ranks),
        fits=name.fits,
        taught=iso_time(name.taught_at),
    )
