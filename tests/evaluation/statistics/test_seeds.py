"""Differences over seeds: one source of luck alone gives what is known for it, both together add up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats  # 1.17.1

from src.evaluation.statistics.estimates import Measure, difference, estimate
from src.evaluation.statistics.seeds import (
    Error,
    Spread,
    difference_over_seeds,
    estimate_over_seeds,
    spread,
    values_over_seeds,
)
from src.metrics.combine import Array, combine_mean

N = 60


def _measure(values: Array, counts: Array | None = None) -> Measure:
    counted = np.ones(len(values)) if counts is None else counts.astype(float)
    rows = np.column_stack([values * counted, counted])
    return Measure("score", "test", rows, combine_mean, tuple(map(str, range(len(values)))))


@pytest.fixture
def drawn() -> tuple[Measure, list[Measure]]:
    generator = np.random.default_rng(0)
    difficulty = generator.normal(50, 15, N)
    before = _measure(difficulty + generator.normal(0, 8, N))
    return before, [_measure(difficulty + shift + generator.normal(0, 8, N)) for shift in (4.0, 9.0, 6.0)]


def test_one_training_on_each_side_is_a_plain_difference(drawn):
    before, (after, *_) = drawn
    assert difference_over_seeds([before], [after]) == difference(before, after)
    assert estimate_over_seeds([after]) == estimate(after)


def test_trainings_that_do_not_differ_add_nothing_to_the_error_of_samples(drawn):
    before, (after, *_) = drawn
    one, three = difference(before, after), difference_over_seeds([before], [after] * 3)
    assert three.delta == pytest.approx(one.delta)
    assert three.ci95 == pytest.approx(one.ci95)
    assert three.seeds is not None
    assert three.seeds.seeds == 0
    assert estimate_over_seeds([after] * 3).ci95 == pytest.approx(estimate(after).ci95)


@pytest.mark.parametrize("shifts", [(3.0, 5.0, 10.0), (2.0, 2.5, 1.0, 4.0, 3.0)])
def test_where_samples_say_nothing_it_is_students_t_test_over_seeds(shifts: tuple[float, ...]):
    """All samples gain the same, so that only seeds differ; 20,000 of them, so that others can hardly be otherwise."""
    before = _measure(np.full(20_000, 40.0))
    found = difference_over_seeds([before], [_measure(np.full(20_000, 40 + shift)) for shift in shifts], 100)
    expected = stats.ttest_1samp(shifts, 0.0)
    assert found.delta == pytest.approx(np.mean(shifts))
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-3)
    assert found.ci95 == pytest.approx(tuple(expected.confidence_interval()), abs=0.01)


def test_the_interval_of_both_sources_is_each_ones_squared_and_added(drawn):
    before, after = drawn
    found = difference_over_seeds([before], after)
    rows = [measure.statistics for measure in after]
    mean = _measure(np.mean([each[:, 0] for each in rows], axis=0))
    samples = difference(before, mean)  # the mean training, with no luck of seeds
    seeds = stats.t.ppf(0.975, 2) * math.sqrt(spread(rows, combine_mean).variance / 3)
    assert seeds > 1
    expected = [
        samples.delta + sign * math.hypot(end - samples.delta, seeds)
        for sign, end in zip((-1, 1), samples.ci95, strict=True)
    ]
    assert found.ci95 == pytest.approx(expected)


def test_the_noise_of_a_mean_between_seeds_is_the_variance_of_the_samples_deviations(drawn):
    _, after = drawn
    values = np.array([measure.statistics[:, 0] for measure in after])
    found = spread([measure.statistics for measure in after], combine_mean)
    apart = values - values.mean(axis=0)
    assert found.between == pytest.approx(values.mean(axis=1).var(ddof=1))
    assert found.noise == pytest.approx(apart.var(axis=1, ddof=1).sum() / N / 2)
    assert found.variance == pytest.approx(found.between - found.noise)
    assert Spread(3, between=1.0, noise=2.0).variance == 0


ERROR = Error(2.0, 49, (Spread(3, 9.0, 4.0), Spread(5, 6.0, 3.0)))


@pytest.mark.parametrize("value", [0.3, 2.0, 9.0, -9.0, 60.0])
def test_p_is_the_level_at_which_the_interval_ends_at_0(value: float):
    assert ERROR.half_width(ERROR.p_value(value)) == pytest.approx(abs(value))


def test_p_is_1_without_a_difference_and_never_0():
    assert ERROR.p_value(0.0) == 1.0
    assert 0 < Error(1e-6, 4000, ()).p_value(100.0) < 1e-100


def test_seeds_needed_is_the_fewest_that_show_the_difference():
    needed = ERROR.seeds_needed(9.0)
    assert needed is not None
    assert needed > 3
    assert ERROR.with_seeds(needed).detectable() <= 9.0 < ERROR.with_seeds(needed - 1).detectable()
    assert ERROR.seeds_needed(1.0) is None  # the samples' own error is larger
    assert ERROR.with_seeds(3).spreads[0] == ERROR.spreads[0]


def test_more_seeds_take_their_noise_out_of_the_error_of_samples():
    """Each seed's noise of 4 is 4/3 of the variance 2 of the samples' error with 3 seeds, and 4/12 with 12."""
    error = Error(math.sqrt(2), 49, (Spread(3, 5.0, 4.0),))
    assert error.with_seeds(12).samples ** 2 == pytest.approx(2 - 4 / 3 + 4 / 12)


def test_methods_with_seeds_on_both_sides_exchanged_give_the_opposite(drawn):
    before, after = drawn
    others = [_measure(before.statistics[:, 0] + shift) for shift in (-3.0, 0.5)]
    one, other = difference_over_seeds(others, after), difference_over_seeds(after, others)
    assert other.delta == pytest.approx(-one.delta)
    assert other.p_value == pytest.approx(one.p_value)
    assert (one.seeds.before, one.seeds.after) == (2, 3)
    assert (other.wins, other.losses, other.ties) == (one.losses, one.wins, one.ties)


def test_a_sample_counts_where_it_counts_for_every_training(drawn):
    before, after = drawn
    without = [_measure(each.statistics[:, 0], np.arange(N) != number) for number, each in enumerate(after)]
    assert difference_over_seeds([before], without).n == N - 3
    score = estimate_over_seeds(without)
    assert (score.n, score.coverage) == (N - 3, (N - 3) / N)
    assert np.mean(values_over_seeds(without)) == pytest.approx(score.value)


def test_a_sample_or_none_shows_nothing():
    one = [_measure(np.array([30.0])), _measure(np.array([50.0]))]
    assert estimate_over_seeds(one).ci95 == (0.0, 100.0)
    found = difference_over_seeds(one[:1], one)
    assert (found.ci95, found.p_value, found.detectable) == ((-100.0, 100.0), 1.0, 100.0)
    none = [_measure(np.array([30.0]), np.zeros(1))] * 2
    assert estimate_over_seeds(none).value is None
    assert values_over_seeds(none) == [None, None]
    assert difference_over_seeds(none[:1], none).n == 0


def test_other_metrics_and_other_samples_are_refused(drawn):
    before, after = drawn
    with pytest.raises(ValueError, match="cannot compare"):
        difference_over_seeds([before], [*after, dataclasses.replace(before, signature="another")])
    with pytest.raises(ValueError, match="not measured on the same samples"):
        estimate_over_seeds([before, _measure(np.zeros(3))])
