"""Which bucket of which store `LMS_FILES=s3://…` names."""

import importlib.util
import re
from urllib.parse import parse_qsl, urlsplit

import msgspec

_NAME = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_FOLDER = re.compile(r"([A-Za-z0-9._\-]+/)*")
_ENDPOINT = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
_REGION = re.compile(r"[a-z0-9\-]{1,64}")


class Bucket(msgspec.Struct, frozen=True):
    """Where files are kept, and as whom. An `endpoint` of None is that of AWS for the region."""

    name: str
    folder: str
    """What the names of all files begin with: empty, or ending in a slash."""
    region: str
    endpoint: str | None
    access_key: str
    secret_key: str
    session_token: str | None = None


def bucket_of(address: str, access_key: str, secret_key: str, session_token: str | None, region: str) -> Bucket:
    """What `s3://bucket/prefix?endpoint=https://…&region=…` names; a ValueError says in one line what is wrong."""
    if importlib.util.find_spec("botocore") is None:
        raise ValueError("a bucket needs the extra s3: pip install 'lms_graphql[s3]'")
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    folder = parts.path.strip("/") + "/" if parts.path.strip("/") else ""
    endpoint, region = given.pop("endpoint", "").rstrip("/"), given.pop("region", region)
    if given:
        raise ValueError(f"{', '.join(given)}: only endpoint and region are known")
    for value, form, what in (
        (parts.netloc, _NAME, "name of a bucket"),
        (folder, _FOLDER, "prefix of letters, digits, dots, dashes and slashes"),
        (region, _REGION, "region"),
    ):
        if not form.fullmatch(value):
            raise ValueError(f"{value or 'nothing'} is no {what}")
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        raise ValueError(f"{endpoint} is no endpoint like https://s3.example.edu")
    if not access_key or not secret_key:
        raise ValueError("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, too")
    return Bucket(parts.netloc, folder, region, endpoint or None, access_key, secret_key, session_token)
