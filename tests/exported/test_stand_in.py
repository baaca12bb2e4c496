from __future__ import annotations

import numpy as np

from framecue.encoder import Encoder
from framecue.exported.stand_in import StandIn
from support.colours import ColourEncoder


class Other(StandIn):
    def __init__(self, model: Encoder) -> None:
        self._model = model

    @property
    def model(self) -> Encoder:
        return self._model


def test_all_of_it_is_the_models(monkeypatch) -> None:
    model = ColourEncoder(num_frames=3)
    monkeypatch.setattr(model, "describe", lambda pixel_values: ["red"] * len(pixel_values))
    other: Encoder = Other(model)
    frames = np.full((3, 4, 4, 3), 200, dtype=np.uint8)
    values = model.prepare(frames)
    for name in ("method_name", "offline", "has_captioner", "sampling", "short_side"):
        assert getattr(other, name) == getattr(model, name)
    assert other.fingerprint() == model.fingerprint()
    assert other.spec() == model.spec()
    np.testing.assert_array_equal(other.prepare(frames), values)
    np.testing.assert_array_equal(other.embed_videos(values[None]), model.embed_videos(values[None]))
    np.testing.assert_array_equal(other.embed_frames(values), model.embed_frames(values))
    np.testing.assert_array_equal(other.embed_texts(["red"]), model.embed_texts(["red"]))
    assert other.describe(values[None]) == ["red"]
