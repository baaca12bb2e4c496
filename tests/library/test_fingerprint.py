from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from framecue.encoder import Fingerprint
from framecue.errors import AdapterError, FingerprintError
from framecue.library.fingerprint import check_fingerprint, load_named_model
from framecue.video import FrameSampling

LIBRARY = Fingerprint(backbone="clip-a", sampling=FrameSampling(12), embedding_dim=4, method="prompt-switch")


def test_equal_fingerprints_fit() -> None:
    check_fingerprint("x.lance", LIBRARY, replace(LIBRARY))


def test_message_names_fields_values_and_the_way_out() -> None:
    model = replace(LIBRARY, backbone="clip-b", sampling=FrameSampling(8))
    with pytest.raises(FingerprintError) as caught:
        check_fingerprint("x.lance", LIBRARY, model)
    message = str(caught.value)
    assert 'x.lance was made with another model: its backbone is "clip-a", not "clip-b"' in message
    assert "sampling.num_frames is 12, not 8" in message
    assert "adapter is" not in message
    assert "index into a new library" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("changes", "precision", "expected"),
    [
        (
            {"method": "top-k", "options": {"k": 3}, "revision": "r"},
            "float32",
            (None, {"method": "top-k", "options": {"k": 3}, "revision": "r", "dtype": torch.float32}),
        ),
        (
            {"adapter": "h", "adapter_source": "/run", "revision": "r"},
            "bfloat16",
            ("/run", {"dtype": torch.bfloat16, "revision": "r"}),
        ),
    ],
)
def test_named_model_is_loaded_as_it_was(
    changes: dict, precision: str, expected: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(
        "framecue.model.load_model", lambda name, adapter=None, **options: calls.append((name, adapter, options))
    )
    load_named_model(replace(LIBRARY, **changes), precision=precision)
    assert calls == [("clip-a", *expected)]


def test_adapter_without_a_place_is_an_error_that_says_so() -> None:
    with pytest.raises(AdapterError, match="does not say where that is; name the model and the adapter"):
        load_named_model(replace(LIBRARY, adapter="h"))
