"""Certificates of the demo, signed as those that are issued."""

from typing import Any

from lms_graphql.certificates.badges import Facts
from lms_graphql.certificates.credentials import Signer


class Signing:
    """What signs the certificates of a university; without a signer that can, nothing does."""

    def __init__(self, signer: Signer | None, university_name: str) -> None:
        self._signer = None if signer is None or signer.missing else signer
        self._university_name = university_name

    def signed(self, row: dict[str, Any]) -> dict[str, Any]:
        """The columns of a certificate with those of its signature."""
        if self._signer is None:
            return {**row, "key_id": None, "credential_jwt": None}
        said = {name: row[name] for name in Facts._fields if name in row}
        facts = Facts(code=row["certificate_code"], university_name=self._university_name, **said)
        jwt, key_id = self._signer.sign(facts._replace(final_score=facts.final_score and round(facts.final_score, 2)))
        return {**row, "key_id": key_id, "credential_jwt": jwt}
