"""Stand-ins for objects of another process: they look like what they stand for, and ask it for everything.

A stand-in is never compared with plain data by the other process: an object of a program that tests expect a value
from could then say that it is whatever they expect. Where its class is a kind of list, set or dict, its content is
fetched and compared here; an instance of a kind of int, str or tuple is a genuine one; all else is unequal.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import fractions
import operator
import types
from collections.abc import Callable
from typing import Any, Protocol

UNARY = (
    "__len__ __iter__ __next__ __bool__ __int__ __float__ __index__ __complex__ __neg__ __pos__ __abs__ "
    "__invert__ __trunc__ __floor__ __ceil__ __reversed__ __enter__ __str__ __repr__ __bytes__ __hash__ "
    "__aiter__ __anext__ __aenter__ __await__ __call__ __exit__ __aexit__ __round__ __format__ __getitem__ __setitem__ "
    "__delitem__"
).split()
ARITHMETIC = "add sub mul truediv floordiv mod divmod pow lshift rshift and xor or matmul".split()
BINARY = ["__contains__", *(f"__{side}{name}__" for name in ARITHMETIC for side in ("", "r", "i"))]
COMPARISONS = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__".split()
SPECIAL = (*UNARY, *BINARY, *COMPARISONS)
VALUE_BASES = {"int": int, "float": float, "str": str, "bytes": bytes, "tuple": tuple, "frozenset": frozenset}
DATA_BASES = {"list": list, "dict": dict, "set": set}


class Connection(Protocol):
    """What a stand-in needs of the peer that made it."""

    def request(self, operation: str, *values: Any, **named: Any) -> Any: ...

    def is_stand_in(self, value: Any) -> bool: ...

    def takes_operand(self, kind: type, operator: str) -> bool: ...

    def may_swallow(self, error: BaseException | None) -> bool: ...


class RemoteClass(type):
    """The class of stand-ins for classes: calling one makes an object over there."""

    _remote: Connection

    def __call__(cls, *values: Any, **named: Any) -> Any:
        return cls._remote.request("call", cls, *values, **named)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_abc_") or name in _LOCAL_NAMES:
            raise AttributeError(name)
        return cls._remote.request("attribute", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name.startswith("_"):
            type.__setattr__(cls, name, value)
        else:
            cls._remote.request("set", cls, name, value)

    def __iter__(cls) -> Any:
        return cls._remote.request("special", "__iter__", cls)

    def __len__(cls) -> int:
        return cls._remote.request("special", "__len__", cls)

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return cls._remote.request("item", cls, key)

    def __contains__(cls, item: Any) -> Any:
        return cls._remote.is_stand_in(item) and cls._remote.request("special", "__contains__", cls, item)


_LOCAL_NAMES = frozenset("__abstractmethods__ __isabstractmethod__ __text_signature__ _remote".split())


PREDICATES = frozenset(  # of builtin data: what is no such data does not know whether they hold
    name
    for kind in (str, bytes, float, frozenset)
    for name in dir(kind)
    if name.startswith("is") or name.endswith("with")
)


class RemoteObject(metaclass=RemoteClass):
    """A stand-in for an object that is no plain data."""

    __slots__ = ("__weakref__",)

    def __getattr__(self, name: str) -> Any:
        if name in PREDICATES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return type(self)._remote.request("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        type(self)._remote.request("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        type(self)._remote.request("delete", self, name)


class RemoteValue:
    """What a stand-in for an instance of a kind of int, str or tuple has besides being one."""

    def __getattr__(self, name: str) -> Any:
        return type(self)._remote.request("attribute", self, name)  # type: ignore[attr-defined]


def new_class(connection: Connection, description: dict[str, Any]) -> type:
    """The stand-in for a class. Its description was written by the other process."""
    names = set(map(str, description["special"])).intersection(SPECIAL)
    value_base = VALUE_BASES.get(description["value"])
    body: dict[str, Any] = {
        "_remote": connection,
        "__module__": description["module"],
        "__doc__": description["doc"],
    }
    if value_base is None:
        body |= {"__slots__": (), **_methods(names, description["data"])}
        bases = tuple(
            base
            for base in description["bases"]
            if type(base) is RemoteClass and not issubclass(base, RemoteValue)
        )
        wanted = bases or (RemoteObject,)
    else:
        shown = names.intersection(("__str__", "__repr__", "__format__", "__call__"))
        body |= {name: _forwarded(name) for name in shown}
        wanted = (RemoteValue, value_base)
    name = description["name"]
    try:
        return RemoteClass(name, wanted, body)
    except TypeError:  # an order of bases that is none without those that are left out
        return RemoteClass(name, (RemoteObject,), body)


def new_object(kind: type, base: Any) -> Any:
    """An instance of a stand-in for a class, made here."""
    if issubclass(kind, RemoteValue):
        genuine: Any = next(each for each in VALUE_BASES.values() if issubclass(kind, each))
        return genuine.__new__(kind, base)
    return object.__new__(kind)


def new_function(connection: Connection, description: dict[str, Any]) -> Callable[..., Any]:
    """The stand-in for a function."""

    def function(*values: Any, **named: Any) -> Any:
        return connection.request("call", function, *values, **named)

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(function, name, description[name.strip("_")])
    # its source is not the program's
    function.__code__ = function.__code__.replace(co_filename="<program>")
    return function


def new_coroutine(connection: Connection) -> Any:
    """The stand-in for a coroutine: awaited, it is run to its end over there."""

    async def coroutine() -> Any:
        return connection.request("await", running)

    running = coroutine()
    return running


def _methods(names: set[str], data: str) -> dict[str, Any]:
    methods: dict[str, Any] = {name: _forwarded(name) for name in names.intersection(UNARY)}
    methods |= {name: _operand(name) for name in names.intersection(BINARY)}
    methods |= {name: _GUARDED[name] for name in names.intersection(_GUARDED)}
    if names.intersection(COMPARISONS) or data:
        methods |= {name: _comparison(name, data) for name in COMPARISONS}
        methods.setdefault("__hash__", None if "__eq__" in names else object.__hash__)
    if data in DATA_BASES:
        kind = types.new_class(data, (DATA_BASES[data],))
        methods["__class__"] = property(lambda self: kind)  # isinstance looks here too
    return methods


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: Any, *values: Any, **named: Any) -> Any:
        return type(self)._remote.request("special", name, self, *values, **named)

    method.__name__ = name
    return method


def _exit(self: Any, kind: Any, error: Any, trace: Any) -> bool:
    remote = type(self)._remote
    return bool(remote.request("special", "__exit__", self, kind, error, trace)) and remote.may_swallow(error)


async def _aexit(self: Any, kind: Any, error: Any, trace: Any) -> bool:
    remote = type(self)._remote
    return bool(
        await remote.request("special", "__aexit__", self, kind, error, trace)
    ) and remote.may_swallow(error)


async def _anext(self: Any) -> Any:
    try:
        return await type(self)._remote.request("special", "__anext__", self)
    except RuntimeError as error:  # what awaiting anything else is given in its place
        if isinstance(error.__cause__, StopAsyncIteration):
            raise error.__cause__ from error
        raise


_GUARDED: dict[str, Callable[..., Any]] = {"__exit__": _exit, "__aexit__": _aexit, "__anext__": _anext}


def _operand(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any, *values: Any) -> Any:
        remote = type(self)._remote
        if remote.is_stand_in(other) or remote.takes_operand(type(self), name):
            return remote.request("special", name, self, other, *values)
        if name == "__contains__":
            return any(item is other or item == other for item in self)
        return NotImplemented

    method.__name__ = name
    return method


def _comparison(name: str, data: str) -> Callable[..., Any]:
    compare = getattr(operator, name)

    def method(self: Any, other: Any) -> Any:
        remote = type(self)._remote
        if data in DATA_BASES:
            return compare(
                remote.request("data", self),
                remote.request("data", other) if remote.is_stand_in(other) else other,
            )
        if remote.is_stand_in(other):
            return remote.request("special", name, self, other)
        return {"__eq__": False, "__ne__": True}.get(name, NotImplemented)

    method.__name__ = name
    return method


def library_types() -> dict[tuple[str, str], type]:
    """The types of the library that mean the same on both sides: builtin data, and exceptions."""
    plain = (
        object, type, int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice,
        collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque, decimal.Decimal,
        fractions.Fraction, datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
    )  # fmt: skip
    errors = [
        kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)
    ]
    return {(kind.__module__, kind.__qualname__): kind for kind in (*plain, *errors)}
