"""Each script as a user starts it: the whole flow on a tiny model, mistakes in one line, stops that keep work."""

from __future__ import annotations

import json
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import forked, launching, tiny

ROOT = Path(__file__).resolve().parents[1]
REPORT = {
    "comparison.json", "comparison.md", "comparison.html", "comparison.png", "comparison_dark.png",
    "novelty.png", "novelty_dark.png", "training_curve.png", "training_curve_dark.png", "README.md",
}  # fmt: skip


def run(script: str, *flags: str | Path, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    done = forked.run([ROOT / script, *flags], stdin)
    assert done.returncode == code, f"{script} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Flow:
    """Folders of one walk through all scripts."""

    def __init__(self, root: Path, model: Path) -> None:
        self.root, self.model = root, model
        self.data, self.reports = root / "data", root / "reports"
        self.flags = tiny.flags(model, self.data, root / "checkpoints", "training.max_steps=4")
        self.adapter = {name: root / "checkpoints" / name / "final" for name in ("lora", "qlora")}
        self.compare = ("--runs_dir", self.reports / "runs", "--output_dir", self.reports, *self.flags)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Flow:
    made = Flow(tmp_path_factory.mktemp("flow"), tiny_model)
    source = made.root / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows()), encoding="utf-8")
    fractions = (
        "data.validation_fraction=0.15",
        "data.test_fraction=0.15",
        "data.near_duplicate_threshold=1",
    )
    sets = [word for item in fractions for word in ("--set", item)]
    prepared = run("download_data.py", "--source", "file", "--path", source, *made.flags, *sets)
    assert "train_lora.py" in prepared.stdout
    for method in ("lora", "qlora"):
        trained = run(f"train_{method}.py", *made.flags)
        assert str(made.adapter[method]) in trained.stdout
    return made


def test_training_leaves_the_adapter_its_record_and_its_curve(flow: Flow):
    for method, folder in flow.adapter.items():
        names = {path.name for path in folder.iterdir()}
        assert {"adapter_model.safetensors", "adapter_config.json", "run.json", "training_curve.png"} <= names
        assert "tokenizer.json" in names
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert record["method"] == method
        assert record["metrics"]["steps"] == 4


def test_evaluating_a_model_leaves_answers_and_scores(flow: Flow):
    done = run("evaluate.py", "--model_path", flow.adapter["lora"], "--output_dir", flow.reports, *flow.flags)
    assert "Warning" not in done.stderr
    [folder] = [
        path for path in (flow.reports / "runs").iterdir() if "lora" in path.name and "qlora" not in path.name
    ]
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert scores["n"] == 4
    assert scores["metrics"]["bleu"]["n"] == 4
    assert str(folder / "scores.json") in done.stdout
    answers = folder / "generations.jsonl"
    assert len(answers.read_text(encoding="utf-8").splitlines()) == 4
    again = run(
        "evaluate.py", "--predictions", answers, "--name", "again", "--output_dir", flow.reports, *flow.flags
    )
    rescored = json.loads((flow.reports / "runs" / "again" / "scores.json").read_text(encoding="utf-8"))
    assert rescored["metrics"] == scores["metrics"]
    assert "again" in again.stdout


def test_two_comparisons_share_one_report(flow: Flow):
    for method, folder in flow.adapter.items():
        run("compare_results.py", "--before_model", flow.model, "--after_model", folder, *flow.compare)
        made = json.loads((flow.reports / "comparison.json").read_text(encoding="utf-8"))
        assert method in made["comparisons"]
    assert list(made["comparisons"]) == ["lora", "qlora"]
    assert {path.name for path in flow.reports.iterdir() if path.is_file()} == REPORT
    other = run(
        "compare_results.py", "--before_model", flow.model, "--after_model", flow.adapter["lora"], *flow.compare,
        "--num_samples", "3", code=2,
    )  # fmt: skip
    assert other.stderr.count("\n") == 2  # loading, and why not
    assert "give another --output_dir" in other.stderr


def test_predictions_are_compared_with_no_model(flow: Flow, tmp_path: Path):
    rows = [
        {
            "id": str(n),
            "instruction": f"Print {n}.",
            "input": "",
            "reference": f"print({n})",
            "language": "python",
        }
        for n in range(6)
    ]
    for name, answer in (("old", "print(0)"), ("new", "")):
        lines = [json.dumps(row | {"prediction": answer or row["reference"]}) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    run(
        "compare_results.py", "--before_predictions", tmp_path / "old.jsonl", "--after_predictions",
        tmp_path / "new.jsonl", "--output_dir", tmp_path / "report", "--runs_dir", tmp_path / "runs",
    )  # fmt: skip
    made = json.loads((tmp_path / "report" / "comparison.json").read_text(encoding="utf-8"))
    assert made["comparisons"]["new"]["difference"]["functional_accuracy"]["wins"] == 5
    assert made["before"]["metrics"]["functional_accuracy"]["value"] == pytest.approx(100 / 6)


def test_inference_answers_flags_and_standard_input_the_same(flow: Flow):
    flags = ("--model_path", flow.adapter["lora"], *flow.flags)
    flagged = run("inference.py", *flags, "--instruction", "Print 3.")
    piped = run("inference.py", *flags, stdin="Print 3.\n")
    assert flagged.stdout == piped.stdout
    assert flagged.stdout.endswith("\n")


@pytest.mark.parametrize("method", [pytest.param("lora", marks=pytest.mark.campaign), "qlora"])
def test_a_merged_model_answers_as_its_adapter_does(flow: Flow, method: str):
    merged = flow.root / f"merged-{method}"
    run("inference.py", "--model_path", flow.adapter[method], "--merge_to", merged, *flow.flags)
    prompt = ("--instruction", "Print the rivers.", *flow.flags)
    adapter = run("inference.py", "--model_path", flow.adapter[method], *prompt)
    plain = run("inference.py", "--model_path", merged, *prompt)
    assert plain.stdout == adapter.stdout
    refused = run(
        "inference.py", "--model_path", flow.adapter[method], "--merge_to", merged, *flow.flags, code=2
    )
    assert "holds something already" in refused.stderr


LIGHT = """
import contextlib, io, runpy, sys
HEAVY = set("torch transformers numpy datasets sacrebleu scipy matplotlib peft accelerate bitsandbytes".split())
class Heavy(BaseException): pass
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in HEAVY or (name == "pydantic" and "--help" in sys.argv):
            raise Heavy(name)
sys.meta_path.insert(0, Refuse())
for line in sys.stdin:
    sys.argv = line.split()
    errors, end = io.StringIO(), "done"
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as ended:
            end = ended.code
        except Heavy:
            end = "loads"
    print(end, repr(errors.getvalue()))
"""


def test_help_and_wrong_settings_answer_and_a_start_is_announced_before_anything_heavy_is_imported():
    flags = {
        "download_data.py": "--stats", "train_lora.py": "", "train_qlora.py": "--dry_run",
        "evaluate.py": "--model_path x", "inference.py": "--model_path x",
        "compare_results.py": "--before_model x --after_model y",
    }  # fmt: skip
    calls = {f"{script} --help": "0 ''" for script in (*flags, "doctor.py")}
    wrong = "2 'error: --set lora.rr=1: unknown key lora.rr; did you mean lora.r?\\n'"
    calls |= {f"{script} {given} --set lora.rr=1": wrong for script, given in flags.items()}
    calls |= {f"{script} {given}": "'loading ...\\n" for script, given in flags.items()}
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], cwd=ROOT, input="\n".join(calls), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    for line, (call, said) in zip(done.stdout.splitlines(), calls.items(), strict=True):
        assert said in line, call


MISTAKES = [  # script, flags, what the one line says
    ("evaluate.py", [], "give --model_path or --predictions"),
    ("evaluate.py", ["--model_path", "a", "--predictions", "b"], "not both"),
    ("evaluate.py", ["--predictions", "none.jsonl"], "no predictions file none.jsonl"),
    ("inference.py", ["--model_path", "checkpoints/none/final"], "Run train_lora.py"),
    ("evaluate.py", ["--model_path", "x", "--benchmark_path", "f"], "goes with --benchmark"),
    (
        "evaluate.py",
        ["--model_path", "x", "--num_samples", "-1"],
        "evaluation.num_samples must be a whole number",
    ),
    ("evaluate.py", ["--model_path", "x", "--num_completions", "5"], "needs evaluation.temperature > 0"),
    ("compare_results.py", ["--before_model", "a"], "give --after_model or --after_predictions"),
    (
        "compare_results.py",
        ["--before_model", "a", "--after_predictions", "b"],
        "two models or two predictions",
    ),
    ("inference.py", ["--model_path", "tests", "--instruction", "x"], "no adapter and no model in tests"),
    ("train_lora.py", ["--config", "none.yaml"], "no config file none.yaml"),
    ("train_lora.py", ["--set", "lora.rank=3"], "unknown key lora.rank"),
    ("train_qlora.py", ["--base_model", "nobody/nothing"], "cannot load the tokenizer of nobody/nothing"),
    ("download_data.py", ["--source", "file"], "--path"),
]


@pytest.mark.parametrize(("script", "flags", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(
    script: str,
    flags: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(sys, "argv", [script, *flags])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if not line.startswith(("no GPU", "loading ..."))]
    assert ended.value.code == 2
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert message in errors[0]


def test_too_many_samples_are_refused_with_the_number_there_is(flow: Flow):
    done = run("evaluate.py", "--model_path", flow.model, *flow.flags, "--num_samples", "5000", code=2)
    assert "the test set data has" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_evaluation_keeps_its_answers(
    flow: Flow, tmp_path: Path, number: signal.Signals, code: int
):
    flags = ["--model_path", flow.model, "--output_dir", tmp_path, *flow.flags]
    long = ["--set", "evaluation.max_new_tokens=400", "--set", "evaluation.batch_size=1"]
    long += ["--num_completions", "12", "--temperature", "1"]
    script = forked.Script([ROOT / "evaluate.py", *flags, *long])
    deadline = time.monotonic() + 120
    stores: list[Path] = []
    while time.monotonic() < deadline and script.process.is_alive():
        stores = list(tmp_path.glob("runs/*/answers.jsonl"))
        if stores and len(stores[0].read_text(encoding="utf-8").splitlines()) >= 2:
            break
        time.sleep(0.02)
    script.signal(number)
    done = script.wait(120)
    assert done.returncode == code, done.stderr
    assert "the same command continues" in done.stderr
    assert len(stores[0].read_text(encoding="utf-8").splitlines()) >= 2


def test_two_processes_answer_and_score_as_one(tiny_model: Path, tiny_data: Path, tmp_path: Path):
    sampling = ("--num_completions", "3", "--temperature", "0.8")
    settings = tiny.flags(tiny_model, tiny_data, tmp_path, "evaluation.batch_size=3")
    words = ["evaluate.py", "--model_path", str(tiny_model), *sampling, *settings, "--name", "run"]
    results = []
    for count in (1, 2):
        output = tmp_path / str(count)
        status, out, err = launching.run_ranks([*words, "--output_dir", str(output)], count)
        assert status == 0, err[-3000:]
        assert out.count("wrote ") == 1
        folder = output / "runs" / "run"
        assert not list(folder.glob("answers.rank-*"))
        results.append((folder / "generations.jsonl").read_bytes())
    assert results[0].count(b"\n") == 12
    assert results[0] == results[1]
