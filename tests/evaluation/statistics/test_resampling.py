"""Bootstrap and randomisation agree with sacrebleu's own, with exact enumeration and with textbook formulas."""

import itertools
import random

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest
from scipy import stats

from benchmarks.evaluation.statistics_calibration import bootstrap_p_value
from src.evaluation.statistics import resampling
from src.evaluation.statistics.resampling import (
    bootstrap_interval,
    paired_bootstrap,
    paired_interval,
    paired_randomisation,
    widened_interval,
)
from src.metrics.combine import combine_bleu, combine_chrf, combine_mean
from src.metrics.text_statistics import bleu_statistics, chrf_statistics
from tests.evaluation.text_pairs import damaged, text_pairs

RESAMPLES = 2000


def mean_rows(values) -> np.ndarray:
    return np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])


def systems(damage_after: float):
    """References, and two systems' answers to them in one line each; damage of 0.1 is as good as before."""
    rng = random.Random(5)
    pairs = [(a.replace("\n", " "), b.replace("\n", " ")) for a, b in text_pairs(90, seed=3) if len(b) > 3]
    before = [damaged(rng, answer, 0.1) for answer, _ in pairs]
    after = [damaged(rng, answer, damage_after) for answer, _ in pairs]
    return [reference for _, reference in pairs], before, after


@pytest.mark.parametrize("damage_after", [0.1, 0.13, 0.2])
@pytest.mark.parametrize("test_type", ["ar", "bs"])
def test_p_values_equal_sacrebleus_paired_test_within_resampling_error(damage_after, test_type):
    # sacrebleu 2.6.0, SACREBLEU_SEED 12345
    references, before, after = systems(damage_after)
    named = [("before", before), ("after", after)]
    metrics = {"BLEU": BLEU(), "chrF2": CHRF()}
    _, results = PairedTest(named, metrics, [references], test_type, n_samples=RESAMPLES)()
    own = {"ar": paired_randomisation, "bs": bootstrap_p_value}[test_type]
    kinds = (("BLEU", bleu_statistics, combine_bleu), ("chrF2", chrf_statistics, combine_chrf))
    for name, statistics, combine in kinds:
        rows = [
            np.array([statistics(*pair) for pair in zip(answers, references, strict=True)], dtype=float)
            for answers in (before, after)
        ]
        theirs = results[name][1].p_value
        ours = own(*rows, combine, RESAMPLES, seed=1)
        error = np.sqrt(2 * theirs * (1 - theirs) / RESAMPLES)
        assert ours == pytest.approx(theirs, abs=3.5 * error + 2 / RESAMPLES)


def test_the_bootstrap_interval_is_sacrebleus_but_for_its_widening():
    references, before, after = systems(0.13)
    _, results = PairedTest(
        [("before", before), ("after", after)], {"BLEU": BLEU()}, [references], "bs", n_samples=RESAMPLES
    )()
    rows = np.array([bleu_statistics(*pair) for pair in zip(before, references, strict=True)], dtype=float)
    (low, high), _ = bootstrap_interval(rows, combine_bleu, RESAMPLES, seed=0)
    half = results["BLEU"][0].ci
    assert 0.97 * half < (high - low) / 2 < 1.4 * half


def test_randomisation_equals_the_enumeration_of_all_swaps():
    before, after = mean_rows([3, 8, 1, 7, 5, 2, 9, 4]), mean_rows([5, 9, 4, 7, 9, 1, 12, 9])
    change = (after - before)[:, 0]
    swapped = [abs(np.dot(signs, change)) for signs in itertools.product((1, -1), repeat=len(change))]
    exact = np.mean(np.array(swapped) >= abs(change.sum()) - 1e-9)
    drawn = paired_randomisation(before, after, combine_mean, 20_000, seed=0)
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_a_randomised_p_value_is_never_zero_and_is_one_where_nothing_changed():
    rows = mean_rows(range(40))
    assert paired_randomisation(rows, rows, combine_mean, 99, seed=0) == 1.0
    assert paired_randomisation(rows, rows + np.array([100, 0]), combine_mean, 99, seed=0) == 0.01


def test_the_interval_of_a_mean_of_many_samples_is_students():
    values = np.random.default_rng(0).normal(50, 12, 400)
    (low, high), _ = bootstrap_interval(mean_rows(values), combine_mean, 8000, seed=0)
    expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected, abs=0.12)


def test_the_standard_error_of_a_paired_mean_is_that_of_the_changes():
    rng = np.random.default_rng(1)
    before = rng.normal(40, 10, 300)
    after = before + rng.normal(2, 5, 300)
    _, error = paired_interval(mean_rows(before), mean_rows(after), combine_mean, 4000, seed=0)
    assert error == pytest.approx(stats.sem(after - before), rel=0.04)


def test_a_small_samples_interval_is_widened_to_students():
    # five values: the plain percentile interval is too short by t(4) / z * sqrt(5 / 4) = 1.58
    values = np.array([10.0, 30.0, 35.0, 50.0, 75.0])
    drawn = np.random.default_rng(0).choice(values, (50_000, 5)).mean(axis=1)
    plain = np.subtract(*np.quantile(drawn, [0.975, 0.025]))
    left_out = (values.sum() - values) / 4
    (low, high), error = widened_interval(drawn, left_out)
    assert (high - low) / plain == pytest.approx(1.58, abs=0.12)
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(5), rel=0.01)


def test_resampled_values_stay_between_zero_and_a_hundred():
    rows = mean_rows([0, 0, 0, 100])
    (low, high), _ = bootstrap_interval(rows, combine_mean, 500, seed=0)
    assert 0 <= low < high <= 100


def test_blocks_change_nothing_but_memory(monkeypatch):
    rows = mean_rows(np.random.default_rng(2).normal(50, 9, 60))
    whole = paired_bootstrap(rows, rows * [1.1, 1], combine_mean, 300, seed=4)
    assert len(whole) == 300
    monkeypatch.setattr(resampling, "BLOCK_CELLS", 60 * 7)
    split = paired_bootstrap(rows, rows * [1.1, 1], combine_mean, 300, seed=4)
    assert len(split) == 300
    assert split.mean() == pytest.approx(whole.mean(), abs=0.2)


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others():
    rows = mean_rows(range(30))
    first, again, other = (bootstrap_interval(rows, combine_mean, 200, seed) for seed in (7, 7, 8))
    assert first == again
    assert first != other
