"""Renders comparison.html: a self-contained page to browse every sample offline."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from src.languages.registry import LANGUAGES
from src.report.formatting import (
    evidence,
    headline,
    method_label,
    metric_label,
    metric_names,
    number,
    sample_metrics,
    signed,
    significant,
)
from src.report.safe_markdown import UNSEEN_RANGES
from src.schema import Comparison, Difference, MethodComparison

PAGE = Path(__file__).with_name("page")
SCRIPTS = ("highlight.js", "diff.js", "page.js")  # in load order
# What could end the script element or a line of JavaScript, written as JSON escapes; ASCII does the rest.
_OF_SEED = " Shown are the answers of seed {0}."
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def render_html(comparison: Comparison) -> str:
    """The page; texts of samples enter it as escaped JSON only, and its script shows them as text."""
    style, page = ((PAGE / name).read_text(encoding="utf-8") for name in ("page.css", "page.html"))
    script = "\n".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    policy = (
        f"default-src 'none'; script-src {_source_hash(script)}; style-src {_source_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    for name, content in (
        ("POLICY", policy),
        ("STYLE", style),
        ("SCRIPT", script),
        ("DATA", embedded_json(_page_data(comparison))),  # last: nothing is substituted inside it
    ):
        page = page.replace(f"@@{name}@@", content)
    return page


def embedded_json(value: Any) -> str:
    """JSON that is safe inside an HTML script element: ASCII, without < > &."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _page_data(comparison: Comparison) -> dict[str, Any]:
    metrics = metric_names(comparison)
    return {
        "test_set": str(comparison.test_set.get("name", "")),
        "n": comparison.before.n,
        "unseen": UNSEEN_RANGES,
        "figures": list(sample_metrics().items()),
        "languages": {name: [language.label, language.highlight] for name, language in LANGUAGES.items()},
        "metrics": [metric_label(metric) for metric in metrics],
        "before": [_value(comparison.before.metrics.get(metric)) for metric in metrics],
        "methods": [_method_data(name, method, metrics) for name, method in comparison.comparisons.items()],
    }


def _method_data(name: str, method: MethodComparison, metrics: list[str]) -> dict[str, Any]:
    label = method_label(name)
    return {
        "name": name,
        "label": label,
        "headline": headline(label, method)
        + (_OF_SEED.format(*method.after.seeds) if method.after.seeds else ""),
        "after": [_value(method.after.metrics.get(metric)) for metric in metrics],
        "differences": [_difference_data(method.difference.get(metric)) for metric in metrics],
        "examples": [dataclasses.asdict(example) for example in method.examples],
    }


def _value(score: Any) -> str:
    return number(None if score is None else score.value)


def _difference_data(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "delta": signed(difference.delta),
        "evidence": evidence(difference),
        "significant": significant(difference),
    }
