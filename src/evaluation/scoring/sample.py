"""All measurements on one sample, in stages of which none can spoil the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from src.evaluation.benchmarks.calls import parse_calls
from src.evaluation.codebleu.score import codebleu_score, has_codebleu
from src.evaluation.differential.verdicts import OTHER_OUTPUT
from src.evaluation.execution.judge import DEFINES_ONLY, classify, execute, judge
from src.evaluation.extraction.extract import MAX_ANSWER_CHARS, Extracted, extract
from src.evaluation.extraction.wanted import wanted_names
from src.evaluation.scoring.final_answer import final_answer, was_thinking
from src.metrics.table import METRICS
from src.metrics.text_statistics import bleu_statistics
from src.sandbox.sandbox import Sandbox
from src.schema import Execution, Sample, SampleScore, UserError

MAX_MESSAGE = 300  # characters
UNREADABLE = "unreadable"  # an answer on which a parser of ours failed or was killed
Result = TypeVar("Result")


class Stages:
    """Runs the stages of a sample; one that fails, or is known to kill its process, gives its fallback."""

    def __init__(self, failed: Mapping[str, str], announce: Callable[[str], None]) -> None:
        self.failed = dict(failed)  # stage -> why
        self._announce = announce

    def run(self, name: str, work: Callable[[], Result], fallback: Callable[[], Result]) -> Result:
        """`work`'s result, else `fallback`'s."""
        self._announce(name)
        if name not in self.failed:
            try:
                return work()
            except UserError:
                raise
            except Exception as error:  # a parser's: of any type, over a text that a model wrote
                self.failed[name] = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return fallback()


def score_sample(sample: Sample, sandbox: Sandbox, stages: Stages) -> SampleScore:
    """The score of a sample. An answer that cannot be read counts as one without code, or as killed."""
    item = stages.run(
        "extraction",
        lambda: extract(
            final_answer(sample.prediction, sample.finish),
            sample.language,
            wanted_names(sample),
            sample.finish,
        ),
        lambda: Extracted("", (UNREADABLE,)),
    )
    statistics, raw_bleu = stages.run(
        "text metrics",
        lambda: _text_metrics(sample, item.code, sample.prediction[:MAX_ANSWER_CHARS]),
        lambda: _text_metrics(sample, "", ""),
    )
    similarity = has_codebleu(sample.language) and stages.run(
        "CodeBLEU", lambda: codebleu_score(item.code, sample.reference, sample.language), lambda: None
    )
    killed = Execution("killed", UNREADABLE)
    execution = stages.run("execution", lambda: execute(sandbox, sample, item.code), lambda: killed)
    functional = stages.run(
        "functional accuracy",
        lambda: judge(sandbox, sample, item.code),
        lambda: killed if _has_verdict(sample) else None,
    )
    flags = item.flags + tuple(flag for flag in _cuts(sample) if flag not in item.flags)
    if functional and functional.detail == OTHER_OUTPUT:
        flags = (*flags, "output_differs")
    unreadable = {"extraction", "execution", "functional accuracy"} & stages.failed.keys()
    return SampleScore(
        id=sample.id,
        language=sample.language,
        code=item.code,
        statistics=statistics,
        codebleu=similarity.value if similarity else 0.0 if "CodeBLEU" in stages.failed else None,
        codebleu_parts=similarity.parts if similarity else None,
        codebleu_package=similarity.package_value if similarity else None,
        execution=execution.outcome,
        functional=functional.outcome if functional else "",
        error=UNREADABLE if unreadable else classify(execution, functional, flags, item.code),
        defines_only=execution.detail == DEFINES_ONLY,
        exact=_normalised(item.code) == _normalised(sample.reference),
        flags=flags,
        raw_bleu=raw_bleu,
        completion=sample.completion,
        execution_lacks=execution.lacks,
        functional_lacks=functional.lacks if functional else "",
        base=_base(sample, functional.base or functional.outcome) if functional else "",
        message=_message(execution, functional) if item.code.strip() else "",
    )


def _message(execution: Execution, functional: Execution | None) -> str:
    """What went wrong, as the interpreter or the judge says it: of the tests where they decide, else of the program."""
    failed = [item for item in (functional, execution) if item and item.outcome not in ("passed", "not_run")]
    if not failed:
        return ""
    said = [
        line.strip()
        for item in failed
        for line in reversed(item.stderr.splitlines())
        if line.startswith((f"{failed[0].detail}:", "AssertionError:"))
    ]
    parts = [failed[0].detail or failed[0].outcome, *said[:1]]
    if said and said[0].startswith(parts[0]):  # "NameError" and "NameError: name 'x' is not defined"
        del parts[0]
    return ": ".join(parts)[:MAX_MESSAGE]


def _cuts(sample: Sample) -> tuple[str, ...]:
    """Flags that say where the answer was cut off."""
    if was_thinking(sample.prediction, sample.finish):
        return ("truncated", "thinking") if sample.finish in ("length", "thinking") else ("thinking",)
    return ("truncated",) if sample.finish == "length" else ()


def unreadable_score(sample: Sample) -> SampleScore:
    """The score of a sample on which nothing could be done: wrong wherever it can be, left out of the text metrics."""
    return SampleScore(
        id=sample.id,
        language=sample.language,
        code="",
        statistics={},
        codebleu=0.0 if has_codebleu(sample.language) else None,
        codebleu_parts=None,
        codebleu_package=None,
        execution="killed",
        functional="killed" if _has_verdict(sample) else "",
        base=_base(sample, "killed"),
        error=UNREADABLE,
        flags=(UNREADABLE,),
        completion=sample.completion,
    )


def _base(sample: Sample, outcome: str) -> str:
    """The outcome on a benchmark's base inputs, where its tests tell these apart from others."""
    return outcome if parse_calls(sample.tests) else ""


def _has_verdict(sample: Sample) -> bool:
    return bool(sample.tests) or sample.language == "python"


def _normalised(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _text_metrics(
    sample: Sample, code: str, answer: str
) -> tuple[dict[str, tuple[float, ...]], tuple[int, ...]]:
    statistics = {
        name: metric.of_texts(code, sample.reference, sample.language)
        for name, metric in METRICS.items()
        if metric.of_texts
    }
    return statistics, bleu_statistics(answer, sample.reference)
