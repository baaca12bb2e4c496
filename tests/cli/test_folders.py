from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from framecue.cli.folders import top_folders


def test_no_files_and_one_folder() -> None:
    assert top_folders([]) == []
    assert top_folders(["/v/a.mp4", "/v/b.mp4"]) == [("/v", 2)]
    assert top_folders(["/a.mp4"]) == [("/", 1)]


def test_folders_are_opened_as_long_as_there_are_few() -> None:
    files = [f"/m/disk/videos/{year}/{month}/{n}.mp4" for year in (2023, 2024) for month in (1, 2, 3) for n in range(4)]
    assert top_folders(files, most=2) == [("/m/disk/videos/2023", 12), ("/m/disk/videos/2024", 12)]
    assert top_folders(files, most=1) == [("/m/disk/videos", 24)]
    assert len(top_folders(files, most=6)) == 6
    # A folder with files of its own stays beside those below it.
    assert top_folders(["/v/a.mp4", "/v/b.mp4", "/v/x/c.mp4"]) == [("/v", 2), ("/v/x", 1)]


names = st.sampled_from(["a", "b", "c.d", "e f"])
files = st.builds(lambda parts: "/" + "/".join(parts), st.lists(names, min_size=1, max_size=5))


@given(st.lists(files, max_size=40, unique=True), st.integers(1, 8))
def test_each_file_counts_once_in_the_nearest_folder_that_is_named(paths: list[str], most: int) -> None:
    found = top_folders(paths, most=most)
    assert len(found) <= max(most, 1)
    counts = dict.fromkeys((folder for folder, _ in found), 0)
    for path in paths:
        nearest = next(str(folder) for folder in Path(path).parents if str(folder) in counts)
        counts[nearest] += 1
    assert counts == dict(found)
    assert [count for _, count in found] == sorted(counts.values(), reverse=True)


def test_folders_in_buckets_beside_those_on_a_disk() -> None:
    files = ["/v/a.mp4", "s3://one/x/a.mp4", "s3://one/x/y/b.mp4", "s3://two/c.mp4", "gs://one/x/d.mp4"]
    assert top_folders(files) == [
        ("/v", 1),
        ("gs://one/x", 1),
        ("s3://one/x", 1),
        ("s3://one/x/y", 1),
        ("s3://two", 1),
    ]
    assert top_folders(files[1:3], most=1) == [("s3://one/x", 2)]
    assert top_folders(["s3://one/a.mp4", "s3://one/x/b.mp4"], most=1) == [("s3://one", 2)]
