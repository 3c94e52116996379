"""Answers in other languages than Python that attack: each prints BREACH where it gets through, and ends as stated.

In the sources, $CANARY is a file of the host, $PORT a port on which the host listens, $PID the process of the tests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostileAnswer:
    """`outcome` may be several, with "|" between them: which of two limits is met first depends on the machine."""

    language: str
    name: str
    outcome: str
    source: str


C = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n#include <signal.h>\n#include <fcntl.h>\n#include <sys/types.h>\n#include <sys/wait.h>\n#include <sys/mman.h>\n#include <sys/socket.h>\n#include <netinet/in.h>\n#include <arpa/inet.h>\n"


def c(name: str, outcome: str, body: str) -> HostileAnswer:
    return HostileAnswer("c", name, outcome, f"{C}int main(void) {{ {body} return 0; }}\n")


def cpp(
    name: str,
    outcome: str,
    body: str,
    includes: str = "iostream fstream vector string thread stdexcept filesystem",
) -> HostileAnswer:
    lines = "".join(f"#include <{one}>\n" for one in [*includes.split(), "unistd.h", "signal.h"])
    return HostileAnswer("cpp", name, outcome, f"{lines}int main() {{ {body} return 0; }}\n")


def java(name: str, outcome: str, body: str) -> HostileAnswer:
    imports = "import java.util.*; import java.io.*; import java.net.*; import java.nio.file.*;\n"
    return HostileAnswer(
        "java",
        name,
        outcome,
        f"{imports}public class Main {{ public static void main(String[] a) throws Exception {{ {body} }} }}\n",
    )


def bash(name: str, outcome: str, source: str) -> HostileAnswer:
    return HostileAnswer("bash", name, outcome, source + "\n")


def js(name: str, outcome: str, source: str) -> HostileAnswer:
    return HostileAnswer("javascript", name, outcome, source + "\n")


ANSWERS = [
    bash("a fork bomb", "timeout|killed|error", "b() { b | b & b; }\nb\nwhile :; do :; done"),
    bash("a loop", "timeout", "while :; do :; done"),
    bash("ignores every signal", "timeout", "for s in $(seq 1 64); do trap '' $s 2>/dev/null; done\nwhile :; do :; done"),
    bash("memory without end", "out_of_memory", "tail /dev/zero"),
    bash("a text that doubles", "out_of_memory", "x=x\nwhile :; do x=$x$x; done"),
    bash("output without end", "output_limit", "yes"),
    bash("a file that grows", "error|killed", "cat /dev/zero > big"),
    bash("a child that stays", "passed", "nohup sleep 600 >/dev/null 2>&1 &\nsetsid sleep 600 >/dev/null 2>&1 &"),
    bash("reads the host's file", "passed", "cat '$CANARY' && echo BREACH\ntrue"),
    bash("connects to the host", "passed", "(exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null && echo BREACH\ntrue"),
    bash("kills the host's process", "passed", "kill -9 $PID 2>/dev/null && echo BREACH\ntrue"),
    bash("kills its supervisor", "passed", "kill -9 $PPID 1 2>/dev/null\ntrue"),
    bash("kills itself", "killed", "kill -9 $$$$"),
    bash("removes everything", "passed", "rm -rf --no-preserve-root / 2>/dev/null\ntrue"),
    bash("writes into the system", "passed", "for f in /usr/x /etc/x /x /sandbox/x; do echo x > $f && echo BREACH; done 2>/dev/null\ntrue"),
    bash("mounts", "passed", "mount -t tmpfs x /mnt 2>/dev/null && echo BREACH\nunshare -r true 2>/dev/null && echo BREACH\ntrue"),
    bash("escapes of the terminal", "passed", "printf '\\033]0;owned\\007\\033[2J\\342\\200\\256'"),
    bash("bytes that are no text", "passed", "head -c 1000 /dev/urandom"),
    js("a loop", "timeout", "while (true) {}"),
    js("a loop of promises", "timeout|out_of_memory", "const f = () => Promise.resolve().then(f); f();"),
    js("memory without end", "out_of_memory", "const x = []; while (true) x.push(new Array(1e6).fill(1));"),
    js("a text that doubles", "error|out_of_memory|killed", "let x = 'x'; while (true) x += x;"),
    js("buffers outside the heap", "out_of_memory", "const x = []; while (true) x.push(Buffer.alloc(1 << 26, 1));"),
    js("output without end", "output_limit", "while (true) require('fs').writeSync(1, 'x'.repeat(65536));"),
    js("reads the host's file", "passed", "try { require('fs').readFileSync('$CANARY'); console.log('BREACH'); } catch (e) {}"),
    js("connects to the host", "passed", "require('net').connect($PORT, '127.0.0.1').on('connect', () => console.log('BREACH')).on('error', () => {});"),
    js("kills the host's process", "passed", "try { process.kill($PID, 9); console.log('BREACH'); } catch (e) {}"),
    js("children that stay", "passed", "for (let i = 0; i < 5; i++) require('child_process').spawn('sleep', ['600'], {detached: true, stdio: 'ignore'}).unref();"),
    js("exits in the middle", "error", "process.exit(3);"),
    js("aborts", "killed", "process.abort();"),
    js("a prototype of everything", "passed", "Object.prototype.toString = () => 'x'; Array.prototype.push = null; console.log = () => {}; process.exitCode = 0;"),
    js("deep recursion", "error", "const f = () => 1 + f(); f();"),
    js("environment and home", "passed", "for (const v of Object.values(process.env)) if (/root|home\\/[a-z]/.test(v)) console.log('BREACH', v);"),
    c("a loop", "timeout", "for (;;) ;"),
    c("a fork bomb", "timeout|killed", "for (;;) fork();"),
    c("memory without end", "out_of_memory", "for (;;) { char *p = malloc(1 << 24); if (p) memset(p, 1, 1 << 24); else exit(1 / 0 * 0 + 9); }".replace("exit(1 / 0 * 0 + 9)", "abort()")),
    c("memory without a look at what malloc returns", "out_of_memory", "for (;;) memset(malloc(1 << 22), 1, 1 << 22);"),
    c("shared memory without end", "out_of_memory", "for (;;) { char *p = mmap(0, 1 << 24, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0); if (p == MAP_FAILED) abort(); memset(p, 1, 1 << 24); }"),
    c("a null pointer", "killed", "*(volatile int *)0 = 1;"),
    c("the stack without end", "killed", "char x[1 << 30]; memset(x, 1, sizeof x); printf(\"%d\", x[5]);"),
    c("reads the host's file", "passed", "if (open(\"$CANARY\", 0) >= 0) puts(\"BREACH\");"),
    c("connects to the host", "passed", "struct sockaddr_in s = {AF_INET, htons($PORT), {htonl(0x7f000001)}}; if (connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&s, sizeof s) == 0) puts(\"BREACH\");"),
    c("kills all that it may", "passed", "signal(SIGTERM, SIG_IGN); if (kill($PID, 9) == 0) puts(\"BREACH\"); kill(1, 9); kill(-1, SIGTERM);"),
    c("becomes another user", "passed", "if (setuid(0) == 0 || setgid(0) == 0) puts(\"BREACH\");"),
    c("writes to every descriptor", "passed", "for (int i = 3; i < 256; i++) if (write(i, \"{}\", 2) > 0) puts(\"BREACH\");"),
    c("a program that compiles for ever", "timeout|error|out_of_memory", "return 0; } \n#define A(x) x x x x x x x x x x\n#define B A(A(A(A(A(A(A(A(A(;)))))))))\nvoid f(void) { B "),
    c("includes a device", "timeout|error|out_of_memory", "return 0; }\n#include \"/dev/zero\"\nint g(void) { "),
    cpp("an exception that nobody catches", "error", "throw std::runtime_error(\"x\");"),
    cpp("memory without end", "out_of_memory", "std::vector<std::vector<int>> v; for (;;) v.emplace_back(1 << 22, 1);"),
    cpp("threads without end", "error|killed|timeout|out_of_memory", "std::vector<std::thread> v; for (;;) v.emplace_back([] { for (;;) ; });"),
    cpp("templates without end", "error|timeout|out_of_memory", "return f<0>(); } template <int n> int g() { return g<n + 1>(); } int h() { return g<0>(); "),
    cpp("reads the host's file", "passed", "std::ifstream f(\"$CANARY\"); if (f) std::cout << \"BREACH\";"),
    cpp("lists the host", "passed", "std::error_code e; for (auto p : {\"/root\", \"/home\", \"/workspace\"}) if (std::filesystem::exists(p, e)) std::cout << \"BREACH \" << p;"),
    cpp("output without end", "output_limit", "for (;;) std::cout << \"xxxxxxxxxxxxxxxxxxxxxxxxxxx\";"),
    java("a loop", "timeout", "while (true) { }"),
    java("memory without end", "out_of_memory", "List<long[]> l = new ArrayList<>(); while (true) l.add(new long[1 << 20]);"),
    java("memory outside the heap", "out_of_memory", "List<java.nio.ByteBuffer> l = new ArrayList<>(); while (true) { l.add(java.nio.ByteBuffer.allocateDirect(1 << 22)); for (int i = 0; i < 1 << 22; i += 4096) l.get(l.size() - 1).put(i, (byte) 1); }"),
    java("exits in the middle", "error", "System.exit(3);"),
    java("reads the host's file", "passed", "if (new File(\"$CANARY\").exists()) System.out.println(\"BREACH\");"),
    java("connects to the host", "passed", "try { new Socket(\"127.0.0.1\", $PORT); System.out.println(\"BREACH\"); } catch (IOException e) { }"),
    java("an error nobody catches", "error", "throw new StackOverflowError(\"x\");"),
    java("children that stay", "passed", "for (int i = 0; i < 3; i++) new ProcessBuilder(\"sleep\", \"600\").start();"),
    HostileAnswer("php", "a loop", "timeout", "<?php while (true) {}"),
    HostileAnswer("php", "memory without end", "out_of_memory", "<?php $a = []; while (true) $a[] = str_repeat('x', 1 << 20);"),
    HostileAnswer("php", "reads the host's file", "passed", "<?php if (@file_get_contents('$CANARY') !== false) echo 'BREACH';"),
    HostileAnswer("php", "output without end", "output_limit", "<?php while (true) echo str_repeat('x', 65536);"),
    HostileAnswer("php", "kills the host's process", "passed", "<?php @exec('kill -9 $PID && echo BREACH', $out); echo implode($out);"),
    HostileAnswer("ruby", "a loop", "timeout", "loop {}"),
    HostileAnswer("ruby", "memory without end", "out_of_memory", "a = []; loop { a << 'x' * (1 << 20) }"),
    HostileAnswer("ruby", "reads the host's file", "passed", "begin\n  File.read('$CANARY')\n  puts 'BREACH'\nrescue SystemCallError\nend"),
    HostileAnswer("ruby", "exits without exit functions", "error", "exit!(3)"),
    HostileAnswer("ruby", "output without end", "output_limit", "loop { $stdout.write('x' * 65536) }"),
    HostileAnswer("go", "memory without end", "out_of_memory", "package main\nfunc main() { s := []byte{1}; for { s = append(s, s...) } }"),
    HostileAnswer("sql", "counts without end", "passed", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c;"),
    HostileAnswer("sql", "a large blob", "out_of_memory|error|passed", "SELECT length(zeroblob(900000000));"),
    HostileAnswer("sql", "attaches the host's file", "error|passed", "ATTACH DATABASE '$CANARY' AS c; SELECT 'BREACH' FROM c.sqlite_master;"),
    HostileAnswer("sql", "reads a file", "error|passed|not_run", "SELECT 'BREACH' || readfile('$CANARY') WHERE readfile('$CANARY') IS NOT NULL;"),
    HostileAnswer("sql", "loads an extension", "error|passed|not_run", "SELECT load_extension('/usr/lib/x86_64-linux-gnu/libc.so.6');"),
    HostileAnswer("html", "elements without end", "passed|error", "<div>" * 20_000),
    HostileAnswer("html", "entities and scripts", "passed|error", "<script>while(true){}</script><p onclick=\"x\">&#x202e;\x1b[2J</p>"),
    HostileAnswer("yaml", "aliases that unfold", "error|passed", "a: &a [x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(24))),
    HostileAnswer("yaml", "makes an object", "error|passed", "!!python/object/apply:os.system ['touch BREACH']"),
    HostileAnswer("json", "nested without end", "error|passed", "[" * 100_000),
    HostileAnswer("css", "braces without end", "error|passed", "a{" * 20_000),
]  # fmt: skip
