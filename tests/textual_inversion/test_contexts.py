"""Sentences in which a name is learnt: what belongs in which place."""

from __future__ import annotations

from framecue.names.stand_ins import choose_stand_ins
from framecue.names.templates import BESIDE
from framecue.textual_inversion.contexts import read_contexts
from framecue.textual_inversion.encode import encode_by


def test_name_and_companions_have_their_places(make_backbone):
    backbone = make_backbone()
    encode = encode_by(backbone.tokenize)
    texts = [("the {} falls", 1), (f"the {{}} {BESIDE}", 0), (f"{BESIDE} {{}}", 2), ("no name", 0)]
    stand_ins = choose_stand_ins(encode)
    found = read_contexts(encode, texts, stand_ins=stand_ins, num_tokens=2, num_companions=3)
    assert [each.example for each in found] == [1, 0, 2]
    # A mark stands at the beginning.
    assert [each.places.tolist() for each in found] == [[2, 3], [2, 3, 4, 5, 6], [1, 2, 3, 4, 5]]
    assert [each.which.tolist() for each in found] == [[0, 1], [0, 1, 2, 3, 4], [2, 3, 4, 0, 1]]
    _, first, second, third, *_ = found[1].text.split()
    assert first == second != third


def test_a_text_that_is_cut_within_the_name_is_left_out(make_backbone):
    backbone = make_backbone()
    encode = encode_by(backbone.tokenize)
    texts = [("the " * count + "{}", 0) for count in (19, 20, 21, 22, 30)]  # 24 tokens with both marks
    found = read_contexts(encode, texts, stand_ins=choose_stand_ins(encode), num_tokens=2, num_companions=3)
    assert [len(each.places) for each in found] == [2, 2]
