"""Kinds of arguments that the name of a parameter suggests."""

from __future__ import annotations

import re

_NAMES = (  # pattern of a parameter's name, its kinds; the first that is found counts
    (r"^(?:char|ch|character|letter)$", "char | str"),
    (r"handler|callback|listener", "function of 0"),
    (r"coeff", "list[int]"),
    (r"matrix|grid|board|mat\b|2d|nested|image", "matrix | list[int]"),
    (r"e?mail", "email"),
    (r"(?<!candi)(?<!up)(?<!vali)date|dob|birth", "date"),
    (r"binary|digits|decimal_str|hex", "text number | int"),
    (r"dicts|records|people|students|employees|users", "list[dict] | dict | list[str]"),
    (r"^record$", "dict"),
    (r"dict|map|mapping|inventory|prices|scores?_by|counts|graph", "dict | list[int]"),
    (r"pairs|tuples|intervals|points|coords", "list[pair] | matrix"),
    (r"words|^keys$|strings|strs|names|str_list|string_list|list_of_strings|lines|fruits", "list[str] | list[int] | str"),
    (r"^items$", "list[int] | list[str] | str"),
    (r"sentence|text|string|str\d?\b|word|^s\d?$|_s$|name|char|letter|paragraph|message|phrase|pattern|password|substr|key"
     r"|url|path|prefix|suffix|title|author|brand|model$|colou?r|(?<!capa)city|country|address|owner|breed|species|genre|category"
     r"|greeting|language|player|person|customer|candidate|sender|receiver|student|guest|member|friend|product|plate|^first$|^last$", "str | list[str]"),
    (r"tuple|tup\b", "tuple | list[pair]"),
    (r"set\d?\b", "set | list[int]"),
    (r"nums|numbers|arr|list|lst|values|array|data|seq|elements|integers|^l\d?$|weights|prices|scores|grades|iterable",
     "list[int] | list[str] | list[float] | matrix | int"),
    (r"flag|reverse|is_|has_|ascending", "bool"),
    (r"price|rate|amount|radius|temp|celsius|fahrenheit|height|width|length|weight|salary|base|side|distance|principal"
     r"|balance", "float | int"),
    (r"^n$|num|number|count|k$|index|size|start|end|limit|year|age|target|low|high|left|right|min|max|step|i$|j$|m$|x\d?$"
     r"|y\d?$|z$|^a$|^b$|^c$|^p$|^q$|^r$|value|val$|total|times|depth|level|position|pos$|day|month|hour|minute|second"
     r"|power|exponent", "int | float | list[int]"),
)  # fmt: skip


def kinds_of_name(name: str) -> list[str]:
    for pattern, kinds in _NAMES:
        if re.search(pattern, name.lower()):
            return kinds.split(" | ")
    return []


def is_of_texts(name: str) -> bool:
    """Whether a name is the plural of that of a text: "candidates"."""
    return name.endswith("s") and kinds_of_name(name.removesuffix("s"))[:1] == ["str"]
