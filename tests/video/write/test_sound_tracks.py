"""All sound tracks come along with their languages, and it is said of which not."""

import av
import pytest

from framecue.video import clip_video
from support.beeps import beeps_of, record

GERMAN, FRENCH = {"language": "ger", "title": "Ton"}, {"language": "fre", "title": "Son"}


def languages(path):
    with av.open(str(path)) as container:
        return [stream.metadata.get("language") for stream in container.streams.audio]


@pytest.mark.parametrize(
    ("name", "suffix", "exact"),
    [
        *(("film.mkv", suffix, exact) for suffix in (".mp4", ".mkv", ".mov") for exact in (False, True)),
        ("film.mkv", ".webm", True),
        ("film.mp4", ".mp4", False),
        ("film.ts", ".mkv", False),
    ],
)
def test_all_tracks_and_their_languages_are_kept(tmp_path, name, suffix, exact):
    film = record(tmp_path / name, (1.0, 3.0), sounds=(GERMAN, FRENCH))
    made = clip_video(film, tmp_path / f"clip{suffix}", 0.6, 3.8, exact=exact)
    assert (made.num_sounds, made.sounds_left_out) == (2, ())
    # QuickTime files know the other of the two codes for French.
    assert languages(made.output) == ["ger", "fra" if suffix == ".mov" else "fre"]
    assert made.to_dict()["sound_tracks"] == 2
    for track in (0, 1):
        assert len(beeps_of(made.output, track)) == 2


@pytest.mark.parametrize("exact", [False, True])
def test_titles_and_marks_are_kept_where_the_container_has_room(tmp_path, exact):
    film = record(tmp_path / "film.mkv", (1.0, 3.0), sounds=(GERMAN, FRENCH))
    made = clip_video(film, tmp_path / "clip.mkv", 0.6, 3.8, exact=exact)
    with av.open(str(film)) as before, av.open(str(made.output)) as after:
        assert [stream.metadata["title"] for stream in after.streams.audio] == ["Ton", "Son"]
        assert [s.disposition for s in after.streams.audio] == [s.disposition for s in before.streams.audio]


def test_sound_that_cannot_be_decoded_is_named(tmp_path):
    film = record(tmp_path / "film.mkv", (1.0, 3.0), sounds=(GERMAN,), sound_codec="flac")
    data = bytearray(film.read_bytes())
    # The packets' sync words: no decoder finds a frame any more.
    place = data.find(b"\xff\xf8", len(data) // 20)
    while place >= 0:
        data[place : place + 2] = b"\x00\x00"
        place = data.find(b"\xff\xf8", place)
    film.write_bytes(data)
    made = clip_video(film, tmp_path / "clip.mp4", 0.6, 3.8, exact=True)
    assert made.num_sounds == 0
    assert made.sounds_left_out == ("a sound track (flac, ger) cannot be decoded",)


def test_a_film_without_sound_leaves_nothing_out(tmp_path):
    film = record(tmp_path / "film.mp4", (1.0, 3.0), sounds=())
    for exact in (False, True):
        made = clip_video(film, tmp_path / f"{exact}.mp4", 0.6, 3.8, exact=exact)
        assert (made.num_sounds, made.sounds_left_out) == (0, ())
