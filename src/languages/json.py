"""JSON."""

import json
from typing import Any

from src.languages.language import Language, Pattern
from src.languages.syntax import checked


def _json(text: str) -> str | None:
    json.loads(text, parse_constant=_reject_constant, parse_int=str)  # raises ValueError
    return None


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_document(text: str, _: str) -> bool:
    if text.lstrip()[:1] not in ("[", "{") or checked(_json, text):
        return False
    value = json.loads(text, parse_int=str)  # Python reads no number of more than 4,300 digits
    return isinstance(value, dict) or any(isinstance(item, dict) for item in value)


LANGUAGE = Language(
    name="json", label="JSON", rank=15, decisive_rank=0, highlight="javascript",
    named=Pattern(r"(?i)\bjson\b", "json"), decisive=_is_document, strict=True,
    is_format=True, shared_with="python javascript java csharp php",
    parser=_json, checked=True,
)  # fmt: skip
