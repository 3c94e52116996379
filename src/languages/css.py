"""CSS."""

import re

from src.languages.language import Evidence, Language, Pattern

_TYPES = re.compile(r"^[^\S\n]*+(?:export )?(?:interface|type|enum) \w", re.MULTILINE)


def _css(text: str) -> str | None:
    import tinycss2

    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    if not rules:
        return "no rule"
    for rule in rules:
        if rule.type == "error":
            return str(rule.message)
        if rule.type != "qualified-rule":
            continue
        for part in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
            if part.type == "error":
                return str(part.message)
    return None


def _weigh(text: str, evidence: Evidence) -> float:
    """The types of TypeScript look like rules."""
    return 0 if _TYPES.search(text) else evidence["css"]


LANGUAGE = Language(
    name="css", label="CSS", aliases="css3", rank=14, highlight="css",
    named=Pattern(r"(?i)\bcss3?\b|\bstyle ?sheet\b", "css|style"),
    evidence=Pattern(
        r"(?m)^[ \t]*+(?!(?:interface|type|enum|struct|class|switch|match|if|for|while|else|do"
        r"|try)\b)(?:[.#*:@a-zA-Z\[][^{};=()\n]{0,120}+(?:\([^{};\n]{0,60}\)[^{};\n]{0,60}+)?)\{\s*+(?:"
        r"/\*.*?\*/\s*+)?(?:[\w-]++\s*+:[^;{}=]++;?|\})|^[^\S\n]*+[a-z-]++: [^;{}()=]{1,150}+;[^\S\n]*+$"
        r"|\b\d++(?:px|em|rem|vh|vw)\b"),
    weigh=_weigh, strict=True, settles=True, is_format=True, comments="/*",
    parser=_css, checked=True,
)  # fmt: skip
