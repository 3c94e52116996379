"""Runs inside the sandbox: describes a Python value as JSON, the whole of it or, where it is large, a digest of the whole.

Placed before the probe's source; imports nothing of this project.
"""

import collections
import hashlib
import itertools
import json
import math
import types

MYPY = False  # what only the type checker reads
if MYPY:
    from typing import Any

# A value of more parts, deeper or longer than these is described by a digest.
MAX_NODES = 1_000
MAX_DEPTH = 12
MAX_VALUE_BYTES = 6_000
MAX_DRAWN = 501  # items of an iterator, which may never end: of one with more than 500 the first 501 count
# In which the numbers from one power of two to the next fall: narrower than equality.py's tolerance.
CELLS = 2**21
UNEVEN = 0.7390851332151607  # keeps the borders of the cells away from the numbers that programs use
WHOLE_BELOW = 1e8  # a float below is taken for an integer
WHOLE_WITHIN = 3.7e-10  # where it is relatively as near as this to one
NEAR_ZERO = 3.7e-10
DIGEST_CHARS = 32
CONTAINERS = ("l", "t", "g", "S", "d", "o")


class _TooLargeError(Exception):
    """A value is larger than the tree of a description may be."""


class _UncomparableError(Exception):
    """A value holds a function, a class or a module: two lists of functions are not equal for being as long."""


def describe(value: "Any", ordered: bool = True) -> list[object]:
    """["kind", content] of a small value, ["h", kind, length, digest] of a large one.

    ["u"] is something that cannot be compared. `ordered=False`: in a digest the order of lists does not count.
    """
    return Description(value, ordered).short()


class Description:
    """Describes one value; what its iterators gave is kept, for they give it once."""

    def __init__(self, value: "Any", ordered: bool = True) -> None:
        self._value, self._ordered = value, ordered
        # by id; with the value itself, so that no other gets its id
        self._containers: dict[int, tuple[Any, str, Any]] = {}
        self._nodes = 0

    def short(self) -> list[object]:
        """The tree of a small value, the digest of a large one."""
        self._nodes = 0
        try:
            tree = self._tree(self._value, 0)
        except _UncomparableError:
            return ["u"]
        except _TooLargeError:
            return self.digest()
        return tree if len(json.dumps(tree)) <= MAX_VALUE_BYTES else self.digest()

    def digest(self) -> list[object]:
        """["h", kind, length, digest]; floats that differ in rounding have one digest."""
        try:
            token, value = self._token_of_all(), self._value
        except _UncomparableError:
            return ["u"]
        kind, content = self._opened(value)
        for _ in range(MAX_DEPTH):
            if kind == "=":
                value = content[0]
                kind, content = self._opened(value)
        length = len(value) if kind in ("s", "y") else len(content) if kind in CONTAINERS else 1
        return ["h", _order_kind(kind), length, _hashed(token)]

    def _tree(self, value: "Any", depth: int) -> list[object]:
        kind, content = self._opened(value)
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH or len(content) > MAX_NODES:
            raise _TooLargeError
        if kind == "u":
            raise _UncomparableError
        if kind == "=":
            return self._tree(content[0], depth + 1)
        if kind in ("l", "t", "g", "S"):
            return [kind, [self._tree(item, depth + 1) for item in content]]
        if kind == "d":
            return [kind, [[self._tree(k, depth + 1), self._tree(v, depth + 1)] for k, v in content]]
        if kind == "o":
            return [kind, [[name, self._tree(field, depth + 1)] for name, field in content]]
        return [kind, *content]

    def _token_of_all(self) -> str:
        """The token of the value. No recursion: it may be nested deeper than the stack, or hold itself."""
        tokens: dict[int, str] = {}
        entered: set[int] = set()
        waiting = [(self._value, False)]
        while waiting:
            value, inner_done = waiting.pop()
            leaf = _leaf(value)
            if inner_done:
                tokens[id(value)] = self._container_token(value, tokens)
            elif leaf is None and id(value) not in entered:
                entered.add(id(value))
                waiting.append((value, True))
                kind, content = self._opened(value)
                if kind == "d":
                    content = itertools.chain.from_iterable(content)
                elif kind in ("o", "x"):
                    content = [field for _, field in content] if kind == "o" else ()
                waiting += [(item, False) for item in content if type(item) not in _PLAIN]
        return self._token(self._value, tokens)

    def _token(self, value: "Any", tokens: "dict[int, str]") -> str:
        if type(value) is int:
            return _integer_token(value)
        if type(value) is float:
            return _float_token(value)
        leaf = _leaf(value)
        if leaf is None:
            return tokens.get(id(value), "itself")
        kind = leaf[0]
        if kind == "u":
            raise _UncomparableError
        if kind in ("i", "b"):
            return _integer_token(value)
        if kind == "f":
            return _float_token(float(leaf[1]))
        if kind == "c":
            return f"c {_float_token(value.real)} {_float_token(value.imag)}"
        return kind + _hashed(repr(leaf[1:]))

    def _container_token(self, value: "Any", tokens: "dict[int, str]") -> str:
        kind, content = self._opened(value)
        if kind == "=":
            return self._token(content[0], tokens)
        if kind == "x":
            return kind + _hashed(repr(content))
        if kind == "d":
            inside = [f"{self._token(k, tokens)}:{self._token(v, tokens)}" for k, v in content]
        elif kind == "o":
            inside = [f"{name!r}:{self._token(field, tokens)}" for name, field in content]
        else:
            inside = _integer_tokens(content) or [self._token(item, tokens) for item in content]
        if kind in ("S", "d") or (kind != "o" and not self._ordered):
            inside.sort()
        return _order_kind(kind) + _hashed(", ".join(inside))

    def _opened(self, value: "Any") -> "tuple[str, Any]":
        """The kind of a value with what is in it: values, or for a leaf the rest of its description.

        "=" is something that stands for one other value, as an array for its list.
        """
        leaf = _leaf(value)
        if leaf is not None:
            return leaf[0], leaf[1:]
        if id(value) not in self._containers:
            self._containers[id(value)] = (value, *_open_container(value))
        return self._containers[id(value)][1:]


def _order_kind(kind: str) -> str:
    """One kind for lists, tuples and what is iterated over: they are equal where their items are."""
    return "l" if kind in ("t", "g") else kind


_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_UNCOMPARABLE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)


def _leaf(value: "Any") -> "tuple[Any, ...] | None":
    """The description of a value that holds no other; None for a container."""
    if value is None:
        return ("n",)
    if type(value) is bool:
        return "b", int(value)
    if isinstance(value, float):
        return "f", float.__repr__(value)
    if isinstance(value, int):
        return "i", hex(value)
    if isinstance(value, str):
        return "s", str(value)
    if isinstance(value, bytes | bytearray):
        return "y", bytes(value).hex()
    if isinstance(value, complex):
        return "c", repr(value.real), repr(value.imag)
    if type(value).__name__ in ("Decimal", "Fraction"):
        return "f", float.__repr__(float(value))
    return ("u",) if isinstance(value, _UNCOMPARABLE) else None


def _open_container(value: "Any") -> "tuple[str, Any]":
    if isinstance(value, list | tuple | set | frozenset | collections.deque):
        kind = "t" if isinstance(value, tuple) else "S" if isinstance(value, set | frozenset) else "l"
        return kind, list(value)
    if isinstance(value, dict):
        return "d", list(value.items())
    if hasattr(value, "tolist"):
        return "=", [value.tolist()]
    if type(value) is range and (value.stop - value.start) // value.step > MAX_NODES:
        return "x", ("range", " ".join(map(hex, (value[0], value[1], value[-1]))))
    if hasattr(value, "__iter__") and (hasattr(value, "__next__") or type(value).__module__ == "builtins"):
        return "g", list(itertools.islice(value, None if hasattr(value, "__len__") else MAX_DRAWN))
    fields = getattr(value, "__dict__", None)
    if type(value).__module__ == "__main__" and fields is not None:
        return "o", [(str(name), field) for name, field in sorted(fields.items())]
    return "x", (type(value).__name__, str(value))


def _integer_tokens(values: "list[Any]") -> list[str] | None:
    """Their tokens where all are integers, which is quick; else None."""
    try:
        return list(map(repr, values)) if set(map(type, values)) == {int} else None
    except ValueError:  # one has too many digits
        return None


def _integer_token(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # more digits than Python converts
        return hex(value)


def _float_token(value: float) -> str:
    """One text for floats that differ in rounding only, and for the integer that they are near to."""
    if abs(value) < WHOLE_BELOW and abs(value - round(value)) <= max(WHOLE_WITHIN * abs(value), NEAR_ZERO):
        return str(round(value))
    return str(cell(value))


def cell(number: float) -> tuple[int, int, int]:
    """The cell of a number: those of larger numbers are larger, and numbers in one are equal within the tolerance."""
    if math.isnan(number):
        return 3, 0, 0
    if math.isinf(number):
        return (2 if number > 0 else -2), 0, 0
    if abs(number) < NEAR_ZERO:
        return 0, 0, 0
    mantissa, exponent = math.frexp(number * UNEVEN)
    return (1, exponent, int(mantissa * CELLS)) if number > 0 else (-1, -exponent, int(mantissa * CELLS))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:DIGEST_CHARS]
