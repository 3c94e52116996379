"""Messages arrive whole and in order, whatever their size; a peer that is gone or slow is an error."""

import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.sandbox.inside import wire


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    open_ends = {reader, writer}

    def close(end: int) -> None:
        os.close(end)
        open_ends.remove(end)

    yield reader, writer, close
    for end in open_ends:
        os.close(end)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)),
    st.lists(st.binary(max_size=50), max_size=4),
)
def test_a_message_comes_back_as_it_was_sent(header, blobs):
    reader, writer = os.pipe()
    try:
        wire.send(writer, wire.pack(header, blobs) + wire.pack({}, [b"next"]))
        assert wire.receive(reader) == ({**header, "sizes": [len(blob) for blob in blobs]}, blobs)
        assert wire.receive(reader)[1] == [b"next"]
    finally:
        os.close(reader)
        os.close(writer)


def test_the_layout_is_a_big_endian_length_a_json_header_and_the_blobs():
    assert wire.pack({"a": 1}, [b"xy"]) == b'\x00\x00\x00\x16{"a": 1, "sizes": [2]}xy'  # 22 bytes


def test_a_message_larger_than_a_pipe_arrives_whole(pipe):
    reader, writer, _ = pipe
    blob = os.urandom(3 * wire.CHUNK + 1)
    sender = threading.Thread(target=wire.send, args=(writer, wire.pack({}, [blob])))
    sender.start()
    assert wire.receive(reader, time.monotonic() + 20)[1] == [blob]
    sender.join()


def test_a_closed_peer_ends_the_conversation(pipe):
    reader, writer, close = pipe
    wire.send(writer, wire.pack({}, [b"cut off"])[:-1])
    close(writer)
    with pytest.raises(EOFError):
        wire.receive(reader)


def test_sending_to_a_closed_peer_is_an_error(pipe):
    reader, writer, close = pipe
    close(reader)
    with pytest.raises(BrokenPipeError):
        wire.send(writer, wire.pack({}))


def test_a_silent_peer_is_awaited_until_the_deadline_only(pipe):
    reader, writer, _ = pipe
    os.set_blocking(writer, False)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.receive(reader, began + 0.1)
    with pytest.raises(TimeoutError):
        wire.send(writer, bytes(2 * wire.CHUNK), began + 0.2)  # a pipe holds less
    assert 0.15 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff\xff\xff", b"\x01\x00\x00\x01", b"\0\0\0\0", b"\0\0\0\x02{}", b"\0\0\0\x02[]", b"\0\0\0\x02\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_message_is_a_connection_error(pipe, content):
    reader, writer, close = pipe
    os.write(writer, content)
    close(writer)
    with pytest.raises(ConnectionError):
        wire.receive(reader, time.monotonic() + 5)


@pytest.mark.parametrize(
    "header",
    [
        "[" * 50_000, '{"a": ' * 5_000, '{"sizes": [' + "9" * 5_000 + "]}", '{"sizes": [' + "9" * 30 + "]}", '{"sizes": [null]}',
        '{"sizes": [], "a": Infinity}', "\\ud800", '{"sizes": 3}', '{"sizes": [-1]}', '{"sizes": [1.5]}', '{"sizes": [true]}',
        '{"sizes": NaN}', '{"sizes": [1e999]}',
    ],
)  # fmt: skip
def test_a_header_of_another_shape_is_a_connection_error(pipe, header):
    reader, writer, _ = pipe
    os.write(writer, len(header).to_bytes(4, "big") + header.encode())
    with pytest.raises(ConnectionError):
        wire.receive(reader, time.monotonic() + 5)


def test_a_peer_that_never_falls_silent_is_read_until_the_deadline_only(pipe):
    reader, writer, close = pipe
    os.write(writer, wire.pack({}, [bytes(200 << 20)])[:100])

    def pour():
        try:
            while True:
                os.write(writer, bytes(1))
        except OSError:
            pass

    threading.Thread(target=pour, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.receive(reader, began + 0.2)
    assert time.monotonic() - began < 5
    close(reader)
