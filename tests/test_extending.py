"""Every example of docs/extending.md works as it is printed."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GPTNeoXConfig, PreTrainedModel

from src.data.preprocessing import Encoded
from src.evaluation.extraction.extract import extract
from src.languages.registry import LANGUAGE_ALIASES
from src.models.lora_model import target_modules
from src.schema import Sample, UserError
from src.training.packing.packs import Pack
from tests.evaluation.samples import write_predictions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
SAMPLES = [Encoded(str(n), [(7 * n + k) % 300 for k in range(5 + 3 * n)], 2) for n in range(4)]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _block(title: str) -> str:
    """The one code block under `title`."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    [code] = BLOCK.findall(section)
    return code


def _example(title: str) -> dict[str, Any]:
    """The names that the one code block under `title` defines."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(_block(title), f"{PAGE.name}: {title}", "exec"), names)
    return names


def _neox() -> PreTrainedModel:
    config = GPTNeoXConfig(
        vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=256, initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(0)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    return made


def test_every_code_block_is_tried():
    page = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert titles == ["A metric", "A language", "A model", "A data source"]
    assert len(BLOCK.findall(page)) == len(titles)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with the page's metric and data source at the end of their files."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(PAGE.parents[1] / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("compare_results.py", "download_data.py", "config.yaml"):
        shutil.copy(PAGE.parents[1] / name, folder)
    for title, place in (("A metric", "metrics/table.py"), ("A data source", "data/sources/catalog.py")):
        with (folder / "src" / place).open("a", encoding="utf-8") as stream:
            stream.write(f"\n\n{_block(title)}")
    return folder


def _run(checkout: Path, *words: object) -> None:
    done = subprocess.run([sys.executable, *map(str, words)], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_new_metric_is_measured_tested_and_shown_everywhere(checkout: Path):
    reference = "a red\nb blue\n\nc green\nd black"
    answers = {"before": ["a red", "x", "", "b blue\na red"], "after": [reference, "c green", "", reference]}
    for name, texts in answers.items():
        rows = [
            Sample(str(number), "Name colours.", "", reference if text else "", text)
            for number, text in enumerate(texts)
        ]
        write_predictions(checkout / f"{name}.jsonl", rows)
    files = ["--before_predictions", "before.jsonl", "--after_predictions", "after.jsonl", "--name", "mine"]
    _run(checkout, "compare_results.py", *files, "--set", "evaluation.bootstrap_resamples=100")
    made = json.loads((checkout / "reports" / "comparison.json").read_text(encoding="utf-8"))
    found = made["comparisons"]["mine"]
    # of four lines: 1, 0, 2 before, 4, 1, 4 after; the fourth sample has no reference (by hand)
    assert made["before"]["metrics"]["shared_lines"]["value"] == 25.0
    assert made["before"]["metrics"]["shared_lines"]["coverage"] == 0.75
    assert found["after"]["metrics"]["shared_lines"]["value"] == 75.0
    change = found["difference"]["shared_lines"]
    assert (change["delta"], change["wins"], change["losses"], change["n"]) == (50.0, 3, 0, 3)
    assert found["examples"][0]["after_scores"]["shared_lines"] == 100.0
    report = (checkout / "reports" / "comparison.md").read_text(encoding="utf-8")
    assert "### Shared lines" in report
    assert re.search(r"BLEU [\d.]+, Shared lines 25\.0", report)  # what the chart shows, in words
    assert '["shared_lines","Shared lines"]' in (checkout / "reports" / "comparison.html").read_text("utf-8")


# Beside Perl, which is the page's example: a language that is compiled, and has a parser.
KOTLIN = '''"""Kotlin."""

from src.languages.language import Language, Pattern, Source

LANGUAGE = Language(
    name="kotlin", label="Kotlin", aliases="kt kts", layout=True, named=Pattern(r"(?i)\\bkotlin\\b", "kotlin"),
    evidence=Pattern(r"\\bfun \\w++\\(|\\bva[lr] \\w++ ?[:=]"), strict=True,
    parser=lambda text: None if text.count("{") == text.count("}") else "braces",
    compile="kotlinc main.kt -include-runtime -d main.jar", run="java -jar {start}", memory_mib=4096,
    wrap=lambda code: Source({"main.kt": code + "\\nfun main() {}\\n"}, start="main.jar", wrapped=True),
    unknown_name=Pattern("unresolved reference"),
)
'''
TRIAL = """
import json, sys
from src.evaluation.execution import runners
from src.evaluation.execution.judge import classify, execute
from src.evaluation.execution.tools import tool_versions
from src.evaluation.extraction.extract import extract
from src.languages.detection import detect
from src.languages.registry import LANGUAGES, LANGUAGE_ALIASES, syntax_error
from src.languages.tokenizer import tokenize_code
from src.report.formatting import language_label
from src.report.safe_markdown import fenced
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Execution, Sample

class Recorder:
    limits = Limits()
    def command(self, files, argv, stdin, compile_argv, limits):
        self.asked = [files, argv, compile_argv, limits.reserved_mib]
        return Execution("error", "compile: exit 1", stdout="error: unresolved reference: pet")

ANSWER = "Run it:\\n```pl\\nprint 1 + 2;\\n```\\nand compare:\\n```zig\\nprint(3);\\n```\\n"
CODE = "use strict;\\nmy @n = (1, 2);\\nprint scalar(@n), qq(\\\\n);\\n"
sample = Sample("1", "Print 3.", "", "print 3;", "", language="perl")
with Sandbox(workers=1) as sandbox:
    runs = [execute(sandbox, sample, code) for code in (CODE, "my $n = ;", "use Moose;", "use strict; $pet;", "")]
recorder = Recorder()
runners.find_tool = lambda name: name
fragment = runners.run_program("kotlin", recorder, "val n = pet")
print(json.dumps({
    "aliases": [LANGUAGE_ALIASES.get(name) for name in ("pl", "kt")],
    "extracted": [extract(ANSWER, "perl").code, extract("```kt\\nfun f() {\\n```\\n```\\nfun g() {}\\n```", "kotlin").code],
    "detected": [detect("", "", CODE), detect("Write a Perl script", "", "print 3;"), detect("Use Kotlin", "", "fun f() {}"),
                 detect("", "", "val n: Int = 3\\nfun f() { println(n) }"), detect("Write a Lua script", "", "x = 3")],
    "tokens": tokenize_code("fun f() {\\n  g()\\n}", "kotlin"),
    "syntax": [syntax_error("kotlin", "fun f() {"), syntax_error("kotlin", "fun f() {}")],
    "runs": [[run.outcome, run.detail, run.stdout, classify(run, None, (), "x")] for run in runs],
    "versions": ["v5" in tool_versions("perl")["perl"], [name for name in tool_versions("kotlin") if name != "commands"]],
    "fragment": [fragment.outcome, fragment.detail, recorder.asked],
    "shown": [language_label("perl"), fenced("x", "perl").split()[0], fenced("x", "kt").split()[0]],
}))
"""


def test_a_new_language_is_one_file_and_everything_follows(checkout: Path):
    (checkout / "src" / "languages" / "perl.py").write_text(_block("A language"), encoding="utf-8")
    (checkout / "src" / "languages" / "kotlin.py").write_text(KOTLIN, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", TRIAL], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["aliases"] == ["perl", "kotlin"]
    assert found["extracted"] == ["print 1 + 2;", "fun g() {}"]
    assert found["detected"] == ["perl", "perl", "kotlin", "kotlin", ""]
    assert found["tokens"].count("<indent>") == 0
    assert found["tokens"][-1] == "<newline>"
    assert found["syntax"] == ["braces", None]
    assert found["runs"] == [
        ["passed", "", "2\n", ""],
        ["error", "exit 255", "", "syntax"],
        ["not_run", "no Moose", "", "missing"],
        ["error", "exit 255", "", "name"],
        ["error", "no code", "", "runtime"],
    ]
    assert found["versions"] == [True, ["kotlinc", "java"]]
    files = {"main.kt": "val n = pet\nfun main() {}\n"}
    compiling = ["kotlinc", "main.kt", "-include-runtime", "-d", "main.jar"]
    asked = [files, ["java", "-jar", "main.jar"], compiling, 4096]
    assert found["fragment"] == ["not_run", "fragment: unresolved reference", asked]
    assert found["shown"] == ["Perl", "```perl", "```kotlin"]


def test_without_its_file_the_language_is_not_known():
    answer = "Run it:\n```pl\nprint 1 + 2;\n```\nand compare:\n```zig\nprint(3);\n```\n"
    assert extract(answer, "perl").code != "print 1 + 2;"
    assert not {"perl", "pl", "kotlin", "kt"} & LANGUAGE_ALIASES.keys()


def test_a_new_architecture_is_adapted_by_named_layers_and_keeps_packed_samples_apart():
    names = _example("A model")
    model = _neox()
    assert target_modules(model, "auto") == ["attention.dense", "attention.query_key_value"]
    with pytest.raises(UserError, match=r"has no layer q_proj; it has .*query_key_value"):
        target_modules(model, ["q_proj"])
    assert names["packing_error"](model, SAMPLES) < 1e-5
    adapted = {
        name.split(".")[-2] for name, part in names["adapt"](model).named_modules() if "lora_A" in name[-6:]
    }
    assert adapted == {"query_key_value", "dense"}


def test_the_packing_error_notices_samples_that_see_each_other():
    names = _example("A model")

    def leaking(samples: list[Encoded]) -> Pack:
        from src.training.packing.packs import make_pack

        made = make_pack(samples)
        positions = torch.arange(made.tokens)[None]
        return Pack(made.input_ids, positions, made.predicting, made.targets, made.boundaries, made.longest)

    names["make_pack"] = leaking
    model = _neox()
    assert names["packing_error"](model, SAMPLES) > 1e-2


def test_a_new_data_source_is_prepared_like_any_other(checkout: Path):
    with sqlite3.connect(checkout / "tasks.db") as database:
        database.execute("CREATE TABLE examples (instruction TEXT, input TEXT, output TEXT)")
        rows = [(f"Print the number {n * n}.", "", f"print({n * n})") for n in range(30)]
        database.executemany("INSERT INTO examples VALUES (?, ?, ?)", [*rows, ("No answer.", "", None)])
    changed = ["data.near_duplicate_threshold=1", "data.validation_fraction=0.2", "data.test_fraction=0.2"]
    settings = [word for setting in changed for word in ("--set", setting)]
    named = ["--set", "data.source=sqlite", "--set", "data.paths=[tasks.db]"]
    _run(checkout, "download_data.py", *named, *settings)
    _run(checkout, "download_data.py", "--source", "sqlite", "--path", "tasks.db", *settings)
    [file] = (checkout / "data").rglob("card.json")
    card = json.loads(file.read_text(encoding="utf-8"))
    assert (card["source"], card["origin"], card["rows_read"], card["rows"]) == ("sqlite", "tasks.db", 31, 30)
