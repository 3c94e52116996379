"""Besides the sandbox: nothing that is loaded runs, nothing secret is written, no text reaches a shell."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from src.schema import UserError
from src.system.files import write_atomic
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
RUN_INSIDE_THE_SANDBOX = {  # and what they may call there
    "evaluation/differential/inside/probe.py": ("exec", "compile", "eval"),
    "evaluation/differential/inside/session.py": ("eval",),
    "sandbox/inside/python_program.py": ("exec", "compile"),
    "evaluation/execution/evalplus/program.py": (
        "exec",
        "compile",
        "marshal.loads",
    ),  # inputs that verdict.py packed
}
FORBIDDEN = {
    "eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.load",
    "yaml.unsafe_load", "yaml.full_load", "marshal.loads", "shelve.open", "subprocess.getoutput",
    "subprocess.getstatusoutput", "joblib.load", "numpy.load", "np.load", "shutil.unpack_archive", "__import__",
}  # fmt: skip


def _sources() -> list[Path]:
    found = [*(ROOT / "src").rglob("*.py"), *ROOT.glob("*.py")]
    assert len(found) > 80
    return found


def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_nothing_that_runs_or_unpickles_what_it_is_given_is_called() -> None:
    found = {
        f"{path.relative_to(ROOT / 'src')}: {name}"
        for path in (ROOT / "src").rglob("*.py")
        for name, _ in _calls(path)
        if name in FORBIDDEN
    }
    allowed = {f"{path}: {name}" for path, names in RUN_INSIDE_THE_SANDBOX.items() for name in names}
    assert found - allowed == set()
    assert found  # the sandbox's own program is seen, so the others would be
    scripts = [name for path in ROOT.glob("*.py") for name, _ in _calls(path) if name in FORBIDDEN]
    assert scripts == []


def test_no_command_is_a_string_and_no_shell_is_started() -> None:
    commands = 0
    for path in _sources():
        for name, call in _calls(path):
            if re.fullmatch(r"subprocess\.(run|Popen|check_output|call)", name):
                commands += 1
                assert not any(word.arg == "shell" for word in call.keywords), path
                assert not isinstance(call.args[0], ast.Constant | ast.JoinedStr), path
    assert commands >= 3


def test_weights_are_always_requested_as_safetensors() -> None:
    requests = 0
    for path in _sources():
        for name, call in _calls(path):
            words = {word.arg: ast.unparse(word.value) for word in call.keywords}
            if name == "AutoModelForCausalLM.from_pretrained":
                assert words.get("use_safetensors") == "True" or "gguf_file" in words, path
                requests += 1
            assert name != "torch.load" or words["weights_only"] == "True", path  # tensors alone
    assert requests >= 2


def test_remote_code_is_never_allowed_but_by_the_setting() -> None:
    allowed = []
    for path in _sources():
        for _, call in _calls(path):
            allowed += [ast.unparse(w.value) for w in call.keywords if w.arg == "trust_remote_code"]
    assert len(allowed) >= 3
    assert {value.rsplit(".", 1)[-1] for value in allowed} == {"trust_remote_code"}


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"])
def test_a_pickle_among_a_checkpoints_files_is_not_run(
    tmp_path: Path, tiny_model: Path, tiny_data: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Trainer reads these with torch.load(weights_only=True); training_args.bin is never read."""
    from src.training import checkpoints, results
    from src.training.trainer import fine_tune

    config = tiny.config(tiny_model, tiny_data, tmp_path / "out", "training.max_steps=4")
    with monkeypatch.context() as patch:
        patch.setattr(results, "save", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(config, "lora")
    folders = sorted((tmp_path / "out" / "lora").glob("checkpoint-*"))
    assert folders
    shutil.rmtree(folders[-1])  # so that there are steps left to train
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    assert pickle.loads(trap) is None  # it does spring where pickles are run
    (tmp_path / "sprung").unlink()
    (folders[0] / name).write_bytes(trap)
    checkpoints.mark_complete(folders[0])
    if name == "training_args.bin":
        fine_tune(config, "lora", resume=True)
    else:
        with pytest.raises(
            UserError, match=r"more than tensors and plain values, .*start over with --restart"
        ):
            fine_tune(config, "lora", resume=True)
    assert not (tmp_path / "sprung").exists()


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


SECRETS = {
    "HF_TOKEN": "hf_SeCrEt0123456789abcdef",
    "WANDB_API_KEY": "wandb-SeCrEt",
    "MY_PASSWORD": "hunter-SeCrEt",
}


def test_neither_environment_nor_home_nor_host_is_written_into_what_runs_leave(tmp_path: Path) -> None:
    answers = tmp_path / "given.jsonl"
    program = "import os; print(dict(os.environ)); print(open('/proc/self/environ').read())"
    line = {"id": "a", "instruction": "Print.", "input": "", "reference": program, "prediction": program}
    answers.write_text(json.dumps(line | {"language": "python"}) + "\n")
    home = tmp_path / "home-SeCrEt"
    home.mkdir()
    flags = [
        "--before_predictions", answers, "--after_predictions", answers, "--output_dir", tmp_path / "report",
        "--runs_dir", tmp_path / "runs", "--set", "evaluation.bootstrap_resamples=100",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "compare_results.py"), *map(str, flags)],
        cwd=ROOT, env=os.environ | SECRETS | {"HOME": str(home)}, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = [
        path for folder in ("report", "runs") for path in (tmp_path / folder).rglob("*") if path.is_file()
    ]
    assert len(made) >= 7
    for path in made:
        content = path.read_bytes()
        assert b"SeCrEt" not in content, path
        assert str(tmp_path).encode() not in content, path
    assert "SeCrEt" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a/b", "..", "\0", "a\nb", "x" * 300])
def test_no_path_in_the_data_is_followed(tmp_path: Path, name: str) -> None:
    """Ids, languages and texts of samples never name a file; an id with a control character is refused."""
    from src.config import load_config
    from src.evaluation.runs import run_predictions

    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    line = {
        "id": name,
        "instruction": name,
        "input": name,
        "reference": name,
        "prediction": name,
        "language": name,
    }
    (folder / "given.jsonl").write_text(json.dumps(line) + "\n")
    config = load_config(overrides=["evaluation.bootstrap_resamples=100"])
    if name.isprintable():
        run_predictions(folder / "given.jsonl", config, folder / "runs")
    else:
        with pytest.raises(UserError, match="id must be plain text in one line"):
            run_predictions(folder / "given.jsonl", config, folder / "runs")
        line |= {"id": "a", "language": "python"}
        (folder / "given.jsonl").write_text(json.dumps(line) + "\n")
        run_predictions(folder / "given.jsonl", config, folder / "runs")
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {
        f"deep/er/{end}" for end in ("given.jsonl", "runs/given/scored.jsonl", "runs/given/scores.json")
    }


def test_whatever_is_downloaded_is_checked_by_its_hash() -> None:
    """Each place that fetches bytes itself names the check beside it."""
    fetching = {
        str(path.relative_to(ROOT / "src"))
        for path in _sources()
        if re.search(r"urlopen|pip\b.*download|snapshot_download", path.read_text(encoding="utf-8"))
        and path.is_relative_to(ROOT / "src")
    }
    # hub_access.py only probes the hub; the clients of the hub and of ModelScope check what they download
    assert fetching == {
        "data/sources/http.py", "models/embedded.py", "system/hub_access.py", "system/modelscope.py",
    }  # fmt: skip
    for name in ("data/sources/http.py", "models/embedded.py"):
        assert "sha256" in (ROOT / "src" / name).read_text(encoding="utf-8")


def test_files_are_written_for_the_user_alone_to_change(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "x")
    assert not (tmp_path / "a").stat().st_mode & 0o022
