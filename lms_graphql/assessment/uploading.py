"""Files before they are handed in: promised, then sent to the store, then part of a submission or gone."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, LargeBinary, String, bindparam, func, insert, select, update

from lms_graphql.assessment.asked import asked_of, item_number, offering_number, require_open
from lms_graphql.assessment.models import Upload
from lms_graphql.assessment.submitting import QUEUE
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.enrolled import require_enrolled
from lms_graphql.storage.files import Files, StoredFile
from lms_graphql.storage.journal import ADD_AUDIT_ENTRY
from lms_graphql.storage.media import HANDED_IN
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.storage.transaction import Transaction

MOST_OPEN = 30
_KEPT = timedelta(hours=24)
"""How long a file waits to be handed in."""
_LONGEST_NAME = 255

_Row = record("Upload")
_OFFERING = bindparam("offering_id", type_=BigInteger)
_OPEN = Statement(
    select(func.count().label("number")).where(
        Upload.university_id == UNIVERSITY,
        Upload.course_offering_id == _OFFERING,
        Upload.user_id == USER,
        Upload.state != "attached",
        Upload.expires_at > func.now(),
    )
)
_PROMISE = Statement(
    insert(Upload)
    .values(
        university_id=UNIVERSITY,
        user_id=USER,
        course_offering_id=_OFFERING,
        course_id=bindparam("course_id", type_=BigInteger),
        content_item_id=bindparam("item_id", type_=BigInteger),
        file_name=bindparam("file_name", type_=String),
        media_type=bindparam("media_type", type_=String),
        size_bytes=bindparam("size_bytes", type_=BigInteger),
        expires_at=func.now() + bindparam("lasts", type_=Interval),
    )
    .returning(Upload.id)
)
_STORE = Statement(
    update(Upload)
    .where(
        Upload.university_id == UNIVERSITY,
        Upload.id == bindparam("upload_id", type_=BigInteger),
        Upload.user_id == USER,
        Upload.state == "pending",
        Upload.expires_at > func.now(),
    )
    .values(state="stored", sha256=bindparam("sha256", type_=LargeBinary))
    .returning(Upload.id)
)


async def request_upload(work: Work, given: Given) -> dict[str, Any]:
    """Promise a file for a lab or an assignment; gives `upload_id`."""
    offering_id, item_id = offering_number(work, given["offeringId"]), item_number(work, given["contentItemId"])
    file = promised_file(work, given, HANDED_IN)
    await work.rows(QUEUE, _Row, offering_id=offering_id)
    enrolled = await require_enrolled(work, offering_id, work.viewer.user_id, ("input", "offeringId"))
    asked = await asked_of(work, enrolled, item_id, ("input", "contentItemId"))
    require_open(enrolled, asked)
    if asked.submission_types and "file" not in asked.submission_types:
        message = f"this is handed in as {' or '.join(sorted(asked.submission_types))}"
        raise Refused(UserErrorCode.INVALID, message, ("input", "contentItemId"))
    open_ones = await work.one(_OPEN, _Row, offering_id=offering_id)
    if open_ones is not None and open_ones["number"] >= MOST_OPEN:
        message = f"{MOST_OPEN} files wait to be handed in; hand some in first, or wait until they are gone"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input",))
    here = {"offering_id": offering_id, "course_id": enrolled["course_id"], "item_id": item_id}
    added = await work.one(_PROMISE, _Row, **here, **file, lasts=_KEPT)
    upload_id = None if added is None else added["id"]
    after = {
        "userId": enrolled["user_id"],
        "offeringId": offering_id,
        "contentItemId": item_id,
        "mediaType": file["media_type"],
        "sizeBytes": file["size_bytes"],
        "state": "pending",
    }
    await work.audit("upload.request", "Upload", upload_id, after=after)
    return {"upload_id": upload_id}


def promised_file(work: Work, given: Given, kinds: Collection[str]) -> dict[str, Any]:
    """What a file is said to be; INVALID for one that is not taken, or not of one of these media types."""
    name = line(given["fileName"], ("input", "fileName"), most=_LONGEST_NAME)
    if any(sign in name for sign in "/\\") or name in {".", ".."}:
        raise Refused(UserErrorCode.INVALID, "give the name alone, without folders", ("input", "fileName"))
    media_type = given["mediaType"].strip().lower()
    if media_type not in kinds:
        message = f"files of this kind are not taken; these are: {', '.join(kinds)}"
        raise Refused(UserErrorCode.INVALID, message, ("input", "mediaType"))
    size, most = given["sizeBytes"], work.context.service(Files).store.most_bytes
    if not 0 < size <= most:
        raise Refused(UserErrorCode.INVALID, f"a file has 1 to {most} bytes", ("input", "sizeBytes"))
    return {"file_name": name, "media_type": media_type, "size_bytes": size}


async def keep(
    transaction: Transaction, file: StoredFile, sha256: bytes, move: Callable[[], None], request_id: str
) -> bool:
    """Note that a file has come whole, and move it to its place; False if it is not waited for (any more).

    The place is taken only by who gets the row, and before the row is kept: a row of a file that is not there would
    be worse than a file without one, which is swept away.
    """
    own = {"university_id": file.university_id, "user_id": file.user_id}
    row: list[Row] = await transaction.fetch(_STORE, {**own, "upload_id": file.upload_id, "sha256": sha256}, _Row)
    if not row:
        return False
    told = {
        "university_id": file.university_id,
        "actor_id": file.user_id,
        "roles": [],
        "act": "upload.store",
        "entity": "Upload",
        "entity_id": file.upload_id,
        "old_values": '{"state": "pending"}',
        "new_values": f'{{"state": "stored", "sha256": "{sha256.hex()}"}}',
        "reason": None,
        "request_id": request_id,
    }
    await transaction.fetch(ADD_AUDIT_ENTRY, told, Row)
    move()
    await transaction.commit()
    return True
