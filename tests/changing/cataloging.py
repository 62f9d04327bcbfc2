"""What the tests of the catalog's mutations share: documents, who may, and what is left behind."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.changing.enrolling import Campus, gid

ERRORS = "errors { code message path currentVersion }"
COURSE = (
    "course { id code title description level languageCode difficulty creditHours isPublished archivedAt version"
    " department { code } primarySubject { code } subjects { code } prerequisites { type version course { code } } }"
)
OFFERING = (
    "offering { id termName startsAt endsAt enrollmentStartsAt enrollmentEndsAt visibility capacity waitlistCapacity"
    " enrollmentMode dropUntil certificateValidDays version term { code } course { code }"
    " sections { id code name } instructors { role displayName section { code } } }"
)
SHOWN = {
    **dict.fromkeys(
        ("createCourse", "updateCourse", "publishCourse", "unpublishCourse", "archiveCourse", "restoreCourse",
         "setCourseSubjects", "addPrerequisite", "updatePrerequisite", "removePrerequisite"), COURSE,
    ),
    **dict.fromkeys(("createOffering", "cloneOffering"), OFFERING),
    "updateOffering": f"promoted {OFFERING}",
    "deleteCourse": "deletedCourseId",
    "deleteOffering": "deletedOfferingId",
    **dict.fromkeys(("createSection", "updateSection"), "section { id code name version }"),
    "deleteSection": f"deletedSectionId {OFFERING}",
    "assignInstructor": "instructor { id role displayName section { code } offering { id } }",
    "removeInstructor": f"deletedInstructorId {OFFERING}",
}  # fmt: skip
"""What each payload is asked for besides its errors."""
INPUTS = {
    **dict.fromkeys(("publishCourse", "unpublishCourse", "archiveCourse", "restoreCourse", "deleteCourse"), "Course"),
    "deleteOffering": "Offering",
}
TABLES = (
    "courses", "course_subjects", "course_prerequisites", "course_offerings", "offering_sections",
    "course_offering_instructors", "content_item_settings", "grade_items", "grading_policies", "grade_categories",
    "modules", "content_items", "content_item_revisions", "assets", "content_item_assets", "uploads",
    "rubric_criteria", "rubric_ratings", "question_pools",
    "questions", "question_keys", "external_keys", "course_enrollments", "enrollment_events", "audit_log", "outbox",
)  # fmt: skip


def document(name: str) -> str:
    """The document of a mutation."""
    type_ = INPUTS.get(name, name[0].upper() + name[1:])
    return f"mutation ($input: {type_}Input!) {{ {name}(input: $input) {{ {SHOWN[name]} {ERRORS} }} }}"


class Catalog(Campus):
    """ALPHA, whose catalog is edited."""

    async def act(self, name: str, user: str | int, /, **given: Any) -> Any:
        """The payload of a mutation, as a person of the world or somebody by number gets it."""
        person = self.world.people[user] if isinstance(user, str) else user
        return await self.send(document(name), person, **given)

    async def done(self, name: str, user: str | int = "admin", /, **given: Any) -> Any:
        """The payload of one that must not be refused."""
        payload = await self.act(name, user, **given)
        assert payload["errors"] == [], payload
        return payload

    async def at_once(self, acts: Sequence[tuple[str, str | int, Any]]) -> list[Any]:
        """The payloads of mutations (name, user, input) that are sent at once, as many as there are connections."""
        places = asyncio.Semaphore(8)

        async def one(name: str, user: str | int, given: Any) -> Any:
            async with places:
                return await self.act(name, user, **given)

        return await asyncio.gather(*(one(*act) for act in acts))

    async def refused(self, name: str, user: str | int = "admin", /, **given: Any) -> tuple[str, list[str]]:
        """Code and path of the only error, which has left nothing behind."""
        before = await self.everything()
        payload = await self.act(name, user, **given)
        (error,) = payload["errors"]
        assert all(value is None for field, value in payload.items() if field != "errors")
        assert await self.everything() == before
        return error["code"], error["path"]

    async def who_may(self, name: str, people: dict[str, str], /, **given: Any) -> None:
        """That each of these people is refused with this code; and nobody, as one who has no name."""
        for person, code in people.items():
            assert (person, (await self.refused(name, person, **given))[0]) == (person, code)
        answer = await self.api(document(name), {"input": given})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    async def everything(self) -> dict[str, list[str]]:
        """All rows of what the catalog's mutations change."""
        return {table: sorted(str(row) for row in await self.owner.fetch(f"SELECT * FROM {table}")) for table in TABLES}

    async def last_audit(self) -> int:
        return await self.owner.fetchval("SELECT max(id) FROM audit_log") or 0

    def id(self, typename: str, number: int) -> str:
        return gid(typename, number, self.world)

    def made(self, typename: str, name: str) -> str:
        """The global id of a row of ALPHA, by its name in the world."""
        return self.id(typename, self.world.alpha[name]["id"])

    async def whole_course(self, code: str, **columns: Any) -> Any:
        """A course with a published module and an active article in it, which is fit to be published."""
        course = await self.rows.add("courses", **self.tenant, **{"code": code, "title": code} | columns)
        module = await self.rows.module(course)
        payload = {"schema_version": 1, "layout": "rich_text_v1", "blocks": [{"type": "paragraph", "text": "x"}]}
        await self.rows.item(module, "text", payload)
        return course
