"""The section on what was learned and what was remembered: every band with its interval and n."""

from __future__ import annotations

import dataclasses

from src.data.curation.novelty import BANDS, UNLIKE_NAME
from src.report.markdown.document import render_markdown
from src.report.markdown.novelty import novelty_section
from src.schema import Comparison, Difference
from tests.evaluation.comparisons import comparison


def with_novelty(made: Comparison, sizes: tuple[int, ...] = (9, 14, 12, 15, 23)) -> Comparison:
    """The first method with differences by band: 10 less in each than in the next."""
    name, method = next(iter(made.comparisons.items()))
    bands = {
        band: {metric: _band(found, place, n) for metric, found in method.difference.items()}
        for place, (band, n) in enumerate(zip((*BANDS, UNLIKE_NAME), sizes, strict=True))
        if n
    }
    return dataclasses.replace(
        made, comparisons=made.comparisons | {name: dataclasses.replace(method, by_novelty=bands)}
    )


def _band(found: Difference, place: int, n: int) -> Difference:
    delta = 10.0 * place
    return dataclasses.replace(found, delta=delta, ci95=(delta - 5, delta + 5), n=n)


def test_each_metric_has_its_gain_in_every_band_with_interval_and_n():
    text = novelty_section(with_novelty(comparison(1)))
    assert "| Metric | under 50 % | 50 to 65 % | 65 to 80 % | 80 % and more | under 65 % |" in text
    cells = [
        "0.0 [\u22125.0 to 5.0]<br>n = 9, few",
        "+10.0 [5.0 to 15.0]<br>n = 14, few",
        "+20.0 [15.0 to 25.0]<br>n = 12, few",
        "+30.0 [25.0 to 35.0]<br>n = 15, few",
        "+40.0 [35.0 to 45.0]<br>n = 23",
    ]
    assert f"| BLEU | {' | '.join(cells)} |" in text
    assert 'src="novelty.png"' in text
    assert "Not known" not in text


def test_a_method_whose_training_data_are_not_here_is_said_to_be_unknown():
    text = novelty_section(with_novelty(comparison(2)))
    assert "Not known for QLoRA: the data of the training are not here, or no record names them. `--training_data DIR` names them." in text  # fmt: skip
    document = render_markdown(comparison(2), 3)
    assert "<summary><b>Learned or remembered</b></summary>\n\nNot known for LoRA, QLoRA: " in document
    assert "novelty.png" not in document
