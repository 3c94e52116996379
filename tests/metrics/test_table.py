"""Each metric is one entry: its rows, its values and its signature."""

import pytest
import sacrebleu

from src.metrics.table import METRICS, PERCENT, Metric
from src.metrics.text_statistics import bleu_statistics
from tests.evaluation.samples import sample_score


def test_every_metric_has_a_signature_of_its_own():
    signatures = {metric.signature() for metric in METRICS.values()}
    assert len(signatures) == len(METRICS)
    assert f"version:{sacrebleu.__version__}" in METRICS["bleu_code"].signature()
    assert "tok:code.1" in METRICS["bleu_code"].signature()


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_an_entry_is_whole(metric: Metric):
    assert METRICS[metric.name] is metric
    assert all((metric.label, metric.what, metric.counts))
    assert (metric.of_texts is None) != (metric.of_score is None)
    assert metric.binary == (metric.unit == PERCENT)
    assert not metric.beside or (METRICS[metric.beside].unit == metric.unit and not metric.drawn)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_row_has_its_width_and_equal_texts_score_100(metric: Metric):
    text = "def add(a, b):\n    return a + b\n"
    values = {metric.name: metric.of_texts(text, text, "python")} if metric.of_texts else {}
    score = sample_score(
        "1", execution="passed", functional="passed", codebleu=100.0, codebleu_package=100.0, **values
    )
    assert len(metric.row(score)) == metric.width
    assert metric.value(score) == pytest.approx(100)


def test_what_was_not_measured_has_neither_row_nor_value():
    score = sample_score("1", execution="not_run")
    assert {metric.row(score) for metric in METRICS.values()} == {()}
    assert {metric.value(score) for metric in METRICS.values()} == {None}


def test_one_sample_has_its_sentence_bleu():
    row = bleu_statistics("x = 1", "x = 1")  # no 4-gram: corpus BLEU is 0
    assert METRICS["bleu"].value(sample_score("1", bleu=row)) == pytest.approx(100)


@pytest.mark.parametrize(
    ("outcome", "lacks", "value", "runnable"),
    [
        ("passed", "", 100.0, 100.0),
        ("failed", "", 0.0, 0.0),
        ("not_run", "", None, None),  # no sandbox, no compiler: nothing is known
        ("", "", None, None),
        ("not_run", "numpy", 0.0, None),
        ("not_run", "fragment", 0.0, None),
        ("error", "numpy", 0.0, None),  # beside tests
    ],
)
def test_what_an_answer_chooses_is_no_way_out_of_the_count(outcome, lacks, value, runnable):
    score = sample_score(
        "1", execution=outcome, execution_lacks=lacks, functional=outcome, functional_lacks=lacks
    )
    for name in ("execution_success", "functional_accuracy"):
        assert METRICS[name].value(score) == value
        assert METRICS[f"{name}_runnable"].value(score) == runnable
