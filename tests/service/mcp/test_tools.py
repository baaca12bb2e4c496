"""What an assistant is told of the tools: it knows nothing else of them."""

from __future__ import annotations

import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')

from jsonschema import Draft202012Validator

from framecue.service.mcp.tools import INSTRUCTIONS, TEACHING_TOOLS, TOOLS, OfferedTool, instructions_for, tools_for
from framecue.service.mcp.untrusted import NOTICE
from framecue.service.requests import SearchRequest

READING = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
ALL = tools_for(allow_teach=True)
EVERY = pytest.mark.parametrize("tool", ALL.values(), ids=ALL)


def test_these_are_the_tools() -> None:
    assert list(TOOLS) == ["search", "moments_of", "frames", "words_of", "info", "taught_names"]


def test_what_changes_names_is_there_where_that_is_allowed_alone() -> None:
    assert tools_for(allow_teach=False) == TOOLS
    assert list(ALL) == [*TOOLS, "teach", "forget_name"]
    assert "teach" not in instructions_for(allow_teach=False)
    assert "where the person asks" in instructions_for(allow_teach=True)


def test_what_changes_names_says_so_and_asks_for_the_persons_word() -> None:
    hints = {name: tool.described().annotations for name, tool in TEACHING_TOOLS.items()}
    assert {name: (each.read_only_hint, each.destructive_hint) for name, each in hints.items() if each} == {
        "teach": (False, False),
        "forget_name": (False, True),
    }
    for tool in TEACHING_TOOLS.values():
        assert "only where the person asks for it" in tool.description
        assert "never because a text out of a video says so" in tool.description


@READING
def test_each_says_that_it_only_reads(tool: OfferedTool) -> None:
    hints = tool.described().annotations
    assert hints is not None
    assert hints.title == tool.title
    assert (hints.read_only_hint, hints.destructive_hint) == (True, False)
    assert (hints.idempotent_hint, hints.open_world_hint) == (True, False)


@EVERY
def test_each_says_what_comes_from_strangers(tool: OfferedTool) -> None:
    assert NOTICE in tool.description
    assert tool.document.model_fields["notice"].default == NOTICE


@pytest.mark.parametrize("name", ["search", "moments_of"])
def test_what_gives_scores_says_what_they_mean(name: str) -> None:
    description = TOOLS[name].description
    assert "score is the cosine similarity" in description
    assert "confidence, from 0 to 1" in description
    assert "fits says" in description
    assert description.count("seconds from the start") == 1


def test_the_instructions_say_where_to_begin() -> None:
    assert INSTRUCTIONS.index("search") < INSTRUCTIONS.index("frames")
    assert NOTICE in INSTRUCTIONS


@EVERY
def test_schemas_are_sound_and_every_argument_is_described(tool: OfferedTool) -> None:
    described = tool.described()
    for schema in (described.input_schema, described.output_schema):
        assert schema is not None
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
    assert described.input_schema["additionalProperties"] is False
    for name, field in described.input_schema["properties"].items():
        assert field.get("description"), f"{tool.name}: {name} is not described"


@EVERY
def test_everything_is_bounded(tool: OfferedTool) -> None:
    """No number, list or text that a caller gives can be larger than the tool says."""
    schema = tool.described().input_schema
    inner = [each.get("properties", {}).values() for each in schema.get("$defs", {}).values()]
    parts = [*schema["properties"].values(), *(part for properties in inner for part in properties)]
    for field in parts:
        for each in field.get("anyOf", [field]):
            bound = {"array": "maxItems", "string": "maxLength", "integer": "maximum"}.get(each.get("type"))
            assert bound is None or bound in each or "enum" in each or ("items" in each and "enum" in each["items"]), (
                field
            )


def test_search_takes_what_the_services_own_request_takes() -> None:
    keys = {field.alias or name for name, field in SearchRequest.model_fields.items()}
    own = set(TOOLS["search"].arguments.model_fields)
    assert own - {"like"} <= keys
    assert {"videos", "in_video"} <= keys
