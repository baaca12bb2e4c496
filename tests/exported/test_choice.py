"""Names of choices, and what is read where there is none; `test_choose.py` makes some."""

from __future__ import annotations

from framecue.encoder import Fingerprint
from framecue.exported.cache import write_graph
from framecue.exported.choice import choice_name, chosen_encoder, read_choice
from framecue.exported.machine import machine_key
from framecue.video import FrameSampling

MODEL = Fingerprint(backbone="b", revision="r", embedding_dim=4, sampling=FrameSampling(3))


def test_a_choice_by_its_own_frames_belongs_to_a_kind_of_processor() -> None:
    assert choice_name(MODEL, "auto") == f"video-3f-auto-{machine_key()}"
    assert choice_name(MODEL, "float32") == "video-3f-float32"


def test_nothing_was_chosen_yet() -> None:
    assert read_choice(MODEL) is None
    assert chosen_encoder(MODEL) is None


def test_a_choice_without_a_graph_is_the_model_itself() -> None:
    with write_graph(MODEL, choice_name(MODEL, "auto")) as new:
        new.details |= {"runtime": "torch", "precision": "bfloat16", "reason": "int8 is too far off"}
    choice = read_choice(MODEL)
    assert choice is not None
    assert (choice.computation.precision, choice.folder) == ("bfloat16", None)
    assert chosen_encoder(MODEL) is None


def test_what_is_noted_in_another_way_counts_as_nothing() -> None:
    with write_graph(MODEL, choice_name(MODEL, "auto")) as new:
        new.details["runtime"] = "torch"
    assert read_choice(MODEL) is None
