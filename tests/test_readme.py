"""The documents keep up with the code: tables, links, commands and messages."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.config import ALL_KEYS
from src.data.curation.splitting import ALIKE
from src.data.preprocessing import render_prompt
from src.models.architecture import shape_of
from tests import tables

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"])
NOTEBOOK = ROOT / "notebooks" / "demo.ipynb"
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
GUIDES = [ROOT / "docs" / "cli.md", ROOT / "docs" / "cli.zh-CN.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|(?:src|srcset|href)=\"([^\"#]+)\"")
COMMAND = re.compile(r"^(?:\.venv/bin/)?python (\w+\.py)(.*?)(?:  +#.*)?$", re.MULTILINE)
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
PATH = re.compile(r"(?<![\w./-])(?:src|benchmarks|tests|configs|docs|notebooks)/[\w./-]*\w")
MODULE = re.compile(r"python -m ((?:src|benchmarks|tests)[\w.]*)")
TEST_FILE, TEST = re.compile(r"[\w/]*\btest_\w+\.py"), re.compile(r"\btest_\w+\b(?!\.py)")
WHOLE_NUMBER = re.compile(r"(?<![\w.,-])\d+(?![\w.])")
PROSE = re.compile(r"[^\x00-\x7f]|\s")  # words of an instruction, which are translated
CHINESE = {
    "flags": "docs/cli.zh-CN.md",
    "memory": "README.zh-CN.md",
    "config": "docs/configuration.zh-CN.md",
}  # table -> document


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _train_gpu() -> dict[str, Any]:
    return dict(json.loads(_read(ROOT / "benchmarks" / "results" / "train_gpu.json")))


def _first_cells(table: str) -> set[str]:
    return {row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()[2:]}


def _commands(path: Path) -> list[tuple[str, list[str]]]:
    """Script and words of every command in the code blocks of a document."""
    blocks = "\n".join(BLOCK.findall(_read(path))).replace("\\\n", " ")
    return [(script, shlex.split(words, comments=True)) for script, words in COMMAND.findall(blocks)]


@pytest.mark.parametrize("name", tables.PLACES)
def test_the_table_says_what_the_code_says(name: str):
    text = _read(ROOT / tables.PLACES[name])
    assert tables.between(text, name) == tables.tables()[name], "run python -m tests.tables"


@pytest.mark.parametrize("name", CHINESE)
def test_the_chinese_table_has_the_same_rows(name: str):
    shown = tables.between(_read(ROOT / CHINESE[name]), name)
    assert _first_cells(shown) == _first_cells(tables.tables()[name])


def test_both_readmes_show_the_same_memory():
    english, chinese = (re.findall(r"[\d.]+ GiB", tables.between(_read(path), "memory")) for path in READMES)
    assert len(english) > 20
    assert english == chinese


def test_the_table_of_settings_is_whole():
    assert [row[0].strip("`") for row in tables.settings()] == ALL_KEYS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(path: Path):
    links = {first or second for first, second in LINK.findall(_read(path))}
    local = {link for link in links if not re.match(r"[a-z]+:", link)}
    gone = {link for link in local if not (path.parent / link).exists()}
    names = {str((path.parent / link).resolve().relative_to(ROOT)) for link in gone}
    assert names == set()


def test_there_are_documents_with_links():
    assert len(DOCUMENTS) > 12
    assert sum(len(LINK.findall(_read(path))) for path in READMES) > 30


@pytest.mark.parametrize("path", [*DOCUMENTS, NOTEBOOK], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_and_module_that_a_document_names_is_there(path: Path):
    named = set(PATH.findall(_read(path)))
    modules = {f"{name.replace('.', '/')}.py" for name in MODULE.findall(_read(path))}
    assert {name for name in named | modules if not (ROOT / name).exists()} == set()


def test_documents_name_paths_and_modules():
    text = "".join(_read(path) for path in DOCUMENTS)
    assert len(set(PATH.findall(text))) > 60
    assert len(set(MODULE.findall(text))) > 15


def _defined(module: Path) -> set[str]:
    """The names at the top of a module."""
    names: set[str] = set()
    for node in ast.parse(_read(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }
    return names


def _is_there(module: str, name: str) -> bool:
    place = ROOT / module.replace(".", "/")
    if place.is_dir():
        return (place / f"{name}.py").exists()
    return place.with_suffix(".py").exists() and name in _defined(place.with_suffix(".py"))


def test_every_import_of_src_in_documents_notebook_and_benchmarks_is_there():
    cells = json.loads(_read(NOTEBOOK))["cells"]
    codes = [code for path in DOCUMENTS for code in PYTHON.findall(_read(path))]
    codes += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    codes += [_read(path) for path in BENCHMARKS]
    nodes = [node for code in codes for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    names = {(str(node.module), alias.name) for node in nodes for alias in node.names}
    imports = {(module, name) for module, name in names if module.split(".")[0] == "src"}
    assert len(imports) > 80
    assert {f"{module}.{name}" for module, name in imports if not _is_there(module, name)} == set()


def test_every_benchmark_says_how_it_is_started_and_where_its_result_lies():
    scripts = [path for path in BENCHMARKS if "\nif __name__ ==" in _read(path)]
    assert len(scripts) > 15
    for path in scripts:
        said = ast.get_docstring(ast.parse(_read(path))) or ""
        assert MODULE.findall(said), path
        places = [
            ROOT / name for name in PATH.findall(said) if "/results/" in name or name == "docs/experiments.md"
        ]
        assert places, path
        assert [place for place in places if not place.exists()] == []


def test_every_promise_of_reliability_names_a_test_that_is_there():
    text = _read(ROOT / "docs" / "reliability.md")
    files, names = set(TEST_FILE.findall(text)), set(TEST.findall(text))
    assert len(files) > 15
    assert len(names) > 40
    assert {name for name in files if not (ROOT / "tests" / name).exists()} == set()
    tests = "".join(_read(path) for path in (ROOT / "tests").rglob("test_*.py"))
    assert {name for name in names if f"def {name}(" not in tests} == set()


def test_a_newcomer_reads_less_than_200_lines():
    assert len(_read(READMES[0]).splitlines()) < 200


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_speeds_peaks_times_and_costs_follow_from_committed_measurements(path: Path):
    """Three epochs of 9.6 million tokens, at 3 dollars an hour."""
    measured = [
        row
        for part in _train_gpu().values()
        if isinstance(part, dict)
        for row in part.get("rows", [])
        if "tokens_per_s" in row
    ]
    rows = re.findall(r"\| ([\d,]+) \| ([\d.]+) GiB \| (\d+) \S+ \| \$([\d.]+) \|", _read(path))
    assert len(rows) == 7
    for speed, peak, minutes, cost in rows:
        tokens_per_s = int(speed.replace(",", ""))
        peaks = [row["peak_gib"] for row in measured if row["tokens_per_s"] == tokens_per_s]
        assert any(round(each, 1) == float(peak) for each in peaks), speed
        assert int(minutes) == round(9.6e6 / tokens_per_s / 60)
        assert float(cost) == round(9.6e6 / tokens_per_s / 3600 * 3, 2)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_disk_that_is_named_follows_from_the_plan_and_the_quickstart(path: Path):
    timed = json.loads(_read(ROOT / "benchmarks" / "results" / "quickstart.json"))
    config, shape = tables.CODELLAMA_7B, shape_of(tables.CODELLAMA_7B)
    weights = 2 * (shape.weights.linear + shape.weights.other)
    # rank 16 on q, k, v, o; in float32, with Adam's two moments
    checkpoint = 12 * 16 * 8 * config.hidden_size * config.num_hidden_layers
    (line,) = (line for line in _read(path).splitlines() if "`.venv`" in line and "GB" in line)
    found = [float(number) for number in re.findall(r"([\d.]+) GB", line)]
    expected = [weights / 1e9, checkpoint / 1e9, timed["installation_gb"]]
    assert sorted(found) == sorted(round(value, 1) for value in expected)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_numbers_in_one_line_are_those_of_the_report_and_of_the_run_that_was_timed(path: Path):
    report = json.loads(_read(ROOT / "reports" / "quickstart" / "comparison.json"))
    timed = json.loads(_read(ROOT / "benchmarks" / "results" / "quickstart.json"))
    changes = report["comparisons"]["lora"]["difference"]
    gains = [round(changes[name]["delta"]) for name in ("execution_success", "functional_accuracy")]
    line = next(line for line in _read(path).splitlines() if line.startswith("SmolLM2-135M"))
    assert [int(number) for number in WHOLE_NUMBER.findall(line)[:3]] == [timed["minutes"], *gains]
    assert f"{max(phase['peak_gib'] for phase in timed['phases'].values()):.1f} GiB" in _read(path)


def test_in_its_own_chat_template_the_base_model_leaves_no_gain_to_show_but_likeness():
    stored = json.loads(_read(ROOT / "reports/quickstart/base_in_chat_template/comparison.json"))
    for method in stored["comparisons"].values():
        significant = {name for name, change in method["difference"].items() if change["p_holm"] < 0.05}
        assert "bleu" in significant
        assert significant.isdisjoint({"execution_success", "functional_accuracy"})


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_speeds_beside_other_tools_were_measured_in_one_call(path: Path):
    parts = [part.get("rows", []) for part in _train_gpu().values() if isinstance(part, dict)]
    pairs = [
        (tool, *(int(number.replace(",", "")) for number in pair))
        for tool in ("unsloth", "TRL")
        for row in re.findall(rf"^\| {tool} \|.*", _read(path), re.MULTILINE)
        for pair in re.findall(r"(\d+,\d+)\D*?(\d+,\d+)", row)
    ]
    assert len(pairs) == 3
    for tool, ours, theirs in pairs:
        assert any(
            {(True, theirs), (False, ours)}
            <= {(row["name"].startswith(tool), row.get("tokens_per_s")) for row in rows}
            for rows in parts
        ), (tool, ours, theirs)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_efficiency_of_two_gpus_follows_from_committed_measurements(path: Path):
    rows = _train_gpu()["two_h200"]["rows"]
    speeds = {row["name"]: row.get("tokens_per_s") for row in rows}
    for method in ("LoRA", "QLoRA"):
        share = 100 * speeds[f"{method}, 2 GPUs, DDP"] / (2 * speeds[f"{method}, 1 GPU"])
        assert re.search(rf"\b{share:.1f} ?%", _read(path))


def test_the_memory_of_the_largest_card_is_that_of_a_measured_run():
    stored = _train_gpu()["t4"]["rows"]
    for name, shown in zip(("LoRA, bfloat16", "QLoRA, bfloat16"), tables.memory()[-1][1:3], strict=True):
        (row,) = (row for row in stored if row["name"] == name)
        assert float(shown.split()[0]) == pytest.approx(row["peak_gib"], rel=0.02)


def test_what_is_said_of_copies_across_the_split_was_measured():
    measured = json.loads((ROOT / "benchmarks/results/novelty.json").read_text())
    at = {part["likeness"]: part for part in measured["measured"]}
    assert measured["chosen"] == ALIKE
    assert at[ALIKE]["answers_90"] == 0
    document = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    for part in at.values():
        splits = f"{part['train']:,} / {part['validation']} / {part['test']}"
        counts = " | ".join(str(part[f"answers_{percent}"]) for percent in (50, 65, 80, 90))
        assert f"| {part['kept_for_train']} | {splits} | {counts} |" in document


def test_every_command_parses_with_its_script():
    parsers, commands = tables.parsers(), _commands(READMES[0])
    assert len(commands) >= 10
    for script, words in commands:
        parsers[script].parse_args(words)


def test_both_readmes_show_the_same_commands():
    english, chinese = (
        [(script, [word for word in words if not PROSE.search(word)]) for script, words in _commands(path)]
        for path in READMES
    )
    assert english == chinese


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_every_message_explained_is_one_that_the_code_prints(path: Path):
    """Messages stand in the code in pieces: each run of words between its variable parts must be there."""
    sources = "".join(_read(file) for file in (ROOT / "src").rglob("*.py"))
    code = re.sub(r"\"\s*\n\s*f?\"", "", sources)  # literals that Python joins
    title = "Troubleshooting" if path == GUIDES[0] else "常见问题"
    section = _read(path).split(f"## {title}\n")[1].split("\n## ")[0]
    messages = re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)
    assert len(messages) >= 10
    for message in messages:
        for piece in re.split(r"\.\.\.|data/codealpaca|sahil2801/CodeAlpaca-20k|q_proj", message):
            words = piece.strip(" ;:?'")
            assert words in code, f"{message}: {words!r}"


def test_the_modelfile_prompts_as_training_does():
    """The indented block of docs/training.md, with Ollama's name for what a person types."""
    block = _read(ROOT / "docs" / "training.md").split('    TEMPLATE """')[1].split('"""')[0]
    template = "\n".join(line.removeprefix("    ") for line in block.split("\n"))
    assert template == render_prompt("{{ .Prompt }}")


def test_the_files_for_other_tools_are_well_formed():
    citation = yaml.safe_load(_read(ROOT / "CITATION.cff"))
    assert citation["license"] == "Apache-2.0"
    workflow = yaml.safe_load(_read(ROOT / ".github" / "workflows" / "test.yml"))
    steps = workflow["jobs"]["test"]["steps"]
    assert any("make test" in step.get("run", "") for step in steps)
    hooks = yaml.safe_load(_read(ROOT / ".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} >= {"ruff-check", "ruff-format", "mypy"}
    assert "Version 2.0, January 2004" in _read(ROOT / "LICENSE")
