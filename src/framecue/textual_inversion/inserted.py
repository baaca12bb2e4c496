"""Token embeddings of one's own at places of a text, in whatever forward pass reads the text.

The text tower's own `token_embedding` gives them, so a method's forward pass is the same as ever, with its prompts and
its adapters, and no method knows of names. What is put in belongs to the code that runs within :func:`inserted`:
other threads that encode texts with the same model meanwhile see nothing of it.

Shapes: N texts, T tokens, P taught tokens, D the text tower's width.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from torch import Tensor, nn

__all__ = ["inserted"]


@dataclass(frozen=True, eq=False)
class _Insertion:
    module: nn.Module
    rows: Tensor
    places: Tensor
    vectors: Tensor
    num_texts: int


_current: ContextVar[_Insertion | None] = ContextVar("inserted token embeddings", default=None)
_hooking = threading.Lock()
_HOOKED = "_framecue_gives_inserted"


@contextmanager
def inserted(
    token_embedding: nn.Module, *, rows: Tensor, places: Tensor, vectors: Tensor, num_texts: int
) -> Iterator[None]:
    """Within the block a token embedding gives vectors of one's own at places of a batch; gradients reach them.

    Args:
        token_embedding: a text tower's, which turns ids (N, T) into (N, T, D).
        rows: int64 (P,), which text of the batch each place is in.
        places: int64 (P,), which token of that text.
        vectors: (P, D), in any type, on any device.
        num_texts: N, so that what is no such batch is left as it is.
    """
    _hook(token_embedding)
    token = _current.set(_Insertion(token_embedding, rows, places, vectors, num_texts))
    try:
        yield
    finally:
        _current.reset(token)


def _hook(module: nn.Module) -> None:
    """Have a module ask for insertions from now on; without any it gives what it always gave."""
    with _hooking:
        if not getattr(module, _HOOKED, False):
            module.register_forward_hook(_insert)
            setattr(module, _HOOKED, True)


def _insert(module: nn.Module, given: tuple[Tensor, ...], embedded: Tensor) -> Tensor | None:
    insertion = _current.get()
    if insertion is None or insertion.module is not module or len(embedded) != insertion.num_texts:
        return None
    vectors = insertion.vectors.to(embedded.device, embedded.dtype)
    where = (insertion.rows.to(embedded.device), insertion.places.to(embedded.device))
    return embedded.index_put(where, vectors)
