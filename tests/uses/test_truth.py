from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.uses.places import VideoPlace
from framecue.uses.truth import read_truth


def test_videos_lie_below_the_files_folder(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text(f'video,id,label\nclips/a.mp4,1,"runs, fast"\n{tmp_path}/b.mp4,2,sits\n')
    assert read_truth(str(file)) == (
        (VideoPlace(str(tmp_path / "clips" / "a.mp4")), "runs, fast", f"{file}, line 2"),
        (VideoPlace(str(tmp_path / "b.mp4")), "sits", f"{file}, line 3"),
    )


def test_windows(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("video,label,start_seconds,end_seconds\na.mp4,x,1.5,3\na.mp4,y,,2\na.mp4,z,,\n")
    path = str(tmp_path / "a.mp4")
    assert [one.place for one in read_truth(file)] == [
        VideoPlace(path, 1.5, 3.0),
        VideoPlace(path, None, 2.0),
        VideoPlace(path),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("video,label\n", "has no rows"),
        ("", "has no rows"),
        ("path,label\na,b\n", "has no column video"),
        ("video,label\na.mp4, \n", "truth.csv, line 2: label: is ' '"),
        ("video,label\n,x\n", "line 2: video: is ''"),
        ("video,label\na.mp4,x\na.mp4,y\n", "line 3: the video 'a.mp4' is there already"),
        ("video,label\na.mp4,x\n./b/../a.mp4,x\n", "is there already"),
        ("video,label,start_seconds\na.mp4,x,nan\n", "line 2: start_seconds is 'nan'; give a number"),
        ("video,label,start_seconds\na.mp4,x,soon\n", "start_seconds is 'soon'"),
        ("video,label,start_seconds,end_seconds\na.mp4,x,3,2\n", "line 2: the window is from 3 s to 2 s"),
        ("video,label\nhttps://a/b.mp4,x\n", "https://a/b.mp4: "),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "truth.csv").write_text(content)
    with pytest.raises(InputError) as caught:
        read_truth(tmp_path / "truth.csv")
    assert says in str(caught.value)
