"""Holds the differential run against answers to small Python tasks that were written and labelled by hand.

    python -m benchmarks.evaluation.labelled [development|held_out|other_hand|third_hand|fourth_hand|fifth_hand|sixth_hand|seventh_hand|eighth_hand|ninth_hand] [--each]
    python -m benchmarks.evaluation.labelled --answers FILE.txt --data ALPACA.json [--each]

The sets, who wrote them and what the labels mean: labelled_answers/README.md. The tasks' asserts are taken away: they only
check the labels (tests/evaluation/differential/test_labelled.py). The development half may be looked at; the other sets are
scored once each, when the work on the verdicts is over. Answers of your own, to samples of a data set that is not here, have the
same format, with a sample's place in the data in place of the task's name. Writes benchmarks/results/labelled.json.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import RESULTS
from src.data.sources.catalog import STARTER
from src.evaluation.execution.judge import judge
from src.evaluation.extraction.extract import extract
from src.evaluation.extraction.wanted import wanted_names
from src.evaluation.statistics.proportions import wilson
from src.sandbox.sandbox import Sandbox
from src.schema import Execution, Sample

SETS = (
    "development", "held_out", "other_hand", "third_hand", "fourth_hand", "fifth_hand", "sixth_hand", "seventh_hand", "eighth_hand", "ninth_hand",
)  # fmt: skip
ANSWERS = Path(__file__).with_name("labelled_answers")
OF_OWN_TASKS = "tasks that no earlier set has"  # of a set that shares some: the figures for the others
STORED = RESULTS / "labelled.json"


@dataclass(frozen=True)
class Labelled:
    """One answer to a task of the starter set or of the set's own."""

    task: str  # its file, and its line from 0: "train-3"
    label: str  # "right", "acceptable" or "wrong"
    seen: bool  # False: wrong, and the task's asserts do not notice
    form: str
    text: str  # code, sometimes with prose and a fence


def labelled_answers(name: str) -> list[Labelled]:
    """The answers of a set, task by task."""
    return answers_in(ANSWERS / f"{name}.txt")


def answers_in(path: Path) -> list[Labelled]:
    """The answers of a file in the format of labelled_answers/README.md."""
    return list(_parsed(path.read_text(encoding="utf-8")))


def _parsed(text: str) -> Iterator[Labelled]:
    for block in re.split(r"^@@ ", text, flags=re.MULTILINE)[1:]:
        task, *answers = re.split(r"\n@ ", block)
        for answer in answers:
            head, text = answer.split("\n", 1)
            label, form = head.split(": ", 1)
            yield Labelled(task, label.removesuffix(", unseen"), ", unseen" not in label, form, text)


def task(name: str) -> dict[str, str]:
    """The row of the starter set, or of a set's own tasks: instruction, input, output, language, tests."""
    stem, _, line = name.partition("-")
    own = ANSWERS / f"{stem}.jsonl"
    rows = own if own.exists() else STARTER / f"{stem}.jsonl"
    row: dict[str, str] = json.loads(rows.read_text(encoding="utf-8").splitlines()[int(line)])
    return row


def sample_of(answer: Labelled, rows: Sequence[dict[str, str]] = ()) -> Sample:
    """The task without its asserts; where there are `rows` of another data set, the row at the place that it names."""
    row = rows[int(answer.task)] if rows else task(answer.task)
    given = row.get("input") or ""
    return Sample(answer.task, row["instruction"], given, row["output"], answer.text, "python")


def outcomes(
    sandbox: Sandbox, answers: Sequence[Labelled], rows: Sequence[dict[str, str]] = ()
) -> list[tuple[str, str]]:
    """ "passed", "rejected" or "no verdict" for each answer, and why."""
    samples = [sample_of(answer, rows) for answer in answers]
    jobs = [
        partial(_judged, sample=sample, code=extract(sample.prediction, "python", wanted_names(sample)).code)
        for sample in samples
    ]
    found = []
    # What a busy machine may have had a part in is judged once more, alone, as evaluate.py does.
    tried = list(sandbox.map(jobs))
    for job, (first, starved) in zip(jobs, tried, strict=True):
        verdict = job(sandbox)[0] if starved else first
        kind = {None: "no verdict", "not_run": "no verdict", "passed": "passed"}.get(
            verdict.outcome if verdict else None, "rejected"
        )
        found.append((kind, verdict.detail if verdict else ""))
    return found


def _judged(sandbox: Sandbox, sample: Sample, code: str) -> tuple[Execution | None, bool]:
    """The verdict, and whether a busy machine may have ended some program meanwhile."""
    before = sandbox.starved
    verdict = judge(sandbox, sample, code)
    return verdict, sandbox.starved > before


def summary(answers: Sequence[Labelled], found: Sequence[tuple[str, str]]) -> dict[str, dict[str, object]]:
    """For each label its n, the outcomes, and the share that passed in per cent, with Wilson's interval."""
    counts = Counter((answer.label, kind) for answer, (kind, _) in zip(answers, found, strict=True))
    rows: dict[str, dict[str, object]] = {}
    for label in ("right", "acceptable", "wrong"):
        by_kind = {kind: counts[label, kind] for kind in ("passed", "rejected", "no verdict")}
        n = sum(by_kind.values())
        low, high = wilson(by_kind["passed"], n)
        rows[label] = {
            "n": n, **by_kind, "passed_percent": round(100 * by_kind["passed"] / n, 1),
            "ci95": [round(low, 1), round(high, 1)],
        }  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", choices=SETS, nargs="?", default=SETS[0])
    parser.add_argument("--each", action="store_true", help="list the verdicts that are not the label's")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="other answers, to samples of --data")
    parser.add_argument("--data", type=Path, metavar="FILE", help="JSON in the format of Alpaca")
    args = parser.parse_args()
    if (args.answers is None) != (args.data is None):
        parser.error("--answers and --data go together")
    answers = answers_in(args.answers) if args.answers else labelled_answers(args.set)
    rows = json.loads(args.data.read_text(encoding="utf-8")) if args.data else ()
    with Sandbox() as sandbox:
        found = outcomes(sandbox, answers, rows)
    if args.each:
        for answer, (kind, detail) in zip(answers, found, strict=True):
            if (kind == "passed") == (answer.label == "wrong"):
                print(f"{answer.task} {answer.label}: {answer.form} | {kind} {detail}")
    result = {"tasks": len({a.task for a in answers}), **summary(answers, found)}
    if args.answers:
        _store(
            args.answers.stem,
            result | {"data": args.data.name, "samples": " ".join(dict.fromkeys(a.task for a in answers))},
        )
        return
    earlier = SETS[: SETS.index(args.set)]
    elsewhere = {a.task for name in earlier for a in labelled_answers(name)}
    own = [(a, kind) for a, kind in zip(answers, found, strict=True) if a.task not in elsewhere]
    if len(own) < len(answers):
        result[OF_OWN_TASKS] = summary(*zip(*own, strict=True))
    _store(args.set, result)


def _store(name: str, result: dict[str, object]) -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    STORED.write_text(json.dumps(stored | {name: result}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
