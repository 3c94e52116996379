"""Wraps a fragment of Java, Go, Rust or PHP into a whole program."""

from __future__ import annotations

import re

from src.languages.parsing_limits import bracket_depth
from src.languages.syntax import MAX_CHARS, top_level

NO_MAIN = "Entry"  # the class that starts a Java program whose own classes have no main
MAX_PARSED_DEPTH = 1_000  # of brackets; deeper text is not parsed

_JAVA_CLASSES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_JAVA_MEMBERS = {"method_declaration", "constructor_declaration", "field_declaration"}
_JAVA_TYPES = _JAVA_CLASSES | {"annotation_type_declaration"}
_JAVA_TOP_LEVEL = _JAVA_TYPES | {"import_declaration", "package_declaration"}
_JAVA_IGNORED = {"line_comment", "block_comment", ";"}
_GO_PACKAGES = ("fmt", "strings", "sort", "math", "strconv", "errors", "time", "os")
_JAVA_PACKAGES = ("java.util", "java.util.function", "java.util.stream", "java.io", "java.math")
_JAVA_IMPORTS = "".join(f"import {package}.*;\n" for package in _JAVA_PACKAGES)


def java_program(code: str) -> tuple[dict[str, str], str, bool]:
    """The files of a Java program, the class to start, and whether `code` was a fragment.

    A method without a class gets one; so do statements, inside a main. Classes with no main are only loaded.
    """
    nodes = top_level_nodes("java", code)
    kinds = {kind for kind, _ in nodes} - _JAVA_IGNORED
    if kinds & _JAVA_CLASSES and kinds <= _JAVA_TOP_LEVEL:
        return _java_classes(code, wrapped=False)
    imports = "".join(text + "\n" for kind, text in nodes if kind == "import_declaration")
    members = [text for kind, text in nodes if kind in _JAVA_MEMBERS]
    types = [text for kind, text in nodes if kind in _JAVA_TYPES]
    statements = [t for kind, t in nodes if kind not in _JAVA_MEMBERS | _JAVA_TOP_LEVEL | _JAVA_IGNORED]
    if not statements and any(re.search(r"\bstatic\s+void\s+main\s*\(", text) for text in members):
        main = ""
    else:
        main = "public static void main(String[] args) throws Exception {\n" + "\n".join(statements) + "\n}\n"
    members = [_static(text) if statements else text for text in members]
    body = "\n".join(members + ["static " + _not_public(text) for text in types])
    return {"Main.java": f"{_JAVA_IMPORTS}{imports}public class Main {{\n{body}\n{main}}}\n"}, "Main", True


def _static(member: str) -> str:
    """A member that main may call: made static, unless it is already."""
    if re.match(r"[^({=;]*\bstatic\b", member):
        return member
    return re.sub(r"^((?:@\w+\s+|public |private |protected )*)", r"\1static ", member, count=1)


def _not_public(text: str) -> str:
    return re.sub(r"^(?:public|static)\s+", "", text)


def _java_classes(code: str, wrapped: bool) -> tuple[dict[str, str], str, bool]:
    code = re.sub(r"^[^\S\n]*+package\s++[\w.]++\s*+;", "", code, count=1, flags=re.MULTILINE)
    public = re.search(
        r"^[^\S\n]*+public\s++(?:\w++\s++){0,6}?(?:class|interface|enum|record)\s++(\w++)", code, re.MULTILINE
    )
    # Several public classes in one answer would be several files: only the first keeps its "public".
    if public:
        head, tail = code[: public.end()], code[public.end() :]
        tail = re.sub(
            r"^public\s++(?=(?:\w++\s++){0,6}?(?:class|interface|enum|record)\s)",
            "",
            tail,
            flags=re.MULTILINE,
        )
        code = head + tail
    if not re.search(r"^[^\S\n]*+import\s", code, re.MULTILINE):
        code = _JAVA_IMPORTS + code  # an editor adds these
    files = {f"{public.group(1) if public else 'Program'}.java": code}
    entry = _java_main_class(code)
    if entry is None:
        files[f"{NO_MAIN}.java"] = f"class {NO_MAIN} {{ public static void main(String[] args) {{ }} }}\n"
    return files, entry or NO_MAIN, wrapped


def _java_main_class(code: str) -> str | None:
    main = re.search(r"\bstatic\s+void\s+main\s*\(\s*(?:final\s+)?String", code)
    if main is None:
        return None
    for kind, text in top_level_nodes("java", code):
        if kind in _JAVA_TOP_LEVEL and re.search(r"\bstatic\s+void\s+main\s*\(", text):
            name = re.search(r"\b(?:class|interface|enum|record)\s+(\w+)", text)
            return name.group(1) if name else None
    return None


def go_program(code: str) -> tuple[str, bool]:
    """`code` in a package with a main and the imports it visibly uses."""
    if re.search(r"^[^\S\n]*+package\s", code, re.MULTILINE):
        return code, False
    used = [name for name in _GO_PACKAGES if f"{name}." in code]
    imports = "" if "import" in code else "".join(f'import "{name}"\n' for name in used)
    main = "" if re.search(r"\bfunc main\(", code) else "\nfunc main() {}\n"
    return f"package main\n{imports}{code}{main}", True


def rust_program(code: str) -> tuple[str, bool]:
    if re.search(r"\bfn main\s*\(", code):
        return code, False
    if re.search(r"^(?:pub )?(?:fn|struct|enum|impl|trait|use|mod)\b", code, re.MULTILINE):
        return f"{code}\nfn main() {{}}\n", True
    return f"fn main() {{\n{code}\n}}\n", True


def php_program(code: str) -> str:
    return code if "<?" in code else f"<?php\n{code}"


def top_level_nodes(language: str, code: str) -> list[tuple[str, str]]:
    """(kind, text) of the top-level nodes; one node of kind ERROR for text too long or too deep to parse."""
    if len(code) > MAX_CHARS or bracket_depth(code) > MAX_PARSED_DEPTH:
        return [("ERROR", code)]
    return top_level(language, code)
