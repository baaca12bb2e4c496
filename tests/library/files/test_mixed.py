from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files, FoundFile
from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.mixed import MixedFiles
from framecue.library.files.objects import OBJECT_FILES
from framecue.library.results import Skipped
from support.object_server import Bucket

FILES: Files = MixedFiles()


@pytest.fixture
def both(bucket: Bucket, tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "a.mp4").write_bytes(b"12")
    (tmp_path / "a.srt").touch()
    bucket.put("v/a.srt", b"")
    return str(tmp_path / "a.mp4"), bucket.put("v/a.mp4", b"12")


def test_disks_and_stores_in_one_run_in_the_order_in_which_they_are_named(
    both: tuple[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    local, url = both
    paths = [f"{bucket.url}/v", str(tmp_path), Path(f"{bucket.url}/v/a.mp4"), "", "https://example.org/b.mp4"]
    found = [item for _, item in FILES.find(paths, suffixes={".mp4"}, exclude=Exclude())]
    assert [item.path for item in found[:3]] == [url, local, url]
    assert all(isinstance(item, FoundFile) for item in found[:3])
    assert [type(item) for item in found[3:]] == [Skipped, Skipped]
    places = {local, url}
    within = FILES.find([str(tmp_path), f"{bucket.url}/v"], suffixes={".mp4"}, exclude=Exclude(), within=places)
    assert [item.path for _, item in within] == [local, url]


def test_each_is_asked_of_its_own_place(both: tuple[str, str]) -> None:
    for path, place in zip(both, (LOCAL_FILES, OBJECT_FILES), strict=True):
        folder = path.rpartition("/")[0]
        assert FILES.state(path) == place.state(path)
        assert FILES.content_hash(path) == place.content_hash(path)
        assert sorted(FILES.siblings(folder)) == sorted(place.siblings(folder))
        assert len(list(FILES.siblings(folder))) == 2
        assert FILES.is_missing(f"{folder}/none")
        assert not (FILES.is_missing(path))
        assert not (FILES.may_be_away(folder))
        assert not (FILES.leads_out(path))
        assert FILES.is_same(path, path)
        with FILES.open(path) as file:
            assert file.read() == b"12"
    local, url = both
    assert FILES.content_hash(local) == FILES.content_hash(url)
    assert not FILES.is_same(local, url)
    assert not FILES.is_same(url, local)


def test_files_on_disks_need_no_store(tmp_path: Path) -> None:
    code = """
import sys
from framecue.library.files.exclude import Exclude
from framecue.library.files.mixed import ALL_FILES
list(ALL_FILES.find(sys.argv[1], suffixes={".mp4"}, exclude=Exclude()))
assert "obstore" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
