"""Writes the tables of the documents: flags from the scripts, keys from config.yaml, metrics, memory by the plan, scores.

`python -m tests.tables` renews them.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.util
import itertools
import json
import operator
import re
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, Qwen2Config

from src.config import load_config
from src.evaluation.statistics.proportions import wilson
from src.languages.language import SANDBOX_PYTHON, Language
from src.languages.registry import LANGUAGES
from src.metrics.table import METRICS
from src.models.architecture import shape_of
from src.models.hardware import Hardware
from src.schema import UserError
from src.training.memory import TrainingSetup, plan
from src.yaml_text import DEFAULTS

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = (
    "download_data.py",
    "train_lora.py",
    "train_qlora.py",
    "evaluate.py",
    "compare_results.py",
    "inference.py",
    "doctor.py",
)
PLACES = {
    "flags": "docs/cli.md",
    "memory": "README.md",
    "quickstart": "README.md",
    "quickstart-zh": "README.zh-CN.md",
    "config": "docs/configuration.md",
    "metrics": "docs/metrics.md",
    "languages": "docs/functional.md",
    "verdicts": "docs/functional.md",
    "trials": "docs/functional.md",
    "limits": "docs/sandbox.md",
    "phases": "docs/training.md",
    "two-processes": "docs/scaling.md",
}  # table -> document
# the largest step of 32 samples of Code Alpaca: tokens computed once, and those whose keys and values are kept for each
STEP_TOKENS, UNSHARED_PER_COMPUTED = 4_680, 1.2
CODELLAMA_7B = LlamaConfig(
    vocab_size=32_016,
    hidden_size=4_096,
    intermediate_size=11_008,
    num_hidden_layers=32,
    num_attention_heads=32,
)
QWEN_CODER_7B = Qwen2Config(
    vocab_size=152_064,
    hidden_size=3_584,
    intermediate_size=18_944,
    num_hidden_layers=28,
    num_attention_heads=28,
    num_key_value_heads=4,
)
CARDS = (  # what is free of a card of this size
    ("6 GB", 5.9, torch.bfloat16),
    ("8 GB", 7.8, torch.bfloat16),
    ("12 GB", 11.7, torch.bfloat16),
    ("16 GB (T4, float16)", 14.56, torch.float16),
    ("16 GB", 15.7, torch.bfloat16),
    ("24 GB", 23.5, torch.bfloat16),
    ("40 GB", 39.4, torch.bfloat16),
    ("80 GB", 79.0, torch.bfloat16),
)
LABELLED = ROOT / "benchmarks" / "results" / "labelled.json"
# rows of its table: where in the file, by keys
VERDICTS = {
    "**new answers to 80 others of these, by the last judge**": ("code_alpaca_more_answers",),
    "**new answers to 84 samples of the fifth to seventh set**": ("code_alpaca_new_answers",),
    "these, by the judge before further calls": ("earlier", "code_alpaca_new_answers"),
    "**79 samples of Code Alpaca, subtle, the seventh drawn**": ("code_alpaca_subtle_seventh",),
    "the seventh, by the judge before": ("earlier", "code_alpaca_subtle_seventh"),
    "**92 samples, the sixth drawn**": ("code_alpaca_subtle_sixth",),
    "the sixth, by the judge before": ("earlier", "code_alpaca_subtle_sixth"),
    "**110 samples, the fifth drawn**": ("code_alpaca_subtle_fifth",),
    "the fifth, by the judge before": ("earlier", "code_alpaca_subtle_fifth"),
    "**ninth hand**": ("ninth_hand",),
    "the ninth hand, by the judge before": ("earlier", "ninth_hand"),
    "**55 samples, the fourth drawn**": ("code_alpaca_subtle_fourth",),
    "the fourth, by the judge before it": ("earlier", "code_alpaca_subtle_fourth"),
    "**eighth hand**": ("eighth_hand",),
    "the eighth hand, by the judge before it": ("earlier", "eighth_hand"),
    "**55 samples, the third drawn**": ("code_alpaca_subtle_third",),
    "**seventh hand**": ("seventh_hand",),
    "**55 samples, the second drawn**": ("code_alpaca_subtle_again",),
    "the second, by the judge before it": ("earlier", "code_alpaca_subtle_again"),
    "**55 samples, the first drawn**": ("code_alpaca_subtle",),
    "the first, by the judge before it": ("earlier", "code_alpaca_subtle"),
    "**sixth hand**": ("sixth_hand",),
    "**78 samples of Code Alpaca**": ("code_alpaca_again",),
    "**53 samples of Code Alpaca**": ("code_alpaca",),
    "**87 samples of Code Alpaca**": ("earlier", "code_alpaca"),
    "fifth hand": ("fifth_hand",),
    "fourth hand": ("fourth_hand",),
    "third hand": ("third_hand",),
    "third hand, tasks that no set had": ("third_hand", "tasks that no earlier set has"),
    "other hand": ("earlier", "other_hand"),
    "held-out half": ("earlier", "held_out"),
    "new answers to 84 samples, seen": ("seen", "code_alpaca_new_answers"),
    "79 samples, the seventh drawn, seen": ("seen", "code_alpaca_subtle_seventh"),
    "92 samples, the sixth drawn, seen": ("seen", "code_alpaca_subtle_sixth"),
    "110 samples, the fifth drawn, seen": ("seen", "code_alpaca_subtle_fifth"),
    "ninth hand, seen": ("seen", "ninth_hand"),
    "other hand, seen": ("other_hand",),
    "held-out half, seen": ("held_out",),
    "development half, seen": ("development",),
}
LABELS = ("right", "right, of those with a verdict", "acceptable", "wrong")
FUNCTIONAL = ROOT / "benchmarks" / "results" / "functional.json"
TRIALS = {
    "self": "the reference itself",
    "all rewrites": "rewrites that keep the behaviour, nine kinds and all together",
    "mutant": "mutants, one place changed",
    "answer to another task": "the answer to another task, where there is a verdict",
}
QUICKSTART = ROOT / "reports" / "quickstart" / "comparison.json"
TIMED = ROOT / "benchmarks" / "results" / "quickstart.json"
TWO_PROCESSES = ROOT / "benchmarks" / "results" / "two_processes.json"
SHOWN = ("execution_success", "functional_accuracy", "bleu", "codebleu")  # in the READMEs
CHINESE = ("执行成功率（Execution success）", "功能正确率（Functional accuracy）", "BLEU", "CodeBLEU")
MEMORY_HEADER = ["GPU memory", "CodeLlama-7B, LoRA", "QLoRA", "Qwen2.5-Coder-7B, LoRA", "QLoRA"]
_SETTING = re.compile(r"  (?P<key>\w+): (?P<value>.*?) +# (?P<comment>.+)")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each script."""
    made = {}
    for script in SCRIPTS:
        spec = importlib.util.spec_from_file_location(f"script_{script[:-3]}", ROOT / script)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made[script] = module.arguments()
    return made


def phases() -> list[list[str]]:
    """What each command of the quickstart took."""
    timed = json.loads(TIMED.read_text(encoding="utf-8"))["phases"]
    return [
        [
            f"`{name}`",
            *(f"{phase[key] / 60:.1f}" for key in ("seconds", "processor_seconds")),
            f"{phase['peak_gib']:.1f} GiB",
        ]
        for name, phase in timed.items()
    ]


def two_processes() -> list[list[str]]:
    """How far the adapter that two processes trained is from that of one."""
    return [
        [
            row["run"],
            str(row["steps"]),
            f"{row['weights_reach']:.2f}",
            f"{row['difference']:.1e}".replace("e-0", "e-"),
        ]
        for row in json.loads(TWO_PROCESSES.read_text(encoding="utf-8"))["rows"]
    ]


def flags() -> list[list[str]]:
    """Flag, scripts, meaning: in the order of the scripts, one row for a flag that means the same in several."""
    rows: dict[tuple[str, str], list[str]] = {}
    for script, parser in parsers().items():
        for action in parser._actions:
            if action.dest != "help":
                rows.setdefault((_flag(action), _meaning(action)), []).append(script[:-3])
    return [[flag, _scripts(used), meaning] for (flag, meaning), used in rows.items()]


def _flag(action: argparse.Action) -> str:
    """`--num_samples N`"""
    words = [*action.option_strings]
    if action.nargs != 0:
        choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
        words.append(str(action.metavar or choices))
    return f"`{' '.join(words)}`"


def _meaning(action: argparse.Action) -> str:
    shown = "" if action.default in (None, False, [], "") else f" (default: `{action.default}`)"
    return (action.help or "") + shown


def _scripts(used: list[str]) -> str:
    if len(used) == len(SCRIPTS):
        return "all"
    return ", ".join(used)


def settings() -> list[list[str]]:
    """Key, default, meaning, as config.yaml states them."""
    rows, section = [], ""
    for line in (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\w+:", line):
            section = line[:-1]
        elif found := _SETTING.fullmatch(line):
            rows.append([f"`{section}.{found['key']}`", f"`{found['value']}`", found["comment"]])
    return rows


def metrics() -> list[list[str]]:
    """Name, description, where a sample counts, as the table of metrics states them."""
    return [[f"`{name}`", metric.what, metric.counts] for name, metric in METRICS.items()]


def languages() -> list[list[str]]:
    """Label, names, commands of each language, as its file states them."""
    return [
        [item.label, ", ".join(f"`{name}`" for name in item.aliases.split()), _commands(item)]
        for item in sorted(LANGUAGES.values(), key=lambda item: (not item.runs, not item.run, item.rank))
    ]


def limits() -> list[list[str]]:
    """Language, program, what it had in use when it ended at each limit of memory; all ended as out of memory."""
    programs = json.loads((ROOT / "benchmarks" / "results" / "memory.json").read_text(encoding="utf-8"))[
        "programs"
    ]
    assert {end["outcome"] for row in programs for end in row["limits"].values()} == {"out_of_memory"}
    return [
        [
            LANGUAGES[row["language"]].label,
            row["program"],
            *(f"{end['peak_mib']:,}" for end in row["limits"].values()),
        ]
        for row in programs
    ]


def memory() -> list[list[str]]:
    """What the plan estimates for shapes of 7B and the settings of config.yaml, by the size of the card."""
    config = load_config(DEFAULTS)
    rows = []
    for name, free_gib, dtype in CARDS:
        cells = [name]
        for shape, quantization in itertools.product((CODELLAMA_7B, QWEN_CODER_7B), (None, config.qlora)):
            hardware = Hardware("cuda", dtype, name, free_gib)
            training = dataclasses.replace(config.training, memory_budget_gib=free_gib)
            setup = TrainingSetup(
                shape_of(shape), hardware, config.lora, quantization, training,
                STEP_TOKENS, fused=True, offload=(False, True), unshared_per_computed=UNSHARED_PER_COMPUTED,
            )  # fmt: skip
            try:
                found = plan(setup)
            except UserError:
                cells.append("does not fit")
                continue
            how = ["recomputed"] * found.checkpointing + ["embeddings in main memory"] * found.offload
            cells.append(", ".join([f"{found.estimate_gib:.1f} GiB", *how]))
        rows.append(cells)
    return rows


def quickstart(labels: list[str]) -> list[list[str]]:
    """Scores of the quickstart's report: before, and of LoRA and QLoRA with the change, bold where it is significant."""
    stored = json.loads(QUICKSTART.read_text(encoding="utf-8"))
    rows = []
    for name, label in zip(SHOWN, labels, strict=True):
        unit = METRICS[name].unit
        before = stored["before"]["metrics"][name]
        cells = [f"{label}, n = {before['n']}", _score(before, unit)]
        for method in ("lora", "qlora"):
            found = stored["comparisons"][method]
            change = found["difference"][name]
            mark = "**" if change["p_holm"] < 0.05 else ""
            cells.append(
                f"{_score(found['after']['metrics'][name], unit)} {mark}{change['delta']:+.1f}{mark}"
            )
        rows.append(cells)
    return rows


def verdicts() -> list[list[str]]:
    """Which share of the answers labelled by hand passes, by set and label."""
    stored = json.loads(LABELLED.read_text(encoding="utf-8"))
    rows = []
    for name, keys in VERDICTS.items():
        found = functools.reduce(operator.getitem, keys, stored)
        right = found["right"]
        others = (_passed(found[label]) for label in ("acceptable", "wrong"))
        rows.append([name, _passed(right), _passed(right, decided=True), *others])
    return rows


def trials() -> list[list[str]]:
    """How often a program tried against its reference agrees with it."""
    found = json.loads(FUNCTIONAL.read_text(encoding="utf-8"))["agreement"]
    return [
        [label, str(found[kind]["n"]), f"{found[kind]['agreed_percent']:.1f} %"]
        for kind, label in TRIALS.items()
    ]


def _passed(counts: dict[str, Any], decided: bool = False) -> str:
    n = counts["n"] - (counts["no verdict"] if decided else 0)
    low, high = wilson(counts["passed"], n)
    return f"{100 * counts['passed'] / n:.1f} % of {n} [{low:.1f}, {high:.1f}]"


def _score(score: dict[str, Any], unit: str) -> str:
    low, high = score["ci95"]
    value = f"{score['value']:.1f} {unit}".rstrip()
    return f"{value} [{low:.1f}, {high:.1f}]"


def _commands(language: Language) -> str:
    if language.checked:
        return "parsed strictly" + ("; run where it makes all that it needs" if language.run else "")
    if language.run == SANDBOX_PYTHON:
        return "in the sandbox's warm interpreter, standard library only"
    return (
        ", then ".join(f"`{command}`" for command in (language.compile, language.run) if command)
        or "`not_run`"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def tables() -> dict[str, str]:
    """Each table by its name."""
    return {
        "flags": table(["Flag", "Scripts", "Meaning"], flags()),
        "config": table(["Key", "Default", "Meaning"], settings()),
        "memory": table(MEMORY_HEADER, memory()),
        "quickstart": table(
            ["Score [95 % interval]", "Before", "LoRA", "QLoRA (4-bit)"],
            quickstart([METRICS[name].label for name in SHOWN]),
        ),
        "quickstart-zh": table(
            ["分数 [95% 置信区间]", "微调前", "LoRA", "QLoRA（4-bit）"], quickstart(list(CHINESE))
        )
        .replace(" %", "%")
        .replace(", n =", "，n ="),
        "phases": table(["Command", "Minutes", "Processor minutes", "Peak of one process"], phases()),
        "two-processes": table(["run", "steps", "weights reach", "largest difference"], two_processes()),
        "verdicts": table(["share that passes [95 % interval]", *LABELS], verdicts()),
        "trials": table(["tried against its reference", "n", "agrees"], trials()),
        "languages": table(["Language", "Further names in code fences", "How a program is run"], languages()),
        "limits": table(["Language", "Program", "256 MiB", "1,024 MiB", "2,048 MiB"], limits()),
        "metrics": table(["name in `scores.json`", "what it is", "a sample counts where"], metrics()),
    }


def between(text: str, name: str) -> str:
    """What stands between the marks of a table."""
    return text.split(f"<!-- {name} -->\n", 1)[1].split(f"\n<!-- /{name} -->", 1)[0]


def renewed(text: str, name: str, made: str) -> str:
    """`text` with another table between the marks."""
    head, _, rest = text.partition(f"<!-- {name} -->\n")
    return f"{head}<!-- {name} -->\n{made}\n<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"


if __name__ == "__main__":
    for name, made in tables().items():
        document = ROOT / PLACES[name]
        document.write_text(renewed(document.read_text(encoding="utf-8"), name, made), encoding="utf-8")
