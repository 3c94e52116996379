"""The samples of the goldens: seven languages, with tests and without, right and wrong in several ways."""

from __future__ import annotations

import json
from pathlib import Path

ADD = "def add(a, b):\n    return a + b\n"
EVENS = "def evens(values):\n    return [value for value in values if value % 2 == 0]\n"
COUNT = "text = 'a few words of text'\nprint(len(text.split()))\n"
JAVA = 'public class Main {\n    public static void main(String[] args) {\n        System.out.println("%s");\n    }\n}\n'
C = '#include <stdio.h>\nint main(void) {\n    printf("%%d\\n", %s);\n    return 0;\n}\n'
CPP = "#include <iostream>\nint main() {\n    std::cout << %s << std::endl;\n    return 0;\n}\n"

# id, language, instruction, input, reference, tests, answer before, answer after
SAMPLES = (
    ("add", "python", "Write a function add that adds two numbers.", "", ADD,
     "assert add(1, 2) == 3\nassert add(-1, 1) == 0", "def add(a, b):\n    return a - b\n", ADD),
    ("evens", "python", "Write a function evens that keeps the even numbers.", "", EVENS,
     "assert evens([1, 2, 4]) == [2, 4]", "I would use a loop.", f"Here it is:\n```python\n{EVENS}```\nIt keeps them."),
    ("area", "python", "Write a function area of a circle.", "",
     "import math\n\ndef area(radius):\n    return math.pi * radius ** 2\n", "",
     "def area(radius):\n    return 3 * radius\n", "import math\n\ndef area(r):\n    return r * r * math.pi\n"),
    ("count", "python", "Count the words of a text and print the number.", "", COUNT, "",
     "text = 'a few words of text'\nprint(len(text))\n", COUNT),
    ("largest", "python", "Write a function largest of a list.", "[3, 1, 2]",
     "def largest(values):\n    best = values[0]\n    for value in values:\n        if value > best:\n            best = value\n    return best\n",
     "", "def largest(values):\n    return values[0]\n", "def largest(values):\n    return max(values)\n"),
    ("broken", "python", "Print the numbers from 1 to 3.", "", "for number in range(1, 4):\n    print(number)\n", "",
     "for number in range(1, 4)\n    print(number)\n", "for number in range(1, 4):\n    print(numbr)\n"),
    ("class", "python", "Write a class Counter with add and total.", "",
     "class Counter:\n    def __init__(self):\n        self.total = 0\n\n    def add(self, value):\n        self.total += value\n",
     "c = Counter()\nc.add(2)\nc.add(3)\nassert c.total == 5",
     "class Counter:\n    total = 0\n    def add(self, value):\n        self.total = value\n",
     "class Counter:\n    def __init__(self):\n        self.total = 0\n    def add(self, value):\n        self.total += value\n"),
    ("empty", "python", "Reverse a string.", "abc", "print('abc'[::-1])\n", "", "", "print('abc'[::-1])"),
    ("turn", "python", "Print hello.", "", "print('hello')\n", "",
     "print('hello')\n\n### Instruction:\nPrint bye.\n\n### Response:\nprint('bye')", "print('hello')"),
    ("js-sum", "javascript", "Print the sum of a list in JavaScript.", "",
     "const values = [1, 2, 3];\nconsole.log(values.reduce((a, b) => a + b, 0));\n", "",
     "const values = [1, 2, 3];\nconsole.log(valuez.length);\n",
     "const values = [1, 2, 3];\nlet sum = 0;\nfor (const value of values) {\n  sum += value;\n}\nconsole.log(sum);\n"),
    ("js-fn", "javascript", "Write a JavaScript function that doubles a number.", "",
     "function double(x) {\n  return x * 2;\n}\n", "", "function double(x) {\n  return x * 2\n", "const double = x => x * 2;\n"),
    ("java-hi", "java", "Print Hi in Java.", "", JAVA % "Hi", "", "System.out.print(Hi)", JAVA % "Hi"),
    ("java-cut", "java", "Print Ho in Java.", "", JAVA % "Ho", "", (JAVA % "Ho")[:80], JAVA % "Ho!"),
    ("c-six", "c", "Print 2 times 3 in C.", "", C % "2 * 3", "", C % "2 * x", C % "6"),
    ("cpp-six", "cpp", "Print 2 times 3 in C++.", "", CPP % "2 * 3", "", "cout << 6;", CPP % "6"),
    ("bash-list", "bash", "Write a bash script that prints 1 to 3.", "", "for i in 1 2 3; do\n  echo $i\ndone\n", "",
     "for i in 1 2 3; do\n  echo $i\n", "for i in $(seq 3); do echo \"$i\"; done\n"),
    ("sql-all", "sql", "Select the names of all people older than 30.", "people(name, age)",
     "SELECT name FROM people WHERE age > 30;", "", "SELECT FROM people WHERE", "SELECT name FROM people WHERE age > 30"),
    ("prose", "", "Name a colour.", "", "Blue is a colour.", "", "A colour is red.", "Blue."),
)  # fmt: skip


def write_predictions(folder: Path) -> tuple[Path, Path]:
    """before.jsonl and after.jsonl in `folder`, as `evaluate.py --predictions` reads them."""
    paths = folder / "before.jsonl", folder / "after.jsonl"
    keys = ("id", "language", "instruction", "input", "reference", "tests")
    for side, path in enumerate(paths):
        lines = [
            json.dumps(dict(zip(keys, row, strict=False)) | {"prediction": row[6 + side]}) for row in SAMPLES
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths
