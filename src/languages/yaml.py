"""YAML."""

import re

from src.languages.language import Language, Pattern
from src.languages.syntax import checked, first_line

MAX_YAML_CHARS = 100_000  # PyYAML takes about 15 microseconds a character

_LINE = re.compile(r"\s*(?:- )*[\w./\"'-]+:(?:\s|$)|\s*- \S|---$")


def _yaml(text: str) -> str | None:
    import yaml

    if len(text) > MAX_YAML_CHARS:
        return f"longer than {MAX_YAML_CHARS} characters"
    try:
        # events only: aliases are never expanded
        kinds = {type(event) for event in yaml.parse(text, Loader=yaml.SafeLoader)}
    except yaml.YAMLError as error:
        return first_line(error)
    if not kinds & {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
        return "no mapping or sequence"  # any sentence is a YAML scalar
    return None


def _is_document(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(_LINE.match(line) for line in lines) and checked(_yaml, text) is None


LANGUAGE = Language(
    name="yaml", label="YAML", aliases="yml", rank=16, highlight="python", layout=True,
    named=Pattern(r"(?i)\bya?ml\b", "yml|yaml"), strict=True, document=_is_document, is_format=True, comments="#",
    parser=_yaml, checked=True,
)  # fmt: skip
