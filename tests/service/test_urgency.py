from __future__ import annotations

import os
import sys
import threading

import pytest

from framecue.service.urgency import be_less_urgent


@pytest.mark.skipif(sys.platform != "linux", reason="threads have an urgency of their own on Linux alone")
def test_a_thread_alone_is_less_urgent() -> None:
    found: list[int] = []

    def work() -> None:
        be_less_urgent()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [max(before, 10)] or found[0] > before
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
