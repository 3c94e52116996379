"""The table of metrics: what each is called, how it is computed and how it is shown, in one entry."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.metrics import text_statistics
from src.metrics.combine import Combine, combine_bleu, combine_chrf, combine_mean, combine_sentence_bleu
from src.provenance import digest
from src.schema import SampleScore

NOT_RUN = frozenset({"", "not_run"})  # outcomes that are no verdict
PERCENT = "%"


@dataclass(frozen=True)
class Metric:
    """One metric. It is measured by `of_texts` or by `of_score`; interval, paired test and reports follow by themselves.

    Both give 0 to 100. Values of different signatures are never compared.
    """

    name: str  # in scores.json and comparison.json
    label: str  # in reports
    what: str  # for the documents: what it is, and
    counts: str  # where a sample counts
    signature: Callable[[], str]  # names every choice behind a value
    # of code, reference and language: the statistics that a set of samples adds up
    of_texts: Callable[[str, str, str], tuple[float, ...]] | None = None
    # of all that was measured on a sample: its value, None where it does not count
    of_score: Callable[[SampleScore], float | None] | None = None
    width: int = 2  # of a row of statistics
    combine: Combine = combine_mean  # sums of rows -> value
    combine_row: Combine | None = None  # the value of one sample, where it is not `combine` of its row
    binary: bool = False  # 0 or 100: pass or fail
    unit: str = ""  # PERCENT: a share of samples, of which differences are points
    drawn: bool = False  # in the chart and in the table by language
    beside: str = ""  # the metric that this counts otherwise: shown where the two differ, and in no test

    @property
    def by_sample(self) -> bool:
        """Whether reports show its value beside each single sample."""
        return self.drawn and not self.binary

    def row(self, score: SampleScore) -> tuple[float, ...]:
        """The statistics of one completion; () where it does not count."""
        if self.of_score is None:
            return score.statistics.get(self.name, ())
        value = self.of_score(score)
        return () if value is None else (value, 1.0)

    def value(self, score: SampleScore) -> float | None:
        """Of one completion alone; None where it does not count."""
        row = self.row(score)
        return float((self.combine_row or self.combine)(np.array(row, dtype=float))) if row else None


def passed(outcome: str, lacks: str) -> float | None:
    """100 for a pass, 0 for a failure, None where there is no verdict. An answer that needs what the machine lacks
    has failed: what an answer chooses is no way out of the count."""
    return None if outcome in NOT_RUN and not lacks else 100.0 * (outcome == "passed")


def passed_runnable(outcome: str, lacks: str) -> float | None:
    """The same, but for answers that need what the machine lacks, which do not count."""
    return None if lacks else passed(outcome, lacks)


@functools.cache
def _parsers() -> str:
    """8 hex digits over the versions of the parsers."""
    found = {f"{item.name} {item.version}" for item in importlib.metadata.distributions()}
    return digest(" ".join(sorted(item for item in found if item.startswith("tree-sitter"))))[:8]


_BLEU: dict[str, Any] = {"width": 10, "combine": combine_bleu, "combine_row": combine_sentence_bleu}
_SHARE: dict[str, Any] = {"binary": True, "unit": PERCENT}
_FUNCTIONAL = "passed:tests-or-differential|rules:2|of:decidable|lacking-or-undecided"
_EXECUTION = "passed:exit0|of:language-runs|lacking"
_ENTRIES = (
    Metric(
        name="functional_accuracy", label="Functional accuracy",
        what="share that passes its tests, or behaves as the reference",
        counts="it has tests, or a reference that decides",
        signature=lambda: f"{_FUNCTIONAL}:failed",
        of_score=lambda score: passed(score.functional, score.functional_lacks), drawn=True, **_SHARE,
    ),
    Metric(
        name="functional_accuracy_runnable", label="Accuracy, runnable",
        what="the same without answers that need what this machine lacks, or show nothing to compare",
        counts="the same, and it can be run here",
        signature=lambda: f"{_FUNCTIONAL}:left-out",
        of_score=lambda score: passed_runnable(score.functional, score.functional_lacks),
        beside="functional_accuracy", **_SHARE,
    ),
    Metric(
        name="execution_success", label="Execution success",
        what="share of programs that end without an error", counts="its language can be run here",
        signature=lambda: f"{_EXECUTION}:failed",
        of_score=lambda score: passed(score.execution, score.execution_lacks), drawn=True, **_SHARE,
    ),
    Metric(
        name="execution_success_runnable", label="Execution, runnable",
        what="the same without answers that are fragments or need what this machine lacks",
        counts="it can be run here",
        signature=lambda: f"{_EXECUTION}:left-out",
        of_score=lambda score: passed_runnable(score.execution, score.execution_lacks),
        beside="execution_success", **_SHARE,
    ),
    Metric(
        name="codebleu", label="CodeBLEU",
        what="mean of the samples' CodeBLEU, without the known defects of the codebleu package",
        counts="its language is one of ten, its reference is code",
        signature=lambda: f"parts:4|fixed:2|parsers:{_parsers()}",
        of_score=lambda score: score.codebleu, drawn=True,
    ),
    Metric(
        name="codebleu_package", label="CodeBLEU of package",
        what="mean of the samples' CodeBLEU as the codebleu package 0.7.0 combines the parts", counts="the same, and the answer is not cut",
        signature=lambda: f"parts:4|package's-mean:0.7.0|parsers:{_parsers()}",
        of_score=lambda score: score.codebleu_package, beside="codebleu",
    ),
    Metric(
        name="bleu", label="BLEU",
        what="corpus BLEU over the extracted code, sacrebleu's tokenizer 13a", counts="always",
        signature=text_statistics.bleu_signature, of_texts=text_statistics.bleu_statistics, drawn=True, **_BLEU,
    ),
    Metric(
        name="bleu_code", label="BLEU over code",
        what="corpus BLEU over code tokens, indentation included", counts="always",
        signature=text_statistics.bleu_code_signature, of_texts=text_statistics.bleu_code_statistics, **_BLEU,
    ),
    Metric(
        name="chrf", label="chrF", what="corpus chrF2", counts="always",
        signature=text_statistics.chrf_signature, of_texts=text_statistics.chrf_statistics,
        width=18, combine=combine_chrf,
    ),
)  # fmt: skip
# In the order of every table: what the programs do comes before what they look like.
METRICS = {metric.name: metric for metric in _ENTRIES}
