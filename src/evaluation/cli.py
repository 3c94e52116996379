"""The flags that evaluate.py and compare_results.py share, and the runs that they request."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli
from src.evaluation.benchmarks.catalog import ALL, BENCHMARKS, DEFAULT_SPLIT, SPLITS
from src.schema import UserError

if TYPE_CHECKING:
    from src.config import Config
    from src.evaluation.answers import RunRequest
    from src.evaluation.runs import ScoredRun
    from src.schema import Comparison, Run

DEFAULTS = {"benchmark": "codealpaca", "benchmark_split": DEFAULT_SPLIT}
REPORTS = Path("reports")  # default of --output_dir; --runs_dir is its folder runs


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that choose the test set, the decoding and the sandbox."""
    flag = parser.add_argument
    # fmt: off
    flag("--base_model", type=cli.place, metavar="MODEL", help="base model of an adapter (default: the one it was trained on)")
    flag("--num_samples", dest="evaluation.num_samples", type=int, metavar="N",
         help="test samples to use; 0 = all (default: evaluation.num_samples)")
    flag("--benchmark", choices=("codealpaca", *BENCHMARKS), default=DEFAULTS["benchmark"],
         help="test set; codealpaca stands for the prepared test split, whatever its source")
    flag("--benchmark_path", type=cli.place, metavar="FILE",
         help="the benchmark as json, jsonl or parquet, also .gz (default: installed or downloaded)")
    flag("--benchmark_split", choices=(*SPLITS, ALL), default=DEFAULT_SPLIT, help="which tasks of MBPP")
    flag("--training_data", type=cli.path, metavar="DIR",
         help="prepared data that the model was trained on, to find out how new the test samples are to it "
              "(default: data.dataset_path, if the model was trained on that)")
    flag("--num_completions", dest="evaluation.num_completions", type=int, metavar="N",
         help="answers per prompt, for pass@k (default: evaluation.num_completions)")
    flag("--temperature", dest="evaluation.temperature", type=float, metavar="T",
         help="sampling temperature; 0 = greedy (default: evaluation.temperature)")
    flag("--allow_unsandboxed", action="store_true",
         help="where no sandbox is available, run generated code without one: dangerous")
    # fmt: on


def add_pair(parser: argparse.ArgumentParser) -> None:
    """The flags that name what stands before and after, each repeatable: several seeds of one method."""
    flag = parser.add_argument
    # fmt: off
    flag("--before_model", action="append", type=cli.place, metavar="MODEL",
         help="model before fine-tuning: hub id, folder or smollm2-135m (or give --before_predictions)")
    flag("--after_model", action="append", type=cli.place, metavar="MODEL",
         help="model after fine-tuning: folder of an adapter, or the folder that holds its seeds; "
              "repeatable, once per seed (or give --after_predictions)")
    flag("--before_predictions", type=cli.path, action="append", metavar="FILE",
         help="JSON lines with answers before fine-tuning, instead of --before_model; repeatable, once per seed")
    flag("--after_predictions", type=cli.path, action="append", metavar="FILE",
         help="JSON lines with answers after fine-tuning, instead of --after_model; repeatable, once per seed")
    # fmt: on


def requests(args: argparse.Namespace, config: Config) -> list[RunRequest]:
    """The runs of the models that the flags name; none where they name predictions files."""
    flags = vars(args)
    models = (
        [args.model_path]
        if flags.get("model_path")
        else [*_trainings(args, "before"), *_trainings(args, "after")]
    )
    if not models:
        return []
    from src.evaluation.benchmarks.test_set import load_test_set

    test_set = load_test_set(config, args.benchmark, args.benchmark_path, args.benchmark_split)
    # imports torch, which a test set that is missing need not
    from src.evaluation.answers import RunRequest, run_name

    folder = flags.get("runs_dir") or args.output_dir / "runs"
    given = args.name if flags.get("model_path") else None  # compare_results.py --name is the method's
    return [
        RunRequest(
            model, args.base_model, test_set, config, folder, given or run_name(model, test_set.name),
            args.allow_unsandboxed, args.training_data,
        )
        for model in models
    ]  # fmt: skip


def generate_on_all_ranks(args: argparse.Namespace, config: Config) -> None:
    """Where a launcher started several processes, all ranks generate the answers and only rank 0 returns.

    Scoring needs no GPU and no other process. With one process this does nothing.
    """
    from src.system import distributed

    if distributed.world_size() == 1:
        return
    from src.evaluation.runs import generate_on_all_ranks as generate_run
    from src.models.hardware import decide

    requested = requests(args, config)
    if requested:
        with distributed.process_group(decide(config.model).device):
            for request in requested:
                generate_run(request)
    if not distributed.is_rank0():
        raise SystemExit(0)


def evaluate(args: argparse.Namespace, config: Config) -> ScoredRun:
    """The run of --model_path or --predictions. Raises UserError where not exactly one of them is given.

    --evalplus_samples is read where it stands in their place, and written where it stands beside them.
    """
    samples_file, runs = args.evalplus_samples, args.output_dir / "runs"
    is_read = samples_file and not (args.model_path or args.predictions)
    if is_read:
        args.name = args.name or samples_file.stem
        args.predictions = _converted(args, config, runs / args.name)
    _require_one(args, "model_path", "predictions")
    scored = _scored_runs(args, config, [args.predictions], runs, args.name)[0]
    if samples_file and not is_read:
        from src.evaluation.benchmarks.samples_file import samples_text
        from src.system.files import write_atomic

        write_atomic(samples_file, samples_text(scored.samples, scored.scores))
    return scored


def _converted(args: argparse.Namespace, config: Config, folder: Path) -> Path:
    """The predictions file of --evalplus_samples, in the folder of its run."""
    from src.evaluation.benchmarks.samples_file import read_samples
    from src.evaluation.benchmarks.test_set import load_test_set
    from src.evaluation.predictions import ANSWERS, predictions_text
    from src.system.files import write_atomic

    if args.benchmark not in BENCHMARKS:
        raise UserError(f"--evalplus_samples alone needs --benchmark, one of {', '.join(BENCHMARKS)}")
    test_set = load_test_set(config, args.benchmark, args.benchmark_path, args.benchmark_split)
    write_atomic(folder / ANSWERS, predictions_text(read_samples(args.evalplus_samples, test_set.examples)))
    return folder / ANSWERS


def explain(args: argparse.Namespace, config: Config) -> str:
    """How the verdict on --explain's sample of --predictions came about."""
    from src.evaluation.evaluator import limits_of
    from src.evaluation.predictions import read_predictions
    from src.evaluation.scoring.explanation import explain as explain_sample
    from src.sandbox.sandbox import Sandbox

    if not args.predictions:
        raise UserError("--explain needs --predictions FILE: it shows the verdict on one of its samples")
    found = [sample for sample in read_predictions(args.predictions) if sample.id == args.explain]
    if not found:
        raise UserError(f"{args.predictions} has no sample with the id {args.explain!r}")
    with Sandbox(limits_of(config.evaluation), 1, args.allow_unsandboxed) as sandbox:
        return "\n\n".join(explain_sample(sample, sandbox) for sample in found)


def generate(args: argparse.Namespace, config: Config) -> str:
    """Generate the answers of --model_path without scoring them; the lines to print."""
    from src.evaluation.answers import keep_answers
    from src.system.files import sole_writer

    if args.predictions or not args.model_path or args.evalplus_samples:
        raise UserError("--generate_only needs --model_path alone: it generates answers and scores nothing")
    (request,) = requests(args, config)
    with sole_writer(request.folder, "wait for it, or keep this run elsewhere (--name, --output_dir)"):
        path = keep_answers(request)
    output = [] if args.output_dir == REPORTS else ["--output_dir", str(args.output_dir)]
    command = cli.next_command("evaluate.py", args, "--predictions", str(path), *output)
    return f"wrote {path}, {len(request.test_set.examples)} samples\nnext: {command}"


def check_pair(args: argparse.Namespace) -> None:
    """Raise UserError unless the flags name two models or two predictions files, or several seeds of either."""
    _require_one(args, "before_model", "before_predictions")
    _require_one(args, "after_model", "after_predictions")
    if bool(args.before_model) != bool(args.after_model):
        raise UserError("compare two models or two predictions files, not one with the other")
    for side in ("before", "after"):
        given = _trainings(args, side) or getattr(args, f"{side}_predictions")
        if len(set(given)) < len(given):
            raise UserError(f"{side} was given the same thing twice; give each seed once")
        if len(given) > 1 and args.after_model:
            from src.models.run_record import check_one_method

            check_one_method(given)
    if args.push_to_hub and len(_trainings(args, "after")) > 1:
        raise UserError("--push_to_hub uploads one adapter: give --after_model the final folder of one seed")


def run_pair(args: argparse.Namespace, config: Config) -> tuple[list[ScoredRun], list[ScoredRun]]:
    """The runs of flags that check_pair accepts, before and after: one of each, or one a seed."""
    old, new = args.before_predictions or [], args.after_predictions or []
    runs = _scored_runs(args, config, [*old, *new], args.runs_dir)
    count = len(old or _trainings(args, "before"))
    return runs[:count], runs[count:]


def method_name(args: argparse.Namespace) -> str:
    """The name of the model after: --name, else the method in the adapter's run.json, else the file's name."""
    if args.name:
        return str(args.name)
    if args.after_predictions:
        return str(args.after_predictions[0].stem)
    from src.models.run_record import read_record

    record = read_record(Path(_trainings(args, "after")[0]))
    return record.method if record else Path(args.after_model[0]).name


def publish(args: argparse.Namespace, comparison: Comparison) -> list[str]:
    """Write the model card of each adapter and, with --push_to_hub, upload the one; paths and addresses."""
    from src.report.hub_upload import push_to_hub, write_card

    if not args.after_model:
        if args.push_to_hub:
            raise UserError("--push_to_hub needs --after_model: predictions are no adapter")
        return []
    folders = [Path(model) for model in _trainings(args, "after")]
    cards = [write_card(folder, comparison, method_name(args)) for folder in folders]
    written = [str(card) for card in cards if card]
    return [*written, push_to_hub(folders[0], args.push_to_hub)] if args.push_to_hub else written


def after_evaluation(args: argparse.Namespace, config: Config, run: Run) -> str:
    """The closing line of evaluate.py: the command that compares the evaluated model, with the same settings."""
    folders = [] if args.output_dir == REPORTS else ["--output_dir", str(args.output_dir)]
    folders += ["--runs_dir", str(args.output_dir / "runs")] if folders else []
    if args.predictions:
        pair = ["--before_predictions", str(args.predictions), "--after_predictions", "FILE"]
        return (
            f"to compare with another file: {cli.next_command('compare_results.py', args, *pair, *folders)}"
        )
    from src.models.run_record import finished_for

    base = str(run.provenance["base_model"])
    after = (
        args.model_path if base != args.model_path else finished_for(base, Path(config.training.output_dir))
    )
    if after is None:
        return f"next: {cli.next_command('train_lora.py', args, '--base_model', base)}"
    models = ["--before_model", base, "--after_model", after]
    return f"next: {cli.next_command('compare_results.py', args, *models, *_given_flags(args), *folders)}"


def after_comparison(args: argparse.Namespace) -> str:
    """The closing line of compare_results.py: the report to read, or the command that prompts the model after."""
    if not args.after_model:
        return f"next: read {args.output_dir / 'comparison.md'}"
    base = ["--base_model", args.base_model] if args.base_model else []
    return (
        f"next: {cli.next_command('inference.py', args, '--model_path', _trainings(args, 'after')[0], *base)}"
    )


def _trainings(args: argparse.Namespace, side: str) -> list[str]:
    """The models of --before_model or --after_model, each seed of a folder with several; none for predictions."""
    models = vars(args).get(f"{side}_model")
    if not models:
        return []
    from src.models.run_record import trainings

    return [training for model in models for training in trainings(model)]


def _given_flags(args: argparse.Namespace) -> list[str]:
    """The flags of add_flags that were given, for the next command."""
    words: list[str] = []
    for name in "base_model num_samples benchmark benchmark_path benchmark_split training_data num_completions temperature".split():
        value = vars(args)[name if name in args else f"evaluation.{name}"]
        if value is not None and (name, value) not in DEFAULTS.items():
            words += [f"--{name}", str(value)]
    return [*words, "--allow_unsandboxed"] if args.allow_unsandboxed else words


def _scored_runs(
    args: argparse.Namespace, config: Config, files: list[Path], folder: Path, name: str | None = None
) -> list[ScoredRun]:
    """The runs of the models that the flags name, else those of predictions `files`."""
    requested = requests(args, config)
    from src.evaluation.runs import run_model, run_predictions

    flags = args.allow_unsandboxed, args.training_data
    return [run_model(request) for request in requested] or [
        run_predictions(file, config, folder, name, *flags) for file in files
    ]


def _require_one(args: argparse.Namespace, *names: str) -> None:
    given = [name for name in names if getattr(args, name)]
    if len(given) != 1:
        flags = " or ".join(f"--{name}" for name in names)
        raise UserError(f"give {flags}" + (", not both" if given else ""))
