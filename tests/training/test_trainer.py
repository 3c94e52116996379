"""fine_tune: what it learns from, what it leaves behind, and what it refuses."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from src.schema import UserError
from src.training import callbacks
from src.training.cli import summary
from src.training.job import prepare
from src.training.trainer import fine_tune
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]


def _run(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def _evals(folder: Path) -> dict[int, float]:
    return {item["step"]: item["eval_loss"] for item in _run(folder)["history"] if "eval_loss" in item}


def test_a_run_leaves_adapter_tokenizer_figures_and_curve(tiny_adapter: Path) -> None:
    names = {path.name for path in tiny_adapter.iterdir()}
    assert names >= {
        "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "run.json", "training_curve.png",
    }  # fmt: skip
    run = _run(tiny_adapter)
    assert run["metrics"]["steps"] == 3
    assert run["provenance"]["config"]["training"]["max_steps"] == 3
    assert len(run["provenance"]["model_fingerprint"]) == 16
    assert run["metrics"]["tokens"] > run["metrics"]["supervised_tokens"] > 0
    assert [item["step"] for item in run["history"] if "loss" in item] == [1, 2, 3]


def test_the_same_job_is_kept_and_another_replaces_it(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2")
    first = fine_tune(config, "lora")
    written = (first.folder / "run.json").stat().st_mtime_ns
    again = fine_tune(config, "lora", resume=True)
    assert again.reused
    assert again.metrics == first.metrics
    assert (first.folder / "run.json").stat().st_mtime_ns == written
    other = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2", "training.seed=7")
    assert not fine_tune(other, "lora", resume=True).reused
    assert "training.seed was 42 and is now 7" in caplog.text
    assert not list((tmp_path / "lora").glob("final.*"))


def test_a_damaged_result_is_not_kept(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2")
    first = fine_tune(config, "lora")
    weights = first.folder / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    assert not fine_tune(config, "lora", resume=True).reused
    assert weights.read_bytes() == whole


def test_training_in_packs_of_any_size_learns_the_same(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    weights = []
    for size in (1, 4096):
        config = tiny.config(
            tiny_model, tiny_data, tmp_path / str(size), f"training.pack_tokens={size}",
            "lora.lora_dropout=0", "training.max_steps=4",
        )  # fmt: skip
        weights.append(load_file(fine_tune(config, "lora").folder / "adapter_model.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    for name in weights[0]:
        # Adam divides by the gradient's size, so rounding shows more here than in the gradients
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=2e-3, atol=2e-4)


def test_gradient_checkpointing_learns_the_same(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    losses = []
    for setting in ("true", "false"):
        config = tiny.config(
            tiny_model, tiny_data, tmp_path / setting, f"training.gradient_checkpointing={setting}",
            "training.max_steps=4",
        )  # fmt: skip
        losses.append(fine_tune(config, "lora").metrics["validation_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_adapter_kept_is_the_one_with_the_lowest_validation_loss(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    """A learning rate that is far too high makes the loss rise again, so that the last step is not the best."""
    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.learning_rate=0.5", "training.max_steps=5",
        "training.lr_scheduler_type=constant", "training.eval_steps=1", "training.save_steps=1",
        "training.early_stopping_patience=0",
    )  # fmt: skip
    done = fine_tune(config, "lora")
    losses = _evals(done.folder)
    best = min(losses, key=losses.__getitem__)
    assert best < 5
    assert (done.metrics["best_step"], done.metrics["validation_loss"]) == (best, losses[best])
    kept = (done.folder / "adapter_model.safetensors").read_bytes()
    assert kept == (tmp_path / f"lora/checkpoint-{best}/adapter_model.safetensors").read_bytes()


def test_training_stops_when_validation_no_longer_improves(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.learning_rate=0.5", "training.max_steps=30",
        "training.lr_scheduler_type=constant", "training.eval_steps=1", "training.save_steps=1",
        "training.early_stopping_patience=2", "lora.lora_dropout=0.05",
    )  # fmt: skip
    done = fine_tune(config, "lora")
    losses = list(_evals(done.folder).values())
    assert done.metrics["steps"] < 30
    assert min(losses[-2:]) >= min(losses[:-2])
    assert not any(
        callbacks.early_stopping_due([{"eval_loss": item} for item in losses[:end]], 2)
        for end in range(len(losses))
    )


@pytest.mark.parametrize(
    ("losses", "patience", "spent"),
    [
        ([], 1, False),
        ([3.0], 1, False),
        ([3.0, 3.0], 1, True),
        ([3.0, 2.9], 1, False),
        ([3.0, 2.9, 2.95, 2.91], 2, True),
        ([3.0, 2.9, 2.95, 2.89], 2, False),
        ([1.0, 2.0, 3.0], 0, False),
    ],
)
def test_patience_counts_validations_since_the_best(losses: list[float], patience: int, spent: bool) -> None:
    history = [{"step": 1, "loss": 9.0}, *({"eval_loss": loss} for loss in losses)]
    assert callbacks.early_stopping_due(history, patience) is spent


def test_a_run_killed_after_its_early_stop_does_not_train_on(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.learning_rate=0.5", "training.max_steps=30",
        "training.lr_scheduler_type=constant", "training.eval_steps=1", "training.save_steps=1",
        "training.early_stopping_patience=2", "lora.lora_dropout=0.05",
    )  # fmt: skip
    from src.training import results

    with monkeypatch.context() as broken:
        broken.setattr(results, "draw_training_curve", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(config, "lora")
    assert not list((tmp_path / "lora").glob("final*"))
    monkeypatch.setattr("src.training.trainer._train", lambda *_: pytest.fail("it trains on"))
    done = fine_tune(config, "lora", resume=True)
    losses = list(_evals(done.folder).values())
    assert min(losses[-2:]) >= min(losses[:-2])


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def unfinished(tiny_model: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a run that ended by SIGTERM after two of eight steps."""
    output = tmp_path_factory.mktemp("unfinished")
    status, said = _signalled(tiny_model, tiny_data, output, signal.SIGTERM)
    assert status == 143, said
    return output


def _signalled(model: Path, data: Path, output: Path, number: signal.Signals) -> tuple[int, str]:
    """Start train_lora.py, signal it as soon as it has logged a step, and wait for its end."""
    command = [sys.executable, "train_lora.py", *tiny.flags(model, data, output, "training.max_steps=4000")]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if "loss" in line:
            break
    started = time.monotonic()
    process.send_signal(number)
    said += process.communicate(timeout=60)[1]
    assert time.monotonic() - started < 30
    return process.returncode, said


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_work_kept(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    found, said = _signalled(tiny_model, tiny_data, tmp_path, number)
    assert found == status, said
    assert "continue with --resume" in said
    assert "Traceback" not in said
    assert list((tmp_path / "lora").glob("checkpoint-*/complete.json"))


def test_an_unfinished_run_is_not_overwritten_unasked(
    tiny_model: Path, tiny_data: Path, unfinished: Path
) -> None:
    config = tiny.config(tiny_model, tiny_data, unfinished, "training.max_steps=4000")
    with pytest.raises(
        UserError, match=r"holds an unfinished run \(checkpoint-\d+ of 4000 steps\).*--resume.*--restart"
    ):
        fine_tune(config, "lora")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.learning_rate=1e-4", r"training\.learning_rate was 0\.005 and is now 0\.0001"),
        ("lora.r=8", r"lora\.r was 4 and is now 8"),
        ("data.max_length=128", r"data\.max_length was 256 and is now 128"),
        ("prompt.template=chat", r"prompt\.template was 'alpaca' and is now 'chat'"),
    ],
)
def test_a_changed_setting_is_not_resumed(
    tiny_model: Path, tiny_data: Path, unfinished: Path, change: str, message: str
) -> None:
    config = tiny.config(tiny_model, tiny_data, unfinished, "training.max_steps=4000", change)
    with pytest.raises(
        UserError, match=rf"cannot resume: {message}; set it back or begin anew with --restart"
    ):
        fine_tune(config, "lora", resume=True)


def test_changed_data_are_not_resumed(tiny_model: Path, unfinished: Path, tmp_path: Path) -> None:
    config = tiny.config(
        tiny_model, tiny.save_data(tmp_path / "d", 44), unfinished, "training.max_steps=4000"
    )
    with pytest.raises(UserError, match=r"cannot resume: data\.fingerprint was '\w+' and is now '\w+'"):
        fine_tune(config, "lora", resume=True)


def test_other_weights_under_the_same_name_are_not_resumed(
    tiny_model: Path, tiny_data: Path, unfinished: Path
) -> None:
    weights = tiny_model / "model.safetensors"
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-8] + bytes(8))
    try:
        config = tiny.config(tiny_model, tiny_data, unfinished, "training.max_steps=4000")
        with pytest.raises(UserError, match=r"cannot resume: model\.fingerprint was"):
            fine_tune(config, "lora", resume=True)
    finally:
        weights.write_bytes(kept)


def test_a_damaged_identity_is_named(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "identity.json").write_text("{")
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=1")
    with pytest.raises(UserError, match=r"identity\.json is damaged; begin anew with --restart"):
        fine_tune(config, "lora", resume=True)
    assert fine_tune(config, "lora", restart=True).metrics["steps"] == 1


def test_two_runs_do_not_share_a_folder(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    from src.files import sole_writer

    config = tiny.config(tiny_model, tiny_data, tmp_path)
    with (
        sole_writer(tmp_path / "lora", "wait"),
        pytest.raises(UserError, match=rf"another run \(pid {os.getpid()}\).*training\.output_dir"),
    ):
        fine_tune(config, "lora")


def test_runs_killed_at_set_moments_end_with_the_same_bits(tmp_path: Path) -> None:
    """Three points of benchmarks/crash_campaign.py: first step, inside a checkpoint, before its mark."""
    report = tmp_path / "report.json"
    command = [
        sys.executable,
        "benchmarks/crash_campaign.py",
        "--points",
        "3",
        "--set_moments",
        "--json",
        str(report),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    outcomes = json.loads(report.read_text())["outcomes"]
    assert [(item["died"], item["equal"]) for item in outcomes] == [(True, True)] * 3
    assert "passing over" in done.stderr  # the half-written checkpoint


def test_tensorboard_logs_hold_the_curve(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.max_steps=3", "training.report_to=tensorboard"
    )
    done = fine_tune(config, "lora")
    events = EventAccumulator(str(tmp_path / "lora" / "runs"))
    events.Reload()
    logged = {item.step: item.value for item in events.Scalars("train/loss")}
    wanted = {item["step"]: item["loss"] for item in _run(done.folder)["history"] if "loss" in item}
    assert logged == pytest.approx(wanted, rel=1e-6)
    assert len(events.Scalars("eval/loss")) == 2


@pytest.mark.parametrize("tracker", ["wandb", "trackio", "mlflow", "swanlab"])
def test_a_tracker_that_is_not_installed_is_named_before_anything_is_loaded(
    tiny_data: Path, tmp_path: Path, tracker: str
) -> None:
    import importlib.util

    if importlib.util.find_spec(tracker) is not None:
        pytest.skip(f"{tracker} is installed here")
    config = tiny.config("/no/such/model", tiny_data, tmp_path, f"training.report_to={tracker}")
    with pytest.raises(
        UserError, match=rf"training\.report_to={tracker}.*not installed; pip install {tracker}"
    ):
        fine_tune(config, "lora")


def test_without_validation_rows_training_says_what_to_do(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.training.job.load_split", lambda config, name: [])
    with pytest.raises(UserError, match=r"train split in .* is empty.*download_data\.py"):
        prepare(tiny.config(tiny_model, tiny_data, tmp_path), "lora")


def test_a_run_that_diverges_says_so(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(
        "src.training.step_trainer.supervised_loss",
        lambda model, pack, attention, noise: (
            next(p for p in model.parameters() if p.requires_grad).sum() * float("nan")
        ),
    )
    caplog.set_level(logging.ERROR)
    with pytest.raises(UserError, match=r"never a finite number.*training\.learning_rate"):
        fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2"), "lora")


def test_loss_on_prompts_learns_more_tokens_and_is_validated_as_without(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    few, all_ = (
        fine_tune(
            tiny.config(
                tiny_model,
                tiny_data,
                tmp_path / value,
                "training.max_steps=2",
                f"training.loss_on_prompt={value}",
            ),
            "lora",
        ).metrics
        for value in ("false", "true")
    )
    samples = 2 * tiny.config(tiny_model, tiny_data, tmp_path).training.batch_size
    assert all_["tokens"] == few["tokens"]
    assert all_["supervised_tokens"] == all_["tokens"] - samples > few["supervised_tokens"]
    assert all_["validation_loss"] == pytest.approx(few["validation_loss"], rel=0.02)


def test_running_out_of_memory_on_the_cpu_is_one_line(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is that of torch 2.13.0's CPU allocator."""

    def allocate(*_: object) -> None:
        torch.empty(1 << 60)

    monkeypatch.setattr("src.training.step_trainer.supervised_loss", allocate)
    with pytest.raises(UserError, match=r"out of memory on the cpu.*GiB"):
        fine_tune(tiny.config(tiny_model, tiny_data, tmp_path), "lora")


def test_graphs_are_tried_on_smaller_packs_and_given_up_at_the_smallest(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from src.training import step_trainer

    class Full:
        """Graphs for which there is no memory."""

        paying = True

        def backward(self, pack: Any, scale: float) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(step_trainer.StepTrainer, "_graphs", lambda self: Full())
    changes = ("training.max_steps=2", "training.pack_tokens=1024")
    made = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    said = [line for line in caplog.text.splitlines() if "out of memory" in line]
    assert ["packs of 512" in said[0], "packs of 256" in said[1], "without CUDA graphs" in said[2]] == [
        True
    ] * 3
    assert len(said) == 3
    assert made.metrics["pack_tokens"] == 256


def test_epochs_of_the_log_are_passes_over_the_training_split(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    changes = ("training.num_train_epochs=2", "training.eval_steps=1", "training.save_steps=1")
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    history = json.loads((tmp_path / "lora" / "final" / "run.json").read_text())["history"]
    steps = max(entry["step"] for entry in history)
    epochs = sorted({round(entry["epoch"], 6) for entry in history})
    assert epochs == [round(2 * step / steps, 6) for step in range(1, steps + 1)]


def test_running_out_of_gpu_memory_shrinks_the_packs_and_keeps_the_step(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A loss that fails on large packs stands in for a GPU that is too small."""
    from src.training import step_trainer

    real, sizes = step_trainer.supervised_loss, []

    def picky(model: Any, pack: Any, attention: str, noise: float) -> torch.Tensor:
        if pack.tokens > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(pack.tokens)
        return real(model, pack, attention, noise)

    changes = ("training.max_steps=2", "lora.lora_dropout=0", "training.pack_tokens=1024")
    whole = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "a", *changes), "lora")
    monkeypatch.setattr(step_trainer, "supervised_loss", picky)
    shrunk = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "b", *changes), "lora")
    assert "out of memory: going on with packs of 256 tokens, same effective batch" in caplog.text
    assert sizes
    assert shrunk.metrics["pack_tokens"] == 256
    assert shrunk.metrics["tokens"] == whole.metrics["tokens"]
    assert shrunk.metrics["validation_loss"] == pytest.approx(whole.metrics["validation_loss"], rel=1e-5)


def test_another_process_than_the_first_says_that_it_is_the_one_short_of_memory(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    from src.training.trainer import _set_up

    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.pack_tokens=1024")
    trainer, _ = _set_up(prepare(config, "lora"))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with caplog.at_level("ERROR"):  # as there
        trainer._shrink_packs()
    assert "out of memory in process 1 of 2: going on with packs of 512 tokens" in caplog.text


def test_embeddings_in_main_memory_learn_the_same_bits_and_are_named(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a GPU that is too small, carried out on a CPU."""
    changes = ("training.max_steps=3", "training.gradient_checkpointing=true")
    plain = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "a", *changes), "qlora")
    monkeypatch.setattr("src.training.job.offload_ways", lambda *_: (True,))
    apart = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "b", *changes), "qlora")
    one, other = (made.folder / "adapter_model.safetensors" for made in (plain, apart))
    assert one.read_bytes() == other.read_bytes()
    runs = [json.loads((made.folder / "run.json").read_text(encoding="utf-8")) for made in (plain, apart)]
    assert [run["metrics"]["offload"] for run in runs] == [False, True]
    assert runs[0]["identity"] == runs[1]["identity"]
    fingerprints = {run["provenance"]["model_fingerprint"] for run in runs}
    assert len(fingerprints) == 1
    assert runs[0]["metrics"]["total_parameters"] == runs[1]["metrics"]["total_parameters"]
    assert "; input embeddings in main memory" in summary(apart)
    assert "main memory" not in summary(plain)
