from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.uses import labels as module
from framecue.uses.labels import (
    KINETICS_TEMPLATES,
    check_labels,
    check_templates,
    labels_of,
    phrasings,
    read_labels,
    read_templates,
)
from framecue.uses.text_files import Text


def test_the_templates_for_kinetics_are_clips() -> None:
    # Counted and spelt ("a example") as in data/prompts.md of openai/CLIP.
    assert len(KINETICS_TEMPLATES) == len(set(KINETICS_TEMPLATES)) == 28
    assert KINETICS_TEMPLATES[:7] == (
        "a photo of {}.",
        "a photo of a person {}.",
        "a photo of a person using {}.",
        "a photo of a person doing {}.",
        "a photo of a person during {}.",
        "a photo of a person performing {}.",
        "a photo of a person practicing {}.",
    )
    assert KINETICS_TEMPLATES[8] == "a video of a person {}."
    assert KINETICS_TEMPLATES[14] == "a example of {}."
    assert KINETICS_TEMPLATES[-1] == "a demonstration of a person practicing {}."
    assert check_templates(KINETICS_TEMPLATES) == KINETICS_TEMPLATES


@given(label=st.text(min_size=1), before=st.text(), after=st.text())
def test_a_label_stands_where_the_braces_are(label: str, before: str, after: str) -> None:
    before, after = (text.replace("{}", "").rstrip("{").lstrip("}") for text in (before, after))
    assert phrasings(label, [f"{before}{{}}{after}"]) == [f"{before}{label}{after}"]


def test_other_braces_and_percents_mean_nothing() -> None:
    assert phrasings("{0} %s {}", ["{name} {}", "{} {}"]) == ["{name} {0} %s {}", "{0} %s {} {0} %s {}"]


def test_labels_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("running\n\njumping high\n")
    assert read_labels(tmp_path / "a.txt") == ("running", "jumping high")
    (tmp_path / "a.csv").write_text("id,name\n0,running\n1,jumping\n")  # as Kinetics' label maps are
    assert read_labels(str(tmp_path / "a.csv")) == ("running", "jumping")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "a.txt: no label; give two or more"),
        ("\n \n", "a.txt: no label; give two or more"),
        ("run\n", "a.txt: only one label; give two or more, to choose from"),
        ("run\nhop\nrun\n", "a.txt, line 3: the label 'run' is there already ("),
        ("run\n run \n", "line 1); take one out"),
        ("caf\u00e9\ncafe\u0301\n", "a.txt, line 2: the label"),
        ("Run\nhop\nrun\n", "a.txt, line 3: the label 'run' is the same as 'Run' to a model ("),
        ("high  jump\nhigh jump\n", "line 1); take one out"),
        ("CAF\u00c9\ncafe\u0301\n", "a.txt, line 2: the label"),
        ("stra\u00dfe\nSTRASSE\n", "a.txt, line 2: the label"),
    ],
)
def test_labels_between_which_there_is_no_choice(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_labels(tmp_path / "a.txt")
    assert says in str(caught.value)


def test_there_may_be_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LABELS", 3)
    monkeypatch.setattr(module, "MAX_TEMPLATES", 2)
    assert check_labels(["a", "b", "c"]) == ("a", "b", "c")
    with pytest.raises(InputError, match="labels: more than 3 labels; give fewer"):
        check_labels(str(number) for number in range(10**9))  # without looking at all of them
    (tmp_path / "a.txt").write_text("{}\n{} b\n{} c\n")
    with pytest.raises(InputError, match="more than 2 templates"):
        read_templates(tmp_path / "a.txt")


def test_labels_that_are_given_one_by_one() -> None:
    assert check_labels([" a ", "b"]) == ("a", "b")
    for bad, says in (
        (["a", " "], "label 2: is ' '"),
        (["a", "a"], "label 2: the label 'a' is there already \\(label 1"),
        ("ab", "give a list of texts"),
        (["a"], "only one label"),
        ([1, "b"], "label 1: is 1"),
    ):
        with pytest.raises(InputError, match=says):
            check_labels(bad)  # type: ignore[arg-type]


def test_labels_of_a_file_of_truth_come_again_but_not_in_other_letters() -> None:
    texts = [Text("run", "t.csv, line 2"), Text("hop", "t.csv, line 3"), Text("run", "t.csv, line 4")]
    assert labels_of(texts) == ("hop", "run")
    with pytest.raises(
        InputError, match=r"^t.csv, line 2: the label 'run' is the same as 'Run' to a model \(t.csv, line 9"
    ):
        labels_of([*texts, Text("Run", "t.csv, line 9")])


def test_templates_have_a_place_for_the_label(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a video of {}\nsomebody {}s\n")
    assert read_templates(tmp_path / "a.txt") == ("a video of {}", "somebody {}s")
    (tmp_path / "a.txt").write_text("a video of {}\na video\n")
    with pytest.raises(InputError) as caught:
        read_templates(tmp_path / "a.txt")
    assert str(caught.value) == (
        f"{tmp_path / 'a.txt'}: the template 'a video' has no {{}} for the label; write for example \"a video of {{}}\""
    )
    for bad, says in (
        (["{}", "{}"], "there already"),
        ([], "no template"),
        ("{}", "give a list"),
        ([""], "template 1"),
    ):
        with pytest.raises(InputError, match=says):
            check_templates(bad)
