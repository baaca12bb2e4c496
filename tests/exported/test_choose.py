"""Choosing on a run's first frames: bytes where they are as good, with outliers too; else what is fastest without."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.encoder import Computation
from framecue.errors import ModelError
from framecue.exported import choose
from framecue.exported.cache import forget_graph, graph_folder
from framecue.exported.choice import chosen_encoder, read_choice
from framecue.exported.choose import ChoosingEncoder, quantised_graph, why_not_chosen
from framecue.exported.gate import Check
from framecue.exported.mark import mark
from framecue.exported.quantise import Plan
from framecue.exported.queries import ordinary_queries
from framecue.methods import build_method
from framecue.model import VideoTextModel

MakeModel = Callable[..., VideoTextModel]


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(axis=1)


def test_bytes_are_chosen_where_they_are_as_good_and_the_choice_is_kept(
    make_model: MakeModel, pixel_values: np.ndarray
) -> None:
    model, said = make_model(), []
    wanted = model.embed_videos(pixel_values)
    encoder = ChoosingEncoder(model, on_notice=said.append)
    assert encoder.computation == Computation("torch", "float32")
    found = encoder.embed_videos(pixel_values)
    assert (encoder.computation.runtime, encoder.computation.precision) == ("onnx", "int8")
    assert 0.999 <= cosines(found, wanted).min() < 1 - 1e-7
    assert len(said) == 1
    assert encoder.fingerprint() == model.fingerprint()
    choice = read_choice(model.fingerprint())
    assert choice is not None
    assert choice.computation == encoder.computation
    assert choice.details["checks"][-1]["num_videos"] == 5
    # Only what was chosen is kept.
    assert [file.name for file in graph_folder(model.fingerprint()).glob("*.onnx")] == [choice.details["graph"]]
    # The next run takes it without a word, with the same vectors, and so does one without the model.
    again = ChoosingEncoder(make_model(), on_notice=said.append)
    np.testing.assert_array_equal(again.embed_videos(pixel_values), found)
    without = chosen_encoder(model.fingerprint())
    assert without is not None
    np.testing.assert_array_equal(without.embed_videos(pixel_values), found)
    assert without.computation == encoder.computation
    assert len(said) == 1


def test_outliers_fail_plainly_and_pass_smoothed(
    make_model: MakeModel, make_graph: Callable[[VideoTextModel], Path], pixel_values: np.ndarray, tmp_path: Path
) -> None:
    model = make_model(outlier=100)
    queries = model.embed_texts(ordinary_queries())
    plan, checks = quantised_graph(make_graph(model), tmp_path / "small.onnx", pixel_values, lambda: queries)
    assert not checks[0].passes
    assert checks[0].cosine < 0.99
    assert plan is not None
    assert plan.ranges
    assert checks[-1].passes


@pytest.mark.parametrize(
    ("fast", "wanted"), [(torch.bfloat16, ("torch", "bfloat16")), (torch.float32, ("onnx", "float32"))]
)
def test_where_bytes_fail_it_is_bfloat16_or_float32(
    make_model: MakeModel,
    pixel_values: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    fast: torch.dtype,
    wanted: tuple[str, str],
) -> None:
    monkeypatch.setattr(choose, "quantised_graph", lambda *args, **options: (None, [Check(0.9, 0.8, 5)]))
    monkeypatch.setattr(choose, "fast_dtype", lambda: fast)
    model = make_model()
    exact = model.embed_videos(pixel_values)
    for _ in range(2):  # chosen, and read again
        encoder = ChoosingEncoder(make_model())
        found = encoder.embed_videos(pixel_values)
        assert (encoder.computation.runtime, encoder.computation.precision) == wanted
        assert encoder.computation.reason == "int8 is too far off: cosine 0.90000, ranks of 200 queries 0.8000"
        assert cosines(found, exact).min() > 0.999


def test_a_graph_that_fails_on_later_videos_is_never_taken_again(
    make_model: MakeModel, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "quantised_graph", small_as_plain)
    monkeypatch.setattr(choose, "fast_dtype", lambda: torch.float32)
    model = make_model()
    encoder = ChoosingEncoder(model)
    encoder.embed_videos(pixel_values[:1])
    assert encoder.computation.precision == "int8"
    monkeypatch.setattr(choose, "check", lambda *vectors: Check(0.5, 0.4, 1))
    wanted = model.embed_videos(pixel_values[1:2])
    np.testing.assert_array_equal(encoder.embed_videos(pixel_values[1:2]), wanted)
    assert (encoder.computation.runtime, encoder.computation.precision) == ("torch", "float32")
    choice = read_choice(model.fingerprint())
    assert choice is not None
    assert choice.computation.runtime == "torch"


def test_enough_videos_are_compared_and_no_more(
    make_model: MakeModel, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "quantised_graph", small_as_plain)
    compared: list[int] = []

    def count(wanted: np.ndarray, found: np.ndarray, queries: np.ndarray) -> Check:
        compared.append(len(wanted))
        return Check(1.0, 1.0, len(wanted))

    monkeypatch.setattr(choose, "check", count)
    encoder = ChoosingEncoder(make_model())
    for number in range(4):
        encoder.embed_videos(pixel_values[:3] + number)
        encoder.embed_videos(pixel_values[:3] + number)  # the same again tell nothing new
    assert compared == [3, 3]  # after the three that it was chosen on, eight in all


def test_threads_compare_at_once_and_a_graph_that_fails_is_rejected_once(
    make_model: MakeModel, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "quantised_graph", small_as_plain)
    monkeypatch.setattr(choose, "fast_dtype", lambda: torch.float32)
    model, rejected = make_model(), []
    encoder = ChoosingEncoder(model)
    encoder.embed_videos(pixel_values[:1])
    both = threading.Barrier(2)

    def fail(*vectors: np.ndarray) -> Check:
        both.wait(60)  # raises if the other thread is kept out
        return Check(0.5, 0.4, 1)

    def forget(*names: object) -> None:
        rejected.append(names)
        forget_graph(*names)

    monkeypatch.setattr(choose, "check", fail)
    monkeypatch.setattr(choose, "forget_graph", forget)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(encoder.embed_videos, (pixel_values[1:2], pixel_values[2:3])))
    np.testing.assert_allclose(np.concatenate(found), model.embed_videos(pixel_values[1:3]), atol=1e-6)
    assert encoder.computation.runtime == "torch"
    assert len(rejected) == 1


def test_what_was_made_to_compare_is_what_the_graph_gives(backbone: Backbone) -> None:
    options = {"num_frames": 2, "num_test_frames": 2}
    model = VideoTextModel(backbone, build_method("mean-pool", options, backbone), method_name="mean-pool").eval()
    size = backbone.vision.image_size
    frames = np.random.default_rng(3).standard_normal((9, 3, size, size)).astype(np.float32)
    encoder = ChoosingEncoder(model)
    encoder.embed_videos(frames[:2][None])
    assert encoder.computation.precision == "int8"
    compared = encoder.encode_each(frames[2:5]), encoder.embed_videos(frames[5:9].reshape(2, 2, 3, size, size))
    alone = chosen_encoder(model.fingerprint())
    assert alone is not None
    np.testing.assert_array_equal(compared[0], alone.encode_each(frames[2:5]))
    np.testing.assert_array_equal(compared[1], alone.embed_videos(frames[5:9].reshape(2, 2, 3, size, size)))


def small_as_plain(
    source: Path, target: Path, pixel_values: np.ndarray, queries: Callable[[], np.ndarray]
) -> tuple[Plan, list[Check]]:
    """In place of quantising: the same graph."""
    target.write_bytes(source.read_bytes())
    return Plan(), [Check(1.0, 1.0, len(pixel_values))]


def test_a_run_goes_on_where_no_graph_can_be_made(
    make_model: MakeModel, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> float:
        raise ModelError("tiny: cannot be exported: no such operator; use the model itself")

    monkeypatch.setattr(choose, "export_video_graph", fail)
    monkeypatch.setattr(choose, "fast_dtype", lambda: torch.float32)
    model = make_model()
    encoder = ChoosingEncoder(model)
    np.testing.assert_array_equal(encoder.embed_videos(pixel_values), model.embed_videos(pixel_values))
    assert encoder.computation.reason == "tiny: cannot be exported: no such operator; use the model itself"
    assert read_choice(model.fingerprint()) is None


def test_a_run_goes_on_whatever_the_quantiser_raises(
    make_model: MakeModel, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise ValueError("Failed to infer the shapes")

    monkeypatch.setattr(choose, "quantise", fail)
    monkeypatch.setattr(choose, "fast_dtype", lambda: torch.float32)
    model = make_model()
    encoder = ChoosingEncoder(model)
    np.testing.assert_array_equal(encoder.embed_videos(pixel_values), model.embed_videos(pixel_values))
    assert encoder.computation == Computation("torch", "float32", "Failed to infer the shapes")
    assert read_choice(model.fingerprint()) is None


def test_a_graph_of_another_model_is_not_taken_for_its_own(make_model: MakeModel, pixel_values: np.ndarray) -> None:
    model = make_model()
    ChoosingEncoder(model, precision="float32").embed_videos(pixel_values)
    choice = read_choice(model.fingerprint(), "float32")
    assert choice is not None
    assert choice.folder is not None
    mark(choice.folder / choice.details["graph"], "0" * 32)
    assert chosen_encoder(model.fingerprint(), "float32") is None
    again = ChoosingEncoder(make_model(), precision="float32")
    np.testing.assert_allclose(again.embed_videos(pixel_values), model.embed_videos(pixel_values), atol=1e-5)
    assert again.computation == Computation("onnx", "float32")


def test_a_damaged_graph_is_made_anew(make_model: MakeModel, pixel_values: np.ndarray) -> None:
    model = make_model()
    ChoosingEncoder(model, precision="float32").embed_videos(pixel_values)
    choice = read_choice(model.fingerprint(), "float32")
    assert choice is not None
    assert choice.folder is not None
    (choice.folder / choice.details["graph"]).write_bytes(b"no graph")
    assert ChoosingEncoder(make_model(), precision="float32").embed_videos(pixel_values).shape == (5, 48)
    assert read_choice(model.fingerprint(), "float32") is None
    again = ChoosingEncoder(make_model(), precision="float32")
    np.testing.assert_allclose(again.embed_videos(pixel_values), model.embed_videos(pixel_values), atol=1e-5)
    assert again.computation == Computation("onnx", "float32")


def test_what_has_no_graph_to_choose(make_backbone: Callable[..., Backbone], backbone: Backbone) -> None:
    assert why_not_chosen(object()) == "only a CLIP, SigLIP or PE-Core with a method is exported"
    half = make_backbone(torch.bfloat16)
    small = VideoTextModel(half, build_method("mean-pool", {}, half))
    assert why_not_chosen(small) == "it computes in bfloat16, and graphs are made of float32"
    fusion = VideoTextModel(backbone, build_method("x-pool", {}, backbone), method_name="x-pool")
    assert str(why_not_chosen(fusion)).startswith("it looks at the text")
