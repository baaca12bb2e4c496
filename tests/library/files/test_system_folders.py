from __future__ import annotations

from pathlib import Path

import pytest

from framecue.library.files.exclude import Exclude
from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.system_folders import is_system_folder
from framecue.library.results import Skipped

OWN = [
    *("@eaDir", "#recycle", "@Recycle", "@recycle", "@Recently-Snapshot", "#snapshot", "~snapshot", "@tmp"),
    *("$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "System Volume Information", "$WINDOWS.~BT"),
    *("lost+found", ".Trash", ".Trash-1000", ".Trashes", ".Spotlight-V100", "__MACOSX", "@GMT-2024.05.31-18.00.00"),
]


@pytest.mark.parametrize("name", OWN)
def test_what_systems_keep_is_left_out_at_any_depth_unless_it_is_named(name: str, tmp_path: Path) -> None:
    files = [tmp_path / "a" / "kept.mp4", tmp_path / "a" / name / "b" / "left.mp4", tmp_path / name / "left.mp4"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def found(*paths: Path, **options: object) -> list[Path]:
        things = LOCAL_FILES.find(paths, suffixes={".mp4"}, exclude=Exclude(), **options)
        return [Path(thing.path) for _, thing in things if not isinstance(thing, Skipped)]

    assert found(tmp_path) == files[:1]
    assert found(tmp_path / "a" / name) == files[1:2]
    assert found(tmp_path / name / "left.mp4") == files[2:]
    # As a watched folder is looked at: the files at some places in it.
    assert found(tmp_path, within={str(file) for file in files}) == files[:1]
    assert found(tmp_path, within={str(tmp_path / name)}) == []


@pytest.mark.parametrize("name", ["recycle", "@", "Trash", "snapshot", "eaDir", "found", "$", "2024"])
def test_what_people_may_call_a_folder(name: str) -> None:
    assert not is_system_folder(name)


def test_a_file_may_be_called_like_such_a_folder(tmp_path: Path) -> None:
    (tmp_path / "@tmp.mp4").touch()
    assert len(list(LOCAL_FILES.find(tmp_path, suffixes={".mp4"}, exclude=Exclude()))) == 1
