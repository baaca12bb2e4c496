from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import framecue
from framecue.cli import demo as demo_module
from framecue.cli.demo_stranger import NAME, STRANGER
from framecue.cli.serve import serve
from framecue.datasets.captions import Clip, read_captions, write_captions
from framecue.datasets.moji_motion import film
from framecue.datasets.moji_motion.files import draw_meanings, write_clips
from framecue.datasets.moji_motion.grammar import captions
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.encoder import Fingerprint
from framecue.names.taught import Lesson, TaughtTokens
from framecue.video import FrameSampling, read_frames

WRITE_FILM = film.write_film

NUM_CLIPS = 14


def parse(key: str) -> Meaning:
    for relation in ("while", "then"):
        first, found, second = key.partition(f" {relation} ")
        if found:
            return Meaning(Act(*first.split(":")), relation, Act(*second.split(":")))
    return Meaning(Act(*key.split(":")))


@cache
def describes(text: str, meaning: Meaning) -> bool:
    """Whether a text is a caption of a meaning, which has at most 288; so many draws find them."""
    rng = np.random.default_rng(0)
    return any(captions(meaning, rng, num_captions=1)[0] == text for _ in range(4_000))


class Oracle:
    """Finds the one clip that a text describes by what `captions.jsonl` says the clips mean.

    A clip's vector is its frames in small, in their order.
    """

    offline = True
    sampling = FrameSampling(6)
    embedding_dim = 6 * 3 * 8 * 8
    short_side = 16

    def __init__(self, folder: Path, film: dict[str, Any], *, name: str = "oracle") -> None:
        self.folder, self.film, self.name = folder, film, name

    def fingerprint(self) -> Fingerprint:
        return Fingerprint(backbone=self.name, embedding_dim=self.embedding_dim, sampling=self.sampling)

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255 - 0.5
        return torch.nn.functional.adaptive_avg_pool2d(pixels, 8).numpy()

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        flat = pixel_values.reshape(len(pixel_values), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        assert len(lesson.examples) == 3
        return TaughtTokens(lesson.name, lesson.examples[:1], ("qx",))

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        # Who was taught is known; the sentences in which a name was learnt are not looked at.
        (name,) = names
        return self.embed_texts([text.replace(name.name, f"the {STRANGER}") for text in texts])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.concatenate([self.embed_videos(self.prepare(self.shown(text))[None]) for text in texts])

    def shown(self, text: str) -> np.ndarray:
        for event in self.film.get("events", []):
            if event.caption == text:
                span = {"start_seconds": event.start_seconds, "end_seconds": event.end_seconds}
                return read_frames(self.film["path"], self.sampling, **span).pixels
        if NAME in text:
            return np.full((6, 16, 16, 3), 128, np.uint8)
        clips = [*read_captions(self.folder), *read_captions(self.folder / "taught")]
        words = set(text.replace(",", " ").split())
        meant = [(clip, parse(clip.metadata["meaning"])) for clip in clips]
        likely = [item for item in meant if {act.actor for act in item[1].acts} <= words]
        (clip,) = [clip for clip, meaning in likely if describes(text, meaning)]
        return read_frames(clip.video, self.sampling).pixels


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, str | None]]]:
    """Fewer and smaller clips, and the oracle for a model."""

    def install(folder: Path, **options: str) -> list[tuple[str, str | None]]:
        asked = []
        shown_film: dict[str, Any] = {}

        def write_film(path: Path, *args: Any, **kwargs: Any) -> list[film.Event]:
            shown_film.update(path=path, events=WRITE_FILM(path, *args, **kwargs))
            return shown_film["events"]

        def load_model(name: str, adapter: str | None = None) -> Oracle:
            asked.append((name, adapter))
            return Oracle(folder, shown_film, **options)

        monkeypatch.setattr(demo_module, "NUM_CLIPS", NUM_CLIPS)
        monkeypatch.setattr("framecue.datasets.moji_motion.files.IMAGE_SIZE", 64)
        monkeypatch.setattr(film, "IMAGE_SIZE", 64)
        monkeypatch.setattr(film, "write_film", write_film)
        monkeypatch.setattr("framecue.model.load_model", load_model)
        return asked

    return install


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo may have run before; its name has a blank."""
    return tmp_path_factory.mktemp("my demo") / "demo"


@pytest.fixture(scope="module")
def kept() -> list[tuple[list[tuple[str, str | None]], Any]]:
    """What models the demo asked for in that folder, and what came of it, once `made` has run it."""
    return []


@pytest.fixture
def made(run, small_demo, shared: Path, kept: list[Any]) -> tuple[list[tuple[str, str | None]], Any]:
    """Run the demo in that folder, once for all tests that only look at what it gives: the same as in `kept`."""
    if not kept:
        asked = small_demo(shared)
        result = run("demo", "--dir", shared, "--json")
        assert result.code == 0
        kept.append((asked, result))
    return kept[0]


def test_json(made, shared: Path) -> None:
    folder = shared
    asked, result = made
    document = json.loads(result.out)
    assert asked == [("moji-clip", "moji-prompt-switch")]
    assert document.keys() == {"folder", "library", "sheet", "right_first", "searches", "taught"}
    assert document["library"] == str(folder / "videos.lance")
    assert document["right_first"] == 5
    assert len(document["searches"]) == 5
    for search in document["searches"]:
        assert search.keys() == {"query", "expected", "expected_seconds", "results"}
        assert [hit["rank"] for hit in search["results"]] == [1, 2, 3]
        assert [hit["right"] for hit in search["results"]] == [True, False, False]
        assert search["results"][0]["path"] == search["expected"]
        assert Path(search["expected"]).is_file()
        scores = [hit["score"] for hit in search["results"]]
        assert 1.001 >= scores[0] > scores[1] >= scores[2]
    assert [search["expected_seconds"] is None for search in document["searches"]] == [True] * 4 + [False]
    moment = document["searches"][-1]
    found = [moment["results"][0][name] for name in ("start_seconds", "end_seconds")]
    assert moment["expected"] == str(folder / "film.mp4")
    assert found == pytest.approx(moment["expected_seconds"], abs=1.5)
    assert found[0] > 0
    with Image.open(document["sheet"]) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 3 * 5 * 84
        assert (np.asarray(sheet.convert("RGB")) == (20, 140, 70)).all(axis=-1).any()  # the mark of the right answer
    assert len(read_captions(folder, "test")) == NUM_CLIPS
    taught = document["taught"]
    paths = [str(folder / "taught" / "clips" / f"0000{number}.mp4") for number in range(4)]
    assert (taught["examples"], taught["expected"]) == (paths[:3], paths[3])
    assert (taught["name"], taught["query"], taught["rank"]) == (NAME, f"{NAME} falls", 1)
    assert taught["rank_before"] > 1
    assert [hit["right"] for hit in taught["results"]] == [True, False, False]
    (name,) = framecue.Library(document["library"]).taught_names()
    assert [example.path for example in name.examples] == paths[:3]


def test_the_searches_are_of_each_kind_and_two_differ_in_order_alone(made, shared: Path) -> None:
    document = json.loads(made[1].out)
    meanings = {str(clip.video): parse(clip.metadata["meaning"]) for clip in read_captions(shared)}
    assert len(set(meanings.values())) == NUM_CLIPS
    expected = [meanings[search["expected"]] for search in document["searches"][:-1]]
    queries = [search["query"] for search in document["searches"][:-1]]
    assert len(set(expected)) == 4
    assert Counter(meaning.relation for meaning in expected) == {"then": 3, "while": 1}
    first, second = expected[:2]
    assert first.swapped() == second != first
    words = [sorted(query.replace(",", "").split()) for query in queries[:2]]
    assert words[0] == words[1]
    assert queries[0] != queries[1]
    for query, meaning in zip(queries, expected, strict=True):
        assert describes(query, meaning)


def test_the_table_marks_the_right_answers(run, small_demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Under a link, and from a folder above: names as they are given have to meet the library's.
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "real")
    small_demo(tmp_path / "link" / "demo")
    result = run("demo", "--dir", "../link/demo")
    assert result.code == 0
    lines = [line.rstrip() for line in result.out.splitlines() if line.strip(" ─")]
    assert lines[0].split() == ["search", "rank", "score", "time", "clip"]
    # What is said of a table stands below it: five searches, and the one with the name.
    end = next(number for number, line in enumerate(lines) if line.startswith("The right moment"))
    assert lines[end] == "The right moment came first in 5 of 5 searches. See them in ../link/demo/searches.png"
    assert lines[end + 1].split() == lines[0].split()
    for rows, number in ((lines[1:end], 5), (lines[end + 2 : -3], 1)):
        assert [row.endswith("<- right") for row in rows] == [True, False, False] * number
    assert re.fullmatch(
        rf'{NAME} was taught from 3 clips in \d+ s: "{NAME} falls" finds a fourth one at place 1, '
        r"which was at \d+ before\.",
        lines[-3],
    )
    # Clips of the two data sets in the folder are called alike.
    shown = [row.removesuffix("<- right").split()[-1] for row in lines if row.endswith("<- right")]
    assert shown[-2:] == ["film.mp4", "taught/clips/00003.mp4"]
    assert {path.rpartition("/")[0] for path in shown[:-2]} == {"clips"}
    assert all(tmp_path.joinpath("real", "demo", path).is_file() for path in shown)
    assert lines[-2].startswith("Search on: framecue search")
    takes, drawing = result.err.splitlines()[:2]
    assert takes.startswith("This takes about a minute, on a slow or busy machine a few")
    assert drawing == f"Drawing {NUM_CLIPS} clips in ../link/demo/clips, and a film of a minute"


@pytest.mark.parametrize("has_serve", [True, False])
def test_it_ends_with_how_to_open_the_page(
    run, small_demo, shared: Path, monkeypatch: pytest.MonkeyPatch, has_serve: bool
) -> None:
    # The folder's name has a blank, so that the line has to be quoted to work where it is typed.
    folder = shared
    small_demo(folder)
    monkeypatch.setattr(demo_module, "has_extra", lambda name: {"serve": has_serve}[name])
    last = run("demo", "--dir", folder).out.splitlines()[-1]
    begins, _, command = last.partition(": ")
    assert begins == "In the browser"
    words = shlex.split(command)
    if not has_serve:
        assert words[:4] == ["pip", "install", "framecue[serve]", "&&"]
        words = words[4:]
    assert words == ["framecue", "serve", "--library", str(folder / "videos.lance")]
    # Those are words of the command, and that is the library.
    given = serve.make_context("serve", words[2:], resilient_parsing=True).params
    assert given["uris"] == (str(folder / "videos.lance"),)
    assert framecue.Library(words[-1]).info().num_videos == NUM_CLIPS + 4 + 1


def test_again_in_the_same_folder(run, small_demo, made, shared: Path) -> None:
    small_demo(shared)
    (shared / "clips" / "00003.mp4").unlink()
    # A video of one's own in the folder is not the demo's.
    own = shared / "clips" / "holiday.mp4"
    own.write_bytes(b"not the demo's business")
    second = run("demo", "--dir", shared, "--json")
    own.unlink()
    assert second.code == 0
    assert second.out == made[1].out
    assert "holiday" not in second.err


def test_a_library_of_another_model_says_what_to_do(run, small_demo, made, shared: Path) -> None:
    small_demo(shared, name="another oracle")
    result = run("demo", "--dir", shared, "--json")
    assert (result.code, result.out) == (1, "")
    error = result.err.splitlines()[-1]
    assert error.startswith(f"Error: library {shared / 'videos.lance'} was made with another model")
    assert f"remove {shared} or give another --dir" in error


@pytest.mark.parametrize("kind", ["another MojiMotion", "one's own"])
def test_other_datasets_are_left_alone(run, small_demo, tmp_path: Path, kind: str) -> None:
    small_demo(tmp_path)
    if kind == "one's own":
        write_captions(tmp_path, [Clip(tmp_path / "a.mp4", ("a dog runs",), "train")])
    else:
        write_clips(tmp_path, list(draw_meanings("val", num_clips=1, rng=np.random.default_rng(0))), seed=0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    result = run("demo", "--dir", tmp_path, "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert str(tmp_path) in result.err
    assert "give another" in result.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_wrong_usage(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder, says in ((tmp_path / "file", "is a file"), ("", "is empty")):
        result = run("demo", "--dir", folder)
        assert (result.code, result.out) == (2, "")
        assert says in result.err
        assert result.err.count("\n") == 1
