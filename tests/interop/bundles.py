"""Bundles as clients have them: exported over HTTP, sent, imported by the mutation, from one university into another."""

import io
import json
import zipfile

from lms_graphql.engine.relay import GlobalId
from tests.changing.test_files_of_authors import ASK, COMPLETE, send
from tests.changing.test_files_of_authors import archive as no_course

ERRORS = "errors { code message path }"
COUNTS = "counts { modules contentItems questionPools questions assets offerings }"
PAYLOAD = f"course {{ id code title isPublished }} notices {{ code message about }} {COUNTS} {ERRORS}"
IMPORT = f"mutation($input: ImportCourseInput!) {{ importCourse(input: $input) {{ {PAYLOAD} }} }}"
CLONE = f"mutation($input: CloneCourseInput!) {{ cloneCourse(input: $input) {{ {PAYLOAD} }} }}"

__all__ = ["no_course"]


class Campus:
    """One university as somebody sees it who administers it, or another who is named."""

    def __init__(self, api, owner, short_code, university_id, admin_id):
        self.api = api
        self.owner = owner
        self.short_code = short_code
        self.id = university_id
        self.admin = admin_id

    def global_id(self, typename, number):
        return str(GlobalId(typename, number, self.id))

    async def asked(self, document, variables=None, user=None):
        user = self.admin if user is None else user
        return await self.api.data(document, variables, user=user, university=self.short_code)

    async def sent(self, document, given, user=None):
        (payload,) = (await self.asked(document, {"input": given}, user)).values()
        return payload

    async def courses(self):
        """The ids of the courses by their codes."""
        rows = await self.owner.fetch("SELECT id, code FROM courses WHERE university_id = $1 ORDER BY id", self.id)
        return {row["code"]: self.global_id("Course", row["id"]) for row in rows}

    async def get(self, course, user=None, **headers):
        user = self.admin if user is None else user
        headers = {**self.api.headers(user), "X-Request-Id": "test-request", **headers}
        return await self.api.client.get(f"/u/{self.short_code}/export/courses/{course}/bundle.zip", headers=headers)

    async def exported(self, course):
        response = await self.get(course)
        assert response.status_code == 200, response.text
        return response.content

    async def uploaded(self, data, user=None):
        """The id of an upload that has come."""
        given = {"purpose": "IMPORT", "fileName": "c.zip", "mediaType": "application/zip", "sizeBytes": len(data)}
        upload = (await self.sent(ASK, given, user))["upload"]
        assert (await send(self.api, upload, data)).status_code == 204
        await self.sent(COMPLETE, {"uploadId": upload["id"]}, user)
        return upload["id"]

    async def imported(self, data, user=None, **given):
        return await self.sent(IMPORT, {"uploadId": await self.uploaded(data, user), **given}, user)


def document_of(data):
    """`course.json` of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("course.json"))


def packed(document, files=()):
    """An archive of this document."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("course.json", document if isinstance(document, (bytes, str)) else json.dumps(document))
        for name, data in dict(files).items():
            archive.writestr(name, data)
    return made.getvalue()
