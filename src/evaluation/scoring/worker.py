"""Child process that scores samples, JSON in and JSON out, and says which stage it has come to.

Run as: python -m src.evaluation.scoring.worker SETTINGS
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from collections.abc import Iterable
from typing import Any

from src.evaluation.codebleu.program import read_program
from src.evaluation.codebleu.score import has_codebleu
from src.evaluation.scoring.sample import Stages, score_sample
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Sample, UserError
from src.system.worker_process import replying


def main(settings: dict[str, Any]) -> None:
    """Reply `{"ready": true}`, then to every request with its stages and its score, until the input ends.

    A mistake that the user can fix is replied to as `{"error": TEXT}`, and ends the process.
    """
    send = replying()

    def reply(message: dict[str, Any]) -> None:
        send(json.dumps(message))

    logging.disable(logging.WARNING)
    try:
        _try_parsers(settings["languages"])
        with Sandbox(Limits(**settings["limits"]), 1, settings["allow_unsandboxed"]) as sandbox:
            reply({"ready": True})
            for line in sys.stdin:
                request = json.loads(line)
                stages = Stages(request["failed"], lambda name: reply({"stage": name}))
                before = sandbox.starved
                score = score_sample(Sample(**request["sample"]), sandbox, stages)
                starved = sandbox.starved > before
                reply({"score": dataclasses.asdict(score), "failed": stages.failed, "starved": starved})
    except UserError as error:
        reply({"error": str(error)})


def _try_parsers(languages: Iterable[str]) -> None:
    """Raises UserError where the parser of one of these languages cannot be used."""
    for name in filter(has_codebleu, languages):
        try:
            read_program("", LANGUAGES[name])
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise UserError(
                f"the parsers of CodeBLEU cannot be used ({error}). Run pip install -r requirements.txt:"
                " it needs the versions of tree-sitter pinned there."
            ) from error


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
