"""Rust, whose statements and items get a main."""

import re

from src.languages.language import Language, Pattern, Source
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_rust")
_CRATES = "rand serde serde_json tokio regex reqwest chrono clap rayon itertools lazy_static futures hyper"


def _wrap(code: str) -> Source:
    if re.search(r"\bfn main\s*\(", code):
        return Source({"main.rs": code})
    items = re.search(r"^(?:pub )?(?:fn|struct|enum|impl|trait|use|mod)\b", code, re.MULTILINE)
    program = f"{code}\nfn main() {{}}\n" if items else f"fn main() {{\n{code}\n}}\n"
    return Source({"main.rs": program}, wrapped=True)


LANGUAGE = Language(
    name="rust", label="Rust", aliases="rs", rank=12, decisive_rank=7, codebleu="rust", highlight="c",
    named=Pattern(r"(?i)\brust\b", "rust"),
    decisive=Pattern(
        r"\b(?:fn \w++(?:<[^>]{0,200}+>)?\s*+\(|let mut \w|println!|vec!\[|impl(?:<\w++>)? \w++|use std::)",
        "fn |let mut |println!|vec![|impl|use std::"),
    evidence=Pattern(
        r"\b(?:fn \w|let (?:mut )?\w++(?:: ?[\w<>&]++)? =|impl\b|match \w++ \{|Option<|Result<|Some\(|i32\b"
        r"|u\d++\b|pub \w|struct \w|\w++!\()|&(?:mut |str|self)|->\s*+\w|::new\(|\.iter\(|\.unwrap\(|#\[derive"),
    line_start=r"(?:let|const|static|use)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level,
    definitions="function_item struct_item enum_item impl_item trait_item use_declaration attribute_item mod_item const_item",
    main=Pattern(r"\bfn\s+main\s*\("), compile="rustc -A warnings -o main main.rs", run="./main", wrap=_wrap,
    unknown_name=Pattern("cannot find (?:value|type|function)|undeclared"),
    missing=(
        (Pattern(r"(?:unresolved import|undeclared crate or module|can't find crate for) `(\w+)"), _CRATES),),
    reads_input=Pattern(r"\bstdin\(\)"),
)  # fmt: skip
