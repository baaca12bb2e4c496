"""What an assistant is told of the tools: it knows nothing else of them."""

from __future__ import annotations

import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')

from jsonschema import Draft202012Validator

from framecue.service.mcp.tools import INSTRUCTIONS, TOOLS, ReadingTool
from framecue.service.mcp.untrusted import NOTICE
from framecue.service.requests import SearchRequest

EVERY = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)


def test_these_are_the_tools() -> None:
    assert list(TOOLS) == ["search", "moments_of", "frames", "words_of", "info"]


@EVERY
def test_each_says_that_it_only_reads(tool: ReadingTool) -> None:
    hints = tool.described().annotations
    assert hints is not None
    assert hints.title == tool.title
    assert (hints.read_only_hint, hints.destructive_hint) == (True, False)
    assert (hints.idempotent_hint, hints.open_world_hint) == (True, False)


@EVERY
def test_each_says_what_comes_from_strangers(tool: ReadingTool) -> None:
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
def test_schemas_are_sound_and_every_argument_is_described(tool: ReadingTool) -> None:
    described = tool.described()
    for schema in (described.input_schema, described.output_schema):
        assert schema is not None
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
    assert described.input_schema["additionalProperties"] is False
    for name, field in described.input_schema["properties"].items():
        assert field.get("description"), f"{tool.name}: {name} is not described"


@EVERY
def test_everything_is_bounded(tool: ReadingTool) -> None:
    """No number, list or text that a caller gives can be larger than the tool says."""
    schema = tool.described().input_schema
    parts = [*schema["properties"].values(), *schema.get("$defs", {}).get("Like", {}).get("properties", {}).values()]
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
