"""Writes reports/README.md: every report below that folder with its verdict, as GitHub shows it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from src.report.markdown.document import MADE_BY
from src.report.safe_markdown import inline
from src.report.verdict import data_and_test_set, headline, title
from src.schema import Comparison, UserError, parse_record
from src.system.files import write_atomic
from src.system.untrusted import read_file

README = "README.md"
RECORD = "comparison.json"
HEADING = "# Reports"
RUNS = "runs"  # below the reports: answers and scores, which are not committed


def renew_index(folder: Path, root: Path) -> list[Path]:
    """Write the index of `root` where `folder`, to which a report was just written, is it or lies in it; its path."""
    if not folder.resolve().is_relative_to(root.resolve()) or not is_ours(root / README):
        return []
    write_atomic(root / README, render_index(root))
    return [root / README]


def is_ours(path: Path) -> bool:
    """Whether a README.md may be written: there is none, or one that was written here."""
    return not path.exists() or MADE_BY in path.read_text(encoding="utf-8", errors="replace")


def render_index(root: Path) -> str:
    """A section for each report below `root`."""
    records = [path for path in root.rglob(RECORD) if path.relative_to(root).parts[0] != RUNS]
    places = sorted(path.parent for path in records)
    return "\n\n".join([HEADING, *(_entry(root, place) for place in places), MADE_BY]) + "\n"


def _entry(root: Path, place: Path) -> str:
    name = place.relative_to(root).as_posix()
    link = quote(f"{name}/comparison.md".removeprefix("./"))
    heading = "## In this folder" if place == root else f"## {inline(name)}"
    try:
        record = parse_record(Comparison, read_file(place / RECORD), f"{name}/{RECORD}", "Compare again")
    except UserError as error:
        return f"{heading}\n\n[The report]({link}) as it stands. {inline(str(error))}"
    verdicts = [f"- {headline(record, method, inline, brief=True)}" for method in record.comparisons]
    about = f"{title(record, inline)}, {data_and_test_set(record, inline)}: [the report]({link})."
    return "\n\n".join([heading, about, "\n".join(verdicts)])
