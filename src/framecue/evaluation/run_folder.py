"""A run's folder, as `framecue train` writes it, taken as the model; and more frames than it was trained with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from framecue.assets import find_bundled
from framecue.backbone import find_model, is_hub_name
from framecue.checkpoint import adapter_folder, read_adapter_config
from framecue.encoder import Encoder
from framecue.errors import AdapterError, InputError
from framecue.model import VideoTextModel
from framecue.paths import exists, is_dir, is_file, user_path

__all__ = ["RunModel", "model_of_run", "take_frames"]

RECIPE_FILE, BACKBONE_FOLDER, CONFIG_FILE = "recipe.yaml", "backbone", "adapter_config.json"


@dataclass(frozen=True)
class RunModel:
    """What `load_model` needs for a run.

    Attributes:
        backbone: the name or the folder.
        adapter: the run's folder, or the name of a bundled adapter.
    """

    backbone: str
    adapter: str


def model_of_run(run: str | Path) -> RunModel:
    """Return the model of a run: its adapter, on the backbone in its folder, or else on the one that it names.

    Args:
        run: the folder of a run or of an adapter, or the name of a bundled adapter.

    Raises:
        AdapterError: there is no such folder, the run is not finished, or its files are malformed.
    """
    folder = Path(user_path(str(run)))
    if (
        find_bundled(str(run), "adapter") is None
        and is_file(folder / RECIPE_FILE)
        and not is_file(folder / CONFIG_FILE)
    ):
        raise AdapterError(
            f"{run}: the run is not finished, it has no {CONFIG_FILE}; go on with it (framecue train "
            f"{folder / RECIPE_FILE})"
        )
    found, config = adapter_folder(run), read_adapter_config(run)
    if is_dir(found / BACKBONE_FOLDER):
        return RunModel(str(found / BACKBONE_FOLDER), str(run))
    is_folder = not is_hub_name(config.backbone) and find_bundled(config.backbone, "model") is None
    if is_folder and not exists(config.backbone):
        moved = find_model(config.backbone, config.revision, near=[str(found)])
        return RunModel(config.backbone if moved is None else str(moved), str(run))
    return RunModel(config.backbone, str(run))


def take_frames(model: Encoder, num_frames: int) -> None:
    """Let a model take another number of frames of each video at test, in place; its weights stay as they are.

    Raises:
        InputError: its method does not take so many, and says which it does; or it is a model without methods.
    """
    if not isinstance(model, VideoTextModel):
        raise InputError(f"{model.method_name} takes {model.sampling.num_frames} frames of a video, and no others")
    try:
        model.method.config = replace(model.method.config, num_test_frames=num_frames)
    except InputError as error:
        raise InputError(f"method {model.method_name} does not take {num_frames} frames: {error}") from error
