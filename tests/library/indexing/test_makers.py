from __future__ import annotations

import subprocess
import sys

from framecue.library.indexing.makers import MakeRunner, MakeWordsRunner
from framecue.library.indexing.runner import local_runner
from framecue.library.indexing.words_runner import local_words_runner

PROGRAM = """
import sys
import framecue.library.indexing.makers
print(sorted({"av", "framecue.library.indexing.runner", "torch"} & set(sys.modules)))
"""


def test_naming_what_makes_a_runner_brings_nothing_that_reads() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_this_machines_runners_are_made_so() -> None:
    pictures: MakeRunner = local_runner
    words: MakeWordsRunner = local_words_runner
    assert (pictures, words) == (local_runner, local_words_runner)
