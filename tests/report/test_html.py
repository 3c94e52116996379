"""comparison.html in headless Chromium: filters, keys, diff and colours work, and model text is never markup."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from src.languages.registry import LANGUAGES
from src.report.html import PAGE, embedded_json, render_html
from src.report.report import without_texts
from src.schema import Comparison
from tests.evaluation.comparisons import comparison
from tests.report.browser import CHROMIUM, Browser, browsing
from tests.report.hostile_texts import HOSTILE

SHOWN = "[...document.querySelectorAll('#list .task')].map(e => e.textContent)"
TITLE = "document.querySelector('#sample h2').textContent"
CELLS = (
    "[...document.querySelectorAll('#sample .code tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
)
NEEDS_CHROMIUM = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here (Debian: apt install chromium)")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Any:
    def open_page(made: Comparison, **options: Any) -> Browser:
        path = tmp_path / "comparison.html"
        path.write_text(render_html(made), encoding="utf-8")
        browser.open(path, **options)
        return browser

    return open_page


def _samples(*changes: dict[str, Any], methods: int = 1) -> Comparison:
    """A comparison whose samples differ from the builder's by `changes`."""
    made = comparison(methods, len(changes))
    changed = {
        name: dataclasses.replace(
            method,
            examples=[
                dataclasses.replace(example, **change)
                for example, change in zip(method.examples, changes, strict=True)
            ],
        )
        for name, method in made.comparisons.items()
    }
    return dataclasses.replace(made, comparisons=changed)


@pytest.mark.parametrize("case", HOSTILE)
def test_embedded_json_cannot_end_its_element_and_loses_nothing(case: str) -> None:
    text = embedded_json({"text": HOSTILE[case]})
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"text": HOSTILE[case]}


def test_the_page_knows_the_label_and_the_grammar_of_every_language() -> None:
    data = json.loads(
        re.findall(r'<script[^>]* id="data"[^>]*>(.*?)</script>', render_html(comparison(1, 1)))[0]
    )
    assert data["languages"].keys() == LANGUAGES.keys()
    assert data["languages"]["csharp"] == ["C#", "c"]
    script = (PAGE / "highlight.js").read_text(encoding="utf-8")
    grammars = re.findall(r"^  (\w+): \[\[", script, re.MULTILINE)
    assert {grammar for _, grammar in data["languages"].values()} < {*grammars}


HIGHLIGHT_ALL = r"""
const vm = require("vm"), fs = require("fs");
const grammars = "c css javascript markup php python shell sql other".split(" ");
const page = vm.createContext({data: {languages: Object.fromEntries(grammars.map((name) => [name, ["", name]]))}});
vm.runInContext(fs.readFileSync(process.argv[1], "utf8"), page);
const highlight = vm.runInContext("highlight", page);
let shown = 0;
for (const unit of ['\\"', "\\'", "\\`", '"a\n', "/*", "<!--", "'''", "'a\\\n", " #", "--"])
  for (const language of grammars)
    shown += highlight(unit.repeat(100000 / unit.length), language).flat().map(([text]) => text).join("").length;
console.log(shown);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_no_text_takes_the_page_long_to_colour() -> None:
    """An escaped quote 50,000 times, which a model that loops writes, took half a minute in each language."""
    ran = subprocess.run(
        ["node", "-e", HIGHLIGHT_ALL, str(PAGE / "highlight.js")], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 5_000_000


def test_the_page_names_no_other_file_and_forbids_all_requests() -> None:
    page = render_html(comparison(1, 1))
    assert "default-src 'none'" in page
    assert "@@" not in page
    for attribute in ("src=", "href=", "url(", "@import", "<link", "<iframe", "onclick"):
        assert attribute not in page


@NEEDS_CHROMIUM
def test_the_page_opens_without_an_error_or_a_request(show: Any) -> None:
    page = show(comparison(2, 24))
    assert page.errors == []
    assert [url.rpartition("/")[2] for url in page.requests] == ["comparison.html"]
    assert page.value("document.getElementById('count').textContent") == "24 of 24 samples"
    assert page.value("document.getElementById('headline').textContent").startswith(
        "No difference was shown with LoRA: 16 points more of the programs run"
    )
    rows = page.value(
        "[...document.querySelectorAll('#summary tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    )
    assert [[row[0].split("\n"), row[4]] for row in rows] == [
        [["Before", "HuggingFaceTB/SmolLM2-135M-Instruct"], "31.2 [26.8 to 35.6]"],
        [["LoRA", "checkpoints/lora/final"], "38.3 [33.9 to 42.7]\n+7.1 [4.0 to 10.3]\np < 0.001"],
        [["QLoRA", "checkpoints/qlora/final"], "40.0 [35.6 to 44.4]\n+8.8 [5.7 to 12.0]\np < 0.001"],
    ]
    assert page.value("window.scrollY") == 0


@NEEDS_CHROMIUM
def test_the_chart_shows_every_model_with_its_interval(show: Any) -> None:
    page = show(comparison(2, 3), width=1012)
    scroll, shown = page.value(
        "[document.querySelector('.scroll')].flatMap(e => [e.scrollWidth, e.clientWidth])"
    )
    assert scroll == shown  # the whole table can be seen
    panels = page.value("[...document.querySelectorAll('#chart h2')].map(e => e.textContent)")
    assert panels == ["Functional accuracy, %", "Execution success, %", "CodeBLEU", "BLEU"]
    assert page.value("[...document.querySelectorAll('.panel:last-child .name')].map(e => e.textContent)") == [
        "Before", "LoRA", "QLoRA",
    ]  # fmt: skip
    shares = page.value(
        "[...document.querySelectorAll('.panel:last-child .track')].map(t => [...t.children].map(c => "
        "[c.offsetLeft / t.offsetWidth, c.offsetWidth / t.offsetWidth]))"
    )
    assert shares[1] == [pytest.approx([0, 0.383], abs=0.02), pytest.approx([0.339, 0.088], abs=0.02)]


@NEEDS_CHROMIUM
def test_the_test_that_failed_stands_with_its_message(show: Any) -> None:
    scores = {"functional": "failed", "error": "assertion", "message": "assert largest([3, 9]) == 9"}
    page = show(_samples({"before_scores": scores}))
    assert page.value("[...document.querySelectorAll('.message')].map(e => e.textContent)") == [
        scores["message"]
    ]


@NEEDS_CHROMIUM
def test_a_button_copies_the_address_of_the_sample(show: Any) -> None:
    page = show(comparison(2, 4), fragment="#qlora/sample0002")
    page.value("document.execCommand = () => { window.copied = document.activeElement.value; return true; }")
    page.value(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )  # as some browsers have it
    page.value("document.querySelector('.heading button').click()")
    assert page.value("window.copied").endswith("comparison.html#qlora/sample0002")
    assert page.value("document.querySelector('.heading button').textContent") == "Copied"


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("language", "sql", [2]),
        ("verdict", "fixed", [0, 1]),
        ("verdict", "broken", [2]),
        ("verdict", "none", [3]),
        ("execution", "error", [2]),
        ("error", "name", [2]),
        ("error", "none", [0, 1, 3]),
        ("change", "BLEU up", [0, 1]),
        ("change", "BLEU down", [2]),
        ("change", "CodeBLEU down", [2]),
        ("change", "same code", [3]),
        ("search", "THIRD", [2]),
        ("search", "task return", [0, 1, 3, 2]),
        ("search", "nothing holds this", []),
        ("order", "best", [0, 1, 3, 2]),
        ("order", "given", [0, 1, 2, 3]),
        ("order", "worst", [2, 3, 0, 1]),
    ],
)
def test_filters_search_and_order_choose_the_samples(
    show: Any, field: str, value: str, expected: list[int]
) -> None:
    neutral = {"functional": "", "execution": "not_run", "bleu": 5.0, "codebleu": None}
    names = ["first task", "second task", "third task", "fourth task"]
    best = [names[index] for index in (0, 1, 3, 2)]  # the most improved first, unless another order is chosen
    page = show(
        _samples(
            *({"instruction": name} for name in names[:3]),
            {
                "instruction": names[3], "language": "", "before": "return 1", "after": "return 1",
                "before_scores": neutral, "after_scores": neutral,
            },
        )
    )  # fmt: skip
    page.choose(field, value)
    assert page.value(SHOWN) == [names[index] for index in expected]
    assert page.value("document.getElementById('count').textContent") == f"{len(expected)} of 4 samples"
    if not expected:
        assert page.value("document.getElementById('sample').textContent") == "No sample matches."
    page.value("document.querySelector('#filters button').click()")
    assert page.value(f"new Promise(done => setTimeout(() => done({SHOWN}), 50))") == best
    assert page.errors == []


@NEEDS_CHROMIUM
def test_the_keyboard_reaches_everything(show: Any) -> None:
    page = show(comparison(2, 4))
    title = []
    for key in "jjkm":
        page.press(key)
        title.append(page.value(TITLE))
    assert title == ["Sample sample0001", "Sample sample0003", "Sample sample0001", "Sample sample0001"]
    assert page.value("document.getElementById('method').selectedOptions[0].textContent") == "QLoRA"
    assert page.value("location.hash") == "#qlora/sample0001"
    page.press("d")
    assert (
        page.value("document.querySelector('.pairs [aria-pressed=true]').textContent")
        == "Reference and Before"
    )
    page.press("/")
    assert page.value("document.activeElement.id") == "search"
    for key in "0003j":
        page.press(key)
    assert page.value("document.getElementById('search').value") == "0003j"  # typed, not obeyed
    page.press("Tab")
    assert page.value("document.activeElement.id") == "method"
    page.press("Escape")
    assert page.value("document.activeElement.tagName") == "BODY"
    assert page.errors == []


@NEEDS_CHROMIUM
def test_an_address_opens_its_sample(show: Any) -> None:
    page = show(comparison(2, 4), fragment="#qlora/sample0002")
    assert page.value(TITLE) == "Sample sample0002"
    assert "with QLoRA" in page.value("document.getElementById('headline').textContent")
    assert page.value("document.querySelector('main').getBoundingClientRect().top") == pytest.approx(0, abs=1)


@NEEDS_CHROMIUM
def test_lines_stand_beside_each_other_with_their_difference_marked(show: Any) -> None:
    page = show(_samples({"before": "a = 1\nkeep()\nx = old\n", "after": "a = 1\nnew()\nkeep()\nx = fresh"}))
    assert page.value(CELLS) == [
        ["", "a = 1", "", "a = 1"],
        ["", "", "+", "new()"],
        ["", "keep()", "", "keep()"],
        ["−", "x = old", "+", "x = fresh"],
    ]
    assert page.value("[...document.querySelectorAll('.changed')].map(e => e.textContent)") == [
        "old",
        "fresh",
    ]


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        (
            "python",
            "x = 7 // 2  # half\ns = '''a\nb'''",
            {"figure": "72", "comment": "# half", "string": "'''ab'''"},
        ),
        (
            "javascript",
            "let s = `a // b`; // end",
            {"keyword": "let", "string": "`a // b`", "comment": "// end"},
        ),
        (
            "c",
            "#include <a.h>\n/* one\n   two */ int x;",
            {"comment": "/* one   two */", "keyword": "includeint"},
        ),
        (
            "sql",
            "SELECT 'it''s' FROM t -- all",
            {"keyword": "SELECTFROM", "string": "'it''s'", "comment": "-- all"},
        ),
        ("css", "#id { color: red }", {}),
        ("bash", "echo ${#a} # size", {"keyword": "echo", "comment": "# size"}),
        ("html", "<!-- note -->\n<b>", {"comment": "<!-- note -->"}),
        ("__proto__", "x = 'y'", {"string": "'y'"}),
    ],
)
def test_code_is_coloured_by_its_language(
    show: Any, language: str, code: str, expected: dict[str, str]
) -> None:
    page = show(_samples({"language": language, "before": code, "after": code}))
    cells = "document.querySelectorAll('#sample .code tbody tr td:nth-child(2)')"
    kinds = ("keyword", "string", "comment", "figure")
    found = {
        kind: page.value(
            f"[...{cells}].flatMap(c => [...c.querySelectorAll('.{kind}')].map(e => e.textContent)).join('')"
        )
        for kind in kinds
    }
    assert {kind: text for kind, text in found.items() if text} == expected
    assert page.value(f"[...{cells}].map(c => c.textContent).join('\\n')") == code


@NEEDS_CHROMIUM
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_shown_as_text(show: Any, case: str) -> None:
    text = HOSTILE[case]
    texts = dict.fromkeys(("instruction", "input", "reference", "before", "after"), text)
    names = {"id": text[:300], "language": text[:300]}
    scores = {"functional": text[:300], "execution": text[:300], "message": text, "bleu": 1.0}
    worse = {"before_scores": {"functional": "passed"}, "after_scores": {}}  # stands below
    page = show(_samples(texts | names | {"after_scores": scores}, worse))
    tags = page.value("[...new Set([...document.body.querySelectorAll('*')].map(e => e.localName))]")
    assert not set(tags) & {"img", "a", "b", "h4", "iframe", "svg", "style", "picture", "details"}
    assert page.value("document.scripts.length") == 2
    assert "MARK" in page.value("document.querySelector('#sample .code').textContent")
    assert not page.value(r"/[\u202a-\u202e\u2066-\u2069\0\x1b]/.test(document.body.innerText)")
    assert page.errors == []
    assert len(page.requests) == 1


@NEEDS_CHROMIUM
def test_code_injected_in_spite_of_all_would_not_run(show: Any) -> None:
    page = show(comparison(1, 1))
    page.value(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "const i = new Image(); i.src = 'https://evil.example/x.png'; document.body.append(i); })()"
    )
    assert page.value("new Promise(done => setTimeout(() => done(window.ran ?? null), 100))") is None
    assert sum("Content Security Policy" in error for error in page.errors) == 2


@NEEDS_CHROMIUM
@pytest.mark.parametrize("made", [without_texts(comparison(2, 3)), comparison(2, 0), comparison(0)])
def test_figures_alone_can_be_read(show: Any, made: Comparison) -> None:
    page = show(made)
    assert page.value("document.querySelectorAll('#summary tbody tr').length") == 1 + len(made.comparisons)
    assert "function" not in page.value("document.getElementById('sample').textContent")
    for key in "jkmd":
        page.press(key)
    assert page.errors == []


@NEEDS_CHROMIUM
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [380, 1280])
def test_nothing_sticks_out_sideways_and_text_stands_out(
    show: Any, width: int, dark: bool, tmp_path: Path
) -> None:
    page = show(comparison(6, 12), width=width, dark=dark)
    assert page.value("document.documentElement.scrollWidth") <= width
    colours = page.value(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == (
        ["rgb(240, 246, 252)", "rgb(13, 17, 23)"] if dark else ["rgb(31, 35, 40)", "rgb(255, 255, 255)"]
    )
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


@NEEDS_CHROMIUM
def test_what_is_too_long_to_show_is_cut_and_says_so(show: Any) -> None:
    page = show(_samples({"before": "x\n" * 50_000, "after": "y" * 1_000_000}))
    rows = page.value(CELLS)
    assert len(rows) == 3_001
    assert rows[1][3] == "… 800000 more characters: see comparison.json"
    assert rows[3_000][1] == "… 94000 more characters: see comparison.json"


@NEEDS_CHROMIUM
def test_two_thousand_samples_stay_quick(show: Any) -> None:
    page = show(comparison(1, 2_000))
    seconds = page.value(
        "(() => { const began = performance.now(); const field = document.getElementById('search');"
        "field.value = 'largest'; field.dispatchEvent(new Event('input')); document.body.offsetHeight;"
        "return (performance.now() - began) / 1000; })()"
    )
    assert page.value("document.getElementById('count').textContent") == "2000 of 2000 samples"
    assert seconds < 3
