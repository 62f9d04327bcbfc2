"""The console script `lms-graphql`."""

import importlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from lms_graphql.commands.console import fail
from lms_graphql.settings import Settings, SettingsError, read
from lms_graphql.storage.embedded import EmbeddedPostgresError
from lms_graphql.storage.errors import StorageError

app = typer.Typer(
    name="lms-graphql",
    help="One GraphQL API for a multi-tenant university LMS over PostgreSQL.",
    epilog="Settings come from the environment; `lms-graphql doctor` lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
imports = typer.Typer(help="Import from other systems. Safe to repeat; all or nothing.", no_args_is_help=True)
app.add_typer(imports, name="import")
exports = typer.Typer(help="Export for other systems, and for other universities.", no_args_is_help=True)
app.add_typer(exports, name="export")
documents = typer.Typer(help="Trusted documents: the manifest of those that clients use.", no_args_is_help=True)
app.add_typer(documents, name="documents")
user = typer.Typer(help="How people sign in, and who administers the platform.", no_args_is_help=True)
app.add_typer(user, name="user")
service_token = typer.Typer(help="Tokens of graders and importers of one university.", no_args_is_help=True)
app.add_typer(service_token, name="service-token")

person = typer.Typer(
    help="The data of one person: export it, erase it, erase it again after a restore.", no_args_is_help=True
)
app.add_typer(person, name="person")

jobs = typer.Typer(help="What is done behind answers, such as grades worked out anew.", no_args_is_help=True)
app.add_typer(jobs, name="jobs")

progress = typer.Typer(help="Progress on modules, which follows from that on items.", no_args_is_help=True)
app.add_typer(progress, name="progress")

_University = Annotated[str, typer.Option("--university", help="The short code of the university.")]
_Email = Annotated[str, typer.Option("--email", help="The person's address at this university.")]
_Issuer = Annotated[str, typer.Option(help="The issuer, exactly as LMS_OIDC_ISSUERS names it.")]
_Subject = Annotated[str, typer.Option(help="What the issuer calls the person: `sub` of their tokens.")]
_Manifest = Annotated[Path, typer.Option("--manifest", envvar="LMS_DOCUMENTS", help="The manifest of the server.")]


def _settings() -> Settings:
    try:
        return read(os.environ)
    except SettingsError as error:
        fail(str(error))


def _run(command: str, *arguments: Any, **options: Any) -> None:
    """Import a command's module, which may take a while, and call the function of the same name."""
    module, _, function = command.partition(":")
    try:
        getattr(importlib.import_module(f"lms_graphql.commands.{module}"), function or module)(*arguments, **options)
    except (StorageError, SettingsError, EmbeddedPostgresError) as error:
        fail(str(error))


@app.command(epilog="Example: lms-graphql serve --port 8080")
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on [LMS_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on [LMS_PORT].", min=1, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve [LMS_WORKERS].", min=1)] = None,
) -> None:
    """Serve the API. Without LMS_DATABASE_URL on an embedded PostgreSQL, with demo data when that is new."""
    if host:
        os.environ["LMS_HOST"] = host
    if port:
        os.environ["LMS_PORT"] = str(port)
    if workers:
        os.environ["LMS_WORKERS"] = str(workers)
    _run("serve", _settings())


@app.command(epilog="Example: lms-graphql migrate --superuser-url postgresql://postgres@localhost/postgres")
def migrate(
    revision: Annotated[str, typer.Option(help="The revision to go to.")] = "head",
    down: Annotated[bool, typer.Option("--down", help="Go down to the revision instead of up.")] = False,
    superuser_url: Annotated[
        str | None, typer.Option(help="Make roles and database first, with this superuser's maintenance database.")
    ] = None,
) -> None:
    """Bring the database to a revision, as lms_owner."""
    _run("migrate", _settings(), revision=revision, downgrade=down, superuser_url=superuser_url)


@app.command(epilog="Example, once a day: lms-graphql maintain")
def maintain() -> None:
    """Make the partitions of the time ahead and drop those of the past, as lms_owner."""
    _run("maintain", _settings())


@app.command(epilog="Example: lms-graphql demo")
def demo() -> None:
    """Load a small university to try things with, and print a token for each role."""
    _run("demo", _settings())


@imports.command("olx", epilog="Example: lms-graphql import olx course.tar.gz --university DEMO --dry-run")
def import_olx(
    path: Annotated[Path, typer.Argument(help="An OLX export: .tar.gz, .zip or an unpacked folder.")],
    university: Annotated[str, typer.Option(help="The short code of the university that gets the course.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then keep nothing.")] = False,
) -> None:
    """Import an Open edX course with its tree, content and run."""
    _run("imports:import_olx", _settings(), path=path, university=university, dry_run=dry_run)


@imports.command("academy", epilog="Example: lms-graphql import academy --dsn postgresql://reader@localhost/academy")
def import_academy(
    dsn: Annotated[str, typer.Option(help="The URL of the academy's database, which is only read.")],
    university: Annotated[
        str, typer.Option(help="The short code of the university that it becomes; made where there is none.")
    ] = "ACADEMY",
) -> None:
    """Import an academy (users, courses, lessons, enrollments, progress); one academy for each university."""
    _run("academy:import_academy", _settings(), dsn=dsn, university=university)


@imports.command("roster", epilog="Example: lms-graphql import roster roster.zip --university DEMO --dry-run")
def import_roster(
    path: Annotated[Path, typer.Argument(help="A OneRoster 1.2 package: a zip of CSV files.")],
    university: Annotated[str, typer.Option(help="The short code of the university that gets the roster.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then keep nothing.")] = False,
    confirm_drops: Annotated[
        bool, typer.Option("--confirm-drops", help="Let leave who is not in the roster, however many they are.")
    ] = False,
) -> None:
    """Import people, courses, classes and enrollments from a roster; rows that can't be taken are told."""
    options = {"university": university, "dry_run": dry_run, "confirm_drops": confirm_drops}
    _run("rosters:import_roster", _settings(), path=path, **options)


@exports.command("roster", epilog="Example: lms-graphql export roster roster.zip --university DEMO")
def export_roster(
    path: Annotated[Path, typer.Argument(help="Where the zip is written; there must be no such file.")],
    university: Annotated[str, typer.Option(help="The short code of the university.")],
) -> None:
    """Write a university's people, courses, classes and enrollments as a OneRoster 1.2 package."""
    _run("rosters:export_roster", _settings(), path=path, university=university)


@imports.command("bundle", epilog="Example: lms-graphql import bundle me101.zip --university DEMO --code ME101B")
def import_bundle(
    path: Annotated[Path, typer.Argument(help="An archive that a course was exported to.")],
    university: _University,
    code: Annotated[str | None, typer.Option(help="The code of the course here; else the one that it has.")] = None,
    department: Annotated[str | None, typer.Option(help="The code of its department; else it has none.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then keep nothing.")] = False,
) -> None:
    """Add a course from an archive that a course was exported to."""
    options = {"path": path, "university": university, "code": code, "department": department, "dry_run": dry_run}
    _run("bundles:import_bundle", _settings(), **options)


@exports.command("bundle", epilog="Example: lms-graphql export bundle ME101 me101.zip --university DEMO")
def export_bundle(
    course: Annotated[str, typer.Argument(help="The code of the course.")],
    path: Annotated[Path, typer.Argument(help="Where the zip is written; there must be no such file.")],
    university: _University,
) -> None:
    """Write a course with all that is its own into one archive: also keys of questions and hidden tests."""
    _run("bundles:export_bundle", _settings(), course=course, university=university, path=path)


@documents.command("add", epilog="Example: lms-graphql documents add relay.json --manifest trusted.json")
def documents_add(
    files: Annotated[list[Path], typer.Argument(help="Manifests of Apollo, Relay or GraphQL Code Generator, or ours.")],
    manifest: _Manifest,
) -> None:
    """Check the documents of clients' manifests and add them. Safe to repeat; all or nothing."""
    _run("documents:add", files, manifest=manifest)


@documents.command("list", epilog="Example: lms-graphql documents list --manifest trusted.json")
def documents_list(manifest: _Manifest) -> None:
    """Say of every document of the manifest what it costs and whether it is valid."""
    _run("documents:show", manifest=manifest)


@documents.command("remove", epilog="Example: lms-graphql documents remove 1f3870be274f --manifest trusted.json")
def documents_remove(
    identifiers: Annotated[list[str], typer.Argument(metavar="ID...", help="Any id, or the first signs of the hash.")],
    manifest: _Manifest,
) -> None:
    """Remove documents from the manifest; all or nothing."""
    _run("documents:remove", identifiers, manifest=manifest)


@person.command("export", epilog="Example: lms-graphql person export --university DEMO --email ada@demo.edu > ada.json")
def person_export(university: _University, email: _Email) -> None:
    """Print everything that a university has of a person, as one JSON document."""
    _run("person:export_person", _settings(), university=university, email=email)


@person.command("erase", epilog="Example: lms-graphql person erase --university DEMO --email ada@demo.edu --dry-run")
def person_erase(
    university: _University,
    email: _Email,
    reason: Annotated[str, typer.Option(help="Why; it is kept, so it must say nothing of the person.")] = "requested",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, by table.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person: names, addresses and all they wrote go; grades and that they took part are kept."""
    options = {"reason": reason, "dry_run": dry_run, "yes": yes}
    _run("person:erase_person", _settings(), university=university, email=email, **options)


@person.command("replay", epilog="Example: lms-graphql person replay")
def person_replay() -> None:
    """After a restore, erase everybody again whom the ledger of erasures names. Safe to repeat."""
    _run("person:replay_erasures", _settings())


@progress.command("rebuild", epilog="Example: lms-graphql progress rebuild --check")
def progress_rebuild(
    offering: Annotated[int | None, typer.Option(help="The number of the only offering to look at.", min=1)] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where anything differs.")] = False,
) -> None:
    """Work everybody's progress on modules out anew, for example after content was added. Safe to repeat."""
    _run("rebuild:rebuild_progress", _settings(), offering=offering, check=check)


@user.command("password", epilog="Example: lms-graphql user password ada@example.edu")
def user_password(email: Annotated[str, typer.Argument(help="The address of the account.")]) -> None:
    """Set somebody's password, from the terminal or standard input; all their sessions end."""
    _run("user:password", _settings(), email=email)


@user.command(
    "link", epilog="Example: lms-graphql user link ada@example.edu --issuer https://sso.example.edu --subject a1"
)
def user_link(
    email: Annotated[str, typer.Argument(help="The address of the account.")], issuer: _Issuer, subject: _Subject
) -> None:
    """Let an issuer's tokens sign somebody in. Safe to repeat."""
    _run("user:link", _settings(), email=email, issuer=issuer, subject=subject)


@user.command("unlink", epilog="Example: lms-graphql user unlink --issuer https://sso.example.edu --subject a1")
def user_unlink(issuer: _Issuer, subject: _Subject) -> None:
    """Let an issuer's tokens sign somebody in no longer, from the next request on."""
    _run("user:unlink", _settings(), issuer=issuer, subject=subject)


@user.command("platform-admin", epilog="Example: lms-graphql user platform-admin ada@example.edu --name 'Ada Lovelace'")
def user_platform_admin(
    email: Annotated[str, typer.Argument(help="The address of the account.")],
    name: Annotated[str | None, typer.Option(help="Add an account of this name where nobody has the address.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Let them administer it no longer.")] = False,
) -> None:
    """Let somebody administer the platform: universities, countries, domains, subjects, the library of templates."""
    if revoke and name is not None:
        raise typer.BadParameter("--name is for who is to administer it, not with --revoke")
    _run("platform_admin", _settings(), email=email, name=name, revoke=revoke)


@service_token.command("issue", epilog="Example: lms-graphql service-token issue --university DEMO --scope lab:grade")
def service_token_issue(
    university: _University,
    scope: Annotated[list[str], typer.Option(help="What it may do: lab:grade, import:course.")],
    hours: Annotated[int, typer.Option(help="How long it is good for, 24 at most.", min=1, max=24)] = 1,
) -> None:
    """Print a token for a service."""
    _run("service_token:issue", _settings(), university=university, scopes=scope, hours=hours)


@service_token.command("revoke", epilog="Example: lms-graphql service-token revoke 7 --university DEMO")
def service_token_revoke(
    number: Annotated[int, typer.Argument(help="The number that `issue` told.", min=1)], university: _University
) -> None:
    """Let a service in no longer, from its next request on."""
    _run("service_token:revoke", _settings(), university=university, number=number)


@jobs.command("run", epilog="Example: lms-graphql jobs run")
def jobs_run() -> None:
    """Run all jobs that wait, then end. The server does so by itself, every LMS_JOBS_SECONDS."""
    _run("jobs:run", _settings())


@app.command(epilog="Example: lms-graphql token 5 --hours 8")
def token(
    user: Annotated[int, typer.Argument(help="The id of the user.", min=1)],
    hours: Annotated[int, typer.Option(help="How long it is good for.", min=1)] = 24,
) -> None:
    """Print a development token for a person."""
    _run("token", _settings(), user=user, hours=hours)


@app.command("certificate-key", epilog="Example: lms-graphql certificate-key --keys keys.json > new.json")
def certificate_key(
    keys: Annotated[Path | None, typer.Option(help="A JWK Set whose keys are to verify, behind the new one.")] = None,
) -> None:
    """Print a JWK Set with a new key to sign certificates with, for LMS_CERTIFICATE_KEYS."""
    _run("certificate_key", keys=keys)


@app.command(epilog="Example: lms-graphql schema > schema.graphql")
def schema() -> None:
    """Print the GraphQL schema."""
    _run("schema")


@app.command(epilog="Example: LMS_DATA_DIR=~/.local/share/lms_graphql lms-graphql psql")
def psql() -> None:
    """Open psql on the database, also while the embedded one serves."""
    _run("psql", _settings())


@app.command()
def doctor() -> None:
    """Check settings, database, version, rights, migrations, workbench and port."""
    _run("doctor", _settings())


def main() -> None:
    """The console script's entry; exit codes: 0 done, 1 failed with one line, 2 wrong usage."""
    app()
