"""The field of Query that verifies certificates."""

import strawberry

from lms_graphql.certificates.loaders import VerificationByCode
from lms_graphql.certificates.types import CertificateVerification
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, with_arguments
from lms_graphql.engine.rows import Row

_LONGEST_CODE = 64
_WEIGHT = 50
"""So that the points of a client pay for few guesses; who holds a code asks once."""


async def _verify(_root: None, context: Context, code: str) -> Row | None:
    if len(code) > _LONGEST_CODE or not code.isprintable():  # PostgreSQL takes no text with NUL, or half a surrogate
        return None
    return await context.load_alone(VerificationByCode, code)  # type: ignore[no-any-return]


@strawberry.type
class CertificatesQuery:
    """Joined into Query."""

    verify_certificate: CertificateVerification | None = with_arguments(
        _verify,
        "A certificate by its code, for anybody: needs no university and no login. Null for a code that none has.",
        argument("code", str, "The whole code, for example DEMO-ME101-0003."),
        weight=_WEIGHT,
    )
