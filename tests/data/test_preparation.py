"""Preparing is done once, whole or not at all, and depends on content alone."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from src.data import preparation
from src.data.card import chart
from src.data.curation.quality import TokenCounter
from src.data.dataset import load_card, load_split
from src.data.preparation import prepare_data
from src.schema import UserError
from src.system import files
from tests.data.preparing import data_config, example, row, rows, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
COUNTER = TokenCounter("words", lambda item: (len(item.instruction.split()), len(item.output.split())))


@pytest.fixture(autouse=True)
def quick_picture(monkeypatch):
    """Plotting takes longer than all the rest; card/test_chart.py plots."""
    monkeypatch.setattr(chart, "draw_card", lambda card, splits: b"picture")


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "rows.jsonl", rows(60))


def state(folder):
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
        if path.name != ".lock"
    }


def contents(config):
    return {name: load_split(config, name) for name in ("train", "validation", "test")}


def whole_or_refused(config):
    """Rows of each split that is whole by the card; a split that is not must be refused."""
    counts = []
    for name, part in load_card(config).splits.items():
        path = Path(config.dataset_path) / f"{name}.jsonl"
        if hashlib.sha256(path.read_bytes()).hexdigest() == part.fingerprint:
            counts.append(len(load_split(config, name)))
            assert counts[-1] == part.rows
        else:
            with pytest.raises(UserError, match="--force"):
                load_split(config, name)
    return counts


def test_preparing_twice_does_nothing(config, source, tmp_path):
    first = prepare_data(config, "file", [source])
    before = state(tmp_path / "set")
    assert sorted(before) == [
        "card.json",
        "data_card.md",
        "data_card.png",
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    ]
    assert prepare_data(config, "file", [source]) == first
    assert state(tmp_path / "set") == before


def test_force_prepares_again_and_gives_the_same_bytes(config, source, tmp_path):
    prepare_data(config, "file", [source])
    before = state(tmp_path / "set")
    prepare_data(config, "file", [source], force=True)
    after = state(tmp_path / "set")
    assert {name: content for name, (_, content) in after.items()} == {
        name: content for name, (_, content) in before.items()
    }
    assert all(after[name][0] > before[name][0] for name in before)


@pytest.mark.parametrize("name", ["train.jsonl", "card.json", "data_card.md", "data_card.png"])
@pytest.mark.parametrize("harm", ["remove", "truncate"])
def test_a_damaged_file_is_prepared_again(config, source, tmp_path, name, harm):
    prepare_data(config, "file", [source])
    path = tmp_path / "set" / name
    content = path.read_bytes()
    path.unlink() if harm == "remove" else path.write_bytes(content[: len(content) // 2])
    prepare_data(config, "file", [source])
    if harm == "remove" or not name.startswith("data_card"):  # the pages have no fingerprint
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "changes",
    [
        {"test_fraction": 0.3},
        {"validation_fraction": 0.1},
        {"near_duplicate_threshold": 0.9},
        {"remove_contamination": "true"},
    ],
)
def test_other_settings_make_another_preparation(config, source, tmp_path, changes):
    first = prepare_data(config, "file", [source])
    second = prepare_data(data_config(tmp_path / "set", **changes), "file", [source])
    assert second.recipe != first.recipe
    assert load_card(config) == second


def test_other_rows_or_benchmarks_make_another_preparation(config, source, tmp_path):
    first = prepare_data(config, "file", [source])
    other = prepare_data(config, "file", [write_jsonl(tmp_path / "other.jsonl", rows(61))])
    tested = prepare_data(config, "file", [source], benchmarks={"mine": [example("m/1")]})
    assert len({first.recipe, other.recipe, tested.recipe}) == 3
    assert tested.contamination.checked["mine"] == 1


def test_files_do_not_depend_on_the_order_of_rows(config, source, tmp_path):
    first = prepare_data(config, "file", [source])
    shuffled = random.Random(3).sample(rows(60), 60)
    second = prepare_data(config, "file", [write_jsonl(tmp_path / "shuffled.jsonl", shuffled)])
    assert second.fingerprint == first.fingerprint


def test_adding_rows_moves_no_other(config, source, tmp_path):
    prepare_data(config, "file", [source])
    before = contents(config)
    prepare_data(config, "file", [write_jsonl(tmp_path / "more.jsonl", rows(90))])
    after = contents(config)
    assert all(set(before[name]) <= set(after[name]) for name in before)


def test_a_given_test_set_is_the_test_split_without_rows_like_those_trained_on(config, source, tmp_path):
    new = [row(number) for number in range(100, 110)]
    alike = [
        row(3),  # the row itself
        {**row(4), "output": "something('else')"},  # its prompt
        {"instruction": "another task", "input": "", "output": row(5)["output"] + "\n"},  # its answer
        {"instruction": "one more", "output": row(6)["output"].replace("print", "paint")},  # 90 % of it
    ]
    tests = write_jsonl(tmp_path / "tests.jsonl", [*new, *alike, {"instruction": "no output"}])
    card = prepare_data(config, "file", [source], test_path=tests)
    found = contents(config)
    assert {item.output for item in found["test"]} == {item["output"] for item in new}
    assert len(found["train"]) + len(found["validation"]) == 60  # none is held out
    assert card.rejected == {
        "test set: near-duplicate of a row that is trained on or chosen by": 4,
        "test set: output missing": 1,
    }
    assert card.settings["test set"] == "tests.jsonl"
    assert max(item.answer for item in card.novelty.values()) < 90
    assert set(card.novelty) == {item.id for item in found["test"]}
    assert prepare_data(config, "file", [source], test_path=tests) == card
    assert prepare_data(config, "file", [source]).recipe != card.recipe


def test_a_given_test_set_replaces_that_of_a_source_and_is_refused_where_nothing_of_it_is_new(
    config, source, tmp_path
):
    tests = write_jsonl(tmp_path / "tests.jsonl", rows(5))
    card = prepare_data(config, "starter", test_path=tests)
    assert card.splits["test"].rows == 5
    assert card.rejected["test row of a source whose test set was replaced"] == 100
    with pytest.raises(
        UserError, match=r"^every row of tests\.jsonl is a near-duplicate .* give another --test_path"
    ):
        prepare_data(config, "file", [source], test_path=tests)
    with pytest.raises(UserError, match="no data file"):
        prepare_data(config, "file", [source], test_path=str(tmp_path / "none.jsonl"))


def test_the_starter_set_keeps_the_splits_it_comes_with(config):
    card = prepare_data(config, "starter")
    found = contents(config)
    assert {name: len(examples) for name, examples in found.items()} == {
        name: part.rows for name, part in card.splits.items()
    }
    assert len(found["test"]) == 100
    assert sum(bool(item.tests) for item in found["test"]) >= 50
    assert card.rejected == {}
    assert card.duplicates.straddling == 0


def test_bad_rows_are_counted_by_reason_with_their_lines(config, tmp_path):
    bad = [
        {"instruction": "x"},
        {"instruction": "y", "output": ""},
        [],
        row(1),
        {"instruction": 1, "output": "x"},
    ]
    card = prepare_data(config, "file", [write_jsonl(tmp_path / "a.jsonl", rows(60) + bad + bad[1:2] * 5)])
    assert (card.rows_read, card.rows) == (70, 60)
    assert card.rejected == {
        "output empty": 6,
        "output missing": 1,
        "not an object": 1,
        "copy of an earlier row": 1,
        "instruction not text": 1,
    }
    assert [(item.line, item.reason) for item in card.first_rejects] == [
        (61, "output missing"),
        (62, "output empty"),
        (63, "not an object"),
        (64, "copy of an earlier row"),
        (65, "instruction not text"),
        (66, "output empty"),
    ]
    assert card.duplicates.exact_rows == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [{"instruction": "a"}],
            "no usable row in rows.jsonl (1 output missing); expected instruction, input, output",
        ),
        ([{"question": "a", "answer": "b"}] * 3, "3 instruction missing"),
        ([{"messages": []}], "1 no assistant turn"),
        ([], "is empty"),
        ([row(1)], "split of rows.jsonl is empty (1 rows in all)"),
    ],
)
def test_a_file_with_too_few_usable_rows_is_refused_and_nothing_is_written(config, tmp_path, values, message):
    with pytest.raises(UserError) as error:
        prepare_data(config, "file", [write_jsonl(tmp_path / "rows.jsonl", values)])
    assert message in str(error.value)
    assert not (tmp_path / "set").exists() or state(tmp_path / "set") == {}


def test_a_split_of_fraction_0_may_be_empty(tmp_path, source):
    config = data_config(tmp_path / "set", validation_fraction=0, test_fraction=0)
    card = prepare_data(config, "file", [source])
    assert {name: part.rows for name, part in card.splits.items()} == {
        "train": 60,
        "validation": 0,
        "test": 0,
    }
    assert load_split(config, "test") == []


def test_a_weight_keeps_its_share_of_a_file_by_content(config, tmp_path):
    first = write_jsonl(tmp_path / "a.jsonl", rows(100))
    second = write_jsonl(tmp_path / "b.jsonl", rows(600)[100:])
    card = prepare_data(config, "file", [first, f"{second}:0.3"])
    kept = card.rows - 100
    assert abs(kept - 150) < 4 * (500 * 0.3 * 0.7) ** 0.5  # binomial, 4 standard deviations
    assert card.rejected == {"outside the share of its file": 500 - kept}
    assert card.first_rejects[0].file == "b.jsonl"
    few = {item.id for examples in contents(config).values() for item in examples}
    prepare_data(config, "file", [first, f"{second}:0.6"])
    assert few <= {item.id for examples in contents(config).values() for item in examples}


def test_files_of_the_config_are_used_unless_others_are_given(tmp_path, source):
    config = data_config(tmp_path / "set", source="file", paths=f"[{source}]")
    assert prepare_data(config).origin == "rows.jsonl"
    other = write_jsonl(tmp_path / "other.jsonl", rows(70))
    assert prepare_data(config, paths=[other]).origin == "other.jsonl"
    assert prepare_data(config, "starter").source == "starter"


def test_paths_alone_mean_the_source_file(config, source):
    assert prepare_data(config, paths=[source]).source == "file"


def test_chats_prompts_and_alpaca_rows_mix(config, tmp_path):
    chat = [
        {
            "messages": [
                {"role": "user", "content": item["instruction"]},
                {"role": "assistant", "content": item["output"]},
            ]
        }
        for item in rows(20)
    ]
    pairs = [{"prompt": item["instruction"], "completion": item["output"]} for item in rows(40)[20:]]
    card = prepare_data(config, "file", [write_jsonl(tmp_path / "a.jsonl", chat + pairs + rows(60)[40:])])
    assert (card.rows, card.rejected) == (60, {})


def test_token_lengths_are_added_to_a_prepared_set_without_changing_its_splits(config, source, tmp_path):
    first = prepare_data(config, "file", [source])
    before = state(tmp_path / "set")
    second = prepare_data(config, "file", [source], counter=COUNTER)
    after = state(tmp_path / "set")
    assert first.tokens is None
    assert second.tokens.tokenizer == "words"
    assert second.tokens.n == 60
    assert all(before[f"{name}.jsonl"] == after[f"{name}.jsonl"] for name in ("train", "validation", "test"))
    assert load_card(config) == second
    assert prepare_data(config, "file", [source], counter=COUNTER) == second
    assert state(tmp_path / "set") == after


def test_another_run_in_the_folder_is_named(config, source, tmp_path):
    with (
        files.sole_writer(tmp_path / "set", "wait"),
        pytest.raises(
            UserError, match=rf"another run \(pid {os.getpid()}\) is writing to .*data\.dataset_path"
        ),
    ):
        prepare_data(config, "file", [source])
    assert prepare_data(config, "file", [source]).rows == 60


def test_a_full_disk_leaves_what_was_there(config, source, tmp_path, monkeypatch):
    prepare_data(config, "file", [source])
    before = state(tmp_path / "set")

    def full(path, data):
        if path.parent.joinpath("card.json").exists() and len(data) > 5_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        path.write_bytes(data)

    monkeypatch.setattr(files, "_write_durably", full)
    with pytest.raises(UserError, match=r"cannot write to .*No space left on device.*data\.dataset_path"):
        prepare_data(config, "file", [source], force=True)
    assert state(tmp_path / "set") == before


def test_a_folder_that_cannot_be_created_is_named(tmp_path, source):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write to .*Not a directory.*set data\.dataset_path"):
        prepare_data(data_config(tmp_path / "file" / "set"), "file", [source])


PREPARE = """
import sys
from src.data.preparation import prepare_data
from tests.data.preparing import data_config
print("ready", flush=True)
while True:
    prepare_data(data_config(sys.argv[1]), "file", [sys.argv[2]], force=True)
"""


def test_a_kill_at_any_moment_leaves_a_data_set_that_is_whole_or_refused(tmp_path, source):
    """Each kill is followed by a preparation, which must give the files of an undisturbed one."""
    config = data_config(tmp_path / "set")
    expected = prepare_data(config, "file", [source])
    draw = random.Random(8)
    process = subprocess.Popen(
        [sys.executable, "-c", PREPARE, config.dataset_path, source], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(2 + draw.random())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert whole_or_refused(config) == [
        part.rows for part in expected.splits.values()
    ]  # its rows are the same
    assert prepare_data(config, "file", [source]) == expected
    assert not list((tmp_path / "set").glob(".*.tmp"))


@pytest.mark.parametrize("writes", range(6))
def test_a_stop_between_any_two_renames_is_repaired_by_the_next_run(
    config, source, tmp_path, monkeypatch, writes
):
    prepare_data(config, "file", [source])
    other = write_jsonl(tmp_path / "other.jsonl", rows(90))
    true_replace, left = Path.replace, [writes]

    def replace(path, target):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return true_replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            prepare_data(config, "file", [other])
    whole_or_refused(config)
    assert prepare_data(config, "file", [other]).rows == 90
    assert not list((tmp_path / "set").glob(".*.tmp"))


def test_leftovers_of_a_killed_run_are_removed(config, source, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / ".0123456789abcdef.tmp").write_text("half a file")
    prepare_data(config, "file", [source])
    assert not list((tmp_path / "set").glob(".*.tmp"))


def test_a_huge_row_is_prepared(config, tmp_path):
    huge = {"instruction": "Print much", "input": "y" * 200_000, "output": "print(1)\n" * 100_000}
    card = prepare_data(config, "file", [write_jsonl(tmp_path / "a.jsonl", [*rows(60), huge])])
    assert card.rows == 61
    assert card.characters["output"].longest == 899_999


def test_reading_happens_in_one_thread_and_leaves_none(config, source):
    before = threading.active_count()
    prepare_data(config, "file", [source])
    assert threading.active_count() <= before + 1  # tqdm keeps a monitor


def test_the_version_of_the_preparation_is_part_of_the_recipe(config, source, monkeypatch):
    first = prepare_data(config, "file", [source])
    monkeypatch.setattr(preparation, "PREPARATION", preparation.PREPARATION + 1)
    assert prepare_data(config, "file", [source]).recipe != first.recipe
