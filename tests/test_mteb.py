"""What mteb gets from the adapter; that its figures are framecue's is in `evaluation/test_parity.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.errors import InputError, NotOfflineError
from framecue.model import VideoTextModel, load_model
from framecue.mteb import MtebModel
from framecue.video import IsolatedFrameSource
from support.colours import write_clip


class NotOffline:
    """What `MtebModel` asks first."""

    offline = False
    method_name = "x-pool"


def test_without_mteb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(InputError, match=r"needs the extra 'mteb' .*pip install 'framecue\[mteb\]'"):
        MtebModel(load_model("moji-clip"))


@pytest.fixture(scope="module")
def hub_datasets() -> Any:
    """The package `datasets`, where mteb is: imported by a test, as both take seconds."""
    pytest.importorskip("mteb", reason="the extra mteb is not installed")
    return pytest.importorskip("datasets", reason="the extra mteb is not installed")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("videos")
    return [write_clip(folder / f"{colour}.mp4", colour) for colour in ("red", "green", "blue", "yellow")]


@pytest.fixture(scope="module")
def model() -> VideoTextModel:
    return load_model("moji-clip")


def encode(model: MtebModel, dataset: Any) -> np.ndarray:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(dataset, batch_size=3)
    return model.encode(loader, task_metadata=None, hf_split="test", hf_subset="default")


def test_files_and_their_content_have_the_vectors_of_the_model(
    hub_datasets: Any, model: VideoTextModel, videos: list[Path]
) -> None:
    adapter = MtebModel(model)
    expected = model.encode_video(videos).numpy()
    paths = [str(video) for video in videos]
    contents = [{"bytes": video.read_bytes(), "path": None} for video in videos]
    plain = hub_datasets.Dataset.from_dict({"video": paths})
    inside = hub_datasets.Dataset.from_dict({"video": contents}).cast_column("video", hub_datasets.Video())
    for dataset in (plain, plain.cast_column("video", hub_datasets.Video()), inside):
        assert encode(adapter, dataset) == pytest.approx(expected, abs=1e-5)
    with IsolatedFrameSource() as source:
        assert encode(MtebModel(model, frame_source=source), plain) == pytest.approx(expected, abs=1e-5)
    texts = hub_datasets.Dataset.from_dict({"text": ["a cat rises", "a dog falls"]})
    assert encode(adapter, texts) == pytest.approx(model.encode_text(["a cat rises", "a dog falls"]).numpy(), abs=1e-5)
    both = hub_datasets.Dataset.from_dict({"text": ["a cat rises"], "video": paths[:1]})
    joint = expected[0] + model.encode_text("a cat rises")[0].numpy()
    assert encode(adapter, both)[0] == pytest.approx(joint / np.linalg.norm(joint), abs=1e-5)
    with pytest.raises(InputError, match="the task's rows have 'audio'; framecue encodes those with 'text' or 'video'"):
        encode(adapter, hub_datasets.Dataset.from_dict({"audio": [1]}))


def test_a_video_that_cannot_be_read_is_named_and_comes_last(
    hub_datasets: Any, model: VideoTextModel, videos: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    adapter = MtebModel(model)
    dataset = hub_datasets.Dataset.from_dict({"video": [str(videos[0]), str(broken), str(videos[1])]})
    made = encode(adapter, dataset)
    assert [error.path for error in adapter.unreadable] == [broken]
    assert f"{broken}: " in caplog.text
    texts = model.encode_text("a cat rises").numpy()
    cosines = adapter.similarity(texts, made)
    assert cosines[0, 1] == -2
    assert cosines[0, [0, 2]] == pytest.approx((texts @ made[[0, 2]].T)[0], abs=1e-5)
    pairs = adapter.similarity_pairwise(np.repeat(texts, 3, axis=0), made)
    assert pairs == pytest.approx(cosines[0], abs=1e-6)


@pytest.mark.usefixtures("hub_datasets")
def test_what_mteb_files_results_under(model: VideoTextModel) -> None:
    from mteb.models import EncoderProtocol

    adapter = MtebModel(model)
    assert isinstance(adapter, EncoderProtocol)
    meta = adapter.mteb_model_meta
    assert meta.name == "framecue/moji-clip-mean-pool"
    assert (meta.embed_dim, meta.modalities) == (128, ["text", "video"])
    # Other weights, another revision; the same weights, the same.
    assert meta.revision == MtebModel(load_model("moji-clip")).mteb_model_meta.revision
    tuned = MtebModel(load_model("moji-clip", adapter="moji-prompt-switch"), name="mine/tuned").mteb_model_meta
    assert (tuned.name, tuned.revision == meta.revision) == ("mine/tuned", False)
    json.dumps(meta.to_dict(), default=str)
    with pytest.raises(InputError, match="name is 'mine'; mteb wants one with a slash"):
        MtebModel(model, name="mine")


@pytest.mark.usefixtures("hub_datasets")
def test_a_model_that_looks_at_the_text_is_refused() -> None:
    fusion: Any = NotOffline()
    with pytest.raises(NotOfflineError, match="method x-pool looks at the text"):
        MtebModel(fusion)
