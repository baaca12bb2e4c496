from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from framecue.cli import watch as watch_command
from framecue.cli.add_report import log_items
from framecue.library import AddReport, Library
from framecue.library.store import Store
from framecue.library.watching import watch
from support.recordings import record

NOTICE = "A new library takes google/siglip2-base-patch16-224"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "videos.lance")


def test_json_is_the_whole_of_standard_output(run, loader, uri: str, clips: Path) -> None:
    (clips / "text.mp4").write_text("not a video " * 100)
    result = run("index", clips, "--library", uri, "--model", "clip", "--json")
    assert result.code == 0
    report = json.loads(result.out)
    (skipped,) = report.pop("skipped")
    assert report == {
        "library": uri,
        "added": 4,
        "changed": 0,
        "moved": 0,
        "unchanged": 0,
        "encoded": 4,
        "encoded_by": None,
        "duplicates": [],
        "removed": 0,
        "removed_paths": [],
        "subtitles_updated": 0,
        "metadata_updated": 0,
        "reread": [],
        "warnings": [],
        "meaning": None,
        "meaning_taken_out": False,
        "meaning_left_out": None,
        "names_taught": [],
        "names_left": {},
        "gpu_decoded": 0,
        "gpu_fallbacks": [],
        "still_unreadable": [],
        "passed_over": {"images": 0, "sounds": 0, "others": 0, "clips": 0},
        "words": [],
        "words_failed": [],
        "words_taken_out": [],
        "words_left_out": {},
        "videos": 4,
        "images": 0,
        "segments": 4,
    }
    assert skipped["path"] == str(clips / "text.mp4")
    assert skipped["reason"]
    assert f"skipped {clips / 'text.mp4'}: {skipped['reason']}" in result.err


def test_people_get_one_summary_line(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips / "red.mp4", clips / "more", "--library", uri, "--model", "clip")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"2 added (2 encoded), 0 unchanged, 0 skipped; library {uri} holds 2 videos, 2 segments\n"


def test_model_adapter_and_dtype_are_loaded_as_named(run, loader, uri: str, clips: Path) -> None:
    args = ("--model", "clip", "--adapter", "run", "--dtype", "bfloat16")
    assert run("index", clips, "--library", uri, *args).code == 0
    assert loader.asked == [("clip", "run")]
    assert loader.options == [{"dtype": torch.bfloat16}]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_by_default_the_model_computes_in_what_is_fast_here(
    run, loader, uri: str, clips: Path, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.backbone.fast_dtype", lambda: dtype)
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    assert run("search", "red", "--library", uri, "--model", "clip").code == 0  # a query's text always in float32
    assert loader.options == [{"dtype": dtype}, {"dtype": torch.float32}]


def test_new_library_takes_a_real_model_and_says_so(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri)
    assert result.code == 0
    assert loader.asked == [("google/siglip2-base-patch16-224", None)]
    (notice,) = [line for line in result.err.splitlines() if NOTICE in line]
    assert "--model names another" in notice


def test_named_model_comes_without_the_shipped_adapter(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri, "--model", "moji-clip")
    assert loader.asked == [("moji-clip", None)]
    assert NOTICE not in result.err


def test_existing_library_reuses_its_own_model(run, loader, uri: str, clips: Path, write_clip) -> None:
    run("index", clips, "--library", uri, "--model", "clip", "--adapter", "run")
    write_clip(clips / "black.mp4", "black")
    result = run("index", clips, "--library", uri, "--json")
    report = json.loads(result.out)
    wanted = {"added": 1, "unchanged": 4, "encoded": 1, "skipped": [], "videos": 5, "segments": 5}
    assert {name: report[name] for name in wanted} == wanted
    assert loader.asked == [("clip", "run"), ("clip", "run")]
    assert NOTICE not in result.err


def test_nothing_new_loads_no_model(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    result = run("index", clips, "--library", uri)
    assert result.code == 0
    assert result.err.startswith("0 added (0 encoded), 4 unchanged, 0 skipped")
    assert len(loader.asked) == 1


def test_another_model_is_refused_even_if_nothing_is_new(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    result = run("index", clips, "--library", uri, "--model", "other")
    assert (result.code, result.out) == (1, "")
    summary, details = result.err.splitlines()
    assert summary.startswith(f"Error: library {uri} was made with another model; use its own")
    assert "framecue index --again" in summary
    assert details.strip() == 'its backbone is "clip", not "other"'


def test_adapter_alone_takes_the_librarys_model_or_is_wrong_usage(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri, "--adapter", "run")
    assert result.code == 2
    assert "name the model that it was trained on" in result.err
    run("index", clips, "--library", uri, "--model", "clip", "--adapter", "run")
    assert run("index", clips, "--library", uri, "--adapter", "run").code == 0
    assert loader.asked == [("clip", "run"), ("clip", "run")]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: None, "no video in this folder"),
        (lambda folder: folder / "missing.mp4", "no such file or folder"),
        (lambda folder: (folder / "zero.mp4").write_bytes(b"") or folder / "zero.mp4", "zero.mp4"),
        (lambda folder: (folder / "text.mp4").write_text("text\n" * 99) and folder / "text.mp4", "text.mp4"),
    ],
)
def test_nothing_that_can_be_indexed_is_one_line_and_code_1(run, loader, uri: str, tmp_path: Path, make, says) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder) or folder
    result = run("index", path, "--library", uri, "--model", "clip", "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert str(path) in result.err
    assert says in result.err
    assert not Path(uri).exists()


def test_several_unreadable_files_are_each_listed(run, loader, uri: str, tmp_path: Path) -> None:
    for name in ("a.mp4", "b\n.mp4"):
        (tmp_path / name).write_bytes(b"")
    result = run("index", tmp_path, "--library", uri, "--model", "clip")
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[0].startswith(f"skipped {tmp_path}/a.mp4: ")
    assert lines[1].startswith(f"skipped {tmp_path}/b\\n.mp4: ")
    assert lines[2] == "Error: nothing could be indexed: all 2 files were skipped"


def test_bad_path_beside_a_good_one_is_reported_and_the_good_one_indexed(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips / "missing.mp4", clips, "--library", uri, "--model", "clip", "--json")
    assert result.code == 0
    report = json.loads(result.out)
    assert report["added"] == 4
    assert report["skipped"] == [{"path": str(clips / "missing.mp4"), "reason": "no such file or folder"}]


def test_wrong_path_is_told_before_a_model_is_loaded(run, loader, uri: str, tmp_path: Path) -> None:
    assert run("index", tmp_path / "missing.mp4", "--library", uri).code == 1
    assert loader.asked == []


def test_place_of_something_else_is_refused(run, loader, clips: Path) -> None:
    result = run("index", clips, "--library", clips)
    assert result.code == 1
    assert result.err == f"Error: {clips} is a folder, but not a framecue library; name another place\n"


def test_a_renamed_folder_says_moved_and_encodes_nothing(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    new = clips.rename(clips.with_name("renamed"))
    result = run("index", new, "--library", uri, "--json")
    report = json.loads(result.out)
    assert (report["added"], report["moved"], report["encoded"], report["videos"]) == (0, 4, 0, 4)
    assert "0 added (0 encoded), 4 moved, 0 unchanged, 0 skipped" in result.err
    assert sum(model.num_encoded for model in loader.models) == 4


def test_prune_exclude_and_duplicates(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip", "--exclude", "more", "--exclude", "b*.mp4")
    assert len(json.loads(run("info", uri, "--json").out)["files"]) == 2
    (clips / "red.mp4").unlink()
    (clips / "copy.mp4").write_bytes((clips / "green.mp4").read_bytes())
    result = run("index", clips, "--library", uri, "--prune", "--exclude", "more", "--exclude", "b*.mp4", "--json")
    report = json.loads(result.out)
    duplicate = {"path": str(clips / "copy.mp4"), "original": str(clips / "green.mp4")}
    assert (report["removed"], report["duplicates"], report["videos"]) == (1, [duplicate], 1)
    assert f"duplicate {duplicate['path']}: the same as {duplicate['original']}" in result.err
    assert "1 duplicate, 1 removed" in result.err
    assert f"removed {clips / 'red.mp4'}: it is gone\n" in result.err
    assert report["removed_paths"] == [str(clips / "red.mp4")]
    assert json.loads(run("info", uri, "--json").out)["duplicates"] == [duplicate]
    assert duplicate["path"] in run("info", uri, "--files").out


def test_what_is_gone_is_told_of_without_prune(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    (clips / "red.mp4").rename(clips / "moved.mp4")
    (clips / "blue.mp4").unlink()
    result = run("index", clips, "--library", uri)
    said = f"1 file is gone, such as {clips / 'blue.mp4'}; --prune takes it out of the library"
    assert (result.code, result.err.splitlines()[0]) == (0, said)
    (clips / "green.mp4").unlink()
    assert "2 files are gone" in run("index", clips, "--library", uri).err
    for option in ("--clip", "--open"):
        gone = run("search", "blue", "--library", uri, option, "1")
        assert gone.code == 1
        assert "no such file; `framecue index FOLDER --prune` takes it out" in gone.err
    pruned = run("index", clips, "--library", uri, "--prune").err
    assert "are gone" not in pruned
    assert pruned.count("it is gone") == 2


def test_empty_glob_is_one_line(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri, "--exclude", "")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: the glob to exclude is ''")
    assert result.err.count("\n") == 1


def test_words_beside_videos_are_brought_up_to_date(run, loader, uri: str, clips: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    (clips / "red.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\na red rose\n")
    (clips / "blue.srt").write_text("not a subtitle")
    result = run("index", clips, "--library", uri, "--json")
    assert "0 added (0 encoded), subtitles of 2 files updated, 4 unchanged, 1 skipped" in result.err
    assert f"skipped {clips / 'blue.srt'}: no subtitles in it" in result.err
    assert json.loads(result.out)["subtitles_updated"] == 2
    assert len(loader.asked) == 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released for each summary that `--watch` shows; files have to be still for a moment only."""
    told = threading.Semaphore(0)
    real = watch_command.log_counts

    def log_counts(*args: object) -> None:
        real(*args)
        told.release()

    monkeypatch.setattr(watch_command, "log_counts", log_counts)
    monkeypatch.setattr(watch, "WatchOptions", partial(watch.WatchOptions, settle_seconds=0.2))
    return told


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_watch_follows_until_it_is_stopped(run, loader, told, uri: str, clips: Path, write_clip, how) -> None:
    for path in clips.rglob("*.mp4"):
        os.utime(path, (1000, 1000))
    white = write_clip(clips.parent / "white.mp4", "white")
    seen: list[bool] = []

    def act() -> None:
        seen.append(told.acquire(timeout=60))
        white.rename(clips / "white.mp4")
        seen.append(told.acquire(timeout=60))
        os.kill(os.getpid(), how)

    thread = threading.Thread(target=act)
    thread.start()
    before = signal.getsignal(signal.SIGTERM)
    result = run("index", clips, "--library", uri, "--model", "clip", "--watch", "--json")
    thread.join()
    assert seen == [True, True]
    assert signal.getsignal(signal.SIGTERM) is before
    assert result.code == 0
    first, second = map(json.loads, result.out.splitlines())
    assert (first["added"], second["added"], second["unchanged"], second["videos"]) == (4, 1, 0, 5)
    assert result.err.splitlines() == [
        f"4 added (4 encoded), 0 unchanged, 0 skipped; library {uri} holds 4 videos, 4 segments",
        f"watching {clips}; Ctrl-C stops",
        f"1 added (1 encoded), 0 unchanged, 0 skipped; library {uri} holds 5 videos, 5 segments",
        "stopped: 5 added, 0 changed, 0 moved, 0 removed in all",
    ]
    assert len(loader.asked) == 1
    once = json.loads(run("index", clips, "--library", uri, "--json").out)
    assert list(first) == list(second) == list(once)


def test_watch_that_is_stopped_in_its_first_run_says_so(
    run, loader, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "add", stop)
    result = run("index", clips, "--library", uri, "--model", "clip", "--watch")
    assert (result.code, result.err.strip()) == (
        130,
        "stopped: what was indexed is in the library; the same command goes on",
    )


def test_watch_options_are_checked(run, loader, uri: str, clips: Path) -> None:
    result = run("index", clips, "--library", uri, "--poll", "5")
    assert (result.code, result.out) == (2, "")
    assert "--poll is given without --watch" in result.err
    result = run("index", clips, "--library", uri, "--watch", "--poll", "0")
    assert (result.code, result.err) == (1, "Error: poll_seconds is 0.0; it must be more than 0\n")
    result = run("index", clips / "nowhere", "--library", uri, "--watch")
    assert result.code == 1
    assert f"nothing to watch: there is nothing at {clips / 'nowhere'}" in result.err
    assert loader.asked == []


def test_what_is_left_alone_is_counted_in_a_line_and_no_more(run, loader, uri: str, clips: Path) -> None:
    for number in range(3):
        (clips / f"{number}.mp4").write_bytes(b"noise" * 999 + bytes([number]))
        (clips / f"{number}.ts").write_text("let a = 1;\n")
        Image.new("RGB", (64, 48), (9 * number, 9, 9)).save(clips / f"{number}.png")
    first = run("index", clips, "--library", uri, "--model", "clip")
    assert first.err.count("skipped ") == 3
    second = run("index", clips, "--library", uri)
    assert second.code == 0
    assert second.err.splitlines() == [
        f"3 files still cannot be read; `framecue info {uri} --files` lists why, --retry reads again",
        "passed over: 3 pictures (--images indexes them), 3 other files with a video's suffix",
        f"0 added (0 encoded), 4 unchanged, 0 skipped; library {uri} holds 4 videos, 4 segments",
    ]
    third = run("index", clips, "--library", uri, "--images", "--retry", "--json")
    assert third.err.splitlines()[-2:] == [
        "passed over: 3 other files with a video's suffix",
        f"3 added (3 encoded), 4 unchanged, 3 skipped; library {uri} holds 4 videos, 3 pictures, 7 segments",
    ]
    report = json.loads(third.out)
    assert report["passed_over"] == {"images": 0, "sounds": 0, "others": 3, "clips": 0}
    assert (report["videos"], report["images"], len(report["skipped"])) == (4, 3, 3)


def test_a_run_of_which_nothing_is_new_and_nothing_readable(run, loader, uri: str, clips: Path, tmp_path: Path) -> None:
    run("index", clips, "--library", uri, "--model", "clip")
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "noise.mp4").write_bytes(b"noise" * 999)
    (folder / "song.mod").write_bytes(bytes(1080) + b"M.K." + bytes(99))
    run("index", folder, "--library", uri)
    again = run("index", folder, "--library", uri)
    assert again.code == 0
    assert again.err.startswith("1 file still cannot be read")


def test_a_file_that_lacks_a_part_is_indexed_and_told(run, loader, uri: str, tmp_path: Path) -> None:
    path = record(tmp_path / "film.mkv", pictures=(0, 20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = run("index", path, "--library", uri, "--model", "clip", "--json")
    report = json.loads(result.out)
    (doubt,) = report["warnings"]
    assert (result.code, report["added"], doubt["path"]) == (0, 1, str(path))
    assert doubt["reason"].endswith("seconds are there: it is damaged or was cut off")
    assert f"warning {path}: indexed, but {doubt['reason']}" in result.err


def test_files_that_an_older_framecue_read_otherwise_are_told(run, loader, uri: str, tmp_path: Path) -> None:
    path = record(tmp_path / "late.mkv", pictures=(5, 8), sound=(0, 8))
    assert run("index", path, "--library", uri, "--model", "clip").code == 0
    store = Store.open(uri)
    (row,) = store.rows_at([str(path)])[str(path)]
    store.write([replace(row, start_seconds=0.0, reading=None)], replacing=[str(path)])
    result = run("index", path, "--library", uri, "--json")
    assert json.loads(result.out)["reread"] == [{"path": str(path), "reason": "times"}]
    assert result.err.splitlines() == [
        "1 file that an older framecue indexed with other times or shapes: encoding again 1 for times",
        f"0 added (1 encoded), 1 encoded again, 0 unchanged, 0 skipped; library {uri} holds 1 video, 1 segment",
    ]


def test_what_a_gpu_decoded_is_said_with_the_reasons_for_what_it_did_not(capsys) -> None:
    from framecue.cli.add_report import log_counts
    from framecue.library import AddReport
    from framecue.library.results import Remark

    kind = "files of the kind avi are decoded by PyAV"
    fallbacks = [Remark("a.avi", kind), Remark("b.mp4", "its pictures are turned"), Remark("c.avi", kind)]
    counts = {"unchanged": 0, "encoded": 5, "num_videos": 5, "num_segments": 9}
    log_counts(AddReport(uri="v", added=5, skipped=[], gpu_decoded=2, gpu_fallbacks=fallbacks, **counts))
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("framecue: ") for line in lines[:3]] == [
        "2 videos decoded on the GPU",
        f"2 videos for the GPU decoded by the processor: {kind}",
        "1 video for the GPU decoded by the processor: its pictures are turned",
    ]


def test_decoding_on_a_gpu_without_torchcodec_names_the_extra(run, loader, uri: str, clips: Path) -> None:
    result = run("index", str(clips), "--library", uri, "--gpu-decode")
    assert result.code == 1
    assert "install the extra gpu-decode (pip install 'framecue[gpu-decode]')" in result.err


def test_what_became_of_taught_names_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    log_items(AddReport("v.lance", 0, 1, [], 0, 1, 1, names_taught=["Rex", "Max"], names_left={"Bella": "all is gone"}))
    assert capsys.readouterr().err == (
        "taught again to the library's model: Rex, Max\nthe taught name 'Bella' is not understood: all is gone\n"
    )
