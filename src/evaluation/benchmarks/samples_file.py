"""EvalPlus's samples file: JSON lines of a task's id and a whole program; written from answers, and read as answers."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from src.data.sources.readers import read_rows
from src.evaluation.execution.judge import whole_program
from src.evaluation.predictions import to_samples
from src.schema import Example, Generation, Sample, SampleScore, UserError

log = logging.getLogger(__name__)

EXPECTED = "expected JSON lines with a task_id and a solution or a completion"


def samples_text(samples: Sequence[Sample], scores: Sequence[SampleScore]) -> str:
    """The content of a samples file: of each answer the program that was run, its prompt included."""
    lines = (
        {"task_id": sample.id, "solution": whole_program(sample, score.code) if score.code.strip() else ""}
        for sample, score in zip(samples, scores, strict=True)
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def read_samples(path: Path, examples: Sequence[Example]) -> list[Sample]:
    """The answers of a samples file to `examples`; those to one task are numbered in the order of the file.

    Raises UserError naming the line where the file is not what it should be, or has a task that is none of these.
    """
    known = {example.id for example in examples}
    numbers: Counter[str] = Counter()
    answers = []
    for row in read_rows(path):
        place = f"{path} line {row.line}"
        values = row.values if isinstance(row.values, dict) else {}
        task, text = values.get("task_id"), values.get("solution", values.get("completion"))
        if row.problem or not isinstance(task, str) or not isinstance(text, str):
            raise UserError(f"{place}: {row.problem or 'not a sample'}; {EXPECTED}")
        if task not in known:
            raise UserError(
                f"{place}: {task!r:.80} is no task of this benchmark (such as {min(known)}). Check --benchmark."
            )
        answers.append(Generation(task, text, 0, "", numbers[task]))
        numbers[task] += 1
    if len(numbers) < len(known):
        log.warning("%s answers %d of %d tasks: the others are left out", path, len(numbers), len(known))
    return to_samples(examples, answers)
