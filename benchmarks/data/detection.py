"""Language detection on 300 rows of Code Alpaca that were labelled by hand, by the ids of the rows.

    python -m benchmarks.data.detection --path code_alpaca_4k.json

Labels are in benchmarks/data/labelled_rows.json; figures are written to benchmarks/results/detection.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from src.data.curation.cleaning import clean
from src.data.sources.readers import read_rows
from src.languages.detection import detect
from src.schema import Example

LABELS = Path(__file__).with_name("labelled_rows.json")
RESULTS = Path(__file__).parents[1] / "results" / "detection.json"
SHORT_CHARS = 50


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", type=Path, required=True, metavar="FILE", help="the rows of Code Alpaca")
    labels: dict[str, str] = json.loads(LABELS.read_text(encoding="utf-8"))
    found = (clean(row) for row in read_rows(parser.parse_args().path))
    rows = {item.id: item for item in found if isinstance(item, Example) and item.id in labels}
    guesses = {key: detect(item.instruction, item.input, item.output) for key, item in rows.items()}
    short = [key for key, item in rows.items() if len(item.output) < SHORT_CHARS]
    figures = {
        "n": len(rows),
        "right": sum(guesses[key] == labels[key] for key in rows),
        "n_short": len(short),
        "right_short": sum(guesses[key] == labels[key] for key in short),
        "wrong": {key: [labels[key], guesses[key]] for key in rows if guesses[key] != labels[key]},
    }
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
