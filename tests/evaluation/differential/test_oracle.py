"""The differential run agrees with what behaves the same and with nothing else."""

from functools import partial
from itertools import pairwise

import pytest

from benchmarks.evaluation.mutations import changes_functions, mutants, rewrites
from src.evaluation.differential.oracle import compare_with_reference
from src.evaluation.differential.reference import _behaviour, reference_behaviour
from src.evaluation.differential.verdicts import OTHER_OUTPUT
from src.sandbox.sandbox import Limits, Sandbox, unavailable_reason
from src.schema import Execution, Sample
from tests.evaluation.programs import PROGRAMS

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))


@pytest.fixture(scope="module")
def limits():
    """About half the usual time: endless programs are stopped sooner. Processor time is what counts."""
    return Limits(cpu_s=6, wall_s=18)


def sample(reference, input="", instruction=""):
    return Sample("1", instruction, input, reference, "", "python")


def judged(sandbox, sample, code):
    """The verdict, of a run that the wall clock had no part in: other programs may be running."""
    for _ in range(5):
        starved = sandbox.starved
        execution = compare_with_reference(sandbox, sample, code).verdict
        if sandbox.starved == starved:
            break
    return execution


def verdict(sandbox, reference, code, input="", instruction=""):
    execution = judged(sandbox, sample(reference, input, instruction), code)
    return execution.outcome if execution else None


def outcomes(sandbox, jobs):
    return [execution.outcome if execution else "" for execution in sandbox.map(jobs)]


@pytest.fixture(scope="module")
def samples():
    assert len(PROGRAMS) >= 40
    return [sample(program, given, instruction) for instruction, given, program in PROGRAMS]


def test_every_program_agrees_with_itself(sandbox, samples):
    assert set(outcomes(sandbox, [partial(judged, sample=s, code=s.reference) for s in samples])) == {
        "passed"
    }


ROOM = """
class Room:
    def __init__(self, name, seats=4):
        self.name, self.guests, self.seats = name, [], seats
    def enter(self, guest):
        self.guests.append(guest)
    def count(self):
        return len(self.guests)
    def free(self):
        return self.seats - len(self.guests)
"""
LENGTH = """
class Length:
    def __init__(self, metres):
        self.metres = metres
    def __eq__(self, other):
        return self.metres == other.metres
    def __add__(self, other):
        return Length(self.metres + other.metres)
    def __str__(self):
        return f'({self.metres})'
"""
PERSON = """
class Person:
    def __init__(self, name, city, age):
        self.name, self.city, self.age = name, city, age
    def birthday(self):
        self.age += 1
    def __str__(self):
        return f'{self.name} from {self.city}, {self.age} years'
"""
KINDS = {  # what is tried: instruction, reference, another way to do it, a wrong one
    "the same value twice": ("Rooms that count their guests.", ROOM, ROOM.replace(".append(guest)", " += [guest]"),
                             ROOM.replace("[]", "set()").replace("append", "add")),
    "a default that is given": ("Rooms with seats.", ROOM, ROOM.replace("self.seats -", "-1 * -self.seats -"),
                                ROOM.replace("name, [], seats", "name, [], 4")),
    "an operator": ("Lengths that can be compared and added, printed like (3).", LENGTH,
                    LENGTH.replace("f'({self.metres})'", "'(%s)' % self.metres"),
                    LENGTH.replace("self.metres == other.metres", "self is other")),
    "another object": ("Lengths that can be compared and added, printed like (3).", LENGTH, LENGTH.replace("other", "o"),
                       LENGTH.replace("self.metres + other.metres", "self.metres + self.metres")),
    "what an object shows": ("Persons that can be printed.", PERSON, PERSON.replace("from", "of").replace("years", "y"),
                             PERSON.replace("from {self.city}", "from nowhere")),
    "nothing": ("Leave out the first item, if the list is not empty.", "def rest(a):\n    return a[1:]", "def rest(a):\n    return [*a][1:]",
                "def rest(a):\n    b = list(a)\n    b.pop(0)\n    return b"),
    "a half": ("Convert feet to inches.", "def inches(feet):\n    return feet * 12", "def inches(f):\n    return 12 * f",
               "def inches(feet):\n    return int(feet) * 12"),
    "a default that is left out": ("Greet in a language, `de` by default.", "def hi(language='de'):\n    return 'hi ' + language",
                                   "def hi(language='de'):\n    return f'hi {language}'", "def hi(language):\n    return 'hi ' + language"),
    "two equal arguments": ("Move a value of a dictionary to another key.",
                            "def move(mapping, here, there):\n    r = dict(mapping)\n    r[there] = r.pop(here)\n    return r",
                            "def move(mapping, here, there):\n    r = mapping.copy()\n    v = r.pop(here)\n    r[there] = v\n    return r",
                            "def move(mapping, here, there):\n    r = dict(mapping)\n    r[there] = r[here]\n    del r[here]\n    return r"),
    "all that there is": ("Take from a stock, or raise ValueError.",
                          "def take(stock, n):\n    if n > stock:\n        raise ValueError\n    return stock - n",
                          "def take(stock, n):\n    if stock >= n:\n        return stock - n\n    raise ValueError",
                          "def take(stock, n):\n    if n >= stock:\n        raise ValueError\n    return stock - n"),
    "what sort gives": ("Sort words by their last letter.", "def by_last(words):\n    return sorted(words, key=lambda w: w[-1])",
                        "def by_last(words):\n    words.sort(key=lambda w: w[-1])", "def by_last(words):\n    return words.sort(key=lambda w: w[-1])"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_usual_slip_is_found_and_another_way_is_right(sandbox, kind):
    instruction, reference, other, slip = KINDS[kind]
    assert verdict(sandbox, reference, other, instruction=instruction) == "passed"
    assert verdict(sandbox, reference, slip, instruction=instruction) in ("failed", "error")


def test_what_is_empty_decides_nothing_where_the_task_does_not_speak_of_it(sandbox):
    reference, other = (
        "def rest(a):\n    return a[1:]",
        "def rest(a):\n    b = list(a)\n    b.pop(0)\n    return b",
    )
    assert verdict(sandbox, reference, other, instruction="Leave out the first item.") == "passed"


@pytest.mark.campaign
def test_at_least_90_percent_of_200_mutants_disagree(sandbox, samples):
    jobs = [
        partial(judged, sample=s, code=mutant)
        for s in samples
        for mutant in mutants(s.reference, 10, seed=5)
        if changes_functions(s.reference, mutant) or "def " not in s.reference
    ]
    assert len(jobs) >= 200
    results = outcomes(sandbox, jobs)
    assert results.count("passed") <= 0.10 * len(results)


def test_at_least_97_percent_of_100_rewrites_agree(sandbox, samples):
    jobs = [partial(judged, sample=s, code=code) for s in samples for _, code in rewrites(s.reference)]
    assert len(jobs) >= 100
    results = outcomes(sandbox, jobs)
    assert results.count("passed") >= 0.97 * len(results)


def test_programs_for_other_tasks_disagree(sandbox, samples):
    jobs = [partial(judged, sample=s, code=o.reference) for s, o in pairwise(samples)]
    assert "passed" not in outcomes(sandbox, jobs)


@pytest.mark.parametrize("share", [12, pytest.param(3, marks=pytest.mark.campaign)])
def test_verdicts_do_not_depend_on_workers_order_or_what_ran_before(samples, share):
    """On one in `share` of the programs."""
    pairs = [(s, code) for s in samples[::share] for code in (s.reference, *mutants(s.reference, 1, seed=2))]

    def verdicts(pairs, workers):
        _behaviour.cache_clear()
        with Sandbox(workers=workers) as sandbox:
            ran = list(sandbox.map([partial(judged, sample=s, code=code) for s, code in pairs]))
        return [(one.outcome, one.detail) if one else (None, "") for one in ran]

    once = verdicts(pairs, 1)
    assert {outcome for outcome, _ in once} >= {"passed", "failed"}
    assert verdicts(pairs[::-1], 3)[::-1] == once


class NoSandbox:
    limits = Limits()
    starved = 0

    def python(self, source, tests="", stdin=b""):
        return Execution("not_run", "no bwrap")


def test_without_a_sandbox_there_is_no_verdict_and_nothing_is_cached(sandbox):
    reference = "print('seen with no sandbox first')"
    execution = judged(NoSandbox(), sample(reference), reference)
    assert (execution.outcome, execution.detail) == ("not_run", "no bwrap")
    assert verdict(sandbox, reference, reference) == "passed"


def test_a_mutant_that_shows_no_difference_is_recognised():
    program = "def f(n):\n    return n + 1\n\ndata = [1, 5]\nprint(f(min(data)))\n"
    assert not changes_functions(program, program.replace("5", "6"))
    assert changes_functions(program, program.replace("n + 1", "n + 2"))
    uses_data = program.replace("n + 1", "n + data[1]")
    assert changes_functions(uses_data, uses_data.replace("5", "6"))


ADD = "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("def plus(x, y):\n    return y + x\n", "passed"),  # another name, the only function
        ("def Add(a, b, c=0):\n    return a + b + c\n", "passed"),
        ("def add(a, b, c):\n    return a + b\n", "failed"),
        ("def sub(a, b, c):\n    return a + b\n", None),  # no function that fits: nothing is compared
        ("add = None\n", None),
        ("def add(a):\n    return a\n", "failed"),
        ("def add(a, b):\n    return a - b\n", "failed"),
        ("def add(a, b):\n    return str(a + b)\n", "failed"),
        ("def add(a, b):\n    print(a)\n    return a + b\n", "passed"),  # its value is what was asked for
        (ADD + "print('done')\n", "passed"),
        ("import os\n" + ADD + "os._exit(0)\n", "failed"),
        ("def add(a, b:\n", "error"),
        ("", None),
        (ADD + "1 / 0\n", "error"),
        (ADD + "while True:\n    pass\n", "timeout"),
        ("def add(a, b):\n    while True:\n        pass\n", "failed"),
    ],
)
def test_an_answer_is_held_to_what_the_reference_returns_and_prints(sandbox, code, outcome):
    assert verdict(sandbox, ADD, code) == outcome


@pytest.mark.parametrize(
    "reference",
    [
        "name = input('Name? ')\nprint(name)",
        "import random\nprint(random.random())",
        "import random\ndef roll():\n    return random.randint(1, 1000000)",
        "import time\nstart = time.time()\nprint(time.time() - start)",
        "import os\nprint(os.urandom(4))",
        "print(id([]))",
        "def f(x: int):\n    return []",
        "import uuid\nprint(uuid.uuid4())",
        "print(undefined)",
        "def f(:",
        "while True:\n    pass",
        "import no_such_module_anywhere",
        "def f(x):\n    pass",
        "# nothing",
    ],
)
def test_a_reference_that_settles_nothing_gives_no_verdict(sandbox, reference):
    assert judged(sandbox, sample(reference), "print(1)") is None
    assert reference_behaviour(sandbox, sample(reference)).reason


def test_a_seeded_reference_is_deterministic(sandbox):
    code = "import random\nrandom.seed(3)\nprint(random.randint(1, 1000))"
    assert verdict(sandbox, code, code) == "passed"


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        (
            "from datetime import datetime\nprint(datetime.now())",
            "import datetime\nprint(datetime.datetime.today())",
            "import datetime\nprint(datetime.date.today())",
        ),
        (
            "import time\nprint(time.strftime('%Y-%m-%d'))",
            "import datetime\nprint(datetime.date.today())",
            "print('2024-03-14')",
        ),
        (
            "from datetime import datetime\ndef now():\n    return datetime.now()\nprint(now())",
            "import datetime\nprint(datetime.datetime.now())\nnow = lambda: datetime.datetime.today()",
            "from datetime import datetime\ndef now():\n    return datetime.min\nprint(datetime.now())",
        ),
        (
            "import time\nfor i in range(3):\n    time.sleep(60)\n    print(i)",
            "for i in range(3):\n    print(i)",
            "import time\ntime.sleep(3)\nprint(3)",
        ),
    ],
)
def test_the_clock_stands_still_so_that_dates_can_be_compared(sandbox, reference, right, wrong):
    assert verdict(sandbox, reference, right) == "passed"
    assert verdict(sandbox, reference, wrong) == "failed"


def test_names_that_the_input_defines_are_there_first(sandbox):
    assert verdict(sandbox, "print(sum(nums))", "print(sum(n for n in nums))", "nums = [1, 2]") == "passed"
    assert verdict(sandbox, "print(a * k)", "print(k * a)", "a = 3, k = 4") == "passed"


def test_floats_have_a_tolerance_and_sets_no_order(sandbox):
    assert (
        verdict(sandbox, "def f(x: float):\n    return x / 3", "def f(x):\n    return x * (1 / 3)")
        == "passed"
    )
    same = "def f(items: list):\n    return list({i for i in items})"
    assert verdict(sandbox, same, "def f(items):\n    return sorted(set(items), reverse=True)") == "passed"


def test_a_named_lambda_is_a_function(sandbox):
    reference = "twice = lambda n: 2 * n"
    assert verdict(sandbox, reference, "def twice(n):\n    return n + n") == "passed"
    assert verdict(sandbox, reference, "twice = lambda n: n * n") == "failed"


def test_a_script_that_prints_nothing_is_held_to_its_last_value(sandbox):
    reference = "a = {'x': 1}\nb = {'y': 2}\nmerged = a.copy()\nmerged.update(b)"
    assert verdict(sandbox, reference, "a = {'x': 1}\nb = {'y': 2}\nboth = {**a, **b}") == "passed"
    assert verdict(sandbox, reference, "a = {'x': 1}\nb = {'y': 2}\nboth = {**a}") == "failed"


def test_lists_that_come_from_no_set_keep_their_order(sandbox):
    reference = "def f(items: list):\n    return [i for i in items]"
    assert verdict(sandbox, reference, "def f(items):\n    return items[::-1]") == "failed"


def test_arguments_changed_in_place_are_compared(sandbox):
    reference = "def f(items: list):\n    items.sort()"
    assert verdict(sandbox, reference, "def f(xs):\n    xs[:] = sorted(xs)") == "passed"
    assert verdict(sandbox, reference, "def f(xs):\n    xs.reverse()") == "failed"


def test_generated_values_are_compared_item_by_item(sandbox):
    reference = "def f(n: int):\n    for i in range(n):\n        yield i * i"
    assert verdict(sandbox, reference, "def f(n):\n    yield from (i ** 2 for i in range(n))") == "passed"
    assert verdict(sandbox, reference, "def f(n):\n    yield from range(n)") == "failed"


def test_files_that_are_written_are_compared(sandbox):
    reference = "with open('out.txt', 'w') as f:\n    f.write('one\\n')"
    assert verdict(sandbox, reference, "open('out.txt', 'w').write('one\\n')") == "passed"
    assert verdict(sandbox, reference, "open('out.txt', 'w').write('two\\n')") == "failed"


FORGERY = """
import json, os, sys
frame = sys._getframe()
while frame and "PLAN" not in frame.f_globals:
    frame = frame.f_back
if frame:
    os.write(1, (frame.f_globals["PLAN"]["marker"] + json.dumps(RECORD)).encode())
    os._exit(0)
"""


@pytest.mark.parametrize(
    "record",
    [
        {"module": {"error": "", "stdout": "", "last": ["n"]}, "calls": [], "files": {}, "seen": {}},
        {"module": {"error": "", "stdout": "", "last": ["l", 3]}, "calls": [], "files": {}, "seen": {}},
        {"module": None, "calls": [], "files": {}, "seen": {}},
        {
            "module": {"error": "", "message": "", "stdout": "", "last": ["n"]},
            "files": {},
            "seen": {},
            "calls": [{"value": ["b", 10**400], "error": "", "stdout": "", "changed": None}] * 24,
        },
        {},
        [],
        "text",
    ],
)
def test_an_answer_that_writes_its_own_record_is_not_right(sandbox, record):
    code = ADD + FORGERY.replace("RECORD", repr(record))
    assert verdict(sandbox, ADD, code) in ("failed", "error")


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("def f(x):\n    return complex(x, 1)\n", "def f(x):\n    return 10 ** 400\n"),
        ("def f(n):\n    return list(range(n * 1000))\n", "def f(n):\n    return list(range(min(n * 1000, 500)))\n"),
        ("print('a' * 4000, end='')\nprint('b')", "print('a' * 4000, end='')\nprint('c')"),
        ("open('a', 'w').write('a' * 4000 + 'b')", "open('a', 'w').write('a' * 4000 + 'c')"),
        ("def f(n: int):\n    return {str(i): i for i in range(3000)}", "def f(n):\n    return {str(i): min(i, 2998) for i in range(3000)}"),
        ("def f(n: int):\n    return [n, [1] * 5000]", "def f(n):\n    return [n, [1] * 4999 + [2]]"),
    ],
)  # fmt: skip
def test_large_results_are_compared_whole(sandbox, reference, code):
    assert verdict(sandbox, reference, code) == "failed"
    assert verdict(sandbox, reference, reference) == "passed"


def test_large_lists_made_from_a_set_have_no_order(sandbox):
    reference = "def f(n: int):\n    return list({str(i) for i in range(n, n + 3000)})"
    code = "def f(n):\n    return [str(i) for i in range(n, n + 3000)]"
    assert verdict(sandbox, reference, code) == "passed"
    assert verdict(sandbox, reference, code.replace("3000)]", "2999)] + ['x']")) == "failed"


def test_a_demonstration_decides_nothing_and_is_shown_apart(sandbox):
    reference = ADD + "print(add(1, 2))\n"
    for code in (ADD, ADD + "print('The sum is', add(3, 4))\n"):
        execution = judged(sandbox, sample(reference), code)
        assert (execution.outcome, execution.detail) == ("passed", OTHER_OUTPUT)
    assert judged(sandbox, sample(reference), reference).detail == ""


@pytest.mark.parametrize("code", ["print('none')", "x = 1\nprint(x)", "class Sum:\n    total = 0"])
def test_a_script_or_class_in_place_of_a_function_is_not_wrong_for_its_form(sandbox, code):
    assert verdict(sandbox, ADD, code, instruction="Write a function `add`.") is None


def test_a_script_is_held_to_a_function_on_its_own_inputs(sandbox):
    reference = "def total(cart):\n    return sum(p * n for p, n in cart.values())"
    right = "cart = {'pen': (2, 3), 'cup': (4, 5)}\nsum_ = 0\nfor p, n in cart.values():\n    sum_ += p * n\nprint('Total:', sum_)"
    assert verdict(sandbox, reference, right, "cart = {'tea': (9, 2)}") == "passed"
    assert verdict(sandbox, reference, right.replace("p * n", "p + n"), "cart = {'tea': (9, 2)}") is None


def test_a_function_is_held_to_a_script_on_the_scripts_inputs(sandbox):
    reference = "seconds = 10000\nprint(f'{seconds // 3600:02d}:{seconds % 3600 // 60:02d}')"
    right = "def clock(s):\n    return f'{s // 3600:02d}:{s % 3600 // 60:02d}'"
    assert verdict(sandbox, reference, right) == "passed"
    assert verdict(sandbox, reference, right.replace("% 3600", "% 60")) == "failed"


def test_arguments_follow_the_names_of_the_parameters(sandbox):
    reference = "def area(a, b, height):\n    return (a + b) / 2 * height"
    assert verdict(sandbox, reference, "def area(height, a, b):\n    return (a + b) / 2 * height") == "passed"
    assert verdict(sandbox, reference, "def area(height, x, y):\n    return (x + y) / 2 * height") == "failed"


ACCOUNT = """
class Account:
    def __init__(self, balance):
        self.balance = balance

    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount):
        if amount > self.balance:
            raise ValueError("too little")
        self.balance -= amount
        return self.balance
"""
DEMONSTRATION = (
    "account = Account(100)\naccount.deposit(50)\nprint(account.withdraw(30))\nprint(account.balance)\n"
)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (ACCOUNT, "passed"),
        (ACCOUNT + "print(Account(1).withdraw(1))", "passed"),
        (ACCOUNT.replace("self.balance", "self._balance") + "    def get_balance(self):\n        return self._balance", "passed"),
        (ACCOUNT.replace('raise ValueError("too little")', "print('no')\n            return None"), "passed"),
        (ACCOUNT.replace("+= amount", "+= amount\n        print('now', self.balance)"), "passed"),
        (ACCOUNT.replace("deposit", "put"), "passed"),  # the only method that is left
        (ACCOUNT.replace("-= amount", "-= 1"), "failed"),
        (ACCOUNT.replace("+= amount", "= amount"), "failed"),
        (ACCOUNT.replace("amount > self.balance", "amount >= self.balance"), "failed"),
        ("def account(balance):\n    return balance", None),
        ("class Account:\n    def __init__(self, balance, owner):\n        self.balance = balance", None),
    ],
)  # fmt: skip
def test_classes_are_compared_by_sessions(sandbox, code, outcome):
    assert verdict(sandbox, ACCOUNT + DEMONSTRATION, code) == outcome


def test_a_class_without_methods_to_call_is_held_to_what_its_script_prints(sandbox):
    reference = "class A:\n    def __init__(self):\n        self.x = 5\na = A()\nprint(a.x + 1)"
    assert (
        verdict(sandbox, reference, reference.replace("self.x", "self.y").replace("a.x", "a.y")) == "passed"
    )
    assert verdict(sandbox, reference, "class B: pass\nprint(7)") is None


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("class Sum:\n    @staticmethod\n    def add(a, b):\n        return a + b", "passed"),
        ("class Sum:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n    def add(self):\n        return self.b + self.a", "passed"),
        ("class Sum:\n    def add(self, a, b):\n        return a - b", "failed"),
        ("class Sum:\n    def __init__(self, x):\n        self.x = x", None),
    ],
)  # fmt: skip
def test_a_method_may_stand_for_a_function(sandbox, code, outcome):
    assert verdict(sandbox, ADD, code) == outcome


ASKING = "def square(n):\n    return n * n\n\nn = int(input('Number: '))\nprint(square(n))\n"


@pytest.mark.parametrize("given", ["7", ""])
def test_functions_of_a_program_that_reads_input_are_compared(sandbox, given):
    reference = "def square(n):\n    return n ** 2\nprint(square(7))"
    assert verdict(sandbox, reference, ASKING, given) == "passed"
    assert verdict(sandbox, reference, ASKING.replace("n * n", "n + n"), given) == "failed"
    assert verdict(sandbox, ASKING, reference, given) == "passed"
    assert verdict(sandbox, ASKING, reference.replace("**", "*"), given) == "failed"


def test_a_script_may_read_its_input(sandbox):
    reference = "radius = 7\nprint(3 * radius ** 2)"
    code = "r = int(input('Radius: '))\nprint('Area for', r, 'is', 3 * r * r)"
    assert verdict(sandbox, reference, code, "radius = 7") == "passed"
    assert verdict(sandbox, reference, code) == "passed"  # typed what the reference assigns
    assert verdict(sandbox, reference, code.replace("* r * r", "* r")) == "failed"
    assert verdict(sandbox, "print(sum([1, 2]))", "print(input() + input())") is None


def test_a_script_is_typed_what_a_function_gets_in_the_way_that_it_asks_for(sandbox):
    reference = "def squares(numbers):\n    return sum(n * n for n in numbers if n % 2 == 0)"
    code = "x = []\nwhile (s := input('Next: ')) != 'stop':\n    x.append(int(s))\nprint('The sum is', sum(n * n for n in x if n % 2 == 0))"
    assert verdict(sandbox, reference, code) == "passed"
    assert verdict(sandbox, reference, code.replace("n * n", "n * 2")) != "passed"
    assert verdict(sandbox, reference, code.replace("in x", "in x[1:]")) != "passed"


def test_a_function_that_is_a_part_of_a_script_is_not_the_references(sandbox):
    reference = "def total(limit):\n    return sum(n * n for n in range(limit + 1))"
    code = "def square(x):\n    return x * x\n\nlimit = int(input())\nprint(sum(square(n) for n in range(1, limit + 1)))"
    assert verdict(sandbox, reference, code) == "passed"
    assert verdict(sandbox, reference, code.replace("limit + 1", "limit")) == "failed"


def test_a_script_that_is_right_on_the_samples_input_alone_is_wrong(sandbox):
    reference = "def smallest(numbers):\n    return min(numbers)"
    code = "x = list(map(int, input().split()))\nprint(min(x))"
    assert verdict(sandbox, reference, code, "[1, 4, 2]") == "passed"
    assert verdict(sandbox, reference, code.replace("min(x)", "x[0]"), "[1, 4, 2]") == "failed"


def test_a_script_may_ask_for_a_number_of_the_task(sandbox):
    reference = "for n in range(1, 5):\n    print(n * n)"
    code = "for n in range(int(input('How many? '))):\n    print((n + 1) ** 2)"
    assert verdict(sandbox, reference, code, instruction="Print the first 4 squares.") == "passed"
    assert (
        verdict(sandbox, reference, code.replace("n + 1", "n"), instruction="Print the first 4 squares.")
        != "passed"
    )


def test_functions_are_compared_on_files(sandbox):
    reference = "def count(path):\n    with open(path) as f:\n        return len(f.read().split())\nprint('Words in a.txt:', count('a.txt'))"
    code = "def words(name):\n    n = 0\n    for line in open(name):\n        n += len(line.split())\n    return n"
    assert verdict(sandbox, reference, code) == "passed"
    assert verdict(sandbox, reference, code.replace("line.split()", "line")) == "failed"


def test_a_yes_or_no_may_be_said_in_words(sandbox):
    reference = "def is_even(n):\n    return n % 2 == 0"
    code = "def is_even(n):\n    if n % 2 == 0:\n        print(f'{n} is even')\n    else:\n        print(f'{n} is not even')"
    assert verdict(sandbox, reference, code, instruction="Is a number even?") == "passed"
    assert (
        verdict(sandbox, reference, code.replace("== 0", "!= 0"), instruction="Is a number even?") == "failed"
    )
    assert verdict(sandbox, reference, code, instruction="Return whether a number is even.") == "failed"


def test_inputs_outside_what_a_task_takes_for_granted_decide_nothing(sandbox):
    reference = "def numbers(start, end):\n    return [n for n in range(start, end + 1) if n % 3 == 0]"
    code = "def numbers(start, end):\n    if start > end:\n        raise ValueError\n    return [3 * k for k in range(-(-start // 3), end // 3 + 1)]"
    assert verdict(sandbox, reference, code) == "passed"
    assert verdict(sandbox, reference, code.replace("end // 3 + 1", "end // 3")) == "failed"


def test_a_function_that_a_script_hands_on_is_no_part_of_the_task(sandbox):
    reference = "def odd(n):\n    return n % 2\nprint(list(filter(odd, [1, 2, 3])))"
    assert (
        verdict(
            sandbox,
            reference,
            "def odd_ones(ns):\n    return [n for n in ns if n % 2]\nprint(odd_ones([1, 2, 3]))",
        )
        == "passed"
    )
    assert verdict(sandbox, reference, "print([n for n in [1, 2, 3] if n % 2 == 0])") == "failed"


def test_pi_may_be_given_by_its_first_digits(sandbox):
    reference = "import math\ndef area(radius):\n    return math.pi * radius ** 2"
    assert verdict(sandbox, reference, "def area(r):\n    return 3.14 * r ** 2") == "passed"
    assert verdict(sandbox, reference, "def area(r):\n    return 3 * r ** 2") == "failed"


@pytest.mark.parametrize(
    ("instruction", "outcome"), [("The warmest day", "passed"), ("For a tie, the earlier day", "failed")]
)
def test_ties_decide_where_the_task_speaks_of_them(sandbox, instruction, outcome):
    reference = "def warmest(days: list):\n    best = 0\n    for d in range(len(days)):\n        if days[d] > days[best]:\n            best = d\n    return best"
    assert verdict(sandbox, reference, reference.replace(">", ">="), instruction=instruction) == outcome


POINT = """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def distance(self, other):
        return ((self.x - other.x) ** 2 + (self.y - other.y) ** 2) ** 0.5
"""
SHOWN = "a = Point(1, 2)\nb = Point(4, 6)\nprint(a.distance(b))"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (POINT, "passed"),
        (POINT + "print(Point(0, 0).distance(Point(3, 4)) + 1)", "passed"),  # data of its own
        (POINT.replace("** 0.5", "** 2"), "failed"),
        (POINT.replace("** 0.5", "** 2") + SHOWN, "failed"),
        (POINT.replace("distance", "far"), "passed"),
        (POINT.replace("Point", "Spot"), "passed"),
        (
            POINT.replace("def distance", "def near(self, other):\n        return 0\n    def far"),
            "passed",
        ),  # the one that agrees is meant
        (
            POINT.replace("def distance", "def near(self, other):\n        return 0\n    def far").replace(
                "0.5", "1"
            ),
            None,
        ),  # none does: which is meant
    ],
)
def test_a_class_is_used_as_the_references_script_uses_its_own(sandbox, answer, outcome):
    assert verdict(sandbox, POINT + SHOWN, answer) == outcome


ROBOT = "class Robot:\n    def __init__(self, x=0):\n        self.x = x\n    def move(self, steps):\n        self.x += steps\n        return self.x\n"


@pytest.mark.parametrize(
    ("reference", "right", "wrong", "instruction"),
    [
        (
            "def twice(f, v):\n    return f(f(v))",
            "def twice(g, x):\n    for _ in range(2):\n        x = g(x)\n    return x",
            "def twice(f, v):\n    return f(v)",
            "Apply a function two times.",
        ),
        (
            "def adder(n):\n    def add(x):\n        return n + x\n    return add",
            "def adder(n):\n    return lambda x: x + n",
            "def adder(n):\n    return lambda x: x - n",
            "Return a function that adds n.",
        ),
        (
            "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
            "from itertools import count\ndef counter():\n    c = count(1)\n    def step():\n        return next(c)\n    return step",
            "def counter():\n    def step():\n        return 1\n    return step",
            "Return a function that counts its calls.",
        ),
        (
            "def pair(numbers, target):\n    seen = {}\n    for i, n in enumerate(numbers):\n        if target - n in seen:\n"
            "            return [seen[target - n], i]\n        seen[n] = i",
            "def pair(numbers, target):\n    for i in range(len(numbers)):\n        for j in range(i + 1, len(numbers)):\n"
            "            if numbers[i] + numbers[j] == target:\n                return [i, j]",
            "def pair(numbers, target):\n    for i in range(len(numbers)):\n        for j in range(len(numbers)):\n"
            "            if numbers[i] + numbers[j] == target:\n                return [i, j]",
            "Find the indexes of the two numbers in a list that add up to a target.",
        ),
        (
            "def action(color):\n    return {'red': 'stop', 'green': 'go'}.get(color, 'unknown')",
            "def action(c):\n    if c == 'red':\n        return 'stop'\n    return 'go' if c == 'green' else 'unknown'",
            "def action(c):\n    return 'stop' if c == 'red' else 'go'",
            'Return "stop" for red, "go" for green and "unknown" for others.',
        ),
        (
            "def free(day):\n    return day.lower() in ('saturday', 'sunday')",
            "def free(day):\n    return day.lower() == 'saturday' or day.lower() == 'sunday'",
            "def free(day):\n    return day.lower() in ('friday', 'saturday', 'sunday')",
            "Whether a day of the week is free, in any case.",
        ),
        (
            "def divided(a, b):\n    return None if b == 0 else a / b",
            "def divided(a, b):\n    if b:\n        return a / b",
            "def divided(a, b):\n    return None if a == 0 else a / b",
            "Return the quotient, or None when the second number is zero.",
        ),
        (
            "def longer(word):\n    return len(word) < 8 or not word.isalnum()",
            "def longer(w):\n    return not (len(w) >= 8 and w.isalnum())",
            "def longer(w):\n    return len(w) <= 8 or not w.isalnum()",
            "Whether a password is bad: under 8 characters, or with other signs than letters and digits.",
        ),
        (
            ROBOT,
            ROBOT.replace("x=0", "name, x=0"),
            ROBOT.replace("x=0", "name, x=0").replace("+= steps", "-= steps"),
            "Create a class Robot with a method move.",
        ),
        (
            "def double(n):\n    return 2 * n",
            "n = int(input())\nprint('Double:', n + n)",
            "n = int(input())\nprint('Double:', n * n)",
            "Write a function that doubles a number.",
        ),
    ],
)  # fmt: skip
def test_kinds_of_tasks_are_decided(sandbox, reference, right, wrong, instruction):
    assert verdict(sandbox, reference, reference, instruction=instruction) == "passed"
    assert verdict(sandbox, reference, right, instruction=instruction) == "passed"
    assert verdict(sandbox, reference, wrong, instruction=instruction) != "passed"


DATABASE = """
import sqlite3
connection = sqlite3.connect('shop.db')
connection.execute('create table if not exists stock (name text, number integer)')
connection.execute("insert into stock values ('tea', 3)")
connection.commit()
"""


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (("'tea', 3", "'tea', 4"), "failed"),
        (("'tea', 3", "'TEA', 3"), "failed"),
        (("connection.commit()", ""), "failed"),
        (("create table if not exists stock (name text, number integer)", "CREATE TABLE stock (name TEXT,  number INT)"), "passed"),
        (("connection.commit()", "connection.commit()\nconnection.execute('delete from stock')\nconnection.rollback()"), "passed"),
    ],
)  # fmt: skip
def test_a_database_is_compared_by_its_rows(sandbox, change, outcome):
    assert verdict(sandbox, DATABASE, DATABASE.replace(*change)) == outcome


SIDE = """
class Square:
    def __init__(self, side):
        self.side = side
    @property
    def side(self):
        return self._side
    @side.setter
    def side(self, value):
        if value <= 0:
            raise ValueError('not a length')
        self._side = value
    @property
    def area(self):
        return self._side ** 2
"""


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("class Square:\n    def __init__(self, side):\n        self._side, self.area = side, side * side\n    @property\n"
         "    def side(self):\n        return self._side\n    @side.setter\n    def side(self, value):\n        if value > 0:\n"
         "            self._side = value\n        else:\n            raise ValueError", "failed"),
        ("class Square:\n    def __init__(self, side):\n        self.side = side\n    area = property(lambda self: self.side * self.side)", "failed"),
        ("def length(self, value):\n    if not value > 0:\n        raise ValueError(value)\n    self.length = value\n\n"
         "class Square:\n    def __init__(self, side):\n        self.side = side\n    side = property(lambda self: self.length, length)\n"
         "    area = property(lambda self: self.side * self.side)", "passed"),
        ("class Square:\n    def __init__(self, side):\n        self.set_side(side)\n    def set_side(self, value):\n        if value <= 0:\n"
         "            raise ValueError\n        self.side = value\n    def area(self):\n        return self.side * self.side", "passed"),
    ],
)  # fmt: skip
def test_properties_are_set_and_looked_at(sandbox, answer, outcome):
    instruction = "A side that is not greater than 0 raises a ValueError."
    assert verdict(sandbox, SIDE, answer, instruction=instruction) == outcome


MARKS = """
class Marks:
    def __init__(self):
        self.marks = {}
    def enter(self, pupil, subject, mark):
        self.marks.setdefault(pupil, {})[subject] = mark
    def total(self, pupil):
        return sum(self.marks.get(pupil, {}).values())
"""


def test_a_call_is_made_again_with_another_last_value(sandbox):
    kept = MARKS.replace("[subject] = mark", ".setdefault(subject, mark)")
    added = MARKS.replace(
        "setdefault(pupil, {})[subject] = mark", "setdefault(pupil, {}).setdefault(subject, []).append(mark)"
    )
    added = added.replace(
        "sum(self.marks.get(pupil, {}).values())", "sum(map(sum, self.marks.get(pupil, {}).values()))"
    )
    assert [verdict(sandbox, MARKS, answer) for answer in (MARKS, kept, added)] == [
        "passed",
        "failed",
        "failed",
    ]


def test_a_dataclass_is_compared_where_the_task_speaks_of_it(sandbox):
    reference = "from dataclasses import dataclass\n@dataclass\nclass Coin:\n    kind: str\n    cents: int\n    def worth(self, n):\n        return n * self.cents"
    answer = reference.replace("@dataclass", "@dataclass(eq=False)")
    assert (
        verdict(sandbox, reference, answer, instruction="Two coins are equal where both fields are.")
        == "failed"
    )
    assert (
        verdict(sandbox, reference, answer, instruction="Make a dataclass Coin with a method worth.")
        == "passed"
    )
    by_kind = answer + "\n    def __eq__(self, other):\n        return self.kind == other.kind"
    assert (
        verdict(sandbox, reference, by_kind, instruction="Two coins are equal where both fields are.")
        == "failed"
    )


def test_zero_counts_where_the_recursion_of_the_reference_ends_there(sandbox):
    reference = "def product(n):\n    if n == 0:\n        return 1\n    return n * product(n - 1)"
    endless = reference.replace("n == 0", "n == 1")
    assert verdict(sandbox, reference, endless) == "failed"
    loop = "def product(n):\n    made = 1\n    for i in range(2, n + 1):\n        made *= i\n    return made"
    assert verdict(sandbox, reference, loop) == "passed"
    assert (
        verdict(sandbox, endless, endless.replace("== 1", "<= 2").replace("return 1", "return n")) == "passed"
    )


CALLBACKS = """
class Bell:
    def __init__(self):
        self.listeners = {}
    def on(self, event, listener):
        self.listeners.setdefault(event, []).append(listener)
    def off(self, event, listener):
        if listener in self.listeners.get(event, []):
            self.listeners[event].remove(listener)
    def ring(self, event):
        return [listener() for listener in self.listeners.get(event, [])]
"""


def test_methods_are_given_functions(sandbox):
    last = CALLBACKS.replace(".setdefault(event, []).append(listener)", "[event] = [listener]")
    never = CALLBACKS.replace("if listener in", "if listener not in")
    assert [verdict(sandbox, CALLBACKS, answer) for answer in (CALLBACKS, last, never)] == [
        "passed",
        "failed",
        "failed",
    ]


def test_a_method_that_is_to_be_chained_gives_an_object(sandbox):
    reference = "class Sum:\n    def __init__(self):\n        self.value = 0\n    def add(self, n):\n        self.value += n\n        return self"
    said = "Create a class Sum with the attribute value, which starts at 0, and a method add(n)"
    alone = reference.replace("\n        return self", "")
    assert verdict(sandbox, reference, alone, instruction=f"{said}.") == "passed"
    assert verdict(sandbox, reference, alone, instruction=f"{said} that can be chained.") == "failed"


def test_records_with_the_same_number_are_tried_where_the_task_speaks_of_them(sandbox):
    reference = "def tallest(trees):\n    best = trees[0]\n    for tree in trees:\n        if tree['height'] > best['height']:\n            best = tree\n    return best['kind']"
    input = "[{'kind': 'oak', 'height': 21}, {'kind': 'fir', 'height': 30}, {'kind': 'elm', 'height': 18}]"
    later = reference.replace("] > best", "] >= best")
    said = "Return the kind of the tallest of a list of trees."
    assert verdict(sandbox, reference, later, input, said) == "passed"
    assert (
        verdict(
            sandbox, reference, later, input, f"{said} If several have the same height, the first one counts."
        )
        == "failed"
    )


SPANS = """
class Hall:
    def __init__(self):
        self.taken = []
    def reserve(self, start, end):
        if any(start < e and s < end for s, e in self.taken):
            return False
        self.taken.append((start, end))
        return True
"""


def test_a_span_around_an_earlier_one_is_tried(sandbox):
    ends = SPANS.replace("start < e and s < end", "s <= start < e or s < end <= e")
    assert [verdict(sandbox, SPANS, answer) for answer in (SPANS, ends)] == ["passed", "failed"]


def test_what_a_class_divides_by_is_exceeded_many_times(sandbox):
    reference = "class Track:\n    def __init__(self, seconds):\n        self.seconds = seconds\n    def __lt__(self, other):\n        return self.seconds < other.seconds\n    def length(self):\n        return f'{self.seconds // 60}:{self.seconds % 60:02d}'"
    by_text = reference.replace("self.seconds < other.seconds", "self.length() < other.length()")
    assert [verdict(sandbox, reference, answer) for answer in (reference, by_text)] == ["passed", "failed"]


def test_two_days_are_near_one_another(sandbox):
    reference = "from datetime import date\n\ndef fee(due, back):\n    late = (date.fromisoformat(back) - date.fromisoformat(due)).days\n    return min(300, 20 * max(0, late))"
    unlimited = reference.replace("min(300, 20 * max(0, late))", "20 * max(0, late)")
    too_early = reference.replace("max(0, late)", "max(0, late + 1)")
    answers = (reference, unlimited, too_early)
    assert [verdict(sandbox, reference, answer) for answer in answers] == ["passed", "failed", "failed"]


def test_what_is_held_against_the_values_of_a_table_is_a_text_of_the_table(sandbox):
    reference = (
        "def duel(first, second):\n    beats = {'fire': 'grass', 'grass': 'water', 'water': 'fire'}\n    if first == second:\n"
        "        return 'nobody'\n    if beats[first] == second:\n        return 'first'\n    return 'second'"
    )
    swapped = reference.replace("beats[first] == second", "beats[second] == first")
    pairs = "[('fire', 'grass'), ('grass', 'water'), ('water', 'fire')]"
    in_pairs = f"def duel(a, b):\n    if a == b:\n        return 'nobody'\n    return 'first' if (a, b) in {pairs} else 'second'"
    answers = (reference, in_pairs, swapped)
    assert [verdict(sandbox, reference, answer) for answer in answers] == ["passed", "passed", "failed"]


@pytest.mark.parametrize(
    ("task", "outcome"), [("Divide a by b.", "passed"), ("Divide and avoid ZeroDivisionError.", "failed")]
)
def test_zero_counts_where_the_task_speaks_of_dividing_by_it(sandbox, task, outcome):
    reference = "def share(a, b):\n    if b == 0:\n        print('nothing to share')\n        return 0\n    return a / b"
    assert verdict(sandbox, reference, "def share(a, b):\n    return a / b", instruction=task) == outcome
    quiet = "def share(a, b):\n    return a / b if b else 0"
    assert verdict(sandbox, reference, quiet, instruction=task) == "passed"


@pytest.mark.parametrize(("name", "outcome"), [("numbers", "failed"), ("scores", "passed")])
def test_numbers_of_no_kind_may_all_be_negative_where_the_largest_is_looked_for(sandbox, name, outcome):
    reference = f"def largest({name}):\n    return max({name})"
    from_zero = f"def largest({name}):\n    best = 0\n    for n in {name}:\n        if n > best:\n            best = n\n    return best"
    assert verdict(sandbox, reference, from_zero) == outcome


def test_values_of_a_dictionary_that_are_used_as_texts_are_texts(sandbox):
    reference = "def capitals(cities):\n    return {land: city.upper() for land, city in cities.items()}"
    assert verdict(sandbox, reference, reference.replace("city.upper()", "city.title()")) == "failed"
    assert verdict(sandbox, reference, reference.replace("cities", "d")) == "passed"
