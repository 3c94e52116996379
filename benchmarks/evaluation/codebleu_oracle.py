"""Holds our CodeBLEU against the codebleu package 0.7.0, which needs parsers of 2024 and so an environment of its own.

    python3.11 -m venv oracle     # on x86-64; Python 3.12 has builds of them too
    oracle/bin/pip install codebleu==0.7.0 tree-sitter==0.22.3 tree-sitter-{python,java,ruby}==0.21.0 \\
        tree-sitter-{c,javascript}==0.21.4 tree-sitter-{go,rust}==0.21.2 tree-sitter-cpp==0.22.3 \\
        tree-sitter-php==0.22.8 tree-sitter-c-sharp==0.21.3 PyYAML packaging pydantic
    python -m benchmarks.evaluation.codebleu_oracle pairs FILE [--rows ROWS]
    PYTHONHASHSEED=0 oracle/bin/python -m benchmarks.evaluation.codebleu_oracle package FILE
    python -m benchmarks.evaluation.codebleu_oracle compare FILE

`pairs` makes them of codebleu_programs.txt and the starter set, by changes of their text; and of a file of Code Alpaca's
rows, if one is named. `package` adds what the package says of them. Ours runs there on the same old parsers: where it
differs, the faults of the package are corrected until both agree, and the pair bears the names of these faults. What
differs on today's parsers only is their doing. `compare` writes benchmarks/results/codebleu.json: ids and figures, no text.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib
import importlib.metadata
import itertools
import json
import logging
import operator
import platform
import random
import re
import statistics
import unittest.mock
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT
from src.evaluation.codebleu.program import without_comments
from src.evaluation.codebleu.score import Parts, codebleu_score, package_value
from src.languages.php import with_tag
from src.languages.registry import LANGUAGES
from src.languages.syntax import TreeSitter

PROGRAMS = Path(__file__).with_name("codebleu_programs.txt")
STARTER = ROOT / "src" / "data" / "starter"
STORED = RESULTS / "codebleu.json"
TOLERANCE = 1e-6
EQUAL, UNEXPLAINED = "equal", "unexplained"
SEEDS = 2  # of each change of a program
STARTER_CHANGES = 2  # of each answer of the starter set
PACKAGE_NAMES = {"csharp": "c_sharp", "jsx": "javascript"}
_IDENTIFIER = re.compile(r"\b[a-zA-Z_]\w{2,}\b")


@dataclass(frozen=True)
class Pair:
    """What is scored against what."""

    id: str
    prediction: str
    reference: str
    language: str


def _shortened(lines: list[str], rng: random.Random) -> list[str]:
    gone = rng.randrange(len(lines))
    return lines[:gone] + lines[gone + 1 :]


def _swapped(lines: list[str], rng: random.Random) -> list[str]:
    first = rng.randrange(max(1, len(lines) - 1))
    return lines[:first] + lines[first : first + 2][::-1] + lines[first + 2 :]


def _renamed(lines: list[str], rng: random.Random) -> list[str]:
    text = "\n".join(lines)
    names = sorted(set(_IDENTIFIER.findall(text))) or ["x"]
    return re.sub(rf"\b{rng.choice(names)}\b", "other_name", text).split("\n")


CHANGES: dict[str, Callable[[list[str], random.Random], list[str]]] = {
    "shortened": _shortened,
    "swapped": _swapped,
    "renamed": _renamed,
    "repeated": lambda lines, rng: lines + rng.sample(lines, min(3, len(lines))),
    "cut": lambda lines, rng: "\n".join(lines)[: rng.randrange(20, 40 + 20 * len(lines))].split("\n"),
    "numbers": lambda lines, rng: [re.sub(r"\d+", lambda _: str(rng.randrange(100)), line) for line in lines],
}


def pairs() -> list[Pair]:
    """Those of the committed programs, the same every time."""
    programs = [
        (f"program-{number}", *reversed(block.split("\n", 1)))
        for number, block in enumerate(re.split(r"^@@ ", PROGRAMS.read_text("utf-8"), flags=re.MULTILINE)[1:])
    ]
    starter = [
        (f"{split}-{number}", row["output"], row["language"])
        for split in ("train", "validation", "test")
        for number, row in enumerate(
            map(json.loads, (STARTER / f"{split}.jsonl").read_text("utf-8").splitlines())
        )
        if row["language"] in LANGUAGES and LANGUAGES[row["language"]].data_flow
    ]
    found = [
        Pair(f"{name}:{other}", theirs, code, language)
        for name, code, language in programs
        for other, theirs, of in programs
        if of == language and other != name
    ]
    found += [
        pair
        for item in programs
        for change in CHANGES
        for seed in range(SEEDS)
        for pair in [_changed(item, change, seed)]
    ]
    for number, item in enumerate(starter):
        names = [list(CHANGES)[(number + step) % len(CHANGES)] for step in range(STARTER_CHANGES)]
        found += [_changed(item, change, 0) for change in names]
    return found


def _changed(item: tuple[str, str, str], change: str, seed: int) -> Pair:
    name, code, language = item
    id = f"{name}:{change}-{seed}"
    return Pair(id, "\n".join(CHANGES[change](code.split("\n"), random.Random(id))), code, language)


def real_pairs(path: Path) -> list[Pair]:
    """Of each answer with code in one of the ten languages: another's answer in it, and a change of its own."""
    from src.languages.detection import detect

    answers = []
    for number, row in enumerate(json.loads(path.read_text("utf-8"))):
        language = detect(row["instruction"], row.get("input", ""), row["output"])
        if language in LANGUAGES and LANGUAGES[language].data_flow:
            answers.append((str(number), row["output"], language))
    found = []
    for number, item in enumerate(answers):
        others = (other for other in answers[number + 1 :] + answers[:number] if other[2] == item[2])
        for other in itertools.islice(others, 1):
            found.append(Pair(f"{item[0]}:{other[0]}", other[1], item[1], item[2]))
        found.append(_changed(item, list(CHANGES)[number % len(CHANGES)], 0))
    return found


class Package:
    """The codebleu package, with some of its faults corrected."""

    def __init__(self) -> None:
        from codebleu import calc_codebleu, dataflow_match, syntax_match
        from codebleu.parser import DFG

        self._calculate = calc_codebleu
        self._raised = False
        ordered = {"set": _OrderedSet}
        by_tree = {"remove_comments_and_docstrings": _without_comments}
        self._corrections: dict[str, list[tuple[Any, dict[str, Any]]]] = {
            "sets": [(DFG, ordered), (dataflow_match, ordered)],
            "comments": [(syntax_match, by_tree), (dataflow_match, by_tree)],
            "positions": [(dataflow_match, {"index_to_code_token": _token_by_bytes})],
            "tag": [],
        }
        for name, flow in dataflow_match.dfg_function.items():
            dataflow_match.dfg_function[name] = functools.partial(self._noticed, flow)

    def _noticed(self, flow: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return flow(*arguments)
        except Exception:
            self._raised = True
            raise

    def parts(self, pair: Pair, corrected: Sequence[str] = ()) -> tuple[Parts, bool]:
        """The four parts, and whether the package took an exception of its own for an empty data flow."""
        changes = [change for name in corrected for change in self._corrections[name]]
        with contextlib.ExitStack() as stack:
            for module, names in changes:
                stack.enter_context(unittest.mock.patch.dict(module.__dict__, names))
            self._raised = False
            parts = self._parts(pair.prediction, pair.reference, pair.language)
            if "tag" in corrected and pair.language == "php":
                tagged = [with_tag(text.strip()) for text in (pair.prediction, pair.reference)]
                parts = (*parts[:2], *self._parts(*tagged, pair.language)[2:])
            return parts, self._raised

    def _parts(self, prediction: str, reference: str, language: str) -> Parts:
        found = self._calculate([reference], [prediction], PACKAGE_NAMES.get(language, language))
        _, ngram, weighted, syntax, flow = found.values()
        return ngram, weighted, syntax, flow

    def faults(self, pair: Pair, ours: Parts) -> str:
        """What has to be corrected for the package to agree with ours on the same parsers."""
        for count in range(len(self._corrections) + 1):
            for names in itertools.combinations(self._corrections, count):
                theirs, raised = self.parts(pair, names)
                if same(ours, theirs):
                    return " ".join(names)
                if raised and same(ours[:3], theirs[:3]):
                    return " ".join([*names, "exception"])
        loses_a_loop = any(map(_has_loop_with_else, (pair.prediction, pair.reference)))
        return "loop-else" if pair.language == "python" and loses_a_loop else UNEXPLAINED


def _has_loop_with_else(code: str) -> bool:
    facts = LANGUAGES["python"].data_flow
    assert facts
    pending = [facts.grammar.root(code.strip())]
    while pending:
        node = pending.pop()
        if node.type == "for_statement" and node.children[-1].type == "else_clause":
            return True
        pending += node.children
    return False


class _OrderedSet(dict[Any, None]):
    """A set that keeps its order, which the package's lists of names take over."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(dict.fromkeys(items))

    def add(self, item: Any) -> None:
        self[item] = None


def _without_comments(source: str, name: str) -> str:
    language = {theirs: ours for ours, theirs in PACKAGE_NAMES.items() if ours != "jsx"}.get(name, name)
    facts = LANGUAGES[language].data_flow
    assert facts
    return without_comments(source, facts) or source


def _token_by_bytes(index: Any, lines: list[str]) -> str:
    """The parser's columns are bytes."""
    (first, start), (last, end) = index
    if first == last:
        return lines[first].encode()[start:end].decode()
    middle = "".join(lines[first + 1 : last])
    return lines[first].encode()[start:].decode() + middle + lines[last].encode()[:end].decode()


def same(left: Sequence[float], right: Sequence[float]) -> bool:
    return max(map(abs, map(operator.sub, left, right))) <= TOLERANCE


def _old_root(grammar: TreeSitter, text: str) -> Any:
    """Of parsers before 0.25, which take no callback."""
    return _old_parser(grammar).parse(text.encode()).root_node


@functools.cache
def _old_parser(grammar: TreeSitter) -> Any:
    import tree_sitter

    parser = tree_sitter.Parser()
    parser.language = tree_sitter.Language(getattr(importlib.import_module(grammar.module), grammar.entry)())
    return parser


def ask_package(path: Path) -> None:
    """Adds to each pair of the file what the package says, and how ours differs on the same parsers."""
    TreeSitter.root = _old_root  # type: ignore[method-assign]
    logging.disable(logging.WARNING)
    package = Package()
    kept = json.loads(path.read_text("utf-8"))
    for item in kept["pairs"]:
        pair = Pair(*item["pair"])
        ours = codebleu_score(pair.prediction, pair.reference, pair.language)
        if ours is not None:
            item["package"], _ = package.parts(pair)
            item["value"], item["ours"] = ours.value, ours.parts
            item["faults"] = package.faults(pair, ours.parts)
    kept["package"] = _versions()
    path.write_text(json.dumps(kept), encoding="utf-8")


def _versions() -> dict[str, str]:
    names = sorted(item.name for item in importlib.metadata.distributions())
    kept = [name for name in dict.fromkeys(names) if name.startswith(("codebleu", "tree-sitter"))]
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in kept}


def cause(now: Parts, package: Parts, then: Parts, faults: str) -> str:
    """Why ours on today's parsers differs from the package, on whose parsers ours gave `then`."""
    if same(now, package):
        return EQUAL
    return " ".join(filter(None, [faults, "" if same(now, then) else "parsers"])) or UNEXPLAINED


def compare(path: Path) -> None:
    """Writes the figures of the embedded pairs, and of all sets how many are equal and why others are not."""
    kept = json.loads(path.read_text("utf-8"))
    stored: dict[str, Any] = {
        "package": kept["package"],
        "ours": _versions(),
        "sets": {},
        "means": {},
        "pairs": {},
    }
    values: dict[str, list[tuple[float, float]]] = {}
    for item in kept["pairs"]:
        pair = Pair(*item["pair"])
        score = codebleu_score(pair.prediction, pair.reference, pair.language)
        if score is None or "package" not in item:
            assert (score is None) == ("package" not in item), pair.id
            continue
        values.setdefault(item["of"], []).append((item["value"], score.value))
        why = cause(score.parts, item["package"], item["ours"], item["faults"])
        causes = stored["sets"].setdefault(item["of"], {}).setdefault(pair.language, {})
        count, furthest = causes.get(why, (0, 0.0))
        distance = abs(package_value(score.parts) - package_value(item["package"]))
        causes[why] = [count + 1, max(furthest, round(distance, 4))]
        if item["of"] == "own":
            figures = [[round(part, 10) for part in parts] for parts in (item["package"], item["ours"])]
            stored["pairs"][pair.id] = [*figures, item["faults"]] if item["faults"] else figures[:1]
    for name, pairs_of_values in values.items():
        stored["means"][name] = [
            round(statistics.mean(each), 4) for each in zip(*pairs_of_values, strict=True)
        ]
    stored["themselves"] = _themselves(
        {tuple(item["pair"][2:]) for item in kept["pairs"] if item["of"] != "own"}
    )
    text = json.dumps(stored, indent=1)
    text = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    STORED.write_text(text + "\n", encoding="utf-8")


def _themselves(answers: set[tuple[str, str]]) -> dict[str, int]:
    """Of answers that are scored against themselves, how many have 100, and how many no CodeBLEU."""
    scores = [codebleu_score(code, code, language) for code, language in answers]
    full = sum(score is not None and score.value > 100 - TOLERANCE for score in scores)
    return {"answers": len(scores), "100": full, "none": scores.count(None)}


CAUSES = {
    "sets": "the order of the package's sets, another with every `PYTHONHASHSEED`, is in its data flow",
    "comments": "its expressions take text for comments (`//` in a template), or leave comments (Ruby, unfinished Python)",
    "positions": "outside ASCII its data flow takes bytes for characters",
    "tag": "PHP without `<?php` is one text, equal to any other",
    "exception": "it fails at a node, such as PHP's `foreach (f() as $x)`, and takes that for no data flow at all",
    "loop-else": "it leaves out the body of a Python loop with an `else`",
    "parsers": "its parsers, of 2024, read the code otherwise",
}


def tables(stored: dict[str, Any]) -> str:
    """How many pairs are equal, and why others are not, for docs/metrics.md."""
    sets = [stored["sets"]["own"], stored["sets"]["code_alpaca"]]
    lines = [
        "| language | pairs | equal | on the same parsers | Code Alpaca's | equal | on the same parsers |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = [name for name in LANGUAGES if any(name in found for found in sets)]
    for name in [*names, ""]:
        cells = [LANGUAGES[name].label if name else "all"]
        for found in sets:
            causes = Counter[str]()
            for language in [name] if name else names:
                causes.update({why: count for why, (count, _) in found.get(language, {}).items()})
            equal = causes[EQUAL]
            cells += [f"{number:,}" for number in (causes.total(), equal, equal + causes["parsers"])]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "| why a pair differs | pairs | Code Alpaca's | at most |",
        "| --- | --- | --- | --- |",
    ]
    for word, meaning in CAUSES.items():
        counts = [
            sum(
                count
                for causes in found.values()
                for why, (count, _) in causes.items()
                if word in why.split()
            )
            for found in sets
        ]
        furthest = max(
            far
            for found in sets
            for causes in found.values()
            for why, (_, far) in causes.items()
            if why == word
        )
        lines.append(f"| {meaning} | {counts[0]:,} | {counts[1]:,} | {furthest:.1f} |")
    then, now = stored["means"]["code_alpaca"]
    themselves = stored["themselves"]
    lines += [
        "",
        f"Over Code Alpaca's pairs the mean of `codebleu` is {now:.2f}, and {then:.2f} on the parsers of 2024. Of {themselves['answers']:,}",
        f"answers that are scored against themselves {themselves['100']:,} have 100, the other {themselves['none']:,} no CodeBLEU.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("pairs", "package", "compare"))
    parser.add_argument("file", type=Path, help="keeps the pairs and what is found of them")
    parser.add_argument("--rows", type=Path, help="code_alpaca_20k.json, or a part of it")
    args = parser.parse_args(arguments)
    if args.step == "pairs":
        made = [("own", pairs()), *([("code_alpaca", real_pairs(args.rows))] if args.rows else [])]
        items = [{"of": of, "pair": dataclasses.astuple(pair)} for of, found in made for pair in found]
        args.file.write_text(json.dumps({"pairs": items}), encoding="utf-8")
    elif args.step == "package":
        ask_package(args.file)
    else:
        compare(args.file)
        print(tables(json.loads(STORED.read_text("utf-8"))))


if __name__ == "__main__":
    main()
