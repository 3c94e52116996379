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


TOPICS = (
    "rivers",
    "lamps",
    "stones",
    "clouds",
    "boats",
    "rings",
    "birds",
    "apples",
    "doors",
    "trains",
    "clocks",
    "seeds",
)
LONG = "def solve(values, limit):\n    total = 0\n    for value in values:\n        if value < limit:\n            total += value * %d\n    return total\n"


def _own(topic: str) -> str:
    """Lines that make the answers of one topic unlike those of another."""
    return f"\n# {' '.join([topic] * 20)}"


def write_rows(folder: Path) -> tuple[Path, Path]:
    """Rows of which some are refused, repeated, nearly alike or no code, and a benchmark that one overlaps."""
    rows: list[dict[str, object]] = []
    for number, topic in enumerate(TOPICS):
        task = f"Write a Python function that adds up the {topic} below a limit, times {number}, in a list of numbers."
        rows.append({"instruction": task, "input": "", "output": LONG % number + _own(topic)})
        rows.append(
            {"instruction": f"{task} Thanks", "input": "", "output": LONG % (number + 100) + _own(topic)}
        )  # nearly alike
        rows.append(
            {
                "instruction": f"Print {topic} in JavaScript.",
                "input": topic,
                "output": f"console.log('{topic}');",
            }
        )
    rows += [rows[0], rows[1] | {"input": "None"}]  # repeated
    rows += [
        {"instruction": "Explain recursion to a child.", "input": "", "output": "A function that calls itself, again and again."},
        {"instruction": "Write an essay.", "input": "", "output": "As an AI language model, I cannot write that."},
        {"instruction": "No output.", "input": "", "output": ""},
        {"instruction": "", "input": "x", "output": "print(1)"},
        {"instruction": "A number.", "input": 3, "output": "print(3)"},
        {"instruction": "Missing keys."},
        {"instruction": "Druck die Größe.", "input": "größe = 2", "output": "print('größe')"},
        {"instruction": "Select names older than 30.", "input": "people(name, age)", "output": "SELECT name FROM people WHERE age > 30;"},
    ]  # fmt: skip
    task = {
        "task_id": "Own/0", "prompt": "def solve(values, limit):\n", "entry_point": "solve",
        "canonical_solution": LONG.split("\n", 1)[1] % 3, "test": "def check(candidate):\n    assert candidate([1], 2) == 3\n",
    }  # fmt: skip
    paths = folder / "rows.jsonl", folder / "benchmark.jsonl"
    for path, lines in zip(paths, (rows, [task]), strict=True):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return paths
