"""Which models read text on screen: those in RapidOCR's own package, or two in a folder. Nothing is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from framecue.errors import InputError

__all__ = ["EXTRA", "WAY_OUT", "ScreenModels", "choose_models"]

EXTRA = "framecue[screen-text]"
WAY_OUT = f"pip install '{EXTRA}'"


@dataclass(frozen=True)
class ScreenModels:
    """The files of two models of the PP-OCR family, as ONNX.

    Attributes:
        finding: of the one that finds where text stands.
        reading: of the one that reads it.
        package_version: of RapidOCR, which runs them.
    """

    finding: Path
    reading: Path
    package_version: str

    def content_hash(self) -> str:
        """Return a hash of both files' content."""
        digest = hashlib.blake2b(digest_size=20)
        for file in (self.finding, self.reading):
            digest.update(hashlib.blake2b(file.read_bytes()).digest())
        return digest.hexdigest()


def choose_models(folder: Path | None) -> ScreenModels:
    """Return the models in a folder, or those that come with RapidOCR.

    Args:
        folder: holds one ONNX file with ``det`` in its name, which finds text, and one with ``rec``, which reads it;
            None for RapidOCR's own.

    Raises:
        InputError: RapidOCR is not installed, or the two files are not there.
    """
    try:
        package = distribution("rapidocr")
    except PackageNotFoundError:
        raise InputError(f"text on screen is read with RapidOCR, which is not installed; {WAY_OUT}") from None
    if folder is None:
        # What came with the package, not what somebody has downloaded beside it.
        files = [Path(str(package.locate_file(file))) for file in package.files or () if file.suffix == ".onnx"]
        return ScreenModels(*_pair(files, "RapidOCR's package", WAY_OUT), package.version)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one with two models of PP-OCR, or leave it out")
    way_out = "or leave it out for RapidOCR's own models"
    return ScreenModels(*_pair(sorted(folder.glob("*.onnx")), str(folder), way_out), package.version)


def _pair(files: Sequence[Path], place: str, way_out: str) -> tuple[Path, Path]:
    models = []
    for part in ("det", "rec"):
        named = [file for file in files if part in file.stem.lower() and file.is_file()]
        if len(named) != 1:
            raise InputError(
                f"{place} holds {len(named)} ONNX models with {part!r} in their names, as PP-OCRv6_{part}_small.onnx "
                f"has, and one is needed; {way_out}"
            )
        models.append(named[0])
    return models[0], models[1]
