"""Pass-rate intervals and tests equal published figures, and keep their promises by exact enumeration."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from src.evaluation.statistics.proportions import mcnemar_exact, mcnemar_score, paired_error, tango, wilson

NOISE = 1e-9
DOCS = Path(__file__).parents[3] / "docs" / "statistics.md"


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_wilson_equals_newcombes_table(passed, n, low, high):
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
    assert wilson(passed, n) == pytest.approx((low, high), abs=0.006)


@pytest.mark.parametrize(("passed", "n"), [(0, 1), (1, 1), (3, 7), (50, 50), (999, 1000)])
def test_wilson_equals_scipy(passed, n):
    expected = stats.binomtest(passed, n).proportion_ci(method="wilson")
    assert wilson(passed, n) == pytest.approx((100 * expected.low, 100 * expected.high), abs=NOISE)


def test_the_airway_example_of_fagerland_lydersen_and_laake():
    # Statistics in Medicine 33 (2014) 2850-2875: 21 children, 1 worse and 7 better after treatment
    assert mcnemar_score(1, 7) == pytest.approx(0.034, abs=0.0005)
    assert mcnemar_exact(1, 7) == pytest.approx(0.070, abs=0.0005)
    assert tango(1, 7, 21) == pytest.approx((-51.7, -2.6), abs=0.06)


@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [(0, 0, 1.0), (1, 7, 18 / 256), (7, 1, 18 / 256), (0, 5, 2 / 32), (3, 3, 1.0), (0, 1, 1.0)],
)
def test_exact_mcnemar_is_a_coin_toss(wins, losses, p_value):
    assert mcnemar_exact(wins, losses) == pytest.approx(p_value, abs=1e-12)


@pytest.mark.parametrize(("wins", "losses"), [(1, 0), (4, 9), (30, 12), (100, 140)])
def test_mcnemars_score_test_is_chi_squared_of_one_degree(wins, losses):
    expected = stats.chi2.sf((wins - losses) ** 2 / (wins + losses), 1)
    assert mcnemar_score(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_the_interval_leaves_out_zero_just_where_p_is_below_five_percent():
    tried = 0
    for n in (2, 5, 30, 200):
        for wins, losses in itertools.product(range(0, min(n, 40) + 1, 1 + n // 60), repeat=2):
            if wins + losses > n:
                continue
            tried += 1
            low, high = tango(wins, losses, n)
            leaves_out_zero = low > NOISE or high < -NOISE
            assert leaves_out_zero == (mcnemar_score(wins, losses) < 0.05)
    assert tried > 500


@pytest.mark.parametrize(
    ("wins", "losses", "n"), [(0, 0, 1), (0, 0, 50), (3, 8, 20), (10, 0, 10), (5, 5, 10)]
)
def test_tangos_interval_turns_with_the_systems_and_holds_the_difference(wins, losses, n):
    low, high = tango(wins, losses, n)
    assert (-high, -low) == pytest.approx(tango(losses, wins, n), abs=NOISE)
    assert -100 <= low <= 100 * (wins - losses) / n <= high <= 100


def test_no_change_seen_leaves_what_wilson_leaves_of_nothing_passed():
    assert tango(0, 0, 50)[1] == pytest.approx(wilson(0, 50)[1], abs=NOISE)


def test_the_standard_error_is_that_of_the_difference_with_a_win_and_a_loss_added():
    # worked by hand: 12 of 102 up, 6 of 102 down
    assert paired_error(11, 5, 100) == pytest.approx(100 * ((18 / 102 - (6 / 102) ** 2) / 102) ** 0.5)


def trinomial(n: int, up: float, down: float) -> np.ndarray:
    """Probability of each (wins, losses); (n + 1, n + 1)."""
    wins, losses = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    possible = wins + losses <= n
    rest = np.where(possible, n - wins - losses, 0)
    table = stats.multinomial.pmf(
        np.stack([wins, losses, rest], axis=-1).reshape(-1, 3), n, [up, down, 1 - up - down]
    )
    return np.where(possible, table.reshape(n + 1, n + 1), 0)


def share(n: int, up: float, down: float, event) -> float:
    """Probability of event(wins, losses)."""
    table = trinomial(n, up, down)
    return sum(table[cell] for cell in zip(*np.nonzero(table > 1e-7), strict=True) if event(*map(int, cell)))


@pytest.mark.parametrize(
    ("n", "changing"), [(30, 0.15), (30, 0.3), (30, 0.6), (50, 0.1), (50, 0.4), (200, 0.05), (200, 0.3)]
)
def test_false_alarms_of_the_score_test_are_five_percent_exactly_enumerated(n, changing):
    alarms = share(n, changing / 2, changing / 2, lambda wins, losses: mcnemar_score(wins, losses) < 0.05)
    assert 0.035 <= alarms <= 0.065


@pytest.mark.parametrize(("n", "changing"), [(30, 0.15), (30, 0.3), (50, 0.1), (50, 0.3)])
def test_exact_mcnemar_raises_less_than_three_percent_false_alarms(n, changing):
    assert share(n, changing / 2, changing / 2, lambda *cell: mcnemar_exact(*cell) < 0.05) < 0.03


@pytest.mark.parametrize(
    ("n", "up", "down"),
    [(30, 0.1, 0.1), (30, 0.3, 0.1), (50, 0.1, 0.05), (50, 0.25, 0.05), (200, 0.04, 0.02), (200, 0.2, 0.1)],
)
def test_tangos_interval_covers_the_truth_exactly_enumerated(n, up, down):
    def covers(wins: int, losses: int) -> bool:
        low, high = tango(wins, losses, n)
        return low - NOISE <= 100 * (up - down) <= high + NOISE

    assert 0.93 <= share(n, up, down, covers) <= 0.97


def alarms(test, n: int) -> np.ndarray:
    """Chance of p < 0.05 by the number of changed samples, which equal systems win or lose by a coin; (n + 1,)."""
    found, won = np.zeros(n + 1), -1  # the most wins, of the fewer, that still show
    for changed in range(n + 1):
        if test(won + 1, changed - won - 1) < 0.05:  # one more change allows one more win at most
            won += 1
        found[changed] = 2 * stats.binom.cdf(won, changed, 0.5)
    return found


def test_the_documented_false_alarms_of_mcnemars_tests_are_the_exact_ones():
    text = DOCS.read_text(encoding="utf-8")
    header = re.search(r"^\| false alarms, % \|(.*)\|$", text, re.MULTILINE)[1].split("|")
    cases, n = [], 0
    for cell in header:  # "n = 30: 5 %", then "10 %" of the same n
        size = re.search(r"n = (\d+)", cell)
        n = int(size[1]) if size else n
        cases.append((n, int(re.search(r"(\d+) %", cell)[1]) / 100))
    assert len(cases) == 14
    for name, test in (("exact", mcnemar_exact), ("**score test (used)**", mcnemar_score)):
        shown = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", text, re.MULTILINE)[1].split("|")
        by_changed = {n: alarms(test, n) for n in (30, 50, 200)}
        exact = [100 * by_changed[n] @ stats.binom.pmf(np.arange(n + 1), n, share) for n, share in cases]
        assert [float(cell) for cell in shown] == pytest.approx(exact, abs=0.0501)


def test_the_documented_power_of_the_exact_and_the_score_test():
    for test, percent in ((mcnemar_exact, 24), (mcnemar_score, 33)):
        power = share(50, 0.15, 0.05, lambda *cell, test=test: test(*cell) < 0.05)
        assert round(100 * power) == percent


def test_the_documented_coverage_of_wilsons_interval_and_of_the_textbooks():
    def textbook(passed: int, n: int) -> tuple[float, float]:
        rate, z = passed / n, stats.norm.ppf(0.975)
        half = z * (rate * (1 - rate) / n) ** 0.5
        return 100 * (rate - half), 100 * (rate + half)

    rates = np.arange(20, 981) / 1000

    def coverage(interval, n: int) -> np.ndarray:
        low, high = np.array([interval(passed, n) for passed in range(n + 1)]).T
        held = (low[:, None] <= 100 * rates) & (100 * rates <= high[:, None])
        return 100 * (held * stats.binom.pmf(np.arange(n + 1)[:, None], n, rates)).sum(axis=0)

    for n, least, most in ((30, 91.9, 98.0), (200, 93.3, 96.9)):
        covered = coverage(wilson, n)
        assert (covered.min(), covered.max()) == pytest.approx((least, most), abs=0.0501)
    assert round(coverage(textbook, 30).min()) == 45
