from __future__ import annotations

from pathlib import Path

import pytest
import torch

from framecue.errors import AdapterError, FingerprintError
from framecue.library.fingerprint import (
    check_fingerprint,
    differing_fields,
    lasting_fingerprint,
    load_named_model,
)

LIBRARY = {"backbone": "clip-a", "adapter": None, "sampling": {"num_frames": 12, "sizes": [1, 2]}, "embedding_dim": 4}


def test_same_values_fit_whatever_their_order_and_sequence_type() -> None:
    model = {"embedding_dim": 4, "sampling": {"sizes": (1, 2), "num_frames": 12}, "adapter": None, "backbone": "clip-a"}
    check_fingerprint("x.lance", LIBRARY, model)


def test_differing_fields_are_found_at_any_depth_and_on_both_sides() -> None:
    model = {"backbone": "clip-a", "sampling": {"num_frames": 8, "sizes": [1, 2]}, "embedding_dim": 4, "extra": 1}
    assert differing_fields(LIBRARY, model) == {
        "adapter": (None, None),  # there in one, absent in the other
        "sampling.num_frames": (12, 8),
        "extra": (None, 1),
    }


def test_message_names_fields_values_and_the_way_out() -> None:
    model = LIBRARY | {"backbone": "clip-b", "sampling": {"num_frames": 8, "sizes": [1, 2]}}
    with pytest.raises(FingerprintError) as caught:
        check_fingerprint("x.lance", LIBRARY, model)
    message = str(caught.value)
    assert 'x.lance was made with another model: its backbone is "clip-a", not "clip-b"' in message
    assert "sampling.num_frames is 12, not 8" in message
    assert "adapter is" not in message
    assert "index into a new library" in message
    assert "\n" not in message


def test_same_weights_in_another_place_fit() -> None:
    library = {"backbone": "/old/clip", "revision": "r1", "adapter": "h1", "adapter_source": "/old/run"}
    moved = library | {"backbone": "/new/clip", "adapter_source": "/new/run"}
    assert differing_fields(library, moved) == {}
    assert differing_fields(library, moved | {"revision": "r2"}) == {
        "backbone": ("/old/clip", "/new/clip"),
        "revision": ("r1", "r2"),
    }
    assert set(differing_fields(library, moved | {"adapter": "h2"})) == {"adapter", "adapter_source"}


def test_places_of_unknown_content_count() -> None:
    library = {"backbone": "a", "revision": None}
    assert differing_fields(library, {"backbone": "b", "revision": None}) == {"backbone": ("a", "b")}


def test_folders_become_absolute_and_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    fingerprint = {"backbone": "openai/clip-vit-base-patch32", "adapter_source": "../run", "embedding_dim": 4}
    assert lasting_fingerprint(fingerprint) == fingerprint | {"adapter_source": str(tmp_path / "run")}
    assert lasting_fingerprint({"backbone": "b", "adapter_source": None}) == {"backbone": "b", "adapter_source": None}


def test_a_bundled_name_stays_where_a_folder_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moji-clip").mkdir()
    monkeypatch.chdir(tmp_path)
    fingerprint = {"backbone": "moji-clip", "adapter_source": None}
    assert lasting_fingerprint(fingerprint) == fingerprint
    assert lasting_fingerprint({"backbone": "./moji-clip"})["backbone"] == str(tmp_path / "moji-clip")


@pytest.mark.parametrize(
    ("fingerprint", "dtype", "expected"),
    [
        (
            {"adapter": None, "adapter_source": None, "method": "top-k", "options": {"k": 3}, "revision": "r"},
            None,
            ("clip", None, {"method": "top-k", "options": {"k": 3}, "revision": "r"}),
        ),
        (
            {"adapter": "h", "adapter_source": "/run", "method": "prompt-switch", "revision": "r"},
            torch.bfloat16,
            ("clip", "/run", {"dtype": torch.bfloat16, "revision": "r"}),
        ),
    ],
)
def test_named_model_is_loaded_as_it_was(
    fingerprint: dict, dtype: torch.dtype | None, expected: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(
        "framecue.model.load_model", lambda name, adapter=None, **options: calls.append((name, adapter, options))
    )
    load_named_model({"backbone": "clip", **fingerprint}, dtype=dtype)
    assert calls == [expected]


def test_adapter_without_a_place_is_an_error_that_says_so() -> None:
    with pytest.raises(AdapterError, match="does not say where that is; name the model and the adapter"):
        load_named_model({"backbone": "clip", "adapter": "h", "adapter_source": None, "method": "prompt-switch"})
