"""The import contracts of pyproject.toml hold, and each can fail: a forbidden import is planted and seen.

A contract that was never seen to fail is a comment. Layers are planted from what pyproject.toml lists, every pair of
neighbours; for the other contracts `FORBIDDEN` says into which files.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "framecue"
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]

# Files that each contract keeps clean, the likeliest to break it first: all that it forbids is planted into the first,
# and one thing into the others.
FORBIDDEN = {
    "nothing imports the face of the package that it is in": ["training/run.py", "importers/writing.py", "model.py"],
    "nothing in library imports the face of library": ["library/search/query.py", "library/watching/watch.py"],
    "nothing in library.store imports the face of library.store": ["library/store/table.py", "library/store/kept.py"],
    "units are encoded without a library: no store, no files, no ledger": [
        *("library/indexing/encode.py", "library/indexing/runner.py", "library/indexing/prefetch.py"),
        *("library/indexing/unit.py", "library/indexing/words_runner.py"),
    ],
    "nothing in frame_store imports the face of frame_store": ["frame_store/prepare.py"],
    "nothing in video imports the face of video": ["video/read/moments.py", "video/isolate/serve.py"],
    "libraries, videos, stores of frames, encoders and names know neither models nor torch": [
        *("library/search/query_vectors.py", "library/indexing/encode.py", "library/files/walk.py"),
        *("library/store/rows.py", "video/read/pixels.py", "video/isolate/serve.py", "encoder.py"),
        *("frame_store/source.py", "frame_store/prepare.py", "names/stand_ins.py"),
    ],
    "torch is imported where there are tensors": ["library/search/ranking.py", "video/write/cut.py", "assets.py"],
    "av, pillow_heif and scenedetect are imported in video alone": [
        "library/search/explain.py",
        "cli/clip.py",
        "times.py",
    ],
    "lancedb, pyarrow and filelock are imported where tables are: of libraries, stores, captions, ranks, embeddings": [
        *("library/search/ranking.py", "library/indexing/ledger.py", "library/library.py", "cli/optimize.py"),
    ],
    "obstore is imported in object_store alone": ["library/files/interface.py", "library/store/lock.py", "paths.py"],
    "ray, lance_ray and lance are imported in cluster alone": ["library/indexing/runner.py", "cli/index.py"],
    "onnx, onnxruntime and onnxscript are imported in exported alone": ["library/search/query_vectors.py", "model.py"],
    "what runs exported graphs knows neither torch nor transformers": ["exported/session.py", "exported/name_graph.py"],
    "faster_whisper and ctranslate2 are imported in words.speech alone": ["words/speech_models.py", "cli/index.py"],
    "watchfiles is imported in library.watching alone": ["library/files/walk.py", "cli/watch.py"],
    "transformers is imported where models are opened, trained and imported": [
        *("methods/base.py", "model.py", "importers/registry.py", "cli/evaluate.py"),
    ],
    "peft is imported in methods.lora alone": ["methods/registry.py", "backbone/load.py"],
    "pydantic checks what people write, and is imported where that is declared": ["library/search/query.py"],
    "click and rich are imported in cli alone": ["training/run.py", "library/library.py"],
    "prompt_toolkit is imported in the prompt's own files alone": ["cli/prompt.py", "cli/search.py"],
    "the demo's own packages are imported in datasets.moji_motion alone": ["datasets/captions.py", "cli/demo.py"],
    "mteb and the hub's datasets are imported in mteb alone": ["evaluation/trec.py", "cli/evaluate.py"],
    "the protocol for assistants is imported in service.mcp alone": ["service/desk.py", "cli/mcp.py"],
    "rapidocr is imported in words.screen alone": ["words/lines.py", "library/indexing/encode.py"],
    "jinja2 is imported in evaluation.page alone": ["evaluation/tables.py", "cli/score_tables.py"],
    "opentimelineio is imported in timelines alone": ["cli/search.py", "library/results.py"],
    "fastapi, starlette and uvicorn are imported in service.http alone": ["service/desk.py", "cli/serve.py"],
    "prometheus_client is imported in service.http.metrics alone": ["service/http/app.py", "service/desk.py"],
    "the desk knows neither the web nor assistants": ["service/desk.py", "service/following.py"],
}

# Checks the package in its working directory, by the linter's own command: as it is, then with all the lines that it
# reads planted at once. Then each plant alone, by its own contract: the graph of the package as it is, and what the
# linter saw in the planted lines and nowhere else. To parse hundreds of files again for every line would take a minute.
LINTING = """
import contextlib, copy, io, json, pathlib, sys
from importlinter.application import rendering, use_cases
from importlinter.application.app_config import settings
from importlinter.cli import lint_imports

class Noting:
    "Builds graphs as the linter does, and keeps the last, or gives the one that is to be given."
    def __init__(self, builder):
        self.builder, self.kept, self.given = builder, None, None
    def build(self, **options):
        if self.given is None:
            self.kept = self.builder.build(**options)
        return self.given or self.kept

def printed(call, *arguments, **options):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        call(*arguments, **options)
    return printed.getvalue()

settings.configure(GRAPH_BUILDER=(noting := Noting(settings.GRAPH_BUILDER)))
reports = [printed(lint_imports, config_filename="pyproject.toml", no_cache=True)]
clean = noting.kept

plants = []
for contract, file, statement in json.load(sys.stdin):
    path = pathlib.Path("framecue", file)
    source = path.read_text(encoding="utf-8") if path.exists() else ""
    first = source.count(chr(10)) + 2
    path.write_text(f"{source}\\n{statement}\\n", encoding="utf-8")
    plants.append((contract, ".".join(path.with_suffix("").parts), range(first, first + statement.count(chr(10)) + 1)))
reports.append(printed(lint_imports, config_filename="pyproject.toml", no_cache=True))
planted = noting.kept

options = use_cases.read_user_options("pyproject.toml")
every = {contract["name"]: contract for contract in options.contracts_options}
for contract, module, lines in plants:
    graph = noting.given = copy.deepcopy(clean)
    graph.add_module(module)
    for imported in planted.find_modules_directly_imported_by(module):
        for seen in planted.get_import_details(importer=module, imported=imported):
            if seen["line_number"] in lines:
                graph.add_module(imported, is_squashed=planted.is_module_squashed(imported))
                graph.add_import(**seen)
    options.contracts_options = [every[contract]]
    reports.append(printed(rendering.render_report, use_cases.create_report(options, cache_dir=None)))
json.dump(reports, sys.stdout)
"""


class Plant(NamedTuple):
    """A line that breaks a contract."""

    contract: str
    file: str
    statement: str

    @property
    def name(self) -> str:
        """What is imported."""
        return self.statement.replace("from", "import").partition("import ")[2].split(" ")[0] or "nothing"


def files_of(module: str) -> list[str]:
    """The files of a module, or directly in a package but for its face; none where it does not exist."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    files = sorted(path.glob("*.py")) if (path / "__init__.py").exists() else [path.with_suffix(".py")]
    return [str(file.relative_to(PACKAGE)) for file in files if file.name != "__init__.py" and file.exists()]


def layer_plants(contract: dict[str, Any]) -> Iterator[Plant]:
    """Yield an import of each layer in the one below it, and of modules side by side (`a | b`) in each other."""
    (container,) = contract["containers"]
    layers = []
    for line in contract["layers"]:
        modules = [f"{container}.{name.strip(' ()')}" for name in re.split("[|:]", line)]
        layers.append([module for module in modules if files_of(module)])
        for one, other in pairwise(layers[-1] if "|" in line else []):
            yield Plant(contract["name"], files_of(one)[0], f"import {other}")
            yield Plant(contract["name"], files_of(other)[0], f"import {one}")
    for upper, lower in pairwise(filter(None, layers)):
        yield Plant(contract["name"], files_of(lower[0])[0], f"import {upper[-1]}")
    # A new module has to be given its layer.
    yield Plant(contract["name"], "/".join([*container.split(".")[1:], "stranger.py"]), "'nothing imported'")


def forbidden_plants(contract: dict[str, Any]) -> Iterator[Plant]:
    """Yield an import of all that is forbidden in the first file, and a hidden one of the first such in the others."""
    first, *others = FORBIDDEN[contract["name"]]
    for module in contract["forbidden_modules"]:
        yield Plant(contract["name"], first, f"import {module}")
    for file in others:
        yield Plant(contract["name"], file, f"def planted():\n    from {contract['forbidden_modules'][0]} import x")


PLANTS = [
    plant
    for contract in CONTRACTS
    for plant in (layer_plants if contract["type"] == "layers" else forbidden_plants)(contract)
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What import-linter prints for a copy of the package as it is, then with all plants, then with each alone."""
    copy = tmp_path_factory.mktemp("copy")
    ignore = shutil.ignore_patterns("assets", "__pycache__")
    shutil.copytree(PACKAGE, copy / "framecue", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", copy)
    run = subprocess.run(
        [sys.executable, "-c", LINTING],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "500"},
        input=json.dumps(PLANTS),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def contracts_that_are(verdict: str, report: str) -> list[str]:
    """The names of contracts in a report: each line is `name KEPT`, with what was ignored in parentheses."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", report)  # some versions colour what no terminal reads
    return re.findall(rf"^(.+) {verdict}(?: \(.*\))?$", plain, flags=re.MULTILINE)


def test_the_package_keeps_every_contract(reports: list[str]) -> None:
    assert contracts_that_are("BROKEN", reports[0]) == [], reports[0]
    assert contracts_that_are("KEPT", reports[0]) == [contract["name"] for contract in CONTRACTS], reports[0]


def test_all_plants_together_break_every_contract(reports: list[str]) -> None:
    assert contracts_that_are("BROKEN", reports[1]) == [contract["name"] for contract in CONTRACTS], reports[1]


@pytest.mark.parametrize("number", range(len(PLANTS)), ids=[f"{plant.name} in {plant.file}" for plant in PLANTS])
def test_a_planted_import_breaks_its_contract(number: int, reports: list[str]) -> None:
    plant, report = PLANTS[number], reports[number + 2]
    assert contracts_that_are("BROKEN", report) == [plant.contract], f"{plant} was not seen:\n{report}"


def test_every_contract_has_a_plant() -> None:
    assert {plant.contract for plant in PLANTS} == {contract["name"] for contract in CONTRACTS}
    assert FORBIDDEN.keys() == {contract["name"] for contract in CONTRACTS if contract["type"] == "forbidden"}
    assert {contract["type"] for contract in CONTRACTS} == {"layers", "forbidden"}


# What transformers calls its models and what they are made with; its trainers, callbacks and seeds are neither.
MODEL_NAME = re.compile(r"(Model|Config|Tokenizer|TokenizerFast|TokenizerBase|Processor)$|^Auto|^PreTrained|For[A-Z]")
# Files outside backbone/ that name one all the same.
MODEL_NAMES = {
    # It makes a CLIP of a file's tensors, of whose sizes no config.json tells.
    "importers/clip_from_tensors.py": {"CLIPConfig", "CLIPModel"},
    # Types alone: what an importer hands on.
    "importers/openai_format.py": {"CLIPModel"},
    "importers/parts.py": {"PreTrainedModel"},
    "importers/writing.py": {"PreTrainedTokenizerBase"},
    "importers/x_pool.py": {"PreTrainedModel"},
}


def model_names(source: str) -> set[str]:
    """The model classes that a file takes from transformers; also whole modules of it, which have all of them."""
    found = set()
    for node in ast.walk(ast.parse(source)) if "transformers" in source else ():
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "transformers"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "transformers":
            names = {alias.name for alias in node.names}
            of_models = str(node.module).startswith("transformers.models")
            found |= {name for name in names if of_models or name in ("models", "*") or MODEL_NAME.search(name)}
    return found


def test_model_classes_of_transformers_are_named_in_backbone_alone() -> None:
    found = {
        str(file.relative_to(PACKAGE)): names
        for file in sorted(PACKAGE.rglob("*.py"))
        if PACKAGE / "backbone" not in file.parents and (names := model_names(file.read_text(encoding="utf-8")))
    }
    assert found == MODEL_NAMES


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from transformers import CLIPModel as Model, Trainer", {"CLIPModel"}),
        ("def late():\n    from transformers import AutoTokenizer", {"AutoTokenizer"}),
        ("from transformers.models.clip import modeling_clip", {"modeling_clip"}),
        ("import transformers.models.clip as clip", {"transformers.models.clip"}),
        ("import transformers", {"transformers"}),
        ("from transformers import models", {"models"}),
        ("from transformers import *", {"*"}),
        ("from transformers import T5ForConditionalGeneration", {"T5ForConditionalGeneration"}),
        ("from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed", set()),
        ("from framecue.backbone import CLIPModel", set()),
    ],
)
def test_model_names_are_seen(source: str, names: set[str]) -> None:
    assert model_names(source) == names
