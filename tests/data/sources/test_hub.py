"""The hub's rows come from its library's cache, a folder, or not at all; each error is one line."""

import json
import subprocess
import sys

import pytest

from src.data.sources.hub import hub_rows
from src.schema import UserError
from tests.data.preparing import rows, write_jsonl
from tests.data.web import serving


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def cache(tmp_path, name, values):
    """A data set as datasets 5.2.0 leaves it in its cache after a download."""
    import datasets

    source = write_jsonl(tmp_path / "source.jsonl", values)
    datasets.load_dataset("json", data_files=source, cache_dir=str(tmp_path / "built"))
    owner, title = name.split("/")
    configuration = next((tmp_path / "built" / "json").iterdir())
    place = tmp_path / "cache" / f"{owner}___{title}" / "default"
    place.parent.mkdir(parents=True)
    configuration.rename(place)
    for arrow in place.rglob("json-*.arrow"):
        arrow.rename(arrow.with_name(arrow.name.replace("json", title, 1)))


def test_a_data_set_in_the_cache_is_read_without_the_hub(tmp_path):
    cache(tmp_path, "somebody/codes", rows(4))
    found = list(hub_rows("somebody/codes"))
    assert [row.values for row in found] == rows(4)
    assert [row.line for row in found] == [1, 2, 3, 4]


def test_every_split_of_a_folder_is_read_and_numbered_consecutively(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", rows(3))
    write_jsonl(folder / "test.jsonl", rows(5)[3:])
    found = list(hub_rows(str(folder)))
    assert [row.line for row in found] == [1, 2, 3, 4, 5]
    assert sorted(row.values["output"] for row in found) == sorted(row["output"] for row in rows(5))


def test_a_data_set_that_is_neither_cached_nor_reachable_names_the_other_sources():
    with pytest.raises(UserError) as error:
        list(hub_rows("somebody/missing"))
    assert "cannot load somebody/missing from the hub" in str(error.value)
    assert "another --source" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["not a name!", "a/b/c", "../up"])
def test_a_name_that_is_none_is_refused_in_one_line(name):
    with pytest.raises(UserError, match="cannot load"):
        list(hub_rows(name))


ASK = """
import json, sys
from src.data.sources.hub import hub_rows
from src.schema import UserError
try:
    list(hub_rows("somebody/codes"))
except UserError as error:
    print(json.dumps(str(error)))
"""


def test_a_hub_that_refuses_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serving((401, b"no")) as web:
        monkeypatch.setenv("HF_ENDPOINT", web.url.rsplit("/", 1)[0])
        run = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=100)
    message = json.loads(run.stdout)
    assert "(401): log in with `hf auth login`" in message
    assert "another --source" in message
