"""The datasets by name. A new dataset is one new file and one line here; other packages add theirs by entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from framecue.datasets.activitynet import ActivityNetData
from framecue.datasets.base import DatasetConfig, FileDataset
from framecue.datasets.didemo import DidemoData
from framecue.datasets.folder import FolderData
from framecue.datasets.lsmdc import LsmdcData
from framecue.datasets.moji_motion.config import MojiClipsData, MojiStillsData
from framecue.datasets.msr_vtt import MsrVttData
from framecue.datasets.msvd import MsvdData
from framecue.datasets.vatex import VatexData
from framecue.datasets.webdataset import WebDatasetData
from framecue.errors import DatasetError
from framecue.plugins import Registry
from framecue.validation import explain, model_types

__all__ = ["ALL_DATASETS", "DATASETS", "dataset_in", "dataset_named"]

DATASETS: dict[str, type[DatasetConfig]] = {
    "folder": FolderData,
    "webdataset": WebDatasetData,
    # The field's, from the files that people pass around:
    "msr-vtt": MsrVttData,
    "msvd": MsvdData,
    "lsmdc": LsmdcData,
    "didemo": DidemoData,
    "activitynet": ActivityNetData,
    "vatex": VatexData,
    # Generated while training asks for them:
    "moji-motion": MojiClipsData,
    "moji-stills": MojiStillsData,
}


def _why_not(name: str, found: Any) -> str | None:
    if not (isinstance(found, type) and issubclass(found, DatasetConfig)):
        return "it is no subclass of DatasetConfig"
    if get_args(found.model_fields["name"].annotation) != (name,):
        return f"its field `name` has to be Literal[{name!r}]"
    lacking = sorted(found.__abstractmethods__)
    return f"it does not define {', '.join(lacking)}" if lacking else None


ALL_DATASETS = Registry("dataset", "framecue.datasets", DATASETS, _why_not)
"""`DATASETS`, and the datasets that other packages register."""


def dataset_named(name: str) -> type[DatasetConfig]:
    """Return the config of a dataset.

    Raises:
        UnknownNameError: there is no such dataset; the known ones are listed.
        InputError: a package's dataset cannot be loaded, or the name is registered twice.
    """
    return ALL_DATASETS.get(name)


def dataset_in(name: str, data_dir: Path, options: Mapping[str, Any] | None = None) -> FileDataset:
    """Return a dataset of files that lie in a folder.

    Args:
        name: its name.
        data_dir: the folder.
        options: its other fields by name; what is not given has its default.

    Raises:
        UnknownNameError: there is no such dataset.
        DatasetError: it is not made of files, or an option is missing, unknown or out of range.
    """
    config = dataset_named(name)
    if not issubclass(config, FileDataset):
        known, _ = ALL_DATASETS.load_all()
        of_files = ", ".join(sorted(other for other, each in known.items() if issubclass(each, FileDataset)))
        raise DatasetError(
            f"dataset {name} is drawn as it is needed and has no files to evaluate; datasets of files: {of_files}"
        )
    try:
        return config.model_validate({**(options or {}), "name": name, "data_dir": data_dir})
    except ValidationError as error:
        raise DatasetError(f"dataset {name}: {explain(error, {(): model_types(config)})}") from error
