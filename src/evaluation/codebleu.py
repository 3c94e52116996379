"""CodeBLEU of one sample, without the defects of the codebleu package, which this imports.

The package's data flow depends on PYTHONHASHSEED, and some texts hang or crash it: use it in a worker, as scoring/ does.
"""

from __future__ import annotations

import functools
import math
import re
import time
import tokenize
from dataclasses import dataclass
from pathlib import Path

import codebleu
from codebleu import bleu, calc_codebleu, dataflow_match, syntax_match, weighted_ngram_match
from codebleu.parser import remove_comments_and_docstrings
from codebleu.utils import get_tree_sitter_language
from tree_sitter import Node, Parser, Tree

from src.languages.php import with_tag

MAX_CHARACTERS = 16_384  # longer predictions are cut here, longer references have no CodeBLEU
MAX_DEPTH = 300  # of the syntax tree: the package takes minutes on 10,000 nested brackets, 30,000 crash it
MAX_VISITS = 100_000  # of leaves by the data flow, which walks every loop twice: 90 nested ones never end
MAX_FLOWS = 60_000_000  # of names to all pairs of the names that they are assigned: the data flow joins them one by one
PARSE_CPU_S = 0.3  # sixty times what 16 kB of code take; of what is none a parse can take a minute
VERBOSITY = 2.0  # recall parts shrink once a prediction is this many times as long as its reference
NGRAM_ORDER = 4
KEYWORD_WEIGHT = 5  # of a keyword against any other token, as in the package (1 and 0.2)
SHORT_TOKENS = 5  # below, the package's floor of 1 under weighted counts matters
PROSE_RUN = 3  # so many words in a row, none a keyword, do not occur in code

_QUOTED_OR_COMMENT = re.compile(
    r'''"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|`[^`]*`|(?<!\\)"(?:\\.|[^"\\\n])*+"|(?<!\\)'(?:\\.|[^'\\\n])*+'|//.*|/\*[\s\S]*?(?:\*/|\Z)|\#.*'''
)
_WORD_RUN = re.compile(r"[^\W\d]\w*(?:['’]\w+)?(?:[ \t]+[^\W\d]\w*(?:['’]\w+)?)*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

_LOOPS = frozenset(
    (
        "for while until loop for_statement while_statement enhanced_for_statement for_each_statement foreach_statement"
        " while_modifier for_expression while_expression while_let_expression loop_expression"
    ).split()
)
_INCREMENTS = frozenset("update_expression postfix_unary_expression inc_statement".split())

Parts = tuple[float, float, float, float]


@dataclass(frozen=True)
class CodeBleu:
    """CodeBLEU of one sample."""

    value: float  # 0-100, without the package's defects
    parts: Parts  # the package's n-gram, weighted n-gram, syntax, data flow; 0-1
    package_value: float | None  # 0-100, as the package combines its parts; None where it cannot be run


def codebleu_score(prediction: str, reference: str, language: str) -> CodeBleu | None:
    """CodeBLEU of one sample in a language as the package calls it; None where the reference has none: no code in
    it, or too much."""
    prediction, reference = _encodable(prediction), _encodable(reference)
    if len(reference) > MAX_CHARACTERS or _too_heavy(reference, language):
        return None
    if not reference.strip() or not is_code(reference.strip(), language):
        return None
    too_long = len(prediction) > MAX_CHARACTERS
    prediction = prediction[:MAX_CHARACTERS]
    if _too_heavy(prediction, language):
        return CodeBleu(0.0, (0.0, 0.0, 0.0, 0.0), None)
    result = calc_codebleu([reference], [prediction], language)
    parts = (
        result["ngram_match_score"],
        result["weighted_ngram_match_score"],
        result["syntax_match_score"],
        result["dataflow_match_score"],
    )
    value = combine(prediction.strip(), reference.strip(), language, parts)
    return CodeBleu(100 * value, parts, None if too_long else 100 * result["codebleu"])


def load_parser(language: str) -> None:
    """Raises ImportError, TypeError or ValueError where the package's parser of a language cannot be used."""
    _parser(language)


def combine(prediction: str, reference: str, language: str, parts: Parts) -> float:
    """Mean of the package's four parts, fixed where they are known to mislead; 0-1."""
    if not is_code(prediction, language):
        return 0.0
    ngram, weighted, syntax, dataflow = parts
    if len(reference.split()) < SHORT_TOKENS:
        ngram, weighted = _short_ngram_parts(prediction, reference, language)
    tree_prediction, tree_reference = _parsable(prediction, language), _parsable(reference, language)
    if (tree_prediction, tree_reference) != (prediction, reference):
        syntax = syntax_match.calc_syntax_match([tree_reference], tree_prediction, language)
        dataflow = dataflow_match.calc_dataflow_match([tree_reference], tree_prediction, language, None)
    brevity = min(1.0, VERBOSITY * _length(reference, language) / max(1, _length(prediction, language)))
    fixed = [ngram, brevity * weighted, brevity * syntax]
    if dataflow or _has_dataflow(tree_reference, language):
        fixed.append(brevity * dataflow)
    return sum(fixed) / len(fixed)


def is_code(text: str, language: str) -> bool:
    """Whether something is left without comments, and most of its words are not in runs as in prose."""
    tree = _tree(_parsable(text, language), language)
    if tree is None or all(node.type == "comment" for node in tree.root_node.children):
        return False
    keywords = _keywords(language)
    words = in_prose = 0
    for run in _WORD_RUN.findall(_QUOTED_OR_COMMENT.sub(" ; ", text)):
        length = 0
        for word in [*run.split(), None]:
            if word is not None and word not in keywords:
                length += 1
                continue
            words += length
            in_prose += length if length >= PROSE_RUN else 0
            length = 0
    return 2 * in_prose <= words


def _short_ngram_parts(prediction: str, reference: str, language: str) -> tuple[float, float]:
    """n-gram match up to the longest n-gram of a short reference: all of `x = 1` can be matched."""
    predicted, expected = prediction.split(), reference.split()
    orders = min(NGRAM_ORDER, len(expected))
    uniform = (1 / orders,) * orders
    weights = {token: KEYWORD_WEIGHT if token in _keywords(language) else 1 for token in expected}
    recall = weighted_ngram_match.corpus_bleu([[[expected, weights]]], [predicted], weights=uniform)
    if len(predicted) == 1:
        recall *= math.e  # the package's brevity penalty takes every reference for two tokens long
    return bleu.corpus_bleu([[expected]], [predicted], weights=uniform), recall


def _parsable(code: str, language: str) -> str:
    """Code as the package's parts can read it: ASCII, since data flow takes byte offsets for characters.

    PHP outside its tags is text to the parser, any two texts being equal.
    """
    code = _NOT_ASCII.sub(lambda character: f"u{ord(character.group()):x}", code)
    return with_tag(code) if language == "php" else code


def _has_dataflow(code: str, language: str) -> bool:
    parser = [_parser(language), dataflow_match.dfg_function[language]]
    return bool(dataflow_match.get_data_flow(_without_comments(code, language), parser))


def _without_comments(code: str, language: str) -> str:
    try:
        return str(remove_comments_and_docstrings(code, language))
    except (tokenize.TokenError, SyntaxError):
        return code


def _length(code: str, language: str) -> int:
    return len("".join(_without_comments(code, language).split()))


def _encodable(text: str) -> str:
    """A lone surrogate cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _too_heavy(code: str, language: str) -> bool:
    """Whether the package would hang or crash on one of the texts that it is given of `code`."""
    texts = {
        text: None
        for raw in (code, _parsable(code, language))
        for text in (raw, _without_comments(raw, language))
    }
    return any(_has_heavy_tree(text, language) for text in texts)


def _has_heavy_tree(code: str, language: str) -> bool:
    tree = _tree(code, language)
    if tree is None:
        return True
    cursor = tree.walk()
    depth, visits, flows, loops = 0, 0, 0, [0]  # loops: how many are open at each depth
    while True:
        node = cursor.node
        open_loops = loops[-1] + (node is not None and node.type in _LOOPS)
        if cursor.goto_first_child():
            depth += 1
            loops.append(open_loops)
            flows += _flows(node) if node is not None else 0
            if depth > MAX_DEPTH or flows > MAX_FLOWS:
                return True
            continue
        visits += 2 ** loops[-1]
        if visits > MAX_VISITS:
            return True
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False
            depth -= 1
            loops.pop()


def _flows(node: Node) -> int:
    """How much the data flow of an assignment costs; 0 elsewhere."""
    if node.type in _INCREMENTS:
        return _names(node) ** 3
    left = node.child_by_field_name("left") or node.child_by_field_name("name")
    right = node.child_by_field_name("right") or node.child_by_field_name("value")
    return _names(left) * _names(right) ** 2 if left and right else 0


def _names(node: Node) -> int:
    """At least as many as the names in a part of a tree, which stand between other tokens."""
    return (node.descendant_count + 1) // 2


def _tree(code: str, language: str) -> Tree | None:
    """The syntax tree; None where it takes more than PARSE_CPU_S of processor time."""
    parser, wall_s = _parser(language), PARSE_CPU_S
    while True:
        parser.timeout_micros = int(1e6 * wall_s)
        began = time.thread_time()
        try:
            return parser.parse(code.encode())
        except ValueError:  # too long
            parser.reset()  # a parse that goes on after a stop may end in another tree
            if time.thread_time() - began > 0.9 * PARSE_CPU_S:
                return None
            wall_s *= 2  # others had the processor
        finally:
            parser.timeout_micros = 0


@functools.cache
def _parser(language: str) -> Parser:
    parser = Parser()
    parser.language = get_tree_sitter_language(language)
    return parser


@functools.cache
def _keywords(language: str) -> frozenset[str]:
    path = Path(codebleu.__file__).parent / "keywords" / f"{language}.txt"
    return frozenset(path.read_text(encoding="utf-8").split())
