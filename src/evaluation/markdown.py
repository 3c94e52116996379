"""Markdown in which untrusted text stays text: no markup, link, image, mention or script comes of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

# Only these become a fence's language: GitHub renders some others (mermaid, math, geojson, stl) as pictures.
FENCE_LANGUAGES = {
    "bash": "bash",
    "c": "c",
    "c_sharp": "csharp",
    "cpp": "cpp",
    "csharp": "csharp",
    "css": "css",
    "diff": "diff",
    "go": "go",
    "html": "html",
    "java": "java",
    "javascript": "javascript",
    "json": "json",
    "kotlin": "kotlin",
    "php": "php",
    "python": "python",
    "r": "r",
    "ruby": "ruby",
    "rust": "rust",
    "sh": "sh",
    "sql": "sql",
    "swift": "swift",
    "typescript": "typescript",
    "xml": "xml",
}
_BACKTICKS = re.compile("`+")
_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ +-](?=[^\W_]))*")  # words that mean nothing to Markdown
# Controls, bidirectional overrides and lone surrogates reorder, hide or break what a reader sees.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """`text` with line ends as \\n and each invisible or reordering character spelt as <U+202E>."""
    return _UNSEEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text.replace("\r\n", "\n"))


def fenced(text: str, language: str = "") -> str:
    """A code block that no run of backticks inside can end."""
    content = visible(text)
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}{FENCE_LANGUAGES.get(language, 'text')}\n{content}\n{fence}"


def inline(text: str) -> str:
    """`text` for a sentence or a table cell: bare where it is plain words, otherwise as code.

    In code the bar of a table cannot be escaped reliably, so it becomes a broken bar.
    """
    content = " ".join(visible(text).replace("|", "\u00a6").split())
    if _PLAIN.fullmatch(content):
        return content
    if not content:
        return "(empty)"
    ticks = "`" * (_longest_run(content) + 1)
    return f"{ticks} {content} {ticks}" if "`" in content else f"{ticks}{content}{ticks}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table of cells that are Markdown already; all but the first `left` columns align right."""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def inline_html(text: str) -> str:
    """As `inline`, for a place where HTML is written and Markdown is not read."""
    content = " ".join(visible(text).split())
    return content if _PLAIN.fullmatch(content) else f"<code>{html.escape(content)}</code>"


def details(summary: str, body: str) -> str:
    """A section that opens on a click; `summary` is HTML, `body` Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def attribute(text: str) -> str:
    """`text` for a quoted HTML attribute."""
    return html.escape(" ".join(visible(text).split()))


def value_table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and untrusted values as an HTML table: Markdown is not read inside such a block."""
    cells = "\n".join(
        f"<tr><td>{_code_cell(name)}</td><td>{_code_cell(value)}</td></tr>" for name, value in rows
    )
    return f"<table>\n{cells}\n</table>"


def side_by_side(columns: Sequence[tuple[str, str]]) -> str:
    """Markdown blocks beside each other, each under its heading, which is HTML."""
    heads = "".join(f"<th>{heading}</th>" for heading, _ in columns)
    cells = "\n".join(f'<td valign="top">\n\n{body}\n\n</td>' for _, body in columns)
    return f"<table>\n<tr>{heads}</tr>\n<tr>\n{cells}\n</tr>\n</table>"


def _code_cell(text: str) -> str:
    return f"<code>{html.escape(' '.join(visible(text).split()))}</code>"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
