from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from framecue.encoder import Fingerprint
from framecue.errors import AdapterError, FingerprintError
from framecue.library import Library
from framecue.library.fingerprint import check_fingerprint, load_named_model
from framecue.methods.base import MethodConfig
from framecue.video import FrameSampling
from support.colours import ColourEncoder, write_clip

LIBRARY = Fingerprint(backbone="clip-a", sampling=FrameSampling(12), embedding_dim=4, method="prompt-switch")


def test_equal_fingerprints_fit() -> None:
    check_fingerprint("x.lance", LIBRARY, replace(LIBRARY))


def test_message_names_fields_values_and_the_way_out() -> None:
    model = replace(LIBRARY, backbone="clip-b", sampling=FrameSampling(8))
    with pytest.raises(FingerprintError) as caught:
        check_fingerprint("x.lance", LIBRARY, model)
    message = str(caught.value)
    assert message.startswith("library x.lance was made with another model; use its own (leave out the model and the ")
    assert message.endswith('its backbone is "clip-a", not "clip-b", sampling.num_frames is 12, not 8')
    assert "adapter is" not in message
    assert "index into a new library" in message
    assert "framecue index --again" in message
    assert "\n" not in message
    assert (caught.value.summary + "; " + caught.value.details) == message
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.summary, copy.details) == (caught.value.summary, caught.value.details)


def test_a_library_on_a_grid_of_frames(tmp_path: Path) -> None:
    """It is indexed, searched and named by its grid; a model of any frames does not fit it, nor the other way round."""
    clip = write_clip(tmp_path / "clips" / "red.mp4", "red", seconds=2)
    grid, free = ColourEncoder(), ColourEncoder()
    grid.sampling = FrameSampling(4, None, 3.0)
    for name, model, other in (("grid", grid, free), ("free", free, grid)):
        library = Library(tmp_path / name, model=model)
        library.add(clip.parent)
        assert [match.path for match in library.search("red")] == [str(clip)]
        kept = Library(tmp_path / name).fingerprint
        assert kept.sampling == model.sampling
        with pytest.raises(FingerprintError, match=r"sampling\.frames_per_second is"):
            check_fingerprint(name, kept, other.fingerprint())


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"method": "mean-pool"}, 'its method is "prompt-switch", not "mean-pool"'),
        (
            {"method": "mean-pool", "options": {}, "adapter": None, "adapter_source": None},
            'its method is "prompt-switch", not "mean-pool", adapter is "/runs/a", not none',
        ),
        ({"adapter": "h2", "adapter_source": "/runs/b"}, 'its adapter is "/runs/a", not "/runs/b"'),
        ({"adapter": "h2"}, 'its adapter is "h1", not "h2"'),
        ({"revision": "r2"}, 'its revision is "r1", not "r2"'),
        ({"options": dict.fromkeys("abcdef", 2)}, "its options.a is 1, not 2, options.b is 1, not 2, options.c is 1, "),
    ],
)
def test_what_differs_most_comes_first_and_what_follows_from_it_is_left_out(changes: dict, details: str) -> None:
    options = dict.fromkeys("abcdef", 1)
    library = replace(LIBRARY, revision="r1", options=options, adapter="h1", adapter_source="/runs/a")
    with pytest.raises(FingerprintError) as caught:
        check_fingerprint("x.lance", library, replace(library, **changes))
    assert caught.value.details.startswith(details)
    if len(changes) > 2 or "options" not in changes:
        assert caught.value.details == details
    else:
        assert caught.value.details.endswith(", and 2 more")


@pytest.mark.parametrize(
    ("changes", "precision", "expected"),
    [
        (
            {"method": "top-k", "options": {"k": 3}, "revision": "r"},
            "float32",
            (
                None,
                {
                    "method": "top-k",
                    "options": {**MethodConfig.added, "k": 3},  # what came later is as it was before
                    "revision": "r",
                    "dtype": torch.float32,
                },
            ),
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
