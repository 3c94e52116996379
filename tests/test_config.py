"""config.yaml, other files and --set: typed, checked, and named in every error."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest
import yaml

from src.config import ALL_KEYS, load_config
from src.schema import UserError
from src.yaml_text import DEFAULTS

ROOT = DEFAULTS.parent


def test_the_defaults_train_code_llama_on_code_alpaca():
    config = load_config()
    assert config.model.base_model == "codellama/CodeLlama-7b-hf"
    assert config.data.dataset_name == "sahil2801/CodeAlpaca-20k"
    assert (config.lora.r, config.lora.lora_alpha, config.lora.lora_dropout) == (16, 32, 0.0)
    assert config.lora.target_modules == ["q_proj", "k_proj", "v_proj", "o_proj"]
    assert (config.qlora.bits, config.qlora.quant_type, config.qlora.use_double_quant) == (4, "nf4", True)
    assert config.training.num_train_epochs == 3


def test_every_key_has_a_comment():
    lines = [line for line in DEFAULTS.read_text(encoding="utf-8").splitlines() if line.startswith("  ")]
    assert len(lines) == len(ALL_KEYS)
    assert [line for line in lines if " # " not in line] == []


def test_every_key_is_read_by_the_code():
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "config.py"]
    assert len(sources) > 50
    read = {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert [key for key in ALL_KEYS if key.split(".")[1] not in read] == []


def test_quickstart_holds_only_what_differs():
    defaults = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    quick = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8"))
    same = [f"{s}.{k}" for s, keys in quick.items() for k, v in keys.items() if defaults[s][k] == v]
    assert same == []
    assert load_config(ROOT / "configs" / "quickstart.yaml").model.base_model == "smollm2-135m"


def test_the_resolved_configuration_loads_again_unchanged(tmp_path: Path):
    config = load_config(overrides=["lora.r=8", "training.learning_rate=2e-4", "lora.target_modules=auto"])
    path = tmp_path / "resolved.yaml"
    path.write_text(yaml.safe_dump(dataclasses.asdict(config), allow_unicode=True), encoding="utf-8")
    assert load_config(path) == config


def test_an_override_wins_over_a_file_which_wins_over_the_defaults(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("lora:\n  r: 4\n  lora_alpha: 5\n", encoding="utf-8")
    config = load_config(path, ["lora.r=2"])
    assert (config.lora.r, config.lora.lora_alpha, config.lora.lora_dropout) == (2, 5, 0.0)


OVERRIDES = [  # --set, what the message must say
    ("lora.r=0", "lora.r must be a whole number from 1 to 4096, got 0"),
    ("lora.r=1.5", "lora.r must be a whole number"),
    ("lora.r=true", "got true"),
    ("lora.r=.nan", "lora.r must be a whole number"),
    ("lora.r=null", "lora.r must be a whole number"),
    ("lora.r=[1, 2]", "lora.r must be a whole number"),
    ("lora.rank=8", "unknown key lora.rank"),
    ("lora.lora_aplha=8", "did you mean lora.lora_alpha?"),
    ("training.lr=1", "unknown key training.lr"),
    ("trainning.seed=1", "unknown section 'trainning'; did you mean training?"),
    ("seed=1", "a key needs its section; write --set training.seed=1 or --set evaluation.seed=1"),
    ("training.learning_rate=fast", "training.learning_rate must be a number from 1e-09 to 1, got 'fast'"),
    ("training.learning_rate=-1", "training.learning_rate must be a number"),
    ("training.learning_rate=.inf", "training.learning_rate must be a number"),
    ("training.learning_rate='2e-4'", "training.learning_rate must be a number"),
    ("training.gradient_checkpointing=maybe", "must be one of 'auto', true, false"),
    ("training.gradient_checkpointing=1", "must be one of 'auto', true, false"),
    ("training.offload=cpu", "must be one of 'auto', true, false"),
    ("training.seed=-1", "training.seed must be a whole number"),
    ("training.seed=99999999999", "training.seed must be a whole number"),
    ("training.optim=sgd", "training.optim must be one of"),
    ("qlora.bits=5", "qlora.bits must be one of 4 (int), 8 (int)"),
    ("qlora.use_double_quant=1", "qlora.use_double_quant must be true or false"),
    ("lora.target_modules=[]", "auto, all-linear or a list of layer names"),
    ("lora.target_modules=[q_proj, 3]", "auto, all-linear or a list of layer names"),
    ("model.base_model=", "model.base_model must be a text"),
    ("model.base_model=7", "model.base_model must be a text"),
    ("model.device=tpu", "model.device must be one of 'auto', 'cuda', 'mps', 'cpu'"),
    ("data.max_length=8", "data.max_length must be a whole number from 16"),
    ("data=3", "data is a section of keys"),
    ("evaluation.top_p=0", "evaluation.top_p must be a number"),
    ("evaluation.num_samples=-5", "evaluation.num_samples must be a whole number of 0 or more"),
    ("evaluation.num_completions=4", "needs evaluation.temperature > 0"),
    ("training.save_steps=7", "must be a multiple of training.eval_steps"),
    ("novalue", "expected section.key=value"),
    ("=3", "expected section.key=value"),
    ("lora.r=[1", "not a YAML value"),
    ("lora.r=9000.0", "lora.r must be a whole number from 1 to 4096, got 9000.0 (float)"),
    ("lora.r.x=3", "unknown key lora.r.x; did you mean lora.r?"),
    pytest.param("lora.r=0x" + "f" * 5000, "got a number of thousands of digits", id="thousands of digits"),
    ("lora.r=!!int ''", "tags (!name) are not read"),
    ("lora.modules_to_save=''", "none or a list of layer names"),
    ("lora.target_modules=['']", "auto, all-linear or a list of layer names"),
    ("lora.target_modules={}", "auto, all-linear or a list of layer names"),
    ("data.paths=3", "data.paths must be a list of texts, got 3 (int)"),
    ("data.paths=[' ']", "data.paths must be a list of texts"),
    ("training.offload=0", "must be one of 'auto', true, false, got 0 (int)"),
    ("training.offload='true'", "must be one of 'auto', true, false, got 'true'"),
    ("training.offload=null", "must be one of 'auto', true, false"),
    ("qlora.bits=true", "qlora.bits must be one of 4 (int), 8 (int), got true"),
    ("qlora.bits='4'", "qlora.bits must be one of"),
    ("lora.use_dora='true'", "lora.use_dora must be true or false, got 'true'"),
    ("lora.use_dora=null", "lora.use_dora must be true or false"),
    ("model.base_model=' '", "model.base_model must be a text"),
    (r'model.base_model="a\0b"', "model.base_model must be a text"),
    (r'model.base_model="\ud800"', "model.base_model must be a text"),
    ("training.max_grad_norm=-1", "training.max_grad_norm must be a number of 0 or more, got -1 (int)"),
]


@pytest.mark.parametrize("text", ["q_proj,v_proj", "q_proj, v_proj", "[q_proj, v_proj]"])
def test_a_list_of_layers_is_written_with_commas_or_brackets(text: str):
    assert load_config(overrides=[f"lora.target_modules={text}"]).lora.target_modules == ["q_proj", "v_proj"]


@pytest.mark.parametrize(("override", "message"), OVERRIDES)
def test_a_wrong_override_is_named_with_what_was_expected(override: str, message: str):
    with pytest.raises(UserError) as caught:
        load_config(overrides=[override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


READ = [  # --set, the value and its type
    ("lora.r=8.0", 8), ("training.max_steps=1e3", 1000), ("training.max_grad_norm=1", 1.0), ("qlora.bits=8", 8),
    ("lora.target_modules=fc", ["fc"]), ("lora.target_modules=auto", "auto"), ("lora.target_modules=[a, b]", ["a", "b"]),
    ("lora.modules_to_save=[none]", ["none"]), ("data.paths=a b", ["a b"]), ("data.paths=[]", []),
    ("training.offload=false", False), ("training.offload=auto", "auto"), ("lora.use_dora=true", True),
    ("training.output_dir=2026-01-01", "2026-01-01"), ("model.base_model=a=b", "a=b"), (" lora.r =2", 2),
    ("data={max_length: 64}", None),
]  # fmt: skip


@pytest.mark.parametrize(
    "key",
    "data.dataset_name data.dataset_path data.paths model.base_model lora.continue_from training.output_dir".split(),
)
def test_a_path_may_begin_with_a_tilde(key: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/ada")
    config = load_config(overrides=[f"{key}=~/x"])
    section, name = key.split(".")
    assert getattr(getattr(config, section), name) in ("/home/ada/x", ["/home/ada/x"])


@pytest.mark.parametrize(("override", "expected"), READ)
def test_a_valid_value_comes_in_the_type_of_its_key(override: str, expected: object):
    config = load_config(overrides=[override])
    if expected is None:
        assert config.data.max_length == 64
        return
    section, key = override.partition("=")[0].strip().split(".")
    found = getattr(getattr(config, section), key)
    assert found == expected
    assert type(found) is type(expected)


FILES = [  # content, what the message must say
    (b"lora: [1, 2]", "lora is a section of keys"),
    (b"- 1\n- 2", "expected sections"),
    (b"lora:\n\tr: 3", "not valid YAML"),
    (b"lora:\n  r: 3\n  r: 4\n", "not valid YAML"),
    (b"lora:\n  r: 3\nlora:\n  r: 4\n", "not valid YAML"),
    (b"lora:\n  r: {a: 1}", "lora.r must be a whole number"),
    (b"\xff\xfe\x00", "cannot read the config file"),
    (b"lora:\n  r: '16'", "lora.r must be a whole number"),
    (b"training:\n  learning_rate: '2e-4'", "training.learning_rate must be a number"),
    ("lora:\n  r\u00e4nk: 3".encode(), "unknown key lora.r\u00e4nk; did you mean lora"),
    (b"!!python/object/apply:os.system ['true']", "not valid YAML"),
    (b"lora: !!python/name:os.system", "not valid YAML"),
    (b"lora:\n  r: ${oc.env:HOME}", "lora.r must be a whole number"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_a_wrong_file_is_named_with_what_was_expected(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert "bad.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"\xef\xbb\xbflora:\n  r: 16\n", b"lora:\r\n  r: 16\r\n"]
)
def test_an_empty_file_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path, content: bytes):
    path = tmp_path / "good.yaml"
    path.write_bytes(content)
    assert load_config(path) == load_config()


def test_a_missing_file_says_what_to_give(tmp_path: Path):
    with pytest.raises(UserError, match=r"no config file .*missing\.yaml; give --config FILE"):
        load_config(tmp_path / "missing.yaml")


def test_numbers_like_2e_4_are_numbers(tmp_path: Path):
    path = tmp_path / "rate.yaml"
    path.write_text("training:\n  learning_rate: 2e-4\n", encoding="utf-8")
    assert load_config(path).training.learning_rate == 2e-4
