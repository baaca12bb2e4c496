"""The recorded date from a file to a hit and to the filters."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import av
import pytest

from framecue.library import Filters, Library
from framecue.library.store import Store

COPIED = datetime(2025, 1, 1, 12).timestamp()


def remux(source: Path, target: Path, recorded: str) -> None:
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        after.metadata["creation_time"] = recorded
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(before.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)


@pytest.fixture
def folder(tmp_path: Path, write_clip: Callable[..., Path]) -> Path:
    """Three videos that were copied on one day."""
    folder = tmp_path / "videos"
    folder.mkdir()
    remux(write_clip(tmp_path / "red.mp4", "red"), folder / "IMG_20230101_000000.mp4", "2024-05-31T12:00:00Z")
    write_clip(folder / "VID_20220704_101112.mp4", "green")
    write_clip(folder / "clip.mp4", "blue")
    for path in folder.iterdir():
        os.utime(path, (COPIED, COPIED))
    return folder


def names(library: Library, **filters: str) -> set[str]:
    return {Path(hit.path).name for hit in library.search("red", filters=Filters(**filters))}


def test_the_metadata_then_the_name_then_the_modification(folder: Path, tmp_path: Path, colour_model) -> None:
    library = Library(tmp_path / "a.lance", model=colour_model)
    library.add(folder)
    dates = {Path(hit.path).name: hit.to_dict()["recorded"][:10] for hit in library.search("red")}
    assert dates == {
        "IMG_20230101_000000.mp4": "2024-05-31",
        "VID_20220704_101112.mp4": "2022-07-04",
        "clip.mp4": "2025-01-01",
    }
    assert names(library, after="2024-12-31") == {"clip.mp4"}
    assert names(library, after="2024-01-01", before="2024-12-31") == {"IMG_20230101_000000.mp4"}
    assert names(library, before="2023-01-01") == {"VID_20220704_101112.mp4"}


def test_it_stays_when_a_file_is_touched_or_renamed(folder: Path, tmp_path: Path, colour_model) -> None:
    library = Library(tmp_path / "a.lance", model=colour_model)
    library.add(folder)
    os.utime(folder / "clip.mp4", (COPIED + 9e6, COPIED + 9e6))
    (folder / "VID_20220704_101112.mp4").rename(folder / "birthday.mp4")
    report = library.add(folder)
    assert (report.moved, report.encoded) == (1, 0)
    assert names(library, after="2024-12-31", before="2025-01-02") == {"clip.mp4"}
    assert names(library, before="2023-01-01") == {"birthday.mp4"}


def test_rows_of_an_older_framecue_go_by_their_modification(tmp_path: Path, make_store, colour_model) -> None:
    made = Path(__file__).parent / "store" / "format_2" / "library.lance"
    uri = str(shutil.copytree(made, tmp_path / "old.lance"))
    modified = sorted(item.state.modified_seconds for item in Store.open(uri).held().values())
    library = Library(uri, model=colour_model)
    day = datetime.fromtimestamp(modified[-1] + 86_400)
    assert len(library.search("red", filters=Filters(before=day))) == 4
    assert library.search("red", filters=Filters(after=day)) == []
    assert {hit.to_dict()["recorded"] for hit in library.search("red")} == {None}
    Store.open(uri).migrate()
    assert len(Library(uri, model=colour_model).search("red", filters=Filters(before=day))) == 4
