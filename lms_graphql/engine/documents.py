"""Documents: from text to a validated tree, once. A hot document costs a look-up by its text."""

from collections import OrderedDict
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from lms_graphql.engine.errors import Code, RequestError

_MOST_TOKENS = 5000
_MOST_ERRORS = 20


class Document(msgspec.Struct, frozen=True):
    """A valid document, or the errors that it has. `selects_heavy`: it selects a field that needs a heavy column."""

    node: DocumentNode | None = None
    errors: tuple[GraphQLError, ...] = ()
    selects_heavy: bool = False


class Documents:
    """The documents seen last, by their text; invalid ones too, so that a client's loop costs little."""

    def __init__(self, schema: GraphQLSchema, heavy: frozenset[str], *, size: int = 512) -> None:
        self._schema = schema
        self._heavy = heavy
        self._size = size
        self._documents: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """The document that a text spells."""
        found = self._documents.get(text)
        if found is not None:
            self._documents.move_to_end(text)
            return found
        document = self._documents[text] = self._read(text)
        if len(self._documents) > self._size:
            self._documents.popitem(last=False)
        return document

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=_MOST_TOKENS)
        except GraphQLError as error:
            return Document(errors=(_coded(error, Code.GRAPHQL_PARSE_FAILED),))
        except RecursionError:
            return Document(errors=(RequestError(Code.GRAPHQL_PARSE_FAILED, "the document is nested too deeply"),))
        errors = validate(self._schema, node, max_errors=_MOST_ERRORS)
        if errors:
            return Document(errors=tuple(_coded(error, Code.GRAPHQL_VALIDATION_FAILED) for error in errors))
        finder = _HeavyFields(self._heavy, types := TypeInfo(self._schema))
        visit(node, TypeInfoVisitor(types, finder))
        return Document(node, selects_heavy=finder.found)


def _coded(error: GraphQLError, code: Code) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": code.value}
    return error


class _HeavyFields(Visitor):
    """Looks for a field that needs a heavy column, anywhere in a document."""

    def __init__(self, heavy: frozenset[str], types: TypeInfo) -> None:
        super().__init__()
        self._heavy = heavy
        self._types = types
        self.found = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Compare the field's coordinate."""
        parent = self._types.get_parent_type()
        if parent is not None and f"{parent.name}.{node.name.value}" in self._heavy:
            self.found = True
