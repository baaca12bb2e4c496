"""What a model's smallest weights cost where text is looked for on screen: `python benchmarks/denormals.py`.

On processors of Intel a number nearer to zero than 1.2e-38 costs a hundred cycles, and two thirds of the weights of one
layer of PP-OCRv6's detector are. Prints the ratio of the processor times of a picture, with them as they are and taken
for zero, on one core, and by how much what is found differs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

from framecue.words.denormals import without_denormals
from framecue.words.screen_models import choose_models
from measure import Measurement, Size, results_of, times_in_turns

SIDE = 320  # a multiple of 32, as RapidOCR makes of each picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--side", type=int, default=SIDE, help="of the picture, a multiple of 32")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(choose_models(None).finding), settings)
    (name,) = (each.name for each in session.get_inputs())
    picture = np.random.default_rng(0).random((1, 3, options.side, options.side), dtype=np.float32)

    def find() -> np.ndarray:
        found: np.ndarray = session.run(None, {name: picture})[0]
        return found

    def find_without() -> np.ndarray:
        with without_denormals():
            return find()

    times = times_in_turns({"as they are": find, "zero": find_without}, options.rounds)
    ratio = times["as they are"].processor_seconds / times["zero"].processor_seconds
    difference = float(np.abs(find() - find_without()).max())
    print(
        f"a picture of {options.side} x {options.side}: {ratio:.2f}x faster, what is found differs by {difference:.1e}"
    )
    if options.json:
        options.json.write_text(json.dumps({"ratio": ratio, "difference": difference}) + "\n", encoding="utf-8")


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {"tiny": ("--rounds", 1, "--side", 64), "short": ("--rounds", 10), "full": ()}
    results = results_of(main, *sizes[size])
    return [Measurement(what="finding text on screen, smallest weights taken for zero", value=results["ratio"])]


if __name__ == "__main__":
    main()
