"""Libraries of colours whose rows are written down: no video is read for them."""

from __future__ import annotations

from pathlib import Path

from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from support.colours import ColourEncoder

__all__ = ["write_colours"]


def write_colours(place: Path, *names: str, model: ColourEncoder | None = None) -> Path:
    """Add a video for each colour to a library, as `/NAME.mp4`; it is made if it is not there.

    Args:
        place: of the library.
        names: of colours that the encoder knows.
        model: made the library; by default an encoder of colours.
    """
    model = model or ColourEncoder()
    store = Store.open(str(place)) if place.exists() else Store.create(str(place), model.fingerprint().to_dict())
    vectors = model.embed_texts(names)
    rows = [
        Row(
            video_id=f"id-of-{name}",
            path=f"/{name}.mp4",
            start_seconds=0.0,
            end_seconds=2.0,
            vector=vector,
            duration_seconds=2.0,
            state=FileState(10, 1_700_000_000.0),
        )
        for name, vector in zip(names, vectors, strict=True)
    ]
    store.write(rows)
    return place
