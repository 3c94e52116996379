"""Selects, of the calls tried on a reference, those that discriminate between it and other programs."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any

from src.evaluation.differential.input_generation import kinds_of
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.evaluation.differential.program_analysis import names_in

MAX_CALLS = 24  # per function
# What the probe writes of None, [], "", False and 0.
EMPTY: tuple[list[Any], ...] = ([], [[]], [""], [0], ["0x0"])


def discriminating_calls(
    tree: ast.Module, tried: Sequence[Call], results: Sequence[ProbeRecord]
) -> list[Call]:
    """Of the calls tried on the reference, those that show what it does, at most MAX_CALLS per function.

    Calls of one combination of kinds only, as far as those suffice: `add(a, b)` also joins lists, but
    that is not its task. An error counts only where the reference raises it itself.
    """
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    raised = {name for node in statements for name in names_in(node.exc)} - {"Exception", "TypeError"}
    chosen: list[Call] = []
    for function in dict.fromkeys(name for name, _ in tried):
        informative = [
            (call, json.dumps(result))
            for call, result in zip(tried, results, strict=False)
            if call[0] == function and _shows_behaviour(result, raised)
        ]
        if not _is_always_empty([json.loads(result) for _, result in informative]):
            chosen += _varied_results(informative)
    return chosen


def _varied_results(informative: Sequence[tuple[Call, str]]) -> list[Call]:
    """Calls of the kinds that came first, one per distinct result ahead of the others."""
    allowed: list[tuple[str, ...]] = []
    for call, result in informative:
        kinds = kinds_of(call[1])
        enough = len({r for c, r in informative if kinds_of(c[1]) in allowed}) >= 5
        if kinds not in allowed and not enough and not json.loads(result)["error"]:
            allowed.append(kinds)
    fitting = [(call, result) for call, result in informative if kinds_of(call[1]) in allowed]
    first: dict[str, Call] = {}
    for call, result in fitting:
        first.setdefault(result, call)
    rest = [call for call, _ in fitting if call not in first.values()]
    return [*first.values(), *rest][:MAX_CALLS]


def _is_always_empty(results: Sequence[ProbeRecord]) -> bool:
    """Whether a function only raises, or gives one empty value whatever it is given: any stub does that."""
    ended = [result for result in results if not result["error"]]
    first = ended[0]["value"] if ended else None
    silent = all(not result["stdout"].strip() and result["changed"] is None for result in ended)
    return silent and all(result["value"] == first for result in ended) and (not first or first[1:] in EMPTY)


def _shows_behaviour(result: ProbeRecord, raised: set[str]) -> bool:
    if result["error"]:
        return result["error"] in raised
    return is_discriminating(result["value"]) or bool(
        result["stdout"].strip() or result["changed"] is not None
    )


def is_discriminating(described: list[Any] | None) -> bool:
    return described is not None and described[0] not in "nu"
