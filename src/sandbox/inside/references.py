"""Objects that are no plain data, as references: written with a description, and read as stand-ins."""

from __future__ import annotations

import importlib
import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import stand_ins
from codec import Decoder, Encoder, MalformedError

MAX_TEXT = 10_000
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_NO_VERDICT = ("unittest", "doctest", "bdb", "asyncio")  # whose exceptions end a test without a failure


class References(ABC):
    """What one end has given references to, and its stand-ins for what it was given.

    Both live as long as the process, so that an id stands for one object.
    """

    def __init__(self) -> None:
        self._given: list[Any] = []
        self._numbers: dict[int, int] = {}  # id of each: its place
        self._stand_ins: dict[int, Any] = {}  # by the other end's number
        self._theirs: dict[int, int] = {}  # id of each: that number
        self._types = stand_ins.library_types()
        # id of an exception of the other end: the line of the program that raised it
        self.lines: dict[int, str] = {}
        self._kept: list[BaseException] = []

    @abstractmethod
    def request(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """Ask the other end."""

    def is_stand_in(self, value: Any) -> bool:
        return id(value) in self._theirs

    def takes_operand(self, kind: type, operator: str) -> bool:
        """Whether plain data may be given to this operator of a stand-in's class."""
        return True

    def may_swallow(self, error: BaseException | None) -> bool:
        """Whether the context manager that a stand-in is may end an exception."""
        return True

    def _refer(self, value: Any, encoder: Encoder, depth: int) -> Any:
        number = self._theirs.get(id(value))
        if number is not None:
            return ["J", number]
        kind = type(value)
        if issubclass(kind, BaseException):
            return self._exception(value, encoder, depth)
        name = self._library_name(value)
        if name:
            return ["T", *name]
        if kind is types.ModuleType:
            return ["M", value.__name__]
        return self._reference(value, encoder, depth)

    def _reference(self, value: Any, encoder: Encoder, depth: int) -> list[Any]:
        """The number of an object, with its description where that is given for the first time."""
        number = self._numbers.get(id(value))
        if number is not None:
            return ["H", number]
        number = self._numbers[id(value)] = len(self._given)
        self._given.append(value)
        return ["H", number, self._description(value, encoder, depth + 1)]

    def _library_name(self, value: Any) -> tuple[str, str] | None:
        """Module and name of a type that both ends have; None for anything else."""
        if not isinstance(value, type):
            return None
        name = (type.__dict__["__module__"].__get__(value), type.__dict__["__qualname__"].__get__(value))
        if self._types.get(name) is value or (issubclass(value, BaseException) and found(*name) is value):
            return name
        return None

    def _description(self, value: Any, encoder: Encoder, depth: int) -> dict[str, Any]:
        kind = type(value)
        if isinstance(value, type):
            return _described_class(value, lambda base: encoder.encode(base, depth))
        if kind in _FUNCTIONS and not getattr(value, "__dict__", None):
            names = ("__name__", "__qualname__", "__module__", "__doc__")
            return {"is": "function"} | {name.strip("_"): _text(getattr(value, name, "")) for name in names}
        if kind is types.CoroutineType or kind.__name__.startswith("async_generator_a"):
            return {"is": "coroutine"}
        base = next((b for b in stand_ins.VALUE_BASES.values() if issubclass(kind, b)), None)
        plain = None if base is None else encoder.encode(_plain(value, base), depth)
        # also of a class of the library: the other end makes a stand-in of it
        return {"is": "object", "class": self._reference(kind, encoder, depth), "base": plain}

    def _exception(self, error: BaseException, encoder: Encoder, depth: int) -> list[Any]:
        arguments = list(error.args)
        fields = {str(key): item for key, item in error.__dict__.items()} if error.__dict__ else {}
        try:
            text = str(error)[:MAX_TEXT]
        except Exception:
            text = ""
        line, trace = self._place(error)
        content = [encoder.encode(part, depth + 1) for part in (type(error), arguments, fields)]
        return ["X", *content, text, line, trace]

    def _place(self, error: BaseException) -> tuple[str, str]:
        """The line that raised it, and its traceback."""
        return "", ""

    def _resolve(self, data: list[Any], decoder: Decoder, depth: int) -> Any:
        match data:
            case ["J", int(number)] if 0 <= number < len(self._given):
                return self._given[number]
            case ["T", str(module), str(name)]:
                return self._library(module, name)
            case ["M", str(name)]:
                return self._module(name)
            case ["H", int(number)] if number in self._stand_ins:
                return self._stand_ins[number]
            case ["H", int(number), dict(description)] if number not in self._stand_ins:
                return self._keep(number, self._built(description, decoder, depth + 1))
            case ["X", kind, arguments, fields, str(text), str(line), str(trace)]:
                arguments, fields = (decoder.decode(part, depth + 1) for part in (arguments, fields))
                return self._rebuilt(self._class(kind, decoder, depth), arguments, fields, text, line, trace)
        raise MalformedError(f"no reference {data[0]!r:.20}")

    def _class(self, data: Any, decoder: Decoder, depth: int) -> Any:
        """The class of an exception, or a base: it is no value that a program has."""
        match data:
            case ["T", str(module), str(name)]:
                return self._library(module, name)
        return decoder.decode(data, depth + 1)

    def _keep(self, number: int, value: Any) -> Any:
        self._stand_ins[number] = value
        self._theirs[id(value)] = number
        return value

    def _built(self, description: dict[str, Any], decoder: Decoder, depth: int) -> Any:
        match description.get("is"):
            case "function":
                return stand_ins.new_function(self, description)
            case "coroutine":
                return stand_ins.new_coroutine(self)
            case "object":
                kind = decoder.decode(description["class"], depth)
                base = decoder.decode(description["base"], depth)
                if type(kind) is not stand_ins.RemoteClass:
                    raise MalformedError("an object without a class")
                return stand_ins.new_object(kind, base)
            case "class" | "exception" as kind:
                bases = [self._class(base, decoder, depth) for base in description["bases"]]
                if kind == "exception":
                    return _new_exception(description, bases)
                return stand_ins.new_class(self, description | {"bases": bases})
        raise MalformedError("no description")

    def _library(self, module: str, name: str) -> Any:
        kind = self._types.get((module, name)) or found(module, name)
        if (module, name) in self._types or _is_error(kind):
            return kind
        raise MalformedError(f"no type {module:.40}.{name:.40}")

    def _module(self, name: str) -> Any:
        if name.split(".")[0] not in sys.stdlib_module_names:
            raise MalformedError(f"no module {name:.40}")
        return importlib.import_module(name)

    def _rebuilt(
        self, kind: Any, arguments: Any, fields: Any, text: str, line: str, trace: str
    ) -> BaseException:
        if not _is_error(kind) or type(arguments) is not list or type(fields) is not dict:
            raise MalformedError("no exception")
        if any(str(base.__module__).split(".")[0] in _NO_VERDICT for base in kind.__mro__):
            kind = RuntimeError
        try:
            error: BaseException = kind(*arguments)
        except Exception:
            error = kind.__new__(kind, *arguments)
        own = {key: item for key, item in fields.items() if not key.startswith("__")}
        error.__dict__.update(
            {key: item for key, item in own.items() if not callable(getattr(kind, key, None))}
        )
        if hasattr(type(error), "remote_text"):
            error.remote_text = text  # type: ignore[attr-defined]
        self._kept.append(error)
        self.lines[id(error)] = line
        if trace:
            error.remote_trace = trace[-MAX_TEXT:]  # type: ignore[attr-defined]
        return error


def found(module: str, name: str) -> Any:
    """What a loaded module of the library has by that name."""
    if (
        type(module) is not str
        or module.split(".")[0] not in sys.stdlib_module_names
        or module not in sys.modules
    ):
        return None
    value: Any = sys.modules[module]
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _is_error(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _text(value: Any) -> str | None:
    return str(value)[:MAX_TEXT] if value is not None else None


def _plain(value: Any, base: type) -> Any:
    """The genuine instance of `base` that an instance of its subclass is."""
    if base is int:
        return int.__int__(value)
    if base is float:
        return float.__float__(value)
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes(memoryview(value))
    return base(base.__iter__(value))  # type: ignore[attr-defined]


def _described_class(kind: type, encode: Callable[[Any], Any]) -> dict[str, Any]:
    ours = [base for base in kind.__bases__ if base.__module__ not in sys.stdlib_module_names]
    named = {"name": kind.__name__, "module": _text(kind.__module__), "doc": _text(kind.__doc__)}
    if issubclass(kind, BaseException):
        bases = [base for base in kind.__bases__ if issubclass(base, BaseException)]
        return {"is": "exception", **named, "bases": [encode(base) for base in bases]}
    defined: set[str] = set()
    for base in kind.__mro__[:-1]:
        defined.update(name for name, method in vars(base).items() if method is not None)
    return {
        "is": "class",
        **named,
        "bases": [encode(base) for base in ours],
        "special": [name for name in stand_ins.SPECIAL if name in defined],
        "value": next((name for name, base in stand_ins.VALUE_BASES.items() if issubclass(kind, base)), ""),
        "data": next((name for name, base in stand_ins.DATA_BASES.items() if issubclass(kind, base)), ""),
    }


def _new_exception(description: dict[str, Any], bases: list[Any]) -> type:
    if not bases or not all(map(_is_error, bases)):
        raise MalformedError("no exception")
    body = {"__module__": description["module"], "__str__": _shown, "remote_text": None}
    return type(str(description["name"]), tuple(bases), body)


def _shown(self: BaseException) -> str:
    text = self.remote_text  # type: ignore[attr-defined]
    return text if text is not None else BaseException.__str__(self)
