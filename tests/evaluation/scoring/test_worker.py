"""The worker's replies: ready, stages as they begin, then the score; what libraries print is none of them."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

from src.sandbox.sandbox import Limits
from src.schema import Sample, SampleScore, decode

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {
    "limits": dataclasses.asdict(Limits()),
    "allow_unsandboxed": False,
    "languages": ["python", "kotlin", ""],
}
NOISY = """
import json, sys
from src.evaluation.scoring import sample, worker
real = sample.extract
sample.extract = lambda *arguments: (print("noise"), real(*arguments))[1]
worker.main(json.loads(sys.argv[1]))
"""


def test_requests_are_answered_in_order():
    samples = [Sample(name, "Say \ud7ff.", "", "print(1)", "print(1)", language) for name, language in
               (("one", "python"), ("two", "kotlin"), ("three", ""))]  # fmt: skip
    requests = "".join(
        json.dumps({"sample": dataclasses.asdict(each), "failed": {}}) + "\n" for each in samples
    )
    done = subprocess.run(
        [sys.executable, "-c", NOISY, json.dumps(SETTINGS)],
        input=requests, capture_output=True, text=True, cwd=ROOT, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert replies[0] == {"ready": True}
    scores = [decode(SampleScore, json.dumps(reply["score"])) for reply in replies if "score" in reply]
    assert [score.id for score in scores] == ["one", "two", "three"]
    assert [score.execution for score in scores] == ["passed", "not_run", "not_run"]
    assert [reply["stage"] for reply in replies if "stage" in reply][:3] == [
        "extraction",
        "text metrics",
        "CodeBLEU",
    ]
    assert "noise" in done.stderr


def test_a_parser_that_cannot_be_used_is_the_users_to_fix():
    missing = "import sys; sys.modules['tree_sitter_python'] = None\n" + NOISY
    done = subprocess.run(
        [sys.executable, "-c", missing, json.dumps(SETTINGS)],
        input="", capture_output=True, text=True, cwd=ROOT, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (reply,) = map(json.loads, done.stdout.splitlines())
    assert reply["error"].startswith(
        "the parsers of CodeBLEU cannot be used (import of tree_sitter_python halted"
    )
    assert "pip install -r requirements.txt" in reply["error"]
