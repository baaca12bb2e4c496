from __future__ import annotations

import copy
import pickle

from framecue.progress import FilesDone


def test_it_is_a_number_that_names_a_file() -> None:
    done = FilesDone(1.5, "/a.mp4")
    assert done == 1.5
    assert f"{done:.1f}" == "1.5"
    assert done + 1 == 2.5
    for again in (pickle.loads(pickle.dumps(done)), copy.deepcopy(done)):
        assert (again, again.path) == (1.5, "/a.mp4")
