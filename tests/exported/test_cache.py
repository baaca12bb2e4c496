"""The cache of exported graphs: the folder of a model, whole graphs or none, and what stays when it is full."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest

from framecue.encoder import Fingerprint
from framecue.errors import InputError, OutputError
from framecue.exported import cache
from framecue.exported.cache import (
    CACHE_VARIABLE,
    cache_folder,
    clear_cache,
    forget_graph,
    graph_folder,
    read_graphs,
    trim_cache,
    write_graph,
)
from framecue.video import FrameSampling

MODEL = Fingerprint(backbone="/models/clip", revision="abc", embedding_dim=8, sampling=FrameSampling(4))


def write(name, content="graph", model=MODEL):
    with write_graph(model, name) as new:
        (new.folder / name).write_text(content)
        (new.folder / f"{name}.data").write_text("weights")
        new.details["cosine"] = 0.5


def test_a_folder_is_that_of_what_the_model_computes_wherever_it_lies():
    same = [
        replace(MODEL, backbone="elsewhere/clip"),
        replace(MODEL, options={}),
        Fingerprint.from_dict(MODEL.to_dict()),
    ]
    assert {graph_folder(model) for model in same} == {graph_folder(MODEL)}
    others = [
        replace(MODEL, revision="abd"),
        replace(MODEL, revision=None),
        replace(MODEL, revision=None, backbone="elsewhere/clip"),
        replace(MODEL, method="vop"),
        replace(MODEL, options={"x": 1}),
        replace(MODEL, adapter="123"),
        replace(MODEL, sampling=FrameSampling(5)),
    ]
    assert len({graph_folder(model) for model in [MODEL, *others]}) == len(others) + 1
    adapted = replace(MODEL, adapter="123", adapter_source="here")
    assert graph_folder(adapted) == graph_folder(replace(adapted, adapter_source="there"))


def test_a_graph_is_listed_with_its_files_and_what_was_checked():
    assert read_graphs(MODEL) == {}
    write("text.onnx")
    write("video-4f-fp32.onnx")
    graphs = read_graphs(MODEL)
    assert list(graphs) == ["text.onnx", "video-4f-fp32.onnx"]
    assert graphs["text.onnx"] == {"cosine": 0.5, "files": ["text.onnx", "text.onnx.data"]}
    assert (graph_folder(MODEL) / "text.onnx").read_text() == "graph"
    assert read_graphs(replace(MODEL, revision="other")) == {}


def test_a_graph_that_fails_leaves_nothing():
    def fail():
        with write_graph(MODEL, "text.onnx") as new:
            (new.folder / "text.onnx").write_text("half")
            raise RuntimeError("the exporter failed")

    with pytest.raises(RuntimeError, match="the exporter failed"):
        fail()
    assert read_graphs(MODEL) == {}
    assert list(graph_folder(MODEL).iterdir()) == []


def test_a_graph_that_is_listed_is_not_written_again():
    with write_graph(MODEL, "text.onnx") as slow:
        (slow.folder / "text.onnx").write_text("slow")
        write("text.onnx", "fast")
    assert (graph_folder(MODEL) / "text.onnx").read_text() == "fast"


def test_a_graph_that_is_forgotten_is_made_anew():
    write("text.onnx", "damaged")
    write("other.onnx")
    forget_graph(MODEL, "text.onnx")
    forget_graph(MODEL, "text.onnx")
    assert list(read_graphs(MODEL)) == ["other.onnx"]
    assert not (graph_folder(MODEL) / "text.onnx").exists()
    write("text.onnx", "whole")
    assert (graph_folder(MODEL) / "text.onnx").read_text() == "whole"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 0, "graphs": {"text.onnx": {}}}', '{"format": 1, "graphs": {"a": 1}}']
)
def test_a_damaged_or_unknown_list_is_no_list(content):
    write("text.onnx")
    (graph_folder(MODEL) / "graph.json").write_text(content)
    assert read_graphs(MODEL) == {}
    write("text.onnx", "new")
    assert list(read_graphs(MODEL)) == ["text.onnx"]


WRITING = """
import sys
from framecue.encoder import Fingerprint
from framecue.exported.cache import write_graph
from framecue.video.read.sampling import FrameSampling

model = Fingerprint(backbone="/models/clip", revision="abc", embedding_dim=8, sampling=FrameSampling(4))
for number in range(8):
    with write_graph(model, f"{sys.argv[1]}-{number}.onnx") as new:
        (new.folder / f"{sys.argv[1]}-{number}.onnx").write_text("graph")
"""


def test_processes_that_write_at_once_lose_nothing():
    running = [subprocess.Popen([sys.executable, "-c", WRITING, name]) for name in "ab"]
    for number in range(8):
        write(f"c-{number}.onnx")
    assert [process.wait() for process in running] == [0, 0]
    assert sorted(read_graphs(MODEL)) == sorted(f"{name}-{number}.onnx" for name in "abc" for number in range(8))


def test_what_was_not_used_for_longest_goes_first_when_there_is_no_room():
    models = [replace(MODEL, revision=str(number)) for number in range(3)]
    for age, model in enumerate(models):
        write("text.onnx", "x" * 1000, model=model)
        os.utime(graph_folder(model) / "graph.json", (1e9 - age, 1e9 - age))
    read_graphs(models[2])  # the oldest is used
    size = sum(file.stat().st_size for file in graph_folder(models[0]).iterdir())
    assert trim_cache(2 * size + 100) == [graph_folder(models[1])]
    assert trim_cache(0, keep=graph_folder(models[0])) == [graph_folder(models[2])]
    assert list(read_graphs(models[0])) == ["text.onnx"]


def test_writing_makes_room(monkeypatch):
    monkeypatch.setattr(cache, "MAX_CACHE_BYTES", 10)
    monkeypatch.setattr(trim_cache, "__defaults__", (10,))
    write("text.onnx")
    write("text.onnx", model=replace(MODEL, revision="new"))
    assert read_graphs(MODEL) == {}
    assert list(read_graphs(replace(MODEL, revision="new"))) == ["text.onnx"]


def test_what_a_killed_process_left_goes_when_it_is_old():
    write("text.onnx")
    fresh, old = (graph_folder(MODEL) / f".partial-{name}" for name in ("fresh", "old"))
    for folder in (fresh, old):
        folder.mkdir()
    os.utime(old, (1e9, 1e9))
    write("other.onnx")
    assert fresh.exists()
    assert not old.exists()


def test_what_a_killed_process_left_goes_with_the_next_graph():
    program = (
        "import os, signal, pickle, sys\n"
        "from framecue.exported.cache import write_graph\n"
        "with write_graph(pickle.loads(bytes.fromhex(sys.argv[1])), 'text.onnx') as new:\n"
        "    (new.folder / 'text.onnx').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, pickle.dumps(MODEL).hex()], check=False)
    assert [file.name for file in graph_folder(MODEL).rglob("*") if file.is_file()] == ["text.onnx"]
    assert read_graphs(MODEL) == {}
    write("text.onnx")
    assert not [entry for entry in graph_folder(MODEL).iterdir() if entry.is_dir()]
    assert list(read_graphs(MODEL)) == ["text.onnx"]


def test_clearing_frees_everything():
    write("text.onnx")
    assert clear_cache() > 10
    assert not cache_folder().exists()
    assert clear_cache() == 0


def test_the_variable_moves_the_cache(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache" / "graphs"
    monkeypatch.setenv(CACHE_VARIABLE, "~/cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "cache" / "graphs"
    monkeypatch.setenv(CACHE_VARIABLE, "relative")
    with pytest.raises(InputError, match="FRAMECUE_CACHE is 'relative', which is no absolute path"):
        cache_folder()
    assert read_graphs(MODEL) == {}
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder().name == "graphs"


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_variable(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(OutputError, match=r"cannot be written .*FRAMECUE_CACHE names another folder"):
        write("text.onnx")
    assert read_graphs(MODEL) == {}
