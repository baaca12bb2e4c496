"""Teachers: trained adapters, frozen, from which a method's loss learns."""

from __future__ import annotations

from framecue.checkpoint import read_adapter_config
from framecue.errors import AdapterError, ModelError, RecipeError
from framecue.methods import METHODS, method_named
from framecue.model import VideoTextModel, load_model
from framecue.video import FrameSampling

__all__ = ["load_teacher", "load_teachers"]


def load_teachers(names: list[str], student: VideoTextModel) -> tuple[VideoTextModel, ...]:
    """Load the teachers of a recipe, each on the backbone that its adapter names.

    Teachers see the pixels that the student sees, normalised as their own backbones want them: frames are read once. So
    they take frames of the same size, and are trained or tested on as many frames in the same order.

    Args:
        names: adapter folders, or names of bundled adapters.
        student: the model to be trained.

    Raises:
        RecipeError: the student's method has no use for teachers, or needs some, or a teacher takes other frames.
        AdapterError: an adapter cannot be loaded.
        ModelError: its backbone cannot be loaded.
    """
    if not names and student.method.takes_teachers:
        raise RecipeError(
            f"method {student.method_name} learns from teachers, and there are none; name the folders of trained "
            "adapters in the recipe, as in teachers: [runs/x-clip, runs/ts2-net]"
        )
    if names and not student.method.takes_teachers:
        able = ", ".join(name for name in METHODS if method_named(name).takes_teachers) or "no method yet"
        raise RecipeError(f"teachers: {student.method_name} learns from none; leave them out, or take one of: {able}")
    return tuple(load_teacher(name, student) for name in names)


def load_teacher(name: str, student: VideoTextModel) -> VideoTextModel:
    """Load one teacher; see `load_teachers`.

    Raises:
        RecipeError: it takes other frames than the student.
        AdapterError: the adapter cannot be loaded.
        ModelError: its backbone cannot be loaded.
    """
    try:
        teacher = load_model(read_adapter_config(name).backbone, name, device="cpu")
    except (AdapterError, ModelError) as error:
        # A recipe may name an adapter to start from, too.
        raise type(error)(f"teacher {error}") from error
    size, its = student.backbone.vision.image_size, teacher.backbone.vision.image_size
    if size != its:
        raise RecipeError(
            f"teacher {name}: takes frames of {its} pixels, the student of {size}; both see the same ones, so give a "
            "teacher with the student's image size"
        )
    if _frames(student.train_sampling) not in (_frames(teacher.train_sampling), _frames(teacher.sampling)):
        options = student.method.config
        raise RecipeError(
            f"teacher {name}: takes {teacher.train_sampling.num_frames} frames in training and "
            f"{teacher.sampling.num_frames} at test{_chunks(teacher)}, the student {options.num_frames}"
            f"{_chunks(student)}; both see the same ones, so set options.num_frames to the teacher's, or give a "
            "teacher that orders frames as the student does"
        )
    return teacher


def _frames(sampling: FrameSampling) -> tuple[int, int]:
    """Return what determines the frames and their order: how many there are, and how many a pass over the video has."""
    return sampling.num_frames, sampling.chunk_frames or sampling.num_frames


def _chunks(model: VideoTextModel) -> str:
    chunk = model.method.chunk_frames
    return "" if chunk is None else f" in chunks of {chunk}"
