"""How many readers there are beside the encoders that are ready, so that none takes an encoder's room.

Readers take less of a node. Where nodes or encoders are lost, those that live on, or wait for room, would fill what is
left until no encoder fits any more, and the run would wait for one for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from framecue.cluster.at_work import ReaderAtWork

__all__ = ["LAST_SECONDS", "ROOM_SECONDS", "ReaderRoom"]

ROOM_SECONDS = 30.0
"""So long those that are too many are left alone: the encoder that was lost may be back by then."""
LAST_SECONDS = 120.0
"""So long the readers of one encoder are kept where there is none: most are loaded by then."""


class ReaderRoom:
    """Says how many readers there may be, and which are too many.

    Args:
        now: the time, in seconds from any point.

    Attributes:
        most: how many there may be, as of the last look.
    """

    def __init__(self, now: float) -> None:
        self.most = 0
        self._has_encoder = False
        self._had_encoder_at = now
        self._too_many_since: float | None = None

    def look(self, num_ready: int, share: int, now: float) -> None:
        """Note how many encoders there are.

        Args:
            num_ready: how many are ready.
            share: how many readers there are to be for each.
            now: the time, in seconds.
        """
        self._has_encoder = num_ready > 0
        if self._has_encoder:
            self._had_encoder_at = now
        # Somebody else's actors may have taken so much of the nodes that even the last reader is one too many.
        is_last_hope = not self._has_encoder and now - self._had_encoder_at >= LAST_SECONDS
        self.most = 0 if is_last_hope else max(num_ready, 1) * share

    def too_many(self, readers: Sequence[ReaderAtWork], now: float) -> list[ReaderAtWork]:
        """Return those that are to go: such as wait for room at once, others only when no encoder has come for a while.

        Args:
            readers: all that there are.
            now: the time, in seconds.
        """
        number = len(readers) - self.most
        if number <= 0:
            self._too_many_since = None
            return []
        if self._too_many_since is None:
            self._too_many_since = now
        found = [reader for reader in readers if reader.node is None]
        if now - self._too_many_since >= ROOM_SECONDS:
            found += [reader for reader in readers if reader.node is not None and reader.at_work is None]
            # As long as there is an encoder, whoever reads comes to an end of it.
            if not self._has_encoder:
                found += [reader for reader in readers if reader.at_work is not None]
        return found[:number]
