"""PHP, whose code outside its tags would be text."""

from src.languages.language import DataFlow, Language, Pattern, Source
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_php", "language_php")


def with_tag(code: str) -> str:
    return code if "<?" in code else f"<?php\n{code}"


LANGUAGE = Language(
    name="php", label="PHP", rank=9, tags=True, decisive_rank=1, highlight="php",
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
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"simple_parameter": ("name", "default_value")},
        assignments="assignment_expression augmented_assignment_expression", increments="update_expression",
        each={"foreach_statement": (4, 2)}, loops="while_statement", resumed={"for_statement": "assignment_expression"},
        branches="if_statement else_clause", alternatives="if_statement else_clause"),
    keywords=
        "__halt_compiler abstract and array as break callable case catch class clone const continue declare"
        " default die do echo else elseif empty enddeclare endfor endforeach endif endswitch endwhile eval exit"
        " extends final for foreach function global goto if implements include include_once instanceof insteadof"
        " interface isset list namespace new or print private protected public require require_once return static"
        " switch throw trait try unset use var while xor",
)  # fmt: skip
