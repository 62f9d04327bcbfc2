"""What was sent to be imported, read: from the store before a mutation begins its transaction, judged in it.

    import_things = mutation(service, …, before=read_import)

and in the service `await file_to_import(work, given["uploadId"])`.
"""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select

from lms_graphql.assessment.models import Upload
from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.files import Files, StoredFile, StoreUnreachableError
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

MOST_BYTES = 64 * 2**20
"""How large a file may be that is read at once."""

_Row = record("ImportFile")
_OWN = Statement(
    select(
        Upload.id,
        Upload.user_id,
        Upload.file_name,
        Upload.media_type,
        Upload.size_bytes,
        Upload.sha256,
        Upload.state,
        Upload.university_id,
    ).where(
        Upload.university_id == UNIVERSITY,
        Upload.id == bindparam("upload_id", type_=BigInteger),
        Upload.user_id == USER,
        Upload.purpose == "import",
        Upload.expires_at > func.now(),
    )
)


class ImportFile(NamedTuple):
    """A file that the viewer has sent to be imported."""

    upload_id: int
    file_name: str
    media_type: str
    data: bytes


async def read_import(context: Context, given: Given) -> ImportFile | None:
    """The file that `uploadId` of an input names, from the store; None if there is none to be read.

    UNAVAILABLE where the store can't be reached.
    """
    upload_id = number_of(given["uploadId"], "Upload", context.university_id())
    rows = [] if upload_id is None else await context.fetch(_OWN, _Row, tenant=True, upload_id=upload_id)
    await context.renew()  # its connection is others' while the store is asked
    return await stored_import(context, rows[0]) if rows and rows[0]["size_bytes"] <= MOST_BYTES else None


async def stored_import(context: Context, row: Row) -> ImportFile | None:
    """What the store has of an upload; None if nothing."""
    if row["sha256"] is None:
        return None
    file = StoredFile(
        row["university_id"], row["id"], row["user_id"], row["file_name"], row["media_type"], row["size_bytes"]
    )
    try:
        data = await context.service(Files).store.whole(file, row["sha256"])
    except StoreUnreachableError as error:
        raise RequestError(Code.UNAVAILABLE, "the store of files can't be reached at the moment; try again") from error
    return None if data is None else ImportFile(row["id"], row["file_name"], row["media_type"], data)


async def file_to_import(work: Work, text: str, path: tuple[str, ...] = ("input", "uploadId")) -> ImportFile:
    """The whole file of the viewer's own upload that a global id names, which `read_import` has brought.

    NOT_FOUND for one that is not theirs or was not promised for an import, CLOSED for one that has not come,
    LIMIT_REACHED for one that is too large to be read at once.
    """
    row = await _own(work, text)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such file of yours to be imported", path)
    if row["size_bytes"] > MOST_BYTES:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"a file to be imported has at most {MOST_BYTES} bytes", path)
    brought: Any = work.brought
    if not isinstance(brought, ImportFile) or brought.upload_id != row["id"]:
        message = "this file has not come: send it to its target, then complete it (completeUpload)"
        raise Refused(UserErrorCode.CLOSED, message, path)
    return brought


async def _own(work: Work, text: str) -> Row | None:
    upload_id = number_of(text, "Upload", work.viewer.university_id)
    return None if upload_id is None else await work.one(_OWN, _Row, upload_id=upload_id)
