"""Bundles as clients have them: exported over HTTP, sent, imported by the mutation, from one university to another."""

import io
import json
import zipfile

from lms_graphql.engine.relay import GlobalId
from tests.changing.test_files_of_authors import ASK, COMPLETE, send

ERRORS = "errors { code message path }"
COUNTS = "counts { modules contentItems questionPools questions assets offerings }"
PAYLOAD = f"course {{ id code title isPublished }} notices {{ code message about }} {COUNTS} {ERRORS}"
IMPORT = f"mutation($input: ImportCourseInput!) {{ importCourse(input: $input) {{ {PAYLOAD} }} }}"
CLONE = f"mutation($input: CloneCourseInput!) {{ cloneCourse(input: $input) {{ {PAYLOAD} }} }}"


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


async def a_campus(api, owner, short_code):
    """A university with its first administrator."""
    row = await owner.fetchrow(
        "SELECT u.id, r.user_id FROM universities u JOIN user_university_roles r ON r.university_id = u.id"
        " AND r.role = 'university_admin' WHERE u.short_code = $1",
        short_code,
    )
    return Campus(api, owner, short_code, *row)


async def another_campus(demo):
    """A university with DEMO's administrator, DEMO's terms and templates, and no course."""
    ids = demo.id, demo.admin
    university_id = await demo.owner.fetchval(
        "INSERT INTO universities (name, short_code, country_id) SELECT 'Elsewhere', 'ELSE', country_id"
        " FROM universities WHERE id = $1 RETURNING id",
        demo.id,
    )
    copies = {
        "university_members": "user_id, display_name, email",
        "user_university_roles": "user_id, role",
        "terms": "code, name, starts_at, ends_at",
        "module_templates": "template_type, title",
    }
    for table, columns in copies.items():
        whose = " AND user_id = $3" if "user_id" in columns else ""
        whose += " AND role = 'university_admin'" if "role" in columns else ""
        await demo.owner.execute(
            f"INSERT INTO {table} (university_id, {columns}) SELECT $1, {columns} FROM {table}"
            f" WHERE university_id = $2{whose}",
            university_id, *ids[: 2 if whose else 1],
        )  # fmt: skip
    return Campus(demo.api, demo.owner, "ELSE", university_id, demo.admin)
