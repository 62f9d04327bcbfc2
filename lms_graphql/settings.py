"""The settings of a process, read once from its environment. Every variable is listed in the README and by `doctor`."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from lms_graphql.storage.bucket import Bucket, bucket_of
from lms_graphql.storage.embedded import default_data_dir

TrustMode = Literal["off", "log", "only"]

_SHORTEST_SECRET = 32
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
_PUBLIC_URL = re.compile(r"https?://[a-z0-9.\-\[\]:]+(/[A-Za-z0-9._~\-]+)*")


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and what to do, in one line."""


class Settings(msgspec.Struct, frozen=True):
    """What the environment says. Without a `database_url` an embedded PostgreSQL in `data_dir` is used."""

    environment: Literal["development", "production"]
    data_dir: Path
    secret_key: bytes
    database_url: str | None = None
    owner_database_url: str | None = None
    auth_database_url: str | None = None
    oidc_issuers: str | None = None
    platform_database_url: str | None = None
    workbench: bool = True
    host: str = "127.0.0.1"
    port: int = 8000
    allowed_origins: tuple[str, ...] = ()
    pool_size: int = 10
    max_in_flight: int = 40
    deadline_seconds: float = 10.0
    cost: Literal["enforce", "measure"] = "enforce"
    points_per_second: int = 5_000
    syllabus_cache_mib: int = 16
    documents: Path | None = None
    trusted_documents: TrustMode = "off"
    metrics_token: str | None = None
    workers: int = 1
    erasure_ledger: Path | None = None
    files: Path | None = None
    bucket: Bucket | None = None
    upload_mib: int = 50
    public_url: str | None = None
    certificate_keys: str | None = None
    jobs_seconds: int = 2

    @property
    def is_production(self) -> bool:
        """Whether LMS_ENV is production."""
        return self.environment == "production"

    def files_folder(self) -> Path:
        """Where uploaded files lie, unless in a bucket."""
        return self.files or self.data_dir / "files"

    def ledger_path(self) -> Path:
        """The ledger of erasures: beside an embedded database, unless a place is set.

        SettingsError with a database of one's own and no place: it must not lie, and be lost, where that does.
        """
        if self.erasure_ledger is not None:
            return self.erasure_ledger
        if self.database_url is not None:
            raise SettingsError("set LMS_ERASURE_LEDGER to a file that is kept elsewhere than the database's backups")
        return self.data_dir / "erasures.ndjson"

    @property
    def metrics(self) -> bool:
        """Whether there are metrics: in production only for who has the token."""
        return self.metrics_token is not None or not self.is_production


VARIABLES = {
    "LMS_DATABASE_URL": "the application's database (role lms_app), PostgreSQL 15 or later; unset: an embedded one",
    "LMS_OWNER_DATABASE_URL": "for migrate and demo: a login that is a member of lms_owner; not needed when embedded",
    "LMS_AUTH_DATABASE_URL": "the same database as role lms_auth; default: LMS_DATABASE_URL with that role",
    "LMS_OIDC_ISSUERS": "whose tokens sign people in: a JSON list, or the path of a file with one; default: nobody's",
    "LMS_PLATFORM_DATABASE_URL": "the same database as role lms_platform; default: LMS_DATABASE_URL with that role",
    "LMS_DATA_DIR": "where the embedded PostgreSQL and the development secret live; default: the user's data folder",
    "LMS_ALLOW_EMBEDDED": "1 lets production use the embedded PostgreSQL",
    "LMS_ENV": "development (default) or production",
    "LMS_SECRET_KEY": "signs tokens and cursors, 32 characters or more; required in production",
    "LMS_WORKBENCH": "1 or 0: GraphiQL at /; default: 1 in development, 0 in production",
    "LMS_HOST": "the address that serve listens on; default 127.0.0.1",
    "LMS_PORT": "the port that serve listens on; default 8000",
    "LMS_WORKERS": "the processes that serve; default 1",
    "LMS_ALLOWED_ORIGINS": "the web origins that browsers may call from, separated by commas; default: its own only",
    "LMS_POOL_SIZE": "connections to PostgreSQL of each worker; default 10",
    "LMS_MAX_IN_FLIGHT": "requests that run or wait for their turn in each worker; one more gets 503; default 40",
    "LMS_DEADLINE_SECONDS": "how long a request may take before it gets 504; default 10",
    "LMS_COST": "enforce (default): operations that cost too much are refused; measure: only reported",
    "LMS_SYLLABUS_CACHE": "MiB for syllabi kept under their version; default 16; 0: none is kept",
    "LMS_POINTS_PER_SECOND": "points that each person gets per second, kept up to 40 seconds' worth; default 5000",
    "LMS_DOCUMENTS": "the manifest of trusted documents, which `documents add` makes; default: none are trusted",
    "LMS_TRUSTED_DOCUMENTS": "off (default); log: name documents that are not trusted; only: refuse them",
    "LMS_ERASURE_LEDGER": "the file that lists erased people; default: in LMS_DATA_DIR when the database is embedded",
    "LMS_FILES": "where uploaded files go: a folder that all share (files in LMS_DATA_DIR), or s3://bucket, see Files",
    "LMS_UPLOAD_MIB": "how large an uploaded file may be, in MiB; default 50",
    "LMS_PUBLIC_URL": "the address that the world has for this server, in certificates; development: its own",
    "LMS_CERTIFICATE_KEYS": "signs certificates: a JWK Set, or its file; made in development; without: none are issued",
    "LMS_JOBS_SECONDS": "how often each worker looks for jobs that wait; default 2; 0: never, see `jobs run`",
    "LMS_METRICS_TOKEN": "what /metrics asks for as Bearer; unset: open in development, not there in production",
}


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives; SettingsError says in one line what is wrong."""
    name = environment.get("LMS_ENV", "development")
    if name not in {"development", "production"}:
        raise SettingsError("LMS_ENV must be development or production")
    cost = environment.get("LMS_COST") or "enforce"
    if cost not in {"enforce", "measure"}:
        raise SettingsError("LMS_COST must be enforce or measure")
    production = name == "production"
    data_dir = Path(environment.get("LMS_DATA_DIR") or default_data_dir()).expanduser()
    database_url = environment.get("LMS_DATABASE_URL") or None
    if production and database_url is None and environment.get("LMS_ALLOW_EMBEDDED") != "1":
        raise SettingsError("in production set LMS_DATABASE_URL (or LMS_ALLOW_EMBEDDED=1 for the embedded PostgreSQL)")
    return Settings(
        environment="production" if production else "development",
        data_dir=data_dir,
        secret_key=_secret(environment, data_dir, production=production),
        database_url=database_url,
        owner_database_url=environment.get("LMS_OWNER_DATABASE_URL") or None,
        auth_database_url=environment.get("LMS_AUTH_DATABASE_URL") or None,
        oidc_issuers=environment.get("LMS_OIDC_ISSUERS") or None,
        platform_database_url=environment.get("LMS_PLATFORM_DATABASE_URL") or None,
        workbench=_flag(environment, "LMS_WORKBENCH", default=not production),
        host=environment.get("LMS_HOST") or "127.0.0.1",
        port=_number(environment, "LMS_PORT", 8000, most=65535),
        allowed_origins=_origins(environment),
        pool_size=_number(environment, "LMS_POOL_SIZE", 10, most=1000),
        max_in_flight=_number(environment, "LMS_MAX_IN_FLIGHT", 40, most=100_000),
        deadline_seconds=_number(environment, "LMS_DEADLINE_SECONDS", 10, most=3600),
        cost="enforce" if cost == "enforce" else "measure",
        syllabus_cache_mib=_number(environment, "LMS_SYLLABUS_CACHE", 16, most=100_000, least=0),
        points_per_second=_number(environment, "LMS_POINTS_PER_SECOND", 5_000, most=1_000_000_000),
        documents=_path(environment, "LMS_DOCUMENTS"),
        trusted_documents=_trust_mode(environment),
        metrics_token=_metrics_token(environment),
        workers=_number(environment, "LMS_WORKERS", 1, most=1000),
        erasure_ledger=_path(environment, "LMS_ERASURE_LEDGER"),
        files=None if _names_bucket(environment) else _path(environment, "LMS_FILES"),
        bucket=_bucket(environment),
        upload_mib=_number(environment, "LMS_UPLOAD_MIB", 50, most=2000),
        public_url=_public_url(environment, production=production),
        certificate_keys=environment.get("LMS_CERTIFICATE_KEYS")
        or (None if production else str(data_dir / "certificate-keys.json")),
        jobs_seconds=_number(environment, "LMS_JOBS_SECONDS", 2, most=3600, least=0),
    )


def _trust_mode(environment: Mapping[str, str]) -> TrustMode:
    match environment.get("LMS_TRUSTED_DOCUMENTS") or "off":
        case "only" if not environment.get("LMS_DOCUMENTS"):
            raise SettingsError("LMS_TRUSTED_DOCUMENTS=only needs LMS_DOCUMENTS, the path of the manifest")
        case "off" | "log" | "only" as mode:
            return mode
        case _:
            raise SettingsError("LMS_TRUSTED_DOCUMENTS must be off, log or only")


def _metrics_token(environment: Mapping[str, str]) -> str | None:
    token = environment.get("LMS_METRICS_TOKEN") or None
    if token is not None and (len(token) < _SHORTEST_SECRET or not token.isascii() or not token.isprintable()):
        raise SettingsError(f"LMS_METRICS_TOKEN must have {_SHORTEST_SECRET} visible ASCII characters or more")
    return token


def _flag(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "")
    if text not in {"", "0", "1"}:
        raise SettingsError(f"{name} must be 1 or 0")
    return text == "1" if text else default


def _number(environment: Mapping[str, str], name: str, default: int, *, most: int, least: int = 1) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
        raise SettingsError(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]).expanduser() if environment.get(name) else None


def _names_bucket(environment: Mapping[str, str]) -> bool:
    return environment.get("LMS_FILES", "").startswith("s3:")


def _bucket(environment: Mapping[str, str]) -> Bucket | None:
    if not _names_bucket(environment):
        return None
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    token = environment.get("AWS_SESSION_TOKEN") or None
    try:
        return bucket_of(environment["LMS_FILES"], access_key, secret_key, token, region)
    except ValueError as error:
        raise SettingsError(f"LMS_FILES: {error}") from error


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple(text.strip() for text in environment.get("LMS_ALLOWED_ORIGINS", "").split(",") if text.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(f"LMS_ALLOWED_ORIGINS: {origin} is no origin like https://learn.example.edu")
    return origins


def _public_url(environment: Mapping[str, str], *, production: bool) -> str | None:
    """An address without a slash at its end; in development the one that serve listens on, unless one is set."""
    url = (environment.get("LMS_PUBLIC_URL") or "").rstrip("/")
    if url and not _PUBLIC_URL.fullmatch(url):
        raise SettingsError(f"LMS_PUBLIC_URL: {url} is no address like https://learn.example.edu")
    if url or production:
        return url or None
    return f"http://{environment.get('LMS_HOST') or '127.0.0.1'}:{environment.get('LMS_PORT') or 8000}"


def _secret(environment: Mapping[str, str], data_dir: Path, *, production: bool) -> bytes:
    given = environment.get("LMS_SECRET_KEY", "")
    if given:
        if len(given) < _SHORTEST_SECRET:
            raise SettingsError(f"LMS_SECRET_KEY must have {_SHORTEST_SECRET} characters or more")
        return given.encode()
    if production:
        raise SettingsError("in production set LMS_SECRET_KEY, for example to the output of: openssl rand -hex 32")
    return _development_secret(data_dir / "secret")


def _development_secret(path: Path) -> bytes:
    """A secret of this machine's own, so that tokens outlive a restart; made on first use, for its user only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error.strerror}; set LMS_DATA_DIR or LMS_SECRET_KEY") from error
    secret = secrets.token_hex(32).encode()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
    return secret
