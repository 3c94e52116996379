"""Renders a data card as text: a page of Markdown, and a summary for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from src.data.card.data_card import DataCard
from src.data.curation.novelty import BANDS, band_counts
from src.data.curation.quality import Lengths
from src.languages.registry import label

NOVELTY_LABELS = {
    "prompt": "training prompt",
    "answer": "training answer",
    "renamed": "training answer, identifiers replaced",
}


def render_card(card: DataCard) -> str:
    """The card as Markdown: numbers only, no text of the data."""
    sections = (
        _head, _splits, _rejects, _languages, _lengths, _duplicates, _defects, _contamination, _novelty,
    )  # fmt: skip
    return "\n\n".join(text for section in sections if (text := section(card))) + "\n"


def card_summary(card: DataCard, folder: str) -> str:
    """A few lines: the splits in `folder`, rejected rows by reason, training rows that overlap a test set."""
    lines = [
        f"{folder}: " + ", ".join(f"{name} {part.rows:,}" for name, part in card.splits.items()),
        f"{card.rows:,} of {card.rows_read:,} rows kept, fingerprint {card.fingerprint}, licence {card.licence}",
    ]
    for reason, count in card.rejected.items():
        places = [card.place(row) for row in card.first_rejects if row.reason == reason]
        more = ", ..." if count > len(places) else ""
        lines.append(f"  left out: {count:,} {reason}" + (f" ({', '.join(places)}{more})" if places else ""))
    removed = " (removed)" if card.contamination.removed else "; data.remove_contamination=true drops them"
    for name, rows in card.contamination.rows.items():
        if rows:
            lines.append(f"  n-grams or near-duplicates shared with {name}: {rows:,} training rows{removed}")
    if card.novelty:
        counts = band_counts(card.novelty.values())["answer"]
        bands = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        lines.append(f"  test samples by likeness of the nearest training answer: {bands}")
    files = [f"{name}.jsonl" for name in card.splits] + ["card.json", "data_card.md", "data_card.png"]
    return "\n".join([*lines, f"wrote {', '.join(files)}"])


def _head(card: DataCard) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in card.settings.items())
    return (
        f"# Data card: {card.origin}\n\n"
        f"{card.rows:,} examples of {card.rows_read:,} rows read from source `{card.source}`. Licence: {card.licence}.\n\n"
        f"Fingerprint `{card.fingerprint}`, recipe `{card.recipe}` ({settings})."
    )


def _splits(card: DataCard) -> str:
    rows = [
        [name, f"{part.rows:,}", _share(part.with_input, part.rows), f"{part.with_tests:,}", f"`{part.fingerprint[:16]}`"]
        for name, part in card.splits.items()
    ]  # fmt: skip
    return "## Splits\n\n" + _table(["split", "rows", "with input", "with tests", "SHA-256"], rows)


def _rejects(card: DataCard) -> str:
    if not card.rejected:
        return "## Rows left out\n\nNone."
    counts = _table(["reason", "rows"], [[reason, f"{count:,}"] for reason, count in card.rejected.items()])
    first = ", ".join(
        f"{card.place(reject)} ({reject.reason}{': ' + reject.detail if reject.detail else ''})"
        for reject in card.first_rejects
    )
    return f"## Rows left out\n\n{counts}\n\nThe first: {first}."


def _languages(card: DataCard) -> str:
    rows = [
        [label(name) or "none found", f"{count:,}", _share(count, card.rows)]
        + [_share(part.languages.get(name, 0), part.rows) for part in card.splits.values()]
        for name, count in card.languages().items()
    ]
    return "## Languages\n\n" + _table(["language", "rows", "share", *card.splits], rows)


def _lengths(card: DataCard) -> str:
    rows = [[f"{name}, characters", *_distribution(lengths)] for name, lengths in card.characters.items()]
    if card.tokens:
        rows.append([f"whole sample, tokens of {card.tokens.tokenizer}", *_distribution(card.tokens.lengths)])
    table = _table(["", "mean", "median", "90 %", "99 %", "longest"], rows)
    tokens = card.tokens
    if tokens is None:
        return f"## Lengths\n\n{table}\n\nTokens were not counted."
    return (
        f"## Lengths\n\n{table}\n\nAt max_length {tokens.max_length:,}, {tokens.truncated:,} of {tokens.n:,} samples "
        f"({_share(tokens.truncated, tokens.n)}) lose the end of their response, "
        f"{tokens.without_response:,} of them all of it."
    )


def _duplicates(card: DataCard) -> str:
    found = card.duplicates
    rows = [
        ["exact copies, dropped", f"{found.exact_rows:,}"],
        ["rows with a near-duplicate instruction + input", f"{found.near_prompt_rows:,}"],
        ["rows with a near-duplicate output", f"{found.near_output_rows:,}"],
        ["rows with an output of nearly the same characters", f"{found.alike_output_rows:,}"],
        ["clusters of any kind", f"{found.clusters:,}"],
        ["rows in clusters", f"{found.clustered_rows:,}"],
        ["largest cluster", f"{found.largest_cluster:,}"],
        ["clusters on more than one side of the split", f"{found.straddling:,}"],
    ]
    near = f"Near: Jaccard similarity of token trigrams of {found.threshold:g} or more."
    return f"## Duplicates\n\n{near}\n\n" + _table(["", "rows"], rows)


def _defects(card: DataCard) -> str:
    counts = {
        "refusals": card.defects.refusals,
        "outputs with no language found": card.defects.non_code,
        "broken characters (mojibake)": card.defects.mojibake,
    }
    rows = [[name, f"{count:,}", _share(count, card.rows)] for name, count in counts.items()]
    return "## Defects in rows kept\n\n" + _table(["", "rows", "share"], rows)


def _contamination(card: DataCard) -> str:
    found = card.contamination
    kinds = Counter((item.against, item.kind) for item in found.overlaps)
    rows = [
        [name, f"{count:,}", f"{found.rows[name]:,}", ", ".join(f"{kind} {kinds[name, kind]:,}" for against, kind in sorted(kinds) if against == name) or "none"]
        for name, count in found.checked.items()
    ]  # fmt: skip
    table = _table(
        ["compared with", "examples", "training rows that overlap", "overlapping pairs by kind"], rows
    )
    removed = f"{found.removed:,} training rows were" if found.removed else "Nothing was"
    return f"## Contamination\n\n{table}\n\n{removed} removed for it. The ids are in card.json."


def _novelty(card: DataCard) -> str:
    if not card.novelty:
        return ""
    total = len(card.novelty)
    rows = [
        [NOVELTY_LABELS[name], *(f"{counts[band]:,} ({_share(counts[band], total)})" for band in BANDS)]
        for name, counts in band_counts(card.novelty.values()).items()
    ]
    return (
        "## Novelty of the test split\n\n"
        "Test samples by the likeness of the training row that is most alike (rapidfuzz's ratio: 100 % is a copy).\n\n"
        + _table(["nearest", *BANDS], rows)
        + "\n\nThe figures of each sample are in card.json."
    )


def _distribution(lengths: Lengths) -> list[str]:
    parts = (lengths.p50, lengths.p90, lengths.p99, lengths.longest)
    return [f"{lengths.mean:,.1f}", *(f"{value:,}" for value in parts)]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
