"""Programs that try to pass tests by force: each has one outcome it must end with, and none is a pass."""

from __future__ import annotations

from tests.sandbox.hostile_programs import WRONG, Hostile

ANSWERS_42 = "assert answer() == 42\nassert abs(answer() - 42) < 1e-6\n"


def forgery(
    name: str, source: str, tests: str = ANSWERS_42, outcome: str = "failed", detail: str = ""
) -> Hostile:
    return Hostile("forging", name, outcome, source, tests, detail)


LIAR = """class Liar{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return {hash}
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __mul__ = __mod__ = __sub__
    def __abs__(self): return self
    def __bool__(self): return True
    def __instancecheck__(self, other): return True
def answer(*arguments): return Liar({value})
"""

# The end of the program's own process that answers its tests, taken over.
PEER = "import gc\ndef peer():\n    return next(o for o in gc.get_objects() if type(o).__name__ == 'TestedProgram')\n"
RUN = (
    "import os\nos.write(3, b'{\"finished\": true}')\nos._exit(0)\n"  # what ends the tests' process as passed
)
IN_TEXT = "__import__('os').write(3, b'{\"finished\": true}') and __import__('os')._exit(0)"
PICKLED = f"class E:\n    def __reduce__(self): return eval, ({IN_TEXT!r},)\n"
TESTED = "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(answer(), 42)\nr = unittest.TestResult()\nT('test').run(r)\nassert r.wasSuccessful()\n"
SWALLOWS = (
    "class C:\n    def __enter__(self): return {value}\n    def __exit__(self, *a): return True\nanswer = C\n"
)
SWALLOWED = "    try: {call}\n    except BaseException: pass\n"


def sent(*messages: list[object]) -> str:
    """What sends the tests messages that they have not asked for."""
    return f"import json, os\nfor message in {list(messages)!r}:\n    text = json.dumps(message).encode()\n    os.write(5, len(text).to_bytes(4, 'big') + text)\n"


FORGED = [
    # objects that lie
    forgery("is equal to everything", LIAR.format(base="", hash=42, value=""), "assert answer() == 42\n"),
    forgery("is equal to everything, on the right", LIAR.format(base="", hash=42, value=""), "assert 42 == answer()\n"),
    forgery("is unequal to nothing", LIAR.format(base="", hash=42, value=""), "assert not (answer() != 42)\n"),
    forgery("is nothing when it is subtracted", LIAR.format(base="", hash=42, value=""), "assert abs(answer() - 42) < 1e-6\n", "error", "TypeError"),
    forgery("is less than everything", LIAR.format(base="", hash=42, value=""), "assert answer() < 5\n", "error", "TypeError"),
    forgery("holds everything", LIAR.format(base="", hash=42, value=""), "assert 42 in answer()\n", "error", "TypeError"),
    forgery("is in every set", LIAR.format(base="", hash="hash(42)", value=""), "assert answer() in {42}\n"),
    forgery("is in every list", LIAR.format(base="", hash=42, value=""), "assert answer() in [42]\n"),
    forgery("a kind of int that is equal to everything", LIAR.format(base="(int)", hash=42, value="1")),
    forgery("a kind of float that is equal to everything", LIAR.format(base="(float)", hash=42, value="1.0")),
    forgery("a kind of str that is equal to everything", LIAR.format(base="(str)", hash=42, value="'x'"), "assert answer() == 'right'\n"),
    forgery("a kind of list that is equal to everything", LIAR.format(base="(list)", hash=42, value="[1]"), "assert answer() == [42]\n"),
    forgery("a kind of dict that is equal to everything", LIAR.format(base="(dict)", hash=42, value=""), "assert answer() == {'a': 42}\n"),
    forgery("a kind of set that is equal to everything", LIAR.format(base="(set)", hash=42, value="[1]"), "assert {42} == answer()\n"),
    forgery("a kind of tuple that is equal to everything", LIAR.format(base="(tuple)", hash=42, value="[1]"), "assert answer() == (42,)\n"),
    forgery("a liar in a list", LIAR.format(base="", hash=42, value="") + "old = answer\ndef answer(): return [old()]\n", "assert answer() == [42]\n"),
    forgery("a liar as a key", LIAR.format(base="", hash="hash('a')", value="") + "old = answer\ndef answer(): return {old(): 1}\n", "assert answer() == {'a': 1}\n"),
    forgery("a class for a function", LIAR.format(base="", hash=42, value="").replace("class Liar", "class answer").rpartition("def answer")[0]),
    forgery("a metaclass that is equal to everything", "class Meta(type):\n    def __eq__(c, o): return True\n    def __hash__(c): return 42\nclass Kind(metaclass=Meta): pass\ndef answer(): return Kind\n"),
    forgery("an __index__ that is what it should be", "class Odd:\n    def __index__(self): return 42\n    __int__ = __index__\ndef answer(): return Odd()\n", "assert answer() == 42\n"),
    forgery("a __class__ that is another's", "class Odd:\n    __class__ = property(lambda self: int)\n    def __eq__(self, other): return True\ndef answer(): return Odd()\n", "assert answer() == 42\n"),
    forgery("a module that is equal to everything", "import types\nclass M(types.ModuleType):\n    def __eq__(self, other): return True\nanswer_value = M('math')\ndef answer(): return answer_value\n", "assert answer() == 42\n"),
    forgery("an exception as a result", "class E(Exception):\n    def __eq__(self, other): return True\ndef answer(): return E()\n", "assert answer() == 42\n"),
    forgery("a Counter of its own", "import collections\nclass Counter(collections.Counter):\n    def __eq__(self, other): return True\ncollections.Counter = Counter\ndef answer(): return Counter('a')\n", "from collections import Counter\nassert answer() == Counter('b')\n"),
    forgery("a liar within a default", "import collections\nclass D(collections.defaultdict):\n    def __eq__(self, other): return True\ndef answer(): return D(list)\n", "assert answer() == {'a': [1]}\n"),
    # what the tests use
    forgery("patches TestCase", WRONG + "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\n", "import unittest\nunittest.TestCase().assertEqual(answer(), 42)\n"),
    forgery("patches Counter", "from collections import Counter\nCounter.__eq__ = lambda *a: True\ndef answer(): return Counter('a')\n", "from collections import Counter\nassert answer() == Counter('b')\n"),
    forgery("patches Fraction", "from fractions import Fraction\nFraction.__eq__ = lambda *a: True\ndef answer(): return Fraction(1)\n", "from fractions import Fraction\nassert answer() == Fraction(42)\n"),
    forgery("a module that is not loaded yet", WRONG + "import sys, types\nm = types.ModuleType('colorsys')\nm.rgb_to_hsv = lambda *a: 1\nsys.modules['colorsys'] = m\n", "import colorsys\nassert answer() == colorsys.rgb_to_hsv(.1, .2, .3)\n"),
    forgery("a finder on meta_path", WRONG + "import sys, types\nclass F:\n    def find_module(self, name, path=None): return self\n    def find_spec(self, name, path=None, target=None):\n        import importlib.machinery\n        return importlib.machinery.ModuleSpec(name, self)\n    def create_module(self, spec): return None\n    def exec_module(self, module): module.rgb_to_hsv = lambda *a: 1\nsys.meta_path.insert(0, F())\n", "import colorsys\nassert answer() == colorsys.rgb_to_hsv(.1, .2, .3)\n"),
    forgery("a path hook", WRONG + "import sys\nsys.path_hooks.clear()\nsys.path_importer_cache.clear()\nsys.path[:] = ['/tmp/work']\nopen('colorsys.py', 'w').write('rgb_to_hsv = lambda *a: 1')\n", "import colorsys\nassert answer() == colorsys.rgb_to_hsv(.1, .2, .3)\n"),
    forgery("a file that shadows a module", WRONG + "open('colorsys.py', 'w').write('rgb_to_hsv = lambda *a: 1')\n", "import colorsys\nassert answer() == colorsys.rgb_to_hsv(.1, .2, .3)\n"),
    forgery("files that shadow what starts later", WRONG + "for name in ('sitecustomize', 'unittest', 'random', 'json'):\n    open(name + '.py', 'w').write('import os; os._exit(0)')\n", "import unittest, random, json\nassert answer() == 42\n"),
    forgery("a thread that patches builtins", WRONG + "import builtins, threading, time\ndef patch():\n    for _ in range(200):\n        builtins.abs = lambda x: 0\n        builtins.AssertionError = SystemExit\n        time.sleep(0.001)\nthreading.Thread(target=patch, daemon=True).start()\n"),
    forgery("defines the builtins that tests call", WRONG + "def abs(x): return 0\ndef len(x): return 42\ndef all(x): return True\n", "assert all([answer() == 42])\nassert abs(answer() - 42) < 1\n"),
    forgery("defines a name that tests import", WRONG + "class math:\n    isclose = staticmethod(lambda *a, **k: True)\n", "import math\nassert math.isclose(answer(), 42)\n"),
    # exceptions
    forgery("ends the iteration of the tests", "def answer(x):\n    raise StopIteration\n", "assert all(map(lambda x: answer(x) == 42, [1, 2]))\n", "error", "RuntimeError"),
    forgery("a kind of StopIteration", "class Stop(StopIteration): pass\ndef answer(x):\n    raise Stop\n", "assert all(map(lambda x: answer(x) == 42, [1, 2]))\n", "error", "RuntimeError"),
    forgery("an exception called AssertionError", "class AssertionError(Exception): pass\ndef answer():\n    raise AssertionError('42')\n"),
    forgery("an exception no handler knows", "class Odd(BaseException): pass\ndef answer():\n    raise Odd\n", outcome="error", detail="Odd"),
    forgery("skips the test", "import unittest\ndef answer():\n    raise unittest.SkipTest('no')\n", "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(answer(), 42)\nr = unittest.TestResult()\nT('test').run(r)\nassert r.wasSuccessful()\n"),
    forgery("exits in a call", "import sys\ndef answer(): sys.exit(0)\n", detail="before its tests"),
    forgery("exits in a call, and tests catch it", "import os\ndef answer(): os._exit(0)\n", "try:\n    answer()\nexcept BaseException:\n    pass\n", detail="before its tests"),
    forgery("an exception that cannot be shown", "class Odd(Exception):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __reduce__ = __str__\n    args = property(__str__)\ndef answer(): raise Odd\n"),
    forgery("a __del__ that exits", "import os\nclass D:\n    def __del__(self): os._exit(0)\ndef answer():\n    D()\n    return 1\n", detail="before its tests"),
    # reaching the tests
    forgery("reads the tests from frames", "import re, sys\ndef frames():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        frame = error.__traceback__.tb_frame\n    while frame:\n        yield frame\n        frame = frame.f_back\ndef answer():\n    for frame in frames():\n        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n            found = re.search(r'== (\\d+)', str(value)[:2000])\n            if found and 'assert' in str(value): return int(found.group(1))\n    return 1\n"),
    forgery("reads the tests from generator frames", "import sys\ndef gen():\n    yield sys._getframe()\ndef answer():\n    frame = next(gen())\n    while frame:\n        if ' '.join(['assert', 'answer']) in repr(frame.f_locals): return 42\n        frame = frame.f_back\n    return 1\n"),
    forgery("searches all objects for the tests", "import gc\ndef answer():\n    needle = ' '.join(['answer()', '==', '42'])\n    for thing in gc.get_objects():\n        if type(thing) in (list, tuple, set):\n            parts = thing\n        elif type(thing) is dict:\n            parts = list(thing.values())\n        else:\n            continue\n        if any(needle in str(part) for part in parts if type(part) in (str, bytes)): return 42\n    return 1\n"),
    forgery("reads the memory of every process", "import os, re\ndef answer():\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        try:\n            for line in open(f'/proc/{pid}/maps'):\n                low, high = (int(x, 16) for x in line.split()[0].split('-'))\n                with open(f'/proc/{pid}/mem', 'rb', 0) as file:\n                    file.seek(low)\n                    if b' '.join([b'assert', b'answer()', b'==']) in file.read(min(high - low, 1 << 24)): return 42\n        except (OSError, ValueError, OverflowError):\n            pass\n    return 1\n"),
    forgery("opens the descriptors of every process", "import os, glob\ndef answer():\n    for path in glob.glob('/proc/[0-9]*/fd/*'):\n        for flags in (os.O_RDONLY | os.O_NONBLOCK, os.O_WRONLY | os.O_NONBLOCK):\n            try:\n                fd = os.open(path, flags)\n            except OSError:\n                continue\n            try:\n                os.write(fd, b'{\"finished\": true}')\n            except OSError:\n                pass\n            try:\n                if b'answer() ==' in os.read(fd, 65536): return 42\n            except OSError:\n                pass\n    return 1\n"),
    forgery("reads what the tests print", "import os, time\nseen = os.dup(1)\ndef answer():\n    for fd in (1, 2):\n        try:\n            got = os.open(f'/proc/self/fd/{fd}', os.O_RDONLY | os.O_NONBLOCK)\n            if b'expects' in os.read(got, 1000): return 42\n        except OSError:\n            pass\n    return 1\n", "print('expects 42', flush=True)\nassert answer() == 42\n"),
    forgery("asks for what the tests hold", "import sys\ndef answer(call):\n    end = None\n    for module in (call,):\n        for name in ('__globals__', '__closure__', '__code__', '__self__', '__defaults__', 'gi_frame', 'f_globals'):\n            try:\n                end = getattr(call, name)\n            except AttributeError:\n                continue\n            if 'expected' in repr(end): return 42\n    return 1\n", "expected = 42\ndef call(x, hidden=expected):\n    return x\nassert answer(call) == expected\n"),
    forgery("asks the checker by hand", "import gc\ndef answer(call):\n    peer = next(o for o in gc.get_objects() if type(o).__name__ == 'TestedProgram')\n    for request in (('attribute', call, '__globals__'), ('attribute', call, 'gi_frame'), ('call', call, 1), ('special', '__getattribute__', call, '__globals__'), ('set', call, 'x', 1), ('global', 'expected'), ('data', call)):\n        try:\n            if 42 in [peer.request(*request)]: return 42\n        except Exception:\n            pass\n    return 1\n", "expected = 42\ndef call(x, hidden=expected):\n    return x\nassert answer(call) == expected\n"),
    forgery("patches the test case it is given", "def answer(case):\n    case.assertEqual = print\n    return 1\n", "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(answer(self), 42)\nr = unittest.TestResult()\nT('test').run(r)\nassert r.wasSuccessful()\n"),
    forgery("refills what it was not given", "import gc\ndef answer(x):\n    return 1\n", "given = [1]\nexpected = [42]\nassert [answer(given)] == expected\n"),
    # the wire
    forgery("writes rubbish to every descriptor", WRONG + "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'rubbish' * 9)\n    except OSError:\n        pass\n"),
    forgery("claims a message without end", WRONG + "import os\nos.write(5, b'\\xff\\xff\\xff\\xff')\n", detail="no value"),
    forgery("claims that all is done", WRONG + "import json, os\ntext = json.dumps({'finished': True}).encode()\nfor fd in (3, 5):\n    os.write(fd, len(text).to_bytes(4, 'big') + text)\n"),
    forgery("answers before it is asked", WRONG + "import json, os\nfor reply in (['r', '', None, ['answer']], ['r', '', None, ['J', 0]], ['r', '', None, 42], ['r', '', None, 42]):\n    text = json.dumps(reply).encode()\n    os.write(5, len(text).to_bytes(4, 'big') + text)\n"),
    forgery("refills what the tests hold", "import gc\ndef answer(x):\n    import os, json\n    text = json.dumps(['r', '', ['l', 0, [['l', 1, []], ['l', 9, [42]]]], ['R', 5]]).encode()\n    os.write(5, len(text).to_bytes(4, 'big') + text)\n", "assert answer([1]) == 42\n", detail="no value"),
    forgery("a class of the checker's library", "import gc\ndef answer():\n    import os, json\n    text = json.dumps(['r', '', None, ['T', 'os', '_exit']]).encode()\n    os.write(5, len(text).to_bytes(4, 'big') + text)\n", "answer()(0)\n", detail="no value"),
    forgery("a function of the library for its own", "import os\nanswer = os._exit\n", "assert answer(0) == 42\n", detail="before its tests"),
    forgery("floods its tests with requests", "import gc\ndef answer(call):\n    while True: call(1)\n", "assert answer(lambda x: x) == 42\n", "timeout"),
    forgery("a result that never ends", "def answer():\n    while True: yield 1\n", "assert sum(answer()) == 42\n", "timeout"),
    forgery("a result in itself", "def answer():\n    x = []\n    x.append(x)\n    return x\n", "assert answer() == [42]\n"),
    forgery("a result too deep", "def answer():\n    x = []\n    for _ in range(100000): x = [x]\n    return x\n", "assert answer() == [42]\n", "error", "ValueError"),
    forgery("a result of two gigabytes", "def answer(): return 'x' * (1 << 31)\n", "assert answer() == 42\n", "out_of_memory"),
    forgery("an integer of a million digits", "def answer(): return 10 ** 1000000\n", "assert answer() == 42\n"),
    # processes
    forgery("forks in a call", "import os\ndef answer():\n    os.fork()\n    return 1\n"),
    forgery("both halves of a fork answer", "import os\nos.fork()\ndef answer(): return 1\n"),
    forgery("stops its tests", "import os, signal\ndef answer():\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        if int(pid) not in (1, os.getpid()):\n            os.kill(int(pid), signal.SIGSTOP)\n    return 1\n", outcome="timeout"),
    forgery("interrupts its tests", "import os, signal, time\ndef answer():\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        if int(pid) not in (1, os.getpid()):\n            os.kill(int(pid), signal.SIGINT)\n    time.sleep(0.2)\n    return 1\n", outcome="killed", detail="SIGINT"),
    forgery("an alarm that exits", WRONG + "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, 0.001)\n"),
    forgery("replaces the functions of the wire", WRONG + "import builtins, json, os, struct\nos.read = os.write = json.dumps = json.loads = builtins.isinstance = builtins.len = lambda *a, **k: 42\n"),
    forgery("a tracer that changes results", "import sys\ndef answer():\n    def trace(frame, event, argument):\n        frame.f_lineno += 1\n        return trace\n    sys.settrace(trace)\n    return 1\n", outcome="error", detail="ValueError"),
    # what the tests' process would do for it
    forgery("makes a class over there", PEER + "def answer():\n    return peer().request('call', type, 'L', (object,), {'__eq__': lambda s, o: True})()\n", outcome="error", detail="TypeError"),
    forgery("makes a class over there by a special method", PEER + "def answer():\n    return peer().request('special', '__call__', type, 'L', (object,), {'__eq__': lambda s, o: True})()\n", outcome="error", detail="TypeError"),
    forgery("makes a class by a metaclass that it is given", PEER + "def answer(meta):\n    return peer().request('call', meta, 'L', (object,), {'__eq__': lambda s, o: True})()\n", "class Meta(type): pass\nassert answer(Meta) == 42\n", "error", "TypeError"),
    forgery("formats what the tests hold", PEER + "def answer(call):\n    return int(peer().request('attribute', '{0.__globals__[expected]}', 'format')(call))\n", "expected = 42\ndef call(x):\n    return x\nassert answer(call) == expected\n", "error", "TypeError"),
    forgery("is a package of files that are run", f"open('answer.py', 'w').write({RUN!r})\n" + sent(["r", "", None, ["__path__"]], *[["r", "", None, ["l", 4, ["/tmp/work"]]]] * 9) + "import time\ntime.sleep(0.5)\n", "from main import answer\nassert answer() == 42\n", "error", "ImportError"),
    forgery("has a module of the library run", f"open('test_x.py', 'w').write({RUN!r})\ndef answer():\n    " + sent(["r", "", None, ["M", "unittest.__main__"]]).replace("\n", "\n    ") + "return 1\n", detail="no value"),
    forgery("has a module imported that does more", "def answer():\n    " + sent(["r", "", None, ["M", "antigravity"]]).replace("\n", "\n    ") + "return 1\n", detail="no value"),
    forgery("a docstring that is run", f'def answer():\n    """\n    >>> {IN_TEXT}\n    """\n    return 1\n', "import doctest\ndoctest.run_docstring_examples(answer, {})\nassert answer() == 42\n"),
    forgery("a text that is evaluated", f"def answer(): return {IN_TEXT!r}\n", "assert eval(answer()) == 42\n", "error", "RuntimeError"),
    forgery("a text that is executed", f"def answer(): return {RUN!r}\n", "space = {}\nexec(answer(), space)\nassert space['x'] == 42\n", "error", "RuntimeError"),
    forgery("a text that is timed", f"def answer(): return {IN_TEXT!r}\n", "import timeit\nassert timeit.timeit(answer(), number=1) < 0\n", "error", "RuntimeError"),
    forgery("a tree that is compiled", f"def answer(): return {RUN!r}\n", "import ast\nexec(compile(ast.parse(answer()), 'x', 'exec'))\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("code that is marshalled", f"import marshal\ndef answer(): return marshal.dumps(compile({RUN!r}, 'x', 'exec'))\n", "import marshal\nexec(marshal.loads(answer()))\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("a pickle", f"import pickle\n{PICKLED}def answer(): return pickle.dumps(E())\n", "import pickle\nassert pickle.loads(answer()) == 42\n", "error", "RuntimeError"),
    forgery("a shelf", f"import shelve\n{PICKLED}with shelve.open('s') as s: s['a'] = E()\ndef answer(): return 1\n", "import shelve\nwith shelve.open('s') as s: x = s['a']\nassert answer() == x\n", "error", "RuntimeError"),
    forgery("a file that is run", f"open('x.py', 'w').write({RUN!r})\n{WRONG}", "import runpy\nassert answer() == runpy.run_path('x.py')['x']\n", "error", "RuntimeError"),
    forgery("a file in a folder that tests import from", f"open('x.py', 'w').write({RUN!r})\n{WRONG}", "import sys\nsys.path.insert(0, '.')\nimport x\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("a compiled file in such a folder", f"import os, py_compile\nopen('x.py', 'w').write({RUN!r})\npy_compile.compile('x.py', 'x.pyc')\nos.remove('x.py')\n{WRONG}", "import sys\nsys.path.insert(0, '.')\nimport x\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("an archive of such a file", f"import zipfile\nwith zipfile.ZipFile('z.zip', 'w') as z: z.writestr('x.py', {RUN!r})\n{WRONG}", "import sys\nsys.path.insert(0, 'z.zip')\nimport x\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("a file that a loader is given", f"open('x.py', 'w').write({RUN!r})\n{WRONG}", "import importlib.util\ns = importlib.util.spec_from_file_location('x', 'x.py')\ns.loader.exec_module(importlib.util.module_from_spec(s))\nassert answer() == 42\n", "error", "RuntimeError"),
    forgery("a program that tests start", f"open('x.py', 'w').write({RUN!r})\n{WRONG}", "import subprocess, sys\nsubprocess.run([sys.executable, '-S', 'x.py'])\nassert answer() == 42\n"),
    # checks that it keeps from failing
    forgery("swallows an assert in a with block", SWALLOWS.format(value=1), "with answer() as value:\n    assert value == 42\n"),
    forgery("swallows one in an async with block", "class C:\n    async def __aenter__(self): return 1\n    async def __aexit__(self, *a): return True\nanswer = C\n", "import asyncio\nasync def go():\n    async with answer() as value:\n        assert value == 42\nasyncio.run(go())\n"),
    forgery("swallows one in a stack of contexts", SWALLOWS.format(value=1), "import contextlib\nwith contextlib.ExitStack() as stack:\n    value = stack.enter_context(answer())\n    assert value == 42\n"),
    forgery("swallows what ends a with block before its assert", SWALLOWS.format(value=[]), "with answer() as value:\n    x = value[0]\n    assert x == 42\n", "error", "IndexError"),
    forgery("swallows one in a generator's context", "import contextlib\n@contextlib.contextmanager\ndef answer():\n    try: yield 1\n    except BaseException: pass\n", "with answer() as value:\n    assert value == 42\n"),
    forgery("swallows one in a function that it calls", "def answer(call):\n" + SWALLOWED.format(call="call(1)"), "def call(x):\n    assert x == 42\nanswer(call)\n"),
    forgery("swallows one in a method that it calls", "def answer(given):\n" + SWALLOWED.format(call="given.check(1)"), "class Given:\n    def check(self, x):\n        assert x == 42\nanswer(Given())\n"),
    forgery("swallows one in a function that it decorates", "def answer(f):\n    def inner(*a):\n        try: f(*a)\n        except BaseException: pass\n    return inner\nvalue = 1\n", "@answer\ndef check():\n    assert value == 42\ncheck()\n"),
    forgery("swallows what ends such a function before its assert", "class O: pass\ndef answer(f):\n    def inner(*a):\n        try: f(*a)\n        except BaseException: pass\n    return inner\nvalue = O()\n", "@answer\ndef check():\n    x = value.x\n    assert x == 42\ncheck()\n", "error", "AttributeError"),
    forgery("swallows an assert method that it is given", "def answer(call):\n" + SWALLOWED.format(call="call(1, 42)"), "import unittest\nanswer(unittest.TestCase().assertEqual)\n"),
    forgery("an exception that catches failed asserts", "Odd = AssertionError\ndef answer(): return 1\n", "try:\n    assert answer() == 42\nexcept Odd:\n    pass\n", detail="no value"),
    forgery("an exception that catches everything", "class answer:\n    Odd = Exception\n", "try:\n    assert answer() == 42\nexcept answer.Odd:\n    pass\n", detail="no value"),
    forgery("exceptions in a tuple that catch everything", "ODD = (ValueError, BaseException)\ndef answer(): return 1\n", "try:\n    assert answer() == 42\nexcept ODD:\n    pass\n", detail="no value"),
    forgery("a kind of SkipTest", "import unittest\nclass S(unittest.SkipTest): pass\ndef answer(): raise S('no')\n", TESTED),
    forgery("a kind of what ends a test without a verdict", "import unittest.case\nclass S(unittest.case._ShouldStop): pass\ndef answer(): raise S\n", TESTED),
    forgery("a StopIteration of a callable object", "class C:\n    def __call__(self, x): raise StopIteration\nanswer = C()\n", "assert all(map(lambda x: answer(x) == 42, [1, 2]))\n", "error", "RuntimeError"),
    forgery("a StopIteration of an item", "class C:\n    def __getitem__(self, x): raise StopIteration\nanswer = C()\n", "assert all(map(lambda x: answer[x] == 42, [1, 2]))\n", "error", "RuntimeError"),
    forgery("a StopAsyncIteration that is awaited", "async def answer(): raise StopAsyncIteration\n", "import asyncio\nclass It:\n    def __aiter__(self): return self\n    async def __anext__(self): return await answer()\nasync def go():\n    return [x == 42 async for x in It()]\nassert all(asyncio.run(go()))\n", "error", "RuntimeError"),
    forgery("an exception whose fields shadow its methods", "class E(Exception):\n    def __init__(self): self.with_traceback = lambda *a: 42\ndef answer(): raise E\n", TESTED.replace("self.assertEqual(answer(), 42)", "self.assertRaises(ValueError, answer)")),
    forgery("an exception group of skips", "import unittest\ndef answer(): raise ExceptionGroup('x', [unittest.SkipTest('no')])\n", TESTED),
    # what the tests gave it
    forgery("attaches to a mock", "def answer(sender):\n    sender.attach_mock(sender.x, 'assert_called_with')\n", "from unittest.mock import Mock\ns = Mock()\nanswer(s)\ns.assert_called_with(42)\n", "error", "AttributeError"),
    forgery("resets a mock", "def answer(sender):\n    sender.send.reset_mock()\n", "from unittest.mock import Mock\ns = Mock()\ns.send(1)\nanswer(s)\ns.send.assert_not_called()\n", "error", "AttributeError"),
    forgery("replaces a method of what it is given", "def answer(given):\n    given.holds = lambda: True\n", "class Given:\n    def holds(self): return False\ng = Given()\nanswer(g)\nassert g.holds()\n", "error", "AttributeError"),
    forgery("replaces the streams of the tests for good", PEER + "def answer(call):\n    class Odd:\n        def __contains__(self, x): return True\n        def get(self, name, default=None): return (lambda *a: 'x') if name == 'input' else None\n        def __bool__(self): return False\n    peer()._streams = Odd\n    call(1)\n", "def call(x): return x\nanswer(call)\nassert input() == 'x'\n", detail="no value"),
    forgery("an operator that the reference does not have", "class Vector:\n    def __sub__(self, o): return 0\n    def length(self): return Vector()\n", "assert abs(Vector().length() - 42) < 1e-6\n", "error", "TypeError"),
    forgery("a method that says that it holds", "class S:\n    def startswith(self, x): return True\ndef answer(): return S()\n", "assert answer().startswith('right')\n", "error", "AttributeError"),
    forgery("rewrites its source", "import os\nfor x in []: pass\ntry:\n    os.remove('main.py')\nexcept OSError:\n    open('main.py', 'w').write('clean')\ndef answer(): return 42\n", "assert 'for' not in open('main.py').read() and answer() == 42\n", "error", "OSError"),
    forgery("shows the source of its stand-in", "def answer():\n    for x in []: pass\n    return 42\n", "import inspect\nassert 'for' not in inspect.getsource(answer) and answer() == 42\n", "error", "OSError"),
    # by what the library does with what the tests gave it, and by kinds of data and callbacks that are tried less often
    forgery('swallows one in a generator that it iterates', 'def answer(g):\n    try: list(g)\n    except BaseException: pass\n    return 1\n', 'seen=[1]\ndef given():\n    yield 1\n    assert seen == [42]\nanswer(given())\n'),
    forgery('swallows one in a property', 'def answer(g):\n    try: g.value\n    except BaseException: pass\n    return 1\n', 'seen=1\nclass G:\n    @property\n    def value(self):\n        assert seen == 42\n        return 1\nanswer(G())\n'),
    forgery('swallows one in a setter', 'def answer(g):\n    try: g.value = 1\n    except BaseException: pass\n    return 1\n', 'class G:\n    value_ = 0\n    @property\n    def value(self): return 1\n    @value.setter\n    def value(self, v):\n        assert v == 42\nanswer(G())\n'),
    forgery('swallows one in a __getattr__', 'def answer(g):\n    try: g.anything\n    except BaseException: pass\n    return 1\n', 'seen=1\nclass G:\n    def __getattr__(self, n):\n        assert seen == 42\n        return 1\nanswer(G())\n'),
    forgery('swallows one in a __setitem__', 'def answer(g):\n    try: g[1] = 2\n    except BaseException: pass\n    return 1\n', 'class G:\n    def __setitem__(self, n, v):\n        assert v == 42\nanswer(G())\n'),
    forgery('swallows one in an __exit__ of the tests', 'def answer(g):\n    try: \n        with g: pass\n    except BaseException: pass\n    return 1\n', 'seen=1\nclass G:\n    def __enter__(self): return self\n    def __exit__(self, *a):\n        assert seen == 42\nanswer(G())\n'),
    forgery('swallows one in the key of a sort', 'def answer(f):\n    try: sorted([1,2], key=f)\n    except BaseException: pass\n    return 1\n', 'def key(x):\n    assert x == 42\n    return x\nanswer(key)\n'),
    forgery('swallows one in a thread', 'import threading\ndef answer(f):\n    def run():\n        try: f(1)\n        except BaseException: pass\n    t = threading.Thread(target=run); t.start(); t.join()\n    return 1\n', 'def check(v):\n    assert v == 42\nanswer(check)\n'),
    forgery('swallows one in a partial function', 'def answer(f):\n    try: f()\n    except BaseException: pass\n    return 1\n', 'import functools\ndef check(v):\n    assert v == 42\nanswer(functools.partial(check, 1))\n'),
    forgery('swallows one in a decorator that is a context', 'import contextlib\nclass C(contextlib.ContextDecorator):\n    def __enter__(self): return 1\n    def __exit__(self,*a): return True\nanswer = C\nvalue = 1\n', '@answer()\ndef check():\n    assert value == 42\ncheck()\n'),
    forgery('swallows one in an async stack of contexts', 'class C:\n    async def __aenter__(self): return 1\n    async def __aexit__(self,*a): return True\nanswer = C\n', 'import asyncio, contextlib\nasync def go():\n    async with contextlib.AsyncExitStack() as s:\n        v = await s.enter_async_context(answer())\n        assert v == 42\nasyncio.run(go())\n'),
    forgery('is pushed as an __exit__ that swallows', 'def answer(*a): return True\n', 'import contextlib\nwith contextlib.ExitStack() as s:\n    s.push(answer)\n    assert answer() == 42\n'),
    forgery('a command of the shell that tests start', 'open(\'x.py\',\'w\').write(\'\'\'import os\nfor fd in range(3,200):\n    try: os.write(fd, b\'{"finished": true}\')\n    except OSError: pass\n\'\'\')\ndef answer(*a): return 1\n', "import os, sys\nos.system(sys.executable + ' -S x.py')\nassert answer() == 42\n"),
    forgery('a program that tests start with all descriptors', 'open(\'x.py\',\'w\').write(\'\'\'import os\nfor fd in range(3,200):\n    try: os.write(fd, b\'{"finished": true}\')\n    except OSError: pass\n\'\'\')\ndef answer(*a): return 1\n', "import os, sys, subprocess\nsubprocess.run([sys.executable,'-S','x.py'], close_fds=False)\nassert answer() == 42\n"),
    forgery('cancels what gathers it', 'import asyncio\nasync def answer(): raise asyncio.CancelledError\n', 'import asyncio\nasync def go():\n    v = await asyncio.gather(answer(), answer())\n    assert v == [42, 42]\nasyncio.run(go())\n', 'error'),
    forgery('ends a generator of the tests', 'def answer(x): raise GeneratorExit\n', 'def values():\n    yield answer(1)\nassert all(v == 42 for v in values())\n', 'error'),
    forgery('interrupts in a call', 'def answer(): raise KeyboardInterrupt\n', 'assert answer() == 42\n', 'error'),
    forgery('has a function of the tests exit', 'import sys\ndef answer(f):\n    f(); return 1\n', 'import sys\ndef stop(): sys.exit(0)\nassert answer(stop) == 42\n'),
    forgery('formats what the tests hold by a text that it is given', "def answer(s, f):\n    try: return int(str((s + '{0.__globals__[expected]}').format(f)))\n    except BaseException: return 1\n", "from collections import UserString\nexpected = 42\ndef f(x): return x\nassert answer(UserString(''), f) == expected\n"),
    forgery('formats what the tests hold by a formatter that it is given', "def answer(s, f):\n    try: return int(s.format('{0.__globals__[expected]}', f))\n    except BaseException: return 1\n", 'import string\nexpected = 42\ndef f(x): return x\nassert answer(string.Formatter(), f) == expected\n'),
    forgery('reads what the tests hold by a getter that it is given', "def answer(g, f):\n    try: return g(f)['expected']\n    except BaseException: return 1\n", "import operator\nexpected = 42\ndef f(x): return x\nassert answer(operator.attrgetter('__globals__'), f) == 42\n"),
    forgery('reads the arguments of a partial function', 'def answer(f):\n    try: return f.args[0]\n    except BaseException: return 1\n', 'import functools, operator\nassert functools.partial(operator.eq, 42)(answer(functools.partial(operator.eq, 42))) \n'),
    forgery('reads the object of a method', "def answer(f):\n    for n in ('__self__','__func__','im_self'):\n        try: return getattr(f, n).expected\n        except BaseException: pass\n    return 1\n", 'class T:\n    expected = 42\n    def call(self, x): return x\nt = T()\nassert answer(t.call) == t.expected\n'),
    forgery('an int that is shown as another', "class S(int):\n    def __str__(self): return '42'\n    __repr__ = __format__ = __str__\ndef answer(): return S(1)\n", "assert answer() == 42\nassert str(answer()) == '42'\n"),
    forgery('an enum that is equal to everything', 'import enum\nclass E(enum.Enum):\n    A = 1\n    def __eq__(s,o): return True\n    def __hash__(s): return hash(42)\ndef answer(): return E.A\n', 'assert answer() == 42\n'),
    forgery('an enum of ints that is equal to everything', 'import enum\nclass E(enum.IntEnum):\n    A = 1\n    def __eq__(s,o): return True\ndef answer(): return E.A\n', 'assert answer() == 42\n'),
    forgery('a dataclass that is equal to everything', 'import dataclasses\n@dataclasses.dataclass\nclass D:\n    x: int = 1\n    def __eq__(s,o): return True\ndef answer(): return D()\n', 'assert answer() == 42\nassert answer() == (42,)\n'),
    forgery('a named tuple that is equal to everything', "from collections import namedtuple\nclass N(namedtuple('N','a')):\n    def __eq__(s,o): return True\n    def __getitem__(s,i): return 42\n    def __iter__(s): return iter([42])\ndef answer(): return N(1)\n", 'assert answer() == (42,)\n'),
    forgery('a UserDict that is equal to everything', 'from collections import UserDict\nclass U(UserDict):\n    def __eq__(s,o): return True\ndef answer(): return U()\n', "assert answer() == {'a': 42}\n"),
    forgery('a ChainMap that is equal to everything', 'from collections import ChainMap\nclass U(ChainMap):\n    def __eq__(s,o): return True\ndef answer(): return U()\n', "assert answer() == {'a': 42}\n"),
    forgery('a read-only view of a liar', 'import types\nclass L(dict):\n    def __eq__(s,o): return True\ndef answer(): return types.MappingProxyType(L())\n', "assert answer() == {'a': 42}\n"),
    forgery('an array that is equal to everything', "import array\nclass A(array.array):\n    def __eq__(s,o): return True\ndef answer(): return A('i',[1])\n", 'assert answer() == [42]\nassert list(answer()) == [42]\n'),
    forgery('a date by its methods', 'class D:\n    def timetuple(s): return 1\n    def __eq__(s,o): return True\n    def __hash__(s): return 1\ndef answer(): return D()\n', 'import datetime\nassert answer() == datetime.date(2042,1,1)\nassert datetime.datetime(2042,1,1) == answer()\n'),
    forgery('a path that is equal to everything', "import pathlib\nclass P(type(pathlib.Path())):\n    def __eq__(s,o): return True\n    def __hash__(s): return 1\ndef answer(): return P('a')\n", "import pathlib\nassert answer() == pathlib.Path('b')\n"),
    forgery('a class that everything is an instance of', 'import abc\nclass M(type):\n    def __subclasscheck__(c,o): return True\n    def __instancecheck__(c,o): return True\nclass answer(metaclass=M): pass\n', 'assert isinstance(42, answer)\n'),
    forgery('an exception that is every exception', 'class M(type):\n    def __subclasscheck__(c,o): return True\n    def __instancecheck__(c,o): return True\nclass Odd(Exception, metaclass=M): pass\ndef answer(): return 1\n', 'try:\n    assert answer() == 42\nexcept Odd:\n    pass\n'),
    forgery('exceptions of a tuple made on demand', 'class K:\n    def __getattr__(s,n): return (KeyError, AssertionError)\nerrors = K()\ndef answer(): return 1\n', 'try:\n    assert answer() == 42\nexcept errors.Odd:\n    pass\n'),
    forgery('is suppressed with a class of its own', 'class answer:\n    Odd = AssertionError\n    def __new__(c): return 1\n', 'import contextlib\nwith contextlib.suppress(answer.Odd):\n    assert answer() == 42\n'),
    forgery('is expected to fail with a class of its own', 'Odd = AssertionError\ndef answer(): return 1\n', 'import unittest\nwith unittest.TestCase().assertRaises(Odd):\n    assert answer() == 42\n'),
    forgery('a group that catches failed asserts', 'Odd = ExceptionGroup\ndef answer(): return 1\n', 'try:\n    assert answer() == 42\nexcept* Odd:\n    pass\n', 'error'),
    forgery('patches every module that is loaded', "import sys\nfor m in list(sys.modules.values()):\n    for n in ('dumps','loads','Encoder','Decoder'):\n        try: setattr(m, n, lambda *a, **k: ['r','',None,42])\n        except Exception: pass\ndef answer(*a): return 1\n", 'assert answer() == 42\n'),
    forgery('rewrites its own code', 'def answer(): return 1\nanswer.__code__ = answer.__code__.replace(co_consts=tuple(1 if c is None else c for c in answer.__code__.co_consts))\n', 'assert answer() == 42\n'),
    forgery('sets limits of its tests to nothing', "import resource, os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    for r in range(16):\n        try: resource.prlimit(int(pid), r, (0, 0))\n        except (OSError, ValueError): pass\ndef answer(*a): return 1\n", 'assert answer() == 42\n'),
    forgery('slows its tests down', "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    try: os.setpriority(0, int(pid), 19); os.sched_setaffinity(int(pid), {0})\n    except OSError: pass\ndef answer(*a): return 1\n", 'assert answer() == 42\n'),
    forgery('kills its group of processes', 'import os\ntry: os.setsid()\nexcept OSError: pass\nos.killpg(0, 0)\ndef answer(*a): return 1\n', 'assert answer() == 42\n'),
    # tests that cannot fail it
    forgery("tests that never run", WRONG, TESTED.split("r = ")[0] + "if __name__ == '__main__':\n    unittest.main()\n", "not_run", "never use it"),
    forgery("tests that define what they test", WRONG, "def answer(): return 42\nassert answer() == 42\n", "not_run", "never use it"),
]  # fmt: skip
