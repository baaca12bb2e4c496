from __future__ import annotations

import ctypes
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import click
import pytest

import framecue.cli.main as main_module
from framecue.cli import signals
from framecue.cli.signals import TerminatedError, heed, requests_to_end


@pytest.fixture
def command_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Put a command that does something in place of every command."""

    def replace(action: Callable[[], None]) -> None:
        command = click.Command("index", callback=action)
        monkeypatch.setattr(main_module.LazyGroup, "get_command", lambda self, ctx, name: command)

    return replace


def ask_to_end(name: str) -> None:
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(10)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_request_to_end_is_answered_as_ctrl_c_is(run, command_that, name: str, code: int) -> None:
    before = signal.getsignal(getattr(signal, name))
    command_that(lambda: ask_to_end(name))
    result = run("index")
    assert (result.code, result.out, result.err.strip()) == (code, "", "stopped")
    assert signal.getsignal(getattr(signal, name)) == before


PROGRAM = """
import os, signal, sys, time
from framecue.cli import signals
signals.PATIENCE_SECONDS = float(sys.argv[1])
with signals.requests_to_end():
    try:
        print("ready", flush=True)
        time.sleep(20)
    except KeyboardInterrupt as error:
        print("first", flush=True)
        for _ in range(int(sys.argv[2])):
            sys.stdin.readline()  # a signal more has been sent
        print("kept", flush=True)
        sys.exit(getattr(error, "exit_code", 130))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
@pytest.mark.parametrize("names", list(itertools.product(["SIGINT", "SIGTERM", "SIGHUP"], repeat=2)), ids="-".join)
@pytest.mark.parametrize(("patience_seconds", "times"), [(0, 1), (60, 4), (0, 2)])
def test_further_requests_do_not_disturb(names: tuple[str, str], patience_seconds: int, times: int) -> None:
    """Neither do several at once; only who insists after some time ends the process in the midst.

    With Ctrl-C the second one is that, with what a service manager or a terminal sends the third.
    """
    first, second = (getattr(signal, name) for name in names)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PROGRAM, str(patience_seconds), str(times)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        assert process.stdout.readline() == "first\n"
        for _ in range(times):
            process.send_signal(second)
            # A moment of its own for each: signals that wait together are one.
            time.sleep(0.01)
            with suppress(OSError):
                process.stdin.write("\n")
                process.stdin.flush()
        out, err = process.communicate()
    is_ended = patience_seconds == 0 and (times > 1 or second == signal.SIGINT)
    expected = second if is_ended else first
    assert process.returncode == 128 + expected
    assert out == ("" if is_ended else "kept\n")
    assert err == ("stopped at once, as was asked for again\n" if is_ended else "")


def test_who_keeps_something_on_ctrl_c_keeps_it_now() -> None:
    with requests_to_end():
        with pytest.raises(KeyboardInterrupt) as caught:
            ask_to_end("SIGTERM")
        assert isinstance(caught.value, TerminatedError)
        assert caught.value.exit_code == 128 + signal.SIGTERM


def by_suppressing_all(name: str) -> None:
    with suppress(BaseException):
        ask_to_end(name)


def by_an_object_that_goes(name: str) -> None:
    class Going:
        def __del__(self) -> None:
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(0.01)

    Going()


def by_native_code(name: str) -> None:
    class Key:
        def __hash__(self) -> int:
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(0.01)
            return 1

    # PyDict_GetItem of the interpreter, which drops whatever comes of the hash.
    ctypes.pythonapi.PyDict_GetItem.restype = ctypes.c_void_p
    ctypes.pythonapi.PyDict_GetItem.argtypes = [ctypes.py_object, ctypes.py_object]
    assert ctypes.pythonapi.PyDict_GetItem({}, Key()) is None


@pytest.mark.parametrize("drop", [by_suppressing_all, by_an_object_that_goes, by_native_code])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_request_that_something_drops_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, drop: Callable[[str], None], name: str
) -> None:
    # As it is outside of pytest, which keeps such exceptions.
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    with requests_to_end():
        drop(name)
        for _ in range(2):  # the next one may be dropped as well
            with suppress(KeyboardInterrupt):
                time.sleep(10)
                pytest.fail("it was lost")
        with pytest.raises(KeyboardInterrupt) as caught:
            time.sleep(10)
    assert getattr(caught.value, "exit_code", 130) == 128 + getattr(signal, name)


def test_a_command_goes_on_to_its_end_if_it_heeds_the_request() -> None:
    with requests_to_end():
        with suppress(KeyboardInterrupt), suppress(ZeroDivisionError), requests_to_end():
            heed()
            ask_to_end("SIGTERM")
        time.sleep(3 * signals._AGAIN_SECONDS)
    heed()  # outside, there is nothing to heed


def test_a_command_that_drops_it_ends_all_the_same(run, command_that) -> None:
    def drop_it_and_go_on() -> None:
        by_suppressing_all("SIGTERM")
        time.sleep(10)

    command_that(drop_it_and_go_on)
    result = run("index")
    assert (result.code, result.err.strip()) == (143, "stopped")


def test_at_a_question_it_is_a_request_to_end_too(run, command_that, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: ask_to_end("SIGTERM"))
    command_that(lambda: click.confirm("Teach it?"))
    assert run("index").code == 143


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
def test_nohup_and_others_handlers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
        with requests_to_end():
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_another_thread_may_run_a_command() -> None:
    done = []

    def use() -> None:
        with requests_to_end():
            done.append(True)

    thread = Thread(target=use)
    thread.start()
    thread.join()
    assert done == [True]
