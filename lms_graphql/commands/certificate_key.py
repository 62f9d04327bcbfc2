"""`lms-graphql certificate-key`."""

from pathlib import Path

from lms_graphql.certificates.keys import KeysError, rotated
from lms_graphql.commands.console import fail, say


def certificate_key(*, keys: Path | None) -> None:
    """Print a JWK Set whose first key is new; those of a set that is given stay with their public halves, to verify."""
    try:
        say(rotated(None if keys is None else str(keys)))
    except KeysError as error:
        fail(str(error))
