"""One end of the connection between a program and its tests, which run in processes of their own.

Each end asks the other to call, read or change what it was given a reference to, and answers such requests while it
waits. Plain values cross as data (codec), objects as references (stand_ins), exceptions by their class and arguments.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from codec import Decoder, Encoder, MalformedError, dumps, loads
from references import References

MAX_MESSAGE_BYTES = 1 << 27
CHUNK = 1 << 16
_LENGTH = struct.Struct(">I")
_LENGTHS = {"q": 3, "r": 4, "e": 4}  # of messages: request, result, exception
_read, _write = os.read, os.write  # a program may replace them


class EndedError(BaseException):
    """The other end is gone, or sends what is no message: no handler in between should catch it."""


class Peer(References):
    """`operations` are what the other end may request, by name."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        super().__init__()
        self._incoming, self._outgoing = incoming, outgoing
        self._buffer = bytearray()
        self._lock = threading.RLock()
        self.operations: dict[str, Callable[..., Any]] = {}

    def request(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """What the other end's operation returns; raises what it raises, and EndedError."""
        with self._lock:
            encoder = Encoder(self._refer)
            self._send(["q", operation, encoder.encode([list(values), named, self._streams()])])
            while (message := self.receive())[0] == "q":
                self.serve(message)
            try:
                outcome, printed, changed, data = message
                decoder = Decoder(self._resolve, encoder.objects)
                if changed is not None:
                    decoder.decode(changed)
                result = self._result(decoder, data)
            except EndedError:
                raise
            except BaseException as error:  # also of an import that exits, or a class that does not build
                raise self._broken(f"malformed: {error}") from error
            if printed:
                sys.stdout.write(str(printed))
        if outcome == "r":
            return result
        raise self._raised(result, values[0] if operation == "special" else operation)

    def serve(self, message: list[Any]) -> None:
        """Do what the other end requests, and send what came of it."""
        _, operation, data = message
        decoder = Decoder(self._resolve)
        try:
            arguments = values, named, streams = decoder.decode(data)
            action = self.operations[operation]
            if (type(values), type(named), type(streams)) != (list, dict, dict):
                raise MalformedError("no request")
        except BaseException as error:
            raise self._broken(f"malformed: {error}") from error
        outcome, result, printed = "r", None, io.StringIO()
        try:
            with _replaced(streams, printed):
                result = action(*values, **named)
        except EndedError:
            raise
        except BaseException as error:
            outcome, result = "e", error
            self._raised_in_call(error)
        encoder = Encoder(self._refer, decoder.objects)
        after = encoder.encode(list(arguments))
        changed = None if dumps(after) == dumps(data) else after
        try:
            reply = encoder.encode(result)
        except (ValueError, RecursionError) as error:
            encoder = Encoder(self._refer, decoder.objects)
            encoder.encode(list(arguments))
            outcome, reply = "e", encoder.encode(ValueError(str(error)))
        self._send([outcome, printed.getvalue(), changed, reply])

    def receive(self) -> list[Any]:
        """The next message. Raises EndedError."""
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        if length > MAX_MESSAGE_BYTES:
            raise self._broken("malformed: a message too large")
        try:
            message = loads(self._take(length))
        except MalformedError as error:
            raise self._broken(f"malformed: {error}") from error
        kind = message[0] if type(message) is list and message and type(message[0]) is str else ""
        if not kind or _LENGTHS.get(kind) != len(message):
            raise self._broken("malformed: no message")
        return message

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            part = _read(self._incoming, CHUNK)
            if not part:
                raise self._broken("ended")
            self._buffer += part
        content = bytes(self._buffer[:size])
        del self._buffer[:size]
        return content

    def _send(self, message: list[Any]) -> None:
        text = dumps(message)
        if len(text) > MAX_MESSAGE_BYTES:
            raise MemoryError
        view = memoryview(_LENGTH.pack(len(text)) + text)
        try:
            while view:
                view = view[_write(self._outgoing, view) :]
        except BrokenPipeError as error:
            raise self._broken("ended") from error

    def _broken(self, problem: str) -> EndedError:
        return EndedError(problem[:200])

    def _streams(self) -> dict[str, Any]:
        """What the other end uses meanwhile in place of its own stdout, stdin and input()."""
        return {}

    def _result(self, decoder: Decoder, data: Any) -> Any:
        """What was requested. Raises MalformedError."""
        return decoder.decode(data)

    def _raised_in_call(self, error: BaseException) -> None:
        """The other end is sent `error`, and may do with it as it likes."""

    def _raised(self, error: Any, asked: str) -> BaseException:
        """What the requester of an operation, or of a special method, raises."""
        if not isinstance(error, BaseException):
            return self._broken("malformed: no exception")
        return error


@contextlib.contextmanager
def _replaced(streams: dict[str, Any], printed: io.StringIO) -> Iterator[None]:
    """The streams of this process, as the other end has replaced its own."""
    before = sys.stdout, sys.stdin, builtins.input
    try:
        if "stdout" in streams:
            sys.stdout = printed
        sys.stdin = streams.get("stdin", sys.stdin)
        builtins.input = streams.get("input", builtins.input)
        yield
    finally:
        if streams:
            sys.stdout, sys.stdin, builtins.input = before
