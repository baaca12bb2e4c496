"""Frames that short videos do not have: in tensors, in every method, and from a file to a library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.methods.conftest import TEXTS
from torch import Tensor

import framecue.video_text_model
from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.evaluation.validation import score_examples
from framecue.library import Library
from framecue.methods import METHODS, build_method
from framecue.methods.absent import absent_frames, filled, is_absent, mark_absent, with_absent
from framecue.methods.temporal import TemporalEncoder
from framecue.methods.ts2_net import shift_tokens
from framecue.model import VideoTextModel, load_model
from framecue.training.recipe import Recipe
from framecue.training.run import build_model, build_sources, run_recipe
from framecue.video import PlainFrameSource, write_video

MASKING = [name for name, method in METHODS.items() if method.masks_frames]
# Everything about a frame but the frames beside it: no method of these looks at a frame's place or at its neighbours.
ALONE = ["mean-pool", "full", "bias", "proj", "partial", "adapter-attn", "adapter-ffn", "lora", "vop"]
FUSIONS = ["top-k", "attention-pool", "x-pool"]


@pytest.fixture(scope="module")
def make(make_backbone: Callable[..., Backbone], make_siglip_backbone: Callable[..., Backbone]) -> Any:
    def made(name: str, family: str = "clip", **options: Any) -> VideoTextModel:
        backbone = make_backbone() if family == "clip" else make_siglip_backbone(family)
        torch.manual_seed(0)
        method = build_method(
            name, {"num_frames": 5, "num_test_frames": 5, "short_videos": "mask", **options}, backbone
        )
        with torch.no_grad():  # what starts at zero or as the identity would hide what it does
            for parameter in method.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return VideoTextModel(backbone, method, method_name=name).eval()

    return made


def videos(model: VideoTextModel) -> Tensor:
    """Pixel values of two videos, of which the first has three of five frames."""
    size = model.backbone.vision.image_size
    pixels = torch.randn(2, 5, 3, size, size, generator=torch.Generator().manual_seed(2))
    return mark_absent(pixels, torch.tensor([3, 5]))


def similarities(model: VideoTextModel, pixels: Tensor) -> Tensor:
    return model.similarity(model.text_features(*model.tokenize(TEXTS)), model.frame_features(pixels))


def test_the_ends_of_videos_are_marked() -> None:
    pixels = torch.ones(2, 3, 3, 2, 2)
    marked = mark_absent(pixels, torch.tensor([1, 3]))
    expected = torch.tensor([[False, True, True], [False, False, False]])
    assert torch.equal(absent_frames(marked), expected)
    assert marked[expected].isnan().all()
    assert (marked[~expected] == 1).all()
    assert torch.equal(filled(marked, expected)[~expected], pixels[~expected])
    assert filled(marked, expected).isfinite().all()
    assert not pixels.isnan().any()  # it is a copy


def test_a_black_frame_is_there_whatever_the_mean() -> None:
    assert not absent_frames(torch.zeros(1, 2, 3, 2, 2)).any()


def test_videos_become_as_long_as_others() -> None:
    frames = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    longer = with_absent(frames, 5)
    assert longer.shape == (5, 3, 4, 4)
    assert longer.dtype == torch.uint8
    assert torch.equal(longer[:2], frames)
    assert not longer[2:].any()
    assert with_absent(frames, 2) is frames
    assert with_absent(frames, 1) is frames


def test_features_of_all_zeros_are_absent() -> None:
    features = torch.tensor([[[0.0, 0.0], [0.0, -1.0]], [[1.0, 0.0], [0.0, 0.0]]])
    assert is_absent(features).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("name", [name for name in METHODS if name not in MASKING])
def test_methods_that_cannot_leave_frames_out_say_so(name: str, make: Any) -> None:
    options = {"num_prompts": 5} if name == "prompt-switch" else {}
    with pytest.raises(InputError, match=r"^short_videos must be repeat for \w+: its frames meet in the image encoder"):
        make(name, **options)
    assert make(name, short_videos="repeat", **options)


def test_it_is_known_which_methods_can() -> None:
    """Whoever writes a method says so; one that is made from another has what that one says."""
    assert {*ALONE, *FUSIONS, "vop-p", "ts2-net", "x-clip", "clip4clip", "teachclip"} <= set(MASKING)
    assert not {"prompt-switch", "vop-c", "vop-f", "vop-fp", "vop-fc", "token-shift", "video-proxy"} & set(MASKING)


@pytest.mark.parametrize("family", ["clip", "siglip"])
@pytest.mark.parametrize("name", MASKING)
@torch.no_grad()
def test_nothing_depends_on_what_stands_for_an_absent_frame(
    name: str, family: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make(name, family)
    pixels = videos(model)
    features = model.frame_features(pixels)
    assert is_absent(features).sum() == 2
    expected = similarities(model, pixels)
    assert expected.isfinite().all()

    def noise(pixel_values: Tensor, absent: Tensor) -> Tensor:
        return torch.where(absent[..., None, None, None], torch.randn_like(pixel_values) * 3, pixel_values)

    monkeypatch.setattr(framecue.video_text_model, "filled", noise)
    torch.testing.assert_close(similarities(model, pixels), expected, rtol=0, atol=1e-6)
    # A video of which all frames are there has what it has without masks.
    plain = make(name, family, short_videos="repeat")
    torch.testing.assert_close(similarities(plain, pixels[1:]), expected[:, 1:], rtol=0, atol=1e-5)
    # And the mask matters: the same frames with the last one repeated score otherwise.
    repeated = pixels[:1, [0, 1, 2, 2, 2]]
    if name not in ("top-k", "attention-pool", "x-clip"):  # which may look at one frame alone
        assert (similarities(plain, repeated) - expected[:, :1]).abs().max() > 1e-5


@pytest.mark.parametrize("name", MASKING)
def test_gradients_are_finite(name: str, make: Any) -> None:
    model = make(name).train()
    model.method.freeze(model.backbone)
    outputs = model(videos(model), *model.tokenize(TEXTS))
    model.similarity(outputs["text_features"], outputs["frame_features"]).square().sum().backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert any(gradient.any() for gradient in gradients)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", [*ALONE, *FUSIONS])
@torch.no_grad()
def test_a_masked_video_is_the_video_without_those_frames(name: str, make: Any) -> None:
    """Top-k has fewer frames than its k here, and takes those that there are."""
    model = make(name)
    pixels = videos(model)
    torch.testing.assert_close(
        similarities(model, pixels)[:, :1], similarities(model, pixels[:1, :3]), rtol=0, atol=1e-5
    )


@torch.no_grad()
def test_top_k_never_takes_an_absent_frame(make: Any) -> None:
    """Real frames point away from the text, so the cosine 0 of an absent one would be the best."""
    frames = -torch.tensor([[[1.0, 0.1], [1.0, -0.2], [0.0, 0.0], [0.0, 0.0]]])
    model = make("top-k", num_top_frames=1)
    found = model.similarity(torch.tensor([[1.0, 0.0]]), frames)
    torch.testing.assert_close(found, torch.tensor([[-1 / 1.04**0.5]]))


@torch.no_grad()
def test_a_temporal_encoder_sees_the_real_frames_alone(make_backbone: Callable[..., Backbone]) -> None:
    """Against an encoder that gets no others: the first places have the same positions."""
    backbone = make_backbone()
    encoder = TemporalEncoder(backbone, num_layers=2, num_frames=4, tokens_per_frame=2)
    features = torch.randn(2, 8, backbone.vision.embedding_dim)
    absent = torch.tensor([[False, False, True, True], [False] * 4])
    mixed = encoder(features, absent)
    torch.testing.assert_close(mixed[1:], encoder(features[1:]))
    encoder.position_embedding.data = encoder.position_embedding[:2]
    torch.testing.assert_close(mixed[0, :4], encoder(features[:1, :4])[0])


def test_no_token_is_shifted_from_an_absent_frame() -> None:
    tokens = torch.arange(24, dtype=torch.float32).reshape(4, 6, 1)
    absent = torch.tensor([[False, False, True, True]])
    shifted = shift_tokens(tokens, num_frames=4, first=1, stride=4, offset=2, absent=absent)
    alone = shift_tokens(tokens[:2], num_frames=2, first=1, stride=4, offset=2)
    assert torch.equal(shifted[:2], alone)


# From a file to a library.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six videos with captions: two of two frames, one of one, and three of eight."""
    folder = tmp_path / "videos"
    folder.mkdir()
    lines = []
    for number, length in enumerate([2, 8, 1, 8, 2, 8]):
        rng = np.random.default_rng(number)
        frames = [np.broadcast_to(rng.integers(0, 256, 3, dtype=np.uint8), (32, 32, 3)) for _ in range(length)]
        write_video(folder / f"{number}.mp4", frames, frames_per_second=4)
        split = "train" if number < 4 else "val"
        lines.append(f'{{"video": "{number}.mp4", "captions": ["the {"abcdef"[number]} falls"], "split": "{split}"}}')
    (folder / "captions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["mean-pool", "x-pool"])
def test_a_short_video_from_training_to_a_library(
    name: str, folder: Path, make_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    make_backbone().save(tmp_path / "clip")
    recipe = Recipe.model_validate(
        {
            "output_dir": str(tmp_path / "run"),
            "backbone": str(tmp_path / "clip"),
            "method": name,
            "options": {"num_frames": 4, "num_test_frames": 4, "short_videos": "mask"},
            "dataset": {"name": "folder", "data_dir": str(folder)},
            "schedule": {"batch_size": 4, "max_steps": 2, "eval_steps": 2, "learning_rate": 1e-3, "num_workers": 0},
        }
    )
    train, val = build_sources(recipe, build_model(recipe))
    assert val is not None
    assert [example.num_real for example in train.__getitems__(range(4))] == [2, 4, 1, 4]
    assert [example.num_real for example in val.__getitems__(range(2))] == [2, 4]
    run = run_recipe(recipe)
    model = load_model(tmp_path / "clip", run.adapter, device="cpu")
    assert model.fingerprint().options["short_videos"] == "mask"
    assert model.fingerprint().to_dict()["sampling"]["repeat_last"] is False
    assert score_examples(model, build_sources(recipe, model)[1]) == pytest.approx(run.validation)
    pixels = model.read_video(folder / "0.mp4", source=PlainFrameSource())
    assert absent_frames(pixels[None]).tolist() == [[False, False, True, True]]
    if not model.offline:
        return
    # What an index holds is the mean of the real frames' directions, computed here one frame at a time.
    library = Library(str(tmp_path / "library"), model=model)
    assert not library.add(folder).skipped
    plain = VideoTextModel(model.backbone, build_method("mean-pool", {"num_test_frames": 1}, model.backbone)).eval()
    files = [folder / f"{number}.mp4" for number in range(6)]
    encoded = model.encode_video(files, batch_size=4)  # short ones and long ones in one batch
    for number, num_real in enumerate([2, 4, 1, 4, 2, 4]):
        pixels = model.read_video(folder / f"{number}.mp4", source=PlainFrameSource())
        frames = torch.cat([plain.encode_frames(frame[None, None]) for frame in pixels[:num_real]])
        mean = torch.nn.functional.normalize(frames.mean(dim=0), dim=0)
        torch.testing.assert_close(encoded[number], mean, rtol=0, atol=1e-5)
    found = library.search("the a falls", 6)
    scores = {Path(hit.path): hit.score for hit in found}
    text = model.encode_text("the a falls")[0]
    assert scores == pytest.approx(
        {file: float(text @ one) for file, one in zip(files, encoded, strict=True)}, abs=1e-4
    )
    # A picture is a video of one frame, from a file or from memory, and an explanation names a frame that there is.
    still = np.zeros((32, 32, 3), dtype=np.uint8)
    Image.fromarray(still).save(folder / "still.png")
    torch.testing.assert_close(model.encode_image(still), model.encode_image(folder / "still.png"), rtol=0, atol=1e-5)
    explained = library.search("the a falls", 6, explain=True)
    assert all(hit.explanation.frame is not None for hit in explained)
