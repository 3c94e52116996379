"""Wraps a fragment of C or C++ into a whole program, with the headers, main and names of std that it lacks."""

from __future__ import annotations

import re

from src.evaluation.execution.wrap_fragments import top_level_nodes

_COMMENT = re.compile(r"//[^\n]*|/\*")  # one of a line, or the start of a block
_C_HEADERS = ("stdio", "stdlib", "string", "math", "ctype", "stdbool", "limits", "stdint", "time")
_CPP_HEADERS = (
    "iostream string vector map set unordered_map unordered_set algorithm cmath queue stack deque sstream memory"
    " numeric functional utility climits iomanip fstream cstring cstdlib list array stdexcept optional iterator"
    " bitset tuple"
).split()
# Slow to compile: only where the code shows that it needs them.
_CPP_HEADERS_ON_SIGHT = {
    "regex": r"regex",
    "thread": r"thread",
    "mutex": r"mutex|lock_guard",
    "future": r"async|future",
    "chrono": r"chrono",
    "random": r"mt19937|random_device|_distribution",
}
_STD_NAMES = (
    "cout cin cerr endl string to_string stoi stod getline stringstream istringstream ostringstream ifstream ofstream"
    " vector map set multiset pair make_pair tuple make_tuple get tie unordered_map unordered_set queue stack"
    " priority_queue deque list array bitset function unique_ptr shared_ptr move make_unique make_shared greater less"
    " sort stable_sort reverse find count swap max min max_element min_element accumulate abs sqrt pow floor ceil round"
    " setw setprecision fixed setfill hex transform for_each copy unique fill next_permutation lower_bound upper_bound"
    " binary_search numeric_limits exception tolower runtime_error invalid_argument out_of_range logic_error thread"
    " mutex regex gcd ostream istream iota remove_if all_of any_of count_if find_if next prev toupper isalpha isdigit"
    " distance advance begin end initializer_list hash ios lock_guard optional nullopt variant size_t async future ref"
    " back_inserter left"
).split()
_C_STATEMENTS = frozenset(
    (
        "expression_statement if_statement for_statement while_statement do_statement switch_statement"
        " return_statement for_range_loop try_statement ERROR"
    ).split()
)


def c_program(code: str) -> tuple[str, bool]:
    """`code` with the headers and the main it lacks, and whether it lacked any."""
    headers = "".join(f"#include <{name}.h>\n" for name in _C_HEADERS)
    return _with_main("c", code, headers, "int main(void) { return 0; }")


def cpp_program(code: str) -> tuple[str, bool]:
    needed = [name for name, pattern in _CPP_HEADERS_ON_SIGHT.items() if re.search(pattern, code)]
    headers = "".join(f"#include <{name}>\n" for name in (*_CPP_HEADERS, *needed))
    if not re.search(r"\busing namespace std\b|\bstd::", code):
        headers += "".join(f"using std::{name};\n" for name in _used_of_std(code))
    return _with_main("cpp", code, headers, "int main() { return 0; }")


def _used_of_std(code: str) -> list[str]:
    """Names of std that `code` uses without declaring them: its own `count` is not std's."""
    declared = r"(?:\b(?!return\b|else\b|throw\b|case\b)\w+|[>&*])\s+[*&]*%s\s*[=;,({\[)]"
    words = set(re.findall(r"\w+", code))
    return [name for name in _STD_NAMES if name in words and not re.search(declared % name, code)]


def _without_comments(code: str) -> str:
    """`code` without its comments; one that never ends is no comment. Linear time."""
    kept = []
    at = look = 0
    last_end = code.rfind("*/")
    while start := _COMMENT.search(code, look):
        look = start.end()
        if start.group() == "/*" and last_end < look:
            continue
        kept.append(code[at : start.start()])
        at = look = code.find("*/", look) + 2 if start.group() == "/*" else look
    return "".join([*kept, code[at:]])


def _with_main(language: str, code: str, headers: str, main: str) -> tuple[str, bool]:
    if re.search(r"\bmain\s*\(", _without_comments(code)):
        return (code, False) if "#include" in code else (headers + code, True)
    outside, inside = _split_at_main(language, code)
    if not inside:
        return f"{headers}{code}\n{main}\n", True
    body = "\n".join(inside) if outside else code
    return "\n".join([headers, *outside, main.replace("return 0;", f"{body}\nreturn 0;"), ""]), True


def _split_at_main(language: str, code: str) -> tuple[list[str], list[str]]:
    """The parts of a C or C++ script outside main, and those inside it; both in the order given.

    Variables stay outside where functions may use them, as long as no statement has come before.
    """
    nodes = top_level_nodes(language, code)
    functions = "".join(text for kind, text in nodes if kind == "function_definition")
    outside: list[str] = []
    inside: list[str] = []
    last = outside
    for kind, text in nodes:
        if kind == ";" and last:
            last[-1] += ";"  # the end of a class
            continue
        movable = kind == "declaration" and (inside or not functions or "(" in text)
        last = (
            inside if kind in _C_STATEMENTS or (movable and not _is_prototype(text, functions)) else outside
        )
        last.append(text)
    return outside, inside


def _is_prototype(declaration: str, functions: str) -> bool:
    name = re.fullmatch(r"[\w\s*&:<>,]*?\b(\w+)\s*\([^=()]*\)\s*;", declaration)
    return name is not None and re.search(rf"\b{name.group(1)}\s*\(", functions) is not None
