"""C++, whose fragments get the headers, the main and the names of std that they lack."""

import dataclasses
import re

from src.languages.c import DATA_FLOW, DEFINITIONS, MAIN, MISSING, UNKNOWN_NAME, weigh, with_main
from src.languages.language import Evidence, Language, Pattern, Source
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_cpp")
_HEADERS = (
    "iostream string vector map set unordered_map unordered_set algorithm cmath queue stack deque sstream memory"
    " numeric functional utility climits iomanip fstream cstring cstdlib list array stdexcept optional iterator"
    " bitset tuple"
).split()
# Slow to compile: only where the code shows that it needs them.
_HEADERS_ON_SIGHT = {
    "regex": "regex", "thread": "thread", "mutex": "mutex|lock_guard", "future": "async|future", "chrono": "chrono",
    "random": "mt19937|random_device|_distribution",
}  # fmt: skip
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


def _weigh(text: str, evidence: Evidence) -> float:
    return evidence["cpp"] and evidence["cpp"] + weigh(text, evidence) / 2


def _wrap(code: str) -> Source:
    needed = [name for name, pattern in _HEADERS_ON_SIGHT.items() if re.search(pattern, code)]
    headers = "".join(f"#include <{name}>\n" for name in (*_HEADERS, *needed))
    if not re.search(r"\busing namespace std\b|\bstd::", code):
        headers += "".join(f"using std::{name};\n" for name in _used_of_std(code))
    program, wrapped = with_main(_GRAMMAR, code, headers, "int main() { return 0; }")
    return Source({"main.cpp": program}, wrapped=wrapped)


def _used_of_std(code: str) -> list[str]:
    """Names of std that `code` uses without declaring them: its own `count` is not std's."""
    declared = r"(?:\b(?!return\b|else\b|throw\b|case\b)\w+|[>&*])\s+[*&]*%s\s*[=;,({\[)]"
    words = set(re.findall(r"\w+", code))
    return [name for name in _STD_NAMES if name in words and not re.search(declared % name, code)]


LANGUAGE = Language(
    name="cpp", label="C++", aliases="c++ cxx cc hpp", rank=4, decisive_rank=8, highlight="c",
    named=Pattern(r"(?i)\bc\+\+|\bcpp\b", "c++|cpp"),
    decisive=Pattern(
        r"#include\s*+<(?:iostream|string|vector|map|algorithm|unordered_\w++|set|queue|stack|memory"
        r"|sstream|fstream|cmath|cstdio|cstdlib|cstring|climits|thread|mutex|chrono|iomanip"
        r"|bits/stdc\+\+\.h)>|\b(?:std::|using namespace std\b|cout\s*+<<|cin\s*+>>"
        r"|template\s*+<\s*+(?:typename|class))", "#include|std::|namespace std|cout|cin|template"),
    evidence=Pattern(
        r"(?m)\b(?:std::|cout\b|vector<|string \w++\s*+[=;(,)]|nullptr\b|auto\b|class \w++\s*+[:{]|delete\b|new \w++"
        r"|virtual\b|const \w++&|map<)|\w&\s*+\w++[,)]|^[^\S\n]*+(?:public|private):|::\w|\.push_back\("),
    weigh=_weigh, extends="c", line_start=r"(?:using)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level,
    definitions=f"{DEFINITIONS} class_specifier template_declaration using_declaration namespace_definition"
        " alias_declaration",
    main=MAIN,
    compile="g++ -w -O0 -std=c++17 -o main main.cpp -pthread", run="./main", wrap=_wrap, unknown_name=UNKNOWN_NAME,
    missing=MISSING,
    errors={
        "name": "was not declared|does not name a type", "type": "cannot convert", "index": "out_of_range"},
    reads_input=Pattern(r"\bcin\b\s*+(?:>>|\.)|\bgetline\(\s*+(?:std::)?cin\b|\bscanf\("),
    data_flow=dataclasses.replace(DATA_FLOW, grammar=_GRAMMAR),
    keywords=
        "and and_eq asm auto bitand bitor bool break case catch char cin class compl const const_cast continue"
        " cout default delete do double dynamic_cast else endl enum explicit extern false float for friend goto if"
        " include inline int INT_MAX INT_MIN iomanip iostream long main MAX_RAND mutable namespace new not not_eq"
        " npos NULL operator or or_eq private protected public register reinterpret_cast return short signed"
        " sizeof static static_cast std string struct switch template this throw true try typedef typeid typename"
        " union unsigned using virtual void volatile wchar_t while xor xor_eq",
)  # fmt: skip
