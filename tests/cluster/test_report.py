from __future__ import annotations

import pytest

from framecue.cluster.report import Clock, ClusterReport


def test_all_of_the_time_is_divided_among_what_it_was_waited_for() -> None:
    now = 100.0
    report = ClusterReport(num_videos=6)
    clock = Clock(report, lambda: now)
    now += 4
    clock.started()
    now += 1
    clock.worked()
    now += 2
    clock.waited(0.25)
    now += 3
    clock.waited(1.0)
    assert (report.starting_seconds, report.driver_seconds) == (4, 1)
    assert (report.decoding_seconds, report.encoding_seconds) == (3.5, 1.5)
    assert report.seconds == 10
    assert report.videos_per_second == 1.0
    assert report.to_dict()["waiting"] == pytest.approx({"decoding": 3.5 / 6, "encoding": 0.25, "driver": 1 / 6})


def test_a_run_that_has_not_begun_has_no_speed() -> None:
    document = ClusterReport(starting_seconds=3).to_dict()
    assert (document["videos_per_second"], document["seconds"]) == (None, 3)
    assert document["waiting"] == {"decoding": 0, "encoding": 0, "driver": 0}
