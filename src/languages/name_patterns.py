"""How prose names a programming language."""

from __future__ import annotations

import re

from src.languages.code_patterns import Mark

# How an instruction names a language. "other" is a language that this project does not tell apart.
NAMED: dict[str, Mark] = {
    "python": Mark(
        re.compile(
            r"\b(?:python\d?|numpy|pandas|django|flask|pytorch|tensorflow)\b",
            re.IGNORECASE,
        ),
        hints=("python", "numpy", "pandas", "django", "flask", "torch", "tensorflow"),
    ),
    "typescript": Mark(
        re.compile(
            r"\b(?:typescript|angular)\b",
            re.IGNORECASE,
        ),
        hints=("typescript", "angular"),
    ),
    "javascript": Mark(
        re.compile(
            r"\b(?:java\s?script|js|node(?:\.?js)?|react(?:\.?js)?|jquery|es6|vue)\b|\.js\b",
            re.IGNORECASE,
        ),
        hints=("script", "js", "node", "react", "jquery", "es6", "vue"),
    ),
    "java": Mark(
        re.compile(
            r"\bjava\b(?!\s?script)",
            re.IGNORECASE,
        ),
        hints=("java",),
    ),
    "cpp": Mark(
        re.compile(
            r"\bc\+\+|\bcpp\b",
            re.IGNORECASE,
        ),
        hints=("c++", "cpp"),
    ),
    "csharp": Mark(
        re.compile(
            r"\bc#|\bcsharp\b|\bc sharp\b|(?<!\w)\.net\b",
            re.IGNORECASE,
        ),
        hints=("c#", "sharp", ".net"),
    ),
    "c": Mark(
        re.compile(
            r"(?<![\w+#.'-])(?:C|ANSI C)(?![\w+#'.-]|\+\+)|\bin C\.|\b[Cc] (?:program|function|code"
            r"|language)\b",
        ),
        hints=("c",),
    ),
    "bash": Mark(
        re.compile(
            r"\b(?:bash|shell|(?:unix|linux|terminal|command[- ]line) command)\b|\bcommand line\b",
            re.IGNORECASE,
        ),
        hints=("bash", "shell", "command"),
    ),
    "sql": Mark(
        re.compile(
            r"\b\w*sql(?:ite)?\d?\b|\bdatabase query\b",
            re.IGNORECASE,
        ),
        hints=("sql", "database"),
    ),
    "php": Mark(
        re.compile(
            r"\bphp\b|\blaravel\b",
            re.IGNORECASE,
        ),
        hints=("php", "laravel"),
    ),
    "ruby": Mark(
        re.compile(
            r"\bruby\b|\brails\b",
            re.IGNORECASE,
        ),
        hints=("ruby", "rails"),
    ),
    "go": Mark(
        re.compile(
            r"\bgolang\b|\bGo\b(?= (?:program|function|code|struct|snippet|script|method|language"
            r"|routine))|\b(?:in|using|with|to|into) Go\b",
        ),
        hints=("go",),
    ),
    "rust": Mark(
        re.compile(
            r"\brust\b",
            re.IGNORECASE,
        ),
        hints=("rust",),
    ),
    "html": Mark(
        re.compile(
            r"\bhtml5?\b|\bweb ?page\b",
            re.IGNORECASE,
        ),
        hints=("html", "web"),
    ),
    "css": Mark(
        re.compile(
            r"\bcss3?\b|\bstyle ?sheet\b",
            re.IGNORECASE,
        ),
        hints=("css", "style"),
    ),
    "json": Mark(
        re.compile(
            r"\bjson\b",
            re.IGNORECASE,
        ),
        hints=("json",),
    ),
    "yaml": Mark(
        re.compile(
            r"\bya?ml\b",
            re.IGNORECASE,
        ),
        hints=("yml", "yaml"),
    ),
    "other": Mark(
        re.compile(
            r"\b(?:swift|kotlin|scala|perl|matlab|haskell|powershell|dart|lua|vb\.?net|visual basic"
            r"|assembly|objective-c|latex|erlang|elixir|clojure|lisp|prolog|fortran|cobol|julia)\b"
            r"|\b(?:in|using) R\b|\bR (?:program|function|code|script)\b",
            re.IGNORECASE,
        ),
        hints=(
            "swift",
            "kotlin",
            "scala",
            "perl",
            "matlab",
            "haskell",
            "powershell",
            "dart",
            "lua",
            "vb",
            "visual",
            "assembly",
            "objective",
            "latex",
            "erlang",
            "elixir",
            "clojure",
            "lisp",
            "prolog",
            "fortran",
            "cobol",
            "julia",
            "in r",
            "using r",
            "r program",
            "r function",
            "r code",
            "r script",
        ),
    ),
}
