"""Fuzz targets: everything that reads what a model wrote, from the extraction of its code to the report."""

from __future__ import annotations

import ast
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reliability.fuzz_inputs import FRAGMENT, answers, repeated
from src.schema import Execution, Sample, to_json

Check = Callable[[], None]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | FRAGMENT | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FRAGMENT, inner, max_size=4),
    max_leaves=12,
)


def extraction_target(size: int) -> Check:
    from src.evaluation.extraction.extract import extract
    from src.languages.registry import LANGUAGES

    @given(answers(size), st.sampled_from(["", "cobol", *LANGUAGES]))
    def check(answer: str, language: str) -> None:
        assert isinstance(extract(answer, language).code, str)

    return check


def detection_target(size: int) -> Check:
    from src.languages.detection import detect, is_prose

    @given(answers(size), answers(size), answers(size))
    def check(instruction: str, given_input: str, code: str) -> None:
        detect(instruction, given_input, code)
        is_prose(code)

    return check


def tokens_target(size: int) -> Check:
    from src.languages.registry import LANGUAGES
    from src.languages.tokenizer import tokenize_code

    @given(answers(size), st.sampled_from(["", *LANGUAGES]))
    def check(code: str, language: str) -> None:
        tokenize_code(code, language)

    return check


def syntax_target(*languages: str) -> Callable[[int], Check]:
    def make(size: int) -> Check:
        from src.languages.registry import syntax_error

        texts = [st.tuples(st.just(language), answers(size, language)) for language in languages]

        @given(st.one_of(texts))
        def check(text: tuple[str, str]) -> None:
            error = syntax_error(*text)
            assert error is None or error

        return check

    return make


def tree_sitter_target(size: int) -> Check:
    from src.languages.registry import LANGUAGES

    return syntax_target(
        *(name for name, language in LANGUAGES.items() if language.parser and not language.strict)
    )(size)


def sqlite_target(size: int) -> Check:
    from src.evaluation.execution.runners import refusal
    from src.languages.sql import MAX_SQL_CHARS, to_sqlite

    @given(answers(min(size, MAX_SQL_CHARS), "sql"))
    def check(code: str) -> None:
        if refusal(code) is None and len(code) <= MAX_SQL_CHARS:  # as before it runs
            to_sqlite(code)

    return check


def wrapped_target(size: int) -> Check:
    from src.evaluation.execution.runners import refusal
    from src.languages.registry import LANGUAGES

    names = [name for name, language in LANGUAGES.items() if language.wrap and not language.checked]
    texts = [st.tuples(st.just(name), answers(size, name)) for name in names]

    @given(st.one_of(texts))
    def check(text: tuple[str, str]) -> None:
        name, code = text
        if refusal(code) is None:
            LANGUAGES[name].source(code)

    return check


def definitions_target(size: int) -> Check:
    from src.evaluation.execution.runners import refusal
    from src.languages.registry import LANGUAGES

    texts = [st.tuples(st.just(language), answers(size, language)) for language in LANGUAGES]

    @given(st.one_of(texts))
    def check(text: tuple[str, str]) -> None:
        if refusal(text[1]) is None:
            LANGUAGES[text[0]].defines_only(text[1])

    return check


def verdict_target(size: int) -> Check:
    """What is read from the output of a program: why it failed, and whether a package was missing."""
    from src.evaluation.execution.judge import classify
    from src.evaluation.execution.missing_dependencies import marked_missing
    from src.languages.registry import LANGUAGES

    words = st.sampled_from(
        [
            "ModuleNotFoundError: No module named 'x'",
            "fatal error: a.h: No such file",
            "command not found",
            "Error: ",
        ]
    )
    texts = answers(min(size, 65_536)) | st.lists(words | FRAGMENT, max_size=9).map("\n".join)

    @given(texts, texts, st.sampled_from(["", *LANGUAGES]))
    def check(out: str, err: str, language: str) -> None:
        execution = Execution("error", err[:300], out, err)
        marked_missing(language, execution)
        classify(execution, None, (), "x")

    return check


def whole_program_target(size: int) -> Check:
    """The program that runs: the answer behind its prompt and its sample's input."""
    from src.evaluation.execution.judge import whole_program, with_input

    language = st.sampled_from(["python", "sql", "javascript"])
    prefix = st.sampled_from(["", "def f(x):\n", "import os\n\n\ndef f(x):\n    '''text'''\n"])

    @given(answers(size), answers(size), language, prefix)
    def check(given_input: str, code: str, language: str, prefix: str) -> None:
        sample = Sample("1", "", given_input, code, code, language, prefix=prefix)
        with_input(sample, whole_program(sample, code))

    return check


def analysis_target(size: int) -> Check:
    """What the differential run reads of both programs before it runs them."""
    from src.evaluation.differential import program_analysis as analysis
    from src.evaluation.differential.counterparts.bindings import bindings
    from src.evaluation.differential.equivalence.rules import rules_of
    from src.evaluation.differential.inputs.file_fixtures import files_for
    from src.evaluation.differential.inputs.input_generation import candidates
    from src.evaluation.differential.inputs.preconditions.domain import shown_domain
    from src.evaluation.differential.inputs.preconditions.relations import granted_by
    from src.evaluation.differential.inputs.sessions.sessions import session_calls
    from src.evaluation.differential.inputs.sessions.shown_sessions import known_sessions
    from src.languages.python import setup_program
    from src.languages.syntax import parse_python

    @given(answers(size, "python"), answers(size))
    def check(code: str, given_input: str) -> None:
        setup_program(given_input)
        tree = parse_python(code)
        if tree is None:
            return
        for look in (
            analysis.opens_window,
            analysis.reads_input,
            analysis.shows_addresses,
            analysis.iterates_set,
        ):
            look(tree)
        analysis.without_reading(tree)
        files_for(code, given_input)
        rules_of(given_input, tree, given_input)
        calls = []
        for function in analysis.entry_functions(tree):
            granted = granted_by(function, given_input, ())
            for arguments in candidates(function, (), shown_domain(given_input, given_input, ())):
                granted.admits(arguments)
                calls.append((function.name, arguments))
                for source in arguments:
                    ast.literal_eval(source)
        for node in analysis.entry_classes(tree):
            calls += [
                (node.name, session) for session in session_calls(node, tree, known_sessions(node, tree), 0)
            ]
        bindings(tree, tree, calls)

    return check


def equality_target(size: int) -> Check:
    from src.evaluation.differential.equivalence.equality import (
        same_numbers,
        same_text,
        same_value,
        well_formed,
    )
    from src.evaluation.differential.inside.description import describe

    output = answers(min(size, 65_536)) | repeated(min(size, 65_536))

    @given(VALUES, VALUES, VALUES, output, output, st.booleans())
    def check(left: Any, right: Any, forged: Any, out: str, other: str, ordered: bool) -> None:
        a, b = describe(left, ordered), describe(right, ordered)
        assert same_value(a, a, ordered)
        assert same_value(a, b, ordered) == same_value(b, a, ordered)
        if well_formed(forged):
            same_value(forged, a)
        assert same_text(out, out, ordered)
        same_text(out, other, ordered)
        same_numbers(out, other)

    return check


def record_target(size: int) -> Check:
    """The record that a program may write in place of the probe."""
    from src.evaluation.differential.probe_runner import Inputs, run_probe
    from src.sandbox.sandbox import Limits

    part = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("error", "message", "stdout", "last", "value", "changed"), VALUES)
    )
    records = st.fixed_dictionaries(
        {},
        optional={"module": part | VALUES, "calls": st.lists(part) | VALUES, "files": VALUES, "seen": VALUES},
    )
    texts = records.map(json.dumps) | answers(min(size, 65_536))

    class Forged:
        limits = Limits()
        text = ""

        def python(self, source: str, stdin: bytes = b"") -> Execution:
            plan = json.loads(ast.literal_eval(source.split("\n", 1)[0].removeprefix("PLAN_JSON = ")))
            return Execution("passed", stdout=plan["marker"] + self.text)

    sandbox = Forged()

    @given(texts)
    def check(text: str) -> None:
        sandbox.text = text
        run_probe(sandbox, Inputs("", {}), "x = 1", [("f", ("1",))])  # type: ignore[arg-type]

    return check


def response_target(size: int) -> Check:
    """What a worker sends back."""
    from src.sandbox.inside import wire
    from src.sandbox.outcome import read_response

    header = st.fixed_dictionaries(
        {},
        optional={
            name: VALUES | st.sampled_from(["", "run", 0, True, None])
            for name in "sizes step status stopped finished tested error line forged wall_s cpu_s peak_mib failure".split()
        },
    )
    sent = header.map(json.dumps).map(str.encode) | FRAGMENT.map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
    quota = {"cpu_s": 1, "wall_s": 1, "longest_s": 1, "memory_mib": 1, "output_bytes": 1, "processes": 1}

    @given(sent, st.binary(max_size=20), st.integers(0, 3))
    def check(content: bytes, tail: bytes, moved: int) -> None:
        reader, writer = os.pipe()
        try:
            os.write(writer, (len(content) + moved // 3).to_bytes(4, "big") + content + tail)
            os.close(writer)
            received, blobs = wire.receive(reader, time.monotonic() + 5)
            read_response(received, blobs, quota)
        except (ConnectionError, EOFError):
            pass
        finally:
            os.close(reader)

    return check


def codebleu_target(size: int) -> Check:
    from src.evaluation.codebleu.score import codebleu_score
    from src.languages.registry import LANGUAGES

    texts = [
        st.tuples(answers(size, key), answers(min(size, 2_000), key), st.just(key))
        for key, language in LANGUAGES.items()
        if language.data_flow
    ]

    @given(st.one_of(texts))
    def check(texts: tuple[str, str, str]) -> None:
        found = codebleu_score(*texts)
        assert found is None or 0 <= found.value <= 100 + 1e-9

    return check


def metrics_target(size: int) -> Check:
    from src.metrics.text_statistics import bleu_code_statistics, bleu_statistics, chrf_statistics

    @given(answers(size), answers(size), st.sampled_from(["", "python", "sql"]))
    def check(prediction: str, reference: str, language: str) -> None:
        assert len(bleu_statistics(prediction, reference)) == 10
        assert len(bleu_code_statistics(prediction, reference, language)) == 10
        assert len(chrf_statistics(prediction, reference)) == 18

    return check


def escaping_target(size: int) -> Check:
    from src.report import safe_markdown as safe

    @given(answers(size), st.sampled_from(["", "python", "mermaid"]))
    def check(text: str, language: str) -> None:
        for made in (
            safe.visible(text), safe.fenced(text, language), safe.inline(text), safe.inline_html(text), safe.attribute(text),
            safe.value_table([(text, text)]), safe.details(safe.inline_html(text), safe.fenced(text)),
        ):  # fmt: skip
            made.encode("utf-8")

    return check


def written_target(size: int) -> Check:
    """The way out: every text of a sample and of a model in the files of a report."""
    from src.evaluation.predictions import predictions_text
    from src.report.html import render_html
    from src.report.markdown.document import render_markdown
    from src.report.report import _encodable
    from tests.evaluation.comparisons import comparison

    @given(answers(size), answers(size), FRAGMENT)
    def check(first: str, second: str, name: str) -> None:
        texts = {"instruction": first, "input": second, "reference": second, "before": first, "after": second}
        made = comparison(examples=1, **texts)
        method = made.comparisons["lora"]
        examples = [replace(example, id=name, language=name) for example in method.examples]
        made = replace(
            made,
            comparisons={"lora": replace(method, examples=examples)},
            provenance={**made.provenance, "command": second, name: first},
        )
        for text in (
            render_markdown(made, 1),
            render_html(made),
            _encodable(to_json(made, indent=2)),
            predictions_text([Sample(name, first, second, first, second, name)]),
        ):
            text.encode("utf-8")

    return check


ANSWER_TARGETS: dict[str, Callable[[int], Check]] = {
    "extracted code": extraction_target,
    "detected language": detection_target,
    "code tokens": tokens_target,
    "syntax of html": syntax_target("html"),
    "syntax of css": syntax_target("css"),
    "syntax of json": syntax_target("json"),
    "syntax of yaml": syntax_target("yaml"),
    "syntax of sql": syntax_target("sql"),
    "syntax of python": syntax_target("python"),
    "syntax by tree-sitter": tree_sitter_target,
    "sqlite": sqlite_target,
    "wrapped fragments": wrapped_target,
    "definitions": definitions_target,
    "verdict": verdict_target,
    "whole program": whole_program_target,
    "program analysis": analysis_target,
    "equality": equality_target,
    "probe record": record_target,
    "worker response": response_target,
    "codebleu": codebleu_target,
    "text metrics": metrics_target,
    "escaping": escaping_target,
    "written report": written_target,
}
