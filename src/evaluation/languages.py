"""What each language is called here, how it is parsed, and how a program in it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from src.data.syntax import syntax_error
from src.evaluation import runners
from src.evaluation.runners import Run


@dataclass(frozen=True)
class Language:
    """One language of the test sets."""

    name: str  # the key in LANGUAGES, as stored in Example.language
    label: str  # as shown in reports
    codebleu: str | None  # its name in the codebleu package; None: no CodeBLEU
    parse: Callable[[str], str | None] | None  # what is wrong, or None; no parser: None in its place
    run: Run | None  # runs, or only checks, one program; None: not runnable here


def _language(
    name: str, label: str, run: Run | None, codebleu: str | None = None, parser: bool = True
) -> Language:
    parse = partial(syntax_error, name) if parser else None
    return Language(name, label, codebleu, parse, partial(runners.run_program, name, run) if run else None)


LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        _language("python", "Python", runners.run_python, "python"),
        _language("javascript", "JavaScript", runners.run_javascript, "javascript"),
        _language("typescript", "TypeScript", runners.run_typescript, parser=False),
        _language("bash", "Bash", runners.run_bash, parser=False),
        _language("sql", "SQL", runners.run_sql),
        _language("c", "C", runners.run_c, "c"),
        _language("cpp", "C++", runners.run_cpp, "cpp"),
        _language("csharp", "C#", None, "c_sharp"),
        _language("java", "Java", runners.run_java, "java"),
        _language("php", "PHP", runners.run_php, "php"),
        _language("ruby", "Ruby", runners.run_ruby, "ruby"),
        _language("go", "Go", runners.run_go, "go"),
        _language("rust", "Rust", runners.run_rust, "rust"),
        _language("html", "HTML", partial(runners.check_syntax, "html")),
        _language("css", "CSS", partial(runners.check_syntax, "css")),
        _language("json", "JSON", partial(runners.check_syntax, "json")),
        _language("yaml", "YAML", partial(runners.check_syntax, "yaml")),
    )
}


def parses(language: str, code: str) -> bool | None:
    """Whether `code` parses strictly; None where there is no parser for `language`."""
    entry = LANGUAGES.get(language)
    return None if entry is None or entry.parse is None else entry.parse(code) is None
