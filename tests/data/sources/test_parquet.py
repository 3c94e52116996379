"""A Parquet file gives its rows, whatever their number, and one that unpacks to far more than its size is refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from src.data.sources import parquet
from src.data.sources.parquet import BATCH_ROWS, parquet_rows
from src.data.sources.readers import read_rows
from src.schema import UserError
from src.system.worker_process import Budget


def written(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="zstd")
    return path


def test_rows_come_in_their_order_whatever_their_number_and_types(tmp_path: Path) -> None:
    count = 3 * BATCH_ROWS + 1
    path = written(
        tmp_path,
        {
            "instruction": [f"\u2028{number}" for number in range(count)],
            "output": [None, *["b"] * (count - 1)],
            "day": [datetime.date(2020, 1, 1)] * count,  # JSON has none: a list of its type's name
            "turns": [[{"role": "user"}]] * count,
        },
    )
    rows = [row.values for row in read_rows(path)]
    assert [row["instruction"] for row in rows] == [f"\u2028{number}" for number in range(count)]
    assert rows[0] == {"instruction": "\u20280", "output": None, "day": ["date"], "turns": [{"role": "user"}]}
    assert list(parquet_rows(written(tmp_path, {"output": []}).read_bytes(), path)) == []


def test_rows_that_are_left_unread_do_not_appear_in_the_next_file(tmp_path: Path) -> None:
    first = written(tmp_path, {"output": ["a"] * 100}).read_bytes()
    second = written(tmp_path, {"output": ["b"] * 100}).read_bytes()
    next(parquet_rows(first, tmp_path))
    assert {row["output"] for row in parquet_rows(second, tmp_path)} == {"b"}


def bomb(folder: Path) -> Path:
    """One text of 4 MiB that each of 10,000 rows refers to: 40 GB from about a kilobyte."""
    texts = pyarrow.array(["x" * (4 << 20)])
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 10_000, pyarrow.int32()), texts)
    path = written(folder, {"instruction": column, "output": column})
    assert path.stat().st_size < 100_000
    return path


def test_a_bomb_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.parquet unpacks to more than 512 MiB"):
        list(read_rows(bomb(tmp_path)))


def test_a_reader_that_runs_on_is_ended_and_the_next_file_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bomb(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(parquet, "BUDGET", Budget(cpu_s=60.0, wall_s=60.0, memory_mib=1.0))
        with pytest.raises(UserError, match="which is not read"):
            list(read_rows(path))
    assert [row.values for row in read_rows(written(tmp_path, {"output": ["a"]}))] == [{"output": "a"}]
