from __future__ import annotations

import pyarrow as pa

from framecue.library.store.taught_name_rows import PICTURES, SCHEMA, names_key

FINGERPRINT = {
    "backbone": "/models/clip",
    "revision": "sha256:1",
    "sampling": {"num_frames": 4},
    "embedding_dim": 4,
}


def test_a_model_is_the_same_wherever_its_weights_lie():
    assert names_key(FINGERPRINT) == names_key({**FINGERPRINT, "backbone": "/elsewhere"})
    assert names_key(FINGERPRINT) != names_key({**FINGERPRINT, "revision": "sha256:2"})
    assert names_key(FINGERPRINT) != names_key({**FINGERPRINT, "method": "vop"})


def test_what_a_search_does_not_read_is_what_is_large():
    assert all(SCHEMA.field(name).type in (pa.binary(), pa.list_(pa.binary())) for name in PICTURES)
