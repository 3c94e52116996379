"""Trainings with several seeds: each is what it would be alone, is resumed alone, and has a process of its own."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pytest
from safetensors.torch import load_file

from src import cli
from src.config import Config
from src.models.run_record import read_record
from src.schema import UserError
from src.training import cli as training
from src.training.trainer import fine_tune, fine_tune_each
from src.training.utils import by_seed, own_share
from tests import launching, tiny

STEPS = "training.max_steps=3"


def _config(model: Path, data: Path, output: Path, *changes: str) -> Config:
    return tiny.config(model, data, output, STEPS, "lora.lora_dropout=0.1", *changes)


def _arguments(*flags: str) -> argparse.Namespace:
    parser = cli.parser("test")
    training.add_flags(parser)
    return parser.parse_args(flags)


def _weights(final: Path) -> bytes:
    return (final / "adapter_model.safetensors").read_bytes()


def test_a_seed_among_several_gives_the_adapter_that_it_gives_alone(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    printed = training.train(
        _config(tiny_model, tiny_data, tmp_path / "several", "training.seeds=2"), _arguments(), "lora"
    )
    folders = [tmp_path / "several" / "lora" / f"seed-{seed}" / "final" for seed in (42, 43)]
    assert [line for line in printed.splitlines() if line.startswith("wrote: ")] == [
        f"wrote: {folder}" for folder in folders
    ]
    assert [read_record(folder).identity["training.seed"] for folder in folders] == [42, 43]
    alone = fine_tune(_config(tiny_model, tiny_data, tmp_path / "one", "training.seed=43"), "lora")
    assert _weights(alone.folder) == _weights(folders[1]) != _weights(folders[0])
    assert printed.endswith(
        f"next: python compare_results.py --before_model {tiny_model} --after_model {folders[0].parents[1]}"
    )


def test_a_stop_ends_all_seeds_and_resume_keeps_what_was_finished(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(tiny_model, tiny_data, tmp_path, "training.seeds=3")
    finish = "src.training.trainer._finish"
    from src.training import trainer

    def stopped(job, made):
        if job.config.training.seed == 43:
            raise SystemExit(130)  # as Ctrl-C does, after a checkpoint
        return real(job, made)

    real = trainer._finish
    monkeypatch.setattr(finish, stopped)
    with pytest.raises(SystemExit):
        training.train(config, _arguments(), "lora")
    monkeypatch.setattr(finish, real)
    shown = training.train(config, _arguments("--dry_run", "--resume", "--seeds", "3"), "lora")
    assert "start         nothing is left to train" in shown  # of seed 42
    assert f"seed 43       from checkpoint-3; {tmp_path / 'lora' / 'seed-43' / 'final'}" in shown
    assert "seed 44       from the beginning; " in shown
    assert shown.endswith("next: python train_lora.py --seeds 3 --resume")
    with pytest.raises(UserError, match=r"seed-43 holds an unfinished run .* continue it with --resume"):
        training.train(config, _arguments(), "lora")
    done = list(fine_tune_each(by_seed(config), "lora", resume=True))
    assert [each.reused for each in done] == [True, False, False]


def test_more_seeds_are_added_to_those_that_are_there(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    for count, reused in ((2, [False, False]), (3, [True, True, False])):
        config = _config(tiny_model, tiny_data, tmp_path, f"training.seeds={count}")
        assert [each.reused for each in fine_tune_each(by_seed(config), "lora")] == reused


def test_seeds_count_up_and_end_where_no_generator_takes_them(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    config = _config(tiny_model, tiny_data, tmp_path, "training.seed=7", "training.seeds=3")
    assert [each.training.seed for each in by_seed(config)] == [7, 8, 9]
    last = dataclasses.replace(config.training, seed=2**32 - 2)
    with pytest.raises(UserError, match="leaves no room for 3 seeds"):
        by_seed(dataclasses.replace(config, training=last))


@pytest.mark.parametrize(("rank", "share"), [(0, [42, 44]), (1, [43])])
def test_under_a_launcher_each_process_has_its_own_seeds(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rank: int,
    share: list[int],
) -> None:
    monkeypatch.setattr("src.system.distributed.leave_launch", lambda: None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", str(rank))
    configs = by_seed(_config(tiny_model, tiny_data, tmp_path, "training.seeds=3"))
    assert [each.training.seed for each in own_share(configs)] == share
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert own_share(configs) == configs  # a sharded model takes all processes


def test_two_processes_train_a_seed_each_as_one_process_does(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    flags = tiny.flags(tiny_model, tiny_data, tmp_path / "two", STEPS)
    status, out, err = launching.run_ranks(["train_lora.py", "--seeds", "2", *flags])
    assert status == 0, err[-3000:]
    assert out.count("wrote: ") == 2
    assert out.count("next: python compare_results.py") >= 1
    one = tiny.config(tiny_model, tiny_data, tmp_path / "one", STEPS, "training.seed=43")
    expected = load_file(fine_tune(one, "lora").folder / "adapter_model.safetensors")
    final = tmp_path / "two" / "lora" / "seed-43" / "final"
    assert read_record(final).metrics["processes"] == 1
    found = load_file(final / "adapter_model.safetensors")
    assert found.keys() == expected.keys()
    assert all(found[name].allclose(weights, rtol=0, atol=1e-5) for name, weights in expected.items())
