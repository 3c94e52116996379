"""The workflow that publishes reports: it collects every page and links it, by its own shell commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

WORKFLOW = Path(__file__).resolve().parents[1] / ".github" / "workflows" / "pages.yml"


def test_every_page_is_published_and_linked_from_the_first(tmp_path: Path) -> None:
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["publish"]["steps"]
    (command,) = (step["run"] for step in steps if "run" in step)
    pages = ["comparison.html", "quickstart/comparison.html", "code_alpaca/humaneval/comparison.html"]
    for page in pages:
        (tmp_path / "reports" / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reports" / page).write_text(page, encoding="utf-8")
    (tmp_path / "reports" / "quickstart" / "comparison.json").write_text("{}", encoding="utf-8")
    subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    site = tmp_path / "site"
    made = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert made == {"index.html", *pages}
    index = (site / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<li><a href="([^"]+)">([^<]+)</a>', index)
    assert sorted(links) == sorted(
        (page, f"reports/{page.removesuffix('comparison.html').rstrip('/')}") for page in pages
    )


def test_nothing_is_published_before_the_owner_has_switched_pages_on() -> None:
    job = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["publish"]
    assert job["if"] == "github.event.repository.has_pages"
