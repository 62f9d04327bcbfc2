"""The settings of a process, read once from its environment. Every variable is listed in the README and by `doctor`."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from lms_graphql.storage.embedded import default_data_dir

_SHORTEST_SECRET = 32


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and what to do, in one line."""


class Settings(msgspec.Struct, frozen=True):
    """What the environment says. Without a `database_url` an embedded PostgreSQL in `data_dir` is used."""

    environment: Literal["development", "production"]
    data_dir: Path
    secret_key: bytes
    database_url: str | None = None
    owner_database_url: str | None = None
    workbench: bool = True
    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def is_production(self) -> bool:
        """Whether LMS_ENV is production."""
        return self.environment == "production"


VARIABLES = {
    "LMS_DATABASE_URL": "the application's database (role lms_app), PostgreSQL 15 or later; unset: an embedded one",
    "LMS_OWNER_DATABASE_URL": "for migrate and demo: a login that is a member of lms_owner; not needed when embedded",
    "LMS_DATA_DIR": "where the embedded PostgreSQL and the development secret live; default: the user's data folder",
    "LMS_ALLOW_EMBEDDED": "1 lets production use the embedded PostgreSQL",
    "LMS_ENV": "development (default) or production",
    "LMS_SECRET_KEY": "signs tokens and cursors, 32 characters or more; required in production",
    "LMS_WORKBENCH": "1 or 0: GraphiQL at /; default: 1 in development, 0 in production",
    "LMS_HOST": "the address that serve listens on; default 127.0.0.1",
    "LMS_PORT": "the port that serve listens on; default 8000",
}


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives; SettingsError says in one line what is wrong."""
    name = environment.get("LMS_ENV", "development")
    if name not in {"development", "production"}:
        raise SettingsError("LMS_ENV must be development or production")
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
        workbench=_flag(environment, "LMS_WORKBENCH", default=not production),
        host=environment.get("LMS_HOST") or "127.0.0.1",
        port=_port(environment),
    )


def _flag(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "")
    if text not in {"", "0", "1"}:
        raise SettingsError(f"{name} must be 1 or 0")
    return text == "1" if text else default


def _port(environment: Mapping[str, str]) -> int:
    text = environment.get("LMS_PORT") or "8000"
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError("LMS_PORT must be a port number from 1 to 65535")
    return int(text)


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
