"""What the tests of data share: rows of three kinds, and a configuration of the data section."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from src.config import DataConfig, load_config
from src.schema import Example

WORDS = (
    "amber basil cedar delta ember fjord grove haven inlet jewel knoll lemon maple nectar olive pearl".split()
)


def row(number: int) -> dict[str, str]:
    """A row that shares no n-gram of words with a row of another number."""
    words = [WORDS[(number // 16**place) % 16] + str(number % 7 + place) for place in range(4)]
    first, second, third, fourth = words
    return {
        "instruction": f"{first} {second} {third} {fourth}",
        "input": "" if number % 3 else f"{fourth} {first}",
        "output": f"{first} = {number}\n{second} = {first} * {number + 1}\nprint({second} - {number + 2})",
    }


def rows(count: int) -> list[dict[str, str]]:
    return [row(number) for number in range(count)]


def data_config(folder: Path, **changes: Any) -> DataConfig:
    """The data section with its data set in `folder`; a fifth each for validation and test."""
    values = {"validation_fraction": 0.2, "test_fraction": 0.2, "dataset_path": folder} | changes
    return load_config(overrides=[f"data.{name}={value}" for name, value in values.items()]).data


def write_jsonl(path: Path, values: Iterable[Any]) -> str:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return str(path)


def example(number: int | str, output: str = "pass", **changes: Any) -> Example:
    values = {"id": str(number), "instruction": f"task {number}", "input": "", "output": output} | changes
    return Example(**values)
