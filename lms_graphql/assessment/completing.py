"""That a file was sent: the store is asked, outside of any transaction, and what it found is written down."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select

from lms_graphql.assessment.models import Upload
from lms_graphql.assessment.uploading import keep
from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.storage.errors import OutcomeUnknownError
from lms_graphql.storage.files import Files, FileStore, NotAsPromisedError, StoredFile, StoreUnreachableError
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_PATH = ("input", "uploadId")
_TOO_LATE = "this file is not waited for any more; ask for another upload"
_Row = record("Completing")
_OWN = Statement(
    select(
        Upload.id,
        Upload.file_name,
        Upload.media_type,
        Upload.size_bytes,
        Upload.state,
        (Upload.expires_at > func.now()).label("is_waited_for"),
    ).where(
        Upload.university_id == UNIVERSITY,
        Upload.id == bindparam("upload_id", type_=BigInteger),
        Upload.user_id == USER,
    )
)


async def complete_upload(context: Context, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a file that was sent to the store; gives `upload_id`. One that was taken before stays as it is."""
    upload_id = number_of(given["uploadId"], "Upload", context.university_id())
    row = None if upload_id is None else await _own(context, upload_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such upload of yours", _PATH)
    if row["state"] == "pending":
        await _complete(context, row)
    await context.renew()
    return {"upload_id": upload_id}


async def _own(context: Context, upload_id: int) -> Row | None:
    found = await context.fetch(_OWN, _Row, tenant=True, upload_id=upload_id)
    return found[0] if found else None


async def _complete(context: Context, row: Row) -> None:
    if not row["is_waited_for"]:
        raise Refused(UserErrorCode.CLOSED, _TOO_LATE, _PATH)
    bound = context.bound()
    file = StoredFile(
        bound["university_id"], row["id"], bound["user_id"], row["file_name"], row["media_type"], row["size_bytes"]
    )
    await context.renew()  # its connection is others' while the store is asked
    store = context.service(Files).store
    digest = await _collected(store, file)
    if digest is not None and await _kept(context, file, digest):
        await store.tidy(file)
        return
    now = await _own(context, row["id"])
    if now is None or now["state"] == "pending":  # else somebody else has completed it meanwhile
        message = "nothing has come yet; send the file to the upload's target first" if digest is None else _TOO_LATE
        raise Refused(UserErrorCode.CLOSED, message, _PATH)


async def _kept(context: Context, file: StoredFile, digest: bytes) -> bool:
    try:
        async with context.snapshot.transaction() as transaction:
            return await keep(transaction, file, digest, _in_its_place, context.request_id)
    except OutcomeUnknownError as error:
        message = "the connection broke while this was being kept: complete the upload again"
        raise RequestError(Code.OUTCOME_UNKNOWN, message) from error


async def _collected(store: FileStore, file: StoredFile) -> bytes | None:
    try:
        return await store.collect(file)
    except NotAsPromisedError as error:
        raise Refused(UserErrorCode.INVALID, f"{error}; send it again, or ask for another upload", _PATH) from error
    except StoreUnreachableError as error:
        raise RequestError(Code.UNAVAILABLE, "the store of files can't be reached at the moment; try again") from error


def _in_its_place() -> None:
    """The store has moved it already."""
