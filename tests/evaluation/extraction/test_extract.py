"""Code is found in every shape of answer, in linear time."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.evaluation.extraction import candidates
from src.evaluation.extraction.candidates import MAX_PARSED_CHARS
from src.evaluation.extraction.extract import extract
from tests.evaluation.extraction.answer_forms import FORMS

CODE = "def add(a, b):\n    return a + b"
SHAPES = {
    "bare": CODE,
    "bare with blank edges": f"\n\n{CODE}\n\n",
    "fenced": f"```python\n{CODE}\n```",
    "fenced without a label": f"```\n{CODE}\n```",
    "fenced with an odd label": f"```Python3 copy\n{CODE}\n```",
    "fenced with a label in braces": f"```{{.python}}\n{CODE}\n```",
    "fenced with tildes": f"~~~python\n{CODE}\n~~~",
    "four backticks": f"````python\n{CODE}\n````",
    "CRLF": f"```python\n{CODE}\n```\n".replace("\n", "\r\n"),
    "no end": f"Sure:\n```python\n{CODE}\n",
    "end glued to the code": f"```python\n{CODE}```",
    "start after prose on one line": f"Here you are: ```python\n{CODE}\n```",
    "prose around a fence": f"Sure, here it is.\n\n```python\n{CODE}\n```\n\nIt adds two numbers.",
    "prose around bare code": f"Here is the function:\n\n{CODE}\n\nThis function adds two numbers.",
    "prose right above bare code": f"Here is the function:\n{CODE}",
    "indented in a list": "1. First:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
    "shell block after": f"```python\n{CODE}\n```\nRun it:\n```bash\npython add.py\n```",
    "output block after": f"```python\n{CODE}\n```\nOutput:\n```\n3 5 8 in total\n```",
    "broken draft before": f"```python\ndef add(a, b:\n```\nBetter:\n```python\n{CODE}\n```",
    "only the end of a fence": f"{CODE}\n```\nThis adds two numbers as you asked.",
    "next turn": f"{CODE}\n\n### Instruction:\nWrite a poem.\n\n### Response:\nRoses",
    "its own header first": f"### Response:\n{CODE}",
    "end token left in": f"{CODE}<|im_end|>\nmore",
    "end token of Llama": f"{CODE}</s>",
    "end token inside a fence": f"```python\n{CODE}<|endoftext|>",
    "fence label in capitals": f"```PYTHON\n{CODE}\n```",
    "short label": f"```py\n{CODE}\n```",
    "console label": f"```ipython3\n{CODE}\n```",
    "fence inside a fence": f"````markdown\n```python\n{CODE}\n```\n````",
    "lone CR": f"```python\n{CODE}\n```".replace("\n", "\r"),
    "indented fence without an end": "- So:\n  ```python\n  def add(a, b):\n      return a + b\n",
    "prose, fence, prose, fence of another language": f"A\n```python\n{CODE}\n```\nIn Ruby:\n```ruby\n[1].sum\n```",
    "heading above": f"### Solution\n\n```python\n{CODE}\n```",
    "bold prose around": f"**Answer:**\n\n```python\n{CODE}\n```\n\n**Note:** it adds.",
    "chat turn after": f"```python\n{CODE}\n```<|im_end|>\n<|im_start|>user\nThanks",
    "byte order mark": f"\ufeff{CODE}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_code_is_found_in_every_shape(shape):
    assert extract(SHAPES[shape], "python").code == CODE


@pytest.mark.parametrize("name", FORMS)
def test_the_program_in_an_answer_is_the_one_that_a_careful_reader_takes(name):
    form = FORMS[name]
    found = extract(form.answer, form.language, frozenset(form.names.split()), form.finish)
    assert found.code == form.code
    assert set(form.flags.split()) <= set(found.flags)
    assert form.flags or not {"truncated", "no_code"} & set(found.flags)


def test_the_table_of_forms_is_as_large_as_the_documents_say():
    assert len(FORMS) == 279
    assert len({form.language for form in FORMS.values()}) == 10


@pytest.mark.parametrize(
    ("answer", "flags"),
    [
        (CODE, ()),
        (f"```\n{CODE}\n```", ("fenced",)),
        (f"{CODE}\n### Instruction:\nmore", ("extra_turn",)),
        (f"```\n{CODE}\n```\n### Response:\nmore", ("extra_turn", "fenced")),
        ("I cannot help with that.", ("no_code",)),
        ("", ("no_code",)),
        ("True", ("no_code",)),
    ],
)
def test_flags_say_how_the_code_was_found(answer, flags):
    assert extract(answer, "python").flags == flags


def test_prose_is_kept_where_no_language_is_requested():
    assert extract("It prints 3.", "").code == "It prints 3."


def test_a_comment_with_hashes_is_no_turn():
    code = "### Response codes\nx = 1"
    assert extract(code, "python").code == code


def test_the_body_of_a_function_keeps_its_indentation():
    body = "    total = a + b\n    return total"
    assert extract(body, "python").code == body
    assert extract(f"```\n{body}\n```", "python").code.lstrip().startswith("total = a + b")


def test_the_block_in_the_requested_language_wins():
    answer = "```html\n<p>hi</p>\n```\n```css\np { color: red; }\n```\n```js\nlet a = 1;\n```"
    assert extract(answer, "css").code == "p { color: red; }"
    assert extract(answer, "javascript").code == "let a = 1;"


def test_a_block_that_only_uses_an_earlier_one_brings_it_along():
    answer = f"```python\n{CODE}\n```\nUse it:\n```python\nprint(add(1, 2))\n```"
    assert extract(answer, "python").code == f"{CODE}\n\nprint(add(1, 2))"


def test_a_later_correction_replaces_the_draft():
    answer = f"```python\ndef add(a, b):\n    return a - b\n```\nSorry:\n```python\n{CODE}\n```"
    assert extract(answer, "python").code == CODE


def test_a_docstring_of_many_sentences_is_still_code():
    code = f'def f():\n    """{"This is a long sentence about it. " * 30}"""\n    return 1'
    assert extract(code, "python").code == code


def test_what_is_left_of_an_oversized_answer_is_flagged():
    found = extract("x = 1\n" * 1_000_000, "python")
    assert "oversized" in found.flags
    assert len(found.code) <= 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        "```\n" * 2_500_000,
        "`" * 10_000_000,
        "```" + "\t" * 5_000_000 + "`",
        "[" * 10_000_000,
        "### Response:\n" * 700_000,
        "</s>   " * 1_400_000,
        "Here is a sentence.\n\n" * 450_000,
        "~~~\n```\n" * 1_200_000,
        " \n" * 5_000_000,
        "\ud800\0" * 1_000_000,
        "In [1]: x\n" * 1_000_000,
        "这是代码。\n\n" * 1_400_000,
        '"' + '\\"' * 5_000_000,
        "[BEGIN]\nx = 1\n[DONE]\n" * 500_000,
        f"{CODE}\n" + "x = (\n\nThis is it.\n\n" * 400_000,
    ],
    ids=range(16),
)
def test_ten_megabytes_take_seconds(text):
    began = time.process_time()
    extract(text, "python")
    assert time.process_time() - began < 12.0  # 3 s; the tracing of coverage makes Python thrice as slow


@pytest.mark.parametrize("language", ["python", "go", "css"])
@pytest.mark.parametrize(
    "text",
    [
        f"{CODE}\n" + "?1. First, open the file.\nHere is the code:\n\n" * 4_000,
        "a\n\n" * 66_000,
        "This is the code.\n\n" * 10_000,
        ("```\n" + "Here is the code (\n\n" * 1_500 + "```\n") * 9,
    ],
    ids=["list", "letters", "sentences", "blocks"],
)
def test_the_candidates_of_a_long_answer_are_not_all_parsed(monkeypatch, language, text):
    parsed = []
    monkeypatch.setattr(candidates, "syntax_error", lambda _, code: parsed.append(code) or "no")
    extract(text, language)
    assert parsed
    assert sum(map(len, parsed)) <= MAX_PARSED_CHARS
    assert len(set(parsed)) == len(parsed)


PIECES = st.sampled_from(
    ["```", "````", "~~~", "```python\n", "```js\n", "\n", "\r\n", "\r", " ", "\t", "    ", CODE, "x = 1", "def f(:",
     "### Response:", "### Instruction:", "<|im_end|>", "</s>", "Here is the code:", "It works.", "`", "{", "(", '"""',
     "'", "\\", "\0", "\ud800", "\ufeff", "\u2028", "<p>", "SELECT 1;", "#", "1. ", "- ", "> "]
)  # fmt: skip
ANSWERS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=300), st.binary().map(repr))
LANGUAGES = st.sampled_from(["python", "javascript", "sql", "html", "json", "bash", "java", "c", "", "cobol"])


@settings(max_examples=500, deadline=2000, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(ANSWERS, LANGUAGES)
def test_no_answer_breaks_the_extraction(answer, language):
    found = extract(answer, language)
    assert (found.code == "") == (not found.code.strip())
    assert ("no_code" in found.flags) == (found.code == "")
    assert len(found.code) <= len(answer)
    assert set(found.flags) <= {"fenced", "no_code", "extra_turn", "oversized", "truncated"}
    assert extract(answer, language) == found
