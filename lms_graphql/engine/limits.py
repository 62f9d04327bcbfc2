"""Limits of a document, checked before validation, in time linear in the document's size.

Validation compares fields in pairs, and what a fragment stands for may double with every fragment that spreads another
one twice. So each fragment is counted once, after those that it spreads, and its counts are added wherever it is
spread; they may have hundreds of digits, but no fragment is ever written out.

Undefined fragments count nothing, and neither does a spread that closes a circle: validation names them both.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from lms_graphql.engine.errors import Code, RequestError

_MOST_SHOWN = 1_000_000


class Limits(msgspec.Struct, frozen=True):
    """The most that a document may have. "Expanded" counts a fragment as often as it is spread, in one operation."""

    bytes: int = 16 * 1024
    """Of its text, as UTF-8."""
    tokens: int = 2000
    """Comments count."""
    operations: int = 10
    variables: int = 100
    """Definitions of one operation."""
    static_fields: int = 300
    """As written, each fragment once."""
    expanded_fields: int = 1000
    root_fields: int = 20
    """Expanded."""
    mutations: int = 5
    """Fields at the root of a mutation, expanded: each is a transaction of its own."""
    depth: int = 15
    """Fields inside one another, expanded; a leaf counts. GraphiQL's introspection has exactly 15."""
    nesting: int = 100
    """Braces inside one another, expanded: also those of fragments, which `depth` does not count."""
    aliases: int = 30
    """Expanded."""
    directives: int = 20
    """Expanded."""
    equal_fields: int = 10
    """Fields with sub-fields that share a response key, and so one object of the answer."""
    comparisons: int = 10_000
    """What validation may spend on comparing fields; two for a pair. Examples spend 3 at most; all take up to 25 ms."""


class _Counts(NamedTuple):
    """What a selection set has after expansion."""

    fields: int = 0
    width: int = 0
    """Fields of its own level."""
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    nesting: int = 0

    def beside(self, other: "_Counts") -> "_Counts":
        """Both together, on one level."""
        return _Counts(
            self.fields + other.fields,
            self.width + other.width,
            self.aliases + other.aliases,
            self.directives + other.directives,
            max(self.depth, other.depth),
            max(self.nesting, other.nesting),
        )


_NOTHING = _Counts()
_Fragments = Mapping[str, FragmentDefinitionNode]


def check(document: DocumentNode, limits: Limits) -> None:
    """RequestError, one, with the code of the first limit that a document exceeds."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    _require(Code.TOO_MANY_OPERATIONS, "operations", len(operations), limits.operations, "send them one by one")
    for operation in operations:
        found = len(operation.variable_definitions or ())
        advice = "put them into one variable of an input type or a list"
        _require(Code.TOO_MANY_VARIABLES, "variables", found, limits.variables, advice)
    spreads, static = {}, 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            fields, names = _written(node.selection_set)
            static += fields
            if isinstance(node, FragmentDefinitionNode):
                spreads[node.name.value] = names
    _require(Code.TOO_MANY_FIELDS, "fields", static, limits.static_fields, "select less, or send several requests")
    order, circular = _innermost_first(spreads)
    counts: dict[str, _Counts] = {}
    for name in order:
        counts[name] = _count(fragments[name].selection_set, counts, len(fragments[name].directives or ()))
    for operation in operations:
        _check_operation(operation, counts, limits)
    if not circular:  # what a circle flattens to has no end; the limit on comparisons holds for it all the same
        found = _most_equal_fields(operations, fragments, limits.equal_fields)
        advice = "select the field once, with all that you want below it, or give it aliases"
        _require(Code.TOO_MANY_EQUAL_FIELDS, "fields in the place of one", found, limits.equal_fields, advice)


def _check_operation(operation: OperationDefinitionNode, fragments: Mapping[str, _Counts], limits: Limits) -> None:
    own = len(operation.directives or ()) + sum(
        len(node.directives or ()) for node in operation.variable_definitions or ()
    )
    found = _count(operation.selection_set, fragments, own)
    less = "select less, or send several requests"
    _require(Code.TOO_DEEP, "levels of fields", found.depth, limits.depth, "fetch the deeper part by a second request")
    _require(Code.TOO_DEEP, "levels of braces", found.nesting, limits.nesting, "use fewer fragments inside fragments")
    _require(Code.TOO_MANY_FIELDS, "fields with its fragments expanded", found.fields, limits.expanded_fields, less)
    most = limits.mutations if operation.operation is OperationType.MUTATION else limits.root_fields
    _require(Code.TOO_MANY_ROOT_FIELDS, "fields at its root", found.width, most, less)
    _require(Code.TOO_MANY_ALIASES, "aliases with its fragments expanded", found.aliases, limits.aliases, less)
    advice = "leave out what is not wanted instead of skipping it"
    what = "directives with its fragments expanded"
    _require(Code.TOO_MANY_DIRECTIVES, what, found.directives, limits.directives, advice)


def too_large(size: int, limits: Limits) -> RequestError:
    """What is said of a text of so many bytes."""
    return _refusal(
        Code.DOCUMENT_TOO_LARGE, "bytes", f"{size:,}", limits.bytes, "select less, or send several requests"
    )


def too_many_tokens(limits: Limits) -> RequestError:
    """What is said of a text that the parser gave up on; how many there are is not known."""
    advice = "put values into variables, select less"
    return _refusal(Code.TOO_MANY_TOKENS, "tokens", f"more than {limits.tokens:,}", limits.tokens, advice)


def too_many_comparisons(limits: Limits) -> RequestError:
    """What is said of a document whose fields overlap so often that validation gave up comparing them."""
    advice = "select each field once in one place"
    found = f"more than {limits.comparisons:,}"
    return _refusal(Code.TOO_MANY_EQUAL_FIELDS, "comparisons of equal fields", found, limits.comparisons, advice)


def _require(code: Code, what: str, found: int, most: int, advice: str) -> None:
    if found > most:
        shown = f"{found:,}" if found <= _MOST_SHOWN else f"more than {_MOST_SHOWN:,}"
        raise _refusal(code, what, shown, most, advice)


def _refusal(code: Code, what: str, found: str, most: int, advice: str) -> RequestError:
    return RequestError(code, f"the document has too many {what}: {found}, at most {most:,} are allowed; {advice}")


def _written(selection_set: SelectionSetNode) -> tuple[int, list[str]]:
    """The fields that a definition has as written, and the names of the fragments that it spreads."""
    fields, spreads, todo = 0, [], [selection_set]
    while todo:
        for selection in todo.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                spreads.append(selection.name.value)
                continue
            fields += isinstance(selection, FieldNode)
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set is not None:
                todo.append(selection.selection_set)
    return fields, spreads


def _innermost_first(spreads: Mapping[str, list[str]]) -> tuple[list[str], bool]:
    """The fragments, each behind all that it spreads, and whether there is a circle.

    Without recursion: hundreds of fragments may stand in one chain.
    """
    order: dict[str, None] = {}
    circular = False
    for root in spreads:
        path = {} if root in order else {root: iter(spreads[root])}
        while path:
            name = next(reversed(path))
            following = next((spread for spread in path[name] if spread in spreads and spread not in order), None)
            if following is None:
                order[name] = None
                del path[name]
            elif following in path:
                circular = True
            else:
                path[following] = iter(spreads[following])
    return list(order), circular


def _count(selection_set: SelectionSetNode, fragments: Mapping[str, _Counts], directives: int = 0) -> _Counts:
    """The counts of a selection set; recursion goes as deep as its own braces, of which the parser allows 200."""
    total = _NOTHING
    for selection in selection_set.selections:
        if isinstance(selection, FragmentSpreadNode):
            total = total.beside(fragments.get(selection.name.value, _NOTHING))
        elif isinstance(selection, InlineFragmentNode):
            total = total.beside(_count(selection.selection_set, fragments))
        elif isinstance(selection, FieldNode):
            below = _NOTHING if selection.selection_set is None else _count(selection.selection_set, fragments)
            aliases = below.aliases + (selection.alias is not None)
            field = below._replace(fields=below.fields + 1, width=1, aliases=aliases, depth=below.depth + 1)
            total = total.beside(field)
        directives += len(selection.directives or ())
    return total._replace(directives=total.directives + directives, nesting=total.nesting + 1)


def _most_equal_fields(operations: Iterable[OperationDefinitionNode], fragments: _Fragments, most: int) -> int:
    """The largest number of fields with sub-fields that answer under one key of one object; stops above `most`.

    Flattened as execution does it: fields with the same key are one, with the selections of all. Without circles there
    are at most as many flattened sets as expanded fields, which were counted before.
    """
    largest = 0
    todo: list[tuple[SelectionSetNode, ...]] = [(operation.selection_set,) for operation in operations]
    seen: set[tuple[int, ...]] = set()
    while todo and largest <= most:
        together = todo.pop()
        identity = tuple(map(id, together))
        if identity not in seen:
            seen.add(identity)
            groups = _flattened(together, fragments)
            largest = max(largest, max(map(len, groups), default=0))
            todo += groups
    return largest


def _flattened(together: Iterable[SelectionSetNode], fragments: _Fragments) -> list[tuple[SelectionSetNode, ...]]:
    """For each key of the flattened selection, the selection sets of its fields; without the leaves."""
    groups: dict[str, list[SelectionSetNode]] = {}
    spread: set[str] = set()
    todo = list(together)
    while todo:
        for selection in todo.pop().selections:
            if isinstance(selection, FieldNode):
                if selection.selection_set is not None:
                    groups.setdefault((selection.alias or selection.name).value, []).append(selection.selection_set)
            elif isinstance(selection, InlineFragmentNode):
                todo.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in fragments and name not in spread:
                    spread.add(name)
                    todo.append(fragments[name].selection_set)
    return [tuple(group) for group in groups.values()]
