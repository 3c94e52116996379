"""comparison.md: what it says, and that hostile text in it stays text, by a real Markdown renderer."""

from __future__ import annotations

import dataclasses
import html
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt  # 4.3.0, CommonMark with tables and raw HTML, as GitHub reads it

from src.report.markdown.document import render_markdown
from src.report.report import write_reports
from src.report.safe_markdown import FENCE_LANGUAGES
from src.schema import Comparison, Score
from tests.evaluation.comparisons import comparison, with_seeds, with_trainings
from tests.report.browser import CHROMIUM, browsing
from tests.report.hostile_texts import HOSTILE
from tests.report.markdown.test_novelty import with_novelty

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {  # every element that our own Markdown may become
    "h1", "h2", "h3", "p", "ul", "li", "strong", "b", "em", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "picture", "source", "img", "br", "blockquote", "a",
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
    text = render_markdown(made, examples)
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
    assert {found["href"] for tag, found in page.elements if tag == "a"} == {"comparison.html"}
    others = [
        (name, value)
        for tag, found in page.elements
        if tag not in ("img", "source", "a")
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


def test_improved_samples_stand_apart_from_worsened_ones() -> None:
    text, _ = _render(comparison(1, 3))
    assert text.count("tests failed \u2192 passed") == 2
    improved, worsened = text.split("### Most improved")[1].split("### Most worsened")
    assert improved.count("tests failed → passed") == 2
    assert worsened.count("tests passed → failed") == 1


def test_samples_are_as_many_as_requested() -> None:
    text, _ = _render(comparison(1, 24), 2)
    assert len(re.findall("<summary><b><code>Write a function", text)) == 4
    unchanged = comparison(1, 3)
    (method,) = unchanged.comparisons.values()
    same = [dataclasses.replace(e, before_scores=e.after_scores) for e in method.examples]
    text, _ = _render(
        dataclasses.replace(unchanged, comparisons={"lora": dataclasses.replace(method, examples=same)})
    )
    assert text.count("None.") == 2  # an unchanged sample is neither improved nor worsened


def test_warnings_stand_above_everything_that_they_bear_on() -> None:
    made = comparison(2)
    bare = dataclasses.replace(made.before, provenance={"sandbox": "none: no bubblewrap"})
    text, page = _render(dataclasses.replace(made, before=bare))
    order = ("without a sandbox", "## What was trained", "<picture>", "| Metric |", "## Examples", "## Details", "Metrics in detail",
             "By language", "What went wrong", "Formatting or better code", "Samples that changed most", "Reproduce it",
             "Configuration, data and environment")  # fmt: skip
    positions = [text.index(title) for title in order]
    assert positions == sorted(positions)
    assert sum(tag == "table" for tag, _ in page.elements) > 12


def test_the_chart_follows_the_readers_colour_scheme() -> None:
    _, page = _render(comparison(1))
    source, image = (found for tag, found in page.elements if tag in ("source", "img"))
    assert source == {"media": "(prefers-color-scheme: dark)", "srcset": "comparison_dark.png"}
    assert image["src"] == "comparison.png"
    assert "LoRA: Functional accuracy 42.0, Execution success 78.0" in html.unescape(image["alt"] or "")


# What of GitHub's style sheet decides how high a page is: github-markdown-css 5.8.1, DejaVu's letters are wider.
GITHUB_CSS = """
body { margin: 0; box-sizing: border-box; width: 1012px; padding: 32px; font: 16px/1.5 sans-serif; }
h1, h2, h3 { margin: 24px 0 16px; line-height: 1.25; } h1 { margin-top: 0; font-size: 32px; } h2 { font-size: 24px; } h3 { font-size: 20px; }
h1, h2 { padding-bottom: .3em; border-bottom: 1px solid; } p, ul, table, details { margin: 0 0 16px; } ul { padding-left: 2em; }
li + li { margin-top: 4px; } table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
td, th { padding: 6px 13px; border: 1px solid; } pre { padding: 16px; font-size: 13.6px; line-height: 1.45; overflow: auto; }
"""


def _with_seeds_and_novelty(made: Comparison) -> Comparison:
    """Every method as the first one is with three seeds and known training data."""
    told = next(iter(with_novelty(with_seeds(made)).comparisons.values()))
    methods = {
        name: dataclasses.replace(
            method,
            after=dataclasses.replace(method.after, seeds=told.after.seeds),
            difference={
                metric: dataclasses.replace(found, seeds=told.difference[metric].seeds)
                for metric, found in method.difference.items()
            },
            by_novelty=told.by_novelty,
        )
        for name, method in made.comparisons.items()
    }
    return dataclasses.replace(made, comparisons=methods)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here (Debian: apt install chromium)")
@pytest.mark.parametrize("methods", [2, 4])
def test_what_is_needed_to_judge_it_ends_within_two_thousand_pixels_of_githubs_page(
    tmp_path: Path, methods: int
) -> None:
    """Verdict, what was trained, chart, the table of metrics, the curve; then the examples."""
    made = _with_seeds_and_novelty(with_trainings(comparison(methods), 3))
    write_reports(made, tmp_path, 3)
    body = RENDERER.render((tmp_path / "README.md").read_text(encoding="utf-8"))
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><style>{GITHUB_CSS}</style>{body}", encoding="utf-8")
    with browsing(tmp_path / "profile") as browser:
        browser.open(page, width=1012)
        ends = browser.value(
            "[...document.querySelectorAll('h1, h2, table, img')].map(e => [(e.getAttribute('src') || e.textContent).trim(), "
            "Math.round(e.getBoundingClientRect().bottom)])"
        )
        width = browser.value("document.documentElement.scrollWidth")
        cut = browser.value(
            "[...document.querySelectorAll('table')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth)"
            ".map(e => e.textContent.trim().slice(0, 20))"
        )
    table = "Metric" if methods == 2 else "Method\nFunctional"
    order = [next(end for text, end in ends if text.startswith(name)) for name in (
        "Base-7b", "What was trained", "Scores", "comparison.png", table, "training_curve.png", "Examples",
    )]  # fmt: skip
    assert order == sorted(order)
    assert 1_000 < order[-2] < 2_000
    assert width == 1012
    assert [text for text in cut if text.startswith(table)] == []


def test_no_method_and_no_figure_still_read() -> None:
    made = comparison(0)
    assert "No method has been compared yet." in _render(made)[0]
    bare = dataclasses.replace(made.before, metrics={}, outcomes={}, by_language={}, provenance={})
    text, page = _render(dataclasses.replace(made, before=bare, provenance={}, test_set={}))
    assert page.unbalanced == []
    assert "What went wrong" not in text


def test_long_answers_take_no_long_time() -> None:
    lines = "\n".join(f"value = {i % 7}" for i in range(60_000))
    began = time.perf_counter()
    _render(comparison(1, 1, before=lines, after=lines[::-1]))
    assert time.perf_counter() - began < 20
