"""React's JSX, which is not run: it has to be compiled into a page first."""

from src.languages.javascript import DATA_FLOW, GRAMMAR, KEYWORDS
from src.languages.language import Language, Pattern

LANGUAGE = Language(
    name="jsx", label="React (JSX)", aliases="react reactjs", rank=17, decisive_rank=0, highlight="javascript",
    named=Pattern(r"(?i)\breact(?:\.?js)?\b|\bjsx\b", "react|jsx"),
    decisive=Pattern(  # an element where JavaScript has a value
        r"(?:\breturn|=>|[(=?:]|&&)\s*+\(?\s*+<(?:>|[A-Za-z][\w.]*+(?:\s[^<>]{0,300})?(?:/>|>[^;]{0,400}</))", "</|/>|<>"),
    evidence=Pattern(
        r"\buse(?:State|Effect|Ref|Memo|Context|Callback|Reducer)\(|\bclassName=|\bReact(?:DOM)?\.|from ['\"]react\b"
        r"|<[A-Z]\w*+[^<>]{0,200}/>"),
    extends="javascript", tags=True, comments="// /*",
    parser=GRAMMAR.error, top_level=GRAMMAR.top_level,
    data_flow=DATA_FLOW, keywords=KEYWORDS,
)  # fmt: skip
