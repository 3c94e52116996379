"""Which training runs the experiments need, the most important first: a function of what has been measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from src.config import Config
from src.schema import UserError

METHODS = ("lora", "qlora")
SEEDS = (42, 43, 44)
RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3)
RATE = "training.learning_rate"
BATCH = "training.batch_size"

Value = float | int | bool | str | list[str]
Defaults = Mapping[str, Value]  # section.key -> value of the configuration that the runs start from
Changes = Mapping[str, Value]
Losses = Mapping[str, float | None]  # of ended runs by name; None: it failed


@dataclass(frozen=True)
class Spec:
    """One training run: what it changes in the configuration, and its seed."""

    method: str
    changes: tuple[tuple[str, Value], ...]  # only what differs from the defaults
    seed: int

    @property
    def setting(self) -> str:
        """The run's name without its seed: "lora-default", "lora-learning_rate_0.001-r_8-lora_alpha_16"."""
        words = [f"{key.split('.')[-1]}_{text(value)}" for key, value in self.changes]
        return "-".join([self.method, *(words or ["default"])])

    @property
    def name(self) -> str:
        return f"{self.setting}-seed_{self.seed}"


@dataclass(frozen=True)
class Variant:
    """One row of the grid."""

    factor: str
    label: str
    changes: Changes


def text(value: Value) -> str:
    """A value as it stands in names and --set."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return value if isinstance(value, str) else f"{value:g}"


def flat(config: Config) -> dict[str, Value]:
    """What decides a run, by section.key; no paths."""
    sections = dataclasses.asdict(config)
    found = {
        f"{name}.{key}": value
        for name in ("prompt", "lora", "qlora", "training")
        for key, value in sections[name].items()
    }
    del found["training.output_dir"]
    return found | {"model.dtype": config.model.dtype, "data.max_length": config.data.max_length}


def spec(defaults: Defaults, method: str, seed: int, changes: Changes) -> Spec:
    """The run of these changes; a change to the default is none, so that no run is planned twice."""
    return Spec(method, tuple((key, value) for key, value in changes.items() if value != defaults[key]), seed)


def overrides(run: Spec, defaults: Defaults) -> list[str]:
    """section.key=value of the run. Validation comes after equally many samples, whatever the batch size."""
    changed = dict(run.changes)
    if BATCH in changed:
        share = float(str(defaults[BATCH])) / float(str(changed[BATCH]))
        steps = max(1, round(float(str(defaults["training.eval_steps"])) * share))
        changed |= {"training.eval_steps": steps, "training.save_steps": steps}
    return [f"{key}={text(value)}" for key, value in changed.items()] + [f"training.seed={run.seed}"]


def grid(defaults: Defaults) -> list[Variant]:
    """One factor at a time around the chosen learning rate."""

    def key(factor: str, name: str, *values: Value) -> list[Variant]:
        return [Variant(factor, text(value), {name: value}) for value in values]

    ranks = [
        Variant("rank (alpha = 2 rank)", str(r), {"lora.r": r, "lora.lora_alpha": 2 * r})
        for r in (8, 16, 32, 64)
    ]
    alphas = [
        Variant("alpha (rank 16)", str(alpha), {"lora.r": 16, "lora.lora_alpha": alpha})
        for alpha in (16, 32, 64)
    ]
    variants = [
        *key("adapted layers", "lora.target_modules", "all-linear"),
        *key("dropout", "lora.lora_dropout", 0.0, 0.05),
        *key("epochs", "training.num_train_epochs", 1, 2, 3, 5),
        *ranks,
        *key("samples per step", BATCH, 8, 16, 32, 64),
        *key("arithmetic", "model.dtype", "float32"),
        *key("tokens per pack", "training.pack_tokens", 512),
        *key("shared prefixes", "training.share_prefixes", True, False),
        *key("fused kernels", "training.fused_kernels", False),
        *key("loss on prompts", "training.loss_on_prompt", True),
        *key("LoRA+ ratio", "training.loraplus_lr_ratio", 16),
        *key("rsLoRA", "lora.use_rslora", True),
        *alphas,
    ]
    return [variant for variant in variants if all(name in defaults for name in variant.changes)]


def sweep(defaults: Defaults) -> list[Spec]:
    return [spec(defaults, "lora", SEEDS[0], {RATE: rate}) for rate in RATES]


def best_rate(defaults: Defaults, losses: Losses) -> float | None:
    """The learning rate of the lowest validation loss; None until every run of the sweep has ended.

    Raises UserError where all of them failed.
    """
    runs = {rate: run.name for rate, run in zip(RATES, sweep(defaults), strict=True)}
    if any(name not in losses for name in runs.values()):
        return None
    found = {rate: loss for rate, name in runs.items() if (loss := losses[name]) is not None}
    if not found:
        raise UserError(
            "every run of the learning-rate sweep failed; read the logs of these runs in the work folder"
        )
    return min(found, key=lambda rate: (found[rate], rate))


def final_specs(defaults: Defaults, rate: float | None) -> dict[str, list[Spec]]:
    """The runs of the main comparison, every seed: "chosen" at the best learning rate, "default" as configured.

    Where these are the same there is only "chosen"; before the rate is known only "default".
    """

    def seeds(changes: Changes) -> list[Spec]:
        return [spec(defaults, method, seed, changes) for method in METHODS for seed in SEEDS]

    if rate is None:
        return {"default": seeds({})}
    if rate == defaults[RATE]:
        return {"chosen": seeds({})}
    return {"chosen": seeds({RATE: rate}), "default": seeds({})}


def grid_specs(defaults: Defaults, rate: float, seed: int = SEEDS[0]) -> list[tuple[Variant, Spec]]:
    return [
        (variant, spec(defaults, "lora", seed, {RATE: rate, **variant.changes})) for variant in grid(defaults)
    ]


def answered_specs(defaults: Defaults, rate: float | None) -> list[Spec]:
    """The runs whose answers are compared, the most important first."""
    return _unique(run for runs in final_specs(defaults, rate).values() for run in runs)


def wanted(defaults: Defaults, losses: Losses) -> list[Spec]:
    """Every run known to be wanted, in the order in which to start them.

    The sweep comes first and the default configuration fills what is free beside it; then the chosen rate with every
    seed, then the rows of the grid with one, then their other seeds, the rows of the lowest loss first.
    """
    rate = best_rate(defaults, losses)
    first = sweep(defaults)
    final = final_specs(defaults, rate)
    if rate is None:
        return _unique([*first, *final["default"]])
    rows = grid_specs(defaults, rate)
    ranked = sorted(
        (loss, variant.factor, variant.label, variant)
        for variant, run in rows
        if (loss := losses.get(run.name)) is not None
    )
    again = [
        spec(defaults, "lora", seed, {RATE: rate, **variant.changes})
        for seed in SEEDS[1:]
        for *_, variant in ranked
    ]
    fixed = [run for runs in final.values() for run in runs]
    return _unique([*first, *fixed, *(run for _, run in rows), *again])


def _unique(specs: Iterable[Spec]) -> list[Spec]:
    return list({run.name: run for run in specs}.values())
