"""A library that gets another model: its names are taught again from what was kept of their examples."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import InputError, ModelError
from framecue.library import Library, VideoSpan, check_library
from framecue.library import again as again_module
from framecue.library.again import make_again
from framecue.library.store import Store
from framecue.library.teaching import reteach
from framecue.video import PlainFrameSource, read_moments
from support.colours import COLOURS, ColourEncoder, LearningColours, write_clip


class Wide(LearningColours):
    """Another model: its vectors are wider."""

    embedding_dim = 7

    def __init__(self, name: str = "wide") -> None:
        super().__init__(name=name)

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        return np.pad(super().embed_videos(pixel_values), ((0, 0), (0, 3)))

    def embed_texts(self, texts) -> np.ndarray:
        return np.pad(super().embed_texts(texts), ((0, 0), (0, 3)))


class WideWithout(Wide):
    """The same model, where nothing can be learnt."""

    def learn_name(self, lesson, *, on_step=None):
        raise ModelError("wide has no text tower that takes token embeddings")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two clips, with a name of a held moment, a picture in memory and a file elsewhere."""
    folder = tmp_path_factory.mktemp("made")
    for colour in ("red", "blue"):
        write_clip(folder / "clips" / f"{colour}.mp4", colour)
    elsewhere = write_clip(folder / "elsewhere.mp4", "red", seed=3)
    shutil.copy2(elsewhere, folder / "copy.mp4")
    library = Library(folder / "l.lance", model=LearningColours())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("framecue.library.indexing.runner.open_readers", lambda **options: nullcontext([read_moments]))
        patch.setattr("framecue.video.IsolatedFrameSource", PlainSource, raising=False)
        library.add(folder / "clips")
        red, blue = (library.search(colour, k=1) for colour in ("red", "blue"))
        picture = np.full((40, 40, 3), COLOURS["red"], dtype=np.uint8)
        library.teach("Rex", like=[*red, picture, VideoSpan(elsewhere, 0, 1)], unlike=blue)
    return folder


class PlainSource(PlainFrameSource):
    """Reads files in this process, as starting another one for each test would take long."""

    def __enter__(self) -> PlainSource:
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture
def clips(made: Path) -> Path:
    return made / "clips"


@pytest.fixture
def elsewhere(made: Path) -> Iterator[Path]:
    """The file of an example that is in no library; it may be taken away."""
    yield made / "elsewhere.mp4"
    shutil.copy2(made / "copy.mp4", made / "elsewhere.mp4")


@pytest.fixture
def library(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A copy of the library."""
    monkeypatch.setattr(reteach, "IsolatedFrameSource", PlainSource)
    shutil.copytree(made / "l.lance", tmp_path / "l.lance")
    return Library(tmp_path / "l.lance", model=LearningColours())


def test_names_are_taught_again_when_the_library_is_made_anew(library: Library):
    before = library.taught_names()[0]
    model = Wide()
    report = make_again(library.uri, model)
    assert (report.names_taught, report.names_left) == (["Rex"], {})
    (name,) = Library(library.uri).taught_names()
    assert [each.video_id for each in name.examples] == [each.video_id for each in before.examples]
    assert (name.fits, len(name.unlike)) == (True, 1)
    (kept,) = Store.open(library.uri).names.fitting()
    assert (kept.tokens.vectors.shape, kept.mean.shape) == ((1, 7), (7,))
    assert (model.lessons[0].examples.shape, model.lessons[0].unlike.shape) == ((3, 7), (1, 7))


def test_an_example_that_is_gone_is_left_out_and_said(library: Library, elsewhere: Path):
    elsewhere.unlink()
    said: list[str] = []
    report = make_again(library.uri, Wide(), on_notice=said.append)
    assert report.names_taught == ["Rex"]
    (notice,) = said
    assert notice == "Rex was taught again from 3 of its 4 examples: the others are gone."
    (name,) = Library(library.uri).taught_names()
    assert len(name.examples) == 2
    assert notice in name.notices


def test_a_coarse_word_that_the_model_does_not_know_is_left_out(library: Library, monkeypatch: pytest.MonkeyPatch):
    library.teach("Rex", like=[], coarse="red")
    monkeypatch.delitem(COLOURS, "red")
    assert make_again(library.uri, Wide()).names_taught == ["Rex"]
    assert Library(library.uri).taught_names()[0].coarse is None


def test_a_name_whose_examples_are_all_gone_stays_and_is_told(
    library: Library, clips: Path, tmp_path: Path, elsewhere: Path
):
    library.forget_name("Rex")
    library.teach("Rex", like=[VideoSpan(elsewhere, 0, 1)])
    away = shutil.move(elsewhere, tmp_path / "away.mp4")
    report = make_again(library.uri, Wide())
    assert report.names_taught == []
    assert "none of its examples is there any more" in report.names_left["Rex"]
    other = Library(library.uri, model=Wide())
    (name,) = other.taught_names()
    assert (name.fits, len(name.examples)) == (False, 1)
    assert "taught to another model" in name.notices[0]
    assert other.add(clips).names_left == report.names_left
    # When they are back, the next run teaches it again.
    shutil.move(away, elsewhere)
    assert other.add(clips).names_taught == ["Rex"]
    assert other.taught_names()[0].fits


def test_a_model_that_learns_no_names_leaves_them_and_is_not_asked_again(library: Library, clips: Path):
    report = make_again(library.uri, WideWithout())
    assert report.names_left == {"Rex": "wide has no text tower that takes token embeddings"}
    assert "has no text tower" in check_library(library.uri).names_left["Rex"]

    class Never(ColourEncoder):
        def fingerprint(self):
            raise AssertionError("the model is not needed")

    later = Library(library.uri)
    later._model = Never()
    assert later._kept.open().names.others()[0].failure == report.names_left["Rex"]
    # Nothing is due, so the run looks at the files alone. (A model that was given is always checked.)
    later._model = None
    assert later.add(clips).names_left == report.names_left
    # With the first model again it is understood as it was: what was kept of it still fits.
    assert make_again(library.uri, LearningColours()).names_left == {}
    assert Library(library.uri).taught_names()[0].fits


def test_a_run_that_was_killed_before_names_were_taught_is_mended_by_the_next(
    library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(again_module, "teach_again", killed)
    with pytest.raises(KeyboardInterrupt):
        make_again(library.uri, Wide())
    monkeypatch.undo()
    other = Library(library.uri, model=Wide())
    assert not other.taught_names()[0].fits
    assert other.names_due() == ["Rex"]
    assert "the next run of indexing teaches it again" in check_library(library.uri).names_left["Rex"]
    assert other.add(clips).names_taught == ["Rex"]
    assert other.add(clips).names_taught == []  # once
    assert other.names_due() == []
    assert Library(str(clips / "none.lance")).names_due() == []


def test_a_model_that_is_not_at_hand_stops_no_run(library: Library):
    store = Store.open(library.uri)
    (kept,) = store.names.read()
    store.names.write(replace(kept, made_for="another"))

    def load(_: Store) -> ColourEncoder:
        raise ModelError("it is nowhere")

    outcome = reteach.teach_again(store, load, files=library.files)
    assert outcome.report() == {"names_taught": [], "names_left": {"Rex": "it is nowhere"}}
    assert reteach.teach_again(None, load, files=library.files).report() == {"names_taught": [], "names_left": {}}


def test_a_library_without_names_is_not_looked_at_any_longer(tmp_path: Path, clips: Path):
    library = Library(tmp_path / "plain.lance", model=ColourEncoder())
    report = library.add(clips)
    assert (report.names_taught, report.names_left) == ([], {})
    assert make_again(library.uri, Wide()).names_left == {}
    assert not (tmp_path / "plain.lance" / "taught_names.lance").exists()


def test_a_process_that_is_killed_while_it_teaches_leaves_the_name_as_it_was(library: Library):
    (before,) = library.taught_names()
    program = (
        "import os, signal, sys\n"
        "from framecue.library.store.lean import import_lean; import_lean()\n"
        "from framecue.library import Library\n"
        "from support.colours import LearningColours\n"
        "library = Library(sys.argv[1], model=LearningColours())\n"
        "stop = lambda done, total: done == 3 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "library.teach('Rex', like=library.search('blue', k=1), on_step=stop)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program, library.uri], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert library.taught_names() == [before]
    with pytest.raises(InputError):
        library.teach("Rex", like=[3])  # type: ignore[list-item]
    assert len(library.teach("Rex", like=library.search("blue", k=1)).examples) == 4  # the lock is free
