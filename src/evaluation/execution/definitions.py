"""Distinguishes programs that only define things from those that do something."""

from __future__ import annotations

import ast
import re

from src.evaluation.execution.wrap_fragments import php_program, top_level_nodes
from src.languages.syntax import parse_python

_PYTHON = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_COMMENTS = {"comment", "line_comment", "block_comment", ";", "php_tag", "text_interpolation", "\n"}
# Kinds of top-level nodes, in the grammars of tree-sitter, that do nothing when a program starts.
_C_KINDS = (
    "function_definition preproc_include preproc_def preproc_function_def type_definition struct_specifier"
    " enum_specifier declaration union_specifier"
)
_KINDS = {
    language: frozenset(kinds.split())
    for language, kinds in {
        "javascript": "function_declaration generator_function_declaration class_declaration import_statement"
        " export_statement hash_bang_line",
        "php": "function_definition class_declaration interface_declaration trait_declaration"
        " namespace_definition namespace_use_declaration",
        "ruby": "method class module singleton_method",
        "rust": "function_item struct_item enum_item impl_item trait_item use_declaration attribute_item mod_item"
        " const_item",
        "c": _C_KINDS,
        "cpp": f"{_C_KINDS} class_specifier template_declaration using_declaration namespace_definition"
        " alias_declaration",
        "java": "class_declaration interface_declaration enum_declaration record_declaration import_declaration"
        " package_declaration method_declaration",
        "go": "package_clause import_declaration function_declaration method_declaration type_declaration"
        " const_declaration",
    }.items()
}
_MAIN = {  # where a program starts although its top level only defines
    "c": r"\bmain\s*\(",
    "cpp": r"\bmain\s*\(",
    "java": r"\bstatic\s+(?:final\s+)?void\s+main\s*\(",
    "go": r"\bfunc\s+main\s*\(",
    "rust": r"\bfn\s+main\s*\(",
}
_FUNCTION_VALUES = re.compile(
    r"(?:const|let|var)\s++\w++\s*+=\s*+(?:async\s*+)?"
    r"(?:function\b|class\b|\(?[\w\s,=]*+\)\s*+=>|\(?[\w\s,=]++(?<==)>)"
)


def defines_only(language: str, code: str) -> bool:
    """Whether a program only defines functions, classes and the like: it runs without doing anything.

    Languages with no grammar here (Bash, TypeScript, SQL and the like) count as doing something.
    """
    if language == "python":
        tree = parse_python(code)
        return tree is not None and bool(tree.body) and all(_defines(node) for node in tree.body)
    kinds = _KINDS.get(language)
    if kinds is None or (language in _MAIN and re.search(_MAIN[language], code)):
        return False
    source = php_program(code) if language == "php" else code
    nodes = [node for node in top_level_nodes(language, source) if node[0] not in _COMMENTS]
    return bool(nodes) and all(kind in kinds or _names_function(language, text) for kind, text in nodes)


def _defines(node: ast.stmt) -> bool:
    return isinstance(node, _PYTHON) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _names_function(language: str, text: str) -> bool:
    return language == "javascript" and _FUNCTION_VALUES.match(text) is not None
