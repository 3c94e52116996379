"""Programs that round otherwise than a Python program where a number is half-way between two: there no way to round is wrong."""

from __future__ import annotations

import ast
import copy
import re

from src.languages.syntax import parse_expression

_NEAR = 1e-7  # a number that is so near to half-way comes out either way, as it was added up
_DECIMALS = re.compile(r"\.[1-9]f")


def rounding_mutants(tree: ast.Module) -> list[str]:
    """Programs that round a little more, or a little less, than the program: they differ where a number is half-way between two."""
    changed = [ast.unparse(_Shifted(by).visit(copy.deepcopy(tree))) for by in (_NEAR, -_NEAR)]
    return [program for program in changed if program != ast.unparse(tree)]


class _Shifted(ast.NodeTransformer):
    """Adds a little to each number that is rounded to decimals: `round(x, 2)`, `f"{x:.2f}"`, `"%.2f" % x`."""

    def __init__(self, by: float) -> None:
        self._by = by

    def _shifted(self, node: ast.expr) -> ast.expr:
        source = f"(lambda x: x + {self._by!r} if isinstance(x, float) else x)({ast.unparse(node)})"
        return parse_expression(source) or node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        if node.format_spec and _DECIMALS.search(ast.unparse(node.format_spec)):
            node.value = self._shifted(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        text = (
            node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "format" else None
        )
        if isinstance(text, ast.Constant) and _DECIMALS.search(str(text.value)):
            node.args = [*map(self._shifted, node.args)]
        elif len(node.args) == 2 and ast.unparse(node.func) == "round" and ast.unparse(node.args[1]) != "0":
            node.args[0] = self._shifted(node.args[0])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        is_text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        if is_text and isinstance(node.op, ast.Mod) and _DECIMALS.search(ast.unparse(node.left)):
            parts = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            node.right = ast.Tuple([*map(self._shifted, parts)], ast.Load())
        return node
