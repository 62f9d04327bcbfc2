"""`lms-graphql import bundle` and `lms-graphql export bundle`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import URL, Text, bindparam, select

from lms_graphql.app import MIB
from lms_graphql.catalog.models import Course
from lms_graphql.commands.console import fail, note, say
from lms_graphql.commands.database import databases
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.errors import RequestError
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused
from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle.archive import MOST_BYTES
from lms_graphql.interop.bundle.bringing import Brought
from lms_graphql.interop.bundle.exporting import archived
from lms_graphql.interop.bundle.importing import take_bundle
from lms_graphql.interop.bundle.preparing import judged
from lms_graphql.interop.exported import Exported, write_down
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.files import Files, LocalFiles
from lms_graphql.storage.s3 import file_store
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import Department, University

OPERATOR = frozenset({"operator"})
"""In which role the audit log has what is done on the command line: nobody of the university."""
_Row = record("Command")
_UNIVERSITY = Statement(select(University.id).where(University.short_code == bindparam("short_code", type_=Text)))
_CODE: Any = bindparam("code", type_=Text)
_COURSE = Statement(select(Course.id).where(Course.university_id == UNIVERSITY, Course.code == _CODE))
_DEPARTMENT = Statement(
    select(Department.id)
    .where(Department.university_id == UNIVERSITY, Department.code == _CODE)
    .order_by(Department.id)
)


def export_bundle(settings: Settings, *, course: str, university: str, path: Path) -> None:
    """Write a course into an archive; the file is whole, or there is none."""
    if path.exists():
        fail(f"{path} is there already: name another file")
    with databases(settings) as found:
        exported = asyncio.run(_export(found.app, settings, course, university))
    try:
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(exported.data)
        part.replace(path)
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror}")
    say(f"{course} of {university} is in {path}: {len(exported.data)} bytes, sha256 {exported.sha256}")


async def _export(url: URL, settings: Settings, course: str, university: str) -> Exported:
    async with _acting(url, settings, university) as context:
        rows = await context.fetch(_COURSE, _Row, tenant=True, code=course)
        if not rows:
            fail(f"{university} has no course with the code {course}")
        try:
            exported = await archived(context, rows[0]["id"])
        except RequestError as error:
            fail(str(error))
        await context.renew()
        async with context.snapshot.transaction() as transaction:
            await write_down(transaction, context.viewer, exported, context.request_id)
        return exported


def import_bundle(
    settings: Settings, *, path: Path, university: str, code: str | None, department: str | None, dry_run: bool
) -> None:
    """Add the course of an archive to a university, all or nothing; with `dry_run` nothing is kept."""
    try:
        if path.stat().st_size > MOST_BYTES:
            fail(f"{path} has more than {MOST_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        fail(f"{path} can't be read: {error.strerror}")
    with databases(settings) as found:
        brought = asyncio.run(_import(found.app, settings, data, university, code, department, keep=not dry_run))
    for notice in brought.notices:
        note(notice.message)
    done = "would be imported (dry run, nothing was kept)" if dry_run else "imported"
    counts = ", ".join(f"{count} {name}" for name, count in msgspec.structs.asdict(brought.counts).items())
    say(f"{path} {done}: {counts}")


async def _import(
    url: URL, settings: Settings, data: bytes, university: str, code: str | None, department: str | None, *, keep: bool
) -> Brought:
    async with _acting(url, settings, university) as context, context.snapshot.transaction() as transaction:
        work = Work(context, transaction)
        department_id = None if department is None else await _department_id(work, department)
        try:
            prepared, bundle = await asyncio.to_thread(judged, data)
            if bundle is not None and bundle.files:
                fail("this archive has files, which must be somebody's: import it by the API (importCourse)")
            brought = await take_bundle(work, data, prepared, code, department_id, with_offerings=True)
        except Refused as refused:
            first, *more = refused.failures
            fail(f"{first.message}{f' (and {len(more)} more)' if more else ''}; nothing was changed")
        except asyncpg.UniqueViolationError:
            fail(f"{university} has just got a course with this code; nothing was changed")
        if keep:
            await transaction.commit()
        return brought


async def _department_id(work: Work, code: str) -> int:
    row: Row | None = await work.one(_DEPARTMENT, _Row, code=code)
    if row is None:
        fail(f"there is no department with the code {code}")
    return int(row["id"])


@asynccontextmanager
async def _acting(url: URL, settings: Settings, short_code: str) -> AsyncIterator[Context]:
    """The context of the operator, who may do everything in this university and is nobody of it."""
    await migrations.require_head(url)
    engine = create_engine(url)
    local = LocalFiles(settings.files_folder(), settings.secret_key, settings.upload_mib * MIB)
    store = file_store(settings.bucket, local)
    try:
        async with Snapshot(engine) as snapshot:
            rows = await snapshot.fetch(_UNIVERSITY, {"short_code": short_code}, _Row)
            if not rows:
                fail(f"there is no university with the short code {short_code}")
            viewer = Viewer(None, rows[0]["id"], OPERATOR, Standing.ADMIN)
            await snapshot.act_for(viewer.university_id, None)
            cursors, services = Cursors(settings.secret_key), dict[type, Any]({Files: Files(store)})
            yield Context(viewer, snapshot, cursors, request_id="lms-graphql bundle", services=services)
    finally:
        store.close()
        await engine.dispose()
