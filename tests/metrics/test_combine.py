"""Values of sums of statistics equal the sacrebleu command and library, sample by sample and over a corpus."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from src.metrics.combine import combine_bleu, combine_chrf, combine_mean, combine_sentence_bleu
from src.metrics.table import METRICS
from src.metrics.text_statistics import bleu_statistics, chrf_statistics
from tests.evaluation.text_pairs import text_pairs

PAIRS = text_pairs(400)
SACREBLEU = [sys.executable, "-m", "sacrebleu"]  # sacrebleu 2.6.0, as installed


def one_line(text: str) -> str:
    """What stays on one line of a file: every other mark that text files or the command read as its end goes."""
    return text.replace("\r", " ").replace("\n", " ")


def statistics(kind, pairs):
    make = {"bleu": bleu_statistics, "chrf": chrf_statistics}[kind]
    return np.array([make(*pair) for pair in pairs], dtype=float)


@pytest.fixture(scope="module")
def command(tmp_path_factory) -> dict[str, dict]:
    """What the sacrebleu command prints for PAIRS, by metric."""
    folder = tmp_path_factory.mktemp("sacrebleu")
    predicted, expected = folder / "predictions", folder / "references"
    predicted.write_text("".join(one_line(a) + "\n" for a, _ in PAIRS), encoding="utf-8")
    expected.write_text("".join(one_line(b) + "\n" for _, b in PAIRS), encoding="utf-8")
    ran = subprocess.run(
        [*SACREBLEU, expected, "-i", predicted, "-m", "bleu", "chrf", "-w", "9"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {entry["name"]: entry for entry in json.loads(ran.stdout)}


def test_the_pairs_are_varied():
    assert len(PAIRS) == 400
    sentences = [combine_sentence_bleu(row) for row in statistics("bleu", PAIRS)]
    assert sum(value == 0 for value in sentences) > 20
    assert sum(value > 99.99 for value in sentences) > 20
    assert sum(20 < value < 80 for value in sentences) > 100


@pytest.mark.parametrize(("name", "kind"), [("BLEU", "bleu"), ("chrF2", "chrf")])
def test_value_and_signature_equal_the_sacrebleu_command(command, name, kind):
    pairs = [(one_line(a), one_line(b)) for a, b in PAIRS]
    combine = {"bleu": combine_bleu, "chrf": combine_chrf}[kind]
    assert float(combine(statistics(kind, pairs).sum(axis=0))) == pytest.approx(
        command[name]["score"], abs=1e-8
    )
    printed = command[name]["signature"]  # "nrefs:1|case:mixed|..."
    assert METRICS[kind].signature() == printed


def test_corpus_bleu_from_statistics_equals_sacrebleu_on_every_subset():
    rows = statistics("bleu", [(one_line(a), one_line(b)) for a, b in PAIRS])
    for start in range(0, 400, 20):
        part = [(one_line(a), one_line(b)) for a, b in PAIRS[start : start + 20]]
        expected = BLEU().corpus_score([a for a, _ in part], [[b for _, b in part]]).score
        assert float(combine_bleu(rows[start : start + 20].sum(axis=0))) == pytest.approx(expected, abs=1e-9)


def test_sentence_bleu_equals_sacrebleu_with_effective_order():
    metric = BLEU(effective_order=True)
    for prediction, reference in ((one_line(a), one_line(b)) for a, b in PAIRS):
        expected = metric.sentence_score(prediction, [reference]).score
        found = float(combine_sentence_bleu(np.array(bleu_statistics(prediction, reference), dtype=float)))
        assert found == pytest.approx(expected, abs=1e-9)


def test_chrf_equals_sacrebleu_for_every_sample():
    metric = CHRF()
    for prediction, reference in PAIRS:
        expected = metric.sentence_score(prediction, [reference]).score
        found = float(combine_chrf(np.array(chrf_statistics(prediction, reference), dtype=float)))
        assert found == pytest.approx(expected, abs=1e-9)


def test_values_of_many_resamples_at_once_equal_one_by_one():
    rows = np.array([[bleu_statistics(*pair)] * 2 for pair in PAIRS[:50]], dtype=float)  # (50, 2, 10)
    assert combine_bleu(rows).shape == (50, 2)
    assert combine_bleu(rows)[7, 1] == combine_bleu(rows[7, 1])


@pytest.mark.parametrize("combine", [combine_bleu, combine_sentence_bleu, combine_chrf, combine_mean])
def test_nothing_counted_scores_nothing(combine):
    width = {combine_chrf: 18, combine_mean: 2}.get(combine, 10)
    with np.errstate(all="raise"):
        assert float(combine(np.zeros(width))) == 0.0
