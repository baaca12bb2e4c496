"""YAML as recipes are written: bounded, and read as people mean it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from framecue.validation import shown

__all__ = ["NOT_YAML", "load_yaml"]

NOT_YAML = (yaml.YAMLError, RecursionError, ValueError)
"""What `load_yaml` raises."""

MAX_VALUES, MAX_DIGITS = 10_000, 100


def load_yaml(text: str) -> Any:
    """Read YAML as recipes are read.

    Raises:
        yaml.YAMLError: it is none, or holds too much.
        RecursionError: it is too deep.
        ValueError: it has characters that YAML does not allow.
    """
    content = yaml.load(text, Loader=_Loader)
    # An alias is one value for YAML, and many for all who look at them one after the other; or one without an end.
    waiting, num_values = [content], 0
    while waiting:
        value = waiting.pop()
        num_values += 1
        if num_values > MAX_VALUES:
            raise yaml.YAMLError(f"it holds more than {MAX_VALUES} values, each alias counted as what it stands for")
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set)):
            waiting += value
    return content


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: 1e-5 is a number (YAML 1.1 wants 1.0e-5), and a key may occur only once."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind in ("int", "float") and len(node.value) > MAX_DIGITS:
            raise yaml.MarkedYAMLError(
                problem=f"a number has {len(node.value)} digits; give at most {MAX_DIGITS}",
                problem_mark=node.start_mark,
            )
        try:
            return super().construct_object(node, deep=deep)
        except (AttributeError, TypeError, ValueError, KeyError, OverflowError) as error:
            # What Python's own types raise of a value that is not of the kind that its tag or its looks say.
            written = node.value if isinstance(node, yaml.ScalarNode) else "what stands there"
            raise yaml.MarkedYAMLError(
                problem=f"{shown(written)} cannot be read as {kind}", problem_mark=node.start_mark
            ) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)
