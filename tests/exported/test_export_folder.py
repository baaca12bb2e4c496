"""A folder of graphs: whole or not at all, and in int8 only where that is as good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framecue.encoder import LearnsNames
from framecue.errors import InputError, ModelError
from framecue.exported import export_folder as module
from framecue.exported.encoder import load_exported
from framecue.exported.export_folder import export_folder, made_videos
from framecue.exported.gate import Check
from framecue.model import VideoTextModel
from framecue.names.taught import TaughtTokens

MakeModel = Callable[..., VideoTextModel]


def test_int8_is_checked_and_smaller(
    make_model: MakeModel, tmp_path: Path, pixel_values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "made_videos", lambda model: pixel_values)  # so few channels are too coarse for others
    model = make_model()
    plain = export_folder(model, tmp_path / "plain")
    small = export_folder(model, tmp_path / "small", precision="int8")
    assert (plain.check, plain.precision) == (None, "float32")
    assert small.check is not None
    assert small.check.passes
    assert small.check.num_videos == 5
    sizes = [(report.folder / report.graph).stat().st_size for report in (small, plain)]
    assert sizes[0] < 0.75 * sizes[1]
    assert small.size_bytes - plain.size_bytes < sizes[0] - sizes[1] + 1000  # all else is the same
    assert sorted(file.name for file in (tmp_path / "small").iterdir()) == [
        *("graph.json", "text-names.onnx", "text.onnx", "text.onnx.data", "tokenizer.json", "video-2f-int8.onnx"),
    ]
    assert len({file.stat().st_mode for file in (tmp_path / "small").iterdir()}) == 1  # who may read one may read all
    found = load_exported(tmp_path / "small")
    np.testing.assert_allclose(found.embed_texts(["a red car"]), model.embed_texts(["a red car"]), atol=1e-5)
    assert isinstance(found, LearnsNames)
    rex = TaughtTokens("Rex", np.ones((2, 24), dtype=np.float32), ("camera", "strawberry"))
    np.testing.assert_allclose(
        found.embed_named_texts(["a red Rex", "a camera"], [rex]),
        model.embed_named_texts(["a red Rex", "a camera"], [rex]),
        atol=1e-5,
    )
    assert found.computation.precision == "int8"
    assert (found.embed_videos(pixel_values) * model.embed_videos(pixel_values)).sum(axis=1).min() > 0.999
    assert small.to_dict()["cosine"] == small.check.cosine


def test_where_int8_is_too_far_off_nothing_is_written(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "quantised_graph", lambda *args, **options: (None, [Check(0.9, 0.8, 8)]))
    with pytest.raises(
        ModelError, match=r"too far off \(cosine 0\.90000, .* 0\.8000\); export it with --precision fp32"
    ):
        export_folder(make_model(), tmp_path / "small", precision="int8")
    assert not (tmp_path / "small").exists()


def test_a_folder_is_not_overwritten_unless_it_is_said(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds something already"):
        export_folder(make_model(), tmp_path / "there")
    export_folder(make_model(), tmp_path / "there", overwrite=True)
    assert (tmp_path / "there" / "note.txt").read_text(encoding="utf-8") == "mine"


def test_files_of_a_model_are_not_replaced_by_graphs(make_model: MakeModel, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("the model's own", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds a tokenizer\.json that is not of exported graphs"):
        export_folder(make_model(), folder, overwrite=True)
    assert (folder / "tokenizer.json").read_text(encoding="utf-8") == "the model's own"
    # One's own export is replaced.
    export_folder(make_model(), tmp_path / "graphs")
    with pytest.raises(InputError, match="holds something already"):
        export_folder(make_model(), tmp_path / "graphs")
    assert export_folder(make_model(), tmp_path / "graphs", overwrite=True).folder == tmp_path / "graphs"


def test_made_videos_are_prepared_and_always_the_same(make_model: MakeModel) -> None:
    model = make_model()
    videos = made_videos(model, 3)
    assert videos.shape == (3, 2, 3, 32, 32)
    np.testing.assert_array_equal(videos, made_videos(model, 3))
    assert np.abs(videos[0] - videos[1]).max() > 0.5
