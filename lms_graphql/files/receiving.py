"""What was sent to be imported, read."""

from typing import NamedTuple

from lms_graphql.engine.work import Work


class ImportFile(NamedTuple):
    """A file that the viewer has sent to be imported."""

    upload_id: int
    file_name: str
    media_type: str
    data: bytes


async def file_to_import(work: Work, text: str, path: tuple[str, ...] = ("input", "uploadId")) -> ImportFile:
    """The whole file of the viewer's own upload that a global id names.

    NOT_FOUND for one that is not theirs, was not promised for an import, or has not come yet; LIMIT_REACHED for one
    that is too large to be read at once.
    """
    raise NotImplementedError
