"""What certificates say to programs: the documents of Open Badges 3.0, and where they are found.

An OpenBadgeCredential is a credential of the W3C's data model 2.0. All of it follows from the facts of a certificate,
so that what was signed can be held against the row. It is named by a digest of the certificate's code: the list of
those that were revoked is for everybody, and must not tell the codes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

_CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
]
_SCHEMA = {
    "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
    "type": "1EdTechJsonSchemaValidator2019",
}
_CRITERIA = "Completed the course and passed it by the university's grading policy."


class Facts(NamedTuple):
    """What a certificate says, of whom, by whom."""

    code: str
    user_id: int
    course_offering_id: int
    recipient_name: str
    course_code: str
    course_title: str
    final_score: Decimal | None
    letter_grade: str | None
    issued_at: datetime
    """In whole seconds."""
    expires_at: datetime | None
    university_name: str

    @property
    def short_code(self) -> str:
        """The university's."""
        return self.code.partition("-")[0]


def key_url(base: str, key_id: str) -> str:
    """Where the public half of a key is."""
    return f"{base}/badges/keys/{key_id}"


def verification_url(base: str, code: str) -> str:
    """Where anybody learns how the certificate with this code stands."""
    return f"{base}/badges/verify/{code}"


def issuer_url(base: str, short_code: str) -> str:
    """Where the profile of a university is, which is its id, too."""
    return f"{base}/u/{short_code}/badges/issuer"


def achievement_url(base: str, short_code: str, offering_id: int) -> str:
    """Where it is told what those have achieved who passed this offering."""
    return f"{base}/u/{short_code}/badges/achievements/{offering_id}"


def revocations_url(base: str, short_code: str) -> str:
    """Where the university's list of revoked credentials is."""
    return f"{base}/u/{short_code}/badges/revocations"


def credential_id(code: str) -> str:
    """The id of the credential of the certificate with this code, which does not tell the code."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'certificate:{code}')}"


def profile(base: str, short_code: str, name: str) -> dict[str, Any]:
    """Who issues: the university."""
    return {"id": issuer_url(base, short_code), "type": ["Profile"], "name": name}


def achievement(base: str, short_code: str, offering_id: int, course_code: str, title: str) -> dict[str, Any]:
    """What was achieved."""
    url = achievement_url(base, short_code, offering_id)
    return {
        "id": url,
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": title,
        "humanCode": course_code,
        "description": f"Completed the course {course_code}, {title}.",
        "criteria": {"narrative": _CRITERIA},
        "resultDescription": [
            {"id": f"{url}#score", "type": ["ResultDescription"], "name": "Final score", "resultType": "RawScore"},
            {"id": f"{url}#grade", "type": ["ResultDescription"], "name": "Grade", "resultType": "LetterGrade"},
        ],
    }


def credential(base: str, facts: Facts) -> dict[str, Any]:
    """The payload of the JWT: the credential, with the claims that repeat what of it is for JWTs."""
    issuer = profile(base, facts.short_code, facts.university_name)
    subject = _subject(base, facts)
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "id": credential_id(facts.code),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": facts.course_title,
        "issuer": issuer,
        "validFrom": _moment(facts.issued_at),
        "credentialSubject": subject,
        "evidence": [{"id": verification_url(base, facts.code), "type": ["Evidence"], "name": "Verification"}],
        "credentialStatus": {"id": revocations_url(base, facts.short_code), "type": "1EdTechRevocationList"},
        "credentialSchema": [_SCHEMA],
        "iss": issuer["id"],
        "jti": credential_id(facts.code),
        "sub": subject["id"],
        "nbf": int(facts.issued_at.timestamp()),
    }
    if facts.expires_at is not None:
        document |= {"validUntil": _moment(facts.expires_at), "exp": int(facts.expires_at.timestamp())}
    return document


def _subject(base: str, facts: Facts) -> dict[str, Any]:
    """The person, by a name of ours that leads nowhere and by the name of the day of the issue; what they achieved."""
    what = achievement(base, facts.short_code, facts.course_offering_id, facts.course_code, facts.course_title)
    results = (("score", facts.final_score), ("grade", facts.letter_grade))
    name = {
        "type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": facts.recipient_name,
    }  # fmt: skip
    return {
        "id": f"{issuer_url(base, facts.short_code)}#person-{facts.user_id}",
        "type": ["AchievementSubject"],
        "identifier": [name],
        "achievement": what,
        "result": [
            {"type": ["Result"], "resultDescription": f"{what['id']}#{part}", "value": str(value)}
            for part, value in results
            if value is not None
        ],
    }


def revocation_list(base: str, short_code: str, codes: Iterable[str]) -> dict[str, Any]:
    """The credentials that a university has revoked, in the form of 1EdTech's status method."""
    return {
        "id": revocations_url(base, short_code),
        "issuer": issuer_url(base, short_code),
        "revokedCredentials": [{"id": credential_id(code), "revoked": True} for code in codes],
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
