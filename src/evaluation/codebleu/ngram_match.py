"""The n-gram parts of CodeBLEU: BLEU, and recall in which keywords weigh more (Ren et al. 2020, section 3.1)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

ORDER = 4
NOTHING = 0.1  # counts as matched of an order of which nothing is: Chen and Cherry 2014, method 1
KEYWORD, OTHER = 1.0, 0.2  # weights of single tokens in the codebleu package


def ngram_match(found: Sequence[str], expected: Sequence[str], order: int = ORDER) -> float:
    """BLEU of one text, 0 to 1: the precision of its n-grams, less where it is shorter than expected."""
    brevity = min(1.0, math.exp(1 - len(expected) / len(found))) if found else 0.0
    pairs = [(_ngrams(found, n), _ngrams(expected, n)) for n in range(1, order + 1)]
    return brevity * _mean([((ours & theirs).total(), ours.total()) for ours, theirs in pairs])


def weighted_ngram_match(
    found: Sequence[str], expected: Sequence[str], keywords: Collection[str], order: int = ORDER
) -> float:
    """The recall of the expected n-grams, 0 to 1; of single tokens a keyword counts five times."""
    return _recall(found, expected, keywords, (KEYWORD / OTHER, 1.0), order)


def package_weighted_match(found: Sequence[str], expected: Sequence[str], keywords: Collection[str]) -> float:
    """The same as the codebleu package has it: weights that add up to less than 1 count as 1, and one word alone is
    too short, whatever is expected."""
    return _recall(found, expected, keywords, (KEYWORD, OTHER), ORDER) / (math.e if len(found) == 1 else 1)


def _recall(
    found: Sequence[str],
    expected: Sequence[str],
    keywords: Collection[str],
    weights: tuple[float, float],
    order: int,
) -> float:
    pairs = [(_ngrams(found, n), _ngrams(expected, n)) for n in range(1, order + 1)]

    def weight(tokens: Counter[tuple[str, ...]]) -> float:
        return math.fsum(count * weights[word not in keywords] for (word,), count in tokens.items())

    ours, theirs = pairs[0]
    longer = [((ours & theirs).total(), theirs.total()) for ours, theirs in pairs[1:]]
    return _mean([(weight(ours & theirs), weight(theirs)), *longer])


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _mean(shares: Sequence[tuple[float, float]]) -> float:
    """The geometric mean of (matched, of how many); 0 where no single token matches."""
    if not shares[0][0]:
        return 0.0
    return math.exp(
        math.fsum(math.log((hits or NOTHING) / max(1, total)) for hits, total in shares) / len(shares)
    )
