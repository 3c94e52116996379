"""Scores and differences say what the samples can show, and no more."""

import math

import numpy as np
import pytest

from src.evaluation.metrics import measures
from src.evaluation.statistics.estimates import Measure, detectable_difference, difference, estimate, holm
from src.evaluation.statistics.proportions import mcnemar_score, tango, wilson
from src.evaluation.statistics.resampling import paired_randomisation
from src.metrics.combine import combine_bleu, combine_mean, combine_sentence_bleu
from src.metrics.table import METRICS
from src.metrics.text_statistics import bleu_code_statistics, bleu_statistics, chrf_statistics
from src.schema import SampleScore
from tests.evaluation.samples import sample_score
from tests.evaluation.text_pairs import text_pairs

NOTHING = (0.0, 0.0)


def means(values, ids=(), binary=False) -> Measure:
    """A metric that is a mean; None is a sample that does not count."""
    rows = [NOTHING if value is None else (value, 1.0) for value in values]
    statistics = np.array(rows, dtype=float).reshape(-1, 2)
    return Measure("codebleu", "test", statistics, combine_mean, tuple(ids), binary)


def passes(*outcomes) -> Measure:
    return means([None if outcome is None else 100.0 * outcome for outcome in outcomes], binary=True)


@pytest.mark.parametrize(
    ("values", "holm_adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # worked by hand: x3, x2 carried on, x2, x4
        ([0.9, 0.6], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_holm_equals_a_hand_worked_example(values, holm_adjusted):
    assert holm(values) == pytest.approx(holm_adjusted)


def test_holm_keeps_the_order_of_p_values():
    values = np.random.default_rng(0).random(40).tolist()
    adjusted = holm(values)
    assert all(value <= after <= 1 for value, after in zip(values, adjusted, strict=True))
    assert (np.diff(np.array(adjusted)[np.argsort(values)]) >= 0).all()


def test_no_sample_that_counts_gives_no_value():
    for measure in (means([]), means([None, None])):
        found = estimate(measure)
        assert (found.value, found.ci95, found.n, found.coverage) == (None, None, 0, 0.0)


def test_coverage_is_the_share_of_samples_that_count():
    found = estimate(means([10.0, None, 0.0, 50.0]))
    assert (found.value, found.n, found.coverage) == (20.0, 3, 0.75)


def test_one_sample_says_nothing_of_the_next():
    assert estimate(means([40.0])).ci95 == (0.0, 100.0)


def test_a_pass_rate_has_wilsons_interval():
    found = estimate(passes(*[1] * 7, *[0] * 13, None))
    assert found.value == 35.0
    assert found.ci95 == pytest.approx(wilson(7, 20), abs=1e-7)


def test_samples_all_alike_leave_room_for_others_not_seen():
    low, high = estimate(means([40.0] * 50)).ci95
    unseen = wilson(0, 50)[1] / 100
    assert (low, high) == pytest.approx((40 * (1 - unseen), 40 + 60 * unseen))


def test_the_interval_holds_the_value_and_shrinks_with_the_root_of_n():
    rng = np.random.default_rng(0)
    widths = []
    for n in (50, 5000):
        found = estimate(means(rng.uniform(0, 100, n)))
        assert found.ci95[0] < found.value < found.ci95[1]
        widths.append(found.ci95[1] - found.ci95[0])
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.15)


def test_wins_losses_and_ties_add_up_to_the_shared_samples():
    before = means([10, 20, 30, None, 50, 60])
    after = means([11, 19, 30, 40, None, 90])
    found = difference(before, after)
    assert (found.wins, found.losses, found.ties, found.n) == (2, 1, 1, 4)
    assert found.delta == pytest.approx((1 - 1 + 0 + 30) / 4)


def test_rounding_errors_are_ties():
    found = difference(means([0.1 + 0.2, 5.0]), means([0.3, 5.0]))
    assert (found.wins, found.losses, found.ties) == (0, 0, 2)


def test_sentences_win_by_sentence_bleu_where_corpus_bleu_is_blind():
    # three tokens have no 4-gram: corpus BLEU of the sample alone is 0 however good the answer is
    right = np.array([[3, 3, 3, 2, 1, 0, 3, 2, 1, 0]] * 4, dtype=float)
    wrong = np.array([[3, 3, 1, 0, 0, 0, 3, 2, 1, 0]] * 4, dtype=float)
    before, after = (
        Measure("bleu", "test", rows, combine_bleu, combine_row=combine_sentence_bleu)
        for rows in (wrong, right)
    )
    assert difference(before, after).wins == 4


def test_pass_and_fail_are_compared_with_mcnemar_and_tango():
    before, after = passes(*[0] * 9, *[1] * 11), passes(*[1] * 9, *[0] * 2, *[1] * 9)
    found = difference(before, after)
    assert (found.wins, found.losses, found.ties) == (9, 2, 9)
    assert found.delta == 35.0
    assert found.p_value == pytest.approx(mcnemar_score(9, 2), rel=1e-7)
    assert found.ci95 == pytest.approx(tango(9, 2, 20), abs=1e-7)
    assert found.test == "McNemar (exact p = 0.0654)"  # 2 * (1 + 11 + 55) / 2**11


@pytest.mark.parametrize("make", [means, passes], ids=["continuous", "binary"])
def test_systems_that_tie_everywhere_show_no_difference_but_leave_room_for_one(make):
    measure = make([1, 0, 1, 0] * 10) if make is means else make(*[1, 0, 1, 0] * 10)
    found = difference(measure, measure)
    assert (found.delta, found.p_value, found.wins, found.losses, found.ties) == (0.0, 1.0, 0, 0, 40)
    assert found.ci95 == pytest.approx(tango(0, 0, 40), abs=1e-7)
    assert 0 < found.detectable < 15


@pytest.mark.parametrize("shared", [0, 1])
def test_fewer_than_two_shared_samples_show_nothing(shared):
    found = difference(means([1.0, None, 3.0]), means([2.0 if shared else None, 2.0, None]))
    assert (found.n, found.p_value, found.ci95, found.detectable) == (shared, 1.0, (-100.0, 100.0), 100.0)


def test_two_samples_are_enough_for_an_answer():
    found = difference(means([1.0, 2.0]), means([5.0, 9.0]))
    assert found.delta == 5.5
    assert all(map(math.isfinite, (*found.ci95, found.p_value, found.detectable)))


def test_several_completions_of_a_sample_are_no_longer_pass_or_fail():
    rows = np.array([[200, 4], [0, 4], [400, 4], [100, 4]] * 5, dtype=float)
    many = Measure("functional_accuracy", "test", rows, combine_mean, binary=True)
    found = estimate(many)
    assert found.value == 43.75
    assert found.n == 20
    assert found.ci95 != pytest.approx(wilson(9, 20))
    better = Measure(
        "functional_accuracy",
        "test",
        np.minimum(rows + np.array([100, 0]), [400, 4]),
        combine_mean,
        binary=True,
    )
    assert difference(many, better).test.startswith("paired randomisation")
    assert difference(many, better).ties == 5


def test_completions_of_one_sample_count_as_one_sample():
    # ten answers to each of 8 prompts: as wide as 8 samples are, far wider than 80 would be
    rng = np.random.default_rng(0)
    share = rng.integers(0, 2, 8) * 1000.0
    grouped = Measure("x", "test", np.column_stack([share, np.full(8, 10.0)]), combine_mean, binary=True)
    low, high = estimate(grouped).ci95
    assert high - low > 2 * np.subtract(*wilson(int(share.sum() / 100), 80)[::-1])


def test_only_the_same_metric_on_the_same_samples_is_compared():
    before = means([1, 2], ids=("a", "b"))
    with pytest.raises(ValueError, match="same samples"):
        difference(before, means([1, 2], ids=("a", "c")))
    with pytest.raises(ValueError, match="same samples"):
        difference(means([1, 2]), means([1, 2, 3]))
    with pytest.raises(ValueError, match="cannot compare"):
        difference(before, Measure("bleu", "test", before.statistics, combine_mean, before.ids))


def test_a_seed_decides_everything():
    rng = np.random.default_rng(0)
    before, after = means(rng.uniform(0, 100, 60)), means(rng.uniform(5, 100, 60))
    assert difference(before, after, seed=3) == difference(before, after, seed=3)
    assert estimate(before, seed=3) == estimate(before, seed=3)


def test_after_minus_before_is_minus_before_minus_after():
    rng = np.random.default_rng(1)
    before, after = means(rng.uniform(0, 90, 80)), means(rng.uniform(0, 100, 80))
    there, back = difference(before, after), difference(after, before)
    assert back.delta == -there.delta
    assert (back.wins, back.losses) == (there.losses, there.wins)
    assert back.ci95 == pytest.approx((-there.ci95[1], -there.ci95[0]), abs=1.0)
    assert back.p_value == pytest.approx(there.p_value, abs=0.03)


def test_the_detectable_difference_is_2_8_standard_errors():
    assert detectable_difference(1.0) == pytest.approx(1.959964 + 0.841621, abs=1e-5)
    assert detectable_difference(math.inf) == 100.0


@pytest.mark.parametrize("n", [50, 200])
def test_a_difference_as_large_as_the_detectable_one_shows_in_four_of_five_tries(n):
    spread = 12.0
    effect = detectable_difference(spread / math.sqrt(n))
    shown, promised = 0, []
    for index in range(400):
        rng = np.random.default_rng([9, n, index])
        before = rng.uniform(20, 60, n)
        found = difference(means(before), means(before + rng.normal(effect, spread, n)), 300, index)
        shown += found.p_value < 0.05
        promised.append(found.detectable)
    assert shown / 400 == pytest.approx(0.80, abs=0.06)
    assert np.mean(promised) == pytest.approx(effect, rel=0.05)


def test_a_pass_rate_that_differs_by_the_detectable_difference_shows_in_four_of_five_tries():
    n, up = 200, 0.18
    down = 0.062  # so that the difference is what n = 200 can detect
    tries = np.random.default_rng(2).multinomial(n, [up, down, 1 - up - down], 2000)
    effect = 100 * (up - down)
    error = 100 * math.sqrt((up + down - (up - down) ** 2) / n)
    assert detectable_difference(error) == pytest.approx(effect, rel=0.2)
    share = np.mean([mcnemar_score(int(wins), int(losses)) < 0.05 for wins, losses, _ in tries])
    expected = 0.5 * math.erfc((1.959964 - effect / error) / math.sqrt(2))
    assert share == pytest.approx(expected, abs=0.04)


REPEATS = [(1, 1), (1, 3), (3, 3), (1, 5), (5, 2)]


def _answered(better: float, copies: int) -> list[SampleScore]:
    """50 samples, each with one answer that is written `copies` times; a share `better` of them is right."""
    rng = np.random.default_rng(7)
    easy, scores = rng.random(50), []
    for number, pair in enumerate(text_pairs(50, seed=int(better * 100))):
        passed = bool(easy[number] < better)
        values = {
            **{
                "bleu": bleu_statistics(*pair),
                "chrf": chrf_statistics(*pair),
                "codebleu": 100 * easy[number] ** (1 / better),
            },
            **{
                "bleu_code": bleu_code_statistics(*pair, "python"),
                "execution": "passed" if passed else "error",
            },
            "functional": "" if number % 7 == 0 else "passed" if passed else "failed",
        }
        scores += [sample_score(f"s{number:02}", completion=copy, **values) for copy in range(copies)]
    return scores


@pytest.mark.parametrize(("before", "after"), REPEATS[1:])
def test_repeating_every_answer_moves_neither_value_nor_interval_nor_p(before: int, after: int):
    once = [measures(_answered(share, 1)) for share in (0.4, 0.6)]
    often = [measures(_answered(*pair)) for pair in ((0.4, before), (0.6, after))]
    for name in METRICS:
        expected = difference(once[0][name], once[1][name], 500)
        found = difference(often[0][name], often[1][name], 500)
        assert found.p_value == pytest.approx(expected.p_value)
        assert found.ci95 == pytest.approx(expected.ci95)
        assert (found.delta, found.n, found.test) == (
            pytest.approx(expected.delta),
            expected.n,
            expected.test,
        )
        scores = [estimate(side[name], 500) for side in (once[1], often[1])]
        assert scores[1].value == pytest.approx(scores[0].value)
        assert scores[1].ci95 == pytest.approx(scores[0].ci95)


@pytest.mark.parametrize(("before", "after"), REPEATS)
def test_p_of_unequal_numbers_of_completions_is_that_of_equal_numbers(before: int, after: int):
    """The same means, each of some answers that differ."""
    rng = np.random.default_rng(3)
    old = rng.uniform(20, 80, 50)
    new = old + rng.normal(6, 18, 50)

    def measure(values: np.ndarray, completions: int) -> Measure:
        spread = np.linspace(-5, 5, completions) if completions > 1 else np.zeros(1)
        scores = [
            sample_score(f"s{number:02}", codebleu=float(value + shift), completion=completion)
            for number, value in enumerate(values)
            for completion, shift in enumerate(spread)
        ]
        return measures(scores)["codebleu"]

    found = difference(measure(old, before), measure(new, after), 2000)
    assert found.p_value == pytest.approx(difference(means(old), means(new), 2000).p_value)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 20])
@pytest.mark.parametrize("change", [-30.0, 0.0, 0.5, 12.0, 100.0])
def test_a_difference_that_is_the_same_everywhere_leaves_room_for_others(n: int, change: float):
    before = means([0.0] * n) if change >= 0 else means([-change] * n)
    after = means([before.statistics[0, 0] + change] * n)
    found = difference(before, after, 200)
    low, high = found.ci95
    assert low < high
    assert low <= found.delta <= high
    assert low >= -100
    assert high <= 100
    assert found.detectable > 0
    assert n > 5 or found.p_value > 0.05  # no arrangement of so few samples is rare enough
    assert change == 100 or n > 5 or low <= 0 <= high


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_corpus_metric_whose_samples_agree_leaves_room_for_others(n: int):
    row = bleu_statistics("a b c d e f g", "a b c d e f h")
    better = bleu_statistics("a b c d e f h", "a b c d e f h")
    before, after = (
        Measure("bleu", "test", np.array([each] * n, dtype=float), combine_bleu) for each in (row, better)
    )
    low, high = difference(before, after, 200).ci95
    assert low < 0 < high


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_intervals_of_few_samples_cover(n: int):
    """Normal differences: Student's interval covers 95 %, the hull with it no less; 1,000 draws, error 0.7 points."""
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(1000):
        change = rng.normal(5, 4, n)
        low, high = difference(means([40.0] * n), means(40 + change), 200).ci95
        covered += low <= 5 <= high
    assert covered >= 930


def test_rows_that_weigh_by_their_number_of_completions_would_double_p():
    """Why rows are means: the figures of docs/statistics.md."""
    rng = np.random.default_rng(3)
    before = np.column_stack([rng.uniform(20, 80, 50), np.ones(50)])
    after = before + np.column_stack([rng.normal(6, 18, 50), np.zeros(50)])
    p_values = [
        paired_randomisation(before * old, after * new, combine_mean, 10_000, 0)
        for old, new in ((1, 1), (3, 3), (1, 3), (1, 5))
    ]
    assert p_values == pytest.approx([0.175, 0.175, 0.380, 0.451], abs=5e-4)
