"""Promising a file that is to be an asset, or to be imported."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, String, bindparam, func, insert, select

from lms_graphql.assessment.models import Upload
from lms_graphql.assessment.uploading import promised_file
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.media import ASSETS, IMPORTS
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy.models import UniversityMember

MOST_OPEN = 200
_KEPT = timedelta(hours=24)
_KINDS = {"asset": ASSETS, "import": IMPORTS}

_Row = record("FileRequest")
_QUEUE = Statement(
    select(UniversityMember.user_id)
    .where(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == USER)
    .with_for_update(key_share=True)
)
"""Who asks for many files at once asks for one after another: so they can be counted."""
_OPEN = Statement(
    select(func.count().label("number")).where(
        Upload.university_id == UNIVERSITY,
        Upload.user_id == USER,
        Upload.purpose != "submission",
        Upload.state != "attached",
        Upload.expires_at > func.now(),
    )
)
_PROMISE = Statement(
    insert(Upload)
    .values(
        university_id=UNIVERSITY,
        user_id=USER,
        purpose=bindparam("purpose", type_=String),
        file_name=bindparam("file_name", type_=String),
        media_type=bindparam("media_type", type_=String),
        size_bytes=bindparam("size_bytes", type_=BigInteger),
        expires_at=func.now() + bindparam("lasts", type_=Interval),
    )
    .returning(Upload.id)
)


async def request_file_upload(work: Work, given: Given) -> dict[str, Any]:
    """Promise a file that is to be an asset, or to be imported; gives `upload_id`."""
    purpose = given["purpose"].value
    file = promised_file(work, given, _KINDS[purpose])
    await work.rows(_QUEUE, _Row)
    (waiting,) = await work.rows(_OPEN, _Row)
    if waiting["number"] >= MOST_OPEN:
        message = f"{MOST_OPEN} files of yours wait to be used; use some, or wait until they are gone"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input",))
    (added,) = await work.rows(_PROMISE, _Row, purpose=purpose, **file, lasts=_KEPT)
    after = {
        "userId": work.viewer.user_id,
        "purpose": purpose,
        "mediaType": file["media_type"],
        "sizeBytes": file["size_bytes"],
        "state": "pending",
    }
    await work.audit("upload.request", "Upload", added["id"], after=after)
    return {"upload_id": added["id"]}
