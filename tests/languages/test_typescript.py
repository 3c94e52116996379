"""JavaScript with types is TypeScript."""

from src.languages.detection import detect
from src.languages.typescript import LANGUAGE


def test_evidence_of_javascript_counts_once_a_type_is_seen():
    assert LANGUAGE.weigh("", {"typescript": 1, "javascript": 3}) == 4
    assert LANGUAGE.weigh("", {"typescript": 0, "javascript": 3}) == 0
    assert detect("", "", "const f = (a: number): number => { console.log(a); return a; };") == "typescript"
