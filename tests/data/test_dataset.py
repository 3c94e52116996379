"""A data set on disk is loaded as it was prepared, or refused."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from src.data.dataset import is_whole, load_card, load_split
from src.data.preparation import prepare_data
from src.schema import Example, UserError
from tests.data.preparing import data_config, rows, write_jsonl


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    prepare_data(data_config(folder / "set"), "file", [write_jsonl(folder / "rows.jsonl", rows(60))])
    return folder / "set"


@pytest.fixture
def stored(config, prepared):
    """The configuration, with a prepared data set in its folder."""
    shutil.copytree(prepared, config.dataset_path)
    return config


def test_splits_come_back_whole_ordered_by_id_and_apart(stored):
    splits = {name: load_split(stored, name) for name in ("train", "validation", "test")}
    ids = [example.id for examples in splits.values() for example in examples]
    assert len(ids) == len(set(ids)) == 60
    assert all(isinstance(example, Example) for example in splits["train"])
    for name, examples in splits.items():
        assert examples
        assert [example.id for example in examples] == sorted(example.id for example in examples)
        assert load_card(stored).splits[name].rows == len(examples)


def test_texts_come_back_as_they_were(config, tmp_path):
    nasty = 'a\u2028b\u2029c\x85d "quoted" \\n \U0001f600 \u4e2d\n\ttab'
    values = [*rows(60), {"instruction": nasty, "input": nasty, "output": nasty}]
    prepare_data(config, "file", [write_jsonl(tmp_path / "rows.jsonl", values)])
    found = [item for name in ("train", "validation", "test") for item in load_split(config, name)]
    assert [(item.instruction, item.input, item.output) for item in found if item.input == nasty] == [
        (nasty,) * 3
    ]


def test_no_data_says_what_to_run(config):
    for load in (lambda config: load_split(config, "train"), load_card):
        with pytest.raises(UserError, match=r"no data in .*Run python download_data\.py first"):
            load(config)


def test_an_unknown_split_is_refused(stored):
    with pytest.raises(UserError, match="unknown split 'tset'; expected train, validation, test"):
        load_split(stored, "tset")
    with pytest.raises(UserError, match="unknown split"):
        load_split(stored, "../secret")


@pytest.mark.parametrize("harm", ["truncate", "change", "swap"])
def test_a_changed_file_is_refused(stored, tmp_path, harm):
    path = tmp_path / "set" / "train.jsonl"
    content = path.read_bytes()
    path.write_bytes(
        {
            "truncate": content[:-2],
            "change": content.replace(b"print", b"Print", 1),
            "swap": (tmp_path / "set" / "test.jsonl").read_bytes(),
        }[harm]
    )
    with pytest.raises(UserError, match=r"train\.jsonl is not the file that was prepared .*--force"):
        load_split(stored, "train")
    assert load_split(stored, "test")
    assert not is_whole(stored, load_card(stored))


def test_a_missing_file_is_named(stored, tmp_path):
    (tmp_path / "set" / "test.jsonl").unlink()
    with pytest.raises(UserError, match=r"no .*test\.jsonl\. Run python download_data\.py"):
        load_split(stored, "test")


@pytest.mark.parametrize("text", ["", "{}", "[]", "\0", '{"schema": 99}', "null", "3"])
def test_a_damaged_card_is_refused(stored, tmp_path, text):
    (tmp_path / "set" / "card.json").write_text(text)
    with pytest.raises(UserError, match=r"card\.json: .*damaged or of another version\..*--force"):
        load_card(stored)


def test_bytes_that_are_no_text_are_a_damaged_card(stored, tmp_path):
    (tmp_path / "set" / "card.json").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(UserError, match="damaged"):
        load_card(stored)


def test_a_file_in_place_of_the_folder_is_no_data(config):
    Path(config.dataset_path).write_text("")
    with pytest.raises(UserError, match="no data in"):
        load_card(config)


def test_a_data_set_is_whole_only_with_its_pages(stored, tmp_path):
    card = load_card(stored)
    assert is_whole(stored, card)
    (tmp_path / "set" / "data_card.png").unlink()
    assert not is_whole(stored, card)


def test_the_card_holds_figures_and_ids_but_no_text_of_the_data(stored, tmp_path):
    for name in ("card.json", "data_card.md"):
        page = (tmp_path / "set" / name).read_text()
        assert all(row["instruction"] not in page and row["output"] not in page for row in rows(60))


def test_a_split_file_holds_the_fields_of_an_example(stored, tmp_path):
    lines = (tmp_path / "set" / "train.jsonl").read_text().splitlines()
    fields = [field.name for field in dataclasses.fields(Example)]
    assert all(list(json.loads(line)) == fields for line in lines)
