"""Child process that scores samples, JSON in and JSON out, and says which stage it has come to.

Run as: python -m src.evaluation.scoring.worker SETTINGS
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
from typing import Any

from src.evaluation.codebleu.client import SAMPLE_TIMEOUT_S, CodeBleuWorker
from src.evaluation.scoring.sample import Stages, score_sample
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Sample, UserError


def main(settings: dict[str, Any]) -> None:
    """Reply `{"ready": true}`, then to every request with its stages and its score, until the input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no reply

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    logging.disable(logging.WARNING)
    languages = {LANGUAGES[name].codebleu or "" for name in settings["languages"] if name in LANGUAGES}
    with (
        Sandbox(Limits(**settings["limits"]), 1, settings["allow_unsandboxed"]) as sandbox,
        CodeBleuWorker(sorted(languages - {""}), SAMPLE_TIMEOUT_S) as codebleu,
    ):
        reply({"ready": True})
        for line in sys.stdin:
            request = json.loads(line)
            stages = Stages(request["failed"], lambda name: reply({"stage": name}))
            try:
                score = score_sample(Sample(**request["sample"]), sandbox, codebleu.score, stages)
            except UserError as error:
                reply({"error": str(error)})
                return
            reply({"score": dataclasses.asdict(score), "failed": stages.failed})


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
