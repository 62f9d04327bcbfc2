"""The fields of Mutation about files that are sent to be assets, or to be imported."""

from enum import Enum

import strawberry

from lms_graphql.assessment.loaders import UploadById
from lms_graphql.assessment.types import Upload
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.files import requesting
from lms_graphql.tenancy.policy import may_add_assets


@strawberry.enum(description="What a file is sent for that is no learner's.")
class FilePurpose(Enum):
    """Those of uploads.purpose that authors have."""

    ASSET = strawberry.enum_value("asset", description="It is to be a file of the library, for courses.")
    IMPORT = strawberry.enum_value("import", description="It is to be imported: a course, questions, a roster.")


@strawberry.input(description="A file that is to be sent.")
class RequestFileUploadInput:
    """The input of `requestFileUpload`."""

    purpose: FilePurpose = strawberry.field(description="What it is for.")
    file_name: str = strawberry.field(description="What it is called, without folders, of at most 255 characters.")
    media_type: str = strawberry.field(
        description="Its media type: for an asset one of documents, images, sound, video; for an import"
        " application/zip, application/gzip, application/json, application/xml or text/csv."
    )
    size_bytes: int = strawberry.field(description="Its exact size in bytes.")


@strawberry.type(description="What `requestFileUpload` gives.")
class RequestFileUploadPayload:
    """The payload of `requestFileUpload`."""

    upload: Upload | None = changed(
        UploadById, "upload_id", "The file that is waited for, with its `target`; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class FilesMutation:
    """Joined into Mutation."""

    request_file_upload: RequestFileUploadPayload | None = mutation(
        requesting.request_file_upload,
        RequestFileUploadInput,
        "Ask where to send a file that is to be an asset or to be imported. Send it to its `target`, then complete it"
        " (`completeUpload`); what is not used within a day is gone.",
        may=may_add_assets,
    )
