"""The rules of the layout: which way imports point, what stays light, how long things get."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path for path in ROOT.glob("*.py"))
MODULES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.name != "__init__.py")

# Lower rooms first. A module imports from its own room and from those below.
ROOMS = (
    ("src.schema",),
    ("src.files", "src.distributed", "src.config_validators", "src.config", "src.plotting"),
    ("src.provenance", "src.cli"),
    ("src.data",),
    ("src.models",),
    (
        "src.generation.generate",
        "src.generation.vllm",
        "src.generation.continuous.decoder",
        "src.generation.static_batches",
        "src.generation.continuous.kv_cache",
        "src.generation.continuous.kernel",
        "src.generation.continuous.steps",
    ),
    ("src.training", "src.evaluation", "src.generation.chat"),
)
TORCHLESS = (
    "src.evaluation.metrics",
    "src.evaluation.statistics.estimates",
    "src.sandbox.sandbox",
    "src.report.report",
)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _room(module: str) -> int:
    for place, room in enumerate(ROOMS):
        if any(module == name or module.startswith(f"{name}.") for name in room):
            return place
    raise AssertionError(f"{module} stands in no room")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {
                f"{node.module}.{alias.name}" for alias in node.names if node.module in ("src", "src.data")
            }
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("src.")}


def test_there_is_something_to_check():
    assert len(SCRIPTS) == 6
    assert len(MODULES) > 50


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_one_way(path: Path):
    own = _room(_name(path))
    above = {name for name in _imports(path) if _room(name) > own}
    assert above == set()


def test_training_and_evaluation_do_not_know_each_other():
    crossing = [
        (_name(path), name)
        for path in MODULES
        for name in _imports(path)
        if {_name(path).split(".")[1], name.split(".")[1]} == {"training", "evaluation"}
    ]
    assert crossing == []


@pytest.mark.parametrize("module", TORCHLESS)
def test_scoring_and_reports_never_import_torch(module: str):
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_short_and_says_what_it_does(path: Path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 320
    assert ast.get_docstring(ast.parse(text))


def test_nothing_named_evaluate_is_imported_by_accident():
    """The script evaluate.py hides the package of that name from everything run at the root."""
    importing = [
        _name(path)
        for path in [*MODULES, *SCRIPTS]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
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


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_help_answers_without_heavy_imports(path: Path):
    program = (
        "import runpy, sys; sys.argv = [sys.argv[1], '--help']\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'bitsandbytes', 'datasets', 'scipy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "usage:" in run.stdout
