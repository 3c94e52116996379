"""Measurements, one command each: `python -m benchmarks.FOLDER.SCRIPT`, from the repository root."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"  # what the scripts wrote when they were last run
