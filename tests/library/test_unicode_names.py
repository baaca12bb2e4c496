"""Names that are written in another Unicode form than they are typed in: each way in and out finds them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.forms import composed, units
from framecue.library import Filters, Library, Query
from framecue.video import clip_video

NAMES = ["Été à Zürich", "tiếng Việt", "ガンダム", "한글", "Å x\u0301"]
FORMS = [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")]


def in_form(form: str, text: str) -> str:
    return unicodedata.normalize(form, text)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=FORMS, ids="-".join)
def forms(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The form on the disk, and the form that is typed."""
    return request.param


@pytest.fixture
def film(tmp_path: Path, write_clip: Callable[..., Path], name: str, forms: tuple[str, str]) -> Path:
    """A file below folders whose forms differ."""
    there, typed = forms
    folder = tmp_path / "films" / in_form(there, f"{name} 1") / in_form(typed, f"{name} 2")
    write_clip(tmp_path / "films" / "other" / "other.mp4", "blue")
    return write_clip(folder / in_form(there, f"{name}.mp4"), "red", seconds=2)


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    return Library(tmp_path / "films.lance", model=colour_model)


def found(library: Library, **filters: object) -> list[str]:
    return [hit.path for hit in library.search("red", only="seen", filters=Filters(**filters))]


def test_a_file_is_found_by_its_name_in_the_other_form(
    library: Library, film: Path, tmp_path: Path, name: str, forms: tuple[str, str]
) -> None:
    typed, (*_, last) = in_form(forms[1], str(film)), units(composed(name))
    library.add(tmp_path / "films")
    assert [file.path for file in library.info().files] == sorted([str(film), str(tmp_path / "films/other/other.mp4")])
    assert found(library, folder=os.path.dirname(typed)) == [str(film)]  # noqa: PTH120
    assert found(library, folder=typed) == []
    for glob in (Path(typed).name, typed, f"*{in_form(forms[1], last)}.mp4", f"**/{Path(typed).parent.name}/*"):
        assert found(library, path=glob) == [str(film)]
    # What is searched with is what the library holds: nothing is encoded for it.
    assert library.search(Query(videos=typed))[0].path == str(film)
    cut = clip_video(typed, tmp_path / "cut.mp4", 0.5, 1.5)
    assert cut.output.exists()
    assert library.remove(typed).removed == 1
    assert library.info().num_videos == 1


def test_a_folder_and_a_file_are_indexed_by_the_other_form(
    library: Library, film: Path, tmp_path: Path, forms: tuple[str, str]
) -> None:
    typed = in_form(forms[1], str(film))
    assert library.add(typed).added == 1
    assert library.add(Path(typed).parent.parent, prune=True).unchanged == 1
    assert library.add(film.parent, prune=True).unchanged == 1
    assert [file.path for file in library.info().files] == [str(film)]
    assert library.remove(os.path.dirname(typed)).removed == 1  # noqa: PTH120


def test_what_is_excluded_in_one_form_is_in_the_other(
    library: Library, film: Path, tmp_path: Path, name: str, forms: tuple[str, str]
) -> None:
    typed = in_form(forms[1], str(film))
    for glob in (Path(typed).name, Path(typed).parent.name, f"**/{Path(typed).parent.name}/**", typed):
        plan = library.plan(tmp_path / "films", exclude=[glob])
        assert [unit.path for unit in plan.units] == [str(tmp_path / "films/other/other.mp4")]


def test_of_two_forms_side_by_side_the_one_that_was_typed_is_meant(
    library: Library, tmp_path: Path, write_clip
) -> None:
    paths = [
        write_clip(tmp_path / "f" / in_form(form, "é.mp4"), colour)
        for form, colour in (("NFC", "red"), ("NFD", "blue"))
    ]
    library.add(tmp_path / "f")
    if library.info().num_videos < 2:
        pytest.skip("this file system knows one form alone")
    assert library.plan(paths[1]).unchanged == (str(paths[1]),)
    assert library.remove(paths[1]).removed == 1
    assert [file.path for file in library.info().files] == [str(paths[0])]


def test_a_name_that_is_not_text_is_searched_with_and_never_blamed_on_the_library(
    library: Library, tmp_path: Path, write_clip, colour_model
) -> None:
    film = write_clip(tmp_path / "red.mp4", "red")
    library.add(film)
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    os.rename(film, odd)  # noqa: PTH104
    assert [hit.path for hit in library.search(Query(videos=odd))] == [str(film)]
    os.replace(write_clip(tmp_path / "blue.mp4", "blue"), odd)  # noqa: PTH105
    assert [hit.path for hit in library.search(Query(videos=odd))] == [str(film)]
    for filters in ({"folder": odd}, {"path": odd}):
        with pytest.raises(InputError, match="not valid UTF-8"):
            Filters(**filters)
