"""The rules of the layout: which way imports point, where tests lie, what stays light, how long things get."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path for path in ROOT.glob("*.py"))
MODULES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.name != "__init__.py")
FOLDERS = sorted({path.parent for path in MODULES})

# The floors, lowest first. A module imports from its own package and from the floors below.
GROUND = "schema config yaml_text cli provenance plotting system".split()
FLOORS = (
    GROUND,
    ["languages", "sandbox"],
    ["data", "metrics", "models"],
    ["report"],
    ["generation", "training"],
    ["evaluation"],
    ["doctor"],
)
# On one floor packages do not know each other; the modules of the ground do.
TORCHLESS = (
    "src.evaluation.metrics",
    "src.evaluation.statistics.estimates",
    "src.sandbox.sandbox",
    "src.report.report",
)
ENTRIES = {
    "src": 17,
    "src/languages": 30,
    "src/sandbox/inside": 15,
}  # of a folder; 14 elsewhere
UNMIRRORED = {
    "sandbox/inside/child": "runs inside the sandbox only: tests/sandbox/test_sandbox.py starts it",
    "sandbox/inside/isolation": "runs inside the sandbox only: tests/sandbox/test_sandbox.py starts it",
    "sandbox/inside/peer": "one of two processes in the sandbox: tests/sandbox/inside/test_checker.py starts both",
    "sandbox/inside/python_program": "runs inside the sandbox only: tests/sandbox/test_sandbox.py starts it",
    "sandbox/inside/references": "one of two processes in the sandbox: tests/sandbox/inside/test_checker.py starts both",
    "sandbox/inside/stand_ins": "one of two processes in the sandbox: tests/sandbox/inside/test_checker.py starts both",
    "sandbox/inside/supervisor": "runs inside the sandbox only: tests/sandbox/test_sandbox.py starts it",
    "sandbox/inside/tested_program": "one of two processes in the sandbox: tests/sandbox/inside/test_checker.py starts both",
    "sandbox/inside/worker": "runs inside the sandbox only: tests/sandbox/test_sandbox.py starts it",
}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


NAMES = {_name(path) for path in MODULES}


@functools.cache
def _nodes(path: Path) -> list[ast.AST]:
    """The syntax tree of a file, its module first."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _is_facts_of_a_language(path: Path) -> bool:
    functions = [node for node in _nodes(path) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return path.parent.name == "languages" and "LANGUAGE = Language(" in path.read_text() and not functions


def _package(module: str) -> str:
    return module.split(".")[1]


def _floor(module: str) -> int:
    for number, packages in enumerate(FLOORS):
        if _package(module) in packages:
            return number
    raise AssertionError(f"{module} stands on no floor")


@functools.cache
def _imports(path: Path) -> set[str]:
    """Modules of src that a module imports anywhere, in functions and for type checking too."""
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports by dots"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & NAMES


def test_there_is_something_to_check():
    assert len(SCRIPTS) == 7
    assert len(MODULES) > 100
    assert sum(len(_imports(path)) for path in MODULES) > 300
    assert {name for floor in FLOORS for name in floor} == {_package(name) for name in NAMES}


def _may_import(own: str, name: str) -> bool:
    return _floor(name) < _floor(own) or _package(name) == _package(own) or _floor(name) == _floor(own) == 0


def test_imports_go_down_only():
    pairs = [(_name(path), name) for path in MODULES for name in _imports(path)]
    assert [pair for pair in pairs if not _may_import(*pair)] == []


def test_imports_have_no_circle():
    TopologicalSorter({_name(path): _imports(path) for path in MODULES}).prepare()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_holds_what_a_reader_can_take_in(folder: Path):
    place = str(folder.relative_to(ROOT))
    entries = [path for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")]
    assert len(entries) <= ENTRIES.get(place, 14)


def test_a_module_has_its_tests_at_the_same_place():
    """tests/languages and tests/evaluation/execution try all languages alike."""
    places = [path.relative_to(ROOT / "src") for path in MODULES if not _is_facts_of_a_language(path)]
    alone = {place for place in places if not (ROOT / "tests" / place.parent / f"test_{place.name}").exists()}
    assert {place.with_suffix("").as_posix() for place in alone} == set(UNMIRRORED)


def test_exemptions_are_few():
    assert len(UNMIRRORED) <= 10


def test_scoring_and_reports_never_import_torch():
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    if 'torch' in sys.modules: sys.exit(name)"
    )
    words = [sys.executable, "-c", program, *TORCHLESS]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_a_module_is_short_and_says_what_it_does():
    lines = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 320} == {}
    assert [_name(path) for path in MODULES if not ast.get_docstring(_nodes(path)[0])] == []


def test_an_error_keeps_its_cause():
    """--verbose shows it; without the flag one line is printed anyway."""
    hidden = [
        f"{path}:{node.lineno}"
        for path in MODULES
        for node in _nodes(path)
        if isinstance(node, ast.Raise) and isinstance(node.cause, ast.Constant)  # `from None`
    ]
    assert hidden == []


def test_flags_stay_in_modules_named_cli():
    """Everything below gets records and sections of the configuration."""
    parsing = {_name(path) for path in MODULES if "argparse" in path.read_text(encoding="utf-8")}
    assert parsing == {name for name in NAMES if name.endswith(".cli")}


def test_nothing_named_evaluate_is_imported_by_accident():
    """The script evaluate.py hides the package of that name from everything run at the root."""
    importing = [
        _name(path)
        for path in [*MODULES, *SCRIPTS]
        for node in _nodes(path)
        if isinstance(node, ast.Import) and any(alias.name == "evaluate" for alias in node.names)
    ]
    assert importing == []


def test_ignored_folders_do_not_swallow_code():
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True).stdout
    if not tracked:
        pytest.skip("not a git checkout")
    on_disk = {str(path.relative_to(ROOT)) for path in MODULES}
    ignored = subprocess.run(
        ["git", "check-ignore", *on_disk], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert ignored == ""
