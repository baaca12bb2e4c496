"""An encoder of an exported folder: the whole protocol, in another process, and where there is no torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framecue.encoder import Computation, EncoderSpec
from framecue.errors import InputError, ModelError
from framecue.exported import encoder as module
from framecue.exported.encoder import OnnxEncoder, Steps, holds_graphs, load_described, load_exported
from framecue.exported.export_folder import export_folder
from framecue.model import VideoTextModel

FRAMES = np.random.default_rng(3).integers(0, 256, (2, 40, 56, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def made_once(
    make_model: Callable[..., VideoTextModel], tmp_path_factory: pytest.TempPathFactory
) -> tuple[VideoTextModel, Path]:
    """A model and the folder of its graphs, which take a second to make and are only to be copied."""
    model, folder = make_model(), tmp_path_factory.mktemp("exported") / "graphs"
    export_folder(model, folder)
    return model, folder


@pytest.fixture
def exported(made_once: tuple[VideoTextModel, Path], tmp_path: Path) -> tuple[VideoTextModel, Path]:
    """A model and the folder of its graphs."""
    model, made = made_once
    return model, Path(shutil.copytree(made, tmp_path / "graphs"))


def test_it_is_the_model_without_torch(
    exported: tuple[VideoTextModel, Path], pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, folder = exported
    encoder = load_exported(folder)
    assert holds_graphs(folder)
    assert not holds_graphs(folder.parent)
    assert encoder.fingerprint().differences(model.fingerprint()) == {}
    assert (encoder.method_name, encoder.sampling) == ("prompt-switch", model.sampling)
    assert encoder.short_side == model.short_side
    assert encoder.computation == Computation("onnx", "float32")
    np.testing.assert_array_equal(encoder.prepare(FRAMES), model.prepare(FRAMES))
    np.testing.assert_allclose(encoder.embed_videos(pixel_values), model.embed_videos(pixel_values), atol=1e-5)
    np.testing.assert_allclose(encoder.embed_frames(pixel_values[0]), model.embed_frames(pixel_values[0]), atol=1e-5)
    with pytest.raises(InputError, match="no captioner"):
        encoder.describe(pixel_values)
    with pytest.raises(InputError, match=r"must be \(B, 2, 3, S, S\) for a graph of 2 frames, got \(5, 1,"):
        encoder.embed_videos(pixel_values[:, :1])


def test_texts_come_from_what_was_given(exported: tuple[VideoTextModel, Path]) -> None:
    model, folder = exported
    plain = load_exported(folder)
    made: list[VideoTextModel] = []

    def texts() -> VideoTextModel:
        made.append(model)
        return model

    encoder = OnnxEncoder(plain.fingerprint(), plain.video, plain.steps, precision="float32", texts=texts)
    assert not made
    encoder.check_texts()
    np.testing.assert_array_equal(encoder.embed_texts(["a cat"]), model.embed_texts(["a cat"]))
    texts_of_both = ["a cat", "xylograph"]
    for one in (encoder, plain):
        assert one.known_share(texts_of_both).tolist() == model.known_share(texts_of_both).tolist() == [1.0, 0.0]
    assert len(made) == 1


def test_another_process_loads_the_same_by_its_description(exported: tuple[VideoTextModel, Path]) -> None:
    _, folder = exported
    encoder = load_exported(folder)
    spec = encoder.spec()
    assert (spec.precision, spec.exported) == ("float32", str(folder))
    other = spec.load()
    assert isinstance(other, OnnxEncoder)
    pixels = encoder.prepare(FRAMES)[None]
    np.testing.assert_array_equal(other.embed_videos(pixels), encoder.embed_videos(pixels))


def test_videos_are_encoded_where_torch_cannot_be_imported(
    exported: tuple[VideoTextModel, Path], tmp_path: Path
) -> None:
    model, folder = exported
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "import numpy as np\n"
        "from framecue.exported.encoder import load_exported\n"
        "encoder = load_exported(sys.argv[1])\n"
        "frames = np.random.default_rng(3).integers(0, 256, (2, 40, 56, 3), dtype=np.uint8)\n"
        "np.save(sys.argv[2], encoder.embed_videos(encoder.prepare(frames)[None]))\n"
    )
    subprocess.run([sys.executable, "-c", code, folder, tmp_path / "made.npy"], check=True)
    found = np.load(tmp_path / "made.npy")
    np.testing.assert_allclose(found, model.embed_videos(model.prepare(FRAMES)[None]), atol=1e-5)


def test_damaged_folders_are_named(exported: tuple[VideoTextModel, Path], tmp_path: Path) -> None:
    _, folder = exported
    with pytest.raises(ModelError, match="holds no exported graph of videos; `framecue export MODEL` makes one"):
        load_exported(tmp_path)
    record = folder / "graph.json"
    whole = record.read_text(encoding="utf-8")
    record.write_text(whole.replace('"steps"', '"other"'), encoding="utf-8")
    with pytest.raises(ModelError, match=r"graph\.json is damaged \('steps'\); export the model again"):
        load_exported(folder)
    record.write_text(whole, encoding="utf-8")
    next(folder.glob("video*.onnx")).write_bytes(b"")
    with pytest.raises(ModelError, match="cannot be read"):
        load_exported(folder)
    with pytest.raises(ModelError, match="names no folder of exported graphs"):
        load_described(EncoderSpec(fingerprint=exported[0].fingerprint()))


def test_a_graph_of_bytes_whose_sums_would_overflow_here_is_refused(
    exported: tuple[VideoTextModel, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = exported
    record = folder / "graph.json"
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace('"needs_exact_products": false', '"needs_exact_products": true'), encoding="utf-8")
    monkeypatch.setattr(module, "multiplies_bytes_exactly", lambda: True)
    assert load_exported(folder).method_name == "prompt-switch"
    monkeypatch.setattr(module, "multiplies_bytes_exactly", lambda: False)
    with pytest.raises(ModelError, match="processors that multiply bytes without overflow, which this one does not"):
        load_exported(folder)


def test_steps_come_back_from_json() -> None:
    steps = Steps(resize=(3, 4), crop=None, mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0), filter="bicubic", short_side=8)
    document = {**steps.to_dict(), "resize": [3, 4], "mean": [0.1, 0.2, 0.3], "std": [1.0, 1.0, 1.0]}
    assert Steps.from_dict(document) == steps
