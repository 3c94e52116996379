"""Child process that scores samples, JSON in and JSON out, and says which stage it has come to.

Run as: python -m src.evaluation.scoring.worker SETTINGS
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
from collections.abc import Iterable
from typing import Any

from src.evaluation.scoring.sample import CodeBleuOf, Stages, codebleu_unavailable, score_sample
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Sample, UserError
from src.system.worker_process import end_with_parent


def main(settings: dict[str, Any]) -> None:
    """Reply `{"ready": true}`, then to every request with its stages and its score, until the input ends.

    A mistake that the user can fix is replied to as `{"error": TEXT}`, and ends the process.
    """
    end_with_parent()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no reply

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    logging.disable(logging.WARNING)
    try:
        codebleu = _codebleu(
            [LANGUAGES[name].codebleu for name in settings["languages"] if name in LANGUAGES]
        )
        with Sandbox(Limits(**settings["limits"]), 1, settings["allow_unsandboxed"]) as sandbox:
            reply({"ready": True})
            for line in sys.stdin:
                request = json.loads(line)
                stages = Stages(request["failed"], lambda name: reply({"stage": name}))
                before = sandbox.waited
                score = score_sample(Sample(**request["sample"]), sandbox, codebleu, stages)
                waited = sandbox.waited > before
                reply({"score": dataclasses.asdict(score), "failed": stages.failed, "waited": waited})
    except UserError as error:
        reply({"error": str(error)})


def _codebleu(languages: Iterable[str | None]) -> CodeBleuOf:
    """Raises UserError where the package cannot be used for these languages, as it calls them."""
    if codebleu_unavailable():
        return lambda *_: None
    try:
        from src.evaluation.codebleu import codebleu_score, load_parser

        for language in filter(None, languages):
            load_parser(language)
    except (ImportError, TypeError, ValueError) as error:
        raise UserError(
            f"the codebleu package cannot be used ({error}). Run pip install -r requirements.txt:"
            " it needs the versions of tree-sitter pinned there."
        ) from error
    return codebleu_score


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
