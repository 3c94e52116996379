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
    import types
    from typing import Any

# Around the wording of a line that also shows data: in `print("Total:", total)` around "Total:".
WORDING_BEGINS, WORDING_ENDS = "\ue000", "\ue001"
MESSAGE = "\ue002"  # before what an `except` prints: it says that something went wrong, in whatever words
MARKS = str.maketrans("", "", WORDING_BEGINS + WORDING_ENDS + MESSAGE)
MAX_TEXT = 4_000  # characters that are kept of an output
PI_WITHIN = 2e-3  # 3.14 stands for pi; so does 3.1416
_FIELD = re.compile(r"(\{[^{}]*\})")
_PERCENT = re.compile(r"(%(?:\([^()%]*\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%])")


def rewritten(source: str, quoted: "list[str] | None" = None) -> "tuple[ast.Module, list[list[str]]]":
    """The tree of a program with its wording marked, pi at full precision, and its last bare expression named.

    quoted: texts that the task gives between quotes: their words are no mere wording.

    What input() is to show is left out.

    With the names of its last values, the last ones first: one name, or those of `first, *_, last = items`.
    """
    tree = ast.parse(source)
    if "redirect_stdout" not in source and "sys.stdout" not in source:
        _Marking(tree, quoted or []).mark()
    for node in ast.walk(tree):
        is_pi = (
            isinstance(node, ast.Constant)
            and type(node.value) is float
            and abs(node.value - math.pi) < PI_WITHIN
        )
        if is_pi:
            node.value = math.pi  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input":
            node.args = []
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


class _Marking:
    """Marks the wording of a program: constant texts of prints that also show data, and inputs that these repeat."""

    def __init__(self, tree: ast.Module, quoted: "list[str]") -> None:
        self._tree = tree
        self._quoted = quoted
        self._inputs = _inputs(tree)  # names

    def mark(self) -> None:
        """Not where two prints or more stand in branches: there the words say which branch was taken."""
        messages = _prints_in(self._tree, ast.ExceptHandler)
        messages = {node for node in messages if not any(map(self._is_quoted, ast.walk(node)))}
        branches = _prints_in(self._tree, ast.If | ast.Try) - messages
        for node in ast.walk(self._tree):
            if not _is_print(node):
                continue
            arguments: list[ast.expr] = node.args  # type: ignore[attr-defined]
            if node in messages and arguments and not isinstance(arguments[0], ast.Starred):
                first = ast.JoinedStr([ast.Constant(MESSAGE), ast.FormattedValue(arguments[0], -1)])
                node.args = [first, *arguments[1:]]  # type: ignore[attr-defined]
            elif (node not in branches or len(branches) < 2) and any(map(self._shows_data, arguments)):
                node.args = [self._marked(argument) for argument in arguments]  # type: ignore[attr-defined]

    def _is_quoted(self, node: ast.AST) -> bool:
        text = node.value.strip() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        return bool(re.search(r"[^\W\d_]{3}", text)) and any(text in quoted for quoted in self._quoted)

    def _shows_data(self, node: ast.expr) -> bool:
        """Whether this part of a print shows something that the program made."""
        if isinstance(node, ast.JoinedStr):
            return any(
                self._shows_data(part.value) for part in node.values if isinstance(part, ast.FormattedValue)
            )
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._shows_data(node.left) or self._shows_data(node.right)
        return not isinstance(node, ast.Constant) and not self._repeats_input(node)

    def _repeats_input(self, node: ast.expr) -> bool:
        """`n`, or `str(n)`, of an input of the script."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "str" and len(node.args) == 1:
            node = node.args[0]
        return isinstance(node, ast.Name) and node.id in self._inputs

    def _marked(self, node: ast.expr) -> ast.expr:
        """The same expression with the words of its constant texts marked, and inputs of the script."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return ast.Constant(self._mark(node.value))
        if self._repeats_input(node):
            return _between_marks(ast.FormattedValue(node, -1))
        if isinstance(node, ast.JoinedStr):
            return ast.JoinedStr([part for value in node.values for part in self._marked_parts(value)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return ast.BinOp(self._marked(node.left), node.op, self._marked(node.right))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
            return ast.BinOp(self._marked_between(node.left, _PERCENT), node.op, node.right)
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_method and node.func.attr == "format" and _is_text(node.func.value):  # type: ignore[attr-defined]
            node.func.value = self._marked_between(node.func.value, _FIELD)  # type: ignore[attr-defined]
        return node

    def _marked_parts(self, node: ast.expr) -> "list[ast.expr]":
        if isinstance(node, ast.FormattedValue) and self._repeats_input(node.value):
            return _between_marks(node).values
        return [self._marked(node) if isinstance(node, ast.Constant) else node]

    def _marked_between(self, node: ast.expr, fields: "re.Pattern[str]") -> ast.expr:
        pieces = fields.split(node.value)  # type: ignore[attr-defined]
        return ast.Constant(
            "".join(piece if at % 2 else self._mark(piece) for at, piece in enumerate(pieces))
        )

    def _mark(self, text: str) -> str:
        """White space at the ends stays outside: it is layout. What the task quotes is to be said as it is."""
        bare = text.strip(string.whitespace)
        if not bare or self._is_quoted(ast.Constant(bare)):
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{before}{WORDING_BEGINS}{bare}{WORDING_ENDS}{after}"


def _prints_in(tree: ast.Module, kind: "type[ast.AST] | types.UnionType") -> "set[ast.AST]":
    """The prints in statements of a kind, but for the guard of a main part."""
    return {
        print_
        for node in ast.walk(tree)
        if isinstance(node, kind) and "__name__" not in ast.dump(getattr(node, "test", node))
        for print_ in ast.walk(node)
        if _is_print(print_)
    }


def _inputs(tree: ast.Module) -> "set[str]":
    """Names that a script gives one literal number or text, or what it reads, and no other value."""
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    given = {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and (_is_scalar(node.value) or _reads(node.value))
    }
    return {name for name in given if stored.count(name) == 1}


def _is_scalar(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, str)


def _reads(node: ast.expr) -> bool:
    """Whether this is `input()`, or `int(input())`."""
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == "input" for call in calls)


def _is_print(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    return is_call and all(keyword.arg != "file" for keyword in node.keywords)  # type: ignore[attr-defined]


def _between_marks(node: ast.FormattedValue) -> ast.JoinedStr:
    return ast.JoinedStr([ast.Constant(WORDING_BEGINS), node, ast.Constant(WORDING_ENDS)])


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


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
        text = text.translate(MARKS)
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
        return text if self.room >= 0 and text != text.translate(MARKS) else ""

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
