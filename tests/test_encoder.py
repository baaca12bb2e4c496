from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import framecue
from framecue.encoder import ALL_ENCODERS, ENCODERS, Encoder, EncoderSpec, Fingerprint, load_encoder
from framecue.errors import AdapterError, FingerprintError, InputError, LibraryError, ModelError, UnknownNameError
from framecue.library import Library
from framecue.video import FrameSampling
from support.colours import ColourEncoder, write_clip

CLIP = Fingerprint(
    backbone="clip-a", sampling=FrameSampling(12), embedding_dim=4, options={"num_frames": 12, "sizes": [1, 2]}
)


class TestFingerprint:
    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(FrozenInstanceError):
            CLIP.backbone = "clip-b"  # type: ignore[misc]

    def test_there_and_back(self) -> None:
        full = replace(
            CLIP, revision="r", parameters="p", adapter="h", adapter_source="/run", numerics="int8", encoder="onnx"
        )
        for fingerprint in (CLIP, full):
            assert Fingerprint.from_dict(json.loads(json.dumps(fingerprint.to_dict()))) == fingerprint

    def test_what_says_nothing_is_absent(self) -> None:
        """A library from before quantised encoders has the same document as one made today."""
        assert not {"numerics", "encoder"} & CLIP.to_dict().keys()
        assert replace(CLIP, numerics="int8").to_dict()["numerics"] == "int8"

    def test_absent_keys_say_nothing(self) -> None:
        sampling = {"num_frames": 12, "chunk_frames": None}
        document = {"backbone": "b", "embedding_dim": 4, "sampling": sampling}
        assert Fingerprint.from_dict(document) == Fingerprint(
            backbone="b", sampling=FrameSampling(12), embedding_dim=4, method="mean-pool"
        )

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"colour_space": "lab"}, "colour_space, which this framecue does not know; use the framecue that made"),
            ({"sampling": {"frames": 3}}, "fingerprint is damaged"),
            ({"sampling": None}, "fingerprint is damaged"),
        ],
    )
    def test_a_document_that_cannot_be_read(self, change: dict, message: str) -> None:
        with pytest.raises(LibraryError, match=message):
            Fingerprint.from_dict(CLIP.to_dict() | change)
        with pytest.raises(LibraryError, match="damaged"):
            Fingerprint.from_dict({"backbone": "b"})

    def test_a_tuple_and_a_list_are_the_same_options(self) -> None:
        assert replace(CLIP, options={"sizes": (1, 2), "num_frames": 12}).differences(CLIP) == {}

    def test_differing_fields_are_found_at_any_depth_and_on_both_sides(self) -> None:
        other = replace(CLIP, sampling=FrameSampling(8), options={"num_frames": 12, "rank": 3}, numerics="int8")
        assert CLIP.differences(other) == {
            "options.sizes": ([1, 2], None),
            "sampling.num_frames": (12, 8),
            "options.rank": (None, 3),
            "numerics": (None, "int8"),
        }

    def test_same_weights_in_another_place_fit(self) -> None:
        library = replace(CLIP, backbone="/old/clip", revision="r1", adapter="h1", adapter_source="/old/run")
        moved = replace(library, backbone="/new/clip", adapter_source="/new/run")
        assert library.differences(moved) == {}
        assert library.differences(replace(moved, revision="r2")) == {
            "backbone": ("/old/clip", "/new/clip"),
            "revision": ("r1", "r2"),
        }
        assert set(library.differences(replace(moved, adapter="h2"))) == {"adapter", "adapter_source"}

    def test_places_of_unknown_content_count(self) -> None:
        assert CLIP.differences(replace(CLIP, backbone="b")) == {"backbone": ("clip-a", "b")}

    def test_folders_become_absolute_and_names_stay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        hub = replace(CLIP, backbone="openai/clip-vit-base-patch32", adapter_source="../run")
        assert hub.with_absolute_places() == replace(hub, adapter_source=str(tmp_path / "run"))
        assert CLIP.with_absolute_places() == CLIP

    def test_a_bundled_name_stays_where_a_folder_is_called_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "moji-clip").mkdir()
        monkeypatch.chdir(tmp_path)
        bundled = replace(CLIP, backbone="moji-clip")
        assert bundled.with_absolute_places() == bundled
        assert replace(CLIP, backbone="./moji-clip").with_absolute_places().backbone == str(tmp_path / "moji-clip")


@pytest.fixture(scope="module")
def model() -> framecue.VideoTextModel:
    return framecue.load_model("moji-clip", adapter="moji-prompt-switch", device="cpu")


class TestModel:
    """VideoTextModel as an encoder: what it gives in NumPy is what its public methods give in tensors."""

    def test_the_same_vectors(self, model: framecue.VideoTextModel) -> None:
        encoder: Encoder = model
        frames = np.random.default_rng(0).integers(0, 255, (encoder.sampling.num_frames, 40, 60, 3), dtype=np.uint8)
        pixel_values = encoder.prepare(frames)
        assert (pixel_values.dtype, pixel_values.shape[:2]) == (np.float32, (encoder.sampling.num_frames, 3))
        np.testing.assert_array_equal(pixel_values, model.preprocess(frames).numpy())
        both = np.stack([pixel_values, pixel_values[::-1]])
        videos = encoder.embed_videos(both)
        np.testing.assert_array_equal(videos, model.encode_frames(torch.from_numpy(both)).numpy())
        texts = encoder.embed_texts(["a cat spins", "a dog"])
        np.testing.assert_array_equal(texts, model.encode_text(["a cat spins", "a dog"]).numpy())
        with torch.inference_mode():
            features = model.frame_features(torch.from_numpy(pixel_values)[None])[0].numpy()
        each = encoder.embed_frames(pixel_values)
        np.testing.assert_allclose(each, features / np.linalg.norm(features, axis=1, keepdims=True), atol=1e-6)
        for vectors in (videos, texts, each):
            assert vectors.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert encoder.describe(both) == model.caption_frames(torch.from_numpy(both))

    def test_its_description_is_small_and_loads_the_same_model(self, model: framecue.VideoTextModel) -> None:
        spec = model.spec()
        pickled = pickle.dumps(spec)
        assert len(pickled) < 4096
        loaded = pickle.loads(pickled).load()
        assert loaded.fingerprint() == model.fingerprint()
        np.testing.assert_array_equal(loaded.embed_texts(["a cat"]), model.embed_texts(["a cat"]))

    def test_the_precision_comes_along(self) -> None:
        half = framecue.load_model("moji-clip", dtype=torch.bfloat16, device="cpu")
        assert half.spec().precision == "bfloat16"
        loaded = half.spec().load()
        assert isinstance(loaded, framecue.VideoTextModel)
        assert loaded.dtype == torch.bfloat16

    def test_a_model_whose_weights_are_nowhere_saved_is_refused(self) -> None:
        model = framecue.load_model("moji-clip", method="prompt-switch", device="cpu")
        with torch.no_grad():
            next(model.method.parameters()).add_(1.0)
        with pytest.raises(ModelError, match=r"what is loaded now is another model: parameters was .*save what was"):
            model.spec().load()


class TestSpec:
    def test_adapter_without_a_place_is_an_error_that_says_so(self) -> None:
        lost = replace(CLIP, backbone="moji-clip", adapter="h", method="prompt-switch")
        with pytest.raises(AdapterError, match="does not say where that is; name the model and the adapter"):
            EncoderSpec(fingerprint=lost).load()

    def test_an_unknown_encoder_lists_the_known_ones(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown encoder 'tpu'; known: framecue"):
            EncoderSpec(fingerprint=replace(CLIP, encoder="tpu")).load()

    def test_the_encoder_alone_needs_no_torch(self) -> None:
        script = "import sys, framecue.encoder; print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        assert not {"torch", "transformers", "av", "lancedb"} & set(loaded.split())


MODULE = """
from dataclasses import replace
from support.colours import ColourEncoder, write_clip

class Painted(ColourEncoder):
    def fingerprint(self):
        return replace(super().fingerprint(), encoder="painted")

def load(spec):
    return Painted(name=spec.fingerprint.backbone)
"""


@pytest.fixture
def painted(install: Callable[..., None]) -> type[ColourEncoder]:
    """An encoder of another package, which needs no torch."""
    install("painted_encoder", {"framecue.encoders": {"painted": "painted_encoder:load"}}, MODULE)
    from painted_encoder import Painted  # type: ignore[import-not-found]

    return Painted


@pytest.mark.isolated
def test_a_library_finds_its_encoder_again_by_its_registered_name(painted, tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        write_clip(tmp_path / "clips" / f"{colour}.mp4", colour)
    Library(tmp_path / "l.lance", model=painted(name="mine")).add(tmp_path / "clips")
    library = Library(tmp_path / "l.lance")
    assert library.fingerprint.encoder == "painted"
    assert [Path(hit.path).name for hit in library.search("red", k=1)] == ["red.mp4"]
    with pytest.raises(FingerprintError, match='its encoder is "painted", not none'):
        Library(tmp_path / "l.lance", model=ColourEncoder(name="mine")).search("red")


def test_its_description_loads_it(painted) -> None:
    spec = EncoderSpec(fingerprint=painted(name="mine").fingerprint())
    np.testing.assert_array_equal(spec.load().embed_texts(["red"]), painted().embed_texts(["red"]))


def test_names(install: Callable[..., None]) -> None:
    assert list(ENCODERS) == ["framecue", "onnx", "videoprism", "sentence-transformers"]
    assert ALL_ENCODERS.names() == list(ENCODERS)
    install("twice", {"framecue.encoders": {"framecue": "twice:load"}}, MODULE)
    fingerprint = Fingerprint(backbone="moji-clip", sampling=ColourEncoder().sampling, embedding_dim=4)
    with pytest.raises(InputError, match="'framecue' stands twice: in framecue itself and in package twice"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))


def test_what_is_no_function_is_refused(install: Callable[..., None]) -> None:
    install("odd_encoder", {"framecue.encoders": {"odd": "odd_encoder:NUMBER"}}, "NUMBER = 3")
    fingerprint = Fingerprint(backbone="b", sampling=ColourEncoder().sampling, embedding_dim=4, encoder="odd")
    with pytest.raises(InputError, match="it is no function that makes an encoder"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))


def test_an_unknown_name_lists_the_known_ones() -> None:
    fingerprint = Fingerprint(backbone="b", sampling=ColourEncoder().sampling, embedding_dim=4, encoder="tpu")
    with pytest.raises(UnknownNameError, match="unknown encoder 'tpu'; known: framecue"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))


def test_a_sampling_that_leaves_frames_out_is_in_the_document_and_others_are_as_they_were() -> None:
    usual = Fingerprint(backbone="b", embedding_dim=4, sampling=FrameSampling(3))
    assert usual.to_dict()["sampling"] == {"num_frames": 3, "chunk_frames": None}
    masking = replace(usual, sampling=FrameSampling(3, repeat_last=False))
    assert Fingerprint.from_dict(masking.to_dict()) == masking
    assert usual.differences(masking) == {"sampling.repeat_last": (None, False)}


def test_a_grid_of_frames_is_part_of_the_fingerprint_and_its_absence_is_not() -> None:
    plain = Fingerprint(backbone="x", embedding_dim=4, sampling=FrameSampling(4, 2))
    assert plain.to_dict()["sampling"] == {"num_frames": 4, "chunk_frames": 2}  # as older libraries have it
    grid = Fingerprint(backbone="x", embedding_dim=4, sampling=FrameSampling(4, 2, 3.0))
    assert Fingerprint.from_dict(json.loads(json.dumps(grid.to_dict()))) == grid
    assert Fingerprint.from_dict(plain.to_dict()) == plain
    assert plain.differences(grid) == {"sampling.frames_per_second": (None, 3.0)}
