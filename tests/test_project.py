"""The project's own files agree with each other: versions, dependencies, make targets, licence, and what is tracked."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import framecue
from framecue._version import __version__
from support.browsers import find_browser

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
DOCUMENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = DOCUMENT["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PACKAGE, TESTS = ROOT / "src" / "framecue", ROOT / "tests"
MAX_BYTES = 1_000_000

# Files without a test file of their own, and which one tests them. Add nothing whose mirror can be written.
TESTED_ELSEWHERE = {
    "__main__.py": "cli/test_bad_input.py",
    "_version.py": "test_project.py",
    # What a model does is tested on models that are loaded.
    "video_text_model.py": "test_model.py",
    # What a name is and what it is learnt from have no code of their own.
    # The towers of one family are tested together, and so is what it takes to open a model.
    "backbone/backbone.py": "backbone/test_clip_towers.py",
    "backbone/clip.py": "backbone/test_clip_towers.py",
    "backbone/config.py": "backbone/test_open_clip_layout.py",
    "backbone/hashing.py": "backbone/test_load_backbone.py",
    "backbone/load.py": "backbone/test_load_backbone.py",
    "backbone/pe_core_model.py": "backbone/test_pe_core.py",
    "backbone/pe_core_names.py": "backbone/test_open_clip_layout.py",
    "backbone/quiet.py": "backbone/test_load_backbone.py",
    "backbone/siglip.py": "backbone/test_siglip_towers.py",
    "backbone/siglip2.py": "backbone/test_siglip2_towers.py",
    "backbone/source.py": "backbone/test_load_backbone.py",
    "backbone/tokenizer.py": "backbone/test_load_backbone.py",
    "backbone/towers.py": "backbone/test_clip_towers.py",
    "backbone/transformer.py": "embedders/test_videoprism.py",
    "embedders/embedder.py": "embedders/test_videoprism.py",
    # What several commands share is tested through them.
    "cli/add_report.py": "cli/test_index.py",
    "cli/evaluation_files.py": "cli/test_evaluate.py",
    "cli/score_tables.py": "cli/test_evaluate.py",
    "cli/clip_arguments.py": "cli/test_clip.py",
    "cli/clip_making.py": "cli/test_clip.py",
    "cli/clip_names.py": "cli/test_clip.py",
    "cli/clip_results.py": "cli/test_clip.py",
    "cli/dataset_options.py": "cli/test_datasets.py",
    "cli/datasets_check.py": "cli/test_datasets.py",
    "cli/dry_run.py": "cli/test_train.py",
    "cli/explaining.py": "cli/test_main.py",
    "cli/groups.py": "cli/test_main.py",
    "cli/hits.py": "cli/test_search.py",
    "cli/kept_files.py": "cli/test_clip.py",
    "cli/machine.py": "cli/test_doctor.py",
    "cli/output.py": "cli/test_main.py",
    "cli/watch.py": "cli/test_index.py",
    "cli/words_report.py": "cli/test_words.py",
    # A dataset is one config, and all of them are tested side by side.
    "datasets/base.py": "datasets/test_registry.py",
    "datasets/card.py": "test_docs_datasets.py",
    "datasets/activitynet.py": "datasets/test_published.py",
    "datasets/didemo.py": "datasets/test_published.py",
    "datasets/lsmdc.py": "datasets/test_published.py",
    "datasets/msr_vtt.py": "datasets/test_published.py",
    "datasets/msvd.py": "datasets/test_published.py",
    "datasets/vatex.py": "datasets/test_published.py",
    "datasets/shards.py": "datasets/test_webdataset.py",
    "datasets/examples.py": "training/test_batches.py",
    "datasets/folder.py": "datasets/test_registry.py",
    "datasets/moji_motion/config.py": "datasets/test_registry.py",
    "datasets/moji_motion/actors.py": "datasets/moji_motion/test_scene.py",
    "datasets/moji_motion/clips.py": "datasets/moji_motion/test_generated_sources.py",
    "datasets/moji_motion/stills.py": "datasets/moji_motion/test_generated_sources.py",
    "evaluation/arrays.py": "evaluation/test_metrics.py",
    "evaluation/encoding.py": "evaluation/test_report.py",
    "evaluation/reading.py": "evaluation/test_report.py",
    "evaluation/stages.py": "evaluation/test_report.py",
    "evaluation/strips.py": "evaluation/test_page.py",
    "evaluation/exact.py": "evaluation/test_metrics.py",
    # One file a format; the steps that formats share are tested with damaged files of all of them.
    "importers/clip_from_tensors.py": "importers/test_openai_format.py",
    "importers/openai_clip.py": "importers/test_openai_format.py",
    "importers/parts.py": "importers/test_import_checkpoint.py",
    "importers/registry.py": "importers/test_import_checkpoint.py",
    "importers/weights_file.py": "importers/test_import_checkpoint.py",
    "importers/writing.py": "importers/test_import_checkpoint.py",
    "cli/ray_report.py": "cli/test_ray_runners.py",
    # What stands between the driver and Ray is tried with Ray.
    "cluster/at_work.py": "cluster/test_driving.py",
    "cluster/crew.py": "cluster/test_driving.py",
    "cluster/team.py": "cluster/test_driving.py",
    "cluster/ray_crew.py": "suites/cluster/test_runner.py",
    "cluster/ray_words.py": "suites/cluster/test_words_everywhere.py",
    "library/files/interface.py": "library/files/test_local.py",
    "library/files/walk.py": "library/indexing/test_plan.py",
    "library/indexing/removal.py": "library/test_incremental.py",
    "library/indexing/run.py": "library/indexing/test_ledger.py",
    "library/indexing/unit.py": "library/indexing/test_plan.py",
    "library/indexing/sidecar_words.py": "library/indexing/test_words_run.py",
    "library/indexing/words_outcome.py": "library/indexing/test_words_run.py",
    "library/indexing/words_sources.py": "library/indexing/test_words_run.py",
    "library/search/answer.py": "library/test_library.py",
    "library/search/found.py": "library/search/test_one_box.py",
    "library/search/hybrid.py": "library/search/test_ranking.py",
    "library/search/legs/leg.py": "library/search/test_one_box.py",
    "library/search/legs/registry.py": "library/search/test_one_box.py",
    "library/search/legs/row_texts.py": "library/search/legs/test_named.py",
    "library/search/legs/seen.py": "library/search/test_ranking.py",
    "library/search/legs/timed_words.py": "library/search/legs/test_said.py",
    "library/teaching/describe.py": "library/test_names.py",
    "library/teaching/left.py": "library/teaching/test_reteach.py",
    "library/store/health.py": "library/test_soundness.py",
    "library/store/words_health.py": "library/test_soundness.py",
    "library/store/exchange.py": "library/test_again.py",
    "library/store/records.py": "library/store/test_rows.py",
    "library/store/sql.py": "library/store/test_conditions.py",
    "library/watching/changes.py": "library/watching/test_watch.py",
    # Parts that methods are put together from.
    "methods/base.py": "methods/test_grid.py",
    "methods/context_prompts.py": "methods/test_vop.py",
    "methods/frame_positions.py": "methods/test_vop.py",
    "methods/inter_frame.py": "methods/test_vop.py",
    "methods/position_prompts.py": "methods/test_vop.py",
    "methods/prompt_parameter.py": "methods/test_vop.py",
    "methods/text_prompts.py": "methods/test_vop.py",
    "methods/visual_prompts.py": "methods/test_vop.py",
    # What tools take and answer is tested with what an assistant is told of them.
    "service/mcp/answer.py": "service/mcp/test_server.py",
    "service/mcp/arguments.py": "service/mcp/test_tools.py",
    "service/mcp/results.py": "service/mcp/test_tools.py",
    "service/http/dependencies.py": "service/http/routes/test_libraries.py",
    "service/http/routes/every.py": "service/http/test_app.py",
    "training/gather.py": "suites/processes/test_trained_together.py",
    "training/yaml_text.py": "training/test_recipe.py",
    "uses/embedding_table.py": "uses/test_embed.py",
    "uses/reading.py": "uses/test_classification.py",
    # The other process is tested as a whole, and its questions side by side.
    "video/isolate/asking.py": "video/isolate/test_isolated.py",
    "video/isolate/process.py": "video/isolate/test_isolated.py",
    "video/isolate/question.py": "video/isolate/test_questions.py",
    "video/isolate/questions/condition.py": "video/read/test_condition.py",
    "video/isolate/questions/frames.py": "video/isolate/test_questions.py",
    "video/isolate/questions/grid.py": "video/isolate/test_questions.py",
    "video/isolate/questions/moments.py": "video/isolate/test_questions.py",
    "video/isolate/questions/looks.py": "video/read/test_looks.py",
    "video/isolate/questions/older.py": "video/read/test_older.py",
    "video/isolate/questions/playable.py": "service/media/test_converting.py",
    "video/isolate/questions/probe.py": "video/isolate/test_questions.py",
    "video/isolate/questions/streams.py": "video/read/test_streams.py",
    "video/isolate/questions/subtitle_tracks.py": "video/read/test_subtitle_tracks.py",
    "video/isolate/questions/sound.py": "video/isolate/test_questions.py",
    "video/isolate/questions/timebase.py": "video/read/test_timebase.py",
    "video/isolate/serve.py": "video/isolate/test_isolated.py",
    "video/limits.py": "cli/test_index.py",
    "video/read/frame_source.py": "training/test_run.py",
    "video/read/frames.py": "video/read/test_decode.py",
    "video/read/heartbeat.py": "video/isolate/test_isolated.py",
    "video/read/plan.py": "video/read/test_decode.py",
    "video/read/suffixes.py": "video/test_face.py",
    "video/read/thumbnail.py": "video/read/test_moments.py",
    "video/isolate/questions/clip.py": "video/isolate/test_clip.py",
    "video/write/containers.py": "video/test_face.py",
    "video/write/reencode.py": "video/write/test_cut.py",
    "video/write/remux.py": "video/write/test_cut.py",
    "video/write/sound_encode.py": "video/write/test_sound.py",
}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in pinned}


def declared():
    extras = PROJECT["optional-dependencies"]
    requirements = [Requirement(line) for lines in (PROJECT["dependencies"], *extras.values()) for line in lines]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def make(*arguments):
    # Without the variables of a make that runs these tests.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def tracked_files():
    """Return what is committed or would be: everything that git does not ignore."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert files
    return files


def test_the_version_is_the_same_everywhere():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\] - (unreleased|\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert newest is not None
    assert framecue.__version__ == __version__ == newest[1]
    # It stands in one file alone; what is installed is read from there.
    assert "version" not in PROJECT
    assert DOCUMENT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "framecue._version.__version__"}
    assert importlib.metadata.version("framecue") == __version__


def test_every_file_has_a_test_file_at_the_same_place():
    files = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    without = {path.as_posix() for path in files if not (TESTS / path.parent / f"test_{path.name}").is_file()}
    assert sorted(without - TESTED_ELSEWHERE.keys()) == [], (
        "src/framecue/a/b.py is tested in tests/a/test_b.py; write these, or say in TESTED_ELSEWHERE what tests them"
    )
    assert sorted(TESTED_ELSEWHERE.keys() - without) == [], "gone, or with tests of their own now: off TESTED_ELSEWHERE"
    missing = {name for name in TESTED_ELSEWHERE.values() if not (TESTS / name).is_file()}
    assert sorted(missing) == [], "TESTED_ELSEWHERE names test files that are not there"


def test_every_declared_dependency_is_pinned_within_its_range():
    pinned = constraints()
    for requirement in declared():
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"constraints.txt does not pin {requirement.name}"
        (specifier,) = pin.specifier
        assert requirement.specifier.contains(specifier.version), f"{pin} is outside {requirement}"


def test_constraints_pin_one_public_version_each():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(pins) == len(constraints())
    for line in pins:
        # No wildcard, no local version (`+cpu`), no path, no editable install.
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; python_version >= \"3\.\d+\")?", line), line


def test_pytorch_is_installed_first_and_as_pinned():
    recipe = re.findall(r" -m pip install (.+?) -qq", MAKEFILE)
    assert recipe == [str(constraints()["torch"]), "-c constraints.txt -e '.[dev]'"]


@needs_make
def test_make_alone_lists_exactly_the_targets_that_exist():
    listed = re.findall(r"^make (\S+)  +\S", make().stdout, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert sorted(listed) == sorted(set(phony[1].split()) - {"help"})
    for target in listed:
        result = make("--dry-run", target)
        assert result.returncode == 0, f"make {target}: {result.stderr}"


@needs_make
@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("no-such-python", "no-such-python: not found; install Python 3.10 or newer"),
        ("old", "framecue needs Python 3.10 or newer"),
        ("bare", "its venv module is missing (Debian, Ubuntu: apt install python3-venv)"),
    ],
)
def test_a_python_that_cannot_be_used_gets_one_clear_line(tmp_path, python, expected):
    (tmp_path / "old").write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    # Answers the version check and nothing else, as a Python without venv does.
    (tmp_path / "bare").write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 0;; *) exit 1;; esac\n')
    for script in ("old", "bare"):
        (tmp_path / script).chmod(0o755)
    interpreter = python if python.startswith("no-") else str(tmp_path / python)
    result = make("install", f"PYTHON={interpreter}", f"VENV={tmp_path / 'venv'}")
    assert result.returncode != 0
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "venv").exists()


def test_continuous_integration_runs_the_test_command_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^make test\b", script.read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


SUITES = ("benchmarks", "serving", "processes", "browser", "cluster")
"""What continuous integration runs apart from `make test`."""
TARGETS = ["install", *SUITES, "check", "test"]
CLOSING = "=== 3278 passed, 10 skipped in 183.99s (0:03:03) ==="


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("closing", "status", "last"),
    [
        (CLOSING, 0, CLOSING),
        ("= 1 failed, 9 passed in 183.99s (0:03:03) =", 2, "= 1 failed, 9 passed in 183.99s (0:03:03) ="),
        ("10 passed, 1 error in 183.02s", 2, "10 passed, 1 error in 183.02s"),
        ("src/framecue/paths.py:3: error: no", 2, "the checks ended before pytest did"),
    ],
)
def test_continuous_integration_ends_with_how_long_each_part_took_and_pytests_closing_line(
    tmp_path, closing, status, last
):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    checks, demo = "lint: 0 s\ntypes: 62 s\nimports: 2 s", "try-demo: 41 s\n0.10s call in 12s"
    (tmp_path / "make").write_text(
        f"#!/bin/sh\necho \"$@\"\n[ $1 = check ] && echo '{checks}'\n[ $1 = test ] || exit 0\n"
        f"cat <<'END'\n{demo}\n{closing}\nEND\nexit {status}\n"
    )
    (tmp_path / "make").chmod(0o755)
    environment = with_programs(tmp_path)
    done = subprocess.run([tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in TARGETS] == TARGETS
    assert lines[-1] == last
    table = [line.split(" min ") for line in lines if " min " in line]
    minutes = {name.split()[0]: f"{name.split()[1]}:{rest[:2]}" for name, rest in table}
    assert minutes.pop("all").startswith("0:")
    for suite in SUITES:
        assert minutes.pop(suite).startswith("0:")
    unit = {} if "paths.py" in closing else {"unit": "3:03"}
    assert minutes == {"demo": "0:41", "lint": "0:00", "types": "1:02", "imports": "0:02", **unit}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("target", TARGETS[:-1])
def test_continuous_integration_fails_with_what_comes_before_the_tests(tmp_path, target):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "make").write_text(f"#!/bin/sh\necho \"$@\"\n[ $1 = {target} ] && exit 3\necho '{CLOSING}'\n")
    (tmp_path / "make").chmod(0o755)
    environment = with_programs(tmp_path)
    done = subprocess.run([tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    # What fails after the installation hides nothing that comes after it.
    targets = [line for line in done.stdout.splitlines() if line in TARGETS]
    assert targets == TARGETS[: 1 if target == "install" else None]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("user", "installs", "told"),
    [
        (0, True, None),
        (0, False, "{} could not be installed: "),
        (1000, True, "{0} is not here (Debian, Ubuntu: apt install {0}): "),
    ],
)
def test_continuous_integration_installs_what_speaks_and_what_shows_the_page_where_it_may(
    tmp_path, user, installs, told
):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "mktemp", "rm", "tee", "grep", "tail", "sed", "awk"):
        (programs / name).symlink_to(shutil.which(name))
    scripts = {
        "make": f"echo '{CLOSING}'\necho $FRAMECUE_BROWSER $FRAMECUE_CLUSTER >>{tmp_path}/compulsory",
        "id": f"echo {user}",
        "apt-get": f'echo "$@" >>{tmp_path}/asked\n[ $1 = update ] || exit {0 if installs else 100}',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
        (programs / name).chmod(0o755)
    environment = {"PATH": str(programs)}
    command = [programs / "bash", tmp_path / ".ci" / "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == CLOSING
    wanted = {
        "espeak-ng": "tests of spoken sentences are skipped",
        "chromium": "the page's tests, which have to run here, fail",
    }
    log = tmp_path / "asked"
    install = "install -y -qq {}"
    tries = [] if user else [install] if installs else [install, "update -qq", install]
    expected = [line.format(program) for program in wanted for line in tries]
    assert (log.read_text().splitlines() if log.exists() else []) == expected
    consequences = [f"{told.format(program)}{wanted[program]}" for program in wanted] if told else []
    assert done.stderr.splitlines() == consequences
    # The suites are compulsory: without a browser or a network of their own they fail, elsewhere they are skipped.
    assert (tmp_path / "compulsory").read_text().splitlines()[1:] == ["required required"] * len(TARGETS[1:])


@pytest.mark.parametrize(("required", "raised"), [(None, pytest.skip.Exception), ("required", pytest.fail.Exception)])
def test_without_a_browser_its_tests_are_skipped_but_fail_where_it_is_required(monkeypatch, tmp_path, required, raised):
    monkeypatch.setenv("PATH", str(tmp_path))
    if required is None:
        monkeypatch.delenv("FRAMECUE_BROWSER", raising=False)
    else:
        monkeypatch.setenv("FRAMECUE_BROWSER", required)
    with pytest.raises(raised, match="apt install chromium"):
        find_browser()
    (tmp_path / "chromium").write_text("#!/bin/sh\n")
    (tmp_path / "chromium").chmod(0o755)
    assert find_browser() == str(tmp_path / "chromium")


def with_programs(folder):
    """The environment in which a folder comes first, with the programs that are installed where they are missing."""
    for name in ("espeak-ng", "chromium"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}


@needs_make
def test_the_tests_run_in_two_processes_and_end_with_the_slowest():
    command = "pytest -n {} --dist worksteal --durations=10"
    assert command.format(2) in make("--dry-run", "unit").stdout
    part = make("--dry-run", "unit", "TESTS=tests/evaluation", "WORKERS=0").stdout
    assert f"{command.format(0)} tests/evaluation" in part
    # What takes long has a target of its own: the benchmarks' shortest forms, and the suites of whole programs.
    assert f"{command.format(2)} --ignore=tests/benchmarks --ignore=tests/suites" in make("--dry-run", "unit").stdout
    assert "tests/benchmarks" in make("--dry-run", "benchmarks").stdout
    for suite in (TESTS / "suites").iterdir():
        if suite.is_dir() and suite.name != "__pycache__":
            assert f"tests/suites/{suite.name}" in make("--dry-run", suite.name).stdout


def test_each_process_of_the_tests_computes_with_one_thread():
    import torch

    program = "import torch; print(torch.get_num_threads())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert torch.get_num_threads() == int(done.stdout) == int(os.environ["OMP_NUM_THREADS"])


def test_the_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert text.split("\n")[1].strip() == "Apache License"
    assert "END OF TERMS AND CONDITIONS" in text


def test_no_tracked_file_is_large_outside_the_shipped_models():
    assets = ROOT / "src" / "framecue" / "assets"
    large = [file for file in tracked_files() if file.stat().st_size > MAX_BYTES and assets not in file.parents]
    assert large == []


def test_no_tracked_file_names_a_place_on_one_machine():
    # Home folders and work folders. The names are apart from the slashes here so that this file is clean itself.
    places = "|".join(["home", "root", "Users", "work"])
    pattern = re.compile(rf"(?<![\w.])/(?:{places})/\w")
    found = []
    for file in tracked_files():
        content = file.read_bytes()
        if b"\0" in content:  # not text
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
