"""The records that cross module boundaries, and their JSON."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Record = TypeVar("Record")
MAX_COUNT = 2**63  # whole numbers of a record are below


class UserError(Exception):
    """A mistake that the user can fix: the scripts print its one line and exit with code 2."""


@dataclass(frozen=True)
class Example:
    """One instruction with its reference answer."""

    id: str  # hash of the content: the same wherever the row stands
    instruction: str
    input: str  # "" when there is none
    output: str
    language: str = ""  # a key of languages.registry.LANGUAGES; "" is not code or not known
    tests: str = ""  # Python asserts that decide whether an answer is right, or calls (benchmarks.calls)
    prefix: str = ""  # code that the answer continues (HumanEval's prompt); "" elsewhere


@dataclass(frozen=True)
class Generation:
    """What a model answered to one example."""

    id: str
    text: str  # what the new tokens add to the prompt
    tokens: int  # new tokens, the end token included
    finish: str  # "stop": an end token; "turn": it began another turn; "length": cut off; "thinking": in its thought
    completion: int = 0  # index among several completions of one prompt
    prompt: str = ""  # in a store: digest of the texts that it answers


@dataclass(frozen=True)
class Sample:
    """One prediction to be scored: a line of a predictions file."""

    id: str
    instruction: str
    input: str
    reference: str
    prediction: str
    language: str = ""
    tests: str = ""
    prefix: str = ""
    finish: str = ""  # as in Generation; "" is unknown
    completion: int = 0


@dataclass(frozen=True)
class Execution:
    """What happened when one program ran in the sandbox."""

    outcome: str  # passed failed error timeout out_of_memory output_limit killed not_run
    detail: str = ""  # the failing assert, the error's type, or why it did not run
    stdout: str = ""  # capped, printable
    stderr: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    lacks: str = ""  # what the program needs and this machine lacks; "fragment": the code around it
    base: str = ""  # outcome on the base tests alone, of a benchmark that adds others to them


@dataclass(frozen=True)
class SampleScore:
    """Everything measured on one sample: numbers, no text of data or model except `code`."""

    id: str
    language: str
    code: str  # extracted from the answer
    statistics: dict[str, tuple[float, ...]]  # of each metric of texts (metrics.table): what samples add up
    codebleu: float | None  # 0-100; None: language without CodeBLEU
    codebleu_parts: tuple[float, ...] | None  # n-gram, weighted n-gram, syntax, data flow; 0-1
    codebleu_package: float | None  # 0-100, as the package combines its parts
    execution: str  # outcome of running the program alone
    functional: str  # outcome of its tests or of the differential run; "" = no verdict possible
    error: str = ""  # syntax name type index import assertion wrong_output timeout no_code unreadable ...
    defines_only: bool = False  # the program ran but only defined things
    exact: bool = False  # equal to the reference but for line ends and white space at an end
    flags: tuple[str, ...] = ()  # truncated, thinking, no_code, extra_turn, fenced, output_differs
    raw_bleu: tuple[int, ...] = ()  # BLEU statistics of the raw answer, before extraction
    completion: int = 0
    execution_lacks: str = ""  # as in Execution
    functional_lacks: str = ""
    base: str = ""  # as in Execution
    # what went wrong: the assert that failed, the call that differed, the error's own words
    message: str = ""


@dataclass(frozen=True)
class Score:
    """A metric over a set of samples."""

    value: float | None  # 0-100; None where nothing could be measured
    ci95: tuple[float, float] | None
    n: int  # samples that count in the value
    coverage: float  # n / all samples
    signature: str
    package_value: float | None = None  # of CodeBLEU: the mean as the package combines its parts


@dataclass(frozen=True)
class SeedErrors:
    """Where the error of a difference between methods comes from, of which at least one has several seeds."""

    before: int  # trainings on that side
    after: int
    samples: float  # standard error that the choice of samples causes
    seeds: float  # standard error that the choice of seeds causes
    needed: int | None  # seeds that can show a true difference as large as this one; None: n is too small


@dataclass(frozen=True)
class Difference:
    """After minus before on the same samples."""

    delta: float
    ci95: tuple[float, float]
    p_value: float
    p_holm: float  # Holm-corrected over the metrics and methods of the report
    wins: int
    losses: int
    ties: int
    n: int
    detectable: float  # the smallest difference this n shows with 80 % power at p < 0.05
    test: str  # name of the test that gave p_value
    seeds: SeedErrors | None = None  # None: one training on each side, and nothing is known of other seeds
    # before and after over these n samples, whose difference `delta` is; None in files of older versions
    values: tuple[float, float] | None = None


@dataclass(frozen=True)
class Likeness:
    """Likeness of one sample to what is most alike in the training split, percent: 100 is a copy, 0 shares nothing."""

    prompt: float
    answer: float
    renamed: float  # of the answer, every identifier in code replaced by one


@dataclass(frozen=True)
class Training:
    """One training of an adapter, for the report: what was trained on what, how long, and how the loss fell."""

    method: str  # lora qlora
    base_model: str  # as others can load it
    data: str  # where the data are from
    licence: str  # of the data
    seed: int | None  # None, here and below: not recorded
    samples: int | None
    epochs: float | None
    learning_rate: float | None
    rank: int | None
    trained_parameters: int | None
    all_parameters: int | None
    seconds: float | None
    machine: str  # "" is not recorded
    # step, loss per supervised token; a loss that was not finite is None
    loss: list[tuple[int, float | None]]
    validation_loss: list[tuple[int, float | None]]


@dataclass(frozen=True)
class Run:
    """One model, or one method trained with several seeds, scored on one test set."""

    name: str
    n: int
    metrics: dict[str, Score]  # of several seeds their mean, over the samples that count for all
    outcomes: dict[str, dict[str, int]]  # "execution" | "functional" | "error" | "flags" -> counts
    by_language: dict[str, dict[str, Score]]
    provenance: dict[str, Any]  # of several seeds a list of values where they differ
    # seed -> metric -> value; {}: one training. Of several seeds, `outcomes` counts the answers of all.
    seeds: dict[str, dict[str, float | None]] = field(default_factory=dict)
    novelty: dict[str, Likeness] = field(default_factory=dict)  # by sample; {}: training data not known
    trainings: list[Training] = field(default_factory=list)  # of an adapter with a run.json; one a seed
    schema: Literal[1] = 1


SAMPLE_WORDS = "execution functional error message".split()  # of a sample in a report, besides numbers


@dataclass(frozen=True)
class ComparedExample:
    """One sample side by side, for the report."""

    id: str
    language: str
    instruction: str
    input: str
    reference: str
    before: str
    after: str
    before_scores: dict[str, Any]  # metrics of this sample in numbers, the rest in words
    after_scores: dict[str, Any]

    def __post_init__(self) -> None:
        for key, value in [*self.before_scores.items(), *self.after_scores.items()]:
            if value is not None and not isinstance(value, str if key in SAMPLE_WORDS else int | float):
                raise ValueError(
                    f"{key} of a sample should be {'words' if key in SAMPLE_WORDS else 'a number'}"
                )


@dataclass(frozen=True)
class MethodComparison:
    """One fine-tuned model, or one method trained with several seeds, beside the model before."""

    after: Run
    difference: dict[str, Difference]
    by_language: dict[str, dict[str, Difference]]
    format_share: dict[str, float]  # gain of raw answers, of extracted code, their difference
    examples: list[ComparedExample] = field(default_factory=list)  # answers of the first seed
    caveat: str = ""  # why the difference is not what fine-tuning did; without names
    # band -> metric; {}: not known
    by_novelty: dict[str, dict[str, Difference]] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Everything that comparison.json holds; the report only renders it."""

    test_set: dict[str, Any]  # name, origin, licence, fingerprint, n, languages, decoding
    before: Run
    comparisons: dict[str, MethodComparison]  # "lora", "qlora", ... in the order they were added
    provenance: dict[str, Any]
    before_name: str = ""  # as given; "" is chosen by the report
    schema: Literal[1] = 1


def to_json(record: Any, indent: int | None = None) -> str:
    """A frozen record as JSON, keys in field order, UTF-8 kept readable."""
    values = dataclasses.asdict(record, dict_factory=_present)
    return json.dumps(values, ensure_ascii=False, indent=indent, allow_nan=False)


def _present(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a record as a dict, `package_value` only where there is one."""
    return {key: value for key, value in pairs if key != "package_value" or value is not None}


def decode(kind: type[Record], text: str | bytes, finite: bool = True) -> Record:
    """The record that JSON text holds: all of its keys and no other, each value of the type of its field.

    Raises ValueError where it holds none, and where a number that has to be `finite` is not.
    """
    validator = _validator(kind)  # type: ignore[arg-type]  # mypy: a type variable is not hashable
    record: Record = validator.validate_json(text, strict=True, extra="forbid")
    infinite = _not_finite(record, finite)
    if infinite:
        raise InfiniteError(infinite)
    return record


class InfiniteError(ValueError):
    """A number of a record is not finite; the text is its key. No record that `to_json` writes has one."""


def _not_finite(value: Any, floats: bool, key: str = "") -> str:
    """The key of the first number that is not finite, of `floats` too, or larger than any count; "" where there is none."""
    if isinstance(value, float):
        return "" if math.isfinite(value) or not floats else key
    if isinstance(value, int):
        return "" if abs(value) < MAX_COUNT else key
    if dataclasses.is_dataclass(value):
        items: Iterable[tuple[Any, Any]] = vars(value).items()
    elif isinstance(value, dict):
        items = value.items()
    else:
        items = enumerate(value) if isinstance(value, list | tuple) else ()
    return next((found for name, item in items if (found := _not_finite(item, floats, f"{key}.{name}"))), "")


def parse_record(
    kind: type[Record], text: str | bytes, origin: str, remedy: str, finite: bool = True
) -> Record:
    """As `decode`. Raises UserError naming the key in `origin`, what was expected there, and `remedy`."""
    from pydantic import ValidationError

    try:
        return decode(kind, text, finite)
    except InfiniteError as error:
        raise UserError(f"{origin}: {str(error)[1:]}: not a finite number; damaged. {remedy}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        got = first["input"] if first["loc"] and isinstance(first["input"], str | int | float | None) else ""
        shown = f" (got {got!r:.80})" if got != "" else ""
        fault = first["msg"].removeprefix("Value error, ")  # raised by a record of ours
        raise UserError(
            f"{origin}: {key + ': ' if key else ''}{fault}{shown}; damaged or of another version. {remedy}"
        ) from error


@functools.cache
def _validator(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
