"""Escapes untrusted text in Markdown: it can become no markup, link, image, mention or script."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from src.languages.registry import LANGUAGE_ALIASES

# Only these become a fence's language: GitHub renders some others (mermaid, math, geojson, stl) as pictures.
FENCE_LANGUAGES = LANGUAGE_ALIASES | {name: name for name in "diff kotlin r swift xml".split()}
_BACKTICKS = re.compile("`+")
_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ +-](?=[^\W_]))*")  # words that mean nothing to Markdown
_GITHUB_LINK = re.compile(r"\b(?:GH-\d+|[0-9a-f]{7,40})\b", re.IGNORECASE)  # an issue, or a commit's hash
# Controls, fillers, bidirectional overrides and lone surrogates reorder, hide or break the visible text.
UNSEEN_RANGES = (
    (0x0000, 0x0008), (0x000B, 0x001F), (0x007F, 0x009F), (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE0FFF),
)  # fmt: skip
_UNSEEN = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in UNSEEN_RANGES) + "]")


def visible(text: str) -> str:
    """`text` with line ends as \\n and each invisible or reordering character written as <U+202E>."""
    return _UNSEEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text).split())


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than every run of backticks inside."""
    content = visible(text)
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}{FENCE_LANGUAGES.get(language, 'text')}\n{content}\n{fence}"


def inline(text: str) -> str:
    """`text` for a sentence or a table cell: as it is where it is plain words, otherwise as code.

    In code the bar of a table cannot be escaped reliably, so it becomes a broken bar.
    """
    content = " ".join(visible(text).replace("|", "\u00a6").split())
    if _is_plain(content):
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
    content = visible_line(text)
    return content if _is_plain(content) else f"<code>{html.escape(content)}</code>"


def details(summary: str, body: str) -> str:
    """A collapsible section; `summary` is HTML, `body` Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def folded(title: str, *parts: str) -> str:
    """A collapsed section of a document: its heading, which is HTML, and its blocks; "" without any."""
    return details(f"<b>{title}</b>", "\n\n".join(parts)) if parts else ""


def attribute(text: str) -> str:
    """`text` for a quoted HTML attribute."""
    return html.escape(visible_line(text))


def picture(light: str, dark: str, alt: str) -> str:
    """A picture for light and one for dark pages, file names beside the document."""
    return (
        f'<picture>\n<source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
        f'<img src="{light}" width="830" alt="{attribute(alt)}">\n</picture>'
    )


def value_table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and untrusted values as an HTML table: Markdown is not read inside such a block."""
    cells = "\n".join(
        f"<tr><td>{_code_cell(name)}</td><td>{_code_cell(value)}</td></tr>" for name, value in rows
    )
    return f"<table>\n{cells}\n</table>"


def side_by_side(columns: Sequence[tuple[str, str]]) -> str:
    """Markdown blocks in columns, each under its heading, which is HTML."""
    heads = "".join(f"<th>{heading}</th>" for heading, _ in columns)
    cells = "\n".join(f'<td valign="top">\n\n{body}\n\n</td>' for _, body in columns)
    return f"<table>\n<tr>{heads}</tr>\n<tr>\n{cells}\n</tr>\n</table>"


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and not _GITHUB_LINK.search(text)


def _code_cell(text: str) -> str:
    return f"<code>{html.escape(visible_line(text))}</code>"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
