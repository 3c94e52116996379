"""Renders comparison.html: a self-contained page to browse every sample offline."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from src.languages.registry import LANGUAGES
from src.models.embedded import public_name
from src.report.formatting import (
    before_label,
    drawn_metrics,
    evidence,
    interval,
    is_share,
    method_label,
    metric_label,
    number,
    p_text,
    sample_metrics,
    signed,
    significant,
    tested_metrics,
)
from src.report.safe_markdown import UNSEEN_RANGES
from src.report.verdict import data_and_test_set, headline, title
from src.schema import Comparison, Difference, Run, Score

PAGE = Path(__file__).with_name("page")
SCRIPTS = ("highlight.js", "diff.js", "page.js")  # in load order
_OF_SEED = " Shown are the answers of seed {0}."
# What could end the script element or a line of JavaScript, written as JSON escapes; ASCII does the rest.
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
    metrics = tested_metrics(comparison)
    return {
        "title": title(comparison, str),
        "tested": data_and_test_set(comparison, str),
        "unseen": UNSEEN_RANGES,
        "figures": list(sample_metrics().items()),
        "languages": {name: [language.label, language.highlight] for name, language in LANGUAGES.items()},
        "metrics": [metric_label(metric) + (", %" if is_share(metric) else "") for metric in metrics],
        "drawn": [metrics.index(metric) for metric in drawn_metrics() if metric in metrics],
        "before": _run_data(before_label(comparison), comparison.before, metrics),
        "methods": [_method_data(comparison, name, metrics) for name in comparison.comparisons],
    }


def _run_data(label: str, run: Run, metrics: list[str]) -> dict[str, Any]:
    model = run.provenance.get("model", "")
    names = map(str, model if isinstance(model, list) else [model])
    return {
        "label": label,
        "model": ", ".join(map(public_name, names)),
        "scores": [_score_data(run.metrics.get(metric)) for metric in metrics],
    }


def _method_data(comparison: Comparison, name: str, metrics: list[str]) -> dict[str, Any]:
    method = comparison.comparisons[name]
    return {
        "name": name,
        **_run_data(method_label(name), method.after, metrics),
        "headline": headline(comparison, name)
        + (_OF_SEED.format(*method.after.seeds) if method.after.seeds else ""),
        "differences": [_difference_data(method.difference.get(metric)) for metric in metrics],
        "examples": [dataclasses.asdict(example) for example in method.examples],
    }


def _score_data(score: Score | None) -> dict[str, Any] | None:
    if score is None or score.value is None:
        return None
    shown = {"text": number(score.value), "interval": interval(score.ci95)}
    return {**shown, "value": score.value, "ci95": score.ci95, "n": score.n}


def _difference_data(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "delta": signed(difference.delta),
        "interval": interval(difference.ci95),
        "p": p_text(difference.p_holm),
        "evidence": evidence(difference),
        "significant": significant(difference),
    }
