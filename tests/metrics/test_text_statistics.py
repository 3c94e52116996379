"""Statistics of texts: what each sees of the code, and that any text can be measured."""

import numpy as np
import pytest

from src.metrics.combine import combine_sentence_bleu
from src.metrics.text_statistics import bleu_code_statistics, bleu_statistics, chrf_statistics
from tests.evaluation.text_pairs import text_pairs

PAIRS = text_pairs(400)


def test_a_newline_is_a_space_as_it_is_in_a_file_of_lines():
    for prediction, reference in PAIRS:
        flat = bleu_statistics(prediction.replace("\n", " "), reference.replace("\n", " "))
        assert bleu_statistics(prediction, reference) == flat


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
