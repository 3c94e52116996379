"""PHP, whose code outside its tags would be text."""

from src.languages.language import Language, Pattern, Source
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_php", "language_php")


def with_tag(code: str) -> str:
    return code if "<?" in code else f"<?php\n{code}"


LANGUAGE = Language(
    name="php", label="PHP", rank=9, tags=True, decisive_rank=1, codebleu="php", highlight="php",
    named=Pattern(r"(?i)\bphp\b|\blaravel\b", "php|laravel"),
    decisive=Pattern(
        r"(?m)<\?(?:php|=)|^[^\S\n]*+(?:\$\w++\s*+=[^=~].*;[^\S\n]*+$|echo \w++\(.*\);[^\S\n]*+$)", "<?|$|echo "),
    evidence=Pattern(
        r"(?m)\$\w++\s*+(?:->|[=\[;.,)+*/%<>])|\b(?:echo\b.{0,200};|function \w++\(\s*+(?:\w++ )?&?\$"
        r"|array\(|foreach\s*+\(\$|str(?:len|rev|_replace|toupper)\(|isset\(|implode\(|explode\(|count\(\$)"
        r"|->\w++\("),
    line_start=r"(?:echo|public|private|protected|static|function|use)\b(?!,)(?=.)", comments="# // /*",
    parser=_GRAMMAR.error, top_level=lambda code: _GRAMMAR.top_level(with_tag(code)),
    definitions=
        "function_definition class_declaration interface_declaration trait_declaration namespace_definition"
        " namespace_use_declaration",
    run="php -d memory_limit={limit_mib}M -d display_errors=stderr -d log_errors=0 main.php",
    wrap=lambda code: Source({"main.php": with_tag(code)}),
    missing=(
        (Pattern(r"could not find (driver)"), ""),
        (Pattern(r"undefined function (mysqli?_\w+|curl_\w+|mb_\w+|image\w+)"), ""),
        (Pattern(r"Class \"(mysqli|PDO|DOMDocument|SimpleXMLElement)\" not found"), "")),
    errors={"name": "undefined (?:function|method|variable)", "syntax": "ParseError"},
    reads_input=Pattern(r"\bSTDIN\b|\breadline\(|php://stdin"),
)  # fmt: skip
