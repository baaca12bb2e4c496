import av
import pytest
from av.stream import Disposition

from framecue.errors import InputError, VideoError
from framecue.video.read.sound_tracks import SoundTrack, check_track, choose_track
from support.beeps import record


def with_tracks(path, *tracks):
    """A copy of a recording's tracks with other marks; gives the chosen track for what is wanted."""
    source = record(path.with_name("source.mkv"), (0.5,), seconds=1, sounds=[told for told, _ in tracks])
    with av.open(str(source)) as read, av.open(str(path), "w") as made:
        streams = {}
        for stream in read.streams:
            streams[stream.index] = made.add_stream_from_template(stream)
            streams[stream.index].metadata.update(stream.metadata)
        for stream, (_, marks) in zip(read.streams.audio, tracks, strict=True):
            streams[stream.index].disposition = marks
        for packet in read.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)

    def choose(wanted=None):
        with av.open(str(path)) as container:
            return choose_track(path, container, wanted)

    return choose


NONE, DEFAULT, COMMENT = Disposition(0), Disposition.default, Disposition.comment


@pytest.mark.parametrize(
    ("tracks", "number"),
    [
        ([({}, NONE), ({}, NONE)], 1),
        ([({}, NONE), ({}, DEFAULT)], 2),
        ([({}, DEFAULT), ({}, DEFAULT)], 1),
        ([({}, COMMENT), ({}, NONE)], 2),
        ([({}, DEFAULT | COMMENT), ({}, NONE)], 2),
        ([({}, COMMENT)], 1),
    ],
)
def test_the_default_track_is_the_usual_one(tmp_path, tracks, number):
    assert with_tracks(tmp_path / "a.mkv", *tracks)().number == number


def test_another_one_by_number_or_language(tmp_path):
    choose = with_tracks(
        tmp_path / "a.mkv",
        ({"language": "eng"}, DEFAULT),
        ({"language": "ger", "title": "Kommentar"}, COMMENT),
        ({"language": "ger"}, NONE),
    )
    assert choose() == SoundTrack(1, "aac", "en", None, True)
    assert choose(2) == SoundTrack(2, "aac", "de", "Kommentar", False)
    assert [choose(language).number for language in ("de", "deu", "ger", "de-AT", "DE")] == [3] * 5
    assert choose("fr").number == 1
    with pytest.raises(
        VideoError,
        match=r"a\.mkv: it has no sound track 4; it has 1 \(aac, en\), 2 \(aac, de, Kommentar\), 3 \(aac, de\)$",
    ) as caught:
        choose(4)
    assert caught.value.cause == "content"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (0, "there is no sound track 0: they are counted from 1"),
        ("german", "there is no sound track 'german': give its number, from 1, or its language, such as de"),
        ("", "there is no sound track ''"),
    ],
)
def test_what_names_no_track(wanted, message):
    with pytest.raises(InputError, match=message):
        check_track(wanted)
    check_track(None)


def test_no_sound_is_no_track(tmp_path):
    path = record(tmp_path / "a.mkv", (0.5,), seconds=1, sounds=())
    with av.open(str(path)) as container:
        assert choose_track(path, container, None) is None
        assert choose_track(path, container, 2) is None
