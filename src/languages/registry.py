"""The registry of languages: key, label, name in the codebleu package, and aliases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language of the test sets."""

    name: str  # the key in LANGUAGES, as stored in Example.language
    label: str  # as shown in reports
    codebleu: str | None = None  # its name in the codebleu package; None: no CodeBLEU


LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        Language("python", "Python", "python"),
        Language("javascript", "JavaScript", "javascript"),
        Language("typescript", "TypeScript"),
        Language("bash", "Bash"),
        Language("sql", "SQL"),
        Language("c", "C", "c"),
        Language("cpp", "C++", "cpp"),
        Language("csharp", "C#", "c_sharp"),
        Language("java", "Java", "java"),
        Language("php", "PHP", "php"),
        Language("ruby", "Ruby", "ruby"),
        Language("go", "Go", "go"),
        Language("rust", "Rust", "rust"),
        Language("html", "HTML"),
        Language("css", "CSS"),
        Language("json", "JSON"),
        Language("yaml", "YAML"),
    )
}

LANGUAGE_ALIASES: dict[str, str] = {  # name in code fences and detectors -> key
    **dict.fromkeys(("python", "py", "python3", "py3", "python2", "pycon", "ipython"), "python"),
    **dict.fromkeys(("javascript", "js", "node", "nodejs", "jsx", "mjs", "react"), "javascript"),
    **dict.fromkeys(("typescript", "ts", "tsx"), "typescript"),
    **dict.fromkeys(
        ("bash", "sh", "shell", "zsh", "console", "shellscript", "shell-session", "terminal"), "bash"
    ),
    **dict.fromkeys(("sql", "mysql", "postgresql", "postgres", "sqlite", "tsql", "plsql", "pgsql"), "sql"),
    **dict.fromkeys(("c", "h"), "c"),
    **dict.fromkeys(("cpp", "c++", "cxx", "cc", "hpp"), "cpp"),
    **dict.fromkeys(("csharp", "c#", "cs"), "csharp"),
    **dict.fromkeys(("ruby", "rb", "rails"), "ruby"),
    **dict.fromkeys(("go", "golang"), "go"),
    **dict.fromkeys(("rust", "rs"), "rust"),
    **dict.fromkeys(("html", "htm", "xhtml", "html5"), "html"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("css", "css3"), "css"),
    **{name: name for name in ("java", "php", "json")},
}
