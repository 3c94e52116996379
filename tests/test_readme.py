"""The documents keep up with the code: tables, links, commands and messages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from src.config import ALL_KEYS
from src.data.preprocessing import render_prompt
from tests import tables

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|(?:src|srcset|href)=\"([^\"#]+)\"")
COMMAND = re.compile(r"^(?:\.venv/bin/)?python (\w+\.py)(.*?)(?:  +#.*)?$", re.MULTILINE)
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
PROSE = re.compile(r"[^\x00-\x7f]|\s")  # words of an instruction, which are translated
CHINESE = {"flags": "README.zh-CN.md", "config": "docs/configuration.zh-CN.md"}  # table -> document


# Written after this list: reports/quickstart/ by a real run, the documents by those who know their parts.
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


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


def test_the_table_of_settings_is_whole():
    assert [row[0].strip("`") for row in tables.settings()] == ALL_KEYS


def test_every_flag_says_what_it_does():
    assert [row[:2] for row in tables.flags() if not row[2].split("(default")[0].strip()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(path: Path):
    links = {first or second for first, second in LINK.findall(_read(path))}
    local = {link for link in links if not re.match(r"[a-z]+:", link)}
    gone = {link for link in local if not (path.parent / link).exists()}
    names = {str((path.parent / link).resolve().relative_to(ROOT)) for link in gone}
    assert names == set()


def test_there_are_documents_with_links():
    assert len(DOCUMENTS) > 8
    assert sum(len(LINK.findall(_read(path))) for path in READMES) > 30


def test_a_newcomer_reads_less_than_300_lines():
    assert len(_read(READMES[0]).splitlines()) < 300


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


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_message_explained_is_one_that_the_code_prints(path: Path):
    """Messages stand in the code in pieces: each run of words between its variable parts must be there."""
    sources = "".join(_read(file) for file in (ROOT / "src").rglob("*.py"))
    code = re.sub(r"\"\s*\n\s*f?\"", "", sources)  # literals that Python joins
    title = "Troubleshooting" if path == READMES[0] else "常见问题"
    section = _read(path).split(f"## {title}\n")[1].split("\n## ")[0]
    messages = re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)
    assert len(messages) >= 10
    for message in messages:
        for piece in re.split(r"\.\.\.|data/codealpaca|sahil2801/CodeAlpaca-20k|q_proj", message):
            words = piece.strip(" ;:?'")
            assert words in code, f"{message}: {words!r}"


def test_the_modelfile_asks_as_training_did():
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
