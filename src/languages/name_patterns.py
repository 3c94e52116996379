"""Patterns of the names of programming languages in prose."""

from __future__ import annotations

import re

from src.languages.code_patterns import HintedPattern, hinted

# "other" is a language that this project does not distinguish.
NAMED: dict[str, HintedPattern] = {
    "python": hinted(
        r"\b(?:python\d?|numpy|pandas|django|flask|pytorch|tensorflow)\b",
        "python|numpy|pandas|django|flask|torch|tensorflow",
        re.IGNORECASE,
    ),
    "typescript": hinted(r"\b(?:typescript|angular)\b", "typescript|angular", re.IGNORECASE),
    "javascript": hinted(
        r"\b(?:java\s?script|js|node(?:\.?js)?|react(?:\.?js)?|jquery|es6|vue)\b|\.js\b",
        "script|js|node|react|jquery|es6|vue",
        re.IGNORECASE,
    ),
    "java": hinted(r"\bjava\b(?!\s?script)", "java", re.IGNORECASE),
    "cpp": hinted(r"\bc\+\+|\bcpp\b", "c++|cpp", re.IGNORECASE),
    "csharp": hinted(r"\bc#|\bcsharp\b|\bc sharp\b|(?<!\w)\.net\b", "c#|sharp|.net", re.IGNORECASE),
    "c": hinted(
        r"(?<![\w+#.'-])(?:C|ANSI C)(?![\w+#'.-]|\+\+)|\bin C\.|\b[Cc] (?:program|function|code"
        r"|language)\b",
        "c",
    ),
    "bash": hinted(
        r"\b(?:bash|shell|(?:unix|linux|terminal|command[- ]line) command)\b|\bcommand line\b",
        "bash|shell|command",
        re.IGNORECASE,
    ),
    "sql": hinted(r"\b\w*sql(?:ite)?\d?\b|\bdatabase query\b", "sql|database", re.IGNORECASE),
    "php": hinted(r"\bphp\b|\blaravel\b", "php|laravel", re.IGNORECASE),
    "ruby": hinted(r"\bruby\b|\brails\b", "ruby|rails", re.IGNORECASE),
    "go": hinted(
        r"\bgolang\b|\bGo\b(?= (?:program|function|code|struct|snippet|script|method|language"
        r"|routine))|\b(?:in|using|with|to|into) Go\b",
        "go",
    ),
    "rust": hinted(r"\brust\b", "rust", re.IGNORECASE),
    "html": hinted(r"\bhtml5?\b|\bweb ?page\b", "html|web", re.IGNORECASE),
    "css": hinted(r"\bcss3?\b|\bstyle ?sheet\b", "css|style", re.IGNORECASE),
    "json": hinted(r"\bjson\b", "json", re.IGNORECASE),
    "yaml": hinted(r"\bya?ml\b", "yml|yaml", re.IGNORECASE),
    "other": hinted(
        r"\b(?:s(?:wift|cala)|kotlin|p(?:erl|owershell|rolog)|matlab|haskell|dart|l(?:ua|atex|isp)"
        r"|v(?:b\.?net|isual basic)|assembly|objective-c|e(?:rlang|lixir)|c(?:lojure|obol)|fortran|julia"
        r"|(?:in|using) R|R (?:program|function|code|script))\b",
        "swift|kotlin|scala|perl|matlab|haskell|powershell|dart|lua|vb|visual|assembly|objective|latex|erlang"
        "|elixir|clojure|lisp|prolog|fortran|cobol|julia|in r|using r|r program|r function|r code|r script",
        re.IGNORECASE,
    ),
}
