"""Documents: from text to a parsed, limited, validated and priced tree, once. A hot one costs a look-up by its text."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    ValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
    visit,
)
from typing_extensions import override

from lms_graphql.engine.cost import Price, Pricing
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.limits import Limits, check, too_large, too_many_comparisons, too_many_tokens
from lms_graphql.engine.mutations import guessing_fields

_MOST_ERRORS = 20
_LIMITS = Limits()


class Document(msgspec.Struct, frozen=True):
    """A valid document, or the errors that it has."""

    node: DocumentNode | None = None
    errors: tuple[GraphQLError, ...] = ()
    selects: frozenset[str] = frozenset()
    """The groups of columns that it needs besides those that are always fetched (see `edges.column_groups`)."""
    introspects: bool = False
    """Whether it asks for `__schema` or `__type`."""
    type_names: tuple[ValueNode | None, ...] = ()
    """What it gives to `__type` as the name; None stands for `__schema`, which tells of all types."""
    operations: dict[str | None, Any] = msgspec.field(default_factory=dict)
    """What the execution has prepared for its operations, by their names."""
    prices: Mapping[str | None, Price] = {}
    """Of its operations, by their names."""
    is_trusted: bool = False
    """Whether it stands in the manifest (see `engine.trusted`)."""

    def reveals(self, schema: GraphQLSchema, variables: dict[str, Any] | None) -> bool:
        """Whether it may tell something of the schema. `__type` of a name that no type has gives null, and does not."""
        names = (None if node is None else value_from_ast_untyped(node, variables) for node in self.type_names)
        return any(not isinstance(name, str) or name in schema.type_map for name in names)

    def price(self, operation_name: str | None, variables: Mapping[str, Any] | None) -> int:
        """The price of an operation with these variables (see `engine.cost`); 0 where the name selects none."""
        price = self.prices.get(operation_name)
        return 0 if price is None else price.evaluate(variables or {})


class Documents:
    """The documents seen last, by their text; invalid ones too, so that a client's loop costs little.

    At most `size` of them, and `text_bytes` of text together: a tree takes up to 180 times the bytes of its text.
    A text may be registered under its hash, for as long as it is kept.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        groups: Mapping[str, str],
        *,
        size: int = 512,
        text_bytes: int = 2**20,
        limits: Limits = _LIMITS,
        hide_suggestions: bool = False,
    ) -> None:
        self._schema = schema
        self._groups = groups
        self._limits = limits
        self._hide_suggestions = hide_suggestions
        self._guessing = guessing_fields(schema)
        self._rules = _rules(limits)
        self._pricing = Pricing(schema)
        self._size, self._text_bytes = size, text_bytes
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._bytes = 0
        self._hashes: dict[str, str] = {}
        self._registered: dict[str, str] = {}

    def get(self, text: str) -> Document:
        """The document that a text spells."""
        found = self._documents.get(text)
        if found is not None:
            self._documents.move_to_end(text)
            return found
        size = _size(text)
        if size > self._limits.bytes:  # not kept: to measure it again costs less than to keep it
            return self.read(text)
        document = self._documents[text] = self._read(text)
        self._bytes += size
        while len(self._documents) > self._size or self._bytes > self._text_bytes:
            self._drop(self._documents.popitem(last=False)[0])
        return document

    def _drop(self, text: str) -> None:
        self._bytes -= _size(text)
        digest = self._hashes.pop(text, None)
        if digest is not None:
            del self._registered[digest]

    def register(self, text: str, digest: str) -> None:
        """Let a text that is kept be found by its hash, too, until it goes. That this is its hash is the caller's."""
        if text in self._documents:
            self._hashes[text], self._registered[digest] = digest, text

    def registered(self, digest: str) -> Document | None:
        """The document whose text was registered under this hash, if it is still kept."""
        text = self._registered.get(digest)
        return None if text is None else self.get(text)

    def read(self, text: str) -> Document:
        """The document that a text spells, read anew and not kept."""
        size = _size(text)
        return Document(errors=(too_large(size, self._limits),)) if size > self._limits.bytes else self._read(text)

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=self._limits.tokens)
            check(node, self._limits, self._guessing)
        except RequestError as error:
            return Document(errors=(error.with_traceback(None),))
        except GraphQLError as error:
            if error.message.endswith(_TOO_MANY_TOKENS):
                return Document(errors=(too_many_tokens(self._limits),))
            return Document(errors=(_coded(error, Code.GRAPHQL_PARSE_FAILED),))
        errors = validate(
            self._schema, node, self._rules, max_errors=_MOST_ERRORS, hide_suggestions=self._hide_suggestions
        )
        if any(error.message == _TOO_MANY_COMPARISONS for error in errors):
            return Document(errors=(too_many_comparisons(self._limits),))
        if errors:
            return Document(errors=tuple(_coded(error, Code.GRAPHQL_VALIDATION_FAILED) for error in _merged(errors)))
        finder = _Finder(self._groups, types := TypeInfo(self._schema))
        visit(node, TypeInfoVisitor(types, finder))
        prices = self._pricing.prices(node)
        return Document(
            node,
            selects=frozenset(finder.groups),
            introspects=bool(finder.type_names),
            type_names=tuple(finder.type_names),
            prices=prices,
        )


_TOO_MANY_TOKENS = " tokens. Parsing aborted."
_TOO_MANY_COMPARISONS = "Validation aborted."
"""How graphql-core says it; it has no codes. Tests of the limits fail when it says it otherwise."""


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _merged(errors: list[GraphQLError]) -> list[GraphQLError]:
    """One error for all places where the same is wrong: the answer does not grow with how often a mistake is made."""
    places: dict[str, list[int]] = {}
    first: dict[str, GraphQLError] = {}
    for error in errors:
        first.setdefault(error.message, error)
        places.setdefault(error.message, []).extend(error.positions or ())
    return [GraphQLError(text, source=error.source, positions=places[text]) for text, error in first.items()]


def _coded(error: GraphQLError, code: Code) -> GraphQLError:
    """The error with a code, and without the tree that it was found in: a refused document takes little memory."""
    extensions = {**(error.extensions or {}), "code": code.value}
    return GraphQLError(error.message, source=error.source, positions=error.positions, extensions=extensions)


def _rules(limits: Limits) -> tuple[type[ASTValidationRule], ...]:
    """graphql-core's rules, with a limit on what comparing fields may cost, for whatever reason.

    Fragments are compared with one another in pairs; no count of fields or fragments bounds that well.
    """

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        @override
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = limits.comparisons

    return tuple(BoundedOverlap if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)


class _Finder(Visitor):
    """Looks for fields that need a group of columns, and for introspection, anywhere in a document."""

    def __init__(self, groups: Mapping[str, str], types: TypeInfo) -> None:
        super().__init__()
        self._groups = groups
        self._types = types
        self.groups: set[str] = set()
        self.type_names: list[ValueNode | None] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Compare the field's coordinate."""
        parent = self._types.get_parent_type()
        group = self._groups.get(f"{parent.name}.{node.name.value}") if parent is not None else None
        if group is not None:
            self.groups.add(group)
        if node.name.value == "__schema":
            self.type_names.append(None)
        elif node.name.value == "__type":
            self.type_names += [argument.value for argument in node.arguments or ()]
