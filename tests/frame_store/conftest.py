"""Small videos and stores of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.frame_store import Prepared, StoreOptions, WantedVideo, prepare_store
from support.stored_videos import HereSource, even, write_video


@pytest.fixture(scope="session")
def written_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five videos of a second and more, encoded once."""
    videos = tmp_path_factory.mktemp("written") / "videos"
    for number in range(5):
        write_video(videos / f"{number}.mp4", even(1 + 0.5 * number))
    return videos


@pytest.fixture
def folder(written_videos: Path, tmp_path: Path) -> Path:
    """A copy of those videos, to change."""
    return Path(shutil.copytree(written_videos, tmp_path / "videos"))


@pytest.fixture
def here() -> HereSource:
    return HereSource()


@pytest.fixture
def prepare(tmp_path: Path, folder: Path, here: HereSource) -> Callable[..., Prepared]:
    """Make a store of the folder's videos, or of those that are given, in this process."""

    def make(*wanted: WantedVideo | Path, store: str = "store", root: Path = folder, **options: object) -> Prepared:
        kept = {name: options.pop(name) for name in list(options) if name in StoreOptions.__dataclass_fields__}
        videos = [each if isinstance(each, WantedVideo) else WantedVideo(each) for each in wanted]
        return prepare_store(
            tmp_path / store,
            videos or [WantedVideo(path) for path in sorted(folder.iterdir())],
            root=root,
            options=StoreOptions(**{"short_side": 256, **kept}),
            num_workers=1,
            source=here,
            **options,
        )

    return make
