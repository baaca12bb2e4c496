"""What a run says of decoding on a GPU, by a stand-in for torchcodec."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

import support
from framecue.errors import InputError
from framecue.library import Library
from framecue.library.indexing.gpu_use import GpuTally, check_gpu_decoder, counting_reader
from framecue.library.indexing.readers import open_readers
from framecue.library.results import Remark
from framecue.video import Content, FrameSampling, GpuDecoding, GpuUse, ReadOptions

STAND_IN = Path(next(iter(support.__path__))) / "torchcodec_stand_in"
WAY_OUT = r"install the extra gpu-decode \(pip install 'framecue\[gpu-decode\]'\)"


@pytest.fixture
def torchcodec(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stand-in, in the processes that read as well."""
    monkeypatch.syspath_prepend(STAND_IN)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "torchcodec"]:
        del sys.modules[name]


def test_a_tally_counts_files() -> None:
    tally = GpuTally()
    for path, use in {
        "whole.mp4": GpuUse(12),
        "small.mp4": GpuUse(),
        "partly.mp4": GpuUse(4, "out of memory"),
        "never.avi": GpuUse(0, "its kind"),
    }.items():
        tally.count(path, use)
    assert tally.num_videos == 2
    assert tally.fallbacks == [Remark("partly.mp4", "out of memory"), Remark("never.avi", "its kind")]


def test_without_torchcodec_the_extra_is_named_before_anything_is_read(
    tmp_path: Path, clips: Path, colour_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.library.indexing.gpu_use.find_spec", lambda name: None)
    with pytest.raises(InputError, match=WAY_OUT):
        check_gpu_decoder()
    with pytest.raises(InputError, match=WAY_OUT), open_readers(number=1, stall_seconds=60, gpu_tally=GpuTally()):
        pass
    library = Library(tmp_path / "videos.lance", model=colour_model)
    with pytest.raises(InputError, match=WAY_OUT):
        library.add(clips, gpu_decode=True)
    assert colour_model.num_encoded == 0


@pytest.mark.isolated
def test_a_library_made_with_it_and_what_its_report_says(
    tmp_path: Path, clips: Path, colour_model, torchcodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.library.indexing.readers.GpuDecoding", lambda: GpuDecoding(min_pixels=1))
    with av.open(str(clips / "grey.avi"), "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(9):
            grey = np.full((48, 64, 3), 100 + level, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode(None))
    library = Library(tmp_path / "videos.lance", model=colour_model)
    report = library.add(clips, gpu_decode=True)
    assert (report.added, report.gpu_decoded) == (5, 4)
    assert report.gpu_fallbacks == [Remark(str(clips / "grey.avi"), "files of the kind avi are decoded by PyAV")]
    assert Path(library.search("red", k=1)[0].path).name == "red.mp4"


def test_what_tells_how_a_file_was_decoded_is_not_passed_on() -> None:
    events = [Content("a", True), GpuUse(3)]

    class Reader:
        def read(self, path: str, options: ReadOptions, is_wanted: object, *, gpu: GpuDecoding) -> Iterator[object]:
            assert (path, gpu) == ("a.mp4", GpuDecoding())
            return iter(events)

    tally = GpuTally()
    read = counting_reader(Reader(), GpuDecoding(), tally)  # type: ignore[arg-type]
    assert list(read("a.mp4", ReadOptions(FrameSampling(2)), lambda _: True)) == events[:1]
    assert (tally.num_videos, tally.fallbacks) == (1, [])
