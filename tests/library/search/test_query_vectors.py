from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framecue.errors import AbsentError, InputError, VideoError
from framecue.library import HeldMoment, Library, Query, VideoMoment
from framecue.library.search import query_vectors
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.video import PlainFrameSource, content_hash, write_video

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}


def of_colour(colour: tuple[int, int, int]) -> np.ndarray:
    vector = np.array([*(value / 255 - 0.5 for value in colour), 0.1])
    return vector / np.linalg.norm(vector)


def encode_queries(model: Any, store: Store, queries: list[Query]) -> list[query_vectors.EncodedQuery]:
    return query_vectors.encode_queries(model, store, queries, PlainFrameSource())


@pytest.fixture
def store(tmp_path: Path, clips: Path, make_model) -> Store:
    library = Library(tmp_path / "l.lance", model=make_model())
    library.add(clips)
    return Store.open(library.uri)


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """Ten seconds each of red, green and blue."""
    frames = [np.full((48, 64, 3), COLOURS[name], dtype=np.uint8) for name in COLOURS for _ in range(40)]
    return write_video(tmp_path / "changing.mp4", frames, frames_per_second=4) or tmp_path / "changing.mp4"


def encoded(model: Any, store: Store, query: Query) -> np.ndarray:
    (one,) = encode_queries(model, store, [query])
    assert one.vector.dtype == np.float32
    assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)
    assert len(one.parts) == len(query.parts)
    return one.vector


def test_one_text_keeps_its_vector_bit_by_bit(colour_model, store: Store) -> None:
    for weight in (1, 0.3):
        vector = encoded(colour_model, store, Query({"red": weight}))
        np.testing.assert_array_equal(vector, colour_model.embed_texts(["red"])[0])


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("red HAT", "red"),
        ("red", None),
        (["red HAT", "blue"], "red blue"),
        # Who asks one leg has all of it read, and what is searched away from asks for nothing.
        (Query.parse("seen:green"), None),
        ([("red", 1), ("blue HAT", -1)], None),
    ],
)
def test_it_is_told_what_was_read_where_that_is_not_all(
    colour_model, store: Store, query: Any, read: str | None
) -> None:
    def lower(text: str) -> str:
        return " ".join(word for word in text.split() if word.islower()) or text

    asked = query if isinstance(query, Query) else Query(query)
    (one,) = query_vectors.encode_queries(colour_model, store, [asked], PlainFrameSource(), read_as=lower)
    assert one.read == read


def test_the_sum_is_weighed_and_normalised(colour_model, store: Store) -> None:
    red, blue = (of_colour(COLOURS[name]) for name in ("red", "blue"))
    expected = 2 * red - 0.5 * blue
    vector = encoded(colour_model, store, Query({"red": 2, "blue": -0.5}))
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)
    np.testing.assert_allclose(encoded(colour_model, store, Query({"red": -3})), -red, atol=1e-6)
    huge = encoded(colour_model, store, Query({"red": 2e300, "blue": -0.5e300}))
    np.testing.assert_allclose(huge, vector, atol=1e-6)


def test_parts_that_cancel_out_are_refused(colour_model, store: Store) -> None:
    with pytest.raises(InputError, match="cancel out, so that nothing is left to search for: red, without red"):
        encode_queries(colour_model, store, [Query([("red", 1), ("red", -1)])])


def test_a_picture_is_a_video_of_one_frame(colour_model, store: Store, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), COLOURS["green"]).save(tmp_path / "green.png")
    vector = encoded(colour_model, store, Query(images=tmp_path / "green.png"))
    np.testing.assert_allclose(vector, of_colour(COLOURS["green"]), atol=1e-6)


def test_a_whole_video_and_a_moment_of_one(colour_model, store: Store, changing: Path) -> None:
    whole = encoded(colour_model, store, Query(videos=changing))
    mean = np.mean([COLOURS["red"], COLOURS["green"], COLOURS["green"], COLOURS["blue"]], axis=0)
    np.testing.assert_allclose(whole, of_colour(tuple(mean)), atol=0.05)
    # The window is 5 s, and stays in the video.
    for at_seconds, name in ((0, "red"), (7, "red"), (15, "green"), (23.5, "blue"), (30, "blue")):
        vector = encoded(colour_model, store, Query(videos=VideoMoment(changing, at_seconds)))
        np.testing.assert_allclose(vector, of_colour(COLOURS[name]), atol=0.03)
    with pytest.raises(InputError, match=r"changing\.mp4: there is no moment at 31 s; the video lasts 30\.0 s"):
        encode_queries(colour_model, store, [Query(videos=VideoMoment(changing, 31))])


def test_the_window_is_as_long_at_the_edges_of_the_video(colour_model, store: Store, tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), COLOURS[name], dtype=np.uint8) for name in ("red", "blue") for _ in range(12)]
    write_video(tmp_path / "short.mp4", frames, frames_per_second=4)
    first, last = (
        encoded(colour_model, store, Query(videos=VideoMoment(tmp_path / "short.mp4", at))) for at in (0.0, 6.0)
    )
    # Of the four frames that are looked at in 5 s, half are of the far colour.
    for vector, near, far in ((first, "red", "blue"), (last, "blue", "red")):
        assert vector @ of_colour(COLOURS[near]) < 0.95
        assert vector @ of_colour(COLOURS[far]) > -0.2


def test_what_the_library_holds_unchanged_is_not_read_again(make_model, store: Store, clips: Path) -> None:
    model = make_model()
    stored = store.rows_at([str(clips / "red.mp4")])[str(clips / "red.mp4")][0].vector.astype(np.float32)
    copy = clips.parent / "another name.avi"
    shutil.copy(clips / "red.mp4", copy)
    for path in (clips / "red.mp4", copy):
        for moment in (None, 0.5):
            vector = encoded(model, store, Query(videos=VideoMoment(path, moment)))
            np.testing.assert_allclose(vector, stored / np.linalg.norm(stored), atol=1e-6)
    assert model.num_encoded == 0
    os.utime(clips / "red.mp4", (1, 1))
    encode_queries(model, store, [Query(videos=clips / "red.mp4")])
    assert model.num_encoded == 0


def test_what_has_changed_is_read_anew(make_model, store: Store, clips: Path, write_clip) -> None:
    model = make_model()
    write_clip(clips / "red.mp4", "blue", seconds=3)
    vector = encoded(model, store, Query(videos=clips / "red.mp4"))
    assert vector @ of_colour(COLOURS["blue"]) > 0.98
    assert model.num_encoded == 1


def test_a_moment_of_a_video_in_the_library_is_its_segment(make_model, make_store, changing: Path) -> None:
    status = changing.stat()
    common = {
        "path": str(changing),
        "video_id": content_hash(str(changing)),
        "duration_seconds": 30.0,
        "state": FileState(status.st_size, status.st_mtime),
    }
    spans = {(0.0, 10.0): (1, 0, 0, 0), (5.0, 15.0): (0, 1, 0, 0), (20.0, 30.0): (0, 0, 1, 0)}
    store = make_store(
        [{**common, "start_seconds": start, "end_seconds": end, "vector": v} for (start, end), v in spans.items()]
    )
    model = make_model()
    for at_seconds, vector in ((0, (1, 0, 0, 0)), (6, (1, 0, 0, 0)), (9, (0, 1, 0, 0)), (30, (0, 0, 1, 0))):
        found = encoded(model, store, Query(videos=VideoMoment(changing, at_seconds)))
        np.testing.assert_allclose(found, vector, atol=1e-6)
    assert model.num_encoded == 0
    # Between the segments, and the whole: no vector of the library is theirs.
    between = encoded(model, store, Query(videos=VideoMoment(changing, 17)))
    np.testing.assert_allclose(between, of_colour(COLOURS["green"]), atol=0.03)
    encoded(model, store, Query(videos=changing))
    assert model.num_encoded == 2
    with pytest.raises(InputError, match="there is no moment at 31 s"):
        encode_queries(model, store, [Query(videos=VideoMoment(changing, 31))])


@pytest.mark.parametrize("kind", ["images", "videos"])
def test_a_file_that_cannot_be_used_is_one_clear_line(colour_model, store: Store, tmp_path: Path, kind: str) -> None:
    (tmp_path / "text.png").write_text("no picture " * 99)
    (tmp_path / "empty.mp4").write_bytes(b"")
    reasons = {"none.png": "no such file", "text.png": "can be decoded", "empty.mp4": "is empty", "": "is a folder"}
    for name, reason in reasons.items():
        with pytest.raises(VideoError, match=reason) as caught:
            encode_queries(colour_model, store, [Query(**{kind: tmp_path / name})])
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)


def test_a_video_is_no_picture(colour_model, store: Store, clips: Path) -> None:
    with pytest.raises(InputError, match=r"red\.mp4: a video of 8 frames, not a picture; search with a video"):
        encode_queries(colour_model, store, [Query(images=clips / "red.mp4")])


def test_a_file_is_encoded_as_a_query_for_it_is(
    colour_model, store: Store, changing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (64, 48), COLOURS["green"]).save(tmp_path / "green.png")
    library, source = Library(store.uri, model=colour_model), PlainFrameSource()
    for path, at_seconds in ((changing, None), (changing, 15.0), (tmp_path / "green.png", None)):
        vector = library.encode_file(str(path), at_seconds=at_seconds, source=source)
        expected = encoded(colour_model, store, Query(videos=VideoMoment(path, at_seconds)))
        np.testing.assert_array_equal(vector, expected)
    with pytest.raises(InputError, match="there is no moment at 31 s"):
        library.encode_file(str(changing), at_seconds=31, source=source)
    monkeypatch.setattr(colour_model, "embed_videos", lambda pixels: np.full((1, 4), np.nan, np.float32))
    with pytest.raises(InputError, match="no finite vector"):
        library.encode_file(str(changing), source=source)


def test_a_video_that_is_held_is_searched_with_by_its_id_though_its_file_is_gone(colour_model, make_store) -> None:
    vectors = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)]
    store = make_store(
        [
            {"path": "/gone.mp4", "start_seconds": 1 + 3.0 * place, "end_seconds": 4 + 3.0 * place, "vector": vector}
            for place, vector in enumerate(vectors)
        ]
    )
    held = "id of /gone.mp4"
    for at_seconds, nearest in ((1, 0), (3.9, 0), (5.5, 1), (7, 1), (7.1, 2), (60, 2)):
        vector = encoded(colour_model, store, Query(videos=HeldMoment(held, at_seconds)))
        assert vector.argmax() == nearest, at_seconds
    mean = encoded(colour_model, store, Query(videos=HeldMoment(held)))
    np.testing.assert_allclose(mean, np.array([1, 1, 1, 0]) / 3**0.5, atol=1e-6)
    with pytest.raises(InputError, match=r"no picture at 0\.5 s; the first one is shown at 1\.0 s"):
        encode_queries(colour_model, store, [Query(videos=HeldMoment(held, 0.5))])
    with pytest.raises(InputError, match=r"no moment at 61 s; the video lasts 60\.0 s"):
        encode_queries(colour_model, store, [Query(videos=HeldMoment(held, 61))])
    with pytest.raises(AbsentError, match="holds no video with the id"):
        encode_queries(colour_model, store, [Query(videos=HeldMoment("another"))])


def test_moments_of_a_held_video_that_cancel_out_are_refused(colour_model, make_store) -> None:
    rows = [{"start_seconds": 2.0 * place, "vector": (sign, 0, 0, 0)} for place, sign in enumerate((1, -1))]
    with pytest.raises(InputError, match="cancel out"):
        encode_queries(colour_model, make_store(rows), [Query(videos=HeldMoment("id of /a.mp4"))])


def test_a_vector_that_is_not_finite_is_refused(make_model, store: Store) -> None:
    model = make_model()
    model.embed_texts = lambda texts: make_model().embed_texts(texts) * np.nan
    with pytest.raises(InputError, match="no finite vector for 'red'; check the model's weights"):
        encode_queries(model, store, [Query("red")])


def test_what_several_queries_have_in_common_is_encoded_once(
    make_model, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.library.search.query_vectors.TEXTS_PER_ENCODE", 2)
    model, calls = make_model(), []
    embed_texts = model.embed_texts
    model.embed_texts = lambda texts: (calls.append(list(texts)), embed_texts(texts))[1]
    Image.new("RGB", (64, 48), COLOURS["green"]).save(tmp_path / "green.png")
    picture = tmp_path / "green.png"
    queries = [Query("red"), Query({"blue": 1, "red": -1}, images=picture), Query("green", images=picture)]
    assert [len(one.parts) for one in encode_queries(model, store, queries)] == [1, 3, 2]
    assert calls == [["red", "blue"], ["green"]]
    assert model.num_encoded == 1


def test_a_vector_is_searched_for_as_it_is(colour_model, store: Store) -> None:
    red = colour_model.embed_texts(["red"])
    np.testing.assert_array_equal(encoded(colour_model, store, Query(vectors=red)), red[0])
    np.testing.assert_allclose(encoded(colour_model, store, Query(vectors=7 * red)), red[0], atol=1e-6)
    mixed = encoded(colour_model, store, Query("blue", vectors=[(red, -0.5)]))
    np.testing.assert_allclose(mixed, encoded(colour_model, store, Query({"blue": 1, "red": -0.5})), atol=1e-6)


def test_a_vector_of_another_width_is_refused_before_anything_is_encoded(colour_model, store: Store) -> None:
    with pytest.raises(InputError, match="a query vector has 3 numbers, and the library's have 4; give one that"):
        encode_queries(colour_model, store, [Query("no colour", vectors=np.ones(3))])


@pytest.mark.parametrize("form", ["path", "bytes", "array", "pillow"])
def test_a_picture_in_every_form_has_the_same_vector(form: str, colour_model, store: Store, tmp_path: Path) -> None:
    pixels = np.full((30, 40, 3), COLOURS["red"], dtype=np.uint8)
    path = tmp_path / "red.png"
    Image.fromarray(pixels).save(path)
    given = {
        "path": path,
        "bytes": path.read_bytes(),
        "array": pixels,
        "pillow": Image.open(io.BytesIO(path.read_bytes())),
    }[form]
    np.testing.assert_allclose(encoded(colour_model, store, Query(images=given)), of_colour(COLOURS["red"]), atol=1e-6)


def test_bytes_that_are_no_picture_are_refused(colour_model, store: Store) -> None:
    with pytest.raises(VideoError, match=r"^the given bytes: "):
        encode_queries(colour_model, store, [Query(images=b"no picture")])
