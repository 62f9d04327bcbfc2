"""ETags from versions: what an answer will be, told before it is built.

Of an answer whose parts follow from versions (`engine.fragments`) everything else is built first, with the parts'
versions in their places. What this says, together with the code that runs, is a function of the whole answer: equal for
equal answers, another for others. If the client has it, nothing more is loaded.
"""

from collections.abc import Callable
from hashlib import blake2b


class NotModifiedError(Exception):
    """The client has this answer already; not an error but the end of an execution."""


class Validator:
    """The tag of one answer, once it can be told. `known` says whether the client has the answer with a tag."""

    def __init__(self, deployment: bytes, representation: str, known: Callable[[str], bool]) -> None:
        self._deployment = deployment
        self._representation = representation
        self._known = known
        self.tag: str | None = None

    def validate(self, outline: bytes) -> None:
        """Make the tag from an answer with versions in the places of its parts; NotModifiedError if it is known."""
        digest = blake2b(self._deployment, digest_size=15, person=self._representation.encode())
        digest.update(outline)
        self.tag = f'"{digest.hexdigest()}"'
        if self._known(self.tag):
            raise NotModifiedError
