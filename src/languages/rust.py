"""Rust, whose statements and items get a main."""

import re

from src.languages.language import DataFlow, Language, Pattern, Source
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
    name="rust", label="Rust", aliases="rs", rank=12, decisive_rank=7, highlight="c",
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
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"function_item": (1, 2)}, assignments="assignment_expression compound_assignment_expr",
        loops="while_expression loop_expression", branches="if_expression match_expression",
        alternatives="if_expression match_expression", otherwise="else_clause"),
    keywords=
        "as async await block bool break char const continue crate default dyn else enum expr extern f32 f64"
        " false fn for i128 i16 i32 i64 i8 ident if impl in isize item let lifetime literal loop macro_rules!"
        " match meta mod move mut pat path pub ref return self static stmt str struct super trait true tt ty type"
        " u128 u16 u32 u64 u8 union unsafe use usize vis where while yield",
)  # fmt: skip
