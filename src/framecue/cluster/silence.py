"""How long an actor may say nothing before it is taken to be lost.

Ray says that an actor is lost when its process or its node is. It says nothing of a process that was stopped, or of one
that waits for ever for something: for pixels that were on a node that is gone, for a disk, for a GPU's driver.
"""

from __future__ import annotations

from collections.abc import Mapping

from framecue.cluster.at_work import EncoderAtWork, ReaderAtWork

__all__ = ["ENCODER_SECONDS", "PIXELS_SECONDS", "READER_SECONDS", "is_silent"]

READER_SECONDS = 600.0
"""A reader answers each second, but for a file that it has to give up before it begins another."""
ENCODER_SECONDS = 1800.0
"""An encoder answers when all that it was given is encoded, which on a slow machine takes minutes."""
PIXELS_SECONDS = 120.0
"""What an encoder was to fetch from a node that is gone either has come before, or does not come any more."""


def is_silent(actor: ReaderAtWork | EncoderAtWork, gone: Mapping[str, float], now: float) -> bool:
    """Whether an actor that was asked has not answered for so long that it will not.

    One that is starting has all the time that it takes: it may wait for room, or load its model.

    Args:
        actor: a reader or an encoder.
        gone: the nodes that were lost, and when each was found to be.
        now: the time, in the same seconds.
    """
    if actor.node is None:
        return False
    if isinstance(actor, ReaderAtWork):
        return actor.ticket is not None and now - actor.asked_at >= READER_SECONDS
    if not actor.calls:
        return False
    if now - actor.began_at >= ENCODER_SECONDS:
        return True
    lost = [gone[part.node] for part in actor.calls[0].parts if part.node in gone]
    return bool(lost) and now - max(actor.began_at, *lost) >= PIXELS_SECONDS
