"""Runs inside the sandbox: rewrites a program so that its run shows what a comparison needs, and keeps its output.

Placed before the probe's source; imports nothing of this project.
"""

import ast
import hashlib
import io
import math
import re
import string

MYPY = False  # what only the type checker reads
if MYPY:
    from typing import Any

# Around the wording of a line that also shows data: in `print("Total:", total)` around "Total:".
WORDING_BEGINS, WORDING_ENDS = "\ue000", "\ue001"
MAX_TEXT = 4_000  # characters that are kept of an output
PI_WITHIN = 2e-3  # 3.14 stands for pi; so does 3.1416
_FIELD = re.compile(r"(\{[^{}]*\})")
_PERCENT = re.compile(r"(%(?:\([^()%]*\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%])")


def rewritten(source: str) -> "tuple[ast.Module, list[list[str]]]":
    """The tree of a program with its wording marked, pi at full precision, and its last bare expression named.

    With the names of its last values, the last ones first: one name, or those of `first, *_, last = items`.
    """
    tree = ast.parse(source)
    if "redirect_stdout" not in source and "sys.stdout" not in source:
        _mark_wording(tree)
    for node in ast.walk(tree):
        is_pi = (
            isinstance(node, ast.Constant)
            and type(node.value) is float
            and abs(node.value - math.pi) < PI_WITHIN
        )
        if is_pi:
            node.value = math.pi  # type: ignore[attr-defined]
    return tree, _name_last_value(tree)


def _name_last_value(tree: ast.Module) -> "list[list[str]]":
    body = tree.body
    if body and isinstance(body[-1], ast.If) and "__name__" in ast.dump(body[-1].test):
        body = body[-1].body
    names = [found for node in body if isinstance(node, ast.Assign) and (found := _targets(node.targets[0]))]
    last = body[-1] if body else None
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant):
        body[-1] = ast.copy_location(ast.Assign([ast.Name("_last_", ast.Store())], last.value), last)
        names.append(["_last_"])
    ast.fix_missing_locations(tree)
    return names[:-3:-1]


def _targets(target: ast.expr) -> "list[str]":
    """The names that an assignment gives a value to; what a star or an underscore takes is not wanted."""
    if isinstance(target, ast.Name):
        return [target.id]
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    return [part.id for part in parts if isinstance(part, ast.Name) and part.id != "_"]


def _mark_wording(tree: ast.Module) -> None:
    """Mark the constant texts of prints that also show data.

    Not where two prints or more stand in branches: there the words say which branch was taken.
    """
    branches = {
        print_
        for node in ast.walk(tree)
        if isinstance(node, ast.If | ast.Try) and "__name__" not in ast.dump(getattr(node, "test", node))
        for print_ in ast.walk(node)
        if _is_print(print_)
    }
    for node in ast.walk(tree):
        if _is_print(node) and (node not in branches or len(branches) < 2):
            arguments: list[ast.expr] = node.args  # type: ignore[attr-defined]
            if any(not isinstance(argument, ast.Constant) for argument in arguments):
                node.args = [_marked(argument) for argument in arguments]  # type: ignore[attr-defined]


def _is_print(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    return is_call and all(keyword.arg != "file" for keyword in node.keywords)  # type: ignore[attr-defined]


def _marked(node: ast.expr) -> ast.expr:
    """The same expression with the words of its constant texts marked."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant(_mark(node.value))
    if isinstance(node, ast.JoinedStr):
        return ast.JoinedStr(
            [_marked(part) if isinstance(part, ast.Constant) else part for part in node.values]
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ast.BinOp(_marked(node.left), node.op, _marked(node.right))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
        return ast.BinOp(_marked_between(node.left, _PERCENT), node.op, node.right)
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if is_method and node.func.attr == "format" and _is_text(node.func.value):  # type: ignore[attr-defined]
        node.func.value = _marked_between(node.func.value, _FIELD)  # type: ignore[attr-defined]
    return node


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _marked_between(node: ast.expr, fields: "re.Pattern[str]") -> ast.expr:
    pieces = fields.split(node.value)  # type: ignore[attr-defined]
    return ast.Constant("".join(piece if at % 2 else _mark(piece) for at, piece in enumerate(pieces)))


def _mark(text: str) -> str:
    """White space at the ends stays outside: it is layout."""
    bare = text.strip(string.whitespace)
    if not bare:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{WORDING_BEGINS}{bare}{WORDING_ENDS}{after}"


class Capture(io.StringIO):
    """A stdout that keeps its first characters and a digest of all; `marked` keeps them with wording marked."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.marked: list[str] = []
        self.room, self.digest = MAX_TEXT, hashlib.sha256()
        self.buffer = _BytesOutput(self)  # type: ignore[misc,assignment]  # read-only only in the stubs

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        if self.room > 0:
            self.marked.append(text)
        text = text.replace(WORDING_BEGINS, "").replace(WORDING_ENDS, "")
        self.digest.update(text.encode("utf-8", "backslashreplace"))
        if self.room > 0:
            self.kept.append(text[: self.room])
        self.room -= len(text)
        return len(text)

    def text(self) -> str:
        return "".join(self.kept) + ("" if self.room >= 0 else self.cut())

    def with_wording(self) -> str:
        """Its text with the wording marked; "" where nothing is, or the text is cut."""
        text = "".join(self.marked)
        return text if self.room >= 0 and WORDING_BEGINS in text else ""

    def cut(self) -> str:
        """What stands in place of the rest: a digest of all."""
        return "\n[cut] " + self.digest.hexdigest()


class _BytesOutput(io.RawIOBase):
    def __init__(self, target: Capture) -> None:
        self.target = target

    def writable(self) -> bool:
        return True

    def write(self, data: "Any") -> int:
        self.target.write(bytes(data).decode("utf-8", "replace"))
        return len(data)
