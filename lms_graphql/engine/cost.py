"""The price of an operation: about how many objects its answer may have, known before it runs.

    leaf 0 · object weight + Σ children · list or connection weight + n·(1 + Σ children)

The weight is 1 where none is declared (`engine.edges`), 10 for a mutation. `n` is `first` or `last` of a connection, at
most 100 and 100 where they are missing or wrong (that request is refused anyway), else the list's declared size. An
abstract type costs what its dearest possible type does. `edges`, `node` and `pageInfo` are the connection itself, so
they cost nothing (`totalCount`, a statement of its own, costs 10), nor does `__typename`; `__schema` costs 500 and
`__type` 50, as a whole. `@skip` and `@include` are not looked at.

A tree that one loader brings whole (`dataloaders.Trees`) is priced once, however many levels are selected: the field
that enters it costs weight + n·max over levels of Σ (1 + Σ children) of the selections on that level, n being the nodes
of the whole tree. Every node stands on one level, so that is exact for one chain of levels and enough for several. A
field that leads back up (`parent`) leaves the tree: what it selects below may bring nodes again, and is priced again.

A price is a number, or computed from the variables of a request where `first` or `last` is one.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import zip_longest
from math import prod
from typing import Any, NamedTuple

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)

from lms_graphql.engine.dataloaders import Trees
from lms_graphql.engine.edges import DeclaredField, declared_price
from lms_graphql.engine.relay import LARGEST_PAGE

ANONYMOUS_BUDGET = 30_000
"""The most that an operation of an anonymous request may cost: 30 times the first plan, 1,000, which knew no sizes.

The declared sizes make every course one of 100 modules with 4 items each, of the dearest kind. So a syllabus is priced
far above what it mostly fetches, while pages are priced as they are asked for: the example Syllabus costs 13,002 (the
benchmark's, with fewer kinds of blocks, 3,402), Transcripts 21,402, MyLearning 2,927, Gradebook 1,531, Catalog with 20
courses 281. The budget is the round number of which the Syllabus is less than half.
"""

AUTHENTICATED_BUDGET = 100_000
"""The most for everybody else: 10 times the first plan, 10,000.

The Gradebook with 100 rows on all its pages costs 30,301 and passes; pages of pages of pages of 100 rows don't. What a
point costs in time is not measured yet: a start value, for a calibration to correct.
"""

MUTATION_WEIGHT = 10
_INTROSPECTION_WEIGHTS = {"__schema": 500, "__type": 50}
"""Whatever is selected below them; `__typename` costs nothing."""

_PAGE_ARGUMENTS = ("first", "last")
_LONGEST_PAGE_LITERAL = 10

Variables = Mapping[str, Any]
Step = Callable[[list[int], Variables], int]
_Size = int | str | None
"""A page size: a number, the name of a variable, null."""


class _Place(NamedTuple):
    """Where the value of a step stands."""

    step: int


_Term = int | _Place
_Levels = Sequence[_Term]
"""The terms of a selection by the level of the tree that they belong to; outside of trees there is one level."""


class Price(msgspec.Struct, frozen=True):
    """A price: a number, or steps, each computed from those before it, of which the last one is the price.

    No step is computed twice, so the time is linear however often a fragment or a type's selection takes part.
    """

    number: int = 0
    steps: tuple[Step, ...] = ()

    def evaluate(self, variables: Variables) -> int:
        """The price with the variables as the request has them."""
        if not self.steps:
            return self.number
        values: list[int] = []
        for step in self.steps:
            values.append(step(values, variables))
        return values[-1]


class _Steps:
    """The steps of a price in the making. Equal terms become one step."""

    def __init__(self) -> None:
        self._places: dict[Hashable, _Place] = {}
        self._steps: list[Step] = []

    def price(self, term: _Term) -> Price:
        """The price that a term is."""
        return Price(term) if isinstance(term, int) else Price(steps=tuple(self._steps[: term.step + 1]))

    def sum(self, *terms: _Term) -> _Term:
        return self._step(sum, terms)

    def dearest(self, *terms: _Term) -> _Term:
        return self._step(_max, tuple(set(terms)))

    def product(self, *terms: _Term) -> _Term:
        return self._step(prod, terms)

    def page(self, sizes: tuple[_Size, ...], defaults: Variables) -> _Term:
        """The rows of a page that variables decide."""

        def size(_: list[int], variables: Variables) -> int:
            return _page_size(
                *(s if not isinstance(s, str) else variables[s] if s in variables else defaults.get(s) for s in sizes)
            )

        return self._place(("page", sizes), size)

    def _step(self, together: Callable[[Iterable[int]], int], terms: tuple[_Term, ...]) -> _Term:
        known = together(term for term in terms if isinstance(term, int))
        places = tuple(sorted(term.step for term in terms if isinstance(term, _Place)))
        if not places:
            return known
        if len(places) == 1 and known == together(()):
            return _Place(places[0])
        return self._place(
            (together, known, places), lambda values, _: together((known, *[values[place] for place in places]))
        )

    def _place(self, key: Hashable, step: Step) -> _Place:
        if key not in self._places:
            self._places[key] = _Place(len(self._steps))
            self._steps.append(step)
        return self._places[key]


def _max(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)


class Pricing:
    """Prices operations of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._wrappers = frozenset(_wrappers(schema))

    def prices(self, document: DocumentNode) -> dict[str | None, Price]:
        """The price of every operation of a valid document, by its name; None: the only one."""
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        found: dict[str | None, Price] = {}
        for operation in operations:
            compiler = _Compiler(self._schema, self._wrappers, fragments, operation)
            found[operation.name.value if operation.name else None] = compiler.price()
        if len(operations) == 1:
            found[None] = next(iter(found.values()))
        return found


def _wrappers(schema: GraphQLSchema) -> Iterable[str]:
    """The names of the connections' own types: what `first` and `last` return, and their edges."""
    for parent in schema.type_map.values():
        for field in parent.fields.values() if isinstance(parent, GraphQLObjectType) else ():
            connection = get_named_type(field.type)
            if _is_paged(field) and isinstance(connection, GraphQLObjectType) and "edges" in connection.fields:
                yield connection.name
                yield get_named_type(connection.fields["edges"].type).name


def _is_paged(field: GraphQLField) -> bool:
    return any(name in field.args for name in _PAGE_ARGUMENTS)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        node.variable.name.value: _literal(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }


def _literal(node: ValueNode) -> int | None:
    """A page size as it is written; 0, which is none, for anything but a number or null."""
    if isinstance(node, IntValueNode) and len(node.value) <= _LONGEST_PAGE_LITERAL:
        return int(node.value)
    return None if isinstance(node, NullValueNode) else 0


def _page_size(*values: Any) -> int:
    given = [value for value in values if value is not None]
    if len(given) == 1 and type(given[0]) is int and given[0] > 0:
        return min(given[0], LARGEST_PAGE)
    return LARGEST_PAGE


class _Compiler:
    """Prices one operation. Each selection set is priced once for each concrete type that it may be on."""

    def __init__(
        self,
        schema: GraphQLSchema,
        wrappers: frozenset[str],
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
    ) -> None:
        self._schema = schema
        self._wrappers = wrappers
        self._fragments = fragments
        self._operation = operation
        self._defaults = _defaults(operation)
        self._steps = _Steps()
        self._known: dict[tuple[int, str, Any], _Levels] = {}
        self._weights: dict[tuple[int, str], int] = {}

    def price(self) -> Price:
        root = self._schema.get_root_type(self._operation.operation)
        return Price() if root is None else self._steps.price(self._selected(self._operation.selection_set, root)[0])

    def _selected(self, selection_set: SelectionSetNode, on: GraphQLObjectType, tree: Any = None) -> _Levels:
        """The prices of a selection on an object, by level of the tree that the object is a node of."""
        key = (id(selection_set), on.name, tree)
        if key not in self._known:
            parts = [self._selection(selection, on, tree) for selection in selection_set.selections]
            self._known[key] = [self._steps.sum(*level) for level in zip_longest([0], *parts, fillvalue=0)]
        return self._known[key]

    def _selection(self, selection: Any, on: GraphQLObjectType, tree: Any) -> _Levels:
        if isinstance(selection, FieldNode):
            return self._field(selection, on, tree)
        if isinstance(selection, FragmentSpreadNode):
            selection = self._fragments[selection.name.value]
        condition: Any = selection.type_condition
        wanted = self._schema.get_type(condition.name.value) if condition is not None else on
        if wanted is on or (is_abstract_type(wanted) and self._schema.is_sub_type(wanted, on)):
            return self._selected(selection.selection_set, on, tree)
        return (0,)

    def _field(self, node: FieldNode, on: GraphQLObjectType, tree: Any) -> _Levels:
        field = on.fields.get(node.name.value)
        if field is None:
            return (_INTROSPECTION_WEIGHTS.get(node.name.value, 0),)
        size, weight = declared_price(field)
        is_list = isinstance(get_nullable_type(field.type), GraphQLList)
        entered = _tree(field) if is_list else None
        below = self._below(node, field, entered)
        if entered is not None and entered is tree:
            return (0, *self._as_rows(below))
        if on.name in self._wrappers:
            return (below[0],)
        if not is_list and is_leaf_type(get_named_type(field.type)) and weight is None:
            return (0,)
        if weight is None:
            weight = MUTATION_WEIGHT if on is self._schema.mutation_type else 1
        if is_list or _is_paged(field):
            number = self._number(node) if _is_paged(field) else size or LARGEST_PAGE
            rows = self._steps.dearest(*self._as_rows(below))
            target: Any = get_named_type(field.type)
            once = self._once(node.selection_set, target) if target.name in self._wrappers else 0
            return (self._steps.sum(weight + once, self._steps.product(number, rows)),)
        return (self._steps.sum(weight, below[0]),)

    def _once(self, selection_set: SelectionSetNode | None, connection: GraphQLObjectType) -> int:
        """The weights of a connection's own fields, which are not there for every row: of `totalCount`."""
        key = (id(selection_set), connection.name)
        if key not in self._weights:
            self._weights[key] = sum(
                self._weight_once(selection, connection)
                for selection in (selection_set.selections if selection_set else ())
            )
        return self._weights[key]

    def _weight_once(self, selection: Any, connection: GraphQLObjectType) -> int:
        if isinstance(selection, FieldNode):
            field = connection.fields.get(selection.name.value)
            return (declared_price(field)[1] if field is not None else 0) or 0
        if isinstance(selection, FragmentSpreadNode):
            selection = self._fragments[selection.name.value]
        return self._once(selection.selection_set, connection)

    def _below(self, node: FieldNode, field: GraphQLField, tree: Any) -> _Levels:
        target: Any = get_named_type(field.type)
        if node.selection_set is None:
            return (0,)
        possible = self._schema.get_possible_types(target) if is_abstract_type(target) else [target]
        each = [self._selected(node.selection_set, on, tree) for on in possible]
        return [self._steps.dearest(*level) for level in zip_longest(*each, fillvalue=0)]

    def _number(self, node: FieldNode) -> _Term:
        """The rows of a page."""
        values = [argument.value for argument in node.arguments or () if argument.name.value in _PAGE_ARGUMENTS]
        sizes = tuple(value.name.value if isinstance(value, VariableNode) else _literal(value) for value in values)
        if any(isinstance(size, str) for size in sizes):
            return self._steps.page(sizes, self._defaults)
        return _page_size(*sizes)

    def _as_rows(self, levels: _Levels) -> list[_Term]:
        """The terms of the levels below a list, with one for the row itself; the lower levels have theirs."""
        return [self._steps.sum(1, levels[0]), *levels[1:]]


def _tree(field: GraphQLField) -> Any:
    """The loader of a field that shows a part of a tree, else None."""
    declared = field.extensions.get("strawberry-definition")
    loader: Any = declared.loader if isinstance(declared, DeclaredField) else None
    return loader if isinstance(loader, type) and issubclass(loader, Trees) else None
