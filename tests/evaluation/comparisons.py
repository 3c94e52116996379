"""A made-up comparison in the shape of a real one; its figures hang together, none was measured."""

from __future__ import annotations

import dataclasses

from src.schema import (
    ComparedExample,
    Comparison,
    Difference,
    MethodComparison,
    Run,
    Score,
    SeedErrors,
    Training,
)

# metric -> before, after LoRA, half width of the intervals, n, coverage, p (Holm), detectable
FIGURES = {
    "bleu": (31.2, 38.3, 4.4, 50, 1.0, 0.0004, 3.1),
    "bleu_code": (28.9, 35.0, 4.9, 50, 1.0, 0.002, 3.5),
    "chrf": (41.0, 46.2, 3.8, 50, 1.0, 0.003, 2.9),
    "codebleu": (36.4, 41.1, 5.2, 44, 0.88, 0.021, 4.6),
    "execution_success": (62.0, 78.0, 12.5, 34, 0.68, 0.09, 16.0),
    "functional_accuracy": (30.0, 42.0, 13.4, 50, 1.0, 0.18, 14.0),
}
METHODS = ("lora", "qlora", "dora", "rslora", "pissa", "a_method_with_a_rather_long_name_r16_all_linear")
SEED_VALUES = {"42": 36.3, "43": 38.3, "44": 40.3}  # standard deviation 2
LANGUAGES = {"python": 30, "javascript": 12, "sql": 8}
TEXTS = {  # written for this test
    "instruction": "Write a function that returns the largest number in a list.",
    "input": "[3, 9, 2]",
    "reference": "def largest(numbers):\n    return max(numbers)\n",
    "before": (
        "def largest(numbers):\n    # look at each\n    for number in numbers:\n"
        "        biggest = number\n    return biggest\n"
    ),
    "after": "def largest(numbers):\n    # the built-in does it\n    return max(numbers)\n",
}


def comparison(methods: int = 1, examples: int = 6, **texts: str) -> Comparison:
    """A comparison of the first `methods` methods; `texts` replace fields of the first sample."""
    before = _run("before", {name: _score(name, row[0]) for name, row in FIGURES.items()})
    return Comparison(
        test_set={
            "name": "starter",
            "fingerprint": "5f1d0c7e2a",
            "n": 50,
            "languages": LANGUAGES,
            "decoding": {"greedy": True, "max_new_tokens": 256},
        },
        before=before,
        comparisons={
            name: _method(name, place, examples, texts) for place, name in enumerate(METHODS[:methods])
        },
        provenance={
            "command": "python compare_results.py --before_model smollm2-135m --after_model lora",
            "commit": "4f3c2b1a",
            "dirty": False,
            "seed": 42,
            "config": {
                "lora": {"r": 16, "target_modules": ["q_proj", "v_proj"]},
                "training": {"max_steps": 60},
            },
            "data": {"train": "ab12cd", "test": "5f1d0c7e2a"},
            "versions": {"python": "3.11.7", "torch": "2.13.0", "sacrebleu": "2.6.0"},
            "hardware": {"device": "cpu", "processor": "2 cores | AVX2"},
        },
    )


def with_seeds(made: Comparison, needed: int | None = 5) -> Comparison:
    """The first method as one of three seeds."""
    name, method = next(iter(made.comparisons.items()))
    seeds = {seed: dict.fromkeys(FIGURES, value) for seed, value in SEED_VALUES.items()}
    errors = SeedErrors(1, 3, 1.25, 2.5, needed)
    method = dataclasses.replace(
        method,
        after=dataclasses.replace(method.after, seeds=seeds),
        difference={
            metric: dataclasses.replace(found, seeds=errors) for metric, found in method.difference.items()
        },
    )
    return dataclasses.replace(made, comparisons=made.comparisons | {name: method})


def with_trainings(made: Comparison, seeds: int = 1) -> Comparison:
    """Every method with the record of its training, of each of several seeds."""
    methods = {
        name: dataclasses.replace(
            method,
            after=dataclasses.replace(
                method.after, trainings=[_training(name, 42 + seed) for seed in range(seeds)]
            ),
        )
        for name, method in made.comparisons.items()
    }
    return dataclasses.replace(made, comparisons=methods)


def _training(method: str, seed: int) -> Training:
    losses = [(step, 0.5 + 1.5 / step + 0.01 * (seed - 42)) for step in range(1, 61)]
    return Training(
        method=method,
        base_model="org/Base-7b",
        data="org/CodeAlpaca-20k",
        licence="CC BY-NC 4.0",
        seed=seed,
        samples=4_106,
        epochs=1.5,
        learning_rate=2e-4,
        rank=16,
        trained_parameters=1_843_200,
        all_parameters=136_358_208,
        seconds=372.0,
        machine="2 CPU cores",
        loss=losses,
        validation_loss=losses[9::10],
    )


def _method(name: str, place: int, examples: int, texts: dict[str, str]) -> MethodComparison:
    shift = 1.7 * place if place % 2 else -6.1 * place
    scores = {metric: _score(metric, max(0.0, row[1] + shift)) for metric, row in FIGURES.items()}
    return MethodComparison(
        after=_run(name, scores),
        difference={
            metric: _difference(metric, scores[metric].value - FIGURES[metric][0]) for metric in FIGURES
        },
        by_language={
            language: {metric: _difference(metric, 4.2 + shift, count) for metric in FIGURES}
            for language, count in LANGUAGES.items()
        },
        format_share={"raw": 9.4 + shift, "extracted": 7.1 + shift, "difference": 2.3},
        examples=[_example(index, texts if index == 0 else {}) for index in range(examples)],
    )


def _score(metric: str, value: float) -> Score:
    half, n, coverage = FIGURES[metric][2:5]
    return Score(
        value, (max(0.0, value - half), min(100.0, value + half)), n, coverage, f"{metric}|nrefs:1|seed:42"
    )


def _difference(metric: str, delta: float, n: int = 0) -> Difference:
    p_holm, detectable = FIGURES[metric][5:]
    count = n or FIGURES[metric][3]
    return Difference(
        delta=delta,
        ci95=(delta - 3.1, delta + 3.2),
        p_value=p_holm / 4,
        p_holm=p_holm,
        wins=count // 2,
        losses=count // 5,
        ties=count - count // 2 - count // 5,
        n=count,
        detectable=detectable,
        test="paired randomisation",
    )


def _run(name: str, metrics: dict[str, Score]) -> Run:
    tuned = name != "before"
    return Run(
        name=name,
        n=50,
        metrics=metrics,
        outcomes={
            "execution": {
                "passed": 26 if tuned else 21,
                "error": 7 if tuned else 11,
                "timeout": 1 if tuned else 2,
            },
            "functional": {"passed": 21 if tuned else 15, "failed": 29 if tuned else 35},
            "error": {
                "syntax": 2 if tuned else 7,
                "name": 4,
                "wrong_output": 12 if tuned else 15,
                "timeout": 1,
            },
            "flags": {"fenced": 3 if tuned else 40, "truncated": 1},
        },
        by_language={
            language: {
                metric: Score(scored.value, scored.ci95, count, 1.0, scored.signature)
                for metric, scored in metrics.items()
            }
            for language, count in LANGUAGES.items()
        },
        provenance={
            "model": f"checkpoints/{name}/final" if tuned else "smollm2-135m",
            "precision": "float32",
            "prompt": "alpaca",
            "sandbox": "bubblewrap",
        },
    )


def _example(index: int, texts: dict[str, str]) -> ComparedExample:
    better = index % 3 != 2
    low = {
        "bleu": 22.5 + index,
        "codebleu": 30.25,
        "execution": "error",
        "functional": "failed",
        "error": "name",
    }
    high = {
        "bleu": 71.0 + index,
        "codebleu": 80.0,
        "execution": "passed",
        "functional": "passed",
        "error": "",
    }
    written = TEXTS | texts
    if not better:
        written["before"], written["after"] = written["after"], written["before"]
    return ComparedExample(
        id=f"sample{index:04d}",
        language=list(LANGUAGES)[index % 3],
        before_scores=low if better else high,
        after_scores=high if better else low,
        **written,
    )
