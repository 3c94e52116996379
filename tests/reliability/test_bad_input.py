"""What is offered and cannot be used is refused in one line: models, adapters, data, predictions, settings, flags.

Tables beside the modules hold more: tests/test_config.py, tests/test_scripts.py, tests/evaluation/test_predictions.py,
tests/test_download_data.py, tests/data/sources/test_readers.py and test_row_schemas.py, tests/models/test_lora_model.py.
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from src import cli
from src.config import Config, ModelConfig, load_config
from src.data.dataset import load_split
from src.data.preparation import prepare_data
from src.evaluation.comparison import load_comparison
from src.evaluation.predictions import read_predictions
from src.evaluation.runs import run_predictions
from src.generation.chat import tasks
from src.models.adapters import load_adapter
from src.models.hardware import decide
from src.models.loading import load_base, load_tokenizer, resolve
from src.models.lora_model import load_model
from src.schema import UserError, to_json
from tests import tiny
from tests.data.preparing import data_config, rows, write_jsonl
from tests.evaluation.comparisons import comparison

CPU: ModelConfig = load_config(overrides=["model.device=cpu"]).model
DEEP = "[" * 100_000


def refusal(work: Callable[[], object]) -> str:
    """The one line with which `work` refuses."""
    with pytest.raises(UserError) as caught:
        work()
    assert "\n" not in str(caught.value).strip()
    return str(caught.value)


def _changed(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


def _without_end_token(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    kept = {key: value for key, value in json.loads(path.read_text()).items() if key != "eos_token"}
    path.write_text(json.dumps(kept))


def _with_text_for_a_length(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": "seven"}))


def _with_own_code(folder: Path) -> None:
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    _changed(folder, model_type="own", auto_map={"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"})


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": 1}))


def _without_a_tensor(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, path, {"format": "pt"})


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return write


def _cut(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return cut


TOKENIZERS = [  # what is done to a model's folder, what the message holds
    (_without_tokenizer, "cannot load the tokenizer of"),
    (_without_end_token, "has no end token: training could not teach the model to stop"),
    (_with_text_for_a_length, "cannot load the tokenizer of"),
    (_write("tokenizer.json", b"{"), "cannot load the tokenizer of"),
    (_write("tokenizer.json", b'{"version": "1.0"}'), "cannot load the tokenizer of"),
    (_write("tokenizer.json", b"\xff\xfe\x00"), "cannot load the tokenizer of"),
    (_cut("tokenizer.json"), "cannot load the tokenizer of"),
]
MODELS = [
    (_write("model.safetensors", b""), "cannot load the model of"),
    (_cut("model.safetensors"), "cannot load the model of"),
    (_write("model.safetensors", save({"encoder.weight": torch.zeros(2)})), "lacks"),
    (_without_a_tensor, "lacks"),
    (_pickled, "it has no weights as model.safetensors, and pickled ones are refused"),
    (_with_own_code, "brings its own Python code; read it, then set model.trust_remote_code=true"),
    (_write("config.json", b"{"), "cannot load the model of"),
    (_write("config.json", b"[1]"), "cannot load the model of"),
    (_write("config.json", b"{}"), "cannot load the model of"),
    (lambda folder: _changed(folder, model_type="t5"), "is an encoder-decoder"),
    (lambda folder: _changed(folder, model_type="no-such-type"), "cannot load the model of"),
    (lambda folder: _changed(folder, hidden_size=64), "cannot load the model of"),
    (lambda folder: _changed(folder, vocab_size=7), "cannot load the model of"),
    (lambda folder: _changed(folder, num_hidden_layers="two"), "cannot load the model of"),
]


@pytest.fixture
def model(tmp_path: Path, tiny_model: Path) -> Path:
    """A copy of the tiny Llama to be spoilt."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.mark.parametrize(("spoil", "message"), TOKENIZERS)
def test_a_tokenizer_that_cannot_be_used_is_refused(model: Path, spoil: Any, message: str) -> None:
    spoil(model)
    assert message in refusal(lambda: load_tokenizer(str(model), CPU))


@pytest.mark.parametrize(("spoil", "message"), MODELS)
def test_a_model_that_cannot_be_used_is_refused(model: Path, spoil: Any, message: str) -> None:
    spoil(model)
    assert message in refusal(lambda: load_base(str(model), CPU, decide(CPU)))
    assert not (model / "ran").exists()


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
@pytest.mark.parametrize("tied", [True, False])
def test_tied_and_untied_heads_load(tmp_path: Path, architecture: str, tied: bool) -> None:
    folder = tiny.save_model(tmp_path / "model", architecture, tie_word_embeddings=tied)
    loaded = load_base(str(folder), CPU, decide(CPU))
    assert (loaded.lm_head.weight is loaded.model.embed_tokens.weight) == tied


def test_a_tokenizer_without_a_pad_token_pads_with_the_end_token(model: Path) -> None:
    path = model / "tokenizer_config.json"
    kept = {key: value for key, value in json.loads(path.read_text()).items() if key != "pad_token"}
    path.write_text(json.dumps(kept))
    assert load_tokenizer(str(model), CPU).pad_token == tiny.END


ADAPTERS = [  # file, its content, what the message holds
    ("adapter_config.json", b"{", "adapter_config.json is not valid JSON"),
    ("adapter_config.json", b"[]", "adapter_config.json is not valid JSON (it should hold a JSON object)"),
    ("adapter_config.json", DEEP.encode(), "adapter_config.json is not valid JSON"),
    ("adapter_config.json", b'{"peft_type": "MAGIC"}', "holds a MAGIC adapter, only LoRA ones"),
    ("adapter_config.json", b'{"peft_type": "LORA", "r": "four"}', "valid integer (got 'four')"),
    ("adapter_config.json", b'{"peft_type": "LORA", "r": 0}', "r: Input should be greater than 0"),
    ("adapter_config.json", b'{"peft_type": "LORA", "target_modules": 3}', "valid string (got 3)"),
    (
        "adapter_config.json",
        b'{"peft_type": "LORA", "monteclora_config": "x"}',
        "does not fit this base model",
    ),
    ("run.json", b'{"base_kind": 3}', "run.json"),
    ("run.json", b'{"base_kind": {}}', "run.json"),
    ("run.json", b'{"method": "qlora", "qlora": {"bits": 4}}', "run.json"),
    ("run.json", b'{"base_model": 7}', "run.json: method: Field required"),
    ("run.json", DEEP.encode(), "run.json: Invalid JSON"),
    ("adapter_model.safetensors", pickle.dumps({"a": 1}), "adapter_model.safetensors is damaged"),
    ("adapter_model.safetensors", b"\xff" * 8 + b"{}", "adapter_model.safetensors is damaged"),
    ("adapter_model.safetensors", save({"a": torch.zeros(1)}), "tensors without a layer: a"),
]


@pytest.mark.parametrize(("name", "content", "message"), ADAPTERS)
def test_an_adapter_that_cannot_be_used_is_refused(
    tmp_path: Path, tiny_adapter: Path, tiny_model: Path, name: str, content: bytes, message: str
) -> None:
    folder = Path(shutil.copytree(tiny_adapter, tmp_path / "adapter"))
    (folder / name).write_bytes(content)
    line = refusal(
        lambda: (
            load_model(resolve(str(folder), str(tiny_model)), config=CPU, hardware=decide(CPU))
            if b"base_model" not in content
            else resolve(str(folder))
        )
    )
    assert message in line


@pytest.mark.parametrize("content", [b"{", b'{"base_kind": {}}'])
def test_training_further_refuses_an_adapter_whose_record_is_damaged(
    tmp_path: Path, tiny_adapter: Path, content: bytes
) -> None:
    folder = Path(shutil.copytree(tiny_adapter, tmp_path / "adapter"))
    (folder / "run.json").write_bytes(content)
    assert "run.json" in refusal(lambda: load_adapter(tiny.build_model(), folder, trainable=True))


def row(**changes: Any) -> dict[str, Any]:
    return {"instruction": "Add one and two", "input": "", "output": "print(1 + 2)"} | changes


DATA = [  # rows, what the message holds
    ([], "is empty; check --path"),
    ([row()], "split of a.jsonl is empty (1 rows in all)"),
    ([row(), row(instruction="Multiply two numbers", output="x = 2")], "rows in all)"),
    ([row()] * 500, "split of a.jsonl is empty (1 rows in all)"),
    ([row(output="")] * 3, "no usable row in a.jsonl (3 output empty)"),
    ([row(instruction=" \n")] * 3, "no usable row in a.jsonl (3 instruction empty)"),
    ([{"question": "x", "answer": "y"}] * 3, "no usable row in a.jsonl (3 instruction missing)"),
    ([row(output=3)] * 2, "no usable row in a.jsonl (2 output not text)"),
    ([row(output=None)] * 2, "no usable row in a.jsonl (2 output missing)"),
    ([row(instruction="a\0b")] * 2, "no usable row in a.jsonl (2 NUL character)"),
    ([row(output="\ud800")] * 2, "no usable row in a.jsonl (2 not UTF-8)"),
    ([[1], None, "text", 3.5], "no usable row in a.jsonl (1 not an object"),
    ([row(instruction={"deep": [[[[[]]]]]})], "no usable row in a.jsonl (1 instruction not text)"),
]


@pytest.mark.parametrize(("values", "message"), DATA)
def test_rows_that_make_no_data_set_are_refused_with_their_faults(
    tmp_path: Path, values: list[Any], message: str
) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", values)
    assert message in refusal(lambda: prepare_data(data_config(tmp_path / "set"), "file", [source]))
    left = [path.name for path in (tmp_path / "set").iterdir()] if (tmp_path / "set").exists() else []
    assert left == []


RAW = [  # bytes of a file, what the message holds
    (DEEP.encode(), "a.jsonl breaks off in line 1"),
    (b"\x00" * 1000, "no usable row in a.jsonl"),
    (bytes(range(128, 256)) * 20, "no usable row in a.jsonl (1 not UTF-8)"),
    (b'{"instruction": "a", "output": ' + b"1" * 100_000 + b"}", "no usable row in a.jsonl (1 broken JSON)"),
    (b'{"a":' * 50_000, "no usable row in a.jsonl (1 broken JSON)"),
    (b"PK\x03\x04 a zip", "no usable row in a.jsonl"),
    (b"\x1f\x8b\x08 a gz", "no usable row in a.jsonl"),
]


@pytest.mark.parametrize(("content", "message"), RAW)
def test_bytes_that_are_no_rows_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    config = data_config(tmp_path / "set")
    assert message in refusal(lambda: prepare_data(config, "file", [str(tmp_path / "a.jsonl")]))


def test_duplicate_ids_of_rows_do_not_matter(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [item | {"id": 7} for item in rows(40)])
    assert prepare_data(data_config(tmp_path / "set"), "file", [source]).rows == 40


CARDS = [b"", b"{", b"[]", b"null", b"{}", DEEP.encode(), b"\xff", b'{"splits": 3}']


@pytest.mark.parametrize("content", CARDS)
def test_a_damaged_card_says_how_to_fix_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    line = refusal(lambda: load_split(data_config(tmp_path), "train"))
    assert "/card.json: " in line
    assert line.endswith("damaged or of another version. Run python download_data.py --force")


SPLITS = [b"", b"[]", b"null\n", b"\xff\x00\xff", DEEP.encode(), b'{"instruction": 1}\n' * 9]


@pytest.mark.parametrize("content", SPLITS)
def test_a_split_that_was_changed_after_its_preparation_is_refused(
    tmp_path: Path, tiny_data: Path, content: bytes
) -> None:
    folder = Path(shutil.copytree(tiny_data, tmp_path / "set"))
    (folder / "train.jsonl").write_bytes(content)
    line = refusal(lambda: load_split(data_config(folder), "train"))
    assert (
        "train.jsonl is not the file that was prepared (changed or cut off). Run python download_data.py"
        in line
    )


def test_a_split_that_is_gone_is_named(tmp_path: Path, tiny_data: Path) -> None:
    folder = Path(shutil.copytree(tiny_data, tmp_path / "set"))
    (folder / "validation.jsonl").unlink()
    assert "validation.jsonl. Run python download_data.py" in refusal(
        lambda: load_split(data_config(folder), "validation")
    )


@pytest.mark.parametrize("content", [DEEP, "{" * 10, '{"schema": "1"}', '{"schema": 1, "comparisons": []}'])
def test_a_damaged_comparison_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "comparison.json").write_text(content)
    line = refusal(lambda: load_comparison(tmp_path / "comparison.json"))
    assert "Delete it or give another --output_dir" in line


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_score_that_is_no_finite_number_is_named(tmp_path: Path, number: str) -> None:
    path = tmp_path / "comparison.json"
    record = json.loads(to_json(comparison()))
    record["before"]["metrics"]["bleu"]["value"] = 12345.5
    path.write_text(json.dumps(record).replace("12345.5", number))
    line = refusal(lambda: load_comparison(path))
    assert "before.metrics.bleu.value: not a finite number; damaged. Delete it or give another" in line


LINE = {"id": "a", "instruction": "Add.", "input": "", "reference": "1", "prediction": "2"}
PREDICTIONS = [
    (LINE | {"id": None}, "id must be a text, got NoneType"),
    (LINE | {"id": 1.5}, "id must be a text, got float"),
    (LINE | {"id": ["a"]}, "id must be a text, got list"),
    (LINE | {"instruction": {}}, "instruction must be a text, got dict"),
    (LINE | {"tests": ["assert 1"]}, "tests must be a text, got list"),
    (LINE | {"language": 3}, "language must be a text, got int"),
    (LINE | {"completion": 1.0}, "completion must be a whole number of 0 or more, got 1.0"),
    (LINE | {"completion": None}, "completion must be a whole number of 0 or more, got None"),
    (LINE | {"completion": "1"}, "completion must be a whole number of 0 or more, got '1'"),
    ({"id": "a", "prompt": "x", "completion": 0}, "lacks 'instruction'"),
    ("a text", "is not an object"),
    (None, "is not an object"),
]


@pytest.mark.parametrize(("value", "message"), PREDICTIONS)
def test_a_line_that_is_no_prediction_is_refused_with_its_number(
    tmp_path: Path, value: Any, message: str
) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(LINE | {"id": "first"}) + "\n" + json.dumps(value) + "\n")
    assert message in (line := refusal(lambda: read_predictions(path)))
    assert "p.jsonl line 2" in line


ODD = [  # a line of a predictions file that looks odd, and the prediction read from it
    (b"\xef\xbb\xbf" + json.dumps(LINE).encode() + b"\r\n", "2"),
    (json.dumps(LINE).encode() + b"\r\n\r\n", "2"),
    (json.dumps(LINE | {"prediction": "a\0b"}).encode(), "a\0b"),
    (json.dumps(LINE | {"prediction": "a\u2028b\x85c"}, ensure_ascii=False).encode(), "a\u2028b\x85c"),
    (json.dumps(LINE | {"prediction": "x" * 3_000_000}).encode(), "x" * 3_000_000),
]


@pytest.mark.parametrize(("content", "prediction"), ODD, ids=["BOM", "CRLF", "NUL", "separators", "3 MB"])
def test_a_prediction_that_looks_odd_is_read_as_it_is(
    tmp_path: Path, content: bytes, prediction: str
) -> None:
    (tmp_path / "p.jsonl").write_bytes(content)
    assert [sample.prediction for sample in read_predictions(tmp_path / "p.jsonl")] == [prediction]


def test_half_a_character_is_scored_and_reported(tmp_path: Path, config: Config) -> None:
    """JSON can hold lone surrogates, which no file in UTF-8 can."""
    path = tmp_path / "given.jsonl"
    path.write_text(json.dumps(dict.fromkeys(LINE, "print('\ud800')") | {"id": "a"}) + "\n")
    run_predictions(path, config, tmp_path / "runs")
    assert json.loads((tmp_path / "runs" / "given" / "scores.json").read_text())["n"] == 1


QUESTIONS = [  # --instruction, --input, the bytes on standard input
    ("a\udcff", "", b""),
    ("a", "b\udcff", b""),
    (None, "", b"add \xff\xfe"),
    (None, "b\udcff", b"add"),
]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize(("instruction", "given", "typed"), QUESTIONS)
def test_a_question_that_is_no_text_is_refused(
    instruction: str | None, given: str, typed: bytes, errors: str
) -> None:
    """Whatever the terminal's locale makes of the bytes."""
    stdin = io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8", errors=errors)
    assert refusal(lambda: list(tasks(instruction, given, stdin))).startswith(
        "the instruction is not UTF-8 text"
    )


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abc", "bcd", strict=True)
)
SETTINGS = [  # a config file, what the message holds
    (BOMB, "aliases (*name) are not read"),
    ("lora: &l {r: 3}\nqlora: *l", "aliases (*name) are not read"),
    ("lora:\n  r: " + "[" * 100_000, "not valid YAML: nested more than 20 deep"),
    ("lora:\n  r: " + "{a: " * 100_000, "not valid YAML: nested more than 20 deep"),
    ("\n".join(" " * level + "a:" for level in range(2_000)), "not valid YAML: nested more than 20 deep"),
    ("lora:\n  r: ${", "lora.r must be a whole number from 1 to 4096, got '${'"),
    ("? [a, b]\n: 1", "not valid YAML"),
    ("lora: {r: 3", "not valid YAML"),
    ("--- 1\n--- 2", "not valid YAML"),
    ("lora: text", "lora is a section of keys"),
    ("1: {r: 3}", "unknown section"),
    ("lora:\n  1: 3", "unknown key lora.1"),
    ("lora:\n  r: 0x10000", "lora.r must be a whole number from 1 to 4096"),
    ("lora:\n  r: 1e400", "lora.r must be a whole number"),
    ("training:\n  seed: 2024-01-01", "training.seed must be a whole number"),
    ("data:\n  paths: 3", "data.paths must be"),
    ("just words", "expected sections"),
    ("[just, words]", "expected sections"),
]


@pytest.mark.parametrize(("content", "message"), SETTINGS)
def test_settings_that_are_none_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    assert message in refusal(lambda: load_config(path))


OVERRIDES = [
    ("lora.r=" + "[" * 100_000, "not a YAML value: nested more than 20 deep"),
    ("lora.r=*a", "not a YAML value"),
    ("lora.r=${", "--set lora.r=${"),
    ("lora..r=3", "--set lora..r=3"),
    ("lora[0]=3", "--set lora[0]=3"),
    (".=3", "--set .=3"),
    ("[[[=3", "--set [[[=3: unknown section '[[['"),
    ("[" * 1_000 + "=3", "unknown section '[[[["),
    ("lora." + "r" * 1_000 + "=3", "unknown key lora.rrr"),
    ("lora.r[=3", "unknown key lora.r[; did you mean lora.r?"),
    ("[lora]r=3", "unknown section '[lora]r'; did you mean lora?"),
]


@pytest.mark.parametrize(("override", "message"), OVERRIDES)
def test_an_override_that_is_none_is_refused(override: str, message: str) -> None:
    assert message in refusal(lambda: load_config(overrides=[override]))


FLAGS = [  # script, flags, what stderr says
    ("train_lora", ["--resume", "--restart"], "not allowed with argument"),
    ("train_lora", ["--resme"], "unrecognized arguments: --resme"),
    ("train_qlora", ["--config"], "expected one argument"),
    ("evaluate", ["--num_samples", "many", "--model_path", "x"], "invalid int value: 'many'"),
    ("evaluate", ["--num_samples", "-3", "--model_path", "x"], "num_samples must be a whole number of 0 or more"),
    ("evaluate", ["--temperature", "nan", "--model_path", "x"], "temperature must be a number from 0 to 10"),
    ("evaluate", ["--temperature", "-1", "--model_path", "x"], "temperature must be a number from 0 to 10"),
    ("evaluate", ["--num_completions", "0", "--model_path", "x"], "num_completions must be a whole number from 1"),
    ("evaluate", ["--benchmark", "mmlu", "--model_path", "x"], "invalid choice: 'mmlu'"),
    ("evaluate", [], "give --model_path or --predictions"),
    ("evaluate", ["--model_path", "x"], "no data in data/codealpaca. Run python download_data.py first"),
    ("evaluate", ["--model_path", "x", "--benchmark", "humaneval", "--num_samples", "900"], "has 164 samples"),
    ("compare_results", ["--before_model", "a", "--before_predictions", "b"], "not both"),
    ("compare_results", [], "give --before_model or --before_predictions"),
    ("inference", [], "required: --model_path"),
    ("inference", ["--model_path", "."], "no adapter and no model in . (found: nothing). Run train_lora.py"),
    ("inference", ["--model_path", "x" * 5_000], "File name too long"),
    ("inference", ["--model_path", "none/no/where"], "no such folder. Run train_lora.py"),
    ("inference", ["--model_path", "checkpoints/none"], "no such folder"),
    ("inference", ["--model_path", "x/y", "--max_new_tokens", "0"], "max_new_tokens must be a whole number from 1"),
    ("train_lora", ["--set", "training.batch_size=100000"], "training.batch_size must be a whole number from 1 to"),
    ("train_qlora", ["--set", "lora.init_lora_weights=pissa"], "use train_lora.py, or loftq with train_qlora.py"),
    ("download_data", ["--source", "file", "--path", "/dev/null"], "data file /dev/null is empty; check --path"),
    ("download_data", ["--source", "file", "--path", "."], "cannot read the data file .: Is a directory"),
    ("download_data", ["--source", "web"], "invalid choice: 'web'"),
    ("download_data", ["--source", "file", "--path", "none.json"], "no data file none.json"),
    ("download_data", ["--benchmark", "humaneval", "--benchmark_path", "none.jsonl"], "none.jsonl"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "flags", "message"), FLAGS)
def test_flags_that_do_not_work_end_with_code_2_and_a_reason(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    script: str,
    flags: list[str],
    message: str,
) -> None:
    import importlib

    module = importlib.import_module(script)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{script}.py", *flags])
    parser: argparse.ArgumentParser = module.arguments()
    with pytest.raises(SystemExit) as ended:
        cli.run(module.main, parser)
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
