"""The data flow of CodeBLEU: which variable of a program comes, or is computed, from which others.

Names do not count: variables are numbered in the order in which they appear (Ren et al. 2020, section 3.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from src.languages.language import DataFlow, Part

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_STEPS = 1_000_000  # nodes walked and names written down: a loop doubles those within

_STRINGS = frozenset({"string_literal", "string", "character_literal"})  # one token, whatever is in them
_COMES_FROM, _COMPUTED_FROM = "comesFrom", "computedFrom"

Flow = tuple[int, str, tuple[int, ...]]  # a variable, how, and from which: by their numbers


class _Token(NamedTuple):
    place: int  # among the tokens of the program
    text: str


class _Use(NamedTuple):
    """What one visit of a variable shows."""

    token: _Token
    how: str
    sources: tuple[str, ...]  # names
    places: tuple[int, ...]  # where these have their values from


class _TooLongError(Exception):
    pass


def data_flow(root: Node, source: bytes, facts: DataFlow) -> list[Flow] | None:
    """The flows of a program, in its order; None where loops within its loops make them too many."""
    walk = _Walk(root, source, facts)
    try:
        walk.go(root)
    except _TooLongError:
        return None
    return _numbered(_merged(walk.uses))


def data_flow_match(found: Sequence[Flow], expected: Sequence[Flow]) -> float:
    """The share of the expected flows that are found, each as often as it is; 0 where none are expected."""
    return (Counter(found) & Counter(expected)).total() / max(1, len(expected))


class _Walk:
    """Goes through a tree in the order of execution, and keeps for each name the places of its value."""

    def __init__(self, root: Node, source: bytes, facts: DataFlow) -> None:
        self.uses: list[_Use] = []
        self._facts = facts
        self._values: dict[str, list[int]] = {}
        self._steps = 0
        self._tokens = {
            (node.start_byte, node.end_byte): _Token(
                place, source[node.start_byte : node.end_byte].decode("utf-8", "replace")
            )
            for place, node in enumerate(_tokens(root))
        }
        rules: tuple[tuple[str | Mapping[str, object], Callable[[Node], None]], ...] = (
            (facts.declarations, self._declare),
            (facts.assignments, self._assign),
            (facts.increments, self._increment),
            (facts.each, self._each),
            (facts.loops, self._loop),
            (facts.resumed, self._resume),
            (facts.branches, self._branch),
        )
        self._rules = {
            kind: rule
            for kinds, rule in rules
            for kind in (kinds.split() if isinstance(kinds, str) else kinds)
        }
        self._alternatives = frozenset(facts.alternatives.split())
        self._paired = frozenset(facts.paired.split())

    def go(self, node: Node) -> None:
        self._step(1)
        if _is_token(node):
            self._use(node)
        else:
            self._rules.get(node.type, self._through)(node)

    def _step(self, count: int) -> None:
        self._steps += count
        if self._steps > MAX_STEPS:
            raise _TooLongError

    def _through(self, node: Node) -> None:
        first = self._facts.first
        children = sorted(node.children, key=lambda child: child.type != first) if first else node.children
        for child in children:
            self.go(child)

    def _use(self, node: Node) -> None:
        token = self._tokens[node.start_byte, node.end_byte]
        if node.type == token.text:  # punctuation, a keyword
            return
        places = self._values.get(token.text, [])
        self._step(len(places))
        self.uses.append(_Use(token, _COMES_FROM, (token.text,) if places else (), tuple(places)))
        if not places and node.type == "identifier":
            self._values[token.text] = [token.place]

    def _declare(self, node: Node) -> None:
        target, value = (_part(node, part) for part in self._facts.declarations[node.type])
        if value is None:
            for token in self._variables(target):
                self.uses.append(_Use(token, _COMES_FROM, (), ()))
                self._values[token.text] = [token.place]
        else:
            self.go(value)
            self._bind(self._variables(target), self._variables(value), _COMES_FROM, joint=False)

    def _assign(self, node: Node) -> None:
        self._get(node, _part(node, "left"), _part(node, "right"))

    def _get(self, node: Node, target: Node | None, value: Node | None) -> None:
        """A target gets a value, in an assignment or a loop."""
        sides = self._sides(node, target, value) if target and value else []
        for _, source in sides:
            self.go(source)
        for variables, source in sides:
            self._bind(self._variables(variables), self._variables(source), _COMPUTED_FROM, self._facts.joint)

    def _sides(self, node: Node, target: Node, value: Node) -> list[tuple[Node, Node]]:
        if node.type in self._paired:
            targets, values = (
                [part for part in side.children if part.type != ","] for side in (target, value)
            )
            if targets and len(targets) == len(values):
                return list(zip(targets, values, strict=True))
        return [(target, value)]

    def _increment(self, node: Node) -> None:
        variables = self._variables(node)
        self._bind(variables, variables, _COMPUTED_FROM, joint=False)

    def _bind(self, targets: list[_Token], values: list[_Token], how: str, joint: bool) -> None:
        names = tuple(token.text for token in values)
        sources = names if joint else tuple(dict.fromkeys(names))
        places = tuple(token.place for token in values)
        self._step(len(targets) * (1 + len(sources)))
        for token in targets:
            if sources or joint:
                self.uses.append(_Use(token, how, sources, places))
            self._values[token.text] = [token.place]

    def _each(self, node: Node) -> None:
        target, value = (_part(node, part) for part in self._facts.each[node.type])
        body = _part(node, "body")
        for _ in range(2):
            self._get(node, target, value)
            if body is not None:
                self.go(body)

    def _loop(self, node: Node) -> None:
        for _ in range(2):
            self._through(node)

    def _resume(self, node: Node) -> None:
        self._through(node)
        kinds = [child.type for child in node.children]
        start = self._facts.resumed[node.type]
        if start not in kinds:
            return
        head = node.children[kinds.index(start)]
        for child in (_part(head, "update"), *node.children[kinds.index(start) + 1 :]):
            if child is not None:
                self.go(child)

    def _branch(self, node: Node) -> None:
        """What is known after it is what any of its alternatives leaves, or what was before where none is taken."""
        before, ends, apart = self._values, [], False
        current = dict(before)
        for number, child in enumerate(node.children):
            apart = apart or (number > 0 and child.type == "else")
            if apart or child.type in self._alternatives:
                self._values = dict(before)
                self.go(child)
                ends.append(self._values)
            else:
                self._values = current
                self.go(child)
                current = self._values
        ends.append(current)
        if all(child.type != self._facts.otherwise for child in node.children):
            ends.append(before)
        names = dict.fromkeys(name for end in ends for name in end)
        self._step(len(ends) * len(names))
        self._values = {
            name: sorted({place for end in ends for place in end.get(name, ())}) for name in names
        }

    def _variables(self, node: Node | None) -> list[_Token]:
        if node is None:
            return []
        pairs = [(part, self._tokens[part.start_byte, part.end_byte]) for part in _tokens(node)]
        self._step(len(pairs))
        return [token for part, token in pairs if part.type != token.text]


def _is_token(node: Node) -> bool:
    return not node.child_count or node.type in _STRINGS


def _tokens(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        part = pending.pop()
        if _is_token(part):
            yield part
        else:
            pending += reversed(part.children)


def _part(node: Node, part: Part) -> Node | None:
    if isinstance(part, str):
        return node.child_by_field_name(part)
    return node.children[part] if part < node.child_count else None


def _merged(uses: Sequence[_Use]) -> Iterator[_Use]:
    """One use of each place, in their order, of those that come from anything or that anything comes from."""
    linked = {use.token.place for use in uses if use.places}.union(*(use.places for use in uses))
    by_place: dict[int, list[_Use]] = {}
    for use in uses:
        if use.token.place in linked:
            by_place.setdefault(use.token.place, []).append(use)
    for place in sorted(by_place):
        first, *others = by_place[place]
        if others:
            names = dict.fromkeys(name for use in by_place[place] for name in use.sources)
            first = first._replace(sources=tuple(names))
        yield first


def _numbered(uses: Iterator[_Use]) -> list[Flow]:
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, len(numbers))

    flows = []
    for use in uses:
        sources = tuple(number(name) for name in use.sources)
        flows.append((number(use.token.text), use.how, sources))
    return flows
