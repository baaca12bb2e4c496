"""A graph of ONNX, opened by ONNX Runtime, which is the extra `onnx` and imported here alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import ModelError, RuntimeMissingError, first_line
from framecue.exported.extra import EXTRA
from framecue.exported.mark import MARK
from framecue.paths import is_file

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Session", "is_available", "open_session", "runtime_version"]

# Only errors; of a graph that cannot be read, the error that is raised says everything.
_LOG_ERRORS = 4


class Session:
    """An opened graph; any number of threads may call :meth:`run` at once, and it lets others have the interpreter.

    Args:
        path: the graph's file, for messages.
        opened: ONNX Runtime's own session.
    """

    def __init__(self, path: Path, opened: onnxruntime.InferenceSession) -> None:
        self.path, self._opened = path, opened
        self.inputs: tuple[str, ...] = tuple(item.name for item in opened.get_inputs())
        self.shapes: dict[str, list[int | str]] = {item.name: item.shape for item in opened.get_inputs()}
        self.outputs: tuple[str, ...] = tuple(item.name for item in opened.get_outputs())
        self.properties: dict[str, str] = dict(opened.get_modelmeta().custom_metadata_map)

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the graph's outputs, in the order of `outputs`.

        Args:
            inputs: an array for each name in `inputs`, of the type and the shape that the graph declares.

        Raises:
            ModelError: the graph cannot be computed with them; the message names the file.
        """
        try:
            # Without names of outputs it gives all of them.
            return list(self._opened.run(None, dict(inputs)))
        except Exception as error:  # its errors have no base of their own
            raise ModelError(f"{self.path}: the exported graph cannot be run: {first_line(error)}") from error


def is_available() -> bool:
    """Whether ONNX Runtime is installed; it is not imported."""
    try:
        return find_spec("onnxruntime") is not None
    except (ImportError, ValueError):  # what is there is no package
        return False


def runtime_version() -> str:
    """Return the version of ONNX Runtime.

    Raises:
        RuntimeMissingError: it is not installed.
    """
    return str(_runtime().__version__)


def open_session(
    path: str | os.PathLike[str],
    *,
    content: bytes | None = None,
    num_threads: int | None = None,
    starts_fast: bool = False,
    key: str | None = None,
) -> Session:
    """Open a graph on the processor.

    Args:
        path: the graph; what it keeps in other files lies beside it.
        content: a graph that is not written anywhere; `path` is then where it would lie. None for what is in the file.
        num_threads: how many threads one call of `run` computes with; None for one a core.
        starts_fast: whether to open it in little time rather than to run it in little time: the graph is taken as it
            is, and weights are read from where the file is mapped instead of being put in another order first. For
            a process that runs it once.
        key: of the model that the graph is to be of, see :mod:`framecue.exported.mark`; None for whichever it is.

    Raises:
        RuntimeMissingError: ONNX Runtime is not installed.
        ModelError: there is no such file, it is no graph that can be run, or another model's; the message names the
            file.
    """
    runtime = _runtime()
    file = Path(path)
    if not is_file(file):
        raise ModelError(f"{file}: no such file; export the model again")
    options = runtime.SessionOptions()
    options.log_severity_level = _LOG_ERRORS
    if num_threads is not None:
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
    if starts_fast:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_prepacking", "1")
    if content is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(file.parent))
    try:
        opened = runtime.InferenceSession(content or str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no base of their own
        raise ModelError(
            f"{file}: the exported graph cannot be read: {first_line(error)}; delete it and export the model again"
        ) from error
    session = Session(file, opened)
    if key is not None and session.properties.get(MARK, key) != key:
        raise ModelError(f"{file}: the exported graph is another model's; delete it and export the model again")
    return session


def _runtime() -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise RuntimeMissingError(
            f"ONNX Runtime, which runs exported graphs, cannot be imported ({first_line(error)}); "
            f"pip install '{EXTRA}', or use the model itself"
        ) from error
    module: ModuleType = onnxruntime
    return module
