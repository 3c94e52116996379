"""The dollars of PHP are no shell's."""

from src.languages.bash import LANGUAGE
from src.languages.detection import detect


def test_statements_of_php_are_no_evidence_for_bash():
    assert LANGUAGE.weigh("$a = 1;", {"php": 2, "bash": 3}) == 0
    assert LANGUAGE.weigh("$a = 1;", {"php": 1, "bash": 3}) == 3
    assert LANGUAGE.weigh("ls $a", {"php": 2, "bash": 3}) == 3
    assert detect("", "", "for f in *.txt; do\n  grep -c x $f\ndone") == "bash"
