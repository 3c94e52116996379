"""Programs and fragments of each language run, and a missing tool is named."""

import pytest

from src.evaluation.execution.runners import run_program
from src.evaluation.execution.tools import find_tool
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits, Sandbox

PROGRAMS = [  # language, code, outcome, stdout
    ("python", "print(1 + 1)", "passed", "2\n"),
    ("python", "print(x)", "error", ""),
    ("javascript", "console.log([1, 2].map(x => x * 2).join())", "passed", "2,4\n"),
    ("javascript", "import os from 'os';\nconsole.log(typeof os)", "passed", "object\n"),
    ("javascript", "console.log(", "error", ""),
    ("javascript", "document.title = 'x';", "not_run", ""),
    ("javascript", "const app = require('express')();", "not_run", ""),
    ("javascript", "const x = require('./no-such-file');", "error", ""),
    ("javascript", "undefinedName();", "error", ""),
    ("javascript", "async function f() { return 1; }\nf().then(console.log);", "passed", "1\n"),
    ("javascript", "export const twice = n => 2 * n;\nconsole.log(twice(2));", "passed", "4\n"),
    ("typescript", "const n: number = 2;\nconsole.log(n);", "passed", "2\n"),
    ("typescript", "const n: number = 'two';", "error", ""),
    ("typescript", "interface P { x: number }\nfunction f(p: P): number { return p.x; }\nconsole.log(f({ x: 3 }));",
     "passed", "3\n"),
    ("bash", "for i in 1 2; do echo $i; done", "passed", "1\n2\n"),
    ("bash", "no_such_command_here", "error", ""),
    ("bash", "kubectl get pods", "not_run", ""),
    ("bash", "if [ 1 -eq 1 ]; then echo yes; ", "error", ""),
    ("bash", "twice() { echo $((2 * $1)); }\ntwice 4", "passed", "8\n"),
    ("sql", "SELECT name FROM pets", "passed", ""),
    ("sql", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n VARCHAR(9));\n"
            "INSERT INTO t (n) VALUES ('a');\nSELECT * FROM t;", "passed", "(1, 'a')\n"),
    ("sql", "CREATE TABLE t (a INT); SELECT b FROM t;", "error", ""),
    ("sql", "SELEC name FRM pets", "error", ""),
    ("c", '#include <stdio.h>\nint main(void) { printf("hi\\n"); return 0; }', "passed", "hi\n"),
    ("c", "int add(int a, int b) { return a + b; }", "passed", ""),
    ("c", 'int x = 3;\nprintf("%d\\n", x);', "passed", "3\n"),
    ("c", "int f(struct node *n) { return n->v; }", "not_run", ""),
    ("c", "int main(void) { return 1 }", "error", ""),
    ("c", "int main(void) { return 3; }", "error", ""),
    ("c", "int *p = 0;\n*p = 1;", "killed", ""),
    ("c", 'for (int i = 0; i < 2; i++)\n    printf("%d", i);', "passed", "01"),
    ("c", 'int main(void) { printf("%.1f", sqrt(4)); return 0; }', "passed", "2.0"),
    ("cpp", "#include <iostream>\nint main() { std::cout << 7; }", "passed", "7"),
    ("cpp", "vector<int> f() { return {1}; }", "passed", ""),
    ("cpp", "int a = 5;\ncout << a;", "passed", "5"),
    ("cpp", "int twice(int a) { return 2 * a; }\ncout << twice(4);", "passed", "8"),
    ("cpp", "class A { public: int x; };\nA a; a.x = 3;\nstd::cout << a.x;", "passed", "3"),
    ("cpp", "int x = 1;\nx = 5;\nint y = x;\ncout << y;", "passed", "5"),
    ("cpp", "int count = 0;\nvoid f();\nvoid f() { count++; }\nf();\nf();\ncout << count;", "passed", "2"),
    ("c", '#include "my_made_up_header.h"\nint main(void) { return 0; }', "error", ""),
    ("c", "#include <graphics.h>\nint main(void) { return 0; }", "not_run", ""),
    ("cpp", "#include <boost/any.hpp>\nint main() { }", "not_run", ""),
    ("cpp", "int f() { return 1; }\n/* int main() { return 0; } */", "passed", ""),
    ("java", 'public class B { public static void main(String[] a) { System.out.println("hi"); } }', "passed", "hi\n"),
    ("java", "class A { int f() { return 1; } }", "passed", ""),
    ("java", "import java.util.*; public class M { public static void main(String[] a) { System.out.println(List.of(1)); } }",
     "passed", "[1]\n"),
    ("java", "package p; import java.util.*; public class M { public static void main(String[] a) { System.out.println(2); } }",
     "passed", "2\n"),
    ("java", "interface I {} public class M implements I { public static void main(String[] a) { System.out.println(3); } }",
     "passed", "3\n"),
    ("java", "public int twice(int a) { return 2 * a; }", "passed", ""),
    ("java", "int sq(int a) { return a * a; }\nSystem.out.println(sq(4));", "passed", "16\n"),
    ("java", "public int f(Missing m) { return m.v; }", "not_run", ""),
    ("java", "class A { int f( { } }", "error", ""),
    ("java", "class S { int f(TreeNode n) { return n.v; } }", "not_run", ""),
    ("java", "class A { int f() { return missing; } }", "error", ""),
    ("java", "import java.util.*;\nint n = 2;\nList<Integer> l = new ArrayList<>();\nl.add(n);\n"
             "System.out.println(l);", "passed", "[2]\n"),
    ("java", "interface Shape { double area(); }\nclass Box implements Shape { public double area() { return 2; } }\n"
             "public class Go { public static void main(String[] a) { System.out.println(new Box().area()); } }",
             "passed", "2.0\n"),
    ("java", "import com.example.shapes.Box;\nclass A { int f() { return 1; } }", "error", ""),
    ("java", "import org.json.JSONObject;\nclass A { JSONObject o; }", "not_run", ""),
    ("php", "echo 1;", "passed", "1"),
    ("php", "<?php function twice($n) { return 2 * $n; } echo twice(2); ?>", "passed", "4"),
    ("php", "<p><?= 1 + 1 ?></p>", "passed", "<p>2</p>"),
    ("php", "echo undefined_function();", "error", ""),
    ("php", "echo (;", "error", ""),
    ("ruby", "puts 1", "passed", "1\n"),
    ("ruby", "puts [1, 2].sum\nputs missing", "error", "3\n"),
    ("ruby", "require 'no_such_gem'", "error", ""),
    ("go", 'fmt.Println("hi")', "error", ""),
    ("go", "func f() int { return 1 }", "passed", ""),
    ("go", 'package main\nimport "fmt"\nfunc main() { fmt.Println("hi") }', "passed", "hi\n"),
    ("go", "package main\nfunc main() { x := 1 }", "error", ""),
    ("rust", "fn f() -> i32 { 1 }", "passed", ""),
    ("html", "<p>hi</p>", "passed", ""),
    ("html", "<div><b>hi</div>", "error", ""),
    ("css", "p { color: red; }", "passed", ""),
    ("css", "p { color", "error", ""),
    ("json", '{"a": 1}', "passed", ""),
    ("yaml", "a: [1", "error", ""),
    ("yaml", "a:\n  - 1", "passed", ""),
    ("yaml", "The answer is 3.", "error", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def limits():
    """Compilers on a busy machine take long."""
    return Limits(wall_s=60)


@pytest.mark.parametrize(("language", "code", "outcome", "stdout"), PROGRAMS)
def test_programs_and_fragments_run(sandbox, language, code, outcome, stdout):
    execution = run_program(language, sandbox, code)
    tool = next((tool for tool in LANGUAGES[language].tools if find_tool(tool) is None), None)
    if tool:
        assert (execution.outcome, execution.detail) == ("not_run", f"no {tool}")
        pytest.skip(f"no {tool} on this machine: such programs are counted as not_run")
    assert (execution.outcome, execution.stdout) == (outcome, stdout), execution
    assert outcome != "not_run" or execution.detail.startswith(("fragment", "no "))


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setattr("src.evaluation.execution.tools.SYSTEM_PATH", "/nowhere")
    execution = run_program("java", None, "class A {}")
    assert (execution.outcome, execution.detail) == ("not_run", "no javac")


def test_bad_code_gets_an_outcome_in_every_language(sandbox):
    runnable = [name for name, language in LANGUAGES.items() if language.runs]
    assert len(runnable) == 16
    for language in runnable:
        for code in ("", "\0", "[" * 10_000, "x" * 2_000_000):
            assert run_program(language, sandbox, code).outcome in ("error", "killed", "not_run"), language


HUNGRY = [
    ("javascript", "const all = [];\nfor (let i = 0; i < 90; i++) all.push(Buffer.alloc(8 << 20, 1));\nconsole.log(all.length);"),
    ("java", "public class M { public static void main(String[] a) { byte[][] all = new byte[45][];"
             " for (int i = 0; i < 45; i++) { all[i] = new byte[8 << 20]; java.util.Arrays.fill(all[i], (byte) 1); }"
             " System.out.println(all.length); } }"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), HUNGRY, ids=["node", "java"])
def test_the_memory_of_the_configuration_holds_for_runtimes_that_reserve_more(name, code):
    """720 and 360 MiB: more than 256 and less than 1,024, and far less than either reserves."""
    if find_tool(LANGUAGES[name].tools[0]) is None:
        pytest.skip(f"no {LANGUAGES[name].tools[0]}")
    outcomes = []
    for memory_mib in (1024, 256):
        with Sandbox(Limits(wall_s=20, cpu_s=20, memory_mib=memory_mib), workers=1) as sandbox:
            outcomes.append(run_program(name, sandbox, code).outcome)
    assert outcomes == ["passed", "out_of_memory"]


READERS = [
    ("python", "print(int(input()) * 2)"),
    (
        "cpp",
        "#include <iostream>\nint main() { int n; if (!(std::cin >> n)) return 1; std::cout << n * 2 << std::endl; }",
    ),
    (
        "c",
        '#include <stdio.h>\nint main(void) { int n; if (scanf("%d", &n) != 1) return 1; printf("%d\\n", n * 2); return 0; }',
    ),
    (
        "java",
        "import java.util.*; public class M { public static void main(String[] a) { System.out.println(2 * new Scanner(System.in).nextInt()); } }",
    ),
    (
        "javascript",
        "const n = Number(require('fs').readFileSync(0, 'utf8'));\nif (!n) throw new Error('none');\nconsole.log(2 * n);",
    ),
    ("bash", 'read n\n[ -n "$n" ] || exit 1\necho $((2 * n))'),
]


@pytest.mark.parametrize(("name", "code"), READERS, ids=[name for name, _ in READERS])
def test_a_program_reads_what_it_is_given(sandbox, name, code):
    assert LANGUAGES[name].reads_input.compiled.search(code)
    if any(find_tool(tool) is None for tool in LANGUAGES[name].tools):
        pytest.skip("a tool is missing")
    found = run_program(name, sandbox, code, b"21\n")
    assert (found.outcome, found.stdout) == ("passed", "42\n")
    assert run_program(name, sandbox, code).outcome != "passed"
