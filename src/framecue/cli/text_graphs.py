"""Keeping the text side of a model as a graph, so that later searches start without torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from framecue.cli.long_steps import told_if_long

if TYPE_CHECKING:
    from framecue.encoder import Encoder

__all__ = ["keep_text_graph"]


def keep_text_graph(model: Encoder) -> None:
    """Make the graph of a model's text side if there is none, after the answer that the person waits for.

    Nothing comes of it for a model that is no framecue model, or where what makes graphs is not installed.
    """
    # What was never imported is not in use: the model is another package's, or a graph encodes its texts already.
    module = sys.modules.get("framecue.model")
    if module is None or not isinstance(model, module.VideoTextModel):
        return
    from framecue.exported.session import is_available

    if not is_available():
        return
    sys.stdout.flush()  # whoever reads the answer need not wait
    with told_if_long("keeping how the model encodes texts, so that later searches start sooner"):
        from framecue.exported.export_text import keep_text_graph as keep

        keep(model)
