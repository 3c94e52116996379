"""Text metrics equal the sacrebleu command and library, sample by sample and over a corpus."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

from src.evaluation import metrics
from src.evaluation.metrics import (
    METRICS,
    bleu_code_statistics,
    bleu_measure,
    bleu_statistics,
    chrf_statistics,
    combine_bleu,
    combine_chrf,
    combine_mean,
    combine_sentence_bleu,
    measures,
)
from src.evaluation.statistics.estimates import estimate
from tests.evaluation.samples import sample_score
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
    assert measures([sample_score("a")])[kind].signature == printed


def test_a_newline_is_a_space_as_it_is_in_a_file_of_lines():
    for prediction, reference in PAIRS:
        flat = bleu_statistics(prediction.replace("\n", " "), reference.replace("\n", " "))
        assert bleu_statistics(prediction, reference) == flat


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


def test_13a_is_blind_to_indentation_and_code_bleu_is_not():
    right = "for x in xs:\n    total += x\nprint(total)"
    wrong = "for x in xs:\n    total += x\n    print(total)"
    assert bleu_statistics(wrong, right) == bleu_statistics(right, right)
    blind, seeing = (
        float(combine_sentence_bleu(np.array(row, dtype=float)))
        for row in (bleu_statistics(wrong, right), bleu_code_statistics(wrong, right, "python"))
    )
    assert blind == pytest.approx(100)
    assert seeing < 90
    assert bleu_code_statistics(right, right, "python") != bleu_code_statistics(wrong, right, "python")


def test_13a_unescapes_entities_and_code_bleu_does_not():
    assert bleu_statistics("if a &lt; b", "if a < b") == bleu_statistics("if a < b", "if a < b")
    assert bleu_code_statistics("if a &lt; b", "if a < b", "html")[2] < 4


def test_code_bleu_ignores_how_tokens_are_spaced():
    assert bleu_code_statistics("x=[1,2]\n", "x = [ 1, 2 ]", "python")[2] == 8  # 7 and <newline>


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [("\ud800", "x = 1"), ("\x00", "\x00"), ("x = 1", "\ud800"), ("", ""), ("'" * 2000, '"' * 2000)],
    ids=["surrogate", "nul", "surrogate reference", "empty", "quotes"],
)
def test_odd_texts_are_measured(prediction, reference):
    assert len(bleu_statistics(prediction, reference)) == 10
    assert len(bleu_code_statistics(prediction, reference, "python")) == 10
    assert len(chrf_statistics(prediction, reference)) == 18


def test_a_row_holds_the_completions_of_a_sample_and_rows_are_sorted_by_id():
    rows = (("b", "passed"), ("a", "failed"), ("b", "error"))
    scores = [sample_score(id, execution=outcome) for id, outcome in rows]
    measure = measures(scores)["execution_success"]
    assert measure.ids == ("a", "b")
    assert measure.statistics.tolist() == [[0, 1], [50, 1]]


def test_the_order_of_samples_changes_nothing():
    rng = np.random.default_rng(0)
    scores = [
        sample_score(
            f"s{index % 50}", bleu=bleu_statistics(*pair), chrf=chrf_statistics(*pair),
            codebleu=float(rng.uniform(0, 100)), execution=str(rng.choice(["passed", "error", "not_run"])),
            functional=str(rng.choice(["passed", "failed", ""])),
        )
        for index, pair in enumerate(PAIRS[:80])
    ]  # fmt: skip
    shuffled = [scores[index] for index in rng.permutation(len(scores))]
    for name in METRICS:
        assert estimate(measures(shuffled)[name]) == estimate(measures(scores)[name])


@pytest.mark.parametrize(
    ("execution", "functional", "expected"),
    [
        ("passed", "failed", (100.0, 0.0)),
        ("error", "passed", (0.0, 100.0)),
        ("not_run", "", (None, None)),
        ("timeout", "not_run", (0.0, None)),
    ],
)
def test_what_was_not_run_does_not_count(execution, functional, expected):
    found = measures([sample_score("a", execution=execution, functional=functional)])
    values = tuple(estimate(found[name]).value for name in ("execution_success", "functional_accuracy"))
    assert values == expected


def test_no_samples_have_measures_without_values():
    found = measures([])
    assert set(found) == set(METRICS)
    assert all(estimate(measure).value is None for measure in found.values())


def test_bleu_of_other_texts_carries_its_own_name():
    measure = bleu_measure("bleu_raw", ["a", "b"], [bleu_statistics("x = 1", "x = 1"), ()])
    assert measure.name == "bleu_raw"
    assert measure.counts.tolist() == [True, False]


def test_every_metric_has_a_signature_of_its_own():
    signatures = {measure.signature for measure in measures([]).values()}
    assert len(signatures) == len(METRICS)
    assert f"version:{sacrebleu.__version__}" in measures([])["bleu_code"].signature
    assert "tok:code.1" in measures([])["bleu_code"].signature


def test_measuring_imports_no_torch():
    code = "import sys; import src.evaluation.metrics; sys.exit('torch' in sys.modules)"
    root = Path(metrics.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
