"""What docs/scale.md says of clusters: the cluster it has is one that Ray takes, with commands that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from framecue.cli.main import framecue

DOCS = Path(__file__).parents[1] / "docs"
SCALE = (DOCS / "scale.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    """The cluster's description, with Ray's defaults."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from ray.autoscaler._private.util import prepare_config

    prepared: dict[str, Any] = prepare_config(yaml.safe_load((DOCS / "cluster.yaml").read_text(encoding="utf-8")))
    return prepared


def test_ray_takes_the_cluster(cluster: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import validate_config

    validate_config(cluster)


def test_a_cluster_with_a_mistake_is_not_taken(cluster: dict[str, Any]) -> None:
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import validate_config

    with pytest.raises(ValidationError, match="resources"):
        validate_config(cluster | {"available_node_types": {"head": {"node_config": {}}}})


def test_its_files_are_there_and_no_machine_has_keys(cluster: dict[str, Any]) -> None:
    root = DOCS.parent
    assert [place for place in cluster["file_mounts"].values() if not (root / place).is_file()] == []
    assert all("IamInstanceProfile" in each["node_config"] for each in cluster["available_node_types"].values())
    assert not re.search(r"SECRET|ACCESS_KEY|TOKEN", (DOCS / "cluster.yaml").read_text(encoding="utf-8"))
    # Without one, Ray takes an image of Ubuntu 18.04, whose Python is too old for framecue.
    assert all(each["node_config"].get("ImageId") for each in cluster["available_node_types"].values())
    # The head gives nothing of itself away: it has the driver.
    assert cluster["available_node_types"][cluster["head_node_type"]]["resources"]["CPU"] == 0


def ray_lines() -> list[list[str]]:
    """The commands of Ray's that the document tells people to type."""
    blocks = re.findall(r"```console\n(.*?)```", SCALE, flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ray ")]


@pytest.mark.parametrize("words", ray_lines(), ids=" ".join)
def test_rays_commands_have_these_options(words: list[str]) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from ray.scripts.scripts import cli

    own = [word for word in words[1:] if word != "&"]
    own = own[: own.index("--")] if "--" in own else own
    command: click.Command = cli
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), own.pop(0)) or pytest.fail(f"{words}: no such command")
    known = {name for parameter in command.params for name in parameter.opts}
    assert [word.split("=")[0] for word in own if word.startswith("--") and word.split("=")[0] not in known] == []


@pytest.mark.parametrize("words", [words for words in ray_lines() if "--" in words], ids=" ".join)
def test_what_is_submitted_is_a_command_of_framecues(words: list[str]) -> None:
    program, name, *options = words[words.index("--") + 1 :]
    assert program == "framecue"
    with click.Context(framecue, info_name="framecue") as parent:
        command = framecue.get_command(parent, name)
        assert command is not None
        assert not command.make_context(name, options, parent=parent).args
