"""Reads YAML that somebody typed: numbers such as 2e-4, and nothing that costs unbounded memory or time."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

DEFAULTS = Path(__file__).resolve().parents[1] / "config.yaml"  # the one home of every default
MAX_DEPTH = 20  # of nested collections
_EXPONENT = re.compile(r"\A[-+]?(?:[0-9][0-9_]*+(?:\.[0-9_]*+)?|\.[0-9][0-9_]*+)[eE][-+]?[0-9]+\Z")


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises ValueError with the reason in one line."""
    try:
        return _Loader(text).get_single_data()
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ) as error:  # to Python 0b_ and 1:00:..:00.0 are no numbers
        raise ValueError(" ".join(str(error).split())[:200]) from error


class _Loader(yaml.SafeLoader):
    """A date stays a text. Aliases expand exponentially, and deep nesting takes quadratic time: both are refused."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        self.depth += 1
        if isinstance(event, yaml.AliasEvent):
            _refuse("aliases (*name) are not read; write the value out", event)
        if getattr(event, "tag", None):
            _refuse("tags (!name) are not read", event)
        if self.depth > MAX_DEPTH:
            _refuse(f"nested more than {MAX_DEPTH} deep", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, count in keys.items():
            if count > 1:
                _refuse(f"the key {key} is there {count} times", node)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def _refuse(reason: str, where: Any) -> None:
    raise yaml.MarkedYAMLError(problem=reason, problem_mark=where.start_mark)
