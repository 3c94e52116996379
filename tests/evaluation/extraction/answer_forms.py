"""Forms of answers, each with the program that a careful reader would take from it."""

from __future__ import annotations

from dataclasses import dataclass

ADD = "def add(a, b):\n    return a + b"
FIXED = "def add(a, b):\n    total = a + b\n    return total"
USE = "print(add(1, 2))"
TWICE = "def twice(a):\n    return add(a, a)"
JS = "function add(a, b) {\n  return a + b;\n}"
JAVA = "public class Add {\n    static int add(int a, int b) { return a + b; }\n}"
C = "int add(int a, int b) {\n    return a + b;\n}"
BASH = 'for f in *.txt; do\n  wc -l "$f"\ndone'
SQL = "SELECT name FROM pets WHERE age > 3;"
GO = "package main\n\nfunc add(a int, b int) int {\n\treturn a + b\n}"
FENCED = '"""Write notes.\n\n```text\nlike this\n```\n"""\nNOTE = "done"'
TURN = 'def prompt():\n    """The template:\n\n### Response:\n"""\n    return 1'
DOCUMENTED = (
    'def add(a, b):\n    """Add them.\n\n    This is a sentence about it.\n    """\n\n    return a + b'
)
PREFIX = 'from typing import List\n\n\ndef total(numbers: List[int]) -> int:\n    """Add them up."""\n'
BODY = "    result = 0\n    for n in numbers:\n        result += n\n    return result"
SHOWN = 'def f(x):\n    """\n    >>> f(1)\n    2\n    """\n    return x + 1'
LOOP = "for i in range(3):\n    print(i)"

PROSE = {  # before and after the code
    "English": ("Here is the function:", "This function adds two numbers."),
    "Chinese": ("以下是代码：", "这个函数返回两个数的和。"),
    "Japanese": ("以下がコードです。", "この関数は二つの数の合計を返します。"),
    "Russian": ("Вот функция:", "Она возвращает сумму двух чисел."),
    "Korean": ("다음은 코드입니다:", "이 함수는 두 수의 합을 반환합니다."),
    "German": ("Hier ist die Funktion:", "Sie gibt die Summe der beiden Zahlen zurück."),
    "French": ("Voici la fonction :", "Elle renvoie la somme des deux nombres."),
    "Spanish": ("Aquí está la función:", "¡Devuelve la suma de los dos números!"),
    "Arabic": ("إليك الدالة:", "تعيد هذه الدالة مجموع العددين."),
    "Hindi": ("यह रहा कोड:", "यह फ़ंक्शन दो संख्याओं का योग लौटाता है।"),
}
PROGRAMS = {"python": ADD, "javascript": JS, "java": JAVA, "c": C, "bash": BASH, "sql": SQL, "go": GO}


@dataclass(frozen=True)
class Form:
    """An answer and the program in it."""

    answer: str
    code: str
    language: str = "python"
    names: str = ""  # what the tests, the prefix or the instruction name
    flags: str = ""  # among those it must have
    finish: str = ""


def fence(code: str, label: str = "python") -> str:
    return f"```{label}\n{code}\n```"


def after(code: str, *more: str) -> str:
    return "\n\n".join((code, *more))


FORMS = {
    # A text that parses whole is the program
    "a fence inside a docstring": Form(FENCED, FENCED),
    "a fence inside a docstring, all fenced": Form(fence(FENCED), FENCED),
    "a fence inside a docstring, with prose": Form(f"Sure:\n\n{fence(FENCED)}\n\nThat is all.", FENCED),
    "a fence inside a docstring, bare with prose": Form(f"Here it is:\n\n{FENCED}", FENCED),
    "a turn inside a docstring": Form(TURN, TURN),
    "a turn inside a docstring, and one after": Form(f"{TURN}\n\n### Instruction:\nNow a poem", TURN, flags="extra_turn"),
    "an end token inside a string": Form('END = "<|im_end|>"\nprint(END)', 'END = "<|im_end|>"\nprint(END)'),
    "a docstring of sentences": Form(f"Here you are.\n\n{DOCUMENTED}\n\nIt adds.", DOCUMENTED),
    "a tag inside a docstring": Form('def f():\n    """\n[/PYTHON]\n    """\n    return 1', 'def f():\n    """\n[/PYTHON]\n    """\n    return 1'),
    "a text in Java with a fence": Form('class T {\n  String s = """\n```\nx\n```\n""";\n}', 'class T {\n  String s = """\n```\nx\n```\n""";\n}', "java"),
    # What the tests, the prefix or the instruction name wins
    "an output after it": Form(after(fence(ADD), "Output:", fence("3", "")), ADD, names="add"),
    "an output after it, no name known": Form(after(fence(ADD), "Output:", fence("3", "")), ADD),
    "an output that is a list": Form(after(fence(ADD, ""), "Output:", fence("[1, 2]", "")), ADD),
    "an output labelled as such": Form(after(fence(ADD, ""), fence("total = 3", "output")), ADD),
    "a bare program and a fenced output": Form(after(ADD, "Output:", fence("3", "")), ADD),
    "a usage after it": Form(after(fence(ADD), "Use it:", fence(USE)), ADD, names="add"),
    "a usage after it, no name known": Form(after(fence(ADD), "Use it:", fence(USE)), after(ADD, USE)),
    "a snippet before it": Form(after(fence("x = a + b"), "So:", fence(ADD)), ADD, names="add"),
    "a snippet after it": Form(after(fence(ADD), "The sum itself is", fence("a = 1\nb = a + 1")), ADD, names="add"),
    "another solution after it": Form(after(fence(ADD), "Or simply:", fence("import operator\nplus = operator.add")), ADD, names="add"),
    "a correction after it": Form(after(fence("def add(a, b):\n    return a - b"), "Sorry:", fence(ADD)), ADD, names="add"),
    "tests of its own after it": Form(after(fence(ADD), fence("import unittest\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(add(1, 2), 3)")), ADD, names="add"),
    "two functions named, a block each": Form(after(fence(ADD), "And:", fence(TWICE), fence("print(twice(2))")), after(ADD, TWICE), names="add twice"),
    "ten snippets after it": Form(after(fence(ADD), *[fence(f"x{i} = add({i}, 1)") for i in range(10)]), ADD, names="add"),
    "bare code named, a fenced usage": Form(after(ADD, "Use it so:", fence(USE)), ADD, names="add"),
    "a lambda named": Form(after(fence("add = lambda a, b: a + b"), fence(USE)), "add = lambda a, b: a + b", names="add"),
    "JavaScript, a usage after it": Form(after(fence(JS, "js"), fence("console.log(add(1, 2));", "js")), JS, "javascript", names="add"),
    "C, a usage after it": Form(after(fence(C, "c"), fence("x = add(1, 2);", "c")), C, "c", names="add"),
    "Java, a snippet after it": Form(after(fence(JAVA, "java"), fence("int x = Add.add(1, 2);", "java")), JAVA, "java", names="Add"),
    # Joined by names
    "imports in a block": Form(after(fence("import math"), fence("def root(x):\n    return math.sqrt(x)")), after("import math", "def root(x):\n    return math.sqrt(x)"), names="root"),
    "a constant in a block": Form(after(fence("RATE = 2"), "Then", fence("def cost(n):\n    return n * RATE")), after("RATE = 2", "def cost(n):\n    return n * RATE"), names="cost"),
    "three blocks in a chain": Form(after(fence("import math"), fence("def area(r):\n    return math.pi * r"), fence("def both(r):\n    return 2 * area(r)")), after("import math", "def area(r):\n    return math.pi * r", "def both(r):\n    return 2 * area(r)"), names="both"),
    "a helper in a later block": Form(after(fence(TWICE), "with", fence(ADD)), after(TWICE, ADD), names="twice"),
    "a corrected helper": Form(after(fence("def add(a, b):\n    return a - b"), fence(ADD), fence(TWICE)), after(ADD, TWICE), names="twice"),
    "a star import in a block": Form(after(fence("from math import *"), fence("def root(x):\n    return sqrt(x)")), after("from math import *", "def root(x):\n    return sqrt(x)"), names="root"),
    "a local name joins nothing": Form(after(fence("total = 3"), fence(FIXED)), FIXED),
    "a builtin joins nothing": Form(after(fence("list = [1]"), fence("def f(x):\n    return list(x)")), "def f(x):\n    return list(x)", names="f"),
    "a future import in the second block": Form(after(fence(ADD), fence(f"from __future__ import annotations\n{TWICE}")), after("from __future__ import annotations", ADD, TWICE), names="twice"),
    "JavaScript, two blocks": Form(after(fence(JS, "js"), "Then", fence("console.log(add(1, 2));", "js")), after(JS, "console.log(add(1, 2));"), "javascript"),
    "Java, two classes": Form(after(fence("class Pet {\n    int age = 3;\n}", "java"), fence("class Main {\n    Pet pet = new Pet();\n}", "java")), after("class Pet {\n    int age = 3;\n}", "class Main {\n    Pet pet = new Pet();\n}"), "java"),
    "blocks with nothing in common": Form(after(fence("x = 1"), fence("print(2)")), "print(2)"),
    # Empty candidates
    "a block of a comment": Form(after(fence(ADD), fence("# your code here")), ADD),
    "a block of a comment in C": Form(after(fence(C, "c"), fence("// the rest stays", "c")), C, "c"),
    "an empty block": Form(after(fence(ADD), fence("")), ADD),
    "a heading in Markdown": Form(f"# Solution\n\n{ADD}\n\nIt adds the two numbers.", f"# Solution\n\n{ADD}"),
    "a block of dots": Form(after(fence(ADD), fence("...")), ADD),
    # Shebangs
    "a shebang": Form("#!/usr/bin/env python3\nprint(1)", "#!/usr/bin/env python3\nprint(1)"),
    "a shebang apart": Form("#!/usr/bin/env python3\n\nprint(1)", "#!/usr/bin/env python3\n\nprint(1)"),
    "a shebang after prose": Form(f"Here is the script:\n\n#!/bin/bash\n\n{BASH}\n\nIt counts the lines of each file.", f"#!/bin/bash\n\n{BASH}", "bash"),
    "a shebang right below prose": Form("Here is the script:\n#!/usr/bin/python3\nprint(1)", "#!/usr/bin/python3\nprint(1)"),
    "a script, then how it is started": Form(after(fence(f"#!/bin/bash\n{BASH}", "bash"), fence("chmod +x a.sh\n./a.sh", "bash")), f"#!/bin/bash\n{BASH}", "bash"),
    "a script that ends with a command": Form('#!/bin/bash\n\nplace=/tmp\n\nfind "$place" -type f -name "*.md" -print', '#!/bin/bash\n\nplace=/tmp\n\nfind "$place" -type f -name "*.md" -print', "bash"),
    "a script that ends with a text": Form("n=20\n\nprintf 'The sum of all numbers below is: %d\\n' $n", "n=20\n\nprintf 'The sum of all numbers below is: %d\\n' $n", "bash"),
    "a bare program and a bare output": Form(f"For example:\n\n{ADD}\nprint([add(1, 2)])\n\nOutput:\n[3]", f"{ADD}\nprint([add(1, 2)])"),
    # Other ways to mark code
    "[PYTHON]": Form(f"[PYTHON]\n{ADD}\n[/PYTHON]\n[TESTS]\nassert add(1, 2) == 3\n[/TESTS]", ADD),
    "[PYTHON] after prose": Form(f"Sure, here it is.\n[PYTHON]\n{ADD}\n[/PYTHON]\nIt adds.", ADD),
    "[BEGIN] and [DONE]": Form(f"[BEGIN]\n{ADD}\n[DONE]\n\nYou are an expert. Here is your task: add", ADD),
    "only [DONE]": Form(f"{ADD}\n[DONE]\n\nYou are an expert. Here is your task: add", ADD),
    "only [/PYTHON]": Form(f"{ADD}\n[/PYTHON]", ADD),
    "<code>": Form(f"<code>\n{ADD}\n</code>\nIt adds.", ADD),
    "<pre><code> with entities": Form('<pre><code class="python">def less(a, b):\n    return a &lt; b\n</code></pre>', "def less(a, b):\n    return a < b"),
    "a transcript": Form(">>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3", "def add(a, b):\n    return a + b\n\nadd(1, 2)"),
    "a fenced transcript": Form(fence(">>> x = 1\n>>> x + 1\n2", "pycon"), "x = 1\nx + 1"),
    "a transcript after it": Form(after(fence(ADD), fence(">>> add(1, 2)\n3")), ADD, names="add"),
    "a transcript in a docstring": Form(SHOWN, SHOWN),
    "a transcript after prose": Form("In a session:\n\n>>> x = 1\n>>> x + 1\n2", "x = 1\nx + 1"),
    "a transcript in a docstring, prose around": Form(f"Вот функция:\n\n{SHOWN}\n\nОна прибавляет единицу.", SHOWN),
    "a transcript in a docstring, then cut off": Form(f"{SHOWN}\n\nprint(f(1", SHOWN, names="f", flags="truncated"),
    "a console": Form(fence("$ mkdir out\n$ ls\nout", "console"), "mkdir out\nls", "bash"),
    "a transcript of IPython": Form("In [1]: x = 2\n\nIn [2]: x ** 2\nOut[2]: 4", "x = 2\nx ** 2"),
    "a header of its own turn": Form(f"<|im_start|>assistant\n{fence(ADD)}<|im_end|>", ADD),
    "inline code": Form("`print(1)`", "print(1)"),
    # Fences
    "HTML with code in it": Form(fence("<p>Hi\n<code>x</code>\n</p>", "html"), "<p>Hi\n<code>x</code>\n</p>", "html"),
    "a label and a wrong neighbour": Form(after(fence("let x = 1;", "js"), fence(ADD)), ADD),
    "tildes": Form(f"~~~python\n{ADD}\n~~~", ADD),
    "CRLF": Form(f"Sure:\n\n{fence(ADD)}\n\nDone.".replace("\n", "\r\n"), ADD),
    "nested in Markdown": Form(f"````markdown\n# Title\n{fence(ADD)}\n````", ADD),
    "nested in Markdown, fences alike": Form(f"```markdown\n# Title\n{fence(ADD)}\n```", ADD),
    "nested in a plain fence": Form(f"```\n{fence(ADD)}\n```", ADD),
    "no end": Form(f"```python\n{ADD}", ADD),
    "no end, then another": Form(f"```python\n{ADD}\n\nBetter:\n\n```python\n{FIXED}\n```", FIXED),
    "only an end": Form(f"{ADD}\n```", ADD),
    "only an end, then prose": Form(f"{ADD}\n```\nThis adds two numbers as you asked.", ADD),
    "a list item": Form("1. First:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```", ADD),
    "a wrong label": Form(fence(ADD, "javascript"), ADD),
    "prose inside the fence": Form(fence(f"{ADD}\n\nThis function adds two numbers."), ADD),
    "an installation before it": Form(after(fence("pip install six", "bash"), fence(ADD)), ADD),
    "SQL and its result": Form(after(fence(SQL, "sql"), "Result:", fence("name\n----\nTom", "")), SQL, "sql"),
    # Prose between parts of bare code
    "prose between two functions": Form(after(ADD, "And this one doubles a number:", TWICE), after(ADD, TWICE), names="twice"),
    "Chinese between two functions": Form(after(ADD, "下面的函数把一个数加倍：", TWICE), after(ADD, TWICE), names="twice"),
    "prose right below": Form(f"{ADD}\nThis function adds two numbers.", ADD),
    "prose with code in it": Form(f"{ADD}\n\nHere `add(1, 2)` gives 3, as a + b does.", ADD),
    "Chinese with code in it": Form(f"{ADD}\n\n调用 add(1, 2) 时返回 a + b 的结果 3。", ADD),
    "a Chinese comment and string": Form(f'# 求和\n{ADD}\nprint("你好，世界。")', f'# 求和\n{ADD}\nprint("你好，世界。")'),
    "many paragraphs before": Form(after(*["First we think about the numbers."] * 9, ADD), ADD),
    # Cut off
    "cut off in an assert": Form(f"{ADD}\n\nassert add(1, 2) == 3\nassert add(4, 5", f"{ADD}\n\nassert add(1, 2) == 3", names="add", flags="truncated", finish="length"),
    "cut off in a print": Form(f"{ADD}\n\nprint(add(1", ADD, flags="truncated", finish="length"),
    "a wrong last line, no name known": Form("x = 5\nprint(x", "x = 5\nprint(x"),
    "cut off in a fence": Form(f"```python\n{ADD}\n\n# Example\nfor v in ([1, 2], [3", f"{ADD}\n\n# Example", names="add", flags="truncated"),
    "cut off in a main function": Form(f"{ADD}\n\ndef main():\n    print(add(1", ADD, names="add", flags="truncated"),
    "cut off in a docstring": Form(f'{ADD}\n\ndef other():\n    """It is', ADD, names="add", flags="truncated"),
    "cut off in prose": Form(f"{ADD}\n\nThis function takes two numbers and", ADD),
    "cut off in a further block": Form(after(fence(ADD), "```python\nprint(add(1,"), ADD, names="add", flags="truncated"),
    "cut off in its body": Form("def add(a, b):\n    total = (a", "def add(a, b):\n    total = (a", names="add"),
    "the body, then cut off": Form(f"{BODY}\n\n\nassert total([1]) == 1\nassert total([1", f"{BODY}\n\n\nassert total([1]) == 1", names="total", flags="truncated"),
    "a body that reads like words, then cut off": Form("    if not values: return None\n    return 1\n\nprint(total([1", "    if not values: return None\n    return 1", names="total", flags="truncated"),
    "the prompt again, then cut off": Form(f"{PREFIX}{BODY}\n\n\n# Example\nprint(total([1, 2", f"{PREFIX}{BODY}\n\n\n# Example", names="total", flags="truncated"),
    "JavaScript cut off": Form(f"{JS}\n\nconsole.log(add(1,", JS, "javascript", names="add", flags="truncated"),
    "C cut off": Form(f'{C}\n\nint main() {{\n    printf("%d", add(1,', C, "c", names="add", flags="truncated"),
    # Faults of the program stay in it
    "a wrong line in the middle": Form("x = = 3\nprint('done')", "x = = 3\nprint('done')"),
    "a missing colon": Form(f"def add(a, b)\n    return a + b\n\n{USE}", f"def add(a, b)\n    return a + b\n\n{USE}"),
    "a missing bracket, ended by itself": Form(f"{ADD}\n\nprint(add(1, 2)", f"{ADD}\n\nprint(add(1, 2)", finish="stop"),
    "a broken block and an output": Form(after(fence("def add(a, b)\n    return a"), "Output:", fence("3", "")), "def add(a, b)\n    return a"),
    "no code at all, Chinese": Form("对不起，我不能这样做。", "", flags="no_code"),
    "no code at all, Russian": Form("К сожалению, я не могу этого сделать.", "", flags="no_code"),
    "a loop": Form(f"Try this:\n{LOOP}", LOOP),
    # What borrows from another block, outlines it or repeats lines of it
    "tests that import it": Form(after(fence(ADD), fence("import pytest\nfrom add import add\n\ndef test_add():\n    assert add(1, 2) == 3")), ADD, names="add"),
    "tests that import it, no name known": Form(after(fence(ADD), fence("from add import add\n\ndef test_add():\n    assert add(1, 2) == 3")), ADD),
    "unittest of two files": Form(after("add.py", fence(ADD), "test_add.py", fence("import unittest\nfrom add import add\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(add(1, 2), 3)")), ADD, names="add"),
    "JavaScript, tests that require it": Form(after(fence(JS, "js"), fence("const add = require('./add');\ntest('sum', () => { expect(add(1, 2)).toBe(3); });", "js")), JS, "javascript", names="add"),
    "an outline after it": Form(after(fence(ADD), "To call it:", fence("def add(a, b):\n    ...\n\nprint(add(1, 2))")), ADD, names="add"),
    "JavaScript, an outline after it": Form(after(fence(JS, "js"), fence("function add(a, b) {\n  // same as above\n}\nconsole.log(add(1, 2));", "js")), JS, "javascript", names="add"),
    "an outline alone": Form(fence("def add(a, b):\n    pass"), "def add(a, b):\n    pass", names="add"),
    "an outline before it": Form(after(fence("def add(a, b):\n    pass"), "In full:", fence(ADD)), ADD, names="add"),
    "an import that another block replaces": Form(after(fence("from collections import Counter\n\ndef count(x):\n    return Counter(x)"), "Or your own:", fence("class Counter:\n    pass")), "from collections import Counter\n\ndef count(x):\n    return Counter(x)", names="count"),
    "lines of it explained": Form(after(fence(FIXED), "Here", fence("total = a + b"), "adds them."), FIXED),
    # Listings, patches, notebooks, labels
    "numbered lines": Form("1  def add(a, b):\n2      return a + b", ADD),
    "numbered lines with bars": Form(fence(" 9 | def add(a, b):\n10 |     return a + b"), ADD),
    "numbered lines with colons": Form(fence("1: def add(a, b):\n2:     return a + b", ""), ADD),
    "a patch": Form(fence("--- a/add.py\n+++ b/add.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b", "diff"), ADD, names="add"),
    "a patch without a head": Form(fence(" def add(a, b):\n-    return a - b\n+    return a + b", "diff"), ADD, names="add"),
    "JavaScript, a patch": Form(fence("@@ -1,3 +1,3 @@\n function add(a, b) {\n-  return a - b;\n+  return a + b;\n }", "diff"), JS, "javascript"),
    "IPython with continued lines": Form("In [1]: def add(a, b):\n   ...:     return a + b\n   ...: \n\nIn [2]: add(1, 2)\nOut[2]: 3", after(ADD, "add(1, 2)"), names="add"),
    "cells of a notebook": Form(f"In [1]:\n{ADD}\n\nIn [2]:\nadd(1, 2)\n\nOut[2]:\n3", after(ADD, "\nadd(1, 2)"), names="add"),
    "commands of a notebook": Form(fence(f"%matplotlib inline\n!pip install six\n{ADD}"), ADD),
    "a label in the fence": Form(fence(f"python\n{ADD}", ""), ADD),
    "a label without a fence": Form(f"python\n{ADD}", ADD),
    "a label and a button": Form(f"python\nCopy code\n{ADD}", ADD),
    # More marks
    "a quoted fence": Form("> Sure:\n>\n> ```python\n> def add(a, b):\n>     return a + b\n> ```", ADD),
    "<pre>": Form(f"Answer:\n<pre>\n{ADD}\n</pre>", ADD),
    "<answer>": Form(f"<answer>\n{ADD}\n</answer>", ADD),
    "<solution> around a fence": Form(f"<solution>\n{fence(ADD)}\n</solution>", ADD),
    "[PYTHON] around a fence": Form(f"[PYTHON]\n{fence(ADD)}\n[/PYTHON]", ADD),
    "[code]": Form(f"[code]\n{ADD}\n[/code]", ADD),
    "[code=python]": Form(f"[code=python]\n{ADD}\n[/code]", ADD),
    "verbatim": Form(f"\\begin{{verbatim}}\n{ADD}\n\\end{{verbatim}}", ADD),
    "a listing of LaTeX": Form(f"Here it is:\n\n\\begin{{lstlisting}}[language=Python]\n{ADD}\n\\end{{lstlisting}}\n\nIt costs $O(1)$.", ADD),
    "minted": Form(f"\\begin{{minted}}{{python}}\n{ADD}\n\\end{{minted}}", ADD),
    "a page with <pre><code>": Form("Here is the page:\n\n<html>\n<pre><code>x = 1</code></pre>\n</html>\n\nIt shows a line.", "<html>\n<pre><code>x = 1</code></pre>\n</html>", "html"),
    "PHP": Form("Here is the code:\n\n<?php\necho 1;\n?>\n\nThis code prints a number.", "<?php\necho 1;\n?>", "php"),
    "PHP without an end": Form("Here is the code:\n\n<?php\n\necho 1;\n", "<?php\n\necho 1;", "php"),
    "React with <pre>": Form("function A() {\n  return (\n    <pre>\n      hi\n    </pre>\n  );\n}", "function A() {\n  return (\n    <pre>\n      hi\n    </pre>\n  );\n}", "jsx"),
    "indented as Markdown's code": Form("Here is the code:\n\n    def add(a, b):\n        return a + b\n\nIt adds.", ADD),
    "indented, with an import": Form("Here it is:\n\n    import math\n\n    def add(a, b):\n        return a + b\n    print(add(1, 2))", f"import math\n\n{ADD}\nprint(add(1, 2))", names="add"),
    "a body that defines a function": Form("    def go(x):\n        return x\n    return go(n)", "    def go(x):\n        return x\n    return go(n)", names="f"),
    "bold headings": Form(f"**Solution:**\n\n{ADD}\n\n**Time complexity:** O(1)\n**Space complexity:** O(1)", ADD),
    "Java, bold headings": Form(f"**Solution:**\n\n{JAVA}\n\n**Explanation:** It adds.", JAVA, "java"),
    "JavaScript, headings": Form(f"### Solution\n\n{JS}\n\n### Explanation\n\nIt adds.", JS, "javascript"),
    "C, headings": Form(f"# Solution\n\n#include <stdio.h>\n\n{C}\n\n# Explanation\n\nIt adds.", f"#include <stdio.h>\n\n{C}", "c"),
    "SQL, headings": Form(f"### Query\n\n{SQL}\n\n### Explanation\n\nThis query selects the names.", SQL, "sql"),
    "inline code in a sentence": Form("The answer is `def add(a, b): return a + b`, which adds them.", "def add(a, b): return a + b", names="add"),
    "Bash, inline code in a sentence": Form("Run `du -sh * | sort -h` to see it.", "du -sh * | sort -h", "bash"),
    "SQL, inline code in a sentence": Form(f"You can use `{SQL}` for that purpose.", SQL, "sql"),
    "a word as inline code": Form("I cannot do this, because `a` is not given to me here.", "", flags="no_code"),
    # Turns
    "the prompt repeated": Form(f"### Instruction:\nAdd two numbers.\n\n### Input:\n3\n\n### Response:\n{ADD}\n\n### Instruction:\nMore.\n\n### Response:\n{JS}", ADD, flags="extra_turn"),
    "the prompt repeated from its start": Form(f"Below is an instruction that describes a task.\n\n### Instruction:\nAdd two numbers.\n\n### Response:\n{ADD}", ADD),
    "one more question": Form(f"{ADD}\n\nQuestion: Write a function that adds.\nAnswer:\ndef add(a, b):\n    return 7", ADD, names="add", flags="extra_turn"),
    "a question inside a template": Form('T = """\nQuestion: {q}\nAnswer:"""\nprint(T)', 'T = """\nQuestion: {q}\nAnswer:"""\nprint(T)'),
    "one more turn of Llama": Form(f"{ADD}\n[INST] Now in Java [/INST]\n{JAVA}", ADD),
}  # fmt: skip

for human, (before, behind) in PROSE.items():
    for programming, program in PROGRAMS.items():
        FORMS[f"{human} around {programming}"] = Form(
            f"{before}\n\n{program}\n\n{behind}", program, programming
        )
    FORMS[f"{human} above"] = Form(f"{before}\n\n{ADD}\n", ADD)
    FORMS[f"{human} below"] = Form(f"{ADD}\n\n{behind}", ADD)
    FORMS[f"{human} right above and below"] = Form(f"{before}\n{ADD}\n{behind}", ADD)
    FORMS[f"{human} around a fence"] = Form(f"{before}\n\n{fence(ADD)}\n\n{behind}", ADD)
