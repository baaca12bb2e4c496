"""Names in each backbone and in each method's own forward pass: one that was taught a word's embedding is the word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from framecue.encoder import LearnsNames
from framecue.errors import InputError, ModelError
from framecue.methods import build_method
from framecue.methods.registry import METHODS
from framecue.model import VideoTextModel
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import TaughtTokens
from framecue.textual_inversion.encode import encode_by

# Of each word the tiny tokenizers have one token; a name stands within the text, where all of them have the same.
WORDS = ("dog", "strawberry", "falls", "camera")
TEXTS = (
    "a red {} falls",
    "the {}, and the {}",
    "the {}",
    "the right {} is left of the {}",
    *("the " * count + "{} is here" for count in (4, 12, 20, 30)),  # cut behind it, within it and in front of it
)
# Those that change the text side, each in the ways in which it does; the others take the backbone's.
METHODS_OF_TEXTS = [
    ("mean-pool", {"max_text_tokens": 9}),
    ("vop", {}),
    ("vop", {"text_prompt_layout": "modelscope"}),
    ("adapter-attn", {}),
    ("adapter-ffn", {}),
    ("lora", {}),
    ("dgl", {}),
    ("dgl", {"local_prompts": "transformer"}),
    ("mv-adapter", {}),
    ("mv-adapter", {"max_words": 9}),
    ("x-clip", {}),
    ("x-clip", {"released": True}),
]


def randomised(method: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def make_model(backbone, name="mean-pool", options=None) -> VideoTextModel:
    method = build_method(name, options or {}, backbone)
    randomised(method)
    return VideoTextModel(backbone, method, method_name=name).eval()


def taught(model: VideoTextModel, name: str, words: str) -> TaughtTokens:
    """A name whose vectors are the embeddings that words have within a text."""
    encode = encode_by(model.tokenize)
    (start, _), (ids, _) = encode("the the"), encode(f"the the {words}")
    first = next(place for place, (one, other) in enumerate(zip(start, ids, strict=False)) if one != other)
    vectors = model.backbone.token_embedding.weight[list(ids[first : first + len(words.split())])]
    return TaughtTokens(name, vectors.detach().float().numpy(), choose_stand_ins(encode))


def assert_names_are_words(model: VideoTextModel) -> None:
    for count in (1, 2, 3, 4):
        words = " ".join(WORDS[:count])
        rex = taught(model, "Little Rex", words)
        ours = model.embed_named_texts([text.format(*["little  REX"] * 2) for text in TEXTS], [rex])
        np.testing.assert_array_equal(ours, model.embed_texts([text.format(*[words] * 2) for text in TEXTS]))
        assert ours.dtype == np.float32


@pytest.fixture(params=["clip", "clip, largest id", "siglip", "siglip2", "pe-core"])
def any_backbone(request, make_backbone, make_siglip_backbone, make_pe_core_backbone):
    makers = {
        "clip": make_backbone,
        "clip, largest id": lambda: make_backbone(eos_token_id=2),
        "siglip": lambda: make_siglip_backbone("siglip"),
        "siglip2": lambda: make_siglip_backbone("siglip2"),
        "pe-core": make_pe_core_backbone,
    }
    return makers[request.param]()


@pytest.mark.parametrize("method", ["mean-pool", "vop", "x-clip"])
def test_a_name_taught_a_words_embedding_is_the_word_in_each_backbone(any_backbone, method):
    assert_names_are_words(make_model(any_backbone, method))


@pytest.mark.parametrize(("method", "options"), METHODS_OF_TEXTS)
def test_a_name_taught_a_words_embedding_is_the_word_in_each_method(make_backbone, method, options):
    assert_names_are_words(make_model(make_backbone(), method, options))


def test_no_methods_text_side_is_left_out():
    tested = {METHODS[name].encode_text for name, _ in METHODS_OF_TEXTS}
    assert {method.encode_text for method in METHODS.values()} <= tested


def test_several_names_in_texts_of_one_batch(make_backbone):
    model = make_model(make_backbone(), "vop")
    rex, bella = taught(model, "Rex", "dog"), taught(model, "Bella", "strawberry camera")
    texts = ["Rex and Bella", "bella is in a car", "a man", "REX on rex", "that is Bella's"]
    words = ["dog and strawberry camera", "strawberry camera is in a car", "a man", "dog on dog", "that is Bella's"]
    made = model.embed_named_texts(texts, [rex, bella])
    np.testing.assert_allclose(made[:4], model.embed_texts(words[:4]), atol=1e-6)
    assert np.abs(made[4] - model.embed_texts(words[4:])[0]).max() > 0.01
    # Those without a name are what they are in the batch as it was typed.
    np.testing.assert_array_equal(made[2], model.embed_texts(texts)[2])
    np.testing.assert_array_equal(model.embed_named_texts(texts, []), model.embed_texts(texts))
    np.testing.assert_array_equal(model.embed_named_texts(["a man"], [rex]), model.embed_texts(["a man"]))


def test_threads_do_not_see_each_others_names(make_backbone):
    model = make_model(make_backbone())
    names = [taught(model, "Rex", word) for word in ("dog", "car", "red", "man")]
    text, plain = "the {} falls", ["the cat falls"]
    expected = [model.embed_texts([text.format(word)]) for word in ("dog", "car", "red", "man")]
    without = model.embed_texts(plain)

    def ask(turn: int) -> bool:
        if turn % 2:
            return np.array_equal(model.embed_texts(plain), without)
        which = turn // 2 % len(names)
        return np.array_equal(model.embed_named_texts([text.format("Rex")], [names[which]]), expected[which])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(80)))


def test_a_model_in_half_precision_reads_names(make_backbone):
    model = make_model(make_backbone(dtype=torch.bfloat16))
    rex = taught(model, "Rex", "dog")
    ours = model.embed_named_texts(["the Rex falls"], [rex])
    np.testing.assert_array_equal(ours, model.embed_texts(["the dog falls"]))


def test_what_cannot_be_encoded_is_told(make_backbone):
    model = make_model(make_backbone())
    rex = taught(model, "Rex", "dog")
    assert isinstance(model, LearnsNames)
    for texts, words in (([], "no text"), (["  "], "at least one word"), (["Rex " * 9_999], "characters")):
        with pytest.raises(InputError, match=words):
            model.embed_named_texts(texts, [rex])
    other = TaughtTokens("Rex", np.zeros((1, 512), dtype=np.float32), rex.stand_ins)
    with pytest.raises(ModelError, match="'Rex' was taught to another model: its vectors are 512 wide, and tiny reads"):
        model.embed_named_texts(["Rex"], [other])
