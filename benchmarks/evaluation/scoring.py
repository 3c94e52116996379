"""Measures how long the metrics of 1,000 samples take, and the statistics of three systems.

    python -m benchmarks.evaluation.scoring [--samples 1000] [--resamples 2000] [--repeats 3]

Writes benchmarks/results/scoring.json. Samples are damaged copies of short programs in the languages of Code Alpaca, 30 to 90 tokens each. Times are
of the processor, the best of the repeats: other work on the machine can only make one slower.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

from benchmarks import RESULTS
from src.evaluation.codebleu.score import CodeBleu, codebleu_score, has_codebleu
from src.evaluation.metrics import measures
from src.evaluation.statistics.estimates import Measure, difference, estimate
from src.metrics.text_statistics import bleu_code_statistics, bleu_statistics, chrf_statistics
from src.schema import SampleScore

STATISTICS_METRICS = ("bleu", "chrf", "codebleu", "functional_accuracy")
Sample = tuple[str, str, str]  # prediction, reference, language

PROGRAMS = {
    "python": "def total{n}(values):\n    result = {n}\n    for value in values:\n        if value > {n}:\n"
    "            result += value * rate\n    return result\n\nprint(total{n}([1, 2, {n}]))\n",
    "javascript": "function total{n}(values) {{\n  let result = {n};\n  for (const value of values) {{\n"
    "    if (value > {n}) result += value * rate;\n  }}\n  return result;\n}}\nconsole.log(total{n}([1, 2, {n}]));\n",
    "java": "public class Total{n} {{\n  public static int total(int[] values) {{\n    int result = {n};\n"
    "    for (int value : values) {{\n      if (value > {n}) result += value;\n    }}\n    return result;\n  }}\n}}\n",
    "cpp": "int total{n}(const std::vector<int>& values) {{\n  int result = {n};\n  for (int value : values) {{\n"
    "    if (value > {n}) result += value;\n  }}\n  return result;\n}}\n",
    "sql": "SELECT name, SUM(value) FROM totals{n} WHERE value > {n} GROUP BY name ORDER BY name LIMIT {n};\n",
}


def draw_samples(count: int, seed: int) -> list[Sample]:
    """References in the languages in turn; each word of an answer is dropped with a probability of its own."""
    rng = random.Random(seed)
    samples = []
    for number in range(count):
        language = list(PROGRAMS)[number % len(PROGRAMS)]
        reference = "".join(
            PROGRAMS[language].format(n=n) for n in range(number, number + rng.choice((1, 1, 2)))
        )
        loss = rng.choice((0.0, 0.1, 0.4))
        kept = [word for word in reference.split(" ") if rng.random() >= loss]
        samples.append((" ".join(kept), reference, language))
    return samples


def codebleus(samples: list[Sample]) -> list[CodeBleu | None]:
    """CodeBLEU of every sample that has one."""
    return [codebleu_score(*sample) if has_codebleu(sample[2]) else None for sample in samples]


def measure_samples(samples: list[Sample], seed: int) -> list[SampleScore]:
    """All text metrics of every sample; passing is drawn, for nothing is run here."""
    rng = random.Random(seed)
    code_bleu = codebleus(samples)
    return [
        SampleScore(
            id=f"{index:05}",
            language=language,
            code=prediction,
            statistics={
                "bleu": bleu_statistics(prediction, reference),
                "bleu_code": bleu_code_statistics(prediction, reference, language),
                "chrf": chrf_statistics(prediction, reference),
            },
            codebleu=found.value if found else None,
            codebleu_parts=found.parts if found else None,
            codebleu_package=found.package_value if found else None,
            execution="",
            functional=rng.choice(("passed", "failed")),
        )
        for index, ((prediction, reference, language), found) in enumerate(
            zip(samples, code_bleu, strict=True)
        )
    ]


def compare_systems(systems: list[dict[str, Measure]], resamples: int) -> None:
    """Intervals of every system, and its difference from the first: what a report of LoRA and QLoRA needs."""
    for name in STATISTICS_METRICS:
        for system in systems:
            estimate(system[name], resamples)
        for system in systems[1:]:
            difference(systems[0][name], system[name], resamples)


def best_of(repeats: int, work: Callable[[], Any]) -> float:
    """Seconds of processor time of the fastest run."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def main() -> None:
    """Print the figures and store them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    samples = draw_samples(options.samples, seed=0)
    texts = [(prediction, reference) for prediction, reference, _ in samples]
    systems = [measures(measure_samples(draw_samples(options.samples, seed=0), seed)) for seed in range(3)]
    work: dict[str, Callable[[], Any]] = {
        "bleu_s": lambda: [bleu_statistics(*pair) for pair in texts],
        "bleu_code_s": lambda: [bleu_code_statistics(*sample) for sample in samples],
        "chrf_s": lambda: [chrf_statistics(*pair) for pair in texts],
        "codebleu_s": lambda: codebleus(samples),
        "statistics_of_3_systems_s": lambda: compare_systems(systems, options.resamples),
    }
    figures = {name: round(best_of(options.repeats, run), 2) for name, run in work.items()}
    stored = {"options": vars(options), "cores": os.cpu_count(), "metrics": STATISTICS_METRICS, **figures}
    print(json.dumps(stored, indent=1))
    (RESULTS / "scoring.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
