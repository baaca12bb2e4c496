from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from framecue.errors import InputError
from framecue.library import Library
from framecue.library.search.query import HeldMoment
from framecue.service.documents import NamesDocument
from framecue.service.naming import RenameRequest, TeachRequest, names_document, parse_request
from framecue.service.teaching import Teaching
from support.colour_rows import write_colours
from support.colours import LearningColours


def test_a_lesson_is_what_the_library_takes() -> None:
    asked = parse_request(TeachRequest, {"name": "Rex", "like": [{"id": "a"}], "coarse": "dog", "num_tokens": 2})
    assert asked.lesson(pictures=["a picture"]) == {
        "like": [HeldMoment("a"), "a picture"],
        "unlike": [],
        "coarse": "dog",
        "num_tokens": 2,
        "allow_ordinary": False,
    }


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "it must be a JSON object"),
        ({}, "'name'"),
        ({"name": 5}, "name is 5; it must be a text"),
        ({"name": "a" * 201}, "name has 201 characters"),
        ({"name": "Rex", "num_tokens": 5}, "'num_tokens'"),
        ({"name": "Rex", "allow_ordinary": "yes"}, "'allow_ordinary'"),
        ({"name": "Rex", "is": "dog"}, "unknown key 'is'"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(document: object, told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_request(TeachRequest, document)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_renamed_to_another() -> None:
    asked = parse_request(RenameRequest, {"name": "Rex", "new_name": "Max"})
    assert (asked.name, asked.new_name, asked.allow_ordinary, asked.library) == ("Rex", "Max", False, None)


def test_the_document_tells_what_is_learnt_now(tmp_path: Path) -> None:
    place = write_colours(tmp_path / "colours.lance", "red", "green", "blue", "white", "black")
    library = Library(place, model=LearningColours())
    library.teach("Rex", like=[HeldMoment("id-of-red")])
    teaching = Teaching("colours", "Bella", 10)
    teaching.step(3, 5)
    document = names_document(library, teaching=teaching, may_teach=True)
    assert document["teaching"] == {"name": "Bella", "done": 3, "total": 5}
    assert [name["name"] for name in document["names"]] == ["Rex"]
    TypeAdapter(NamesDocument).validate_python(document, strict=True)
    assert names_document(None, teaching=None, may_teach=False) == {"may_teach": False, "teaching": None, "names": []}
