"""Examples of each kind of argument."""

from __future__ import annotations

_POOLS = {  # kind -> its examples, Python literals
    "int": "5 | 2 | 0 | 10 | 7 | 1 | -3 | 12 | 100 | 4 | 15 | 9",
    "float": "2.5 | 10.0 | 0.5 | -1.25 | 100.0 | 3.75 | 0.0 | 7.2",
    "str": "'hello world' | 'racecar' | 'The Quick brown fox jumps over a lazy dog' | 'A man, a plan, a canal, Panama!' | 'abcABC123' | 'a' | '12321' | '' | 'aabbbc'"
    " | 'Listen, it is 5 pm!' | 'banana' | 'we saw three purple elephants' | 'never odd or even' | 'level up' | 'xyz'",
    "roman": "'XIV' | 'III' | 'MCMXCIV' | 'LVIII' | 'IX' | 'XC' | 'CDXLIV' | 'DCCCXC' | 'MMXXI' | 'I'",
    "snake_case": "'first_name' | 'total' | 'max_user_id' | 'zip_code' | 'new_value_of_price'",
    "kebab-case": "'first-name' | 'total' | 'max-user-id' | 'zip-code' | 'new-value-of-price'",
    "camelCase": "'firstName' | 'total' | 'maxUserId' | 'zipCode' | 'newValueOfPrice'",
    "DNA": "'ACGT' | 'GATTACA' | 'AAGT' | 'TTTT' | 'CGCGA' | 'TACGATC'",
    "hex color": "'#ff8000' | '#000000' | '#12ab9f' | '#FFFFFF'",
    "file": "'first.txt' | 'second.txt'",  # file_fixtures.py makes them
    "text number": "'1011' | '42' | '7' | '100' | '0' | '12' | '-8' | '2.5'",
    "char": "'a' | 'o' | 'x' | 'l' | 'e' | '-'",
    "bool": "True | False",
    "list[int]": "[3, 1, 2] | [1, 2, 3, 4, 5, 6, 7] | [5, 5, 2, 8, -1, 0] | [10] | [4, 4, 7, 2, 10, -3, 7] | []"
    " | [2, 4, 4, 8] | [9, 7, 5, 3, 1] | [0, 1, 1, 0] | [-5, -2, -9] | [12, 15, 3, 30] | [6, 2, 2, 7, 6, 13] | [25, 40] | [3, 9, 5, 9, 3] | [1, 2, 1, 3, 1, 2]",
    "list[bool]": "[True, False, True] | [False] | [True, True, False, False] | [False, True] | []",
    "list[float]": "[1.5, 2.5, 3.0] | [0.1, -4.25, 10.0, 2.0] | [7.5]",
    "list[str]": "['apple', 'banana', 'cherry'] | ['a', 'b', 'a', 'cc'] | ['Dog', 'cat', 'mouse', 'elephant'] | []"
    " | ['b', 'a', 'b', 'c', 'b', 'a'] | ['level', 'noon', 'python'] | ['flower', 'flow', 'flight'] | ['inter', 'internet', 'interval'] | ['eat', 'tea', 'tan', 'ate']",
    "matrix": "[[1, 2, 3], [4, 5, 6], [7, 8, 9]] | [[1, 2], [3, 4]] | [[5]] | [[0, 1], [1, 0]] | [[2, -1], [0, 3]]",
    "nested": "[1, [2, 3]] | [1, [2, [3, 4]], 5] | [[1], [2, [3]]] | [1, 2] | [[[1, 2], 3], 4] | [7, [[[1], 2], 5]] | [[2, 5], 1, [7]]",
    "list[set]": "[{1, 2, 3}, {3, 4}, {4, 3, 5}] | [{1, 2}, {2, 1}] | [{7}, {8, 9}] | [{'a', 'b'}, {'b', 'c'}]",
    "list[pair]": "[(1, 'b'), (2, 'a'), (0, 'c')] | [(1, 3), (2, 6), (8, 10), (15, 18)] | [('x', 5), ('y', 2)]"
    " | [(1, 20), (4, 7), (9, 2), (11, 16)]",
    "dict": "{'a': 3, 'b': 1, 'c': 2} | {'x': 10} | {'apple': 5, 'pear': 5, 'fig': 2} | {} | {'b': 7, 'a': 4, 'd': 9}"
    " | {'plum': 12, 'kiwi': 30, 'date': 8, 'lime': 21} | {'c': 1, 'a': 2}",
    "dict[str]": "{'a': 'x', 'b': 'y'} | {'red': 'apple', 'green': 'pear', 'blue': 'pear'} | {'Ann': 'Oslo'} | {'one': 'eins', 'two': 'zwei', 'three': 'drei'}",
    "dict[dict]": "{'ann': {'age': 30, 'city': 'Oslo'}, 'bob': {'age': 25}} | {'shop': {'name': 'Kiosk', 'open': True}, 'bar': {'name': 'Moon'}} | {'a': {'x': 1, 'y': 2}}"
    " | {'a': {'b': {'c': 1, 'd': 2}, 'e': 3}, 'f': 4}",
    "list[dict]": "[{'name': 'Ann', 'age': 30}, {'name': 'Bob', 'age': 25}] | [{'x': 4, 'y': 1}, {'x': 2, 'y': 7, 'z': 5}, {'x': 9}] | [{'name': 'Cy', 'age': 41, 'score': 7}]",
    "pair": "(3, 4) | (1, 9) | (7, 2) | (0, 5) | (-2, 6) | (8, 8) | (12, 1)",
    "tuple": "(3, 1, 2) | (1, 2) | ('a', 'b', 'c') | (4, 5, 6, 7)",
    "set": "{1, 2, 3} | {3, 4} | {5} | {2, 3, 8, 9} | {4, 7} | {1, 5, 9}",
    "date": "'2023-04-15' | '2020-02-29' | '1999-12-31'",
    "email": "'ann@example.com' | 'not an email' | 'x@y' | 'first.last@mail.example.org'",
}  # fmt: skip
FUNCTION = "\u0192"  # begins the text that stands for a function, since arguments are literals
FUNCTIONS = (
    "lambda: 7 | lambda: 'done'",
    "lambda x: x + 1 | lambda x: x * 2 | lambda x: x % 2 == 0 | lambda x: [x, x] | lambda x: x - 3",
    "lambda x, y: x + y | lambda x, y: x * y - x | lambda x, y: x - y",
    "lambda x, y, z: x + y * z | lambda x, y, z: x - y + 2 * z",
)
_POOLS |= {
    f"function of {n}": " | ".join(repr(FUNCTION + f) for f in pool.split(" | "))
    for n, pool in enumerate(FUNCTIONS)
}
POOLS: dict[str, tuple[str, ...]] = {kind: tuple(pool.split(" | ")) for kind, pool in _POOLS.items()}
ANY = "int|str|list[int]|list[str]|float|dict|matrix|list[pair]|text number|list[dict]|tuple".split("|")
