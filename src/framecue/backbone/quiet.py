"""Keep `transformers` from writing to standard error while it works for us: what matters is raised, not printed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars
from transformers.utils import logging

__all__ = ["quiet_transformers"]


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No messages below errors, no progress bars; the settings found are put back at the end."""
    verbosity, bars, hub_bars = logging.get_verbosity(), logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    logging.set_verbosity_error()
    with warnings.catch_warnings():
        # The hub warns where its environment variable has decided about bars; then they stay as that says.
        warnings.filterwarnings("ignore", message="Cannot (dis|en)able progress bars")
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Cannot (dis|en)able progress bars")
            if bars:
                logging.enable_progress_bar()
            if hub_bars:
                disable_progress_bars()
