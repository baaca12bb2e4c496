from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.words import screen_models as module
from framecue.words.screen_models import choose_models


def test_without_rapidocr_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "distribution", distribution)
    with pytest.raises(InputError, match=r"RapidOCR, which is not installed; pip install 'framecue\[screen-text\]'"):
        choose_models(None)


def test_the_models_of_the_package_are_the_default() -> None:
    pytest.importorskip("rapidocr", reason="the extra screen-text is not installed")
    models = choose_models(None)
    assert models.finding.is_file()
    assert models.reading.is_file()
    assert models.content_hash() == choose_models(None).content_hash()


def test_a_folder_holds_two_models(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="the extra screen-text is not installed")
    folder = tmp_path / "models"
    with pytest.raises(InputError, match="no such folder"):
        choose_models(folder)
    folder.mkdir()
    with pytest.raises(InputError, match="holds 0 ONNX models with 'det' in their names"):
        choose_models(folder)
    (folder / "My_DET.onnx").write_bytes(b"one")
    (folder / "rec.onnx").write_bytes(b"two")
    (folder / "record.txt").write_bytes(b"three")
    models = choose_models(folder)
    assert (models.finding, models.reading) == (folder / "My_DET.onnx", folder / "rec.onnx")
    before = models.content_hash()
    (folder / "rec.onnx").write_bytes(b"else")
    assert choose_models(folder).content_hash() != before
    (folder / "rec2.onnx").write_bytes(b"two")
    with pytest.raises(InputError, match="holds 2 ONNX models with 'rec' in their names"):
        choose_models(folder)
