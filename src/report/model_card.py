"""Renders the README.md of an adapter's folder: the model card that the hub reads."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from src.config import DataConfig, QloraConfig
from src.data.preprocessing import render_prompt
from src.data.sources.catalog import SOURCES, find_source, has_paths
from src.models import embedded
from src.models.run_record import DataOrigin, RunRecord
from src.report.formatting import (
    NOT_AVAILABLE,
    method_label,
    metric_label,
    metric_names,
    p_text,
    sample_count,
    score_text,
)
from src.report.markdown.metrics import difference_text
from src.report.safe_markdown import fenced, inline, table, value_table
from src.report.verdict import headline
from src.schema import Comparison, MethodComparison

HUB_ID_PATTERN = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# licences of data that bind the adapter, whatever the licence of the base model
LICENCES = {"CC BY-NC 4.0": "cc-by-nc-4.0"}
REPEATED_SETTINGS = {  # section of the configuration -> keys that shape the adapter
    "lora": "r lora_alpha lora_dropout target_modules bias use_rslora use_dora init_lora_weights",
    "training": "num_train_epochs max_steps learning_rate lr_scheduler_type batch_size optim seed",
    "data": "max_length",
    "prompt": "template",
}
METRIC_ROWS = {  # key of the metrics of a run -> its label in the card
    "steps": "Steps",
    "best_step": "Step kept (lowest validation loss)",
    "validation_loss": "Validation loss per supervised token",
    "train_samples": "Training samples",
    "tokens": "Training tokens",
    "trainable_parameters": "Trainable parameters",
    "total_parameters": "All parameters",
}
INSTRUCTION = "Write a Python function that reverses a string."  # of the example
USE = (
    "Short answers to programming instructions, one turn, in English, in the prompt format below. It is a small "
    "adapter trained on a small data set to study what fine-tuning changes."
)
EMBEDDED_NOTE = "where the hub could not be reached, the Q4_1 form of the model, which differs slightly"
LIMITS = (
    "It writes code that looks right and is wrong, and it may repeat insecure habits of its data. Run nothing that "
    "it wrote outside a sandbox, and let nothing that it wrote go unread into other people's hands. The figures "
    "here hold for the test set named and for greedy answers of limited length; they say nothing about long "
    "programs, other languages or conversations. Nothing was done to make it refuse."
)


@dataclass(frozen=True)
class Data:
    """The data that the adapter was trained on."""

    origin: str
    licence: str
    hub_id: str  # "" where it is not on the hub


def render_model_card(run: RunRecord, comparison: Comparison | None = None, name: str = "") -> str:
    """The card of the adapter that `run` describes.

    `name` is the adapter's name in `comparison`, by default that of the method; scores of another adapter are
    never shown.
    """
    data = _data(run)
    method = comparison.comparisons.get(name or run.method) if comparison else None
    label = method_label(run.method)
    base = embedded.public_name(run.base_model)
    about = (
        f"A {inline(label)} adapter for {inline(base)}, fine-tuned on {inline(data.origin)}. It holds the adapter "
        "alone: the base model is loaded beside it."
    )
    sections = [
        _front_matter(run, data, comparison, method),
        f"# {inline(label)} adapter for {inline(base.rpartition('/')[2])}",
        about,
        _results(comparison, name or run.method, _seed(run)),
        f"## Use and limits\n\n{USE}\n\n{LIMITS}",
        f"## Load it\n\n{_loading(run, base)}",
        f"## Training\n\n{_settings(run)}",
        f"## Licence\n\n{_licence(data, base)}",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _data(run: RunRecord) -> Data:
    """As the run recorded it, else from its configuration."""
    settings = run.config["data"]
    data = run.data or DataOrigin(settings["source"], "files of its maker", "not known")
    hub_id = ""
    if data.source in SOURCES and not has_paths(data.source):
        source = find_source(DataConfig(**settings), data.source, [], force=False)
        hub_id = source.hub_id
        if run.data is None:
            data = DataOrigin(data.source, source.origin, source.licence)
    return Data(data.origin, data.licence, hub_id if HUB_ID_PATTERN.fullmatch(hub_id) else "")


def _front_matter(
    run: RunRecord, data: Data, comparison: Comparison | None, method: MethodComparison | None
) -> str:
    import yaml

    base = embedded.public_name(run.base_model)
    front_matter: dict[str, Any] = {"library_name": "peft", "pipeline_tag": "text-generation"}
    if HUB_ID_PATTERN.fullmatch(base):  # a local folder would be refused there
        front_matter |= {"base_model": base, "base_model_relation": "adapter"}
    front_matter["license"] = _licence_id(run.base_model, data)
    if front_matter["license"] == "other":
        front_matter |= {"license_name": "base-model-and-data"}
    if data.hub_id:
        front_matter["datasets"] = [data.hub_id]
    front_matter["tags"] = ["lora", *(["qlora"] if run.method == "qlora" else []), "code"]
    results = _model_index(comparison, method, _seed(run))
    if results:
        name = f"{run.method}-{base.rpartition('/')[2]}"
        front_matter["model-index"] = [{"name": name, "results": [results]}]
    return f"---\n{yaml.safe_dump(front_matter, sort_keys=False, allow_unicode=False)}---"


def _licence_id(base_model: str, data: Data) -> str:
    if data.licence == "Apache-2.0" and base_model == embedded.EMBEDDED_MODEL:
        return "apache-2.0"
    return LICENCES.get(data.licence, "other")


def _seed(run: RunRecord) -> str:
    return str(run.config.get("training", {}).get("seed", ""))


def _model_index(comparison: Comparison | None, method: MethodComparison | None, seed: str) -> dict[str, Any]:
    """The scores of this adapter as the hub's model-index; {} where there are none."""
    if comparison is None or method is None or (method.after.seeds and seed not in method.after.seeds):
        return {}
    values = {name: score.value for name, score in method.after.metrics.items()}
    values |= method.after.seeds.get(seed, {})
    test_set = str(comparison.test_set.get("name") or "test set")
    metrics = [
        {"type": metric, "name": metric_label(metric), "value": round(value, 2)}
        for metric, value in values.items()
        if value is not None
    ]
    return {
        "task": {"type": "text-generation"},
        "dataset": {"type": re.sub(r"\W+", "-", test_set), "name": test_set},
        "metrics": metrics,
    }


def _results(comparison: Comparison | None, name: str, seed: str) -> str:
    method = comparison.comparisons.get(name) if comparison else None
    if comparison is None or method is None:
        return "## Results\n\nThis adapter has not been compared with its base model yet."
    rows = []
    for metric in metric_names(comparison):
        difference = method.difference.get(metric)
        scores = [run.metrics.get(metric) for run in (comparison.before, method.after)]
        cells = [score_text(score) for score in scores]
        if difference is None:
            cells += [NOT_AVAILABLE] * 3
        else:
            p_value = p_text(difference.p_holm).removeprefix("= ")
            cells += [difference_text(difference), p_value, sample_count(difference, *scores)]
        rows.append([inline(metric_label(metric)), *cells])
    header = ["Metric", "Before [95 % CI]", "After [95 % CI]", "Difference [95 % CI]", "p (Holm)", "n"]
    test_set = inline(str(comparison.test_set.get("name") or "not named"))
    note = (
        f"Test set: {test_set}, {comparison.before.n} samples that were not trained on. Values are 0 to 100; a "
        "difference in bold has p < 0.05 after Holm's correction."
    )
    if method.after.seeds:
        note += (
            f" After is the mean over {len(method.after.seeds)} seeds; this adapter is that of seed {seed}."
        )
    result = headline(comparison, name, inline)
    return "\n\n".join(["## Results", f"**{result}**", table(header, rows), note])


def _settings(run: RunRecord) -> str:
    config, metrics = run.config, run.metrics
    rows = [("Base model", run.base_model), ("Method", run.method)]
    rows += [
        (f"{section}.{key}", config[section][key])
        for section, keys in REPEATED_SETTINGS.items()
        for key in keys.split()
        if key in config.get(section, {})
    ]
    if run.qlora:
        rows += [(f"qlora.{key}", value) for key, value in dataclasses.asdict(run.qlora).items()]
    rows += [(label, metrics[key]) for key, label in METRIC_ROWS.items() if metrics.get(key) is not None]
    versions = run.provenance.get("versions", {})
    rows += [
        (package, versions[package]) for package in ("torch", "transformers", "peft") if package in versions
    ]
    if run.base_model == embedded.EMBEDDED_MODEL:
        rows.append(("Base weights", EMBEDDED_NOTE))
    rows += [("Commit", run.provenance.get("commit", "unknown"))]
    return value_table((name, _shown(value)) for name, value in rows)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000
        else str(value)
    )


def _loading(run: RunRecord, base: str) -> str:
    chat = run.template == "chat"
    classes = "AutoModelForCausalLM, AutoTokenizer" + (", BitsAndBytesConfig" if run.qlora else "")
    special = ", add_special_tokens=False" if chat else ""  # the chat template writes them itself
    code = [
        "from peft import PeftModel",
        f"from transformers import {classes}",
        "",
        'folder = "."  # this folder, or its name on the hub',
        *_base_lines(base, run.qlora),
        "model = PeftModel.from_pretrained(base, folder).eval()",
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
        *_prompt_lines(chat),
        f'inputs = tokenizer(prompt, return_tensors="pt"{special}).to(model.device)',
        "answer = model.generate(**inputs, max_new_tokens=256, do_sample=False)",
        "# decoded with its prompt: some tokenizers take the space off the start of a text",
        'start, whole = tokenizer.batch_decode([inputs["input_ids"][0], answer[0]], skip_special_tokens=True)',
        "print(whole[len(start):])",
    ]
    return f"With nothing but transformers and peft:\n\n{fenced(chr(10).join(code), 'python')}"


def _base_lines(base: str, quantized: QloraConfig | None) -> list[str]:
    if not quantized:
        return [f'base = AutoModelForCausalLM.from_pretrained({base!r}, dtype="auto")']
    arguments = ["load_in_8bit=True"]
    if quantized.bits == 4:
        kind, double = quantized.quant_type, quantized.use_double_quant
        arguments = [
            "load_in_4bit=True",
            f"bnb_4bit_quant_type={kind!r}",
            f"bnb_4bit_use_double_quant={double!r}",
        ]
    return [
        f"quantization = BitsAndBytesConfig({', '.join(arguments)})",
        f"base = AutoModelForCausalLM.from_pretrained({base!r}, quantization_config=quantization)",
    ]


def _prompt_lines(chat: bool) -> list[str]:
    if chat:
        turns = f"[{{'role': 'user', 'content': {INSTRUCTION!r}}}]"
        return [
            f"prompt = tokenizer.apply_chat_template({turns}, tokenize=False, add_generation_prompt=True)"
        ]
    lines = render_prompt(INSTRUCTION).splitlines(keepends=True)
    return ["prompt = (", *(f"    {line!r}" for line in lines), ")"]


def _licence(data: Data, base: str) -> str:
    return (
        f"The adapter comes of two works, and the terms of both bind whoever uses it: those of the base model "
        f"({inline(base)}, see its own card), and those of the training data ({inline(data.origin)}: "
        f"{inline(data.licence)})."
        + (" The data may not be used commercially." if data.licence in LICENCES else "")
    )
