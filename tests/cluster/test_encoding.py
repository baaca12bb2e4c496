from __future__ import annotations

import numpy as np
import pytest

from framecue.cluster.encoding import NodeEncoder
from framecue.encoder import ENCODERS, EncoderSpec
from framecue.errors import ModelError
from framecue.library.indexing.encode import SegmentEncoder
from framecue.video import Moment, Segmentation
from support.cluster_colours import ClusterColours, load
from support.colours import ColourOfEach


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENCODERS, "cluster-colours", load)


def moments(number: int) -> list[np.ndarray]:
    rng = np.random.default_rng(number)
    return [rng.integers(0, 256, (4, 6, 8, 3), dtype=np.uint8) for _ in range(number)]


def test_it_encodes_what_one_machine_does_across_the_videos() -> None:
    encoder = NodeEncoder(ClusterColours().spec(), Segmentation("whole"), captions=False)
    about = encoder.load()
    assert (about.computation, about.frames_at_once) == (None, 64)
    pixels = moments(37)
    for each in pixels:
        each.flags.writeable = False  # as in a store of objects
    found = encoder.encode(pixels[:20], pixels[20:])
    local = SegmentEncoder(ClusterColours(), segmentation=Segmentation("whole"))
    wanted = local.encode([local.prepare(Moment(0, 1, each, b"")) for each in pixels])
    np.testing.assert_allclose(found.vectors, [each.vector for each in wanted], atol=1e-6)
    assert found.captions == (None,) * 37
    assert found.seconds > 0


def test_frames_that_segments_share_are_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ColourOfEach()
    monkeypatch.setattr("framecue.encoder.load_encoder", lambda spec: model)
    encoder = NodeEncoder(EncoderSpec(fingerprint=model.fingerprint()), Segmentation("whole"), captions=False)
    encoder.load()
    frames = moments(1)[0]
    encoder.encode([frames, frames, frames[::-1]])
    assert sum(model.frames) == 4


def test_a_model_that_is_another_one_on_the_node_is_refused() -> None:
    spec = ClusterColours(num_frames=4, name="a").spec()

    def other(spec: EncoderSpec) -> ClusterColours:
        return ClusterColours(name="b")

    ENCODERS["cluster-colours"] = other  # type: ignore[index]
    with pytest.raises(ModelError, match="another model"):
        NodeEncoder(spec, Segmentation("whole"), captions=False).load()
