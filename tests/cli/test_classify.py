from __future__ import annotations

import json
from pathlib import Path

import pytest

LABELS = ["--label", "red", "--label", "green", "--label", "blue", "--template", "{}"]


def cells(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line.strip(" ─")]


def test_a_table_of_the_likeliest_labels(run, loader, clips: Path) -> None:
    result = run("classify", clips / "red.mp4", clips / "blue.mp4", *LABELS, "-k", 2, "--model", "clip")
    assert result.code == 0, result.err
    head, *rows = cells(result.out)
    assert head == ["label", "probability", "score", "path"]
    assert [row[0] for row in rows[::2]] == ["red", "blue"]
    assert [row[-1] for row in rows[::2]] == [str(clips / "red.mp4"), str(clips / "blue.mp4")]
    assert [len(row) for row in rows] == [4, 3, 4, 3]
    assert loader.asked == [("clip", None)]


def test_folders_labels_of_a_file_and_the_usual_model(run, loader, clips: Path, tmp_path: Path) -> None:
    (clips / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\nyellow\n")
    (tmp_path / "templates.txt").write_text("{}\n")
    named = ("--labels", tmp_path / "labels.txt", "--templates", tmp_path / "templates.txt")
    result = run("classify", clips, clips / "none.mp4", *named, "--json")
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert [(Path(one["path"]).stem, one["predictions"][0]["label"]) for one in document["videos"]] == [
        (name, name) for name in ("blue", "green", "red", "yellow")
    ]
    assert {Path(one["path"]).name for one in document["skipped"]} == {"broken.mp4", "none.mp4"}
    assert [line.split(":")[0] for line in result.err.splitlines()] == [
        f"skipped {clips / 'none.mp4'}",
        f"skipped {clips / 'broken.mp4'}",
    ]
    assert loader.asked == [("google/siglip2-base-patch16-224", None)]


def test_truth_names_the_videos_and_gives_the_accuracy(run, loader, clips: Path) -> None:
    (clips / "truth.csv").write_text("video,label\nred.mp4,red\ngreen.mp4,blue\ngone.mp4,red\nmore/yellow.mp4,green\n")
    given = ("--truth", clips / "truth.csv", "--model", "clip", "--template", "{}")
    result = run("classify", *given, *LABELS[:6], "-k", 1)
    assert result.code == 0, result.err
    assert "top-1 25.0 [4.6, 69.9], top-5 75.0 [30.1, 95.4], mean of 3 classes 16.7" in result.out
    assert "4 videos with a known label, 1 of them unreadable and so wrong" in result.err
    # Without labels, those of the file; with videos, these alone, and what is not there is wrong all the same.
    document = json.loads(run("classify", *given, clips / "red.mp4", clips / "gone.mp4", "--json").out)
    assert (document["labels"], document["accuracy"]["videos"], document["accuracy"]["unreadable"]) == (3, 2, 1)
    assert document["videos"][0]["true_rank"] == 1
    result = run("classify", *given, clips / "blue.mp4")
    assert result.code == 0
    assert "none of the videos is in the file of --truth" in result.err


def test_moments(run, loader, clips: Path) -> None:
    result = run("classify", f"{clips / 'green.mp4'}@0:00.5-0:01.5", *LABELS, "--model", "clip", "--json")
    (video,) = json.loads(result.out)["videos"]
    assert (video["path"], video["start_seconds"], video["end_seconds"]) == (str(clips / "green.mp4"), 0.5, 1.5)
    result = run("classify", f"{clips / 'green.mp4'}@1-2", f"{clips / 'red.mp4'}@50-60", *LABELS, "--model", "clip")
    assert result.code == 0
    assert "green.mp4@0:01-0:02" in result.out
    assert "skipped " in result.err
    assert "red.mp4@0:50-1:00" in result.err


def test_one_question_about_each_video(run, loader, clips: Path) -> None:
    answers = ("--answer", "blue", "--answer", "red")
    result = run("classify", clips / "red.mp4", clips / "blue.mp4", *answers, "--model", "clip")
    assert result.code == 0, result.err
    head, *rows = cells(result.out)
    assert head == ["answer", "probability", "score", "question", "path"]
    assert [row[0] for row in rows] == ["red", "blue"]


def test_questions_of_a_file(run, clip_folder: Path, clips: Path) -> None:
    lines = [
        {"video": "red.mp4", "question": "the cat is", "answers": ["here", "in the car"], "answer": 0},
        {"video": "none.mp4", "answers": ["a cat", "a dog", "a car"], "answer": "a dog"},
    ]
    (clips / "q.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = run("classify", "--questions", clips / "q.jsonl", "--model", clip_folder)
    assert result.code == 0, result.err
    assert cells(result.out)[0][-1] == "right"
    assert "chance 41.7" in result.out
    assert "2 questions with a known answer, 1 of them about unreadable videos and so wrong; 95%" in result.err
    assert f"skipped {clips / 'none.mp4'}: no such file" in result.err


def test_nothing_but_bad_files(run, loader, clips: Path) -> None:
    given = (*LABELS, "--model", "clip")
    assert run("classify", clips / "none.mp4", *given) == (
        1,
        "",
        f"Error: {clips / 'none.mp4'}: no such file or folder\n",
    )
    (clips / "bad.mp4").write_bytes(b"no video")
    result = run("classify", clips / "bad.mp4", *given)
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    (clips / "worse.mp4").write_bytes(b"")
    result = run("classify", clips / "bad.mp4", clips / "worse.mp4", *given, "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == "Error: none of the 2 files could be read"


def test_mistakes_are_told_before_a_model_is_loaded(run, loader, clips: Path) -> None:
    (clips / "labels.txt").write_text("red\nred\n")
    (clips / "q.jsonl").write_text("{}\n")
    for args, says in (
        (("red.mp4", "--labels", clips / "labels.txt"), "labels.txt, line 2: the label 'red' is there already"),
        ((clips / "red.mp4", *LABELS[:6], "--template", "a video"), "has no {} for the label"),
        (("--questions", clips / "q.jsonl"), "q.jsonl, line 1: no key 'video'"),
        (("--truth", clips / "none.csv"), "none.csv: cannot be read"),
        ((clips / "red.mp4", "--labels", ""), "is no file"),
    ):
        result = run("classify", *args)
        assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
        assert says in result.err
    assert loader.asked == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["a.mp4"], "nothing to choose from; give --labels FILE, or --questions FILE"),
        (["--label", "x"], "Missing argument 'VIDEO...'"),
        (["a.mp4", "--label", "x", "--labels", "y"], "--label is given beside --labels"),
        (["a.mp4", "--label", "x", "--template", "y", "--templates", "z"], "--template is given beside --templates"),
        (["a.mp4", "--label", "x", "--answer", "y"], "labels are given beside questions"),
        (["a.mp4", "--questions", "x"], "--questions names the videos"),
        (["a.mp4", "--question", "x"], "--question is given without --answer"),
        (["a.mp4", "--label", "x", "-k", "0"], "x>=1"),
    ],
)
def test_wrong_usage(run, args: list[str], says: str) -> None:
    result = run("classify", *args)
    assert (result.code, result.out) == (2, "")
    assert says in result.err


def test_an_adapter_needs_its_model(run, clips: Path) -> None:
    result = run("classify", clips / "red.mp4", *LABELS, "--adapter", "moji-prompt-switch")
    assert result.code == 2
    assert "--adapter is given without --model" in result.err
