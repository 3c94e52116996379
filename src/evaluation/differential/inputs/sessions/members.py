"""The methods of a class and the attributes of its objects, as its source gives them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping

from src.evaluation.differential.inputs.type_inference import Function

# How methods of Python's own names are used, on `o` and what is given to them.
OPERATORS = {
    **{f"__{name}__": f"o {sign} a[0]" for name, sign in (
        ("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("add", "+"), ("sub", "-"),
        ("mul", "*"), ("truediv", "/"), ("floordiv", "//"), ("mod", "%"), ("pow", "**"), ("and", "&"), ("or", "|"),
    )},
    **{f"__{name}__": f"{name}(o)" for name in ("len", "str", "iter", "bool", "abs", "int", "float")},
    "__repr__": "str(o)", "__neg__": "-o", "__contains__": "a[0] in o", "__getitem__": "o[a[0]]", "__call__": "o(*a)",
    "__enter__": "(None if (e := o.__enter__()) is o else e)",
    "__exit__": "o.__exit__(*((None,) * 3 if a[0] else (ValueError, ValueError(), None))) or None",
    "__setitem__": "o.__setitem__(*a)", "__delitem__": "o.__delitem__(*a)",
}  # fmt: skip


def helpers(methods: Mapping[str, Function], instruction: str) -> list[str]:
    """Methods that others of the class call and the task does not name, where it names some: not every class has them."""
    named = {name for name in methods if re.search(rf"\b{re.escape(name)}\b", instruction)}
    called = {
        node.func.attr
        for method in methods.values()
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "self"
    }
    return [name for name in methods if name in called - named] if named - called else []


def methods_of(
    node: ast.ClassDef, tree: ast.Module, special: Collection[str] = ("__init__",)
) -> dict[str, Function]:
    """Public methods of a class and `__init__`, those it inherits among them; of a dataclass a made-up `__init__`.

    What sets a property goes by its name behind an equals sign: "=width".
    """
    found: dict[str, Function] = {}
    classes = {other.name: other for other in tree.body if isinstance(other, ast.ClassDef)}
    for base in node.bases:
        parent = classes.get(base.id) if isinstance(base, ast.Name) else None
        if parent is not None and parent is not node:
            found |= methods_of(parent, tree, special)
    if fields_of(node):
        found["__init__"] = _dataclass_init(node)
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and (item.name in special or not item.name.startswith("_")):
            is_setter = f"{item.name}.setter" in map(ast.unparse, item.decorator_list)
            found[f"={item.name}" if is_setter else item.name] = item
    return found


def fields_of(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """The fields of a dataclass; none of another class."""
    is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)] if is_dataclass else []
    return [field for field in fields if isinstance(field.target, ast.Name)]


def _dataclass_init(node: ast.ClassDef) -> ast.FunctionDef:
    fields = fields_of(node)
    names = [ast.arg("self"), *(ast.arg(item.target.id, item.annotation) for item in fields)]  # type: ignore[union-attr]
    defaults: list[ast.expr] = [item.value for item in fields if item.value is not None]
    return ast.FunctionDef(
        "__init__", ast.arguments([], names, None, [], [], None, defaults), [ast.Pass()], []
    )


def stored_in(node: ast.ClassDef, tree: ast.Module) -> list[str]:
    """The attributes that a class and its methods give its objects."""
    stored = [ast.unparse(field.target) for field in fields_of(node)]
    stored += [
        target.id
        for item in node.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    ]
    stored += [
        part.attr
        for method in methods_of(node, tree).values()
        for part in ast.walk(method)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and ast.unparse(part.value) == "self"
    ]
    return list(dict.fromkeys(stored))


def changed_in(node: ast.ClassDef, tree: ast.Module) -> set[str]:
    """The attributes that methods of a class store in or call methods of, but for `__init__`: `self.tried.add(letter)`."""
    methods = methods_of(node, tree)
    parts = [part for name, method in methods.items() if name != "__init__" for part in ast.walk(method)]
    targets: list[ast.expr] = [p.func.value for p in parts if _calls_method(p)]  # type: ignore[attr-defined]
    targets += [p for p in parts if isinstance(p, ast.Attribute | ast.Subscript) and _is_stored(p)]
    sources = [ast.unparse(target) for target in targets]
    return {found[1] for source in sources if (found := re.match(r"self\.(\w+)", source))}


def _calls_method(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _is_stored(node: ast.Attribute | ast.Subscript) -> bool:
    return not isinstance(node.ctx, ast.Load)


def settable_in(node: ast.ClassDef, tree: ast.Module) -> list[str]:
    """Public attributes that an object is made with under their names, and that its methods calculate with and never change."""
    methods = methods_of(node, tree)
    made = {part.arg for part in methods["__init__"].args.args} if "__init__" in methods else set()
    others = [part for name, method in methods.items() if name != "__init__" for part in ast.walk(method)]
    changed = {p.attr for p in others if isinstance(p, ast.Attribute) and isinstance(p.ctx, ast.Store)}
    calculated = {
        side.attr
        for part in others
        if isinstance(part, ast.BinOp)
        for side in (part.left, part.right)
        if isinstance(side, ast.Attribute) and ast.unparse(side.value) == "self"
    }
    return [
        name for name in stored_in(node, tree) if name in (made & calculated) - changed and name[0] != "_"
    ]
