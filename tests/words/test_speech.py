"""What Whisper tiny.en hears, and what becomes of whatever a file may be."""

import shutil
from types import SimpleNamespace

import av
import numpy as np
import pytest

from framecue.errors import InputError, ModelError, VideoError
from framecue.video import IsolatedReader, SoundChunk, SoundTrack
from framecue.words import speech
from framecue.words.source import WordsUnit
from framecue.words.speech import SpeechSource
from framecue.words.speech_pieces import Piece, Span
from support.beeps import record
from support.spoken import SENTENCES, SPOKEN, sound_of, tiny_whisper, write_sounds

RATE = 16_000


@pytest.fixture(scope="module")
def source():
    return SpeechSource(tiny_whisper(), threads=1)


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader() as reader:
        yield reader


def heard(source, path, reader, **unit):
    return list(source.find(WordsUnit(str(path), [(0.0, 10.0)], **unit), reader))


def test_sentences_are_heard_when_they_are_said(source, reader):
    lines = heard(source, SPOKEN, reader)
    assert [line.text for line in lines] == [text for _, _, text in SENTENCES]
    for line, (start, end, _) in zip(lines, SENTENCES, strict=True):
        assert (line.start_seconds, line.end_seconds) == pytest.approx((start, end), abs=0.3)
        assert (line.kind, line.language) == ("said", "en")
        assert 0.5 < line.confidence <= 1
        assert " ".join(word.text for word in line.words) == line.text
        assert (line.words[0].start_seconds, line.words[-1].end_seconds) == (line.start_seconds, line.end_seconds)
        assert all(word.start_seconds < word.end_seconds for word in line.words)
    # Chance has no part in it, nor has the number of threads.
    assert heard(SpeechSource(tiny_whisper(), threads=2, language="en"), SPOKEN, reader) == lines


def test_times_are_those_of_the_pictures(source, reader, tmp_path):
    film = write_sounds(tmp_path / "film.mkv", sound_of(SPOKEN), begins=7, pictures=20)
    lines = heard(source, film, reader)
    assert [line.text for line in lines] == [text for _, _, text in SENTENCES]
    assert [line.start_seconds for line in lines] == pytest.approx([7 + start for start, _, _ in SENTENCES], abs=0.3)


def test_another_track_is_heard_when_it_is_asked_for(reader, tmp_path):
    film = write_sounds(tmp_path / "film.mkv", np.zeros(RATE, np.int16), sound_of(SPOKEN)[: 3 * RATE])
    assert heard(SpeechSource(tiny_whisper(), threads=1, track=1), film, reader) == []
    (line,) = heard(SpeechSource(tiny_whisper(), threads=1, track="de"), film, reader)
    assert line.text == SENTENCES[0][2]
    with pytest.raises(VideoError, match=r"film\.mkv: it has no sound track 3; it has 1 \(flac\), 2 \(flac, de\)"):
        heard(SpeechSource(tiny_whisper(), threads=1, track=3), film, reader)


def noise(kind, seconds=8):
    rng, at = np.random.default_rng(0), np.arange(seconds * RATE) / RATE
    if kind == "silence":
        return np.zeros(len(at))
    if kind == "a tone":
        return 0.3 * np.sin(2 * np.pi * 440 * at)
    if kind == "noise":
        return rng.normal(0, 0.2, len(at))
    notes = np.zeros(len(at))  # chords of plucked strings, with a drum
    for start in range(0, len(at), RATE // 2):
        beat = np.arange(min(RATE // 2, len(at) - start)) / RATE
        for pitch in rng.choice([0, 2, 4, 5, 7, 9, 11, 12], 3, replace=False):
            for overtone in range(1, 6):
                wave = np.sin(2 * np.pi * 220 * 2 ** (pitch / 12) * overtone * beat)
                notes[start : start + len(beat)] += 0.1 / overtone * np.exp(-4 * beat) * wave
        notes[start : start + 1600] += rng.normal(0, 0.1, 1600) * np.exp(-np.arange(1600) / 300)
    return notes


@pytest.mark.parametrize("kind", ["silence", "a tone", "noise", "music"])
def test_no_words_are_invented(source, reader, tmp_path, kind):
    samples = (noise(kind).clip(-1, 1) * 32767).astype(np.int16)
    assert heard(source, write_sounds(tmp_path / "film.mkv", samples), reader) == []


def test_a_film_without_sound_and_a_picture_say_nothing(source, reader, tmp_path):
    film = record(tmp_path / "film.mp4", (0.5,), seconds=1, sounds=())
    assert heard(source, film, reader) == []
    assert heard(source, tmp_path / "not looked at.png", reader, kind="image") == []


def test_what_came_before_damage_stands(source, reader, tmp_path):
    film = write_sounds(tmp_path / "film.mp4", sound_of(SPOKEN))
    data = bytearray(film.read_bytes())
    with av.open(str(film)) as container:
        packets = [(p.pos, p.size) for p in container.demux(audio=0) if p.size and p.pts * p.time_base > 6]
    for position, size in packets:
        data[position : position + size] = bytes(size)
    film.write_bytes(data)
    lines = []
    with pytest.raises(
        VideoError, match=r"film\.mp4: its sound track 1 \(flac\) cannot be decoded from 0:06 on"
    ) as caught:
        lines.extend(source.find(WordsUnit(str(film), [(0.0, 10.0)]), reader))
    assert [line.text for line in lines] == [text for _, _, text in SENTENCES[:2]]
    assert caught.value.cause == "content"


def test_a_file_that_is_given_up_half_way_costs_the_next_one_nothing(source, reader):
    lines = source.find(WordsUnit(str(SPOKEN), [(0.0, 10.0)]), reader)
    assert next(lines).text == SENTENCES[0][2]
    lines.close()
    assert next(reader.read_sound(SPOKEN)).number == 1


def test_the_fingerprint_says_what_changes_words(source, tmp_path):
    found = source.fingerprint
    assert (found.source, found.model) == ("speech", str(tiny_whisper()))
    assert found.options == {"language": None, "track": None, "compute_type": "int8", "beam_size": 5}
    assert found.version.startswith("faster-whisper 1.")
    copy = shutil.copytree(tiny_whisper(), tmp_path / "copy")
    same = [SpeechSource(copy), SpeechSource(tiny_whisper(), threads=2)]
    assert [one.fingerprint.key for one in same] == [found.key, found.key]
    others = [SpeechSource(copy, language="en"), SpeechSource(copy, track=2), SpeechSource(copy, track="de")]
    with (copy / "model.bin").open("ab") as file:
        file.write(b" ")
    assert len({found.key, *(one.fingerprint.key for one in [*others, SpeechSource(copy)])}) == 5


def test_what_makes_no_sense_is_refused_before_anything_is_loaded(monkeypatch):
    folder = tiny_whisper()
    monkeypatch.setattr(speech, "_Whisper", lambda *args: pytest.fail("it is loaded"))
    with pytest.raises(InputError, match=r"the speech model .* hears English alone, and the language is de; leave "):
        SpeechSource(folder, language="de")
    with pytest.raises(InputError, match="no speech is heard in a language 'elvish'"):
        SpeechSource(folder, language="elvish")
    with pytest.raises(InputError, match="threads is 0; it must be at least 1"):
        SpeechSource(folder, threads=0)
    with pytest.raises(InputError, match="there is no sound track 'second'"):
        SpeechSource(folder, track="second")
    with pytest.raises(ModelError, match=r"no such folder, and no size of Whisper"):
        SpeechSource(folder / "gone")


def test_without_the_extra_it_says_which(monkeypatch):
    def missing(name):
        raise speech.PackageNotFoundError(name)

    monkeypatch.setattr(speech, "version", missing)
    with pytest.raises(ModelError, match=r"faster-whisper, which is not installed; pip install 'framecue\[speech\]'"):
        SpeechSource("tiny")


def test_files_that_are_no_model(reader, tmp_path):
    copy = shutil.copytree(tiny_whisper(), tmp_path / "copy")
    (copy / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"copy: the speech model cannot be loaded \(.+\); its files are damaged"):
        heard(SpeechSource(copy), SPOKEN, reader)


class Stand:
    """A model of many languages that says what a test wants of each piece."""

    def __init__(self, languages, texts=()):
        self.languages, self.texts, self.asked = list(languages), list(texts), []

    def speech_in(self, samples):
        return [(start, start + 25 * RATE) for start in range(0, len(samples) - 25 * RATE + 1, 40 * RATE)]

    def languages_of(self, piece):
        return self.languages.pop(0)

    def words(self, pieces, language):
        for piece in pieces:
            self.asked.append((piece.spans[0].start / RATE, language))
            yield speech.HeardWord(*piece.times(0, 1), " word", 1.0)


class Sounding:
    """Stands for a reader: so many seconds of sound."""

    def __init__(self, seconds):
        self.seconds = seconds

    def read_sound(self, path, options):
        yield SoundTrack(1, "flac")
        for start in range(0, self.seconds, 10):
            yield SoundChunk(start, np.ones(10 * RATE, np.float32))


@pytest.mark.parametrize(
    ("languages", "language", "num_asked"),
    [
        ([{"de": 0.95, "nl": 0.05}], "de", 1),
        ([{"de": 0.6, "nl": 0.4}, {"de": 0.1, "nl": 0.9}, {"nl": 1.0}, {"nl": 1.0}], "nl", 4),
        ([{"de": 0.8}, {"de": 1.0}], "de", 2),
        ([{"de": 0.4, "nl": 0.4}] * 5, "nl", 4),
    ],
)
def test_a_file_has_the_language_of_its_first_speech(monkeypatch, languages, language, num_asked):
    source = SpeechSource(tiny_whisper())
    stand = source._whisper = Stand(languages)
    lines = list(source.find(WordsUnit("a.mkv", []), Sounding(240)))
    assert {line.language for line in lines} == {language}
    assert stand.asked == [(start, language) for start in range(0, 240, 40)]
    assert len(languages) - len(stand.languages) == num_asked


def test_hours_are_heard_as_they_come():
    source = SpeechSource(tiny_whisper(), language="en")
    stand = source._whisper = Stand([])
    lines = source.find(WordsUnit("a.mkv", []), Sounding(36_000))
    first = next(lines)
    assert first.start_seconds == 0
    assert len(stand.asked) <= 3


def segment(text, **numbers):
    word = SimpleNamespace(start=0.0, end=0.5, word=f" {text}", probability=0.9)
    return SimpleNamespace(
        words=[word], **{"compression_ratio": 1.0, "avg_logprob": -0.3, "no_speech_prob": 0.1, **numbers}
    )


def test_what_the_model_doubts_is_dropped_and_what_turns_in_circles_tried_again(source, monkeypatch):
    whisper = source._loaded()
    tries = []

    def segments(piece, language, *, no_repeated_tokens=0):
        tries.append(no_repeated_tokens)
        return answers.pop(0)

    monkeypatch.setattr(whisper, "_segments", segments)
    piece = Piece([Span(0, np.zeros(RATE, np.float32))])

    def heard_of(*given):
        answers[:] = given
        return [word.text.strip() for word in whisper.words([piece], "en")]

    answers = []
    assert heard_of([segment("sure"), segment("guessed", avg_logprob=-1.1)]) == ["sure"]
    silence = {"no_speech_prob": 0.9}
    assert heard_of([segment("You", avg_logprob=-0.8, **silence), segment("faint", **silence)]) == ["faint"]
    assert tries == [0, 0]
    circles = [segment("circles", compression_ratio=9.0)]
    assert heard_of(circles, [segment("again"), *circles, segment("You", **silence)]) == ["again"]
    assert tries == [0, 0, 0, 3]


def test_silence_is_none_for_the_model_too(source):
    # Which the voice detector does not give it.
    piece = Piece([Span(0, np.zeros(4 * RATE, np.float32))])
    assert list(source._loaded().words([piece], "en")) == []


def test_what_is_said_again_and_again_is_heard_each_time(source, reader, tmp_path):
    sentence = sound_of(SPOKEN)[: 3 * RATE]
    lines = heard(source, write_sounds(tmp_path / "film.mkv", np.tile(sentence, 8)), reader)
    assert [line.text for line in lines] == [SENTENCES[0][2]] * 8
    assert [line.start_seconds for line in lines] == pytest.approx([0.5 + 3 * place for place in range(8)], abs=0.3)
