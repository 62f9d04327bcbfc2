"""An archive before its transaction: read, checked, and the files in it put into the store.

What nobody then needs (the course was refused) is no upload's file, and is swept.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, text

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.files.receiving import ImportFile, read_import
from lms_graphql.interop.bundle.archive import Bundle, BundleError, read_bundle
from lms_graphql.interop.bundle.checking import Checked, checked_course, fits
from lms_graphql.storage.files import Files, StoredFile, StoreUnreachableError
from lms_graphql.storage.statements import Statement

PATH = ("input", "uploadId")
_Row = record("Drawn")
_DRAW = Statement(
    text("SELECT nextval('uploads_id_seq') AS id FROM generate_series(1, :count)").bindparams(
        bindparam("count", type_=Integer)
    )
)


class Prepared(NamedTuple):
    """A course that can be written, or why it can't; and the uploads that its files are to be, by their paths."""

    checked: Checked | None
    failures: tuple[UserFailure, ...] = ()
    upload_ids: Mapping[str, int] = {}


class Received(NamedTuple):
    """What was sent, if it has come, and what it holds."""

    file: ImportFile | None
    prepared: Prepared | None


async def read_course_import(context: Context, given: Given) -> Received:
    """What `importCourse` brings along: see `files.receiving.read_import`."""
    file = await read_import(context, given)
    if file is None:
        return Received(None, None)
    prepared, bundle = await asyncio.to_thread(judged, file.data)
    if bundle is None or given.get("dryRun"):
        return Received(file, prepared)
    return Received(file, prepared._replace(upload_ids=await _kept(context, bundle)))


def judged(data: bytes) -> tuple[Prepared, Bundle | None]:
    """An archive, read and checked; the bundle only where it can be written. Of a large one it takes a second."""
    try:
        bundle = read_bundle(data)
        checked = checked_course(bundle.course, PATH)
        _require_kinds(bundle)
    except BundleError as error:
        return Prepared(None, (UserFailure(UserErrorCode.INVALID, str(error), PATH),)), None
    except Refused as refused:
        return Prepared(None, refused.failures), None
    return Prepared(checked), bundle


def _require_kinds(bundle: Bundle) -> None:
    files = [asset.file for asset in bundle.course.assets if asset.file is not None]
    wrong = [file for file in files if not fits(file, bundle.files[file.path])]
    if wrong:
        raise BundleError(f"the file {wrong[0].path!r} is not {wrong[0].media_type}, whatever its name says")


async def _kept(context: Context, bundle: Bundle) -> dict[str, int]:
    """Put the files into the store, as uploads of the viewer's that the database does not know yet; their ids."""
    files = [asset.file for asset in bundle.course.assets if asset.file is not None]
    if not files:
        return {}
    async with context.snapshot.transaction() as transaction:  # a snapshot can't draw numbers
        rows: Any = await transaction.fetch(_DRAW, {"count": len(files)}, _Row)
    store, ids = context.service(Files).store, {}
    for file, row in zip(files, rows, strict=True):
        ids[file.path] = row["id"]
        owner = context.viewer.user_id or 0
        stored = StoredFile(context.university_id(), row["id"], owner, file.file_name, file.media_type, file.size_bytes)
        try:
            await store.keep(stored, bundle.files[file.path])
        except StoreUnreachableError as error:
            message = "the store of files can't be reached at the moment; try again"
            raise RequestError(Code.UNAVAILABLE, message) from error
    return ids
