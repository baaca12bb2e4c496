from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framecue.encoder import EncoderSpec, Fingerprint
from framecue.encoders import ALL_ENCODERS, ENCODERS, load_encoder
from framecue.errors import FingerprintError, InputError, UnknownNameError
from framecue.library import Library
from support.colours import ColourEncoder, write_clip

MODULE = """
from dataclasses import replace
from support.colours import ColourEncoder, write_clip

class Painted(ColourEncoder):
    def fingerprint(self):
        return replace(super().fingerprint(), encoder="painted")

def load(spec):
    return Painted(name=spec.fingerprint.backbone)
"""


@pytest.fixture
def painted(install: Callable[..., None]) -> type[ColourEncoder]:
    """An encoder of another package, which needs no torch."""
    install("painted_encoder", {"framecue.encoders": {"painted": "painted_encoder:load"}}, MODULE)
    from painted_encoder import Painted  # type: ignore[import-not-found]

    return Painted


@pytest.mark.isolated
def test_a_library_finds_its_encoder_again_by_its_registered_name(painted, tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        write_clip(tmp_path / "clips" / f"{colour}.mp4", colour)
    Library(tmp_path / "l.lance", model=painted(name="mine")).add(tmp_path / "clips")
    library = Library(tmp_path / "l.lance")
    assert library.fingerprint.encoder == "painted"
    assert [Path(hit.path).name for hit in library.search("red", k=1)] == ["red.mp4"]
    with pytest.raises(FingerprintError, match='its encoder is "painted", not null'):
        Library(tmp_path / "l.lance", model=ColourEncoder(name="mine")).search("red")


def test_its_description_loads_it(painted) -> None:
    spec = EncoderSpec(fingerprint=painted(name="mine").fingerprint())
    np.testing.assert_array_equal(spec.load().embed_texts(["red"]), painted().embed_texts(["red"]))


def test_names(install: Callable[..., None]) -> None:
    assert list(ENCODERS) == ["framecue"]
    assert ALL_ENCODERS.names() == ["framecue"]
    install("twice", {"framecue.encoders": {"framecue": "twice:load"}}, MODULE)
    fingerprint = Fingerprint(backbone="moji-clip", sampling=ColourEncoder().sampling, embedding_dim=4)
    with pytest.raises(InputError, match="'framecue' stands twice: in framecue itself and in package twice"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))


def test_what_is_no_function_is_refused(install: Callable[..., None]) -> None:
    install("odd_encoder", {"framecue.encoders": {"odd": "odd_encoder:NUMBER"}}, "NUMBER = 3")
    fingerprint = Fingerprint(backbone="b", sampling=ColourEncoder().sampling, embedding_dim=4, encoder="odd")
    with pytest.raises(InputError, match="it is no function that makes an encoder"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))


def test_an_unknown_name_lists_the_known_ones() -> None:
    fingerprint = Fingerprint(backbone="b", sampling=ColourEncoder().sampling, embedding_dim=4, encoder="tpu")
    with pytest.raises(UnknownNameError, match="unknown encoder 'tpu'; known: framecue"):
        load_encoder(EncoderSpec(fingerprint=fingerprint))
