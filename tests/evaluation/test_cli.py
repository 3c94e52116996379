"""The flags of evaluate.py and compare_results.py name their runs, or are refused with what to give."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from src import cli as ground
from src.config import Config
from src.evaluation import cli
from src.schema import Run, UserError
from tests.models.records import written


def given(*words: str, **more: Any) -> argparse.Namespace:
    """The flags of an evaluation in `words`, with `more` that the scripts add."""
    parser = ground.parser("test")
    cli.add_flags(parser)
    names = "model_path predictions before_model after_model before_predictions after_predictions name evalplus_samples"
    unset = dict.fromkeys(names.split())
    values = vars(parser.parse_args(words)) | unset | {"push_to_hub": None, "output_dir": cli.REPORTS} | more
    return argparse.Namespace(**values)


def test_the_flags_change_the_configuration_and_leave_the_rest():
    usual = ground.configure(given())
    changed = ground.configure(given("--num_samples", "7", "--num_completions", "3", "--temperature", "0.5"))
    evaluation = changed.evaluation
    assert (evaluation.num_samples, evaluation.num_completions, evaluation.temperature) == (7, 3, 0.5)
    assert changed.evaluation.max_new_tokens == usual.evaluation.max_new_tokens
    assert changed.training == usual.training


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({}, "give --before_model or --before_predictions$"),
        ({"before_model": ["a"]}, "give --after_model or --after_predictions$"),
        (
            {"before_model": ["a"], "before_predictions": ["b"]},
            "give --before_model or --before_predictions, not both",
        ),
        ({"before_model": ["a"], "after_predictions": ["b"]}, "not one with the other"),
    ],
)
def test_a_pair_is_two_models_or_two_files(flags: dict[str, str], message: str):
    with pytest.raises(UserError, match=message):
        cli.check_pair(given(**flags))


@pytest.mark.parametrize("kind", ["model", "predictions"])
def test_a_pair_of_one_kind_is_accepted(kind: str):
    cli.check_pair(given(**{f"before_{kind}": ["a"], f"after_{kind}": ["b"]}))


def test_an_evaluation_is_of_one_model_or_one_file(config: Config):
    with pytest.raises(UserError, match=r"give --model_path or --predictions$"):
        cli.evaluate(given(), config)
    with pytest.raises(UserError, match="not both"):
        cli.evaluate(given(model_path="a", predictions=Path("b")), config)


@pytest.mark.parametrize("flags", [{}, {"model_path": "a", "predictions": Path("b")}])
def test_only_a_model_generates(config: Config, flags: dict[str, Any]):
    with pytest.raises(UserError, match="--generate_only needs --model_path"):
        cli.generate(given(**flags), config)


def test_the_runs_of_models_are_requested_in_their_order(tiny_data: Path):
    words = (
        "--set",
        f"data.dataset_path={tiny_data}",
        "--num_samples",
        "2",
        "--base_model",
        "base",
        "--allow_unsandboxed",
    )
    pair = given(
        *words, before_model=["base"], after_model=["a/lora/final"], name="mine", runs_dir=Path("kept")
    )
    before, after = cli.requests(pair, ground.configure(pair))
    assert [before.name, after.name] == [
        f"base--{tiny_data.name}",
        f"a-lora--{tiny_data.name}",
    ]  # --name is the method's
    assert (after.model, after.base_model, after.folder) == (
        "a/lora/final",
        "base",
        Path("kept") / after.name,
    )
    assert len(after.test_set.examples) == after.config.evaluation.num_samples == 2
    assert after.allow_unsandboxed
    one = given(*words, model_path="base", name="mine", output_dir=Path("out"))
    (request,) = cli.requests(one, ground.configure(one))
    assert request.folder == Path("out/runs/mine")
    assert cli.requests(given(predictions=Path("a.jsonl")), request.config) == []


def test_the_method_is_named_by_the_user_the_adapter_or_the_path(tmp_path: Path):
    adapter = tmp_path / "final"
    adapter.mkdir()
    assert cli.method_name(given(after_model=[str(adapter)])) == "final"
    written(adapter, method="qlora")
    assert cli.method_name(given(after_model=[str(adapter)])) == "qlora"
    assert cli.method_name(given(after_model=[str(adapter)], name="mine")) == "mine"
    assert cli.method_name(given(after_predictions=[Path("runs/other.jsonl")])) == "other"


def test_predictions_are_no_adapter_to_publish():
    assert cli.publish(given(after_predictions=[Path("a.jsonl")]), None) == []
    with pytest.raises(UserError, match="--push_to_hub needs --after_model"):
        cli.publish(given(after_predictions=[Path("a.jsonl")], push_to_hub="me/model"), None)


def test_the_comparison_is_offered_with_the_adapter_trained_on_the_evaluated_base(tmp_path: Path):
    for method, base in (("lora", "other"), ("qlora", "base")):
        written(tmp_path / method / "final", method=method, base_model=base)
    args = given("--set", f"training.output_dir={tmp_path}", model_path="base")
    line = cli.after_evaluation(
        args, ground.configure(args), Run("run", 1, {}, {}, {}, {"base_model": "base"})
    )
    assert line.startswith("next: python compare_results.py")
    assert line.endswith(f"--before_model base --after_model {tmp_path / 'qlora' / 'final'}")


def test_after_a_comparison_of_models_the_model_after_is_prompted():
    line = cli.after_comparison(given("--base_model", "base", after_model=["a/final"]))
    assert line == "next: python inference.py --model_path a/final --base_model base"


def test_one_process_generates_nothing_ahead_of_its_evaluation(config: Config):
    cli.generate_on_all_ranks(given(model_path="no/such/model"), config)


def _seeds(folder: Path, *seeds: int, **identity: Any) -> list[str]:
    """Finished trainings with those seeds, as train_lora.py --seeds leaves them."""
    return [
        str(written(folder / f"seed-{seed}" / "final", identity={"training.seed": seed} | identity))
        for seed in seeds
    ]


def test_a_folder_of_seeds_stands_for_all_of_them_in_their_order(tiny_data: Path, tmp_path: Path):
    folder = tmp_path / "checkpoints" / "quick" / "lora"
    finals = _seeds(folder, 42, 100, 43)
    words = ("--set", f"data.dataset_path={tiny_data}", "--num_samples", "0")
    args = given(*words, before_model=["base"], after_model=[str(folder)], runs_dir=Path("kept"))
    cli.check_pair(args)
    requested = cli.requests(args, ground.configure(args))
    assert [request.model for request in requested] == ["base", finals[0], finals[2], finals[1]]
    names = [request.name for request in requested[1:]]
    assert names == [f"quick-lora-seed-{seed}--{tiny_data.name}" for seed in (42, 43, 100)]
    assert cli.method_name(args) == "lora"
    assert cli.after_comparison(args).endswith(f"--model_path {finals[0]}")


def test_seeds_of_one_method_differ_in_nothing_else_and_are_given_once(tmp_path: Path):
    folder = tmp_path / "lora"
    finals = _seeds(folder, 42, 43)
    (other,) = _seeds(tmp_path / "other", 44, **{"lora.r": 8})
    pair = {"before_model": ["base"]}
    cli.check_pair(given(**pair, after_model=finals))
    with pytest.raises(
        UserError, match=r"not seeds of one method: lora\.r is None and 8; compare them one by one"
    ):
        cli.check_pair(given(**pair, after_model=[*finals, other]))
    with pytest.raises(UserError, match="after was given the same thing twice"):
        cli.check_pair(given(**pair, after_model=[str(folder), finals[0]]))
    (copy,) = _seeds(tmp_path / "copy", 42)
    with pytest.raises(UserError, match="are the same training"):
        cli.check_pair(given(**pair, after_model=[*finals, copy]))
    with pytest.raises(UserError, match="--push_to_hub uploads one adapter"):
        cli.check_pair(given(**pair, after_model=finals, push_to_hub="me/model"))


def test_several_predictions_files_are_seeds_too():
    files = [Path("a.jsonl"), Path("b.jsonl")]
    args = given(before_predictions=[Path("c.jsonl")], after_predictions=files)
    cli.check_pair(args)
    assert cli.method_name(args) == "a"
    with pytest.raises(UserError, match="given the same thing twice"):
        cli.check_pair(given(before_predictions=[Path("c.jsonl")], after_predictions=files[:1] * 2))


def test_the_comparison_is_offered_with_all_seeds_of_the_evaluated_base(tmp_path: Path):
    folder = tmp_path / "lora"
    written(folder / "seed-42" / "final", base_model="base", identity={"training.seed": 42})
    args = given("--set", f"training.output_dir={tmp_path}", model_path="base")
    line = cli.after_evaluation(
        args, ground.configure(args), Run("run", 1, {}, {}, {}, {"base_model": "base"})
    )
    assert line.endswith(f"--before_model base --after_model {folder}")
