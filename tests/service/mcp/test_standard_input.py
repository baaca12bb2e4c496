from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent(
    """
    import asyncio, sys
    from framecue.service.mcp.standard_input import InputLines

    async def main():
        lines = InputLines()
        print("ready", repr(sys.stdin.read()), flush=True)
        async for line in lines:
            print(ascii(line[:20]), len(line), flush=True)

    asyncio.run(main())
    print("ended")
    """
)


def start() -> subprocess.Popen[bytes]:
    """Start the program, which repeats its lines; it is ready when this returns."""
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdout is not None
    # To everybody else the input is empty.
    assert program.stdout.readline() == b"ready ''\n"
    return program


def test_lines_come_one_by_one_and_end_with_the_input() -> None:
    program = start()
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("a\nbé\n".encode())
    program.stdin.flush()
    assert program.stdout.readline() == b"'a' 1\n"
    assert program.stdout.readline() == b"'b\\xe9' 2\n"
    out, _ = program.communicate(b"\xff\n" + b"x" * 5_000_000 + b"\nlast", timeout=30)
    assert out.splitlines() == [b"'\\ufffd' 1", b"'xxxxxxxxxxxxxxxxxxxx' 4194304", b"'last' 4", b"ended"]
    assert program.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal")
def test_a_program_that_waits_for_a_line_ends_when_it_is_told_to() -> None:
    program = start()
    program.send_signal(signal.SIGINT)
    # The input is left open.
    assert program.wait(30) != 0
    for stream in (program.stdin, program.stdout):
        assert stream is not None
        stream.close()
