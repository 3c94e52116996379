"""Ruby."""

from src.languages.language import Language, Pattern
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_ruby")

LANGUAGE = Language(
    name="ruby", label="Ruby", aliases="rb rails", rank=10, decisive_rank=5, codebleu="ruby", highlight="python",
    named=Pattern(r"(?i)\bruby\b|\brails\b", "ruby|rails"), decisive=Pattern(r"\A\s*#!.*\bruby\b", "#!"),
    evidence=Pattern(
        r"(?m)^[^\S\n]*+(?:def [\w.?!=]++(?:\([^)]{0,300}+\))?[^\S\n]*+$|end[^\S\n]*+$|require ['\"]|elsif\b)"
        r"|\b(?:puts\b|do \|\w|attr_\w++|nil\b|unless\b|\d++\.times\b)|\{ ?\|\w[\w, ]*+\||#\{\w|=> ?[:'\"]"
        r"|\.(?:each\b|(?:map|select|inject|reduce)\(?&|\w++\?)|@\w++ =|(?<![\w:]):\w++(?= =>|,|\))"
        r"|^class \w++(?: < \w++)?[^\S\n]*+$"),
    line_start=r"(?:puts|end|else|elsif)\b(?!,)(?=.)", comments="#",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level, definitions="method class module singleton_method",
    file="main.rb", run="ruby main.rb",
    missing=((Pattern(r"cannot load such file -- (?!/)([\w/-]+)"), ""),),
    errors={"import": "LoadError", "name": "undefined local variable", "type": "NoMethodError"},
)  # fmt: skip
