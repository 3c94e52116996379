"""Arguments that have a property which few have: pangrams, amicable numbers, magic squares; and others that miss it narrowly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from src.evaluation.differential.inputs.variation import source_of

_SQUARE = [[2, 7, 6], [9, 5, 1], [4, 3, 8]]
_GRID = [[(3 * row + row // 3 + column) % 9 + 1 for column in range(9)] for row in range(9)]
_ROWS = "X X X/O O -/- X O|O X X/O X -/O - -|X O O/X O X/O X X|X O X/O X O/O X X|X O X/X O O/O X X|- X -/O O O/X X -|X O X/- O X/- - X"
_BOARDS = [[row.split() for row in board.split("/")] for board in _ROWS.split("|")]
_VALID = r"\b(?=.*\b(?:valid\w*|check\w*|whether|verif\w+|determin\w+|is an?)\b)(?:.*)"  # a form that not all texts have
# What a task calls the property, with arguments that have it. A task that has none of these words gets none.
_EXAMPLES: tuple[tuple[str, tuple[tuple[object, ...], ...]], ...] = (
    (
        r"\bpangram|\b(?:every|each|all) (?:the |of the )?(?:26 )?letters? (?:of|in) the (?:english )?alphabet",
        (("The quick brown fox jumps over the lazy dog",), ("Sphinx of black quartz judge my vow",),
         ("PACK MY BOX WITH FIVE DOZEN LIQUOR JUGS",), ("abcdefghijklmnopqrstuvwxyz",)),
    ),
    (r"\bpalindrom", tuple((value,) for value in (121, 1231, 1221, 12331, 1021, 7, "abca", "abcdba", "noon", "Anna", "step on no pets"))),
    (r"\bisogram|\bheterogram", (("background",), ("lumberjacks",), ("Dermatoglyphics",))),
    (r"\b(?:all|every|each|five)\b[^.]*\bvowels?\b", (("education",), ("Sequoia",), ("facetious",), ("rhythm",))),
    (rf"^{_VALID}\bIPv?4?\b", (("192.168.1.1",), ("255.255.255.255",), ("256.1.1.1",), ("1.2.3",), ("1.2.3.4.5",), ("1.2.3.a",), ("10.20.30.300",))),
    (rf"^{_VALID}\bMAC\b", (("00:1A:2b:3C:4d:5E",), ("00:1A:2B:3C:4D",), ("00:1A:2B:3C:4D:5G",), ("00:1A:2B:3C:4D:5E:6F",), ("0:1A:2B:3C:4D:5E",))),
    (rf"^{_VALID}\bHH:MM(?!:)", (("23:59",), ("24:00",), ("12:60",), ("00:00",), ("1230",), ("12:3",), ("ab:cd",), ("12-30",))),
    (rf"^{_VALID}\bHH:MM:SS", tuple((time,) for time in "23:59:59 24:00:00 12:60:00 12:00:60 00:00:00 1:02:03 12:3:45 12:34 12:34:5x 12-34-56".split())),
    (rf"^{_VALID}\bYYYY-MM-DD", tuple((day,) for day in (
        "2024-02-29 2023-02-29 1900-02-29 2000-02-29 2023-13-01 2023-12-31 2023-04-31 2023-04-30 2023-06-31 2023-01-32"
        " 2023-07-31 2023-08-31 2023-09-31 2023-11-31 2023-10-31 2023-03-31 2023-05-31 2023-00-10 2023-01-00 2023/01/01").split())),
    (rf"^{_VALID}\be-?mail", tuple((text,) for text in (
        "john.doe@example.com", "john@example.com is my mail", "john@examplecom", "@example.com", "john.example.com", "john@", "jo hn@example.com",
        "john@example.co.uk", "john@@example.com", "john_doe+tag@my-site.org", "john@example.c"))),
    (r"\bISBN(?!.*13)", (("0306406152",), ("080442957X",))),
    (r"\bISBN\b.*13", (("9780306406157",), ("9783161484100",))),
    (r"\bluhn|\bcredit card", (("4539578763621486",), ("79927398713",), ("6011000990139424",))),
    (r"\bamicable", ((220, 284), (284, 220), (1184, 1210), (220, 285))),
    (r"\b(?:happy|unhappy) number", ((19,), (7,), (4,), (100,), (20,))),
    (r"\bperfect number", ((6,), (28,), (496,), (12,), (27,))),
    (r"\b(?:armstrong|narcissistic) number", ((153,), (370,), (9474,), (154,), (10,))),
    (r"\bstrong number|\bfactorials of (?:its|the) digits", ((145,), (2,), (40585,), (144,))),
    (r"\bkaprekar", ((45,), (297,), (9,), (46,))),
    (r"\bleap year", ((2000,), (1900,), (2024,), (2023,), (2100,))),
    (r"\bright[- ]angled?|\bright triangle|\bpythagorean", ((3, 4, 5), (13, 5, 12), (8, 17, 15), (3, 4, 6), (5, 5, 5))),
    (r"\bmagic square", ((_SQUARE,), ([row[::-1] for row in _SQUARE],), ([[1, 2, 3], [3, 1, 2], [2, 3, 1]],), ([[3, 2, 1], [2, 1, 3], [1, 3, 2]],), ([[1, 2], [3, 4]],), ([[2 * n + 1 for n in row] for row in _SQUARE],), ([[7, 7], [7, 7]],))),
    (r"\b(?:identity|unit) matrix", (([[1, 0], [0, 1]],), ([[1, 0, 0], [0, 1, 0], [0, 0, 1]],), ([[1, 0, 0], [0, 1, 0], [1, 0, 1]],))),
    (r"\bdiagonal matrix", (([[2, 0], [0, 5]],), ([[2, 0, 0], [0, 1, 0], [0, 0, 3]],))),
    (r"\btriangular matri", (([[2, 1], [0, 5]],), ([[2, 0], [4, 5]],), ([[2, 3, 1], [0, 1, 4], [0, 0, 3]],))),
    (r"\bsymmetric\w{0,9}\b[^.]{0,60}\bmatri|\bmatri\w{1,9}\b[^.]{0,60}\bsymmetric", (([[1, 2], [2, 1]],), ([[1, 2, 3], [2, 5, 4], [3, 4, 7]],))),
    (r"\bsudoku\b.*\b(?:grid|board|boxe?s?|9x9)\b", (
        (_GRID,), ([_GRID[1], _GRID[0], *_GRID[2:]],), ([_GRID[0], *_GRID[:-1]],), ([_GRID[0], _GRID[3], _GRID[6], *_GRID[1:3], *_GRID[4:6], *_GRID[7:]],),
        ([[0 if (row + 2 * column) % 3 else n for column, n in enumerate(items)] for row, items in enumerate(_GRID)],),
        ([[5 if row == column in (0, 1) else 0 for column in range(9)] for row in range(9)],),
        ([[5 if column == 4 and row in (0, 8) else 0 for column in range(9)] for row in range(9)],),
        ([[9 if row == 8 and column in (3, 8) else 0 for column in range(9)] for row in range(9)],),
    )),
    (r"\bsudoku (?:row|column|line)\b", (([5, 3, 4, 6, 7, 8, 9, 1, 2],), ([5, 3, 4, 6, 7, 8, 9, 1, 1],), ([5, 3, 4, 6, 7, 8, 2, 1],))),
    (r"\bbowling\b", tuple((rolls,) for rolls in (
        [10] * 12, [9, 1] * 10 + [9], [3, 4] * 10, [10, 3, 6, 5, 5, 8, 1] + [2, 0] * 6, [1, 2] * 9 + [10, 7, 2], [4, 5, 10, 10, 6, 3] + [7, 3] * 6 + [5], [10, 0, 4] + [1, 1] * 8))),
    (r"\btic[- ]?tac[- ]?toe|\bnoughts and crosses", tuple((board,) for board in _BOARDS)),
    (r"\A(?=.*\b(?:tic[- ]?tac[- ]?toe|noughts and crosses))(?=.*\bstrings?\b)", tuple((["".join(row).replace("-", " ") for row in board],) for board in _BOARDS)),
    (r"\barithmetic (?:progression|sequence)", (([2, 4, 6, 8],), ([9, 6, 3],), ([1, 2, 4],))),
    (r"\bgeometric (?:progression|sequence)", (([2, 6, 18],), ([80, 40, 20],), ([1, 2, 4, 9],))),
)  # fmt: skip
_SHOWN = re.compile(r"(?<![\w.,-])\(?\d+\)?(?:[-:/. ]\d+)+(?![\w%])")  # a text of digits: 555-123-4567
_LETTERS = "zaeq"  # of which a text misses one


def examples_for(instruction: str) -> list[tuple[str, ...]]:
    """Arguments that have the property of which an instruction speaks, each followed by some that miss it narrowly."""
    found = [
        call
        for pattern, calls in _EXAMPLES
        if re.search(pattern, instruction, re.IGNORECASE)
        for example in calls
        for call in (example, *_near(example))
    ]
    shown = _SHOWN.findall(instruction) if re.match(_VALID, instruction, re.IGNORECASE) else []
    found += [
        (other,) for text in shown for other in (text, text[:-1], f"{text}1", f"{text[:-1]}a", f"a{text[1:]}")
    ]
    return list(dict.fromkeys(tuple(map(source_of, call)) for call in found))


def _near(example: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    """With one letter missing, two digits exchanged or one changed, or one number of a matrix another."""
    value, others = example[0], example[1:]
    near: list[object] = []
    if isinstance(value, str) and value[-2:-1].isdigit():
        near = [value[:-3] + value[-2] + value[-3] + value[-1], value[:-1] + str(int(value[-2]) % 5)]
    elif isinstance(value, str):
        near = [value.replace(letter, "").replace(letter.upper(), "") for letter in _LETTERS]
    elif isinstance(value, list) and isinstance(value[0], list):
        near = [_with_last(value, row) for row in (0, -1)]
    yield from ((other, *others) for other in near)


def _with_last(matrix: list[list[object]], row: int) -> list[list[object]]:
    """The matrix with its first item in the place of the last of a row."""
    changed = [[*items] for items in matrix]
    changed[row][-1] = matrix[0][0]
    return changed
