from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from framecue.cli.words_options import AskedWords, asking_options, words_options


def asked(*args: str, options=words_options) -> AskedWords | int:
    found: list[AskedWords] = []

    @click.command()
    @click.argument("path")
    @options
    def command(path: str, words: AskedWords) -> None:
        assert path == "a.mp4"
        found.append(words)

    result = CliRunner().invoke(command, args)
    return found[0] if found else result.exit_code


NOTHING = AskedWords(speech=None, speech_language=None, screen_text=None, words_from=(), no_words_from=())


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), {}),
        # The option takes no value, so the path stays a path wherever it stands.
        (("--speech",), {"speech": True}),
        (("--no-speech",), {"speech": False}),
        (("--speech-model", "small"), {"speech": "small"}),
        (
            ("--speech", "--speech-model", "small", "--speech-language", "de"),
            {"speech": "small", "speech_language": "de"},
        ),
        (("--speech-language", "de"), {"speech": True, "speech_language": "de"}),
        (("--screen-model", "models/arabic"), {"screen_text": "models/arabic"}),
        (("--screen-text", "--words-from", "subtitles"), {"screen_text": True, "words_from": ("subtitles",)}),
        (("--no-screen-text", "--no-words-from", "subtitles"), {"screen_text": False, "no_words_from": ("subtitles",)}),
    ],
)
def test_options_become_fields(args: tuple[str, ...], expected: dict[str, object]) -> None:
    assert asked(*args, "a.mp4") == {**NOTHING, **expected}


@pytest.mark.parametrize(
    "args",
    [
        ("--no-screen-text", "--screen-model", "a"),
        ("--screen-model", ""),
        ("--no-speech", "--speech-model", "a"),
        ("--no-speech", "--speech-language", "de"),
        ("--speech-model", ""),
    ],
)
def test_contradictions_are_wrong_usage(args: tuple[str, ...]) -> None:
    assert asked(*args, "a.mp4") == 2


def test_where_nothing_is_kept_nothing_is_taken_out() -> None:
    assert asked("--speech", "a.mp4", options=asking_options) == {**NOTHING, "speech": True}
    assert asked("--no-speech", "a.mp4", options=asking_options) == 2
