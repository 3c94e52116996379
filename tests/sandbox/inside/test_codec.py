"""Values survive the way through JSON, and what is no value is refused."""

import collections
import datetime
import decimal
import fractions
import math
import pathlib
import uuid

import pytest

from src.sandbox.inside.codec import MAX_DEPTH, Decoder, Encoder, MalformedError, dumps, loads


def refuse(*_):
    raise MalformedError("no reference")


def through(value):
    encoder = Encoder(refuse)
    decoder = Decoder(refuse)
    return decoder.decode(loads(dumps(encoder.encode(value))))


VALUES = [
    None, True, False, 0, -1, 2**63 - 1, 2**63, -(2**200), 0.1, -0.0, math.inf, "é\ud800\0", b"\0\xff", 1 + 2j, 3 - 0j,
    [], [1, "a", None], [[1], [2.5, [3]]], (), (1, (2,)), {1, 2}, frozenset({"a"}), {}, {"a": 1, 2: [3], (4, 5): {6}},
    bytearray(b"ab"), range(3), range(10, 0, -2), range(2**70), decimal.Decimal("0.10"), decimal.Decimal("-Infinity"),
    fractions.Fraction(-1, 3), fractions.Fraction(2**99, 7), datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
    datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))), datetime.time(1, 2), datetime.timedelta(-1, 2, 3),
    uuid.UUID(int=5), pathlib.PosixPath("/a/b"), pathlib.PurePosixPath("a"), ..., NotImplemented,
    collections.Counter("aab"), collections.OrderedDict(b=1, a=2), collections.defaultdict(None, {"a": [1]}),
    collections.deque([1, [2]], maxlen=3), [2**64, 1], [True, 1, 1.0], {"k": {"k": ("v", [None])}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_the_same_on_the_other_side(value):
    found = through(value)
    assert type(found) is type(value)
    assert repr(found) == repr(value)
    assert found == value


def test_not_a_number_stays_one():
    found = through([math.nan, {"a": math.nan}])
    assert math.isnan(found[0])
    assert math.isnan(found[1]["a"])


def test_the_views_of_a_dict_stay_views():
    assert through({"a": 1}.keys()) == {"a"}
    assert through({"a": (1, 2)}.items()) == {("a", (1, 2))}
    assert list(through({"a": 1, "b": 1}.values())) == [1, 1]


def test_shared_and_cyclic_containers_stay_so():
    inner = [1]
    outer = [inner, inner, (inner,)]
    outer.append(outer)
    found = through(outer)
    assert found[0] is found[1] is found[2][0]
    assert found[3] is found


def test_tuples_shared_many_times_are_written_once():
    value = (1,)
    for _ in range(60):
        value = (value, value)
    assert len(dumps(Encoder(refuse).encode(value))) < 3_000


def test_what_the_sender_knows_is_refilled_in_place():
    inner, counter = [1], collections.Counter("a")
    sent = {"a": inner, "b": counter}
    there = Decoder(refuse)
    encoder = Encoder(refuse)
    received = there.decode(encoder.encode(sent))
    received["a"].append(2)
    received["b"]["z"] += 3
    received["c"] = received["a"]
    Decoder(refuse, encoder.objects).decode(Encoder(refuse, there.objects).encode(received))
    assert inner == [1, 2]
    assert sent["a"] is sent["c"] is inner
    assert counter == {"a": 1, "z": 3}


def test_what_is_nested_too_deep_is_refused():
    value: list = []
    for _ in range(MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(ValueError, match="too deep"):
        Encoder(refuse).encode(value)


@pytest.mark.parametrize(
    "data",
    [
        {}, [], [1], [None], ["?"], ["l"], ["l", 0], ["l", 0, 1], ["l", 1, []], ["l", -1, []], ["l", True, [], 5, 6], ["l", 0, [{}]],
        ["R", 0], ["R", -1], ["R", "a"], ["t", 0, [["R", 0]]], ["d", 0, [1]], ["d", 0, [["l", 1, []], 2]], ["s", 0, [["l", 1, []]]],
        ["i", "x"], ["i", 5], ["i"], ["y", "\u0100"], ["y", 3], ["f", "1", "0"], ["m", "x"], ["a", "x"], ["a", 5], ["r", "1"], ["c", "a", "b"],
        ["q", 0, [], "x"], ["D", 0, [], 5], ["B", 0, [256]], ["B", 0, ["a"]], ["u", "x"], ["w", "a", 1, 1], ["C", 0, [1]], ["E", 1],
        ["T", "os", "system"], ["I", 0, [1]],
    ],
    ids=repr,
)  # fmt: skip
def test_what_no_encoder_writes_is_refused(data):
    with pytest.raises(MalformedError):
        Decoder(refuse).decode(data)


@pytest.mark.parametrize("known", [[1], (1,), {1: 2}])
def test_a_container_of_another_kind_is_not_refilled(known):
    with pytest.raises(MalformedError):
        Decoder(refuse, [known]).decode(["s", 0, [5]])
    assert known in ([1], (1,), {1: 2})


@pytest.mark.parametrize("text", [b"", b"[", b"nul", b"[" * 100_000, b"1" * 5_000, b"\xff"])
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(MalformedError):
        loads(text)
