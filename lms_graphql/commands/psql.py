"""`lms-graphql psql`."""

import shutil
import subprocess

from lms_graphql.commands.console import fail
from lms_graphql.commands.database import databases
from lms_graphql.settings import Settings
from lms_graphql.storage.embedded_process import find_programs


def psql(settings: Settings) -> None:
    """Open psql on the database, as its owner where the owner is known; its exit code becomes ours."""
    program = shutil.which("psql") or (None if settings.database_url else str(find_programs() / "psql"))
    if program is None:
        fail("psql is not here; install PostgreSQL's client")
    with databases(settings) as found:
        url = (found.owner or found.app).set(drivername="postgresql").render_as_string(hide_password=False)
        code = subprocess.run([program, url], check=False).returncode  # noqa: S603 - a program of our own choice
    raise SystemExit(code)
