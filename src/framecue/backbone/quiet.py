"""Keeping `transformers` from writing to standard error: what matters is raised, not printed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR

from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars
from transformers.utils import logging

__all__ = ["quiet_transformers"]


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Suppress messages below errors, and progress bars, while the block runs; restore the settings at its end.

    Each change of a logger's level makes Python's `logging` look at every logger of the process; so whatever is made of
    several such blocks is one, in which these change nothing.
    """
    verbosity, bars, hub_bars = logging.get_verbosity(), logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    if verbosity == ERROR and not bars and hub_bars:
        yield
        return
    logging.set_verbosity_error()
    with warnings.catch_warnings():
        # The hub warns if its environment variable decides about progress bars; then that setting stays.
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
