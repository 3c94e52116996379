"""fine_tune: packs and recomputation change nothing, runs stop and resume, and what cannot be resumed is refused."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from src.config import Config
from src.models.hardware import Hardware
from src.models.run_record import read_record
from src.schema import UserError
from src.system.files import sole_writer
from src.training import results
from src.training.callbacks import early_stopping_due
from src.training.cli import summary
from src.training.trainer import fine_tune, training_arguments
from tests import forked, tiny
from tests.zoo import builders

ROOT = Path(__file__).resolve().parents[2]


def _validation_losses(folder: Path) -> dict[int, float]:
    return {item["step"]: item["eval_loss"] for item in read_record(folder).history if "eval_loss" in item}


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
    losses = _validation_losses(done.folder)
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
    losses = list(_validation_losses(done.folder).values())
    assert done.metrics["steps"] < 30
    assert min(losses[-2:]) >= min(losses[:-2])
    assert not any(
        early_stopping_due([{"eval_loss": item} for item in losses[:end]], 2) for end in range(len(losses))
    )


def test_a_run_killed_after_its_early_stop_does_not_train_further(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.learning_rate=0.5", "training.max_steps=30",
        "training.lr_scheduler_type=constant", "training.eval_steps=1", "training.save_steps=1",
        "training.early_stopping_patience=2", "lora.lora_dropout=0.05",
    )  # fmt: skip
    _interrupted_run(config, monkeypatch)
    assert not list((tmp_path / "lora").glob("final*"))
    monkeypatch.setattr("src.training.trainer._train", lambda *_: pytest.fail("it trains further"))
    done = fine_tune(config, "lora", resume=True)
    losses = list(_validation_losses(done.folder).values())
    assert min(losses[-2:]) >= min(losses[:-2])


def test_a_run_in_float16_resumes_with_its_scale_and_its_skipped_steps(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a first scale that is too large, which some steps then halve, and one of every four doubles again."""
    scaler = functools.partial(torch.amp.GradScaler, init_scale=2.0**24, growth_interval=4)
    monkeypatch.setattr(torch.amp, "GradScaler", scaler)
    changes = (
        "model.dtype=float16", "training.max_steps=12", "training.eval_steps=4", "training.save_steps=4",
        "training.save_total_limit=9", "training.optim=adamw_torch",
    )  # fmt: skip
    config = tiny.config(tiny_model, tiny_data, tmp_path, *changes)
    whole = fine_tune(config, "lora")
    kept = {path.name: path.read_bytes() for path in whole.folder.glob("*.safetensors")}
    scale = torch.load(tmp_path / "lora/checkpoint-12/scaler.pt")
    logged = [item for item in read_record(whole.folder).history if "loss" in item]
    skipped = [item["skipped_steps"] for item in logged]
    assert 0 < skipped[3] < skipped[-1] < 12
    for before, (entry, later) in zip([0, *skipped], itertools.pairwise(logged), strict=False):
        waits = (
            entry["skipped_steps"] > before
        )  # the schedule of the learning rate, for a step that was skipped
        assert (later["learning_rate"] == entry["learning_rate"]) == waits
    for name in ("final", "checkpoint-8", "checkpoint-12"):
        shutil.rmtree(tmp_path / "lora" / name)
    again = fine_tune(config, "lora", resume=True)
    assert again.metrics["skipped_steps"] == whole.metrics["skipped_steps"] == skipped[-1]
    assert "steps, whose gradients were too large for float16" in summary(again)
    assert {path.name: path.read_bytes() for path in again.folder.glob("*.safetensors")} == kept
    assert torch.load(tmp_path / "lora/checkpoint-12/scaler.pt") == scale
    assert scale["scale"] != 2.0**24


def test_a_checkpoint_in_float16_resumes_where_no_loss_is_scaled_and_the_other_way_round(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """model.dtype=auto on another GPU; a number type that is named in the settings must not change."""
    for first, then in (("float16", "float32"), ("float32", "float16")):
        config = tiny.config(tiny_model, tiny_data, tmp_path / first, "training.max_steps=4")
        for name in (first, then):
            hardware = Hardware("cpu", getattr(torch, name), "test", 8)
            monkeypatch.setattr("src.training.job.decide", lambda _, found=hardware, **options: found)
            if name == first:
                fine_tune(config, "lora")
                for made in ("final", "checkpoint-4"):
                    shutil.rmtree(tmp_path / first / "lora" / made)
        assert fine_tune(config, "lora", resume=True).metrics["steps"] == 4
        assert (tmp_path / first / "lora/checkpoint-4/scaler.pt").exists() == (then == "float16")


def test_a_checkpoint_of_fsdp_is_resumed_under_fsdp_only(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=4")
    _interrupted_run(config, monkeypatch)
    newest = max((tmp_path / "lora").glob("checkpoint-*"), key=lambda path: path.name)
    (newest / "pytorch_model_fsdp.bin").touch()
    with pytest.raises(UserError, match="was made with FSDP and this run is without it; launch as before"):
        fine_tune(config, "lora", resume=True)


def test_another_number_of_processes_resumes_with_a_line_on_dropout(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=4", "lora.lora_dropout=0.1")
    _interrupted_run(config, monkeypatch)
    newest = max((tmp_path / "lora").glob("checkpoint-*"), key=lambda path: path.name)
    for rank in range(2):  # as two processes leave them
        shutil.copy(newest / "rng_state.pth", newest / f"rng_state_{rank}.pth")
    assert fine_tune(config, "lora", resume=True).metrics["steps"] == 4
    assert "it was made by 2 processes, now there are 1: dropout and noise will be other ones" in caplog.text


def _interrupted_run(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends after its last checkpoint and before its result."""
    with monkeypatch.context() as broken:
        broken.setattr(results, "draw_training_curve", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(config, "lora")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def unfinished(tiny_model: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a run that ended by SIGTERM after its first logged steps."""
    output = tmp_path_factory.mktemp("unfinished")
    status, errors = _signalled(tiny_model, tiny_data, output, signal.SIGTERM)
    assert status == 143, errors
    return output


def _signalled(model: Path, data: Path, output: Path, number: signal.Signals) -> tuple[int, str]:
    """Start train_lora.py, signal it as soon as it has logged a step, and wait for its end."""
    flags = tiny.flags(model, data, output, "training.max_steps=4000")
    script = forked.Script([ROOT / "train_lora.py", *flags])
    assert script.has_written("loss"), script.text("stderr")
    started = time.monotonic()
    script.signal(number)
    done = script.wait(60)
    assert time.monotonic() - started < 30
    return done.returncode, done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_work_kept(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    found, errors = _signalled(tiny_model, tiny_data, tmp_path, number)
    assert found == status, errors
    assert "continue with --resume" in errors
    assert "Traceback" not in errors
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
        UserError, match=rf"cannot resume: {message}; set it back or start over with --restart"
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
    with pytest.raises(UserError, match=r"identity\.json is damaged; start over with --restart"):
        fine_tune(config, "lora", resume=True)
    assert fine_tune(config, "lora", restart=True).metrics["steps"] == 1


def test_two_runs_do_not_share_a_folder(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path)
    with (
        sole_writer(tmp_path / "lora", "wait"),
        pytest.raises(UserError, match=rf"another run \(pid {os.getpid()}\).*training\.output_dir"),
    ):
        fine_tune(config, "lora")


@pytest.mark.campaign
def test_runs_killed_at_set_moments_end_with_the_same_bits(tmp_path: Path) -> None:
    """Three points of benchmarks/reliability/crash_campaign.py: first step, inside a checkpoint, before its marker."""
    report = tmp_path / "report.json"
    command = [
        *(sys.executable, "-m", "benchmarks.reliability.crash_campaign", "--points", "3", "--set_moments"),
        *("--json", str(report)),
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


def test_a_run_that_diverges_says_so(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(
        "src.training.step_trainer.supervised_loss",
        lambda model, *_: next(p for p in model.parameters() if p.requires_grad).sum() * float("nan"),
    )
    caplog.set_level(logging.ERROR)
    changes = ("training.max_steps=2", "training.self_check=off")
    with pytest.raises(UserError, match=r"never a finite number.*training\.learning_rate"):
        fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")


def test_packs_that_cannot_be_are_one_line_where_nothing_was_checked(tiny_data: Path, tmp_path: Path) -> None:
    builders.save(tmp_path / "model", "nemotron")
    changes = ("training.max_steps=2", "training.self_check=off", "lora.target_modules=auto")
    with pytest.raises(UserError, match=r"do not hand on where samples end\); set training\.self_check=auto"):
        fine_tune(tiny.config(tmp_path / "model", tiny_data, tmp_path, *changes), "lora")


def test_running_out_of_memory_on_the_cpu_is_one_line(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is that of torch 2.13.0's CPU allocator."""

    def allocate(*_: object) -> None:
        torch.empty(1 << 60)

    monkeypatch.setattr("src.training.step_trainer.supervised_loss", allocate)
    with pytest.raises(UserError, match=r"out of memory on the cpu.*GiB"):
        fine_tune(tiny.config(tiny_model, tiny_data, tmp_path), "lora")


def test_embeddings_in_main_memory_learn_the_same_bits_and_are_named(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a GPU that is too small, carried out on a CPU."""
    changes = ("training.max_steps=3", "training.gradient_checkpointing=true")
    plain = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "a", *changes), "qlora")
    monkeypatch.setattr("src.training.job.offload_options", lambda *_: (True,))
    offloaded = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "b", *changes), "qlora")
    one, other = (made.folder / "adapter_model.safetensors" for made in (plain, offloaded))
    assert one.read_bytes() == other.read_bytes()
    runs = [json.loads((made.folder / "run.json").read_text(encoding="utf-8")) for made in (plain, offloaded)]
    assert [run["metrics"]["offload"] for run in runs] == [False, True]
    assert runs[0]["identity"] == runs[1]["identity"]
    fingerprints = {run["provenance"]["model_fingerprint"] for run in runs}
    assert len(fingerprints) == 1
    assert runs[0]["metrics"]["total_parameters"] == runs[1]["metrics"]["total_parameters"]
    assert "; input embeddings in main memory" in summary(offloaded)
    assert "main memory" not in summary(plain)


@pytest.mark.parametrize(
    ("name", "kind"), [("constant", "constant_with_warmup"), ("linear", "linear"), ("cosine", "cosine")]
)
def test_every_schedule_has_the_warm_up_of_its_ratio(tmp_path: Path, name: str, kind: str) -> None:
    """By hand: 0.1 of 45 steps is 4.5, rounded to the even 4."""
    config = tiny.configured(f"training.lr_scheduler_type={name}", "training.warmup_ratio=0.1").training
    arguments = training_arguments(
        config, tmp_path, steps=45, hardware=Hardware("cpu", torch.float32, "test", 8)
    )
    assert (arguments.lr_scheduler_type.value, arguments.warmup_steps, arguments.max_steps) == (kind, 4, 45)
