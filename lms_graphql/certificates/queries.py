"""The fields of Query that verify certificates and credentials, for anybody."""

import strawberry

from lms_graphql.certificates.credentials import LONGEST_JWT, Checked, Signature, Signer
from lms_graphql.certificates.guesses import Guesses
from lms_graphql.certificates.loaders import VerificationByCode
from lms_graphql.certificates.types import CertificateVerification, CredentialVerification
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, with_arguments
from lms_graphql.engine.rows import Row

_LONGEST_CODE = 64
_WEIGHT = 50
"""So that the points of a client pay for few guesses; who holds a code asks once."""


async def _verify(_root: None, context: Context, code: str) -> Row | None:
    guesses = context.service(Guesses)
    await guesses.take(context.network)
    found = await _found(context, code)
    if found is not None:
        guesses.give_back(context.network)
    return found


async def _found(context: Context, code: str) -> Row | None:
    if len(code) > _LONGEST_CODE or not code.isprintable():  # PostgreSQL takes no text with NUL, or half a surrogate
        return None
    return await context.load_alone(VerificationByCode, code)  # type: ignore[no-any-return]


async def _verify_credential(_root: None, context: Context, jwt: str) -> "Verdict":
    guesses = context.service(Guesses)
    await guesses.take(context.network)
    checked = context.service(Signer).check(jwt.strip())
    if checked.code is None:
        return Verdict("unknown_key" if checked.signature is Signature.UNKNOWN_KEY else "invalid")
    verdict = _verdict(jwt.strip(), checked, await _found(context, checked.code))
    if verdict.certificate is not None:
        guesses.give_back(context.network)
    return verdict


class Verdict:
    """The source of a CredentialVerification."""

    typename = "CredentialVerification"

    def __init__(self, verdict: str, key_id: str | None = None, certificate: Row | None = None) -> None:
        self.verdict, self.key_id, self.certificate = verdict, key_id, certificate


def _verdict(jwt: str, checked: Checked, row: Row | None) -> Verdict:
    """What is to be said of a credential that one of our keys signed; there must be the very certificate, too."""
    if row is None or row["key_id"] != checked.key_id:
        return Verdict("invalid", checked.key_id)
    if row["credential_jwt"] is None:
        return Verdict("withdrawn", checked.key_id, row)
    if row["credential_jwt"] != jwt:
        return Verdict("invalid", checked.key_id)
    return Verdict(row["status"], checked.key_id, row)


@strawberry.type
class CertificatesQuery:
    """Joined into Query."""

    verify_certificate: CertificateVerification | None = with_arguments(
        _verify,
        "A certificate by its code, for anybody: needs no university and no login. Null for a code that none has; who"
        " asks for many such is refused for a while (RATE_LIMITED).",
        argument("code", str, "The whole code: the university's, a hyphen, 26 letters and digits."),
        weight=_WEIGHT,
    )
    verify_credential: CredentialVerification | None = with_arguments(
        _verify_credential,
        "What is to be said of a credential that somebody shows, for anybody: needs no university and no login. Who"
        " shows many that are none is refused for a while (RATE_LIMITED).",
        argument("jwt", str, f"The credential, a JWT of at most {LONGEST_JWT} characters."),
        weight=_WEIGHT,
    )
