"""Predictions of every quality beside references: seeded, in several languages, with odd characters."""

from __future__ import annotations

import random

REFERENCES = (
    "def add(a, b):\n    return a + b",
    "for i in range(10):\n    if i % 2 == 0:\n        print(i)\n    else:\n        continue",
    "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n"
    "        self.items.append(item)\n\n    def pop(self):\n        return self.items.pop()",
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name ORDER BY 2 DESC;",
    "let total = 0;\nfor (const x of xs) {\n  total += x * 2;\n}\nconsole.log(`sum: ${total}`);",
    "#include <stdio.h>\nint main(void) {\n\tprintf(\"%d\\n\", 1 << 3);\n\treturn 0;\n}",
    "public static int max(int a, int b) {\n    return a > b ? a : b;\n}",
    "<p class=\"note\">Fish &amp; chips &lt;b&gt;</p>",
    "x = 1",
    "print('h\u00e9llo \u4f60\u597d \U0001f600')",
    "import re\n\ndef words(text):\n    return re.findall(r'\\w+-\\n?\\d{1,3}', text.lower())",
    "grep -rn 'TODO' src | sort -u | head -5",
    "The time complexity is O(n log n), since each of the n items costs log n.",
)  # fmt: skip
ODD = ("", " ", "\n", "\t\n", "a", "-\n-", "&quot;&amp;&lt;&gt;", "\u2028\u00a0", "\x00\x1b[0m", "1,000.5-6",
       "x" * 300, "\u0663\u0664", "\ud55c\uae00 \u0e44\u0e17\u0e22", "<skipped> a", "$.,;:!?()[]{}", "a\r\nb\rc")  # fmt: skip


def text_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` pairs (prediction, reference)."""
    rng = random.Random(seed)
    return [_pair(rng) for _ in range(count)]


def _pair(rng: random.Random) -> tuple[str, str]:
    reference = "\n".join(rng.sample(REFERENCES, rng.choice((1, 1, 1, 2, 3))))
    quality = rng.random()
    if quality < 0.08:
        return rng.choice(ODD), reference
    if quality < 0.12:
        return reference, rng.choice(ODD)
    if quality < 0.2:
        return reference, reference
    return damaged(rng, reference, rng.choice((0.05, 0.2, 0.5))), reference


def damaged(rng: random.Random, text: str, share: float) -> str:
    """`text` with a share of its words dropped, doubled, or put in place of others."""
    words = text.split(" ")
    kept = []
    for word in words:
        roll = rng.random()
        if roll < share / 3:
            continue
        kept.append(rng.choice(words) if roll < 2 * share / 3 else word)
        if roll > 1 - share / 3:
            kept.append(word)
    return " ".join(kept)
