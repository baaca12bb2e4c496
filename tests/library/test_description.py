from __future__ import annotations

from pathlib import Path

from framecue.library import Library
from framecue.library.description import describe_library
from framecue.library.store import Store


def test_it_is_what_info_returns(tmp_path: Path, clips: Path, colour_model) -> None:
    (clips / "broken.mp4").write_bytes(b"noise" * 999)
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(clips)
    (clips / "again.mp4").write_bytes((clips / "red.mp4").read_bytes())
    library.add(clips)
    store = Store.open(library.uri)
    found = describe_library(library.uri, store, store.snapshot())
    assert found == library.info()
    assert (found.num_videos, found.num_segments, found.num_images) == (4, 4, 0)
    assert [Path(copy.path).name for copy in found.duplicates] == ["again.mp4"]
    assert [Path(item.path).name for item in found.unreadable] == ["broken.mp4"]
