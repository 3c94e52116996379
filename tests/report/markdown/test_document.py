"""comparison.md: what it says, and that hostile text in it stays text, by a real Markdown renderer."""

from __future__ import annotations

import dataclasses
import html
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt  # 4.3.0, CommonMark with tables and raw HTML, as GitHub reads it

from src.report.markdown.document import render_markdown
from src.report.markdown.samples import most_changed
from src.report.safe_markdown import FENCE_LANGUAGES
from src.schema import Comparison, Score
from tests.evaluation.comparisons import comparison
from tests.evaluation.hostile import HOSTILE

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {  # every element that our own Markdown may become
    "h1", "h2", "h3", "p", "ul", "li", "strong", "b", "em", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "picture", "source", "img", "br", "blockquote",
}  # fmt: skip


class _Page(HTMLParser):
    """Elements and text of a page, each element with the text of the cells around it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.outside_code = ""
        self.unbalanced: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in ("img", "br", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.outside_code += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def _render(made: Comparison, examples: int = 3) -> tuple[str, _Page]:
    text = render_markdown(made, "comparison.png", "comparison_dark.png", examples)
    return text, _Page(RENDERER.render(text))


def _assert_ours_alone(page: _Page) -> None:
    assert page.unbalanced == []
    assert page.open == []
    assert page.comments == []
    assert {tag for tag, _ in page.elements} <= OURS
    pictures = [attributes for tag, attributes in page.elements if tag in ("img", "source")]
    assert [found.get("src") or found.get("srcset") for found in pictures] == [
        "comparison_dark.png",
        "comparison.png",
    ]
    others = [
        (name, value)
        for tag, found in page.elements
        if tag not in ("img", "source")
        for name, value in found.items()
    ]
    assert set(others) <= {("style", "text-align:right"), ("valign", "top")} | {
        ("class", f"language-{label}") for label in (*FENCE_LANGUAGES.values(), "text")
    }


@pytest.mark.parametrize("field", ["instruction", "input", "reference", "before", "after"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_of_a_sample_stays_text(case: str, field: str) -> None:
    text, page = _render(comparison(1, 3, **{field: HOSTILE[case]}))
    _assert_ours_alone(page)
    assert "MARK" in text
    assert "MARK" not in page.outside_code
    assert not re.search("[\ud800-\udfff\u202a-\u202e\u2066-\u2069\x00\x1b]", text)
    assert max(map(len, text.splitlines())) < 20_000


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_names_and_settings_stay_text(case: str) -> None:
    made, text = comparison(1, 1), HOSTILE[case][:300]
    (method,) = made.comparisons.values()
    example = dataclasses.replace(
        method.examples[0],
        id=text,
        language=text,
        before_scores={"functional": text, "execution": text, "bleu": 1.0},
    )
    after = dataclasses.replace(
        method.after,
        metrics=method.after.metrics | {text: Score(1.0, (0.0, 2.0), 3, 1.0, text)},
        outcomes={"error": {text: 3}, "flags": {text: 2}},
        by_language={text: method.after.metrics},
        provenance={text: text, "nested": {text: [text]}, "precision": text, "sandbox": text},
    )
    method = dataclasses.replace(method, after=after, examples=[example], format_share={text: 1.0})
    _, page = _render(
        dataclasses.replace(
            made,
            comparisons={text: method},
            test_set={"name": text, text: text},
            provenance={"command": text, "commit": text, text: text},
        )
    )
    _assert_ours_alone(page)
    assert "MARK" not in page.outside_code.replace("Markdown", "")


def test_a_sample_shows_task_answers_diff_and_reference() -> None:
    text, _ = _render(comparison(1, 3))
    assert "-        biggest = number\n-    return biggest\n" in text
    assert "+    return max(numbers)\n" in text
    assert text.index("### Most improved") < text.index("tests failed → passed")
    assert text.index("### Most worsened") < text.index("tests passed → failed")
    assert text.count("<details>\n<summary><b>") == 3  # two improved, one worsened


def test_samples_are_as_many_as_asked_for_and_the_best_come_first() -> None:
    text, _ = _render(comparison(1, 24), 2)
    assert text.count("<details>\n<summary><b>") == 4
    unchanged = comparison(1, 3)
    (method,) = unchanged.comparisons.values()
    same = [dataclasses.replace(e, before_scores=e.after_scores) for e in method.examples]
    text, _ = _render(
        dataclasses.replace(unchanged, comparisons={"lora": dataclasses.replace(method, examples=same)})
    )
    assert text.count("None.") == 2  # an unchanged sample is neither improved nor worsened


def _changed(gain: float, before: str = "failed", after: str = "failed") -> Any:
    (method,) = comparison(1, 1).comparisons.values()
    return dataclasses.replace(
        method.examples[0],
        id=f"{gain:g} {before} {after}",
        before_scores={"functional": before, "execution": "passed", "bleu": 50.0, "codebleu": None},
        after_scores={"functional": after, "execution": "passed", "bleu": 50.0 + gain, "codebleu": 3.0},
    )


def test_a_verdict_weighs_more_than_any_gain_in_bleu() -> None:
    fixed, broken = _changed(-40, "failed", "passed"), _changed(40, "passed", "failed")
    up, more, down, same = _changed(10), _changed(20), _changed(-30), _changed(0)
    assert most_changed([up, same, broken, down, fixed, more], 9) == ([fixed, more, up], [broken, down])
    assert most_changed([up, same, broken, down, fixed, more], 1) == ([fixed], [broken])


def test_a_difference_far_down_a_long_answer_is_not_called_none() -> None:
    long = "x = 1\n" * 5_000
    text, _ = _render(comparison(1, 1, before=long, after=long + "y = 2"))
    assert "(no difference in the first 1000 lines)" in text
    text, _ = _render(comparison(1, 1, before=long, after=long))
    assert "(no difference)" in text


def test_each_metric_has_its_table() -> None:
    text, _ = _render(comparison(2))
    for line in (
        "### BLEU\n\nn = 50 (100 % of samples).",
        "### CodeBLEU\n\nn = 44 (88 % of samples).",
        "| Before | 31.2 [26.8 to 35.6] |  |  |  |  |",
        "| LoRA | 38.3 [33.9 to 42.7] | **+7.1** [4.0 to 10.3] | < 0.001 | 3.1 | 25 / 15 / 10 |",
        "| LoRA | 78.0 [65.5 to 90.5] | +16.0 [12.9 to 19.2] | 0.090 | 16.0 | 17 / 11 / 6 |",
    ):
        assert line in text.replace("\u00a0", " ")


def test_runs_that_judge_different_samples_each_say_their_n() -> None:
    made = comparison(1)
    (method,) = made.comparisons.values()
    metrics = method.after.metrics | {"codebleu": Score(40.0, (35.0, 45.0), 40, 0.8, "s")}
    method = dataclasses.replace(method, after=dataclasses.replace(method.after, metrics=metrics))
    text, _ = _render(dataclasses.replace(made, comparisons={"lora": method}))
    assert (
        "Before n = 44 (88 % of samples), LoRA n = 40 (80 % of samples). "
        "Differences are over the samples that count in both: LoRA n = 44." in text
    )


def test_languages_errors_and_format_are_told_apart() -> None:
    text, page = _render(comparison(2))
    plain = text.replace("\u00a0", " ")
    assert "| python | 31.2 → 38.3<br>+4.2, n = 30 |" in plain
    assert "| syntax error | 7 | 2 | 2 |" in plain
    assert "| in a code fence | 40 | 3 | 3 |" in plain
    assert "| LoRA | +9.4 | +7.1 | +2.3 |" in plain
    assert sum(tag == "table" for tag, _ in page.elements) > 12


def test_precision_prompt_and_sandbox_of_each_run_are_shown() -> None:
    text, _ = _render(comparison(1))
    assert "| Model | Precision | Prompt | Generated code ran in |" in text
    assert "| LoRA | float32 | alpaca | bubblewrap |" in text
    assert "without a sandbox" not in text


@pytest.mark.parametrize(
    ("sandbox", "warning"),
    [
        (
            "none: programs ran without a sandbox",
            "> **Generated code ran without a sandbox** (Before). A program",
        ),
        (
            "bubblewrap needs Linux, this is darwin",
            "> **Generated code was not run** (Before), for want of a sandbox: `bubblewrap needs Linux, this is darwin`",
        ),
        ("bubblewrap", ""),
        (None, ""),
        ("", ""),
    ],
)
def test_code_that_ran_bare_or_not_at_all_is_named_at_the_top(sandbox: str | None, warning: str) -> None:
    made = comparison(1)
    before = dataclasses.replace(made.before, provenance=made.before.provenance | {"sandbox": sandbox})
    text, _ = _render(dataclasses.replace(made, before=before))
    assert text.count("> **") == (1 if warning else 0)
    assert warning in text[: text.index("<picture>")]


def test_a_run_that_says_nothing_of_a_sandbox_is_not_accused() -> None:
    made = comparison(1)
    text, _ = _render(dataclasses.replace(made, before=dataclasses.replace(made.before, provenance={})))
    assert "sandbox:" not in text.lower()


def test_the_commands_of_all_methods_reproduce_it() -> None:
    made = comparison(2)
    first, second = made.comparisons.values()
    old = dataclasses.replace(
        first,
        after=dataclasses.replace(
            first.after, provenance={"command": "python compare_results.py --name lora"}
        ),
    )
    text, _ = _render(dataclasses.replace(made, comparisons={"lora": old, "qlora": second}))
    block = text.split("## Reproduce it\n\n")[1].split("## ")[0]
    assert block.startswith(
        "At commit `4f3c2b1a`:\n\n```bash\npython compare_results.py --name lora\npython compare"
    )
    assert block.count("python compare_results.py") == 2


def test_the_chart_follows_the_readers_colour_scheme() -> None:
    _, page = _render(comparison(1))
    source, image = (found for tag, found in page.elements if tag in ("source", "img"))
    assert source == {"media": "(prefers-color-scheme: dark)", "srcset": "comparison_dark.png"}
    assert image["src"] == "comparison.png"
    assert "LoRA: BLEU 38.3, CodeBLEU 41.1" in html.unescape(image["alt"] or "")


def test_no_method_and_no_figure_still_read() -> None:
    made = comparison(0)
    assert "No method has been compared yet." in _render(made)[0]
    bare = dataclasses.replace(made.before, metrics={}, outcomes={}, by_language={}, provenance={})
    text, page = _render(dataclasses.replace(made, before=bare, provenance={}, test_set={}))
    assert page.unbalanced == []
    assert "## What went wrong" not in text


def test_long_answers_take_no_long_time() -> None:
    lines = "\n".join(f"value = {i % 7}" for i in range(60_000))
    began = time.perf_counter()
    _render(comparison(1, 1, before=lines, after=lines[::-1]))
    assert time.perf_counter() - began < 20
