"""Which document a request asks for: by its text, by an id of the manifest, or by a hash that was registered before.

LMS_TRUSTED_DOCUMENTS=only runs nothing but the documents of the manifest, for all but those who may explore. The hashes
that clients register by themselves (automatic persisted queries) spare bytes; they are no list of what may run, so in
this mode nothing is registered.
"""

import logging

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.documents import Document, Documents
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.trusted import TrustedDocuments, plain_id, text_hash
from lms_graphql.server.requests import GraphQLRequest, HttpError, PersistedQuery, persisted_query
from lms_graphql.settings import TrustMode

logger = logging.getLogger(__name__)

_MOST_LOGGED = 1000


def _refusal(code: Code, message: str) -> Document:
    return Document(errors=(RequestError(code, message),))


# Apollo's and urql's clients look for these two messages, to the letter, and then send the text, too. For another
# version only: who is told that nothing is supported never sends a hash again, also not one of the manifest.
_NOT_FOUND = _refusal(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
_NOT_SUPPORTED = _refusal(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
_UNKNOWN_ID = _refusal(
    Code.PERSISTED_QUERY_NOT_FOUND, "no document has this documentId; send its text as query, or have it added here"
)
NOT_TRUSTED = _refusal(
    Code.DOCUMENT_NOT_TRUSTED, "only documents that are known here may run; have this one added, or ask by its id"
)


class Lookup:
    """Finds documents: in the manifest, then, unless the mode is `only`, among all that come."""

    def __init__(self, documents: Documents, trusted: TrustedDocuments, mode: TrustMode) -> None:
        self._documents = documents
        self._trusted = trusted
        self._mode = mode
        self._logged: set[str] = set()

    def find(self, request: GraphQLRequest) -> Document | None:
        """The document; None for a text that only those may have read who may explore (then `explore` reads it)."""
        if request.documentId is not None:
            return self._identified(request.documentId) or _UNKNOWN_ID
        persisted = persisted_query(request)
        if persisted is not None and persisted.version != 1:
            return _NOT_SUPPORTED
        if request.query is None:
            return (persisted and self._identified(persisted.sha256Hash)) or _NOT_FOUND
        trusted = self._trusted.spelled(request.query)
        if trusted is None and self._mode == "only":
            return None
        self._require_match(persisted, request.query, trusted)
        if trusted is not None:
            return trusted
        document = self._documents.get(request.query)
        if persisted is not None:
            self._documents.register(request.query, plain_id(persisted.sha256Hash))
        return document

    def explore(self, request: GraphQLRequest) -> Document:
        """The document of a text that is not trusted; its hash is checked, and not registered."""
        text = request.query or ""
        self._require_match(persisted_query(request), text, None)
        return self._documents.get(text)

    def _identified(self, identifier: str) -> Document | None:
        return self._trusted.identified(identifier) or self._documents.registered(plain_id(identifier))

    def _require_match(self, persisted: PersistedQuery | None, text: str, trusted: Document | None) -> None:
        """A text must have the hash that comes with it, or be the trusted document that has this id."""
        if persisted is None:
            return
        by_id = self._trusted.identified(persisted.sha256Hash)
        if text_hash(text) != plain_id(persisted.sha256Hash) and (by_id is None or by_id is not trusted):
            raise HttpError(400, Code.BAD_REQUEST, "sha256Hash is not the hash of query: SHA-256 of its UTF-8, in hex")

    def notice(self, document: Document, viewer: Viewer) -> None:
        """In the mode `log`, say once for a document that `only` would have refused it to this viewer."""
        if self._mode != "log" or document.is_trusted or document.node is None or viewer.may_explore:
            return
        text = document.node.loc.source.body if document.node.loc else ""
        digest = text_hash(text)
        if digest in self._logged or len(self._logged) >= _MOST_LOGGED:
            return
        self._logged.add(digest)
        names = ", ".join(name for name in document.prices if name) or "without a name"
        logger.warning("not trusted: %s, sha256:%s, %d characters", names, digest, len(text))
        if len(self._logged) == _MOST_LOGGED:
            logger.warning("%d documents that are not trusted were logged; no more will be", _MOST_LOGGED)
