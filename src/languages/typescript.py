"""TypeScript, compiled by tsc and run by Node.js."""

from src.languages.javascript import MISSING, NODE_MIB, READS_INPUT
from src.languages.language import Evidence, Language, Pattern


def _weigh(text: str, evidence: Evidence) -> float:
    """What shows JavaScript speaks for TypeScript too, once a type is seen."""
    both = evidence["typescript"] + evidence["javascript"]
    return both if evidence["typescript"] >= 1 and both >= 2 else evidence["typescript"]


LANGUAGE = Language(
    name="typescript", label="TypeScript", aliases="ts tsx", rank=1, highlight="javascript",
    named=Pattern(r"(?i)\b(?:typescript|angular)\b", "typescript|angular"),
    evidence=Pattern(
        r"(?m)[\w)\]?]\s*+:\s*+(?:number|string|boolean|any|void|unknown|never|Promise<|Array<"
        r"|Record<)[\w<>\[\], |]*(?=[,;)={\s]|$)|^[^\S\n]*+(?:export )?(?:interface|type"
        r"|enum) \w++(?:<\w++>)?\s*+(?:=|\{|extends)|\b(?:as (?:string|number|any|const)\b|readonly \w++:)"
        r"|<(?:string|number|T)>\("),
    weigh=_weigh, extends="javascript", comments="// /*",
    file="main.ts", compile="tsc --target es2020 --module commonjs main.ts", run="node main.js",
    reads_input=READS_INPUT, memory_mib=NODE_MIB, missing=MISSING, errors={"name": "Cannot find name", "type": "is not assignable to"},
)  # fmt: skip
