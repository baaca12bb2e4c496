"""VideoTextModel and load_model: shapes, types, unit length, what is refused, and what a fingerprint tells apart."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import framecue.model
from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.encoder import EncoderSpec, Fingerprint
from framecue.errors import AdapterError, InputError, ModelError, UnknownNameError, VideoError
from framecue.methods import build_method
from framecue.model import VideoTextModel, load_described, load_model
from framecue.video import Frames, FrameSampling, read_frames, write_video

OPTIONS = {"num_prompts": 3, "num_frames": 3, "num_test_frames": 6}


def make(backbone: Backbone, method: str = "mean-pool", **options: Any) -> VideoTextModel:
    torch.manual_seed(0)
    return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).eval()


@pytest.fixture
def model(backbone: Backbone) -> VideoTextModel:
    return make(backbone, num_frames=2, num_test_frames=4)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frames = [np.full((48, 64, 3), rng.integers(0, 256, 3), dtype=np.uint8) for _ in range(16)]
    write_video(tmp_path / "clip.mp4", frames, frames_per_second=8)
    return tmp_path / "clip.mp4"


def pixels(videos: int = 2, frames: int = 6) -> Tensor:
    return torch.randn(videos, frames, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def assert_unit(embeddings: Tensor, *shape: int) -> None:
    assert embeddings.shape == shape
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(shape[0]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("method", "options"), [("mean-pool", {}), ("prompt-switch", OPTIONS)])
def test_embeddings_are_float32_of_unit_length(make_backbone: Callable[..., Backbone], method, options, dtype) -> None:
    model = make(make_backbone(dtype=dtype), method, **options)
    assert model.dtype == dtype
    assert model.embedding_dim == 24
    assert model.offline
    texts = model.encode_text(["a red car", "the cat falls", "dog"])
    videos = model.encode_frames(pixels())
    assert_unit(texts, 3, 24)
    assert_unit(videos, 2, 24)
    assert not videos.requires_grad
    features = model.frame_features(pixels())
    assert features.shape == (2, 6, 24)
    assert features.dtype == dtype
    assert features.requires_grad
    ids, mask = model.backbone.tokenize(["a red car", "dog"])
    assert model.text_features(ids, mask).shape == (2, 24)
    assert model.text_features(ids).dtype == dtype


def test_embeddings_are_the_directions_of_the_features(model: VideoTextModel) -> None:
    with torch.no_grad():
        ids, _ = model.backbone.tokenize(["a red car"])
        text = model.text_features(ids)
        torch.testing.assert_close(model.encode_text("a red car"), text / text.norm(), rtol=0, atol=1e-6)
        frames = model.frame_features(pixels(1))[0]
        mean = (frames / frames.norm(dim=1, keepdim=True)).mean(dim=0)
        torch.testing.assert_close(model.encode_frames(pixels(1))[0], mean / mean.norm(), rtol=0, atol=1e-6)


def test_each_row_is_its_own_and_the_same_again(model: VideoTextModel) -> None:
    texts = ["a red car", "the cat falls on the left", "dog"]
    together = model.encode_text(texts)
    assert torch.equal(model.encode_text(texts), together)
    for row, text in enumerate(texts):
        torch.testing.assert_close(model.encode_text([text])[0], together[row], rtol=0, atol=1e-5)
    videos = model.encode_frames(pixels())
    assert torch.equal(model.encode_frames(pixels()), videos)
    torch.testing.assert_close(model.encode_frames(pixels()[1:])[0], videos[1], rtol=0, atol=1e-5)


def test_a_training_step_gets_what_it_needs(make_backbone: Callable[..., Backbone]) -> None:
    model = make(make_backbone(), "prompt-switch", **OPTIONS)
    ids, mask = model.backbone.tokenize(["a red car", "the cat"])
    outputs = model(pixels(2, 3), ids, mask)
    assert outputs["frame_features"].shape == (2, 3, 24)
    assert torch.equal(outputs["text_features"], model.text_features(ids))
    assert outputs["auxiliary_loss"].shape == ()
    assert outputs["auxiliary_loss"].requires_grad
    assert make(make_backbone())(pixels(2, 3), ids, mask)["auxiliary_loss"] is None


def test_preprocess_is_the_backbones(model: VideoTextModel) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    values = model.preprocess(frames)
    assert values.shape == (3, 3, 32, 32)
    assert values.dtype == torch.float32
    assert torch.equal(values, model.backbone.preprocess(frames))


def test_a_file_is_sampled_preprocessed_and_encoded(model: VideoTextModel, video: Path) -> None:
    values = model.read_video(video)
    assert values.shape == (4, 3, 32, 32)
    embedding = model.encode_video(video)
    assert_unit(embedding, 1, 24)
    assert torch.equal(embedding, model.encode_frames(values[None]))
    assert torch.equal(model.encode_video([video, str(video)]), embedding.expand(2, -1))


def test_a_file_is_read_through_the_source_that_is_given(model: VideoTextModel, video: Path) -> None:
    class Backwards:
        def read_frames(self, path: str | Path, sampling: FrameSampling, **options: Any) -> Frames:
            # Scaled by what decodes, so that no huge picture comes from there.
            assert {name: value for name, value in options.items() if value is not None} == {"short_side": 64}
            found = read_frames(path, sampling)
            return Frames(found.pixels[::-1], found.times_seconds[::-1])

    assert torch.equal(model.read_video(video, source=Backwards()), model.read_video(video).flip(0))
    expected = model.encode_frames(model.read_video(video).flip(0)[None])
    assert torch.equal(model.encode_video([video], source=Backwards()), expected)


def test_no_file_is_decoded_in_this_process(
    model: VideoTextModel, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = model.read_video(video)
    Image.new("RGB", (3000, 2000), "red").save(tmp_path / "large.png")
    monkeypatch.setattr(av, "open", None)
    assert torch.equal(model.read_video(video), expected)
    tracemalloc.start()
    assert_unit(model.encode_video([tmp_path / "large.png", video]), 2, 24)
    assert tracemalloc.get_traced_memory()[1] < 3000 * 2000 * 3
    tracemalloc.stop()


def test_sampling_is_the_methods(backbone: Backbone) -> None:
    mean_pool, switch = make(backbone, num_frames=2, num_test_frames=4), make(backbone, "prompt-switch", **OPTIONS)
    assert mean_pool.sampling == FrameSampling(4)
    assert mean_pool.train_sampling == FrameSampling(2)
    assert switch.sampling == FrameSampling(6, chunk_frames=3)
    assert switch.train_sampling == FrameSampling(3, chunk_frames=3)


@pytest.mark.parametrize("texts", ["", "   ", "\t\n ", ["a cat", ""], ["a cat", " "]])
def test_texts_of_only_spaces_are_refused(model: VideoTextModel, texts: str | list[str]) -> None:
    with pytest.raises(InputError, match=r"^cannot encode '.*': type at least one word$"):
        model.encode_text(texts)


def test_nothing_to_encode_is_refused(model: VideoTextModel) -> None:
    with pytest.raises(InputError, match="no text to encode; give at least one"):
        model.encode_text([])
    with pytest.raises(InputError, match="no video to encode; give at least one file"):
        model.encode_video([])


def test_a_file_that_cannot_be_read_is_named(model: VideoTextModel, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(VideoError, match=r"notes\.mp4: "):
        model.encode_video(tmp_path / "notes.mp4")


@pytest.mark.parametrize(
    "shape",
    [(6, 3, 32, 32), (1, 6, 3, 32, 48), (1, 6, 3, 224, 224), (1, 6, 32, 32, 3), (1, 0, 3, 32, 32), (0, 6, 3, 32, 32)],
)
def test_pixels_of_another_shape_are_refused(model: VideoTextModel, shape: tuple[int, ...]) -> None:
    with pytest.raises(
        InputError, match=r"pixel_values must be \(B, F, 3, 32, 32\) for tiny, got \(.*\); model\.preprocess"
    ):
        model.encode_frames(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(5,), (1, 25), (1, 0), (0, 5), (1, 1, 5)])
def test_ids_of_another_shape_are_refused(model: VideoTextModel, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"input_ids must be \(N, T\) with T at most 24 for tiny, got"):
        model.text_features(torch.zeros(shape, dtype=torch.int64))


def test_captions_come_from_the_methods_captioner(backbone: Backbone) -> None:
    model = make(backbone, "prompt-switch", **OPTIONS)
    with torch.no_grad():
        model.method.captioner.head.bias[backbone.end_of_text_id] = -1e4
        model.method.captioner.head.bias[backbone.token_ids(["car"])] = 1e4
    assert model.caption_frames(pixels(2, 3)) == [" ".join(["car"] * 23)] * 2
    for lacking in (make(backbone), make(backbone, "prompt-switch", captioner=False)):
        with pytest.raises(InputError, match=f"method {lacking.method_name} has no captioner here; give an adapter"):
            lacking.caption_frames(pixels(2, 6))


def test_the_fingerprint_of_a_model(backbone: Backbone) -> None:
    fingerprint = make(backbone, "prompt-switch", captioner=False, **OPTIONS).fingerprint().to_dict()
    assert fingerprint == {
        "backbone": "tiny",
        "revision": backbone.revision,
        "method": "prompt-switch",
        "options": {
            **{"num_frames": 3, "num_test_frames": 6, "num_prompts": 3, "prompts_per_frame": None, "switch_every": 1},
            **{"aggregation": "group", "frames_per_group": None, "captioner": False, "captioner_layers": 2},
            **{"caption_loss_weight": 0.5, "frequent_word_weight": 0.25},
        },
        "parameters": fingerprint["parameters"],
        "adapter": None,
        "adapter_source": None,
        "sampling": {"num_frames": 6, "chunk_frames": 3},
        "embedding_dim": 24,
    }
    assert Fingerprint.from_dict(json.loads(json.dumps(fingerprint))).to_dict() == fingerprint


def test_fingerprints_are_equal_where_vectors_are_and_differ_where_they_do(
    make_backbone: Callable[..., Backbone],
) -> None:
    def switch(**options: Any) -> VideoTextModel:
        model = make(make_backbone(), "prompt-switch", **{**OPTIONS, **options})
        with torch.no_grad():  # at its start, zero, the groups make no difference
            model.method.aggregation.out_proj.weight.copy_(torch.eye(32))
        return model

    assert make(make_backbone()).fingerprint() == make(make_backbone()).fingerprint()
    assert make(make_backbone()).fingerprint().parameters is None
    assert switch().fingerprint() == switch().fingerprint()
    untrained = switch()
    with torch.no_grad():
        untrained.method.prompt_cube[0, 0, 0] += 1e-3
    different = [
        make(make_backbone()),
        make(make_backbone(seed=1)),
        make(make_backbone(), num_test_frames=6),
        switch(),
        switch(num_frames=6, frames_per_group=6),
        untrained,
    ]
    fingerprints = [json.dumps(model.fingerprint().to_dict()) for model in different]
    assert len(set(fingerprints)) == len(different)
    embeddings = [model.encode_frames(pixels(1)) for model in different if model.sampling.num_frames == 6]
    assert torch.pdist(torch.cat(embeddings)).min() > 0


def test_a_library_from_before_an_option_was_added_finds_its_model_as_it_was(clip_folder: Path) -> None:
    old = {"num_frames": 4, "num_test_frames": 4}
    fingerprint = replace(load_model(clip_folder, method="partial", options=old).fingerprint(), options=old)
    loaded = load_described(EncoderSpec(fingerprint=fingerprint, precision="float32"))
    assert loaded.method.config.to_dict() == {**loaded.method.config.added, **old}
    assert loaded.method.config.trains == "both-layers"
    assert loaded.fingerprint() == fingerprint


def test_a_folder_gives_mean_pooling_unless_another_method_is_named(clip_folder: Path) -> None:
    model = load_model(clip_folder)
    assert (model.method_name, model.adapter, model.training) == ("mean-pool", None, False)
    assert model.sampling == FrameSampling(12)
    assert model.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    switch = load_model(str(clip_folder), method="prompt-switch", options=OPTIONS)
    assert switch.method_name == "prompt-switch"
    assert switch.sampling == FrameSampling(6, chunk_frames=3)
    assert not switch.method.training
    half = load_model(clip_folder, dtype=torch.bfloat16, device="cpu")
    assert half.dtype == torch.bfloat16
    assert half.fingerprint() == model.fingerprint()


@pytest.fixture
def adapter(clip_folder: Path, tmp_path: Path) -> Path:
    """An adapter for the tiny CLIP's folder, with weights of its own."""
    model = load_model(clip_folder, method="prompt-switch", options=OPTIONS, device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    save_adapter(
        tmp_path / "adapter", backbone=model.backbone, method=model.method, method_name="prompt-switch", version="0"
    )
    return tmp_path / "adapter"


def test_an_adapter_brings_its_method_and_its_place_in_the_fingerprint(clip_folder: Path, adapter: Path) -> None:
    model = load_model(clip_folder, adapter=adapter)
    assert model.method_name == "prompt-switch"
    assert model.method.config.num_prompts == 3
    fingerprint = model.fingerprint()
    assert fingerprint.adapter_source == str(adapter)
    assert fingerprint.parameters is None
    assert len(fingerprint.adapter or "") == 16
    copied = shutil.copytree(adapter, adapter.parent / "copied")
    assert load_model(clip_folder, adapter=copied).fingerprint().adapter == fingerprint.adapter
    weights = copied / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert load_model(clip_folder, adapter=copied).fingerprint().adapter != fingerprint.adapter
    plain = load_model(clip_folder)
    assert (model.encode_text("a cat") - plain.encode_text("a cat")).abs().max() > 1e-4


def test_an_adapter_fits_whatever_the_model_computes_in(clip_folder: Path, adapter: Path) -> None:
    half, full = (load_model(clip_folder, adapter=adapter, dtype=dtype) for dtype in (torch.bfloat16, torch.float32))
    assert half.fingerprint() == full.fingerprint()
    assert {parameter.dtype for parameter in half.parameters()} == {torch.bfloat16}
    assert (half.encode_frames(pixels()) * full.encode_frames(pixels())).sum(dim=1).min() > 0.99


def test_what_cannot_be_opened(clip_folder: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^moji-clap: no such model"):
        load_model("moji-clap")
    with pytest.raises(ModelError, match=r"^moji-clap: no such model"):
        load_model("moji-clap", adapter=tmp_path / "missing")
    with pytest.raises(AdapterError, match="no such adapter folder"):
        load_model(clip_folder, adapter=tmp_path / "missing")
    with pytest.raises(UnknownNameError, match=r"unknown method 'max-pool'; known: .*mean-pool, .*prompt-switch"):
        load_model(clip_folder, method="max-pool")
    with pytest.raises(InputError, match="method mean-pool has no option 'frames'"):
        load_model(clip_folder, options={"frames": 3})
    with pytest.raises(InputError, match="an adapter brings its own options; leave out num_prompts"):
        load_model(clip_folder, adapter=adapter, options={"num_prompts": 3})
    with pytest.raises(InputError, match=r"dtype must be torch\.float32 or torch\.bfloat16"):
        load_model(clip_folder, dtype=torch.float16)
    with pytest.raises(InputError, match=r"device tpu9 cannot be used \(.*\); leave it out or say cpu"):
        load_model(clip_folder, device="tpu9")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("someone/clip", None, COMMIT),  # the adapter knows which of the hub's commits fits
        ("someone/clip", "v2", "v2"),
        ("someone/other", None, None),  # refused later, when the adapter sees the backbone
    ],
)
def test_the_revision_that_is_asked_of_the_hub(
    name: str, asked: str | None, expected: str | None, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"backbone": "someone/clip", "revision": COMMIT}))
    revisions = []

    def load_backbone(name: str, *, dtype: torch.dtype, revision: str | None) -> Backbone:
        revisions.append(revision)
        raise ModelError("enough")

    monkeypatch.setattr(framecue.model, "load_backbone", load_backbone)
    with pytest.raises(ModelError, match="enough"):
        load_model(name, adapter=adapter, revision=asked)
    with pytest.raises(ModelError, match="enough"):
        load_model(name, revision=asked)
    assert revisions == [expected, asked]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_siglip_folders_encode_texts_and_videos(siglip_folder: Path, video: Path, dtype: torch.dtype) -> None:
    plain = load_model(siglip_folder, dtype=dtype, device="cpu")
    switch = load_model(siglip_folder, method="prompt-switch", options=OPTIONS, dtype=dtype, device="cpu")
    assert plain.embedding_dim == 32
    for model in (plain, switch):
        assert_unit(model.encode_text(["a red car", "the cat falls", "dog"]), 3, 32)
        assert_unit(model.encode_frames(pixels()), 2, 32)
        assert_unit(model.encode_video(video), 1, 32)
        with pytest.raises(
            InputError, match=rf"pixel_values must be \(B, F, 3, 32, 32\) for .*{siglip_folder.name}, got .*48, 48"
        ):
            model.encode_frames(torch.zeros(1, 6, 3, 48, 48))
        with pytest.raises(InputError, match=r"input_ids must be .* T at most 24 for"):
            model.text_features(torch.zeros(1, 25, dtype=torch.int64))
    assert plain.preprocess(np.zeros((2, 40, 70, 3), dtype=np.uint8)).shape == (2, 3, 32, 32)


def test_prompt_switch_trains_on_siglip_through_its_probe(siglip_folder: Path) -> None:
    model = load_model(siglip_folder, method="prompt-switch", options=OPTIONS, device="cpu").train()
    ids, mask = model.tokenize(["a red car", "the cat"])
    outputs = model(pixels(2, 3), ids, mask)
    similarities = model.similarity(outputs["text_features"], outputs["frame_features"])
    (outputs["auxiliary_loss"] - similarities.diagonal().sum()).backward()
    for name in ("backbone.model.vision_model.head.probe", "method.prompt_cube", "method.captioner.head.weight"):
        assert model.get_parameter(name).grad.abs().sum() > 0, name
    assert len(model.eval().caption_frames(pixels(2, 3))) == 2


def test_an_adapter_for_siglip_is_saved_and_loaded(siglip_folder: Path, tmp_path: Path) -> None:
    model = load_model(siglip_folder, method="prompt-switch", options=OPTIONS, device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    save_adapter(
        tmp_path / "adapter", backbone=model.backbone, method=model.method, method_name="prompt-switch", version="0"
    )
    loaded = load_model(siglip_folder, adapter=tmp_path / "adapter", device="cpu")
    assert torch.equal(loaded.encode_frames(pixels()), model.encode_frames(pixels()))
    assert torch.equal(loaded.encode_text("a red car"), model.encode_text("a red car"))


@pytest.mark.parametrize(("dtype", "found"), [("bfloat16", torch.bfloat16), ("float32", torch.float32)])
def test_dtype_and_device_may_be_named(clip_folder: Path, dtype: str, found: torch.dtype) -> None:
    model = load_model(clip_folder, dtype=dtype, device="cpu")
    assert (model.dtype, model.device) == (found, torch.device("cpu"))
    assert load_model(clip_folder, dtype="auto", device="cpu").dtype == framecue.backbone.fast_dtype()


@pytest.mark.parametrize("device", ["banana", "cuda:99", ""])
def test_a_device_that_is_not_there_is_one_clear_line(clip_folder: Path, device: str) -> None:
    with pytest.raises(InputError, match=f"^device {device} cannot be used"):
        load_model(clip_folder, device=device)


def test_texts_are_cut_to_what_the_options_say(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone()
    long = "the cat and the dog and the red car"
    cut = VideoTextModel(backbone, build_method("mean-pool", {"max_text_tokens": 6}, backbone)).eval()
    whole = VideoTextModel(backbone, build_method("mean-pool", {}, backbone)).eval()
    ids, mask = cut.tokenize([long, "the cat"])
    assert ids.shape == mask.shape == (2, 6)
    end = backbone.end_of_text_id
    assert ids[0].tolist() == [*whole.tokenize([long])[0][0, :5].tolist(), end]  # the end is kept
    # A search's words and those of training are the same ones.
    torch.testing.assert_close(cut.encode_text(long), whole.encode_text("the cat and the"))
    torch.testing.assert_close(cut.encode_text("the cat"), whole.encode_text("the cat"))
    with pytest.raises(InputError, match="T at most 6"):
        cut.text_features(torch.full((1, 7), end))


@pytest.mark.parametrize(("method", "options", "most"), [("x-clip", {"max_words": 5}, 5), ("vop", {}, 7)])
def test_the_smaller_limit_holds(
    make_backbone: Callable[..., Backbone], method: str, options: dict[str, Any], most: int
) -> None:
    backbone = make_backbone()
    made = build_method(method, {**options, "max_text_tokens": 7}, backbone)
    assert made.text_length(backbone) == most
    assert build_method(method, {"max_text_tokens": 1000}, backbone).text_length(backbone) <= 24


def test_towers_that_saw_the_padding_in_training_cut_nothing(make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone("siglip")
    with pytest.raises(InputError, match=r"^max_text_tokens must be none for .*, which was trained on texts of \d+ to"):
        build_method("mean-pool", {"max_text_tokens": 6}, backbone)


def test_an_adapter_brings_its_limit_and_older_ones_have_none(
    make_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    backbone = make_backbone()
    for name, options in (("old", {}), ("new", {"max_text_tokens": 6})):
        method = build_method("mean-pool", options, backbone)
        method.freeze(backbone)
        save_adapter(tmp_path / name, backbone=backbone, method=method, method_name="mean-pool", version="0")
    held = json.loads((tmp_path / "old" / "adapter_config.json").read_text(encoding="utf-8"))["options"]
    assert held == {"num_frames": 12, "num_test_frames": 12}  # what an adapter held before there was such an option
    models = [
        VideoTextModel(make_backbone(), load_adapter(tmp_path / name, make_backbone())[0]) for name in ("old", "new")
    ]
    assert [model.tokenize(["the cat and the dog and the red car"])[0].shape[1] for model in models] == [11, 6]
    assert models[0].fingerprint().options == held
    assert models[1].fingerprint().options == held | {"max_text_tokens": 6}


def test_models_of_one_shape_have_one_key(backbone: Backbone) -> None:
    def key(method: str, **options: Any) -> str:
        return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).shape_key

    assert key("mean-pool") == key("mean-pool")
    assert len({key("mean-pool"), key("mean-pool", num_test_frames=5), key("prompt-switch")}) == 3


def test_a_larger_batch_in_parts_is_what_each_video_gives(backbone: Backbone) -> None:
    method = build_method("mean-pool", {"num_test_frames": 8}, backbone)
    model = VideoTextModel(backbone, method, method_name="mean-pool").eval()
    size = backbone.vision.image_size
    videos = torch.randn(5, 8, 3, size, size, generator=torch.Generator().manual_seed(0))
    each = torch.cat([model.encode_frames(video[None]) for video in videos])
    torch.testing.assert_close(model.encode_frames(videos), each, rtol=0, atol=1e-6)
    features = torch.cat([model.encode_each_frame(video[None]) for video in videos])
    torch.testing.assert_close(model.encode_each_frame(videos), features, rtol=0, atol=1e-5)
    assert features.shape == (5, 8, model.embedding_dim)
    assert (model.frames_per_batch, model.max_threads >= 1) == (16, True)
