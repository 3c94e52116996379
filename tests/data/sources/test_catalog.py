"""Every source gives its rows with their place, and equal rows have an equal identity."""

import pytest

from src.data.sources import catalog
from src.data.sources.catalog import SPLITS, STARTER, find_source
from src.data.sources.readers import read_rows
from src.schema import UserError
from tests.data.preparing import data_config, rows, write_jsonl
from tests.data.web import serving


def file_source(tmp_path, *paths):
    return find_source(data_config(tmp_path), "file", list(paths), force=False)


def test_a_file_gives_its_rows_with_their_line(tmp_path):
    source = file_source(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows(3)))
    assert [(row.line, row.values, row.file) for row in source.rows()] == [
        (number, values, "") for number, values in enumerate(rows(3), 1)
    ]
    assert (source.kind, source.origin, source.unit, source.has_splits) == ("file", "a.jsonl", "line", False)


def test_rows_of_several_files_name_their_file_and_share(tmp_path):
    first = write_jsonl(tmp_path / "a.jsonl", rows(2))
    second = write_jsonl(tmp_path / "b.jsonl", rows(3)[2:])
    source = file_source(tmp_path, first, f"{second}:0.25")
    assert [(row.file, row.line, row.share) for row in source.rows()] == [
        ("a.jsonl", 1, 1.0),
        ("a.jsonl", 2, 1.0),
        ("b.jsonl", 1, 0.25),
    ]
    assert source.origin == "a.jsonl + b.jsonl:0.25"


def test_files_of_one_name_are_distinguished_by_their_folders(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_jsonl(tmp_path / folder / "a.jsonl", rows(1))
    source = file_source(tmp_path, str(tmp_path / "one" / "a.jsonl"), str(tmp_path / "two" / "a.jsonl"))
    assert [row.file for row in source.rows()] == ["one/a.jsonl", "two/a.jsonl"]


def test_the_identity_is_that_of_the_content_and_of_the_weight(tmp_path):
    first = write_jsonl(tmp_path / "a.jsonl", rows(2))
    copy = write_jsonl(tmp_path / "copy.jsonl", rows(2))
    other = write_jsonl(tmp_path / "b.jsonl", rows(3))
    identity = file_source(tmp_path, first).identity
    assert file_source(tmp_path, copy).identity == identity
    assert file_source(tmp_path, other).identity != identity
    assert file_source(tmp_path, f"{first}:0.5").identity != identity


@pytest.mark.parametrize("weight", ["0", "-1", "1.5", "2", "1e9", "0.5x", "-", "0.0"])
def test_a_weight_is_over_0_and_at_most_1(tmp_path, weight):
    path = write_jsonl(tmp_path / "a.jsonl", rows(2))
    with pytest.raises(UserError, match="over 0 and at most 1"):
        file_source(tmp_path, f"{path}:{weight}")


def test_a_file_whose_name_ends_like_a_weight_is_that_file(tmp_path):
    path = tmp_path / "a.jsonl:0.5"
    write_jsonl(path, rows(2))
    with pytest.raises(
        UserError, match="expected a file ending in"
    ):  # found, and refused for its ending only
        list(file_source(tmp_path, str(path)).rows())


@pytest.mark.parametrize(
    ("kind", "paths", "message"),
    [
        ("file", [], "--source file needs --path FILE or data.paths"),
        ("file", ["missing.json"], "no data file missing.json; check --path"),
        ("file", ["missing.json:0.5"], "no data file missing.json"),
        ("starter", ["a.json"], "--path goes with --source file, not with --source starter"),
        ("hub", ["a.json"], "not with --source hub"),
        ("web", [], "unknown source 'web'; expected one of hub, github, file, starter"),
    ],
)
def test_a_source_that_cannot_be_is_refused(tmp_path, kind, paths, message):
    with pytest.raises(UserError) as error:
        find_source(data_config(tmp_path), kind, paths, force=False)
    assert message in str(error.value)


def test_a_parquet_file_counts_rows_and_any_other_lines(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows(2)), path)
    assert file_source(tmp_path, str(path)).unit == "row"
    assert file_source(tmp_path, str(path), write_jsonl(tmp_path / "a.jsonl", rows(1))).unit == "line"


def test_the_starter_set_has_splits_and_comes_under_the_licence_of_the_project(tmp_path):
    source = find_source(data_config(tmp_path), "starter", [], force=False)
    found = list(source.rows())
    expected = [len(list(read_rows(STARTER / f"{split}.jsonl"))) for split in SPLITS]
    assert [sum(row.split == split for row in found) for split in SPLITS] == expected
    assert source.has_splits
    assert source.licence == "Apache-2.0"


def test_nothing_is_fetched_before_the_rows_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving((200, b'[{"instruction": "a", "output": "b"}]')) as web:
        monkeypatch.setattr(catalog, "GITHUB_URL", web.url)
        source = find_source(data_config(tmp_path), "github", [], force=False)
        assert web.asked == []
        assert [row.values for row in source.rows()] == [{"instruction": "a", "output": "b"}]
        assert len(list(source.rows())) == 1
        assert len(web.asked) == 1
        list(find_source(data_config(tmp_path), "github", [], force=True).rows())
        assert len(web.asked) == 2
    assert source.licence == "CC BY-NC 4.0"
    assert (tmp_path / "download" / "rows.json").exists()


def test_the_licence_of_a_hub_set_is_known_for_code_alpaca_only(tmp_path):
    assert find_source(data_config(tmp_path), "hub", [], force=False).licence == "CC BY-NC 4.0"
    other = data_config(tmp_path, dataset_name="somebody/other")
    assert find_source(other, "hub", [], force=False).licence == "see its page on the hub"
