"""What certificates need in public: the keys, the universities' profiles, what was achieved, what was withdrawn.

Certificates of a closed university stay true, so all of it stays there for them.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Select, String, Text, bindparam, case, cast, column, func, select

from lms_graphql.certificates import badges
from lms_graphql.certificates.credentials import Signer
from lms_graphql.certificates.guesses import Guesses
from lms_graphql.certificates.models import Certificate
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University

_Found = record("University", tenant=False)
_UNIVERSITY = Statement(
    select(University.id, University.name).where(University.short_code == bindparam("short_code", type_=String))
)
_ACHIEVEMENT = Statement(
    select(Certificate.course_code, Certificate.course_title)
    .where(
        Certificate.university_id == UNIVERSITY,
        Certificate.course_offering_id == bindparam("offering_id", type_=BigInteger),
        Certificate.key_id.is_not(None),
    )
    .order_by(Certificate.id.desc())
    .limit(1)
)
_WITHDRAWN = Statement(
    select(Certificate.certificate_code)
    .where(
        Certificate.university_id == UNIVERSITY,
        Certificate.key_id.is_not(None),
        Certificate.revoked_at.is_not(None) | Certificate.credential_jwt.is_(None),
    )
    .order_by(Certificate.id)
)


def _status() -> Select[Any]:
    """What a stranger is told of a certificate; the same columns that `CertificateVerification` shows."""
    code = bindparam("code", type_=Text)
    names = ("recipient_name", "course_title", "university_name", "issued_at", "expires_at", "revoked_at", "key_id")
    found = func.verify_certificate(code).table_valued(*(column(name) for name in names)).alias("found")
    status = case(
        (found.c.revoked_at.is_not(None), "REVOKED"), (found.c.expires_at <= func.now(), "EXPIRED"), else_="VALID"
    )
    return select(cast(code, Text).label("code"), status.label("status"), *found.c)


_STATUS = Statement(_status())
_LONGEST_CODE = 64
_LARGEST_NUMBER = 2**63 - 1


class Publications:
    """The documents, each as JSON; None for what is not there."""

    def __init__(self, snapshot: Callable[[], Snapshot], signer: Signer, guesses: Guesses) -> None:
        self._snapshot = snapshot
        self._signer = signer
        self._guesses = guesses

    def keys(self) -> dict[str, Any]:
        """The public keys, as a JWK Set; each by the very `kid` that credentials have."""
        base, keys = self._signer.base(), self._signer.keyring.keys
        return {"keys": [key.jwk() | {"kid": badges.key_url(base, key.id)} for key in keys]}

    def key(self, key_id: str) -> dict[str, Any] | None:
        """One of them, as a JWK."""
        found = self._signer.keyring.get(key_id)
        return None if found is None else found.jwk() | {"kid": badges.key_url(self._signer.base(), key_id)}

    async def issuer(self, short_code: str) -> dict[str, Any] | None:
        """The profile of a university."""
        async with self._snapshot() as snapshot:
            university = await self._university(snapshot, short_code)
        return None if university is None else badges.profile(self._signer.base(), short_code, university["name"])

    async def achievement(self, short_code: str, offering: str) -> dict[str, Any] | None:
        """What those have achieved who got a certificate of an offering, as the latest one says; nothing else of it."""
        number = int(offering) if offering.isascii() and offering.isdecimal() and len(offering) <= 19 else 0
        async with self._snapshot() as snapshot:
            university = await self._university(snapshot, short_code)
            if university is None or not 0 < number <= _LARGEST_NUMBER:
                return None
            given = {"university_id": university["id"], "offering_id": number}
            rows = await snapshot.fetch(_ACHIEVEMENT, given, _Found)
        if not rows:
            return None
        base, said = self._signer.base(), rows[0]
        return badges.achievement(base, short_code, number, said["course_code"], said["course_title"])

    async def revocations(self, short_code: str) -> dict[str, Any] | None:
        """The credentials of a university that are revoked, or whose people were erased."""
        async with self._snapshot() as snapshot:
            university = await self._university(snapshot, short_code)
            if university is None:
                return None
            rows = await snapshot.fetch(_WITHDRAWN, {"university_id": university["id"]}, _Found)
        codes = (row["certificate_code"] for row in rows)
        return badges.revocation_list(self._signer.base(), short_code, codes)

    async def status(self, code: str, network: str) -> dict[str, Any] | None:
        """How the certificate with a code stands; RATE_LIMITED for who has guessed too often."""
        await self._guesses.take(network)
        if len(code) > _LONGEST_CODE or not code.isprintable():
            return None
        async with self._snapshot() as snapshot:
            rows = await snapshot.fetch(_STATUS, {"code": code}, _Found)
        if not rows:
            return None
        self._guesses.give_back(network)
        return _camel_case(rows[0])

    async def _university(self, snapshot: Snapshot, short_code: str) -> Row | None:
        """The university of a short code, for which the snapshot acts from here on, on nobody's behalf."""
        if len(short_code) > _LONGEST_CODE or not short_code.isprintable():
            return None
        found = await snapshot.fetch(_UNIVERSITY, {"short_code": short_code}, _Found)
        if not found:
            return None
        await snapshot.act_for(found[0]["id"], None)
        return found[0]


def _camel_case(row: Row) -> dict[str, Any]:
    return {_spelled(*name.split("_")): value for name, value in row.items()}


def _spelled(first: str, *others: str) -> str:
    return first + "".join(part.title() for part in others)
