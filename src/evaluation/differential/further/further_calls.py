"""Looks for calls on which an answer that agrees with its reference on the chosen ones does something else.

The chosen calls tell the reference from its own mutants. An answer is another program, with faults that no mutant of the
reference has: it is tried on many more calls like those, some of which are made of what it knows itself.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence

from src.evaluation.differential.counterparts.bindings import Binding
from src.evaluation.differential.equivalence.agreement import OUT_OF_TIME, call_difference
from src.evaluation.differential.further.likeness import Likeness
from src.evaluation.differential.further.small_values import SmallValues
from src.evaluation.differential.inputs.input_generation import candidates, parameters
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.evaluation.differential.program_analysis import entry_functions
from src.evaluation.differential.search import SEARCH_SHARE, TURNS, Search, size_of
from src.evaluation.differential.trial import Trial
from src.evaluation.differential.verdicts import Comparison, with_outcome

AT_ONCE = 96  # calls of one run: a record has room for what these give
MORE_TURNS = 3  # of varied calls
DIFFERING = 36  # calls of which it is asked whether the task is about them
BESIDE = 12  # chosen ones that are looked at with these: together no more than are chosen


def on_further_calls(trial: Trial, agreed: Comparison, way: Binding) -> Comparison | None:
    """Failed, where an answer that agrees with its reference on the chosen calls does not on further ones.

    way: how the answer's functions are called. Calls that take the answer too long do not count: what it may take is
    measured on the chosen ones.
    """
    known, verdict = agreed.behaviour, agreed.verdict
    if agreed.record is None or verdict is None or known.search is None:
        return None
    rules = trial.rules
    search = dataclasses.replace(
        known.search, sandbox=trial.sandbox, setting=known.search.setting.of_any_time()
    )

    def both(calls: Sequence[Call]) -> list[list[ProbeRecord]]:
        records = (
            trial.run(known.program, calls, search.names(calls), share=SEARCH_SHARE)[1],
            trial.run(trial.code, calls, way, share=SEARCH_SHARE)[1],
        )
        return [_results(record, len(calls)) for record in records]

    found = []
    further = further_calls(search, known.calls, trial.tree)
    for start in range(0, len(further), AT_ONCE):
        some = further[start : start + AT_ONCE]
        results = both(some)
        for call, left, right in zip(some, *results, strict=False):
            is_slow = right["error"] in OUT_OF_TIME
            if not is_slow and call_difference(rules, [call], {"calls": [left]}, {"calls": [right]}):
                found.append(call)
        if any(result["error"] in OUT_OF_TIME for own in results for result in own):
            break  # those that follow are larger
    # Beside chosen ones, since what gives False on all that it is called with shows nothing.
    selection = search.selected([*known.calls[:BESIDE], *found[:DIFFERING]]) if found else None
    differing = [call for call in selection.calls if call in found] if selection else []
    more = both(differing) if differing else [[]]
    if not all(more):
        return None
    # All together, since an answer may say the same in words of its own.
    calls = (*known.calls, *differing)
    expected, actual = (
        own | {"calls": [*own["calls"], *results]}
        for own, results in zip((known.record, agreed.record), more, strict=True)
    )
    difference = call_difference(rules, calls, expected, actual)
    if not difference:
        return None
    behaviour = dataclasses.replace(known, calls=calls, record=expected)
    return Comparison(with_outcome(verdict, "failed", difference), behaviour, actual)


def further_calls(search: Search, chosen: Sequence[Call], answer: ast.Module) -> list[Call]:
    """Calls like those chosen: varied ones, small ones, and ones made of the constants and branches of the answer."""
    setting = search.setting
    found = [call for turn in range(MORE_TURNS) for call in search.calls(TURNS + turn)]
    values = SmallValues(_constants(setting.tree, answer))
    for name, function in setting.functions.items():
        given = [arguments for other, arguments in chosen if other == name]
        small = values.calls(given) + (values.shifted(given) if name in setting.any_numbers else [])
        taken = len(parameters(function)[0])
        for own in entry_functions(answer):
            if len(parameters(own)[0]) == taken:
                small += candidates(own, setting.known[name], setting.scope.domain, 0, answer)
        found += [(name, setting.scope.granted[name].fitted(arguments)) for arguments in small]
    like = {
        name: Likeness(
            [arguments for other, arguments in chosen if other == name],
            name in setting.classes,
            name in setting.any_numbers,
        )
        for name in {name for name, _ in chosen}
    }
    fitting = [
        (name, arguments)
        for name, arguments in dict.fromkeys(found)
        if name in like
        and (name, arguments) not in chosen
        and setting.scope.admits((name, arguments))
        and not setting.scope.is_edge((name, arguments))
        and like[name].admits(arguments)
    ]
    return sorted(fitting, key=size_of)  # after some that take too long the others of a run are not made


def _results(record: ProbeRecord | None, count: int) -> list[ProbeRecord]:
    """What each of so many calls gave; nothing where the program did not come so far."""
    calls: list[ProbeRecord] = record["calls"] if record else []
    return calls if len(calls) == count else []


def _constants(*trees: ast.Module) -> list[object]:
    """The numbers and texts that programs know, each once."""
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return list(dict.fromkeys(node.value for node in nodes if type(node.value) in (int, str)))
