"""Nothing of the user's is overwritten: refusing, writing beside, renaming, and cleaning up after killed runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from framecue import outputs
from framecue.errors import InputError, OutputError
from framecue.outputs import check_output, partial_beside, written_beside

posix = pytest.mark.skipif(os.name != "posix", reason="links and devices")


def test_it_appears_when_it_is_whole(tmp_path: Path) -> None:
    with written_beside(tmp_path / "a.png") as partial:
        assert (partial.parent, partial.suffix) == (tmp_path, ".png")
        partial.write_text("whole")
        assert not (tmp_path / "a.png").exists()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.png", "whole")]


def test_what_exists_is_refused_and_replaced_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_text("mine")
    with pytest.raises(InputError, match=r"a\.png: exists already; .*\(overwrite=True\)$"):
        check_output(file)
    with pytest.raises(InputError, match="exists already"), written_beside(file):
        raise AssertionError("nothing is begun")
    with written_beside(file, overwrite=True) as partial:
        partial.write_text("new")
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("a.png", "new")]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("other")])
def test_a_failure_leaves_what_was_there(tmp_path: Path, overwrite: bool, error: BaseException) -> None:
    file = tmp_path / "a.png"
    if overwrite:
        file.write_text("mine")

    def failing() -> None:
        with written_beside(file, overwrite=overwrite) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(type(error)):
        failing()
    assert [found.read_text() for found in tmp_path.iterdir()] == (["mine"] if overwrite else [])


def test_what_has_appeared_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_links(source: Path, target: Path) -> None:
        raise PermissionError

    for has_links in (True, False):
        if not has_links:
            monkeypatch.setattr(os, "link", without_links)
        file = tmp_path / f"{has_links}.png"

        def late(file: Path = file) -> None:
            with written_beside(file) as partial:
                partial.write_text("new")
                file.write_text("mine")

        with pytest.raises(InputError, match="exists already"):
            late()
        assert file.read_text() == "mine"
        with written_beside(tmp_path / f"{has_links}-2.png") as partial:
            partial.write_text("new")
    assert len(list(tmp_path.iterdir())) == 4


@posix
@pytest.mark.parametrize("kind", ["name", "symbolic", "hard", "dotted", "relative"])
def test_kept_files_are_never_replaced_by_any_name(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    video, other = tmp_path / "film.mp4", tmp_path / "other.mp4"
    video.write_text("mine")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    names = {"dotted": tmp_path / "folder" / ".." / "film.mp4", "relative": Path("film.mp4"), "name": video}
    if kind == "symbolic":
        other.symlink_to(video)
    elif kind == "hard":
        os.link(video, other)
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"is the video itself.*, which is never replaced; name another file$"):
            check_output(names.get(kind, other), overwrite=overwrite, kept=lambda: [tmp_path / "gone.mp4", video])


@posix
def test_a_link_is_replaced_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    link = tmp_path / "a.png"
    link.symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match="exists already"):
        check_output(link)
    with written_beside(link, overwrite=True) as partial:
        partial.write_text("new")
    assert ((tmp_path / "precious").read_text(), link.read_text(), link.is_symlink()) == ("mine", "new", False)
    dangling = tmp_path / "b.png"
    dangling.symlink_to(tmp_path / "nothing")
    with pytest.raises(InputError, match="exists already"):
        check_output(dangling)


@posix
def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    for name, says in [
        ("folder", "is a folder; name the file to write"),
        ("pipe", "is no regular file"),
        ("none/a.png", r"cannot be written \(No such file or directory\)"),
        ("file/a.png", "cannot be written"),
        ("x" * 300, "cannot be written"),
        ("a\0b", "cannot be written"),
    ]:
        for overwrite in (False, True):
            with pytest.raises(InputError, match=says):
                check_output(tmp_path / name, overwrite=overwrite)
    with pytest.raises(InputError, match="is no regular file"):
        check_output("/dev/null", overwrite=True)


@pytest.mark.parametrize("url", ["s3://bucket/a.png", "https://example.org/a.png", "gs://b/c"])
def test_a_place_on_no_disk(url: str) -> None:
    for given in (url, Path(url)):
        with pytest.raises(InputError, match=f"^{url}: files in object stores and on the web cannot be written yet"):
            check_output(given)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", forbidden)
    with (
        pytest.raises(OutputError, match=r"a\.png: cannot be written \(Permission denied\)"),
        written_beside(tmp_path / "a.png", overwrite=True) as partial,
    ):
        partial.write_text("new")
    assert not list(tmp_path.iterdir())


def test_folders_too(tmp_path: Path) -> None:
    with written_beside(tmp_path / "made") as partial:
        partial.mkdir()
        (partial / "file").write_text("whole")
    assert [file.name for file in tmp_path.rglob("*")] == ["made", "file"]


@posix
def test_what_killed_runs_left_is_removed_and_what_others_write_is_not(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from framecue.outputs import written_beside\n"
        "with written_beside(sys.argv[1]) as partial:\n"
        "    partial.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.png")], env=environment, check=False)
    (left,) = tmp_path.iterdir()
    running = partial_beside(tmp_path / "b.png")
    running.write_text("half")
    assert not left.exists()
    elsewhere = running.with_name(running.name.replace(outputs._machine(), "0" * 8))
    elsewhere.write_text("another machine's")
    (tmp_path / ".framecue-partial-mine").write_text("the user's")
    partial_beside(tmp_path / "c.png")
    assert len(list(tmp_path.iterdir())) == 3


def test_odd_endings_are_left_out(tmp_path: Path) -> None:
    for name, suffix in [("a.tar.gz", ".gz"), ("a", ""), ("a." + "x" * 99, ""), ("a.ü", ""), ("a.b c", "")]:
        assert partial_beside(tmp_path / name).suffix == suffix


def test_what_cannot_be_written_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    def write() -> None:
        with written_beside(tmp_path / "hits.csv") as partial:
            partial.mkdir()
            partial.write_text("a")

    with pytest.raises(OutputError, match=r"hits\.csv: cannot be written \(Is a directory\)"):
        write()
    # What else a block meets is its own.
    with pytest.raises(FileNotFoundError, match="other"), written_beside(tmp_path / "hits.csv"):
        (tmp_path / "other").unlink()
    assert list(tmp_path.iterdir()) == []
