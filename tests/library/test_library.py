from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch

import framecue
from framecue.errors import FingerprintError, InputError, LibraryError, LibraryNotFoundError, NotOfflineError
from framecue.library import AddOptions, Filters, Hit, Library, SearchOptions
from framecue.library.indexing import ledger as indexing
from framecue.library.store import Store
from framecue.methods.base import MethodConfig
from framecue.video import Segmentation


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "videos.lance")


def names(hits: list[Hit]) -> list[str]:
    return [Path(hit.path).name for hit in hits]


def test_public_face() -> None:
    assert framecue.Library is Library
    assert framecue.Hit is Hit


def test_files_go_in_and_the_right_one_comes_out(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    report = library.add(clips)
    assert (report.added, report.unchanged, report.skipped, report.encoded) == (4, 0, [], 4)
    assert (report.num_videos, report.num_segments) == (4, 4)
    for colour in ("red", "green", "blue", "yellow"):
        best = library.search(colour, k=2)[0]
        assert best.path == str(next(clips.rglob(f"{colour}.mp4")))
        assert best.score > 0.95
    hits = library.search("green", k=10)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert (hits[0].start_seconds, hits[0].end_seconds) == (0, pytest.approx(2, abs=0.05))
    assert hits[0].duration_seconds == hits[0].end_seconds


def test_several_videos_go_through_the_model_at_a_time(uri: str, clips: Path, colour_model) -> None:
    Library(uri, model=colour_model).add(clips)
    assert colour_model.batches == [4]


def test_batching_changes_no_vector(tmp_path: Path, clips: Path, make_model, monkeypatch: pytest.MonkeyPatch) -> None:
    Library(tmp_path / "one.lance", model=make_model()).add(clips)
    monkeypatch.setattr("framecue.library.indexing.pace.FRAMES_PER_ENCODE", 1)
    single = make_model()
    Library(tmp_path / "two.lance", model=single).add(clips)
    assert single.batches == [1, 1, 1, 1]
    for video in Store.open(str(tmp_path / "one.lance")).held().values():
        rows = [Store.open(str(tmp_path / name)).rows_of(video.video_id)[0] for name in ("one.lance", "two.lance")]
        np.testing.assert_array_equal(rows[0].vector, rows[1].vector)


def test_second_run_encodes_only_what_is_new_or_changed(uri: str, clips: Path, colour_model, write_clip) -> None:
    library = Library(uri, model=colour_model)
    library.add(clips)
    report = library.add(clips)
    assert (report.added, report.unchanged, report.encoded) == (0, 4, 0)

    write_clip(clips / "red.mp4", "white", seconds=3)
    write_clip(clips / "black.mp4", "black")
    report = library.add(clips)
    assert (report.added, report.changed, report.unchanged, report.encoded, report.num_videos) == (1, 1, 3, 2, 5)
    assert colour_model.num_encoded == 6
    assert names(library.search("white", k=1)) == ["red.mp4"]
    durations = {Path(file.path).name: file.duration_seconds for file in library.info().files}
    assert durations["red.mp4"] == pytest.approx(3, abs=0.05)
    assert library.info().num_segments == 5


def test_bad_files_are_skipped_with_reasons_and_the_rest_is_indexed(uri: str, clips: Path, colour_model) -> None:
    (clips / "empty.mp4").write_bytes(b"")
    (clips / "text.mp4").write_text("not a video " * 100)
    whole = (clips / "red.mp4").read_bytes()
    (clips / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    report = Library(uri, model=colour_model).add([clips, clips / "missing.mp4"])
    assert report.added == 4
    assert [Path(item.path).name for item in report.skipped] == ["missing.mp4", "cut.mp4", "empty.mp4", "text.mp4"]
    assert all(item.reason for item in report.skipped)
    assert Library(uri).info().num_videos == 4


def test_nothing_readable_makes_no_library(uri: str, tmp_path: Path, colour_model) -> None:
    (tmp_path / "text.mp4").write_text("not a video " * 100)
    library = Library(uri, model=colour_model)
    report = library.add(tmp_path / "text.mp4")
    assert (report.added, len(report.skipped), report.num_videos) == (0, 1, 0)
    assert not library.exists
    with pytest.raises(InputError, match="no such file"):
        library.add(tmp_path / "missing.mp4")
    assert not Path(uri).exists()


def test_vector_that_is_not_finite_is_never_stored(uri: str, clips: Path, make_model) -> None:
    class Broken(make_model):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            vectors = super().embed_videos(pixel_values)
            vectors[0] = float("nan")
            return vectors

    report = Library(uri, model=Broken()).add(clips)
    assert report.added == 3
    assert [item.reason for item in report.skipped] == [
        "the model gives no finite vector for it; check the model's weights"
    ]


def test_progress_counts_every_file_of_the_run(uri: str, clips: Path, colour_model) -> None:
    (clips / "text.mp4").write_text("not a video " * 100)
    calls: list[tuple[float, int]] = []
    Library(uri, model=colour_model).add(clips, progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {5}
    assert {1, 2, 3, 4, 5} <= {done for done, _ in calls}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError, MemoryError, GeneratorExit])
def test_a_run_that_ends_early_keeps_what_it_encoded(
    uri: str, clips: Path, make_model, error: type[BaseException]
) -> None:
    model = make_model(num_frames=64)  # one clip a batch
    told: list[tuple[int, int]] = []

    def stop(done: float, total: int) -> None:
        if done == 2:
            raise error

    with pytest.raises(error):
        Library(uri, model=model).add(clips, progress=stop, on_stop=lambda *counts: told.append(counts))
    assert told == [(2, 4)]
    assert Library(uri).info().num_videos == 2
    report = Library(uri, model=model).add(clips)
    assert (report.added, report.unchanged) == (2, 2)


def test_an_encoder_that_breaks_ends_the_run_and_loses_nothing(
    uri: str, clips: Path, make_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(num_frames=64)
    embed, calls = type(model).embed_videos, []

    def break_at_the_third(self, pixel_values):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return embed(self, pixel_values)

    with monkeypatch.context() as patch:
        patch.setattr(type(model), "embed_videos", break_at_the_third)
        with pytest.raises(RuntimeError, match="CUDA error"):
            Library(uri, model=model).add(clips)
    assert Library(uri).info().num_videos == 2


def test_a_disk_that_is_full_is_what_is_told(
    uri: str, clips: Path, colour_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self, rows, **options):
        raise LibraryError("library cannot be written: No space left on device")

    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(LibraryError, match="No space left"):
        Library(uri, model=colour_model).add(clips, on_stop=lambda *counts: told.append(counts))
    assert told == [(0, 4)]


def test_commits_come_in_batches(uri: str, clips: Path, colour_model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.library.indexing.pace.FRAMES_PER_ENCODE", 1)
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 3)
    sizes = []
    write = Store.write
    monkeypatch.setattr(
        Store, "write", lambda self, rows, **options: (sizes.append(len(rows)), write(self, rows, **options))
    )
    Library(uri, model=colour_model).add(clips)
    assert sizes == [3, 1]


def test_another_fingerprint_is_refused_by_add_and_search(uri: str, clips: Path, colour_model, make_model) -> None:
    Library(uri, model=colour_model).add(clips)
    for other, says in ((make_model(num_frames=8), "sampling.num_frames is 4, not 8"), (make_model(name="b"), '"b"')):
        library = Library(uri, model=other)
        with pytest.raises(FingerprintError, match=says):
            library.search("red")
        with pytest.raises(FingerprintError, match=says):
            library.add(clips)
        assert other.num_encoded == 0


def test_method_that_needs_the_query_is_refused(uri: str, clips: Path, make_model) -> None:
    model = make_model(offline=False)
    with pytest.raises(NotOfflineError, match="needs the query to encode a video"):
        Library(uri, model=model).add(clips)
    assert not Path(uri).exists()
    assert model.num_encoded == 0


def test_a_fusion_is_refused_with_its_name_and_what_it_can_be_used_for(
    uri: str, clips: Path, clip_folder: Path
) -> None:
    model = framecue.load_model(clip_folder, method="x-pool")
    with pytest.raises(NotOfflineError) as caught:
        Library(uri, model=model).add(clips)
    for says in ("method 'x-pool' needs the query", "a library cannot hold its vectors", "framecue evaluate --rerank"):
        assert says in str(caught.value)
    assert not Path(uri).exists()


def test_library_without_a_model_loads_the_one_it_names(
    uri: str, clips: Path, make_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(uri, model=make_model(name="mine")).add(clips)
    asked = []

    def load_model(name: str, adapter: str | None = None, **options: object):
        asked.append((name, adapter, options))
        return make_model(name=name)

    monkeypatch.setattr("framecue.model.load_model", load_model)
    library = Library(uri)
    assert library.info().fingerprint.backbone == "mine"
    assert asked == []
    assert names(library.search("red", k=1)) == ["red.mp4"]
    library.search("blue")
    added = MethodConfig.added  # which the library, that names none, has as they were
    options = {"method": "mean-pool", "options": dict(added), "revision": None, "dtype": torch.float32}
    assert asked == [("mine", None, options)]
    assert library.add(clips).unchanged == 4


def test_unchanged_files_need_no_model(uri: str, clips: Path, colour_model, monkeypatch: pytest.MonkeyPatch) -> None:
    Library(uri, model=colour_model).add(clips)
    monkeypatch.setattr("framecue.model.load_model", None)
    assert Library(uri).add(clips).unchanged == 4


def test_new_library_without_a_model_says_how_to_give_one(uri: str, clips: Path) -> None:
    with pytest.raises(InputError, match=r"framecue\.load_model\(name\)"):
        Library(uri).add(clips)


def test_library_that_does_not_exist(uri: str, colour_model) -> None:
    library = Library(uri, model=colour_model)
    assert not library.exists
    for use in (lambda: library.search("red"), library.info, lambda: library.fingerprint):
        with pytest.raises(LibraryNotFoundError, match="framecue index"):
            use()


def test_place_of_something_else_is_refused_before_anything_is_read(clips: Path, colour_model) -> None:
    with pytest.raises(LibraryError, match="not a framecue library"):
        Library(clips, model=colour_model).add(clips)
    assert colour_model.num_encoded == 0


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_query_is_refused(uri: str, text: str) -> None:
    with pytest.raises(InputError, match="the query is empty; describe"):
        Library(uri).search(text)


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_k_has_to_be_a_number_of_results(uri: str, k: object) -> None:
    with pytest.raises(InputError, match="1 or more"):
        Library(uri).search("red", k)  # type: ignore[arg-type]


def test_search_options_come_by_name_or_whole_and_the_named_one_wins(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    library.add(clips)
    whole = library.search("red", k=4)
    options = SearchOptions(k=2, offset=1, filters=Filters(path="*.mp4"))
    assert library.search("red", options=options) == library.search("red", 2, offset=1) == whole[1:3]
    assert library.search("red", 3, options=options) == whole[1:4]
    assert library.search("red", options=options, offset=2) == whole[2:4]
    assert names(library.search("red", options=options, filters=Filters(path="b*"), offset=0)) == ["blue.mp4"]
    assert library.search_many(["red", "red"], options=options) == [whole[1:3]] * 2
    assert library.search_many("red", k=1) == [whole[:1]]
    assert library.search_many([]) == []
    assert not library.search("red")[0].hybrid
    assert library.search("red", options=SearchOptions(hybrid=True))[0].hybrid
    assert options == SearchOptions(k=2, offset=1, filters=Filters(path="*.mp4"))


def test_ten_results_come_where_nothing_is_said(make_store, colour_model) -> None:
    store = make_store([{"path": f"/{i}.mp4", "vector": (1, 0, 0, i)} for i in range(12)])
    library = Library(store.uri, model=colour_model)
    assert len(library.search("red")) == len(library.search_many(["red"])[0]) == SearchOptions().k == 10


@pytest.mark.parametrize("use", ["search", "search_many", "add"])
def test_an_option_that_does_not_exist_is_a_type_error(uri: str, clips: Path, colour_model, use: str) -> None:
    library = Library(uri, model=colour_model)
    with pytest.raises(TypeError, match=r"Options.*unexpected keyword argument 'hybird'"):
        getattr(library, use)(str(clips), hybird=True)
    assert not library.exists


def test_add_options_come_by_name_or_whole_and_the_named_one_wins(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    options = AddOptions(exclude=("red.mp4",), segmentation=Segmentation("whole"), prune=True)
    report = library.add(clips, options=options)
    assert (report.uri, report.added) == (uri, 3)
    assert Store.open(uri).segmentation == Segmentation("whole")
    assert library.add(clips, options=options, exclude=()).added == 1
    (clips / "red.mp4").unlink()
    assert library.add(clips, options=options, prune=False).removed == 0
    assert library.add(clips, options=options).removed == 1
    with pytest.raises(InputError, match="cuts videos into kind whole"):
        library.add(clips, options=options, segmentation=Segmentation("windows"))
    with pytest.raises(InputError, match="stall_seconds is 0; it must be above 0"):
        library.add(clips, stall_seconds=0)


def test_the_reports_say_which_library(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    assert library.add(clips).uri == uri
    assert library.remove(clips / "red.mp4").uri == uri
    assert library.optimize().uri == library.info().uri == uri


def test_a_video_appears_once_with_its_best_moment(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    library.add(clips)
    store = Store.open(uri)
    red = store.rows_of(library.search("red", k=1)[0].video_id)[0]
    # A long video of many moments, all nearer to "red" than the second-best video; its 30th is the best.
    moments = [
        type(red)(**{
            **vars(red),
            "path": "/long.mp4",
            "video_id": "long",
            "start_seconds": float(i),
            "end_seconds": i + 1.0,
            "vector": np.array([0.5, -0.5, -0.5, 0.1 if i == 30 else 0.2 + i / 1000], dtype=np.float32),
        })
        for i in range(100)
    ]  # fmt: skip
    store.write(moments)
    hits = library.search("red", k=3)
    assert len(hits) == 3
    assert [hit.path for hit in hits].count("/long.mp4") == 1
    (long,) = (hit for hit in hits if hit.path == "/long.mp4")
    assert (long.start_seconds, long.end_seconds) == (30, 31)
    assert library.info().num_segments == 104
    assert library.info().num_videos == 5


def test_home_folder_in_both_places(clips: Path, colour_model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(clips.parent))
    library = Library("~/x.lance", model=colour_model)
    assert library.add("~/clips").added == 4
    assert library.uri == str(clips.parent / "x.lance")
    assert (clips.parent / "x.lance").is_dir()


def test_real_files_of_many_kinds_are_all_indexed(uri: str, colour_model) -> None:
    folder = Path(__file__).parents[3] / "shared" / "videos"
    if not folder.is_dir():
        pytest.skip("the shared test videos are not here")
    report = Library(uri, model=colour_model).add(folder)
    assert report.skipped == []
    assert [Path(file.path).name for file in Library(uri).info().files] == [
        "3qqEKTPxLNs_1_15.avi",
        "WTf5EgVY5uU_124_128.avi",
        "av1_video.mkv",
        "h264_10bits.mp4",
        "h265_video.mp4",
        "klteYv1Uv9A_27_33.avi",
        "nasa_13013.mp4",
    ]
    assert Library(uri).info().files[-1].duration_seconds == pytest.approx(13.013, abs=0.1)


@pytest.mark.parametrize("options", [{"prune": True}, SearchOptions(), "prune"])
def test_options_of_another_kind_are_refused(uri: str, clips: Path, colour_model, options: Any) -> None:
    with pytest.raises(InputError, match=r"options is .*; it must be AddOptions, or None"):
        Library(uri, model=colour_model).add(clips, options=options)


def test_a_library_that_was_used_can_be_sent_to_another_process(uri: str, clips: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    library.add(clips)
    copy = pickle.loads(pickle.dumps(library))
    assert copy.info() == library.info()
    assert copy.search("red", k=1) == library.search("red", k=1)


def test_its_signatures_can_be_read_by_tools() -> None:
    for method in (Library.add, Library.search, Library.search_many):
        assert "options" in get_type_hints(method)
