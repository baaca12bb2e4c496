from __future__ import annotations

from pathlib import Path

import pytest

from framecue.cli import speech_files as module
from framecue.cli.speech_files import get_speech_files
from framecue.words import sources, speech_models
from framecue.words.speech_models import SpeechModel


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub that has each model, of 145 MB; gives what was downloaded."""
    got: list[str] = []

    def fetch(model: SpeechModel) -> SpeechModel:
        got.append(model.name)
        return model

    monkeypatch.setattr(sources, "find_spec", lambda name: object())
    monkeypatch.setattr(speech_models, "_cached", lambda repository: None)
    monkeypatch.setattr(speech_models, "download_bytes", lambda model: 145_000_000)
    monkeypatch.setattr(speech_models, "fetch_speech_model", fetch)
    return got


def test_what_is_asked_for_is_downloaded_once_its_size_was_said(
    fetched: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for speech in (None, False, True, "small.en"):
        get_speech_files(None, speech, yes=True)
    assert fetched == ["base", "small.en"]
    assert "speech model base (Systran/faster-whisper-base) is downloaded once: 145 MB" in capsys.readouterr().err


def test_a_folder_is_not_downloaded(fetched: list[str], tmp_path: Path) -> None:
    for name in ("model.bin", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).touch()
    get_speech_files(None, str(tmp_path), yes=True)
    assert fetched == []


def test_nothing_is_downloaded_for_what_is_not_installed(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    get_speech_files(None, True, yes=True)
    assert fetched == []


def test_a_person_may_say_no(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(module.sys, "stdin", Terminal())
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(module.click, "confirm", lambda *args, **more: False)
    with pytest.raises(module.InputError, match="base was not downloaded; name another model with --speech-model"):
        get_speech_files(None, True, yes=False)
    assert fetched == []
